"""Row functions on numbers and text, and casts."""

from sqlglot import exp

from amana.catalog.domains import BooleanDomain, ChoiceDomain, DateDomain, MomentDomain, NumberDomain, TextDomain
from amana.query.expr import Case, Expr, Fixed, Literal, Op
from amana.query.kinds import NullDomain
from amana.query.parse.expressions import NULL, READERS, ZERO, Reader, call, known, read
from amana.query.parse.literals import date_of, interval_of, moment_of, moved, whole_number_of
from amana.query.parse.nodes import bare, child, children, function_name, only, optional, refused, shown, word
from amana.query.parse.scope import Scope
from amana.query.parse.text import place_of
from amana.terms.refusal import Refusal

_TEXT_LENGTH_MAX = 1_000_000
_SCALE_OF_PARSED_FLOAT = 6
_WHOLE_BITS = {"TINYINT": 7, "SMALLINT": 15, "INT": 31, "BIGINT": 63, "INT128": 127}
_WHOLE_BITS_UNSIGNED = {"UTINYINT": 8, "USMALLINT": 16, "UINT": 32, "UBIGINT": 64}
_FLOATS = {"DOUBLE", "FLOAT"}
_TEXTS = {"VARCHAR", "TEXT"}
_MOMENTS = {"TIMESTAMP", "TIMESTAMPNTZ", "DATETIME"}


def _one(op: Op) -> Reader:
    def reader(node: exp.Expr, scope: Scope) -> Expr:
        return call(op, read(child(node, "this"), scope))

    return reader


def _two(op: Op) -> Reader:
    def reader(node: exp.Expr, scope: Scope) -> Expr:
        return call(op, read(child(node, "this"), scope), read(child(node, "expression"), scope))

    return reader


def _sum(sign: int) -> Reader:
    def reader(node: exp.Expr, scope: Scope) -> Expr:
        one, other = bare(child(node, "this")), bare(child(node, "expression"))
        if type(other) is exp.Interval:
            return shifted(read(one, scope), interval_of(other, sign=sign), node, scope)
        if type(one) is exp.Interval and sign > 0:
            return shifted(read(other, scope), interval_of(one, sign=sign), node, scope)
        left, right = read(one, scope), read(other, scope)
        if _is_temporal(left, node, scope):
            if sign < 0 and _is_temporal(right, node, scope):
                return call(Op.DAYS_BETWEEN, right, left)
            return shifted(left, (0, sign * whole_number_of(other, low=-100_000, high=100_000, function="date"), 0), node, scope)
        return call(Op.ADD if sign > 0 else Op.SUB, left, right)

    return reader


def _is_temporal(expr: Expr, node: exp.Expr, scope: Scope) -> bool:
    return isinstance(known(expr, node, scope), DateDomain | MomentDomain)


def shifted(expr: Expr, by: tuple[int, int, int], node: exp.Expr, scope: Scope) -> Expr:
    """A date plus an interval: folded for a constant, whole days for a column."""
    if isinstance(expr, Literal):
        value = expr.value
        if isinstance(value, bool | Fixed | str) or value is None:
            raise Refusal("sql.interval_on_text", where=place_of(node), text=shown(node))
        return moved(value, by=by, node=node)
    months, days, seconds = by
    if months or seconds or not isinstance(known(expr, node, scope), DateDomain):
        raise Refusal("sql.interval_on_column", where=place_of(node), text=shown(node))
    return call(Op.ADD_DAYS, expr, Literal(value=Fixed(units=days)))


def _date_add(sign: int) -> Reader:
    def reader(node: exp.Expr, scope: Scope) -> Expr:
        interval = bare(child(node, "expression"))
        if type(interval) is not exp.Interval:
            raise refused(node)
        return shifted(read(child(node, "this"), scope), interval_of(interval, sign=sign), node, scope)

    return reader


def _round(node: exp.Expr, scope: Scope) -> Expr:
    decimals = optional(node, "decimals")
    digits = 0 if decimals is None else whole_number_of(decimals, low=0, high=18, function="round")
    return call(Op.ROUND, read(child(node, "this"), scope), Literal(value=Fixed(units=digits)))


