"""A rules file as its custodian sees it before she publishes: what is wrong, what others will see, what would change."""

from dataclasses import dataclass, replace
from typing import final

from amana.catalog.domains import ChoiceDomain
from amana.catalog.purposes import read_term
from amana.catalog.rules import Rules, members_from_rows, problems_of, read_rules
from amana.catalog.rules_heading import promise_of
from amana.catalog.schema import Column, Dataset, Table
from amana.client.explain import clean
from amana.client.text import Catalogue
from amana.register.holds import holds, promise_in_words
from amana.terms.refusal import Refusal
from amana.web.pages.reader import Reader

PROBLEMS_MAX = 50
SNIPPET_CHARACTERS_MAX = 120
SAME = ("custodian", "controller", "legal_basis", "retention")
"""Fields of a dataset of which a change is shown as it was and as it will be."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """`line`: 0 where no line of the rules is to blame; `snippet`: what that line says."""

    line: int
    sentence: str
    snippet: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SeenTable:
    """A table as researchers will see it. Shapes: `columns` are (name, what it holds, source)."""

    name: str
    private: bool
    rows_max: int
    columns: tuple[tuple[str, str, str], ...]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One difference to the version that serves. `code`: of its message; `was`, `now`: empty where there is none."""

    code: str
    name: str
    was: str = ""
    now: str = ""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Rules that are right. `changes`: None where no version of the dataset serves. `promise`: the fields that never change.
    `purposes`: pairs of term and meaning. `files`: the names that the tables are read from."""

    dataset: Dataset
    tables: tuple[SeenTable, ...]
    purposes: tuple[tuple[str, str], ...]
    odds: str
    promise: tuple[tuple[str, str], ...]
    changes: tuple[Change, ...] | None
    files: tuple[str, ...]


def problems(reader: Reader, rules: str) -> tuple[Problem, ...]:
    """Everything that is wrong with them, in the order of reading."""
    lines = rules.split("\n")
    return tuple(_problem(reader, each, lines=lines) for each in problems_of(rules)[:PROBLEMS_MAX])


def seen(reader: Reader, rules: str) -> Seen:
    """What they will show. Errors: Refusal, as of `problems`."""
    read, catalogue = read_rules(rules), reader.catalogue
    dataset = read.dataset
    serving = next((each for each in reader.service.datasets() if each.name == dataset.name), None)
    return Seen(
        dataset=dataset,
        tables=tuple(_table(each, catalogue) for each in dataset.schema.tables),
        purposes=_purposes(dataset, catalogue),
        odds=promise_in_words(dataset.population, catalogue),
        promise=tuple(promise_of(dataset.population).items()),
        changes=None if serving is None else tuple(_changes(serving, dataset, catalogue)),
        files=_files(read),
    )


def _problem(reader: Reader, refusal: Refusal, *, lines: list[str]) -> Problem:
    line = 0 if refusal.where is None else refusal.where.line
    snippet = clean(lines[line - 1])[:SNIPPET_CHARACTERS_MAX] if 0 < line <= len(lines) else ""
    return Problem(line=line, sentence=reader.catalogue.say(refusal.code, **refusal.parameters), snippet=snippet)


def _table(table: Table, catalogue: Catalogue) -> SeenTable:
    columns = tuple((each.name, holds(each.domain, catalogue), each.source) for each in table.columns)
    rows_max = table.rows_per_unit_max if table.private else table.multiplicity
    return SeenTable(name=table.name, private=table.private, rows_max=rows_max, columns=columns)


def _purposes(dataset: Dataset, catalogue: Catalogue) -> tuple[tuple[str, str], ...]:
    terms = [(written, read_term(written)) for written in dataset.purposes]
    return tuple((written, catalogue.say(f"term.{term.code}") if term else "") for written, term in terms)


def _files(rules: Rules) -> tuple[str, ...]:
    """As the command names them; a table of a database is named by its address, which no page knows."""
    return tuple(dict.fromkeys(each.file or f"{each.table}.csv" for each in rules.readings if each.relation is None))


def _changes(was: Dataset, now: Dataset, catalogue: Catalogue) -> list[Change]:
    found = [Change(code="purpose_added", name=each) for each in now.purposes if each not in was.purposes]
    found += [Change(code="purpose_removed", name=each) for each in was.purposes if each not in now.purposes]
    found += [
        Change(code="field", name=catalogue.say(f"public.{name}"), was=str(getattr(was, name)), now=str(getattr(now, name)))
        for name in SAME
        if getattr(was, name) != getattr(now, name)
    ]
    known = {each.name: each for each in was.schema.tables}
    read = tuple(_as_read(each, known[each.name]) if each.name in known else each for each in now.schema.tables)
    before, after = ({each.name: _table(each, catalogue) for each in tables} for tables in (was.schema.tables, read))
    found += [Change(code="table_removed", name=name) for name in before if name not in after]
    for name, table in after.items():
        found += _of_table(before[name], table) if name in before else [Change(code="table_added", name=name)]
    return found


def _as_read(table: Table, before: Table) -> Table:
    """A public table with the members that were read from its rows before, where the rules leave them to the rows."""

    def column(each: Column) -> Column:
        earlier = before.column(each.name)
        left = members_from_rows(table, each) and earlier is not None and isinstance(earlier.domain, ChoiceDomain)
        return earlier if left and earlier is not None else each

    return replace(table, columns=tuple(column(each) for each in table.columns))


def _of_table(was: SeenTable, now: SeenTable) -> list[Change]:
    before, after = ({name: what for name, what, _ in table.columns} for table in (was, now))
    found = [Change(code="column_removed", name=f"{was.name}.{name}") for name in before if name not in after]
    found += [Change(code="column_added", name=f"{now.name}.{name}", now=what) for name, what in after.items() if name not in before]
    found += [
        Change(code="column_changed", name=f"{now.name}.{name}", was=before[name], now=what)
        for name, what in after.items()
        if name in before and before[name] != what
    ]
    if was.rows_max != now.rows_max:
        found.append(Change(code="rows_max", name=now.name, was=str(was.rows_max), now=str(now.rows_max)))
    return found
