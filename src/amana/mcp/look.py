"""What a node tells of a dataset and of its profile, read into the shapes that an assistant gets."""

from collections.abc import Sequence

from amana.client.explain import clean
from amana.client.figures import digits_after, number, percent
from amana.client.table import text_table
from amana.client.text import Catalogue
from amana.client.wire import Json, a_list, a_number, a_text, a_whole, an_object, misread, number_or_none
from amana.mcp.shapes import (
    ColumnFacts,
    ColumnProfile,
    DatasetFacts,
    Figure,
    MemberFacts,
    ProfileFacts,
    QuantileFacts,
    TableFacts,
    TableProfile,
)

MEMBERS_IN_TEXT = 12
"""Of a column; the structure beside the words has more."""


def dataset_facts(found: Json, *, language: str, members_max: int) -> DatasetFacts:
    """Errors: Refusal client.not_understood; likewise below."""
    promise = an_object(found.get("promise"), "promise")
    return DatasetFacts(
        name=a_text(found.get("name"), "name"),
        title=_title(found, language),
        custodian=a_text(found.get("custodian"), "custodian"),
        unit=a_text(promise.get("unit"), "promise.unit"),
        purposes=[a_text(term, "purposes") for term in a_list(found.get("purposes"), "purposes")],
        tables=[_table(an_object(one, "tables"), language, members_max) for one in a_list(found.get("tables"), "tables")],
    )


def profile_facts(found: Json, *, members_max: int) -> ProfileFacts:
    """The figures of a profile; histograms are left out."""
    tables = [an_object(one, "tables") for one in a_list(found.get("tables"), "tables")]
    return ProfileFacts(
        dataset=a_text(found.get("dataset"), "dataset"),
        tables=[
            TableProfile(
                table=a_text(one.get("table"), "tables.table"),
                units=a_number(one.get("units"), "tables.units"),
                rows=a_number(one.get("rows"), "tables.rows"),
                columns=[_profiled(an_object(each, "columns"), members_max) for each in a_list(one.get("columns"), "columns")],
            )
            for one in tables
        ],
    )


def profile_text(facts: ProfileFacts, catalogue: Catalogue) -> str:
    """Units and rows, and for each column what is missing, its middle, and its most frequent value."""
    heads = [catalogue.say(f"profile.{word}") for word in ("table", "units", "rows")]
    rows = [(clean(each.table), number(each.units, 0), number(each.rows, 0)) for each in facts.tables]
    lines = text_table(heads, rows, numbers=(False, True, True))
    names = [catalogue.say(f"profile.{word}") for word in ("table", "column", "missing", "frequent")]
    heads = [*names[:3], "50 %", names[3]]
    columns = [
        [clean(cell) for cell in (each.table, one.name, _share(one.missing), _middle(one), _frequent(one))]
        for each in facts.tables
        for one in each.columns
    ]
    return "\n".join((*lines, "", *text_table(heads, columns, numbers=(False, False, True, True, False))))


def _table(found: Json, language: str, members_max: int) -> TableFacts:
    most = found.get("rows_per_unit_max")
    return TableFacts(
        name=a_text(found.get("name"), "tables.name"),
        title=_title(found, language),
        private=found.get("private") is True,
        rows_per_unit_max=None if most is None else a_whole(most, "tables.rows_per_unit_max"),
        columns=[_column(an_object(one, "columns"), members_max) for one in a_list(found.get("columns"), "columns")],
    )


def _column(found: Json, members_max: int) -> ColumnFacts:
    domain = an_object(found.get("domain"), "columns.domain")
    members = domain.get("members")
    named = None if members is None else [a_text(one, "members") for one in a_list(members, "members")]
    low, high, step = (_end(domain.get(name)) for name in ("low", "high", "step"))
    return ColumnFacts(
        name=a_text(found.get("name"), "columns.name"),
        kind=a_text(domain.get("kind"), "columns.kind"),
        nullable=domain.get("nullable") is True,
        low=low,
        high=high,
        step=step,
        members=None if named is None else named[:members_max],
        members_count=None if named is None else len(named),
    )


def _profiled(found: Json, members_max: int) -> ColumnProfile:
    missing = found.get("missing_share")
    quantiles = [an_object(one, "quantiles") for one in a_list(found.get("quantiles", []), "quantiles")]
    members = [an_object(one, "members") for one in a_list(found.get("members", []), "members")]
    shares = [MemberFacts(value=str(one.get("value")), share=_figure(one.get("share"))) for one in members]
    often: Sequence[MemberFacts] = sorted(shares, key=lambda member: member.share.value or 0.0, reverse=True)
    return ColumnProfile(
        name=a_text(found.get("name"), "columns.name"),
        missing=None if missing is None else _figure(missing),
        quantiles=[
            QuantileFacts(
                share=a_number(one.get("share"), "quantiles.share"),
                value=_end(one.get("value")),
                low=_end(one.get("low")),
                high=_end(one.get("high")),
            )
            for one in quantiles
        ],
        members=list(often[:members_max]),
    )


def _figure(value: object) -> Figure:
    found = an_object(value, "figure")
    return Figure(
        value=number_or_none(found.get("value"), "value"),
        low=number_or_none(found.get("low"), "low"),
        high=number_or_none(found.get("high"), "high"),
    )


def _end(value: object) -> float | str | None:
    """A number, or a date or another word as text."""
    match value:
        case bool():
            raise misread("end")
        case None | str():
            return value
        case int() | float():
            return float(value)
        case _:
            raise misread("end")


def _title(found: Json, language: str) -> str:
    titles = an_object(found.get("title") or {}, "title")
    return str(titles.get(language) or titles.get("en") or "")


def dataset_text(facts: DatasetFacts, catalogue: Catalogue) -> str:
    """Its columns, and what each may hold."""
    heads = [*(catalogue.say(f"profile.{word}") for word in ("table", "column")), ""]
    rows = [[clean(cell) for cell in (table.name, column.name, _holds(column))] for table in facts.tables for column in table.columns]
    return "\n".join((clean(facts.title), *text_table(heads, rows, numbers=(False, False, False))))


def _holds(column: ColumnFacts) -> str:
    if column.members is not None:
        shown = column.members[:MEMBERS_IN_TEXT]
        left = (column.members_count or 0) - len(shown)
        return f"{column.kind}: {', '.join(shown)}" + (f" … +{left}" if left else "")
    if column.low is None or column.high is None:
        return column.kind
    return f"{column.kind}: {_plain(column.low)} – {_plain(column.high)}"


def _plain(end: float | str) -> str:
    return end if isinstance(end, str) else f"{end:.10g}"


def _share(share: Figure | None) -> str:
    if share is None or share.value is None:
        return "–"
    if not share.high or share.low is None:
        return percent(share.value)
    half = 100 * max(share.value - share.low, share.high - share.value)
    digits = max(0, digits_after(half) - 1)
    return f"{number(100 * share.value, digits)} ± {number(half, digits)} %"


def _frequent(column: ColumnProfile) -> str:
    return f"{column.members[0].value} {_share(column.members[0].share)}" if column.members else "–"


def _middle(column: ColumnProfile) -> str:
    middle = next((each for each in column.quantiles if each.share == 0.5), None)
    if middle is None or middle.value is None:
        return "–"
    if isinstance(middle.value, str) or not isinstance(middle.low, float) or not isinstance(middle.high, float):
        return str(middle.value)
    half = max(middle.high - middle.value, middle.value - middle.low)
    digits = max(0, digits_after(half) - 1)
    return f"{middle.value:.{digits}f} ± {half:.{digits}f}"
