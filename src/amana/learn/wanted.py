"""From what is asked for to a learner of it: which rows, which columns, how many rows of each unit. Public facts only."""

from dataclasses import dataclass, replace
from math import ceil, isfinite
from random import Random
from typing import final

import numpy as np

from amana.catalog.domains import ChoiceDomain
from amana.catalog.profile import Histogram, Profile
from amana.catalog.schema import Column, Schema, Table
from amana.learn.assessed import QUALITY_SHARE, Assessed, assessed
from amana.learn.attempts import ATTEMPTS_KEPT, SKILLS_MAX, attempts_of, features_of, is_sequence
from amana.learn.choose import learner_for
from amana.learn.fairness import fairness_of
from amana.learn.foreseen import Expected, expected_of, half_width, loss_within
from amana.learn.problem import ALIAS, BOOLEANS, Problem, column_in, problem_of
from amana.learn.quality import CELLS_PER_MEMBER, Quality, Score
from amana.learn.synthesis import synthesis_of
from amana.learn.synthetic import Synthesiser
from amana.learn.synthetic_table import SyntheticTable
from amana.learn.texts import GRAMS, text_in
from amana.privacy.bound import Choice
from amana.privacy.rounds import Measure, Rounds
from amana.query.check import JOINED_ROWS_MAX, is_ranked
from amana.query.infer import columns_of, rows_of
from amana.query.plan import Relation, Scan
from amana.query.tables import scans_of, table_of
from amana.terms.course import Course
from amana.terms.ids import NanoRho
from amana.terms.model import Model
from amana.terms.precision import read_precision
from amana.terms.refusal import Refusal
from amana.terms.training import AUTO, SEQUENCES, Forecasting, Specification, Synthesis
from amana.terms.training_facts import EVERY_GROUP, Metric

ROWS_MAX = 1_000_000
"""Of a synthetic table, where nobody says how many."""
VALUES_MAX = 20_000_000
"""Rows times columns of a synthetic table."""
FEATURES_MAX, COLUMNS_MAX = 128, 64
"""Columns that one model predicts from; columns of a synthetic table. The time of a round grows with them (of a table with their square),
and each is a sum more to pay for."""
PLANS_MAX = 65
"""Of a first round: each is checked and bounded against all columns, so that time grows with both."""
LOSS_MIN = NanoRho(100_000)
"""With less, some sums of a round would have no share at all."""
LEARN_FORMAT = 3
"""Raised when learners propose other things for the same problem: what was kept before is then not read as something else."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Where rows come from: a relation whose columns are named "t.<column>", as a table of such columns; how many privacy units and rows
    there are, by the profile; how many rows of each unit are kept, and how. `histograms`: of its columns, where it is a table."""

    source: Relation
    table: Table
    units: float
    rows: float
    rows_per_unit: int
    choice: Choice
    histograms: tuple[tuple[str, Histogram], ...] = ()


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class WantedModel:
    """A learner with the bounds of its scans. `half`: of the 95 % interval of its quality, as public facts foretell it; None where
    too few rows are expected for anything to be told."""

    assessed: Assessed
    choice: Choice
    course: Course
    half: float | None

    @property
    def name(self) -> str:
        """Of the learner that was asked for, or chosen."""
        return self.assessed.learner.name

    @property
    def rows_per_unit(self) -> int:
        """Rows kept of each privacy unit."""
        return self.assessed.learner.problem.rows_per_unit

    def propose(self, done: Rounds) -> tuple[Measure, ...]:
        """See `privacy.rounds.Learner`."""
        return self.assessed.propose(done)

    def finish(self, done: Rounds) -> Model:
        """The model of a whole course."""
        return self.assessed.finish(done)

    def quality(self, done: Rounds) -> tuple[Metric, ...]:
        """How good it is, for everybody and for each member of the groups."""
        found = self.assessed.quality(done)
        told = [metric for quality in found for metric in _metrics(quality)]
        return (*told, *(_metric(score, column, EVERY_GROUP) for column, scores in fairness_of(found).items() for score in scores))


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class WantedTable:
    """A maker of synthetic rows with the bounds of its scans. `rows`: how many, where nobody says; `rows_per_unit`: kept of each unit."""

    maker: Synthesiser
    choice: Choice
    course: Course
    rows: int
    rows_per_unit: int
    name: str = "synthetic"
    half: None = None

    def propose(self, done: Rounds) -> tuple[Measure, ...]:
        """See `privacy.rounds.Learner`."""
        return self.maker.propose(done)

    def finish(self, done: Rounds, *, chance: Random) -> SyntheticTable:
        """The rows that were asked for."""
        return self.maker.finish(done, rows=self.rows, chance=np.random.default_rng(chance.getrandbits(128)))


