"""Row expressions as DuckDB SQL: exact, total, and equal to `reference_values` (proved by `tests/engines`)."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time
from itertools import product
from typing import TypeAlias, assert_never

from amana.catalog.domains import BooleanDomain, ChoiceDomain, DateDomain, KeyDomain, MomentDomain, NumberDomain, TextDomain
from amana.engines.compile_time import as_day, as_moment, domain_of_call, temporal
from amana.engines.compile_typed import (
    MIXED_KEY,
    NULL,
    NULL_TRUTH,
    UNIT,
    Typed,
    as_text,
    computed,
    integer_for,
    literal,
    marked,
    recoded,
    scaled,
    seconds,
    text_literal,
    together,
    tried,
    whole,
)
from amana.query.expr import Among, Call, Case, Column, Expr, Fixed, Literal, Lookup, Op
from amana.query.kinds import PARSED_ABS_MAX, NullDomain, number
from amana.query.values import text_function
from amana.terms.refusal import Refusal

Scope: TypeAlias = Mapping[str, Typed]
"""The columns below, by their visible names."""
CAPITALS, SMALL = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz"
NUMBER_TEXT = "[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)"
DAY_TEXT = "[0-9]{4}-[0-9]{2}-[0-9]{2}"


def compile_expr(expr: Expr, scope: Scope) -> Typed:
    """SQL for an expression over these columns."""
    match expr:
        case Column():
            return scope[expr.name]
        case Literal():
            return literal(expr.value)
        case Among():
            return _truth(_among(compile_expr(expr.value, scope), expr.members))
        case Case():
            return _case(expr, scope)
        case Lookup():
            return _looked_up(expr, compile_expr(expr.index, scope))
        case Call():
            return _call(expr, [compile_expr(arg, scope) for arg in expr.args])
        case _:
            assert_never(expr)


def truth_sql(expr: Expr, scope: Scope) -> str:
    """SQL of a condition."""
    value = compile_expr(expr, scope)
    return NULL_TRUTH if isinstance(value.domain, NullDomain) else value.sql


def _truth(sql: str) -> Typed:
    return Typed(sql=sql, domain=BooleanDomain(nullable=True))


def _case(case: Case, scope: Scope) -> Typed:
    domain, results = together([compile_expr(result, scope) for result in (*(r for _, r in case.branches), case.otherwise)])
    if isinstance(domain, NullDomain):
        return NULL
    branches = "".join(
        f" WHEN {truth_sql(condition, scope)} THEN {result.sql}" for (condition, _), result in zip(case.branches, results, strict=False)
    )
    return replace(_like_all(results), sql=f"(CASE{branches} ELSE {results[-1].sql} END)", domain=domain)


def _looked_up(lookup: Lookup, index: Typed) -> Typed:
    """An element of a list that is written once; a place outside, which a row that a filter drops may name, gives something or NULL."""
    if isinstance(index.domain, NullDomain):
        return NULL
    domain = number(lookup.scale, min(lookup.values), max(lookup.values), nullable=True)
    kind = integer_for(domain)
    listed = f"[{', '.join(map(str, lookup.values))}]"
    return Typed(
        sql=f"list_extract(CAST({listed} AS {kind}[]), CAST(TRY_CAST({index.sql} AS INTEGER) AS BIGINT) + 1)", domain=domain, kind=kind
    )


def _like_all(values: Sequence[Typed]) -> Typed:
    """A value held as all of these are."""
    kinds = [value for value in values if value.kind]
    return replace(kinds[0] if kinds else values[0], constant=False)


def _call(call: Call, args: list[Typed]) -> Typed:
    op = call.op
    if op in _LOGIC:
        parts = [NULL_TRUTH if isinstance(arg.domain, NullDomain) else arg.sql for arg in args]
        return _truth(f"(NOT {parts[0]})" if op is Op.NOT else f"({f' {_LOGIC[op]} '.join(parts)})")
    if op is Op.IS_NULL:
        return replace(_truth("TRUE" if isinstance(args[0].domain, NullDomain) else f"({args[0].sql} IS NULL)"), domain=BooleanDomain())
    if op in _COMPARISON:
        return _truth(compared(op, args[0], args[1]))
    if op in (Op.COALESCE, Op.LEAST, Op.GREATEST):
        domain, values = together(args)
        if isinstance(domain, NullDomain):
            return NULL
        return replace(_like_all(values), sql=f"{op.value}({', '.join(value.sql for value in values)})", domain=domain)
    if any(isinstance(arg.domain, NullDomain) for arg in args):
        return NULL
    if op is Op.LIKE:
        assert isinstance(args[1].domain, ChoiceDomain) and args[1].constant, "a literal pattern"
        return _truth(_like(args[0], args[1].domain.members[0]))
    if op in _NUMERIC:
        return _numeric(call, args)
    if op in (Op.LOWER, Op.UPPER, Op.TRIM, Op.LENGTH, Op.SUBSTRING, Op.CONCAT):
        return _text(call, args)
    if op in (Op.TO_NUMBER, Op.TO_TEXT, Op.TO_DATE):
        return _cast(call, args)
    return temporal(call, args)


_LOGIC = {Op.NOT: "NOT", Op.AND: "AND", Op.OR: "OR"}
_COMPARISON = {Op.EQ, Op.NE, Op.LT, Op.LE, Op.GT, Op.GE}
_FLIPPED = {Op.EQ: Op.EQ, Op.NE: Op.NE, Op.LT: Op.GT, Op.LE: Op.GE, Op.GT: Op.LT, Op.GE: Op.LE}
_NUMERIC = {
    Op.ADD, Op.SUB, Op.MUL, Op.DIV, Op.INT_DIV, Op.MOD, Op.NEG, Op.ABS, Op.SIGN, Op.FLOOR, Op.CEIL, Op.ROUND,
}  # fmt: skip


# --- comparison ---


def compared(op: Op, one: Typed, other: Typed) -> str:
    """SQL of a comparison; literals move to the column's own grid or codes, so that blocks can be skipped."""
    if isinstance(one.domain, NullDomain) or isinstance(other.domain, NullDomain):
        return NULL_TRUTH
    if one.constant and not other.constant:
        return compared(_FLIPPED[op], other, one)
    match one.domain, other.domain:
        case (NumberDomain(), NumberDomain()):
            one, other = _shortest(one), _shortest(other)
            assert isinstance(one.domain, NumberDomain) and isinstance(other.domain, NumberDomain)
            scale = max(one.domain.scale, other.domain.scale)
            one, other = scaled(one, scale), scaled(other, scale)
        case (ChoiceDomain(), ChoiceDomain()) if other.constant:
            text = other.domain.members[0]
            return members_test(one, lambda member: _TESTS[op](member, text))
        case (ChoiceDomain() | TextDomain(), ChoiceDomain() | TextDomain()):
            _, (one, other) = together([one, other])
        case (MomentDomain(), DateDomain()) | (DateDomain(), MomentDomain()):
            one, other = as_moment(one), as_moment(other)
        case (KeyDomain(), KeyDomain()) if one.kind != other.kind:
            if MIXED_KEY not in (one.kind, other.kind):
                return _key_with_unit(op, one, other)
            one, other = marked(one), marked(other)
        case _:
            pass
    return f"({one.sql} {op.value} {other.sql})"


