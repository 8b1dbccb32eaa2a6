"""Row expressions: each kind of node has one reader here, or is refused."""

from collections.abc import Callable
from dataclasses import replace
from functools import reduce
from typing import NoReturn, TypeAlias

from sqlglot import exp

from amana.catalog.domains import BooleanDomain, DateDomain, MomentDomain
from amana.query.expr import Among, Call, Case, Expr, Fixed, Literal, Op
from amana.query.kinds import Known, NullDomain
from amana.query.parse.literals import date_of, moment_of, number_of
from amana.query.parse.nodes import bare, child, children, flag, function_name, only, optional, refused, shown
from amana.query.parse.scope import Scope, resolve
from amana.query.parse.text import place_of
from amana.query.values import domain_of
from amana.terms.refusal import Refusal

Reader: TypeAlias = Callable[[exp.Expr, Scope], Expr]

TRUE = Literal(value=True)
NULL = Literal(value=None)
ONE = Literal(value=Fixed(units=1))
ZERO = Literal(value=Fixed(units=0))


def read(node: exp.Expr, scope: Scope) -> Expr:
    """The expression that a node writes.

    Errors: Refusal at the node, for anything that has no reader, and for kinds where the meaning depends on them.
    """
    plain = bare(node)
    if scope.hook is not None:
        hooked = scope.hook(plain)
        if hooked is not None:
            return hooked
    reader = READERS.get(type(plain))
    if reader is None:
        _refuse(plain)
    names, function = reader
    only(plain, *names)
    expr = function(plain, scope)
    if scope.careful:
        known(expr, plain, scope)
    return expr


def checked(node: exp.Expr, scope: Scope) -> Expr:
    """Like `read`, and the kinds inside fit together; a refusal points at the innermost node that does not fit."""
    expr = read(node, scope)
    try:
        domain_of(expr, scope.known())
    except Refusal as refusal:
        read(node, replace(scope, careful=True))
        raise refusal.at(place_of(node)) from None
    return expr


def condition(node: exp.Expr, scope: Scope) -> Expr:
    """An expression that is true, false or NULL."""
    expr = checked(node, scope)
    if not isinstance(known(expr, node, scope), BooleanDomain | NullDomain):
        raise Refusal("sql.not_a_condition", where=place_of(node), text=shown(node))
    return expr


def known(expr: Expr, node: exp.Expr, scope: Scope) -> Known:
    """The values an expression may hold."""
    try:
        return domain_of(expr, scope.known())
    except Refusal as refusal:
        raise refusal.at(place_of(node)) from None


def call(op: Op, *args: Expr) -> Call:
    return Call(op=op, args=args)


def joined(op: Op, parts: tuple[Expr, ...]) -> Expr:
    """A conjunction or disjunction as a tree of even depth: what reads the plan recurses over it."""
    if len(parts) <= 2:
        return reduce(lambda one, other: call(op, one, other), parts)
    half = (len(parts) + 1) // 2
    return call(op, joined(op, parts[:half]), joined(op, parts[half:]))


def flattened(node: exp.Expr, kind: type[exp.Expr]) -> tuple[exp.Expr, ...]:
    """The parts of a chain of AND or of OR, in the order written, without recursion."""
    found: list[exp.Expr] = []
    waiting = [node]
    while waiting:
        part = bare(waiting.pop())
        if type(part) is kind:
            only(part, "this", "expression")
            waiting += [child(part, "expression"), child(part, "this")]
        else:
            found.append(part)
    return tuple(found)


