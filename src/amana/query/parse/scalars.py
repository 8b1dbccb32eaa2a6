"""Subqueries that stand for one number: each is a question of its own, whose figure takes its place as a constant."""

from collections.abc import Callable
from typing import TypeAlias

from sqlglot import exp

from amana.catalog.schema import Schema
from amana.query.expr import Fixed
from amana.query.figures import is_one_number
from amana.query.parse.question import plan_of
from amana.query.parse.scope import Reading
from amana.query.parse.text import place_of
from amana.query.plan import Plan
from amana.terms.refusal import Refusal

SCALARS_MAX = 8
Scalar: TypeAlias = Callable[[Plan], Fixed | None]
"""The figure of a question that asks for one number; None for NULL."""


def with_constants(tree: exp.Expr, schema: Schema, scalar: Scalar) -> exp.Expr:
    """The tree with each such subquery replaced by its figure, the innermost first.

    Errors: Refusal sql.too_many_parts, sql.scalar_subquery for one that depends on the rows around it, or asks for anything but one figure.
    """
    found = [node for node in tree.find_all(exp.Subquery) if _stands_for_a_number(node)]
    if len(found) > SCALARS_MAX:
        raise Refusal("sql.too_many_parts", where=place_of(found[SCALARS_MAX]), parts_max=SCALARS_MAX)
    for node in reversed(found):
        node.replace(_constant(scalar(_question(node, schema))))
    return tree


def _stands_for_a_number(node: exp.Subquery) -> bool:
    """Whether the subquery is an operand or an argument (and not a source, a set of IN, or part of a UNION)."""
    around = node.parent
    return isinstance(around, exp.Binary | exp.Between | exp.Paren | exp.Neg | exp.Func) and not isinstance(around, exp.SubqueryPredicate)


def _question(node: exp.Subquery, schema: Schema) -> Plan:
    try:
        plan = plan_of(node.copy(), Reading(schema=schema))
    except Refusal as refusal:
        raise Refusal("sql.scalar_subquery", where=place_of(node)) from refusal
    if not is_one_number(plan):
        raise Refusal("sql.scalar_subquery", where=place_of(node))
    return plan


def _constant(value: Fixed | None) -> exp.Expr:
    if value is None:
        return exp.Null()
    digits = f"{abs(value.units):0{value.scale + 1}d}"
    number = exp.Literal.number(f"{digits[: -value.scale]}.{digits[-value.scale :]}" if value.scale else digits)
    return exp.Neg(this=number) if value.units < 0 else number
