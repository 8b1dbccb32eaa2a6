"""Expressions of the algebra that learners write: the cell of a row, its score, its gradient. Whole numbers throughout."""

from collections.abc import Sequence
from itertools import groupby, pairwise
from math import exp
from typing import assert_never

from amana.learn.problem import Problem, column_of
from amana.learn.texts import ROW, numbered, text_in
from amana.privacy.rounds import Measured
from amana.query.check import SUMS_MAX
from amana.query.expr import Among, Call, Case, Column, Expr, Fixed, Literal, Lookup, Op
from amana.query.plan import Filter, Plan, Project, Relation, RowSum
from amana.terms.model import UNIT, Feature, FeatureKind, Task

REACH = 8 * UNIT
"""Scores beyond this many logits count as this many."""
STEP = 16
"""Scores are told apart to 1/64 of a logit when their chance is looked up."""
HALF = UNIT // 2
CHANCES = tuple(round(UNIT / (1 + exp((REACH - place * STEP - STEP / 2) / UNIT))) for place in range(2 * REACH // STEP + 1))
AIM, GRADIENT = "y", "g"


def whole(units: int) -> Literal:
    """A whole number."""
    return Literal(value=Fixed(units=units))


def call(op: Op, *args: Expr) -> Call:
    return Call(op=op, args=args)


def between(value: Expr, low: int, high: int) -> Expr:
    """The value, or the nearer end where it is beyond."""
    return call(Op.GREATEST, call(Op.LEAST, value, whole(high)), whole(low))


def rows_with(problem: Problem, columns: Sequence[tuple[str, Expr]]) -> Project:
    """The rows whose target is known, with these columns and the target in 1/1024 (of its interval, or 0 and 1024); where there is a text,
    each with its number."""
    rows = problem.source
    if problem.target_missing:
        rows = Filter(source=rows, predicate=call(Op.NOT, call(Op.IS_NULL, column_of(problem.target))))
    if text_in(problem.features) is not None:
        rows, columns = numbered(rows, most=problem.rows_per_unit), (*columns, (ROW, Column(name=ROW)))
    return Project(source=rows, columns=(*columns, (AIM, _aim(problem))))


def _aim(problem: Problem) -> Expr:
    column = column_of(problem.target)
    if problem.task is Task.REGRESSION:
        low, width = (Literal(value=Fixed(units=units, scale=problem.decimals)) for units in (problem.low, problem.high - problem.low))
        return call(Op.COALESCE, call(Op.INT_DIV, call(Op.MUL, call(Op.SUB, column, low), whole(UNIT)), width), whole(0))
    if problem.positive in ("true", "false") and problem.boolean:
        yes, no = (UNIT, 0) if problem.positive == "true" else (0, UNIT)
        return Case(branches=((column, whole(yes)),), otherwise=whole(no))
    return Case(branches=((call(Op.EQ, column, Literal(value=problem.positive)), whole(UNIT)),), otherwise=whole(0))


def score_of(intercept: int, parts: Sequence[tuple[Expr, Sequence[int]]]) -> Expr:
    """Intercept and, for each part, the value at its cell. Units: 1/1024."""
    return added([whole(intercept), *(Lookup(index=cell, values=tuple(values)) for cell, values in parts)])


def added(terms: Sequence[Expr]) -> Expr:
    """The sum of one term or more, by pairs, so that many are not a deep expression."""
    left = list(terms)
    while len(left) > 1:
        left = [call(Op.ADD, *left[place : place + 2]) if place + 1 < len(left) else left[place] for place in range(0, len(left), 2)]
    return left[0]


def with_gradient(problem: Problem, rows: Relation, kept: Sequence[str], score: Expr, *, clip: int) -> Project:
    """The kept columns, and how far each row is from its score: at most `clip` in 1/1024."""
    aim = Column(name=AIM)
    if problem.task is Task.CLASSIFICATION:
        place = call(Op.INT_DIV, call(Op.ADD, between(score, -REACH, REACH), whole(REACH)), whole(STEP))
        distance: Expr = call(Op.SUB, aim, Lookup(index=place, values=CHANCES))
    else:
        distance = call(Op.SUB, aim, score)
    columns = tuple((name, Column(name=name)) for name in kept)
    return Project(source=rows, columns=(*columns, (GRADIENT, between(distance, -clip, clip))))


def sums_by(rows: Relation, key: str, *sums: Expr) -> Plan:
    """A plan: these sums for each value of that column; over all rows where it is empty."""
    keys = (("cell", Column(name=key)),) if key else ()
    return Plan(source=rows, keys=keys, sums=tuple(RowSum(value=value) for value in sums), figures=())


def sums_over(rows: Relation, sums: Sequence[RowSum]) -> list[Plan]:
    """These sums over all rows, in as many plans as they need."""
    parts = [tuple(sums[start : start + SUMS_MAX]) for start in range(0, len(sums), SUMS_MAX)]
    return [Plan(source=rows, keys=(), sums=part, figures=()) for part in parts]


def read_over(measured: Sequence[Measured]) -> tuple[list[float], Sequence[Measured]]:
    """(what the plans of `sums_over` gave, at the head of a round, the plans after them)."""
    alone = sum(not one.private.bounded.plan.keys for one in measured)
    return [column[0] for one in measured[:alone] for column in one.cells], measured[alone:]


def cell_of(feature: Feature, column: Expr, groups: Sequence[int], *, missing: bool) -> Expr:
    """The group of a row's cell; a text as it is. Shapes: `groups`, one for each cell of the feature."""
    match feature.kind:
        case FeatureKind.NUMBER:
            ends = [place for place, (one, other) in enumerate(pairwise(groups[:-1])) if one != other]
            cell = _below(feature, column, [feature.edges[end] for end in ends], [*(groups[end] for end in ends), groups[-2]])
        case FeatureKind.CHOICE:
            cell = _among(column, feature.members, groups)
        case FeatureKind.TEXT:
            return column
        case FeatureKind.BOOLEAN:
            cell = Case(branches=((column, whole(groups[1])),), otherwise=whole(groups[0]))
        case _:
            assert_never(feature.kind)
    if not missing:
        return cell
    return Case(branches=((call(Op.IS_NULL, column), whole(groups[-1])),), otherwise=cell)


def _below(feature: Feature, column: Expr, edges: Sequence[int], groups: Sequence[int]) -> Expr:
    """By halves, so that a row is compared with few edges."""
    if not edges:
        return whole(groups[0])
    middle = len(edges) // 2
    edge = Literal(value=Fixed(units=edges[middle], scale=feature.decimals))
    lower, upper = (
        _below(feature, column, *part) for part in ((edges[:middle], groups[: middle + 1]), (edges[middle + 1 :], groups[middle + 1 :]))
    )
    return Case(branches=((call(Op.LT, column, edge), lower),), otherwise=upper)


def _among(column: Expr, members: Sequence[str], groups: Sequence[int]) -> Expr:
    placed = sorted(zip(groups, members, strict=False), key=lambda pair: pair[0])
    together = {group: [member for _, member in pairs] for group, pairs in groupby(placed, key=lambda pair: pair[0])}
    rest = max(together, key=lambda group: len(together[group]))
    branches = tuple(
        (Among(value=column, members=tuple(Literal(value=member) for member in listed)), whole(group))
        for group, listed in together.items()
        if group != rest
    )
    return Case(branches=branches, otherwise=whole(rest)) if branches else whole(rest)


def leaf_of(splits: Sequence[tuple[int, tuple[int, ...]]]) -> Expr:
    """The sum of 2**level over the levels that say yes."""
    leaf: Expr = whole(0)
    for level, (place, yes) in enumerate(splits):
        says = Among(value=Column(name=f"c{place}"), members=tuple(whole(group) for group in yes))
        leaf = call(Op.ADD, leaf, Case(branches=((says, whole(1 << level)),), otherwise=whole(0)))
    return leaf