def _truncate(node: exp.Expr, scope: Scope) -> Expr:
    return call(Op.INT_DIV, read(child(node, "this"), scope), Literal(value=Fixed(units=1)))


def _substring(node: exp.Expr, scope: Scope) -> Expr:
    length = optional(node, "length")
    start = whole_number_of(child(node, "start"), low=1, high=_TEXT_LENGTH_MAX, function="substring")
    count = _TEXT_LENGTH_MAX if length is None else whole_number_of(length, low=0, high=_TEXT_LENGTH_MAX, function="substring")
    return _part(read(child(node, "this"), scope), start, count)


def _left(node: exp.Expr, scope: Scope) -> Expr:
    count = whole_number_of(child(node, "expression"), low=0, high=_TEXT_LENGTH_MAX, function="left")
    return _part(read(child(node, "this"), scope), 1, count)


def _part(text: Expr, start: int, length: int) -> Expr:
    return call(Op.SUBSTRING, text, Literal(value=Fixed(units=start)), Literal(value=Fixed(units=length)))


def _as_text(expr: Expr, node: exp.Expr, scope: Scope) -> Expr:
    return expr if isinstance(known(expr, node, scope), ChoiceDomain | TextDomain) else call(Op.TO_TEXT, expr)


def _pipes(node: exp.Expr, scope: Scope) -> Expr:
    one, other = (read(child(node, name), scope) for name in ("this", "expression"))
    return call(Op.CONCAT, _as_text(one, node, scope), _as_text(other, node, scope))


def _concat(node: exp.Expr, scope: Scope) -> Expr:
    """The function, unlike ||, reads NULL as no text."""
    parts: list[Expr] = []
    for part in children(node, "expressions"):
        text = _as_text(read(part, scope), part, scope)
        nullable = known(text, part, scope).nullable
        parts.append(call(Op.COALESCE, text, Literal(value="")) if nullable else text)
    whole = parts[0]
    for part_text in parts[1:]:
        whole = call(Op.CONCAT, whole, part_text)
    return whole


# --- casts: total, what cannot be cast is NULL ---


def _cast(node: exp.Expr, scope: Scope) -> Expr:
    to = child(node, "to")
    only(to, "this", "expressions", "nested")
    name = to.this.name if isinstance(to, exp.DataType) and isinstance(to.this, exp.DType) else shown(to)
    source = bare(child(node, "this"))
    if type(source) is exp.Literal and source.is_string and (name == "DATE" or name in _MOMENTS):
        read_literal = date_of if name == "DATE" else moment_of
        return read_literal(node, text=str(source.this))
    value = read(source, scope)
    parameters = tuple(_parameter(part) for part in children(to, "expressions"))
    if name != "DECIMAL" and parameters:
        raise Refusal("sql.cast_type", where=place_of(node), type=shown(to))
    return _converted(value, name, parameters, node, scope)


def _parameter(node: exp.Expr) -> int:
    only(node, "this")
    return whole_number_of(child(node, "this"), low=0, high=38, function="decimal")


