"""SQL that reads one column of a file into its domain: total (what is not a value is NULL), on the grid, inside the bounds.

Every expression is made from the rules and the file's own column types. Steps of a value: `given` (the file's, NULL where
missing) -> `valued` (its domain's kind, at most one step beyond the bounds) -> `stored` (clipped, smallest type).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import assert_never, final

from amana.catalog.domains import (
    BooleanDomain,
    ChoiceDomain,
    DateDomain,
    Domain,
    KeyDomain,
    MomentDomain,
    NumberDomain,
    TextDomain,
)
from amana.catalog.rules_columns import ColumnReading
from amana.engines.connection import identifier, quoted

INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "HUGEINT", "UHUGEINT")
FLOATS = ("FLOAT", "DOUBLE")
MOMENTS = ("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS")
ZONED = "TIMESTAMP WITH TIME ZONE"
SIGNED_BITS = (("TINYINT", 7), ("SMALLINT", 15), ("INTEGER", 31), ("BIGINT", 63))


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A column as its file has it. `kind`: integer, decimal, float, text, date, moment, zoned, boolean or other."""

    name: str
    kind: str
    digits: tuple[int, int] = (0, 0)


def source_of(name: str, duckdb_type: str) -> Source:
    """The column of a file from DuckDB's name of its type."""
    decimal = re.fullmatch(r"DECIMAL\((\d+),(\d+)\)", duckdb_type)
    if decimal:
        return Source(name=name, kind="decimal", digits=(int(decimal[1]), int(decimal[2])))
    kinds = (("integer", INTEGERS), ("float", FLOATS), ("moment", MOMENTS), ("zoned", (ZONED,)), ("date", ("DATE",)))
    plain = next((kind for kind, types in kinds if duckdb_type in types), None)
    if plain is None and duckdb_type == "BOOLEAN":
        plain = "boolean"
    if plain is None and (duckdb_type in ("VARCHAR", "UUID") or duckdb_type.startswith("ENUM(")) and not duckdb_type.endswith("[]"):
        plain = "text"
    return Source(name=name, kind=plain or "other")


def accepted_kinds(domain: Domain, *, key_text: bool) -> tuple[str, ...]:
    """The kinds of file column that can be read into that domain."""
    match domain:
        case NumberDomain():
            return ("integer", "decimal", "float", "boolean", "text")
        case DateDomain() | MomentDomain():
            return ("date", "moment", "zoned", "text")
        case BooleanDomain():
            return ("boolean", "integer", "float", "text")
        case ChoiceDomain() | TextDomain():
            return ("text", "integer", "decimal", "boolean", "date", "float")
        case KeyDomain():
            return ("integer", "text", "date", "moment") if key_text else ("integer", "text", "float", "decimal")
        case _:
            assert_never(domain)


def given(source: Source, *, domain: Domain, missing: Sequence[str]) -> str:
    """The file's value; NULL where it is one of the texts that mean no value. Only free text keeps its outer spaces."""
    column = identifier(source.name)
    absent = ", ".join(quoted(text) for text in missing)
    if source.kind == "text":
        column = f"CAST({column} AS VARCHAR)"
        if not isinstance(domain, TextDomain | KeyDomain):
            return f"(CASE WHEN trim({column}) IN ({absent or quoted('')}, '') THEN NULL ELSE trim({column}) END)"
        return f"(CASE WHEN trim({column}) IN ({absent}) THEN NULL ELSE {column} END)" if absent else column
    if source.kind == "integer" and absent:
        return f"(CASE WHEN CAST({column} AS VARCHAR) IN ({absent}) THEN NULL ELSE {column} END)"
    return column