def _key_with_unit(op: Op, one: Typed, other: Typed) -> str:
    """A unit and another identifier: compared by the unit's source key where it is stored, else unequal."""
    sides = [side.source or side.sql for side in (one, other)]
    if all(side.source or side.kind != UNIT for side in (one, other)):
        return f"({sides[0]} {op.value} {sides[1]})"
    present = " AND ".join(f"{side} IS NOT NULL" for side in sides)
    return f"({present} OR NULL)" if op is Op.NE else f"(NOT ({present}) AND NULL)"


_TESTS: dict[Op, Callable[[str, str], bool]] = {
    Op.EQ: lambda a, b: a == b, Op.NE: lambda a, b: a != b, Op.LT: lambda a, b: a < b,
    Op.LE: lambda a, b: a <= b, Op.GT: lambda a, b: a > b, Op.GE: lambda a, b: a >= b,
}  # fmt: skip


def members_test(value: Typed, test: Callable[[str], bool]) -> str:
    """SQL that is true for the codes whose member passes the test, false for the others, NULL for NULL."""
    assert isinstance(value.domain, ChoiceDomain)
    count = len(value.domain.members)
    codes = [code for code, member in enumerate(value.domain.members) if test(member)]
    if value.constant:
        return "TRUE" if codes else "FALSE"
    if not codes:
        return f"({value.sql} IS NULL AND NULL)"
    if len(codes) == count:
        return f"({value.sql} IS NOT NULL OR NULL)"
    low, high = codes[0], codes[-1]
    if low == high:
        return f"({value.sql} = {low})"
    if len(codes) == count - 1 and low == 0 and high == count - 1:
        return f"({value.sql} <> {next(code for code in range(count) if codes[code] != code)})"
    if high - low + 1 == len(codes):
        range_sql = f"BETWEEN {low} AND {high}" if low > 0 and high < count - 1 else f"<= {high}" if low == 0 else f">= {low}"
        return f"({value.sql} {range_sql})"
    return f"({value.sql} IN ({', '.join(map(str, codes))}))"


def _shortest(value: Typed) -> Typed:
    """A number literal without trailing zeros, which would make the other side finer than it is."""
    if not (value.constant and isinstance(value.domain, NumberDomain)):
        return value
    units, scale = value.domain.low, value.domain.scale
    while scale > 0 and units % 10 == 0:
        units, scale = units // 10, scale - 1
    return literal(Fixed(units=units, scale=scale))