def _converted(value: Expr, name: str, parameters: tuple[int, ...], node: exp.Expr, scope: Scope) -> Expr:
    domain = known(value, node, scope)
    if isinstance(domain, NullDomain):
        return value
    if name in _WHOLE_BITS:
        bits = _WHOLE_BITS[name]
        return _number(value, 0, -(2**bits), 2**bits - 1, node, scope)
    if name in _WHOLE_BITS_UNSIGNED:
        return _number(value, 0, 0, 2 ** _WHOLE_BITS_UNSIGNED[name] - 1, node, scope)
    if name == "DECIMAL":
        digits = parameters[0] if parameters else 18
        scale = parameters[1] if len(parameters) > 1 else 0 if parameters else 3
        if scale > min(18, digits):
            raise Refusal("sql.cast_type", where=place_of(node), type=f"DECIMAL({digits}, {scale})")
        return _number(value, scale, -(10**digits) + 1, 10**digits - 1, node, scope)
    if name in _FLOATS:
        if isinstance(domain, NumberDomain):
            return value
        scale = 0 if isinstance(domain, BooleanDomain) else _SCALE_OF_PARSED_FLOAT
        return call(Op.TO_NUMBER, value, Literal(value=Fixed(units=scale)))
    if name in _TEXTS:
        return _as_text(value, node, scope)
    if name == "DATE":
        return value if isinstance(domain, DateDomain) else call(Op.TO_DATE, value)
    if name in _MOMENTS and isinstance(domain, MomentDomain | DateDomain):
        return value
    if name == "BOOLEAN" and isinstance(domain, BooleanDomain):
        return value
    if name == "BOOLEAN" and isinstance(domain, NumberDomain):
        return call(Op.NE, value, ZERO)
    raise Refusal("sql.cast_type", where=place_of(node), type=name)


def _number(value: Expr, scale: int, low: int, high: int, node: exp.Expr, scope: Scope) -> Expr:
    """The value on the type's grid; NULL where the type cannot hold it."""
    converted: Expr = call(Op.TO_NUMBER, value, Literal(value=Fixed(units=scale)))
    before = known(value, node, scope)
    if isinstance(before, NumberDomain) and before.scale == scale:
        converted = value
    domain = known(converted, node, scope)
    assert isinstance(domain, NumberDomain)
    bounds: list[Expr] = []
    if domain.low < low:
        bounds.append(call(Op.GE, converted, Literal(value=Fixed(units=low, scale=scale))))
    if domain.high > high:
        bounds.append(call(Op.LE, converted, Literal(value=Fixed(units=high, scale=scale))))
    if not bounds:
        return converted
    fits = bounds[0] if len(bounds) == 1 else call(Op.AND, *bounds)
    return Case(branches=((fits, converted),), otherwise=NULL)


# --- dates ---

_PARTS = {
    "YEAR": Op.YEAR, "QUARTER": Op.QUARTER, "MONTH": Op.MONTH, "DAY": Op.DAY, "DAYOFMONTH": Op.DAY, "ISODOW": Op.WEEKDAY, "HOUR": Op.HOUR,
}  # fmt: skip
_TRUNCATIONS = {
    "YEAR": Op.TRUNC_YEAR, "QUARTER": Op.TRUNC_QUARTER, "MONTH": Op.TRUNC_MONTH, "WEEK": Op.TRUNC_WEEK, "DAY": Op.TRUNC_DAY,
}  # fmt: skip
_SEVEN = Literal(value=Fixed(units=7))
_TWELVE = Literal(value=Fixed(units=12))


def _date_part(name: str, value: Expr, node: exp.Expr) -> Expr:
    if name in ("DOW", "DAYOFWEEK", "WEEKDAY"):  # Sunday is 0 there
        return call(Op.MOD, call(Op.WEEKDAY, value), _SEVEN)
    if name not in _PARTS:
        raise Refusal("sql.date_part", where=place_of(node), part=name.lower())
    return call(_PARTS[name], value)


def _named_part(name: str) -> Reader:
    def reader(node: exp.Expr, scope: Scope) -> Expr:
        return _date_part(name, read(child(node, "this"), scope), node)

    return reader


def _extract(node: exp.Expr, scope: Scope) -> Expr:
    return _date_part(word(node, "this"), read(child(node, "expression"), scope), node)


def _date_trunc(node: exp.Expr, scope: Scope) -> Expr:
    unit = word(node, "unit")
    if unit not in _TRUNCATIONS:
        raise Refusal("sql.date_part", where=place_of(node), part=unit.lower())
    return call(_TRUNCATIONS[unit], read(child(node, "this"), scope))