def valued(given_sql: str, *, source: Source, domain: Domain, reading: ColumnReading, keys_as_text: bool) -> str:
    """The value in its domain's kind; NULL if it is none. Never an error. Units: numbers in steps of the grid."""
    match domain:
        case NumberDomain():
            return _number(given_sql, source=source, domain=domain)
        case DateDomain():
            return f"CAST({_moment(given_sql, source=source, form=reading.format, day=True)} AS DATE)"
        case MomentDomain():
            moment = _moment(given_sql, source=source, form=reading.format, day=False)
            return f"CAST(epoch(date_trunc('second', {moment})) AS BIGINT)"
        case ChoiceDomain():
            text = f"CAST({given_sql} AS VARCHAR)"
            if not domain.members:  # a public table whose members are taken from its rows
                return text
            code = f"enum_code(TRY_CAST({text} AS {enum_of(domain.members)}))"
            if reading.other is None:
                return code
            return f"(CASE WHEN {given_sql} IS NULL THEN NULL ELSE coalesce({code}, {domain.members.index(reading.other)}) END)"
        case BooleanDomain():
            if source.kind in ("integer", "float"):
                return f"(CASE {given_sql} WHEN 0 THEN FALSE WHEN 1 THEN TRUE END)"
            return f"TRY_CAST({given_sql} AS BOOLEAN)"
        case TextDomain():
            return f"CAST({given_sql} AS VARCHAR)"
        case KeyDomain():
            if reading.key_text:
                return f"CAST({given_sql} AS VARCHAR)"
            whole = f"TRY_CAST({given_sql} AS BIGINT)"
            if source.kind in ("float", "decimal"):
                whole = f"(CASE WHEN {given_sql} = trunc({given_sql}) THEN {whole} END)"
            return f"CAST({whole} AS VARCHAR)" if keys_as_text else whole
        case _:
            assert_never(domain)


def enum_of(members: Sequence[str]) -> str:
    """The type whose codes are the members' positions."""
    return "ENUM(" + ", ".join(quoted(member) for member in members) + ")"


def _moment(given_sql: str, *, source: Source, form: str | None, day: bool) -> str:
    if source.kind == "text":
        kind = "DATE" if day else "TIMESTAMP"
        parsed = f"TRY_CAST({given_sql} AS {kind})" if form is None else f"try_strptime({given_sql}, {quoted(form)})"
    elif source.kind == "zoned":
        parsed = f"timezone('UTC', {given_sql})"
    else:
        parsed = f"CAST({given_sql} AS {'DATE' if source.kind == 'date' else 'TIMESTAMP'})"
    parsed = f"(CASE WHEN isfinite({parsed}) THEN {parsed} END)"
    return parsed if day else f"CAST({parsed} AS TIMESTAMP)"


def _number(given_sql: str, *, source: Source, domain: NumberDomain) -> str:
    # The given value is first brought to at most one whole beyond the bounds. That changes no result, because rounding
    # to the grid is monotone and leaves multiples of the grid alone, and it makes the multiplication below total.
    step = 10**domain.scale
    low, high = domain.low // step - 1, -(-domain.high // step) + 1
    match source.kind:
        case "boolean":
            return f"CAST({given_sql} AS BIGINT) * {step}"
        case "integer":
            near = f"(CASE WHEN {given_sql} < {low} THEN {low} WHEN {given_sql} > {high} THEN {high} ELSE {given_sql} END)"
            return f"CAST({near} AS BIGINT) * {step}" if domain.scale else f"CAST({near} AS BIGINT)"
        case "decimal":
            return _decimal(given_sql, digits=source.digits, scale=domain.scale, low=low, high=high)
        case "float":
            return _float(given_sql, scale=domain.scale, low=low, high=high)
        case _:
            # Text: the digits of the decimal themselves (rounded half away from zero by the cast), without the point.
            exact = f"TRY_CAST({given_sql} AS DECIMAL(38, {domain.scale}))"
            units = f"TRY_CAST(replace(CAST({exact} AS VARCHAR), '.', '') AS HUGEINT)"
            near = f"(CASE WHEN {units} < {low * step} THEN {low * step} WHEN {units} > {high * step} THEN {high * step} ELSE {units} END)"
            loose = _float(f"TRY_CAST({given_sql} AS DOUBLE)", scale=domain.scale, low=low, high=high)
            return f"coalesce(CAST({near} AS BIGINT), {loose})"


def _float(given_sql: str, *, scale: int, low: int, high: int) -> str:
    near = f"(CASE WHEN {given_sql} < {low} THEN {low} WHEN {given_sql} > {high} THEN {high} ELSE {given_sql} END)"
    # isfinite is false for NaN; infinities lie beyond every bound but are no values either.
    return f"CAST(round(CASE WHEN isfinite({given_sql}) THEN CAST({near} AS DOUBLE) * 1e{scale} END) AS BIGINT)"


