"""The tools: each reads its arguments into values, asks the node, and gives values back with the words that go with them.

They show what the node released and nothing else. Names, titles and keys are the node's data: they are never put into a description,
and control characters are taken out of the words.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar, final

from pydantic import ValidationError

from amana.client.connect import Connection
from amana.client.drawing import cost_line
from amana.client.explain import clean
from amana.client.facts import Budget, PermitBudget, Spent
from amana.client.figures import digits_after, number, percent, show
from amana.client.jobs import JobState
from amana.client.result import Result
from amana.client.table import text_table
from amana.client.text import Catalogue, load
from amana.mcp.look import dataset_facts, dataset_text, profile_facts, profile_text
from amana.mcp.shapes import (
    Asked,
    BudgetFacts,
    Cell,
    Closed,
    DatasetFacts,
    DatasetLine,
    DatasetList,
    Figure,
    FigureExpected,
    Figures,
    Nothing,
    OfDataset,
    PermitLeft,
    PreviewFacts,
    Priced,
    ProfileFacts,
    Tried,
)
from amana.terms.answer import Estimate, Shown
from amana.terms.refusal import Refusal

TEXT_ROWS_MAX = 40
"""Rows in the words beside an answer; its structure holds all that are shown."""

Given: TypeAlias = Mapping[str, object]
Told: TypeAlias = tuple[Closed, str]
_Read = TypeVar("_Read", bound=Closed)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One call of a tool. `rows_max`: of an answer that the assistant is shown at once; `follow` is told how far a long question is."""

    connection: Connection
    catalogue: Catalogue
    rows_max: int
    follow: Callable[[JobState], None]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """`takes`, `gives`: the forms of its arguments and of its result."""

    takes: type[Closed]
    gives: type[Closed]
    do: Callable[[Visit, Given], Told]
    spends: bool = False


def datasets(visit: Visit, given: Given) -> Told:
    """The datasets of the node."""
    read(Nothing, given)
    language = visit.catalogue.language
    lines = [
        DatasetLine(name=card.name, title=card.title.get(language) or card.title.get("en", ""), unit=card.unit, tables=list(card.tables))
        for card in visit.connection.datasets()
    ]
    heads = [visit.catalogue.say(f"datasets.{name}") for name in ("name", "title", "unit", "tables")]
    rows = [(each.name, each.title, each.unit, ", ".join(each.tables)) for each in lines]
    return DatasetList(datasets=lines), _table(heads, rows)


def dataset(visit: Visit, given: Given) -> Told:
    """What is public of one dataset."""
    name = read(OfDataset, given).dataset
    facts = dataset_facts(visit.connection.dataset(name), language=visit.catalogue.language, members_max=visit.rows_max)
    return facts, dataset_text(facts, visit.catalogue)


def profile(visit: Visit, given: Given) -> Told:
    """Its private profile."""
    name = read(OfDataset, given).dataset
    facts = profile_facts(visit.connection.summary(name), members_max=visit.rows_max)
    return facts, "\n".join((profile_text(facts, visit.catalogue), visit.catalogue.say("profile.noisy")))


def dry_run(visit: Visit, given: Given) -> Told:
    """A question on invented rows."""
    asked = read(Tried, given)
    result = visit.connection.dry_run(asked.sql, within=asked.within, share=asked.share)
    return _answered(visit, result, first=asked.first_row)


def preview(visit: Visit, given: Given) -> Told:
    """What it would cost."""
    asked = read(Priced, given)
    found = visit.connection.preview(asked.sql, within=asked.within, share=asked.share, permit=asked.permit)
    say = visit.catalogue.say
    facts = PreviewFacts(
        figures=[FigureExpected(name=name, half_width=half, relative=relative) for name, half, relative in found.figures],
        share_of_budget=found.share,
        notes=_notes(found.notes, visit.catalogue),
    )
    rows = [
        (name, f"± {number(half, digits_after(half))}", "–" if relative is None else percent(relative))
        for name, half, relative in found.figures
    ]
    heads = [say(f"preview.{word}") for word in ("figure", "interval", "relative")]
    return facts, "\n".join((_table(heads, rows), *facts.notes, say("preview.cost", share=percent(found.share))))


def ask(visit: Visit, given: Given) -> Told:
    """A question that is paid for once."""
    asked = read(Asked, given)
    result = visit.connection.sql(asked.sql, within=asked.within, share=asked.share, permit=asked.permit, follow=visit.follow)
    return _answered(visit, result, first=asked.first_row)