def rows_wanted(wanted: Specification | Synthesis | Forecasting, schema: Schema, profile: Profile, *, source: Relation | None) -> Rows:
    """The rows of the table that is named, or of the dataset's only private one; or those of `source`, which a query gave. Of attempts
    with what came before them.

    Errors: Refusal learn.no_table, learn.rows_per_unit, and those of `attempts_of`.
    """
    relation = source if source is not None else Scan(table=_table(wanted.table, wanted.dataset, schema).name, alias=ALIAS)
    made, plain = _visible(relation, schema), 1
    if isinstance(wanted, Specification) and is_sequence(wanted):
        relation = attempts_of(wanted, relation, made)
        made, plain = _visible(relation, schema), ATTEMPTS_KEPT
    private = [table for scan in scans_of(relation) if (table := table_of(scan, schema)).private]
    known = [each for table in private if (each := profile.table(table.name)) is not None]
    most = rows_of(relation, schema)
    kept = min(wanted.rows_per_unit or plain, most)
    units = min((each.units for each in known), default=1.0)
    rows = min(max((each.rows for each in known), default=1.0), units * kept)
    if isinstance(relation, Scan):
        choice = Choice(keep=((ALIAS, kept),))
    elif is_ranked(relation):
        choice = Choice(left=kept)
    elif most > kept:
        raise Refusal("learn.rows_per_unit", most=most, unit=schema.unit)
    else:
        choice = Choice()
    return Rows(
        source=relation,
        table=made,
        units=max(1.0, units),
        rows=max(1.0, rows),
        rows_per_unit=kept,
        choice=choice,
        histograms=known[0].columns if isinstance(relation, Scan) and known else (),
    )


def _visible(relation: Relation, schema: Schema) -> Table:
    """The columns of a relation, but for those that name units, as a table of its own."""
    columns = tuple(
        Column(name=name.removeprefix(f"{ALIAS}."), domain=info.domain)
        for name, info in columns_of(relation, schema).items()
        if not info.unit
    )
    return Table(name=relation.table if isinstance(relation, Scan) else "SELECT", private=True, columns=columns)


def model_wanted(wanted: Specification, rows: Rows, *, nano_rho: NanoRho, groups_max: int) -> WantedModel:
    """The learner of a specification, at that loss, or at the smallest that lets its quality be known as precisely as is asked.
    `groups_max`: of one plan.

    Errors: Refusal learn.*: a column that is not there or has no declared domain, a target of another kind, an unknown learner, a
    precision beyond that loss; budget.precision_malformed.
    """
    sequence = is_sequence(wanted)
    problem = problem_of(
        rows.table,
        source=rows.source,
        target=wanted.target,
        positive=wanted.positive,
        features=features_of(wanted) if sequence else wanted.features,
        rows_per_unit=rows.rows_per_unit,
        units=rows.units,
    )
    check_size(len(problem.features), nano_rho, most=FEATURES_MAX)
    _check_plans(problem, SEQUENCES if sequence and wanted.learner == AUTO else wanted.learner, nano_rho=nano_rho)
    if sequence and problem.features[0].cells - 1 > SKILLS_MAX:
        raise Refusal("learn.skills_too_many", column=wanted.skill, count=problem.features[0].cells - 1, most=SKILLS_MAX)
    if wanted.task and problem.task.value != wanted.task:
        raise Refusal("learn.other_task", column=wanted.target, task=f"word.task.{problem.task.value}")
    names = [feature.name for feature in problem.features if feature.grams is None]
    unknown = next((name for name in wanted.groups if name not in names), None)
    if unknown is not None:
        raise Refusal("learn.group_not_used", column=unknown, columns=", ".join(names)[:1000])
    every = [feature.name for feature in problem.features]
    groups = tuple(every.index(name) for name in dict.fromkeys(wanted.groups))
    members, members_max = max((problem.features[place].cells for place in groups), default=0), groups_max // CELLS_PER_MEMBER
    if members > members_max:
        raise Refusal("learn.too_many", count=members, most=members_max, what="word.learn.members")
    named = SEQUENCES if sequence and wanted.learner == AUTO else wanted.learner
    expected, plans = _expected(problem, rows), 1 + len(groups)
    if wanted.within:
        nano_rho = _within(wanted.within, problem, expected, plans=plans, most=nano_rho)
    learner = assessed(problem, named, nano_rho=nano_rho, groups=groups, seed=wanted.seed)
    half = half_width(problem, expected, plans=plans, nano_rho=learner.nano_rho)
    course = versioned(learner.course)
    return WantedModel(assessed=learner, choice=_choice(rows, problem), course=course, half=half if isfinite(half) else None)