def _decimal(given_sql: str, *, digits: tuple[int, int], scale: int, low: int, high: int) -> str:
    width, places = digits
    whole = 10 ** (width - places)
    below = f"WHEN {given_sql} < {low} THEN {low}" if low > -whole else ""
    above = f"WHEN {given_sql} > {high} THEN {high}" if high < whole else ""
    near = f"(CASE {below} {above} ELSE {given_sql} END)" if below or above else given_sql
    if scale == 0:
        return f"CAST({near} AS BIGINT)"
    # A narrow decimal stays in 64 bits; the cast to BIGINT rounds half away from zero.
    needed = max(len(str(abs(low))), len(str(abs(high)))) + places
    kept = min(width, needed)
    if kept + scale + 1 > 38:
        return f"TRY_CAST(replace(CAST(CAST({near} AS DECIMAL(38, {scale})) AS VARCHAR), '.', '') AS BIGINT)"
    return f"CAST(CAST({near} AS DECIMAL({kept}, {places})) * CAST({10**scale} AS DECIMAL({scale + 1}, 0)) AS BIGINT)"


def _seconds(moment: datetime) -> int:
    return int(moment.replace(tzinfo=UTC).timestamp())


def limits_of(domain: Domain) -> tuple[str, str] | None:
    """The bounds as SQL literals of the valued kind, or None for a domain without an order of its own."""
    match domain:
        case NumberDomain():
            return str(domain.low), str(domain.high)
        case DateDomain():
            return f"DATE '{domain.low.isoformat()}'", f"DATE '{domain.high.isoformat()}'"
        case MomentDomain():
            return str(_seconds(domain.low)), str(_seconds(domain.high))
        case _:
            return None


def outside(value_sql: str, domain: Domain) -> str | None:
    """A condition that is true for a value beyond its bounds, or None where there is nothing to exceed."""
    if isinstance(domain, TextDomain):
        return f"length({value_sql}) > {domain.length_max}"
    limits = limits_of(domain)
    return None if limits is None else f"({value_sql} < {limits[0]} OR {value_sql} > {limits[1]})"


def undeclared(given_sql: str, domain: Domain) -> str:
    """A condition that is true for a value of a choice that is none of its declared members."""
    assert isinstance(domain, ChoiceDomain) and domain.members
    return f"({given_sql} IS NOT NULL AND TRY_CAST(CAST({given_sql} AS VARCHAR) AS {enum_of(domain.members)}) IS NULL)"


def within(value_sql: str, domain: Domain) -> str:
    """A condition that is true for a value that is there and inside its bounds."""
    if isinstance(domain, TextDomain):
        return f"length({value_sql}) <= {domain.length_max}"
    limits = limits_of(domain)
    return f"{value_sql} IS NOT NULL" if limits is None else f"{value_sql} BETWEEN {limits[0]} AND {limits[1]}"


def stored(value_sql: str, domain: Domain) -> str:
    """The value clipped to its bounds, in its stored type. CASE and not LEAST, which would turn NULL into a bound."""
    limits = limits_of(domain)
    if limits is not None:
        value_sql = (
            f"CASE WHEN {value_sql} < {limits[0]} THEN {limits[0]} WHEN {value_sql} > {limits[1]} THEN {limits[1]} ELSE {value_sql} END"
        )
    if isinstance(domain, TextDomain):
        value_sql = f"left({value_sql}, {domain.length_max})"
    kept = stored_type(domain)
    return value_sql if kept is None else f"CAST({value_sql} AS {kept})"


def stored_type(domain: Domain) -> str | None:
    """The type of docs/decisions/0001-store-layout.md, or None where the value already has it."""
    match domain:
        case NumberDomain():
            return next(name for name, bits in SIGNED_BITS if -(2**bits) <= domain.low and domain.high < 2**bits)
        case MomentDomain():
            return "BIGINT"
        case DateDomain():
            return "DATE"
        case ChoiceDomain():
            if not domain.members:
                return None
            return "UTINYINT" if len(domain.members) <= 2**8 else "USMALLINT" if len(domain.members) <= 2**16 else "UINTEGER"
        case _:
            return None


def is_day(domain: Domain) -> bool:
    """Whether rows may be laid down by the year of that column."""
    return isinstance(domain, DateDomain | MomentDomain)


def year_of(column_sql: str, domain: Domain) -> str:
    """The year of a stored date or moment. Units: moments in seconds."""
    return f"year({column_sql})" if isinstance(domain, DateDomain) else f"year(make_timestamp({column_sql} * 1000000))"
