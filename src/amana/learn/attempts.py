"""Rows that are attempts: beside the skill and what came of it, how often the same unit was right and wrong at that skill before.

The counts are running windows over all attempts of one privacy unit, so that a unit of which few attempts are kept is still known by
its whole past. Public facts only.
"""

from amana.catalog.domains import BooleanDomain
from amana.catalog.schema import Table
from amana.learn.problem import ALIAS, BOOLEANS, aim_of, column_in, column_of, learnable
from amana.learn.words import between, call, whole
from amana.query.expr import Case, Column, Expr, Literal, Op
from amana.query.plan import Project, Relation, Window, WindowFunction, WindowMeasure
from amana.terms.refusal import Refusal
from amana.terms.training import SEQUENCES, Specification

ATTEMPTS_KEPT = 8
"""Attempts that are kept of each unit where nobody says how many: what one unit changes grows with them as what is learned does."""
COUNTED_MAX = 32
"""More attempts before count as this many: a count has a cell for each."""
SKILLS_MAX = 500
RIGHT, WRONG = "successes", "failures"


def is_sequence(wanted: Specification) -> bool:
    """Whether rows are attempts, which the order of each unit's rows says more about."""
    return bool(wanted.skill or wanted.order) or wanted.learner == SEQUENCES


def features_of(wanted: Specification) -> tuple[str, str, str]:
    """The columns of an attempt that are predicted from."""
    names = {wanted.skill, wanted.target, wanted.order}
    right, wrong = (next(name for place in range(4) if (name := count + "_before" * place) not in names) for count in (RIGHT, WRONG))
    return wanted.skill, right, wrong


def attempts_of(wanted: Specification, rows: Relation, table: Table) -> Relation:
    """The attempts among those rows, whose columns are those of `table`, in columns "t.<column>": skill, counts before, target.

    Errors: Refusal learn.no_order, learn.not_right_or_wrong, learn.features_of_attempts, learn.skills_too_many, learn.no_column,
    learn.no_domain, learn.no_positive.
    """
    if not (wanted.skill and wanted.order) or len({wanted.skill.lower(), wanted.order.lower(), wanted.target.lower()}) < 3:
        raise Refusal("learn.no_order")
    if wanted.features:
        raise Refusal("learn.features_of_attempts", skill=wanted.skill)
    skill, order, target = (column_in(table, name) for name in (wanted.skill, wanted.order, wanted.target))
    learnable(table, skill)
    aimed = learnable(table, target)
    *_, positive = aim_of(table, target, aimed, wanted.positive)
    if not positive:
        raise Refusal("learn.not_right_or_wrong", column=target.name)
    right: Expr = column_of(target.name)
    if not isinstance(aimed, BooleanDomain):
        right = call(Op.EQ, right, Literal(value=positive))
    elif positive != BOOLEANS[0]:
        right = call(Op.NOT, right)
    _, *names = features_of(wanted)
    outcomes = [Case(branches=((is_so, whole(1)),), otherwise=whole(0)) for is_so in (right, call(Op.NOT, right))]
    by, over = ((column_of(order.name), False),), (column_of(skill.name),)
    measures = tuple(
        WindowMeasure(name=f"{ALIAS}.{name}", function=WindowFunction.SUM, value=outcome, partition=over, order=by)
        for name, outcome in zip(names, outcomes, strict=True)
    )
    own = [(f"{ALIAS}.{name}", column_of(name)) for name in (skill.name, target.name)]
    counts = [
        (measure.name, between(call(Op.SUB, Column(name=measure.name), outcome), 0, COUNTED_MAX))  # a running sum holds its own row
        for measure, outcome in zip(measures, outcomes, strict=True)
    ]
    return Project(source=Window(source=_without(rows, table, names), measures=measures), columns=(own[0], *counts, own[1]))


def _without(rows: Relation, table: Table, names: list[str]) -> Relation:
    """The rows without columns that are named as the counts are."""
    if not any(column.name in names for column in table.columns):
        return rows
    kept = [f"{ALIAS}.{column.name}" for column in table.columns if column.name not in names]
    return Project(source=rows, columns=tuple((name, Column(name=name)) for name in kept))
