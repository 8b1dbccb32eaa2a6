"""Values written into SQL as literals, so that no value can be read as anything else."""

import math
import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal

from amana.terms.refusal import Refusal

_DIGITS_MAX = 40
# Texts, quoted names, comments and casts are stepped over; what is left with a colon before it is a parameter.
_PLACES = re.compile(
    r"[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|\$(\w*)\$.*?\$\1\$|--[^\n]*|/\*.*?\*/|::|:(?P<name>[A-Za-z_]\w*)",
    re.DOTALL,
)


def bind(sql: str, parameters: Mapping[str, object] | None) -> str:
    """The SQL with each `:name` replaced by its value as a literal. Without parameters the SQL stays as it is.

    >>> bind("SELECT ':a', :a", {"a": "it's"})
    "SELECT ':a', 'it''s'"

    Errors: Refusal client.no_parameter, client.parameter_kind.
    """
    if not parameters:
        return sql
    return _PLACES.sub(lambda found: found[0] if found["name"] is None else _bound(found["name"], parameters), sql)


def _bound(name: str, parameters: Mapping[str, object]) -> str:
    if name not in parameters:
        raise Refusal("client.no_parameter", name=name)
    written = literal(parameters[name])
    if written is None:
        raise Refusal("client.parameter_kind", name=name, kind=type(parameters[name]).__name__)
    return written


def literal(value: object) -> str | None:
    """A value as SQL; None for one that has no literal. A negative number stands in brackets: `1 -:a` must not become a comment."""
    match value:
        case None:
            return "NULL"
        case bool():
            return "TRUE" if value else "FALSE"
        case int():
            return _number(Decimal(int(value)))
        case float():
            return _number(Decimal(repr(float(value)))) if math.isfinite(value) else None
        case Decimal():
            return _number(value) if value.is_finite() else None
        case str() if "\0" not in value:
            return "'" + value.replace("'", "''") + "'"
        case date() if not isinstance(value, datetime):
            return f"DATE '{value.isoformat()}'"
        case _:
            return None


def _number(value: Decimal) -> str | None:
    if abs(value.adjusted()) > _DIGITS_MAX or len(value.as_tuple().digits) > _DIGITS_MAX:
        return None
    return f"({value:f})" if value.is_signed() else f"{value:f}"
