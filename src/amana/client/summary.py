"""A profile as a node tells it, read into the figures that people see."""

from datetime import date, datetime

from amana.client.wire import Json, a_list, a_number, a_text, a_whole, an_object, misread, number_or_none
from amana.terms.answer import Estimate
from amana.terms.summary import ColumnSummary, Quantile, TableSummary, Value


def read_summary(found: Json) -> tuple[TableSummary, ...]:
    """Errors: Refusal client.not_understood."""
    return tuple(_table(an_object(one, "tables")) for one in a_list(found.get("tables"), "tables"))


def _table(found: Json) -> TableSummary:
    columns = [an_object(one, "columns") for one in a_list(found.get("columns"), "columns")]
    groups = [an_object(one, "groups_per_unit") for one in a_list(found.get("groups_per_unit"), "groups_per_unit")]
    return TableSummary(
        table=a_text(found.get("table"), "table"),
        units=_counted(found, "units"),
        rows=_counted(found, "rows"),
        rows_per_unit=tuple(_quantile(an_object(one, "rows_per_unit")) for one in a_list(found.get("rows_per_unit"), "rows_per_unit")),
        groups_per_unit=tuple((a_text(one.get("column"), "groups_per_unit.column"), _estimate(one)) for one in groups),
        columns=tuple(_column(one) for one in columns if "kind" in one),
    )


def _column(found: Json) -> ColumnSummary:
    members = [an_object(one, "members") for one in a_list(found.get("members"), "members")]
    return ColumnSummary(
        name=a_text(found.get("name"), "columns.name"),
        kind=a_text(found.get("kind"), "columns.kind"),
        missing=_estimate(an_object(found.get("missing_share"), "missing_share")),
        decimals=a_whole(found.get("decimals"), "decimals"),
        quantiles=tuple(_quantile(an_object(one, "quantiles")) for one in a_list(found.get("quantiles"), "quantiles")),
        members=tuple(
            (a_text(one.get("value"), "members.value"), _estimate(an_object(one.get("share"), "members.share"))) for one in members
        ),
    )


def _counted(found: Json, name: str) -> Estimate:
    ends = a_list(found.get(f"{name}_interval"), f"{name}_interval")
    if len(ends) != 2:
        raise misread(f"{name}_interval")
    return _estimate({"value": found.get(name), "low": ends[0], "high": ends[1]})


def _estimate(found: Json) -> Estimate:
    value, low, high = (number_or_none(found.get(name), name) for name in ("value", "low", "high"))
    return Estimate(value=value, low=low, high=high)


def _quantile(found: Json) -> Quantile:
    value, low, high = (_value(found.get(name), name) for name in ("value", "low", "high"))
    share, half_width = (a_number(found.get(name), name) for name in ("share", "half_width"))
    return Quantile(share=share, value=value, low=low, high=high, half_width=half_width)


def _value(found: object, name: str) -> Value:
    """A number, or a day or moment as ISO 8601 writes it."""
    if not isinstance(found, str):
        return a_number(found, name)
    try:
        return datetime.fromisoformat(found) if "T" in found else date.fromisoformat(found)
    except ValueError:
        raise misread(name) from None
