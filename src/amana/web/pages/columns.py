"""What the columns of a table are and may hold, beside a box for a question."""

from collections.abc import Sequence

from markupsafe import Markup

from amana.catalog.domains import ChoiceDomain, DateDomain, MomentDomain, NumberDomain
from amana.catalog.schema import Column, Dataset, Table
from amana.web.pages.profile import end_text
from amana.web.pages.reader import Reader
from amana.web.pages.render import part

MEMBERS_MAX = 12
"""So many members of a choice are named."""


def columns_html(reader: Reader, dataset: Dataset, table: Table, *, insert: bool = False) -> Markup:
    """The list, for templates to place as it is. `insert`: a script may make buttons of the names, that put them into the question."""
    unit = dataset.population.unit if table.private else ""
    columns = [(column, _kind_of(column), _held(reader, column), _left_off(column)) for column in table.columns]
    return part(reader, "columns.html", columns=columns, unit=unit, insert=insert)


def _kind_of(column: Column) -> str:
    """The word for what a column holds is `word.column.<kind>`."""
    return type(column.domain).__name__.removesuffix("Domain").lower()


def _left_off(column: Column) -> int:
    """How many members a choice has, where they are more than are named; else 0."""
    count = len(column.domain.members) if isinstance(column.domain, ChoiceDomain) else 0
    return count if count > MEMBERS_MAX else 0


def _held(reader: Reader, column: Column) -> Markup:
    """What a column may hold: ends, or members; nothing for what has neither."""
    match column.domain:
        case NumberDomain(low=low, high=high, scale=scale):
            ends = [end_text(end / 10**scale) for end in (low, high)]
        case DateDomain(low=low, high=high):
            ends = [low.isoformat(), high.isoformat()]
        case MomentDomain(low=low, high=high):
            ends = [f"{low:%Y-%m-%d %H:%M}", f"{high:%Y-%m-%d %H:%M}"]
        case ChoiceDomain(members=members):
            return _members(members)
        case _:
            return Markup()
    shown = [Markup('<bdi dir="ltr" class="number">{}</bdi>').format(end) for end in ends]
    return reader.tell("page.dataset.range", low=shown[0], high=shown[1])


def _members(members: Sequence[str]) -> Markup:
    """In quotes, as a question writes them."""
    shown = ["'" + member.replace("'", "''") + "'" for member in members[:MEMBERS_MAX]]
    return Markup(" ").join(Markup("<code>{}</code>").format(each) for each in shown)