def _refuse(node: exp.Expr) -> NoReturn:
    place = place_of(node)
    if isinstance(node, exp.Subquery | exp.Query):
        raise Refusal("sql.scalar_subquery", where=place)
    if isinstance(node, exp.Exists | exp.Any | exp.All):
        raise Refusal("sql.subquery_place", where=place)
    if isinstance(node, exp.Window):
        raise Refusal("sql.window_place", where=place)
    if isinstance(node, exp.AggFunc | exp.Filter | exp.WithinGroup):
        raise Refusal("sql.aggregate_place", where=place, function=function_name(node))
    if isinstance(node, exp.ILike | exp.RegexpLike | exp.RegexpILike | exp.SimilarTo | exp.Glob | exp.Escape):
        raise Refusal("sql.pattern", where=place)
    if isinstance(node, exp.Rand | exp.Randn | exp.Uuid | exp.CurrentDate | exp.CurrentTime | exp.CurrentTimestamp | exp.CurrentDatetime):
        raise Refusal("sql.volatile", where=place, function=function_name(node))
    if isinstance(node, exp.Star):
        raise Refusal("sql.star_place", where=place)
    if isinstance(node, exp.Interval):
        raise Refusal("sql.interval", where=place, text=shown(node))
    raise refused(node)


# --- readers: columns, constants, logic ---


def _column(node: exp.Expr, scope: Scope) -> Expr:
    assert isinstance(node, exp.Column)
    if isinstance(node.this, exp.Star):
        raise Refusal("sql.star_place", where=place_of(node))
    return resolve(node, scope)


def _literal(node: exp.Expr, _: Scope) -> Expr:
    assert isinstance(node, exp.Literal)
    text = str(node.this)
    return Literal(value=text) if node.is_string else number_of(node, text=text)


def _boolean(node: exp.Expr, _: Scope) -> Expr:
    return Literal(value=flag(node, "this"))


def _null(_: exp.Expr, __: Scope) -> Expr:
    return NULL


def _chain(op: Op, kind: type[exp.Expr]) -> Reader:
    def reader(node: exp.Expr, scope: Scope) -> Expr:
        return joined(op, tuple(read(part, scope) for part in flattened(node, kind)))

    return reader


def _not(node: exp.Expr, scope: Scope) -> Expr:
    return call(Op.NOT, read(child(node, "this"), scope))


def _pair(node: exp.Expr, scope: Scope) -> tuple[Expr, Expr]:
    return read(child(node, "this"), scope), read(child(node, "expression"), scope)


def _comparison(op: Op) -> Reader:
    def reader(node: exp.Expr, scope: Scope) -> Expr:
        one, other = _pair(node, scope)
        return compared(op, one, other, node, scope)

    return reader


def compared(op: Op, one: Expr, other: Expr, node: exp.Expr, scope: Scope) -> Expr:
    """A comparison; text that is compared with a date is read as a date, as SQL does."""
    return call(op, like(one, other, node, scope), like(other, one, node, scope))


def like(expr: Expr, partner: Expr, node: exp.Expr, scope: Scope) -> Expr:
    """A text literal in the kind of what it meets; anything else unchanged."""
    if not isinstance(expr, Literal) or not isinstance(expr.value, str) or isinstance(partner, Literal):
        return expr
    match known(partner, node, scope):
        case DateDomain():
            return date_of(node, text=expr.value)
        case MomentDomain():
            return moment_of(node, text=expr.value)
        case _:
            return expr


def _between(node: exp.Expr, scope: Scope) -> Expr:
    value, low, high = (read(child(node, name), scope) for name in ("this", "low", "high"))
    return call(Op.AND, compared(Op.GE, value, low, node, scope), compared(Op.LE, value, high, node, scope))


def _in(node: exp.Expr, scope: Scope) -> Expr:
    if optional(node, "query") is not None:
        raise Refusal("sql.subquery_place", where=place_of(node))
    value = read(child(node, "this"), scope)
    members = tuple(like(read(member, scope), value, node, scope) for member in children(node, "expressions"))
    if any(member == NULL for member in members):
        raise Refusal("sql.null_in_list", where=place_of(node))
    literals = tuple(member for member in members if isinstance(member, Literal))
    if len(literals) == len(members) and not isinstance(value, Literal):
        return Among(value=value, members=tuple(dict.fromkeys(literals)))
    return joined(Op.OR, tuple(call(Op.EQ, value, member) for member in members))


def _is(node: exp.Expr, scope: Scope) -> Expr:
    value, tested = read(child(node, "this"), scope), bare(child(node, "expression"))
    if type(tested) is exp.Null:
        return call(Op.IS_NULL, value)
    if type(tested) is exp.Boolean:
        wanted = value if flag(tested, "this") else call(Op.NOT, value)
        return Case(branches=((wanted, TRUE),), otherwise=Literal(value=False))
    raise refused(node)


