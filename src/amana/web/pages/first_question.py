"""A question that works on a dataset, made of its schema: what a reader begins with, and the measure of what a budget is worth."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import floor, log10
from typing import cast, final

from amana.catalog.domains import BooleanDomain, ChoiceDomain, NumberDomain
from amana.catalog.schema import Column, Dataset, Table
from amana.client.precision import WITHIN
from amana.node.answers import Budget, Preview
from amana.node.service import Service
from amana.terms.refusal import Refusal

GROUPS_MAX = 20
"""More groups than this are no first question."""
USES_MIN = 5
"""From so many charged questions on, their mean is what an ordinary one costs."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Ordinary:
    """How many ordinary questions are left. `of_uses`: an ordinary question costs the mean of those that projects paid for so far;
    otherwise what `sql` would cost."""

    left: int
    of_uses: bool
    sql: str


def first_question(service: Service, dataset: Dataset) -> str:
    """Counts, and means where there is a number, in the groups of one column."""
    return _first(service, dataset)[0]


def ordinary(service: Service, dataset: Dataset, budget: Budget) -> Ordinary:
    """By public facts only: the schema, the profile, the register of uses. Nothing is asked, so nothing is spent."""
    rows = cast("list[dict[str, object]]", service.registers.uses()["projects"])
    paid = [row for row in rows if row["project"] and row["dataset"] == dataset.name]
    uses, loss_nrho = sum(int(str(row["charged_count"])) for row in paid), sum(int(str(row["loss_nrho"])) for row in paid)
    sql, preview = _first(service, dataset)
    left_nrho = max(0, budget.cap_nrho - budget.spent_nrho)
    if uses >= USES_MIN and loss_nrho > 0:
        return Ordinary(left=_about(left_nrho * uses / loss_nrho), of_uses=True, sql=sql)
    cost_nrho = 0 if preview is None else preview.cost_nrho
    return Ordinary(left=_about(left_nrho / max(1, cost_nrho)), of_uses=False, sql=sql)


def _first(service: Service, dataset: Dataset) -> tuple[str, Preview | None]:
    """The first of the candidates that is refused for nothing, and its preview; the last one where all are."""
    sql = ""
    for sql in _candidates(dataset):
        try:
            return sql, service.node.preview(sql, within=WITHIN, known="nothing")
        except Refusal:
            continue
    return sql, None


def _candidates(dataset: Dataset) -> Iterator[str]:
    tables = [table for table in dataset.schema.tables if table.private]
    for table in sorted(tables, key=lambda each: not _measured(each)):  # a table that holds measures says more than one of facts alone
        groups, numbers = _groups(table), _measured(table) or [one for one in table.columns if isinstance(one.domain, NumberDomain)]
        for group in groups[:2]:
            for number in numbers[:1]:
                yield _sql(table, group, f", AVG({number.name}) AS mean_{number.name}"[:160])
            yield _sql(table, group, "")
    for table in tables:
        yield f"SELECT COUNT(*) AS n\nFROM {table.name}"


def _sql(table: Table, group: Column, more: str) -> str:
    return f"SELECT {group.name}, COUNT(*) AS n{more}\nFROM {table.name}\nGROUP BY {group.name}"


def _measured(table: Table) -> list[Column]:
    """Numbers with decimals: whole ones are often years, grades or codes, of which a mean says little."""
    return [column for column in table.columns if isinstance(column.domain, NumberDomain) and column.domain.scale > 0]


def _groups(table: Table) -> list[Column]:
    """Columns of few members, those of more than two first."""
    sizes = [(column, _size(column)) for column in table.columns]
    return [column for column, size in sizes if 3 <= size <= GROUPS_MAX] + [column for column, size in sizes if size == 2]


def _size(column: Column) -> int:
    match column.domain:
        case ChoiceDomain(members=members):
            return len(members)
        case BooleanDomain():
            return 2
        case _:
            return 0


def _about(number: float) -> int:
    """Rounded down to two meaningful digits: it is a rough measure, and says no more than is there."""
    if number < 100:
        return floor(number)
    step: int = 10 ** (floor(log10(number)) - 1)
    return floor(number / step) * step