def budget(visit: Visit, given: Given) -> Told:
    """What is left."""
    name = read(OfDataset, given).dataset
    found = visit.connection.budget(name)
    permits = [_left(each, found) for each in visit.connection.permit_budgets(name)]
    spent = max(found.spent_nrho / max(1, found.cap_nrho), found.spent_delta_units / max(1, found.cap_delta_units))
    say = visit.catalogue.say
    heads = [say(f"budget.{word}") for word in ("population", "unit", "spent", "left")]
    told = [_table(heads, [(found.population, found.unit, percent(spent), percent(1 - spent))])]
    told += [
        say("mcp.allowance", left=percent(each.allowance_left), permit=each.permit, budget=percent(each.left_of_budget))
        for each in permits
        if each.allowance_left is not None and each.left_of_budget is not None
    ]
    if not permits:
        told.append(say("mcp.no_permit", dataset=clean(name)))
    return BudgetFacts(dataset=name, unit=found.unit, spent=spent, permits=permits), "\n".join(told)


TOOLS: Mapping[str, Tool] = {
    "datasets": Tool(takes=Nothing, gives=DatasetList, do=datasets),
    "dataset": Tool(takes=OfDataset, gives=DatasetFacts, do=dataset),
    "profile": Tool(takes=OfDataset, gives=ProfileFacts, do=profile),
    "dry_run": Tool(takes=Tried, gives=Figures, do=dry_run),
    "preview": Tool(takes=Priced, gives=PreviewFacts, do=preview),
    "ask": Tool(takes=Asked, gives=Figures, do=ask, spends=True),
    "budget": Tool(takes=OfDataset, gives=BudgetFacts, do=budget),
}


def read(form: type[_Read], given: Given) -> _Read:
    """The arguments of a call. Errors: Refusal http.bad_request names the first that is wrong, and never shows what was sent."""
    try:
        return form.model_validate(given)
    except ValidationError as error:
        place = error.errors(include_input=False, include_url=False)[0]["loc"]
        field = ".".join(map(str, place))[:80]
        raise Refusal("http.bad_request", field=field, wanted="word.input_schema") from None


def _answered(visit: Visit, result: Result, *, first: int) -> Told:
    """The rows from `first` on, as many as are shown at once, and what to say of them."""
    table, say = result.table, visit.catalogue.say
    count = len(table.rows)
    shown = table.rows[first - 1 : first - 1 + visit.rows_max]
    last = first - 1 + len(shown)
    facts = Figures(
        columns=list(table.columns),
        rows=[[_cell(cell) for cell in row] for row in shown],
        first_row=first,
        last_row=last,
        rows_count=count,
        next_row=last + 1 if last < count else None,
        share_of_budget=result.cost.share,
        share_of_budget_spent=result.cost.share_spent,
        recalled=result.cost.recalled,
        invented=result.invented,
        notes=_notes(result.notes, visit.catalogue),
    )
    words = [_table(table.columns, [[show(cell) for cell in row] for row in shown[:TEXT_ROWS_MAX]])]
    if len(shown) > TEXT_ROWS_MAX:
        words.append(f"… +{len(shown) - TEXT_ROWS_MAX}")
    if facts.next_row is not None:
        words.append(say("mcp.rows_left", first=first, last=last, rows=count, next=facts.next_row))
    words += [say("ask.interval"), say("mcp.noise"), *facts.notes]
    if result.invented:
        words.append(say("ask.dry_cost", share=percent(result.cost.share), spent=percent(result.cost.share_spent)))
    else:
        words.append(cost_line(result.cost, language=visit.catalogue.language))
    return facts, "\n".join(words)


def _cell(cell: Shown) -> Cell:
    match cell:
        case Estimate(value=value, low=low, high=high):
            return Figure(value=value, low=low, high=high)
        case None | bool() | int() | float() | str():
            return cell
        case _:
            return cell.isoformat()


def _notes(notes: tuple[tuple[str, tuple[tuple[str, str | int], ...]], ...], catalogue: Catalogue) -> list[str]:
    return [clean(catalogue.say(code, **dict(parameters))) for code, parameters in notes if load("en").has(code)]


def _left(of: PermitBudget, whole: Budget) -> PermitLeft:
    """`left_of_budget` counts ρ, in which questions are priced."""
    own = of.allowance
    return PermitLeft(
        permit=of.permit,
        project=of.project,
        permit_left=_free(of.spent),
        allowance_left=None if own is None else _free(own),
        left_of_budget=None if own is None else (own.cap_nrho - own.spent_nrho) / max(1, whole.cap_nrho),
    )


def _free(spent: Spent) -> float:
    return max(0.0, 1 - spent.share)


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Aligned by spaces; a name that would break a line, or turn one around, does not."""
    cells = [[clean(cell) for cell in row] for row in rows]
    return "\n".join(text_table([clean(name) for name in columns], cells, numbers=[False] * len(columns)))