def _choice(rows: Rows, problem: Problem) -> Choice:
    """The bounds of the scans; where a text is read the learner itself keeps few rows of each unit, before each stands in many buckets.

    Errors: Refusal learn.text_of_groups, learn.too_many.
    """
    place = text_in(problem.features)
    if place is None:
        return rows.choice
    if not is_ranked(rows.source):
        raise Refusal("learn.text_of_groups", column=problem.features[place].name)
    most = JOINED_ROWS_MAX // GRAMS.most
    if problem.rows_per_unit > most:
        raise Refusal("learn.too_many", count=problem.rows_per_unit, most=most, what="word.learn.rows")
    return replace(rows.choice, left=None)


def table_wanted(wanted: Synthesis, rows: Rows, *, nano_rho: NanoRho) -> WantedTable:
    """The maker of a synthetic table. Errors: Refusal learn.*, as of `model_wanted`."""
    synthesis = synthesis_of(rows.table, source=rows.source, columns=wanted.columns, target=wanted.target or None, nano_rho=nano_rho)
    check_size(len(synthesis.names), nano_rho, most=COLUMNS_MAX)
    maker, count = Synthesiser(synthesis=synthesis), wanted.rows or min(ROWS_MAX, round(rows.rows))
    if count * len(synthesis.names) > VALUES_MAX:
        raise Refusal("learn.too_many", count=count, most=VALUES_MAX // len(synthesis.names), what="word.learn.rows")
    return WantedTable(maker=maker, choice=rows.choice, course=versioned(maker.course), rows=count, rows_per_unit=rows.rows_per_unit)


def check_size(columns: int, nano_rho: NanoRho, *, most: int) -> None:
    """Errors: Refusal learn.too_many, budget.precision_unreachable."""
    if columns > most:
        raise Refusal("learn.too_many", count=columns, most=most, what="word.learn.columns")
    if nano_rho < LOSS_MIN:
        raise Refusal("budget.precision_unreachable", reason="word.imprecise.scale")


def _expected(problem: Problem, rows: Rows) -> Expected:
    domain = column_in(rows.table, problem.target).domain
    members = domain.members if isinstance(domain, ChoiceDomain) else BOOLEANS
    code = members.index(problem.positive) if problem.positive else 0
    return expected_of(problem, dict(rows.histograms).get(problem.target), code=code, rows=rows.rows)


def _within(within: str, problem: Problem, expected: Expected, *, plans: int, most: NanoRho) -> NanoRho:
    """What the whole course costs. Errors: Refusal learn.not_within, budget.precision_malformed."""
    asked, all_of = float(read_precision(within).amount), NanoRho(int(most * QUALITY_SHARE))
    needed = loss_within(problem, expected, asked, plans=plans, most=all_of)
    if needed is None:
        reached = half_width(problem, expected, plans=plans, nano_rho=all_of)
        raise Refusal("learn.not_within", within=within, reached=f"{reached:.3g}" if reached < 1 else "–")
    return NanoRho(min(most, max(LOSS_MIN, ceil(needed / QUALITY_SHARE))))


def _check_plans(problem: Problem, name: str, *, nano_rho: NanoRho) -> None:
    """More columns than can have a plan each are for learners that ask for numbers all at once, and few of them may be choices."""
    if len(problem.features) <= COLUMNS_MAX:
        return
    if len(learner_for(problem, name, nano_rho=nano_rho).propose(())) > PLANS_MAX:
        raise Refusal("learn.too_many", count=len(problem.features), most=COLUMNS_MAX, what="word.learn.columns")


def versioned(course: Course) -> Course:
    """The course of today's learners."""
    return replace(course, name=f"{LEARN_FORMAT} {course.name}")


def _table(name: str, dataset: str, schema: Schema) -> Table:
    private = [table for table in schema.tables if table.private]
    found = [table for table in private if table.name.lower() == name.lower()] if name else private
    if len(found) != 1:
        raise Refusal("learn.no_table", dataset=dataset, tables=", ".join(table.name for table in private))
    return found[0]


def _metrics(quality: Quality) -> list[Metric]:
    return [_metric(score, quality.group, (quality.member or "–") if quality.group else "") for score in quality.scores]


def _metric(score: Score, column: str, group: str) -> Metric:
    return Metric(name=score.metric, value=score.value, low=score.low, high=score.high, column=column, group=group)