def _date_diff(node: exp.Expr, scope: Scope) -> Expr:
    until, since, unit = read(child(node, "this"), scope), read(child(node, "expression"), scope), word(node, "unit")
    years = call(Op.SUB, call(Op.YEAR, until), call(Op.YEAR, since))
    if unit == "DAY":
        return call(Op.DAYS_BETWEEN, since, until)
    if unit == "YEAR":
        return years
    if unit == "MONTH":
        return call(Op.ADD, call(Op.MUL, years, _TWELVE), call(Op.SUB, call(Op.MONTH, until), call(Op.MONTH, since)))
    if unit == "WEEK":
        return call(Op.INT_DIV, call(Op.DAYS_BETWEEN, call(Op.TRUNC_WEEK, since), call(Op.TRUNC_WEEK, until)), _SEVEN)
    raise Refusal("sql.date_part", where=place_of(node), part=unit.lower())


def _anonymous(node: exp.Expr, scope: Scope) -> Expr:
    name, args = function_name(node), children(node, "expressions")
    if name in ("date_part", "datepart") and len(args) == 2 and isinstance(args[0], exp.Literal):
        return _date_part(str(args[0].this).upper(), read(args[1], scope), node)
    if name == "weekday" and len(args) == 1:
        return _date_part("WEEKDAY", read(args[0], scope), node)
    if name in ("now", "today", "random", "current_date", "current_timestamp", "get_current_timestamp", "gen_random_uuid", "setseed"):
        raise Refusal("sql.volatile", where=place_of(node), function=name)
    if name == "histogram":
        raise Refusal("sql.aggregate_place", where=place_of(node), function=name)
    raise refused(node)


FUNCTIONS: dict[type[exp.Expr], tuple[tuple[str, ...], Reader]] = {
    exp.Add: (("this", "expression"), _sum(1)),
    exp.Sub: (("this", "expression"), _sum(-1)),
    exp.Mul: (("this", "expression"), _two(Op.MUL)),
    exp.Div: (("this", "expression", "typed", "safe"), _two(Op.DIV)),
    exp.IntDiv: (("this", "expression"), _two(Op.INT_DIV)),
    exp.Mod: (("this", "expression"), _two(Op.MOD)),
    exp.Abs: (("this",), _one(Op.ABS)),
    exp.Sign: (("this",), _one(Op.SIGN)),
    exp.Floor: (("this",), _one(Op.FLOOR)),
    exp.Ceil: (("this",), _one(Op.CEIL)),
    exp.Round: (("this", "decimals"), _round),
    exp.Trunc: (("this",), _truncate),
    exp.Lower: (("this",), _one(Op.LOWER)),
    exp.Upper: (("this",), _one(Op.UPPER)),
    exp.Trim: (("this",), _one(Op.TRIM)),
    exp.Length: (("this",), _one(Op.LENGTH)),
    exp.Substring: (("this", "start", "length"), _substring),
    exp.Left: (("this", "expression"), _left),
    exp.DPipe: (("this", "expression", "safe"), _pipes),
    exp.Concat: (("expressions", "safe", "coalesce"), _concat),
    exp.Cast: (("this", "to"), _cast),
    exp.TryCast: (("this", "to", "safe"), _cast),
    exp.DateAdd: (("this", "expression"), _date_add(1)),
    exp.DateSub: (("this", "expression"), _date_add(-1)),
    exp.Extract: (("this", "expression"), _extract),
    exp.TimestampTrunc: (("this", "unit"), _date_trunc),
    exp.DateTrunc: (("this", "unit"), _date_trunc),
    exp.DateDiff: (("this", "expression", "unit", "date_part_boundary"), _date_diff),
    exp.Year: (("this",), _named_part("YEAR")),
    exp.Quarter: (("this",), _named_part("QUARTER")),
    exp.Month: (("this",), _named_part("MONTH")),
    exp.Day: (("this",), _named_part("DAY")),
    exp.DayOfMonth: (("this",), _named_part("DAY")),
    exp.DayOfWeekIso: (("this",), _named_part("ISODOW")),
    exp.DayOfWeek: (("this",), _named_part("DOW")),
    exp.Hour: (("this",), _named_part("HOUR")),
    exp.Anonymous: (("this", "expressions"), _anonymous),
}
READERS.update(FUNCTIONS)