def _like(node: exp.Expr, scope: Scope) -> Expr:
    pattern = bare(child(node, "expression"))
    if type(pattern) is not exp.Literal or not pattern.is_string:
        raise Refusal("sql.pattern", where=place_of(node))
    found = call(Op.LIKE, read(child(node, "this"), scope), Literal(value=str(pattern.this)))
    return call(Op.NOT, found) if flag(node, "negate") else found


def _case(node: exp.Expr, scope: Scope) -> Expr:
    tested = optional(node, "this")
    subject = read(tested, scope) if tested is not None else None
    branches: list[tuple[Expr, Expr]] = []
    for branch in children(node, "ifs"):
        only(branch, "this", "true")
        when = read(child(branch, "this"), scope)
        then = read(child(branch, "true"), scope)
        branches.append((when if subject is None else compared(Op.EQ, subject, when, branch, scope), then))
    default = optional(node, "default")
    return Case(branches=tuple(branches), otherwise=NULL if default is None else read(default, scope))


def _if(node: exp.Expr, scope: Scope) -> Expr:
    default = optional(node, "false")
    branch = (read(child(node, "this"), scope), read(child(node, "true"), scope))
    return Case(branches=(branch,), otherwise=NULL if default is None else read(default, scope))


def _nullif(node: exp.Expr, scope: Scope) -> Expr:
    one, other = _pair(node, scope)
    return Case(branches=((compared(Op.EQ, one, other, node, scope), NULL),), otherwise=one)


def _many(op: Op) -> Reader:
    def reader(node: exp.Expr, scope: Scope) -> Expr:
        parts = tuple(read(part, scope) for part in (child(node, "this"), *children(node, "expressions")))
        return parts[0] if len(parts) == 1 else call(op, *parts)

    return reader


def negated(expr: Expr) -> Expr:
    """Minus the expression; of a literal, the negative literal."""
    if isinstance(expr, Literal) and isinstance(expr.value, Fixed):
        return Literal(value=Fixed(units=-expr.value.units, scale=expr.value.scale))
    return call(Op.NEG, expr)


def _negative(node: exp.Expr, scope: Scope) -> Expr:
    return negated(read(child(node, "this"), scope))


READERS: dict[type[exp.Expr], tuple[tuple[str, ...], Reader]] = {
    exp.Column: (("this", "table"), _column),
    exp.Literal: (("this", "is_string"), _literal),
    exp.Boolean: (("this",), _boolean),
    exp.Null: ((), _null),
    exp.And: (("this", "expression"), _chain(Op.AND, exp.And)),
    exp.Or: (("this", "expression"), _chain(Op.OR, exp.Or)),
    exp.Not: (("this",), _not),
    exp.EQ: (("this", "expression"), _comparison(Op.EQ)),
    exp.NEQ: (("this", "expression"), _comparison(Op.NE)),
    exp.LT: (("this", "expression"), _comparison(Op.LT)),
    exp.LTE: (("this", "expression"), _comparison(Op.LE)),
    exp.GT: (("this", "expression"), _comparison(Op.GT)),
    exp.GTE: (("this", "expression"), _comparison(Op.GE)),
    exp.Between: (("this", "low", "high"), _between),
    exp.In: (("this", "expressions", "query"), _in),
    exp.Is: (("this", "expression"), _is),
    exp.Like: (("this", "expression", "negate"), _like),
    exp.Case: (("this", "ifs", "default"), _case),
    exp.If: (("this", "true", "false"), _if),
    exp.Nullif: (("this", "expression"), _nullif),
    exp.Coalesce: (("this", "expressions"), _many(Op.COALESCE)),
    exp.Least: (("this", "expressions", "ignore_nulls"), _many(Op.LEAST)),
    exp.Greatest: (("this", "expressions", "ignore_nulls"), _many(Op.GREATEST)),
    exp.Neg: (("this",), _negative),
}
"""Kinds of nodes, the parts each reader reads, and the reader. `functions` and `dates` add theirs."""