def _among(value: Typed, members: Sequence[Literal]) -> str:
    if isinstance(value.domain, NullDomain):
        return NULL_TRUTH
    if isinstance(value.domain, ChoiceDomain):
        texts = {member.value for member in members}
        return members_test(value, lambda member: member in texts)
    listed: list[str] = []
    for member in members:
        match value.domain, member.value:
            case (NumberDomain(scale=scale), Fixed(units=units, scale=fine)):
                step = 10 ** max(0, fine - scale)
                if units % step == 0:
                    listed.append(whole(units // step * 10 ** max(0, scale - fine)))
            case (DateDomain(), datetime() as moment):
                if moment.time() == time():
                    listed.append(literal(moment.date()).sql)
            case (MomentDomain(), date() as day):
                listed.append(whole(seconds(day if isinstance(day, datetime) else datetime.combine(day, time()))))
            case (TextDomain(), str() as text):
                listed.append(text_literal(text))
            case (_, other):
                listed.append(literal(other).sql)
    return f"({value.sql} IN ({', '.join(listed)}))" if listed else f"({value.sql} IS NULL AND NULL)"


def _like(value: Typed, pattern: str) -> str:
    if isinstance(value.domain, ChoiceDomain):
        wild = "".join(".*" if c == "%" else "." if c == "_" else re.escape(c) for c in pattern)
        fits = re.compile(wild, re.DOTALL)
        return members_test(value, lambda member: fits.fullmatch(member) is not None)
    if "_" in pattern and pattern.count("%") > 1:
        # LIKE would try every place of every %, and one long text would be seen in the time of the run (PRIVACY 7): an automaton does not
        wild = "".join(
            ".*" if c == "%" else "." if c == "_" else c if c.isascii() and c.isalnum() else f"\\x{{{ord(c):x}}}" for c in pattern
        )
        return f"regexp_full_match({value.sql}, {text_literal('(?s)' + wild)})"
    return f"({value.sql} LIKE {text_literal(pattern)})"


# --- numbers ---


def _numeric(call: Call, args: list[Typed]) -> Typed:
    op = call.op
    if op in (Op.ADD, Op.SUB, Op.MOD, Op.DIV, Op.INT_DIV):
        scale = max(_scale(args[0]), _scale(args[1]))
        args = [scaled(arg, scale) for arg in args]
        call = replace(call, args=tuple(Column(name=str(i)) for i in range(2)))
    x, unit = args[0], 10 ** _scale(args[0])
    passing: tuple[NumberDomain, ...] = ()
    margin = unit
    match op:
        case Op.ADD | Op.SUB | Op.MUL | Op.MOD | Op.INT_DIV:
            template, operands = "({} " + op.value + " {})", args
        case Op.DIV:
            template, operands = "({} * 1000000 // {})", args
            margin = 10**6
        case Op.NEG:
            template, operands = "(-{})", [x]
        case Op.ABS | Op.SIGN:
            template, operands = op.value + "({})", [x]
        case Op.FLOOR:
            template, operands = "(({0} - ({0} % " + f"{unit} + {unit}) % {unit}) // {unit})", [x]
        case Op.CEIL:
            template, operands = "(({0} + (" + f"{unit} - " + "{0} % " + f"{unit}) % {unit}) // {unit})", [x]
        case _:
            digits = args[1].domain
            assert isinstance(digits, NumberDomain)
            return rounded(x, digits.low) if digits.low < _scale(x) else x
    try:
        domain = domain_of_call(call, args)
        assert isinstance(domain, NumberDomain)
        if op in (Op.DIV, Op.FLOOR, Op.CEIL):
            passing = (_around(x, margin, times=op is Op.DIV),)
    except Refusal:
        return tried(template, operands, scale=_scale_of_result(call, args))
    return computed(template, operands, domain, passing=passing)


def _around(value: Typed, margin: int, *, times: bool) -> NumberDomain:
    """What a computation passes through: the value times the margin, or the value and the margin more or less."""
    assert isinstance(value.domain, NumberDomain)
    low, high = value.domain.low, value.domain.high
    if times:
        return number(0, min(low * margin, -margin), max(high * margin, margin), nullable=False)
    return number(0, low - 2 * margin, high + 2 * margin, nullable=False)


def _scale(value: Typed) -> int:
    assert isinstance(value.domain, NumberDomain)
    return value.domain.scale


def _scale_of_result(call: Call, args: Sequence[Typed]) -> int:
    small = [replace(arg, domain=NumberDomain(scale=_scale(arg), low=1, high=1)) for arg in args]
    domain = domain_of_call(call, small)
    assert isinstance(domain, NumberDomain)
    return domain.scale


def rounded(value: Typed, scale: int) -> Typed:
    """The number in units of a coarser scale, halves away from zero."""
    assert isinstance(value.domain, NumberDomain)
    step = 10 ** (value.domain.scale - scale)
    assert step > 1
    template = "(({0} + CASE WHEN {0} < 0 THEN " + f"{-step // 2} ELSE {step // 2} END) // {step})"
    low, high = value.domain.low - step, value.domain.high + step
    try:
        passing = number(0, low, high, nullable=False)
    except Refusal:
        return tried(template, [value], scale=scale)
    domain = number(scale, -(-low // step) - 1, high // step + 1, nullable=value.domain.nullable)
    return computed(template, [value], domain, passing=(passing,))


# --- text ---


def _text(call: Call, args: list[Typed]) -> Typed:
    op, domain = call.op, domain_of_call(call, args)
    if isinstance(domain, ChoiceDomain):
        places = {member: code for code, member in enumerate(domain.members)}
        if op is Op.CONCAT:
            return _joined(args, domain, places)
        first = args[0].domain
        assert isinstance(first, ChoiceDomain)
        change = text_function(call)
        return recoded(args[0], domain, [places[change(member)] for member in first.members])
    texts = [as_text(arg).sql for arg in args]
    match op:
        case Op.LENGTH:
            return Typed(sql=f"length({texts[0]})", domain=domain, kind="BIGINT")
        case Op.LOWER | Op.UPPER:
            swapped = (CAPITALS, SMALL) if op is Op.LOWER else (SMALL, CAPITALS)
            return Typed(sql=f"translate({texts[0]}, '{swapped[0]}', '{swapped[1]}')", domain=domain)
        case Op.TRIM:
            return Typed(sql=f"trim({texts[0]}, ' ')", domain=domain)
        case Op.SUBSTRING:
            return Typed(sql=f"substring({texts[0]}, {args[1].sql}, {args[2].sql})", domain=domain)
        case _:
            return Typed(sql=f"({' || '.join(texts)})", domain=domain)


def _joined(args: Sequence[Typed], domain: ChoiceDomain, places: Mapping[str, int]) -> Typed:
    """Choices put together: the position of the combination of codes, looked up."""
    members: list[tuple[str, ...]] = []
    position = ""
    for arg in args:
        assert isinstance(arg.domain, ChoiceDomain)
        code = f"CAST({arg.sql} AS INTEGER)"
        position = code if not position else f"({position} * {len(arg.domain.members)} + {code})"
        members.append(arg.domain.members)
    codes = [places["".join(combination)] for combination in product(*members)]
    listed = f"[{', '.join(map(str, codes))}]::UINTEGER[]"
    return Typed(sql=f"list_extract({listed}, {position} + 1)", domain=domain)


def _cast(call: Call, args: list[Typed]) -> Typed:
    x = args[0]
    match call.op, x.domain:
        case (Op.TO_NUMBER, NumberDomain(scale=scale)):
            digits = args[1].domain
            assert isinstance(digits, NumberDomain)
            return scaled(x, digits.low) if digits.low >= scale else rounded(x, digits.low)
        case (Op.TO_NUMBER, BooleanDomain()):
            return Typed(sql=f"CAST({x.sql} AS TINYINT)", domain=domain_of_call(call, args), kind="TINYINT")
        case (Op.TO_NUMBER, _):
            text = f"trim({as_text(x).sql}, ' ')"
            decimal = f"CAST(TRY_CAST({text} AS DECIMAL(38, {args[1].sql})) AS VARCHAR)"
            units = f"TRY_CAST(replace({decimal}, '.', '') AS HUGEINT)"
            known = f"regexp_full_match({text}, '{NUMBER_TEXT}') AND {units} BETWEEN {-PARSED_ABS_MAX} AND {PARSED_ABS_MAX}"
            return Typed(sql=f"(CASE WHEN {known} THEN TRY_CAST({units} AS BIGINT) END)", domain=domain_of_call(call, args), kind="BIGINT")
        case (Op.TO_TEXT, BooleanDomain()):
            return Typed(sql=f"CAST({x.sql} AS UTINYINT)", domain=domain_of_call(call, args))
        case (Op.TO_TEXT, NumberDomain() | DateDomain()):
            return Typed(sql=f"CAST({x.sql} AS VARCHAR)", domain=domain_of_call(call, args))
        case (Op.TO_TEXT, _):
            return x
        case (_, DateDomain() | MomentDomain()):
            return as_day(x)
        case _:
            text = as_text(x).sql
            parsed = f"TRY_CAST({text} AS DATE)"
            known = f"regexp_full_match({text}, '{DAY_TEXT}') AND {parsed} >= DATE '0001-01-01'"
            return Typed(sql=f"(CASE WHEN {known} THEN {parsed} END)", domain=domain_of_call(call, args))
