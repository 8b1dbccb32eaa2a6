"""Training and synthesis: from a declared specification to a model or a table, of which only noisy sums ever left."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING, TypeAlias, assert_never, final

import structlog

from amana.catalog.schema import Schema
from amana.client.forecast_file import write_forecast
from amana.client.model_file import write_model
from amana.client.precision import MODEL_SHARE
from amana.node.asking import Leave, Open, cap_of, local_leave
from amana.node.spending import balance_of
from amana.policy.permit import Permit
from amana.privacy.kernel import Training
from amana.privacy.price import price_course
from amana.privacy.rounds import CourseTaken, plan_course, train
from amana.query.infer import columns_of
from amana.query.parse import parse
from amana.query.plan import Relation
from amana.terms.canonical import canonical_bytes
from amana.terms.forecast import Forecast
from amana.terms.ids import Digest, NanoRho, VersionId
from amana.terms.model import Model
from amana.terms.refusal import Refusal
from amana.terms.training import Forecasting, Specification, Synthesis
from amana.terms.training_facts import Metric

if TYPE_CHECKING:
    from amana.learn.synthetic_table import SyntheticTable
    from amana.learn.wanted import Rows, WantedModel, WantedTable
    from amana.learn.wanted_forecast import WantedForecast

Wanted: TypeAlias = Specification | Synthesis | Forecasting
Sign: TypeAlias = Callable[[int, bytes], str]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What it cost, of what, and where the log tells of it. Units: nano-rho; `course_nrho`: what was paid for it when it was first taken;
    `rows_per_unit`: rows kept of each privacy unit; `seconds`: from the charge to the release, by public facts."""

    cost_nrho: NanoRho
    course_nrho: NanoRho
    cap_nrho: NanoRho
    spent_nrho: NanoRho
    recalled: bool
    version: VersionId
    digest: Digest
    dataset: str
    unit: str
    rows_per_unit: int
    project: str
    permit: str
    purpose: str
    entry: int
    rounds: int
    seconds: float


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """`receipt`: of the training, as JSON; it commits to the text of the model file."""

    model: Model
    specification: Specification
    metrics: tuple[Metric, ...]
    spent: Spent
    custodian: str
    receipt: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Synthesised:
    """`receipt`: of the synthesis, as JSON; it commits to the table as CSV."""

    table: "SyntheticTable"
    csv: str
    synthesis: Synthesis
    spent: Spent
    receipt: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Forecasted:
    """`receipt`: of the training, as JSON; it commits to the file of the forecast."""

    forecast: Forecast
    specification: Forecasting
    spent: Spent
    custodian: str
    receipt: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """Before anything is spent: what it would cost, of what, after how many seconds it leaves, and how well the quality of a model would
    be known, as half of a 95 % interval."""

    cost_nrho: NanoRho
    cap_nrho: NanoRho
    spent_nrho: NanoRho
    seconds: float
    rounds: int
    learner: str
    half: float | None


@final
class Learning:
    """The use cases of training on one data folder. `sign`: the receipt of an entry of the log, committed to what leaves under it.
    Errors: Refusal or Fault only."""

    def __init__(self, dataset: Callable[[str], Open], *, sign: Sign) -> None:
        self._dataset, self._sign = dataset, sign

    def train(
        self,
        wanted: Specification,
        *,
        share: str = MODEL_SHARE,
        leave: Leave = local_leave,
        admit: Callable[[Permit], None] = lambda _: None,
    ) -> Trained:
        """A model, for that share of the lifetime budget at most. The same specification again is free. `admit`: refuses, before anything
        is spent, what could not be kept under that permit."""
        opened, cap = self._opened(wanted, share)
        dataset = opened.version.dataset
        permitted = leave.find(dataset)  # before the specification is judged: what fits is for those with leave
        admit(permitted)
        learner = _model(wanted, opened, cap)
        training = Training(permit=permitted, version=opened.version, choice=learner.choice)
        taken, spent = _taken(wanted, training, learner, opened, leave)
        model = learner.finish(taken.rounds)
        return Trained(
            model=model,
            specification=wanted,
            metrics=learner.quality(taken.rounds),
            spent=spent,
            custodian=dataset.custodian,
            receipt=self._sign(spent.entry, write_model(model).encode()),
        )

    def synthesise(self, wanted: Synthesis, *, share: str = MODEL_SHARE, leave: Leave = local_leave) -> Synthesised:
        """A synthetic table, likewise."""
        opened, cap = self._opened(wanted, share)
        permitted = leave.find(opened.version.dataset)
        maker = _table(wanted, opened, cap)
        training = Training(permit=permitted, version=opened.version, choice=maker.choice, kind="synthesise")
        taken, spent = _taken(wanted, training, maker, opened, leave)
        table = maker.finish(taken.rounds, chance=Random(f"{taken.digest} {wanted.seed}"))  # noqa: S311 - public randomness
        csv = table.csv()
        return Synthesised(table=table, csv=csv, synthesis=wanted, spent=spent, receipt=self._sign(spent.entry, csv.encode()))

    def forecast(
        self,
        wanted: Forecasting,
        *,
        share: str = MODEL_SHARE,
        leave: Leave = local_leave,
        admit: Callable[[Permit], None] = lambda _: None,
    ) -> Forecasted:
        """A forecast, likewise; the log tells of it as of a training. `admit`: as of a model."""
        opened, cap = self._opened(wanted, share)
        dataset = opened.version.dataset
        permitted = leave.find(dataset)
        admit(permitted)
        learner = _forecaster(wanted, opened, cap)
        training = Training(permit=permitted, version=opened.version, choice=learner.choice)
        taken, spent = _taken(wanted, training, learner, opened, leave)
        forecast = learner.finish(taken.rounds)
        return Forecasted(
            forecast=forecast,
            specification=wanted,
            spent=spent,
            custodian=dataset.custodian,
            receipt=self._sign(spent.entry, write_forecast(forecast).encode()),
        )

    def foresee(self, wanted: Wanted, *, share: str = MODEL_SHARE) -> Foreseen:
        """What it would cost and when it would be there; nothing is spent, no data is touched and no permit needed."""
        opened, cap = self._opened(wanted, share)
        dataset, balance = opened.version.dataset, balance_of(opened)
        learner = _learner(wanted, opened, cap)
        nobody = Training(permit=local_leave.find(dataset), version=opened.version, choice=learner.choice)
        priced, seconds = plan_course(nobody, learner, opened.kernel)
        return Foreseen(
            cost_nrho=priced.nano_rho,
            cap_nrho=balance.cap_nrho,
            spent_nrho=balance.spent_nrho,
            seconds=seconds,
            rounds=len(learner.course.rounds),
            learner=learner.name,
            half=learner.half,
        )

    def _opened(self, wanted: Wanted, share: str) -> tuple[Open, NanoRho]:
        opened = self._dataset(wanted.dataset)
        return opened, cap_of(share, opened, uses=1).nano_rho


def _taken(
    wanted: Wanted, training: Training, learner: "WantedModel | WantedTable | WantedForecast", opened: Open, leave: Leave
) -> tuple[CourseTaken, Spent]:
    """The sums of the course; the log commits to who asks for what."""
    begun, balance, dataset = time.perf_counter(), balance_of(opened), opened.version.dataset
    with opened.record.sealing(person=leave.person, sql=canonical_bytes(wanted).decode()) as sealed:
        taken = train(replace(training, sealed=sealed), learner, opened.kernel)
    structlog.get_logger("amana.node").info(
        training.kind, digest=taken.digest, version=opened.version.id, recalled=taken.recalled, cost_nrho=taken.cost_nrho,
        rounds=len(taken.rounds), answer_ms=round(1e3 * (time.perf_counter() - begun), 1),
    )  # fmt: skip
    return taken, Spent(
        cost_nrho=taken.cost_nrho,
        course_nrho=price_course(learner.course).nano_rho,
        cap_nrho=balance.cap_nrho,
        spent_nrho=NanoRho(balance.spent_nrho + taken.cost_nrho),
        recalled=taken.recalled,
        version=opened.version.id,
        digest=taken.digest,
        dataset=dataset.name,
        unit=dataset.schema.unit,
        rows_per_unit=learner.rows_per_unit,
        project=training.permit.project,
        permit=training.permit.id,
        purpose=training.permit.purpose,
        entry=taken.included.index,
        rounds=len(taken.rounds),
        seconds=plan_course(training, learner, opened.kernel)[1],
    )


def _model(wanted: Specification, opened: Open, cap: NanoRho) -> "WantedModel":
    from amana.learn.wanted import model_wanted  # NumPy is loaded by who learns

    return model_wanted(wanted, _rows(wanted, opened), nano_rho=cap, groups_max=opened.kernel.groups_max)


def _table(wanted: Synthesis, opened: Open, cap: NanoRho) -> "WantedTable":
    from amana.learn.wanted import table_wanted

    return table_wanted(wanted, _rows(wanted, opened), nano_rho=cap)


def _forecaster(wanted: Forecasting, opened: Open, cap: NanoRho) -> "WantedForecast":
    from amana.learn.wanted_forecast import forecast_wanted

    return forecast_wanted(wanted, _rows(wanted, opened), opened.version.dataset.schema, nano_rho=cap)


def _learner(wanted: Wanted, opened: Open, cap: NanoRho) -> "WantedModel | WantedTable | WantedForecast":
    match wanted:
        case Specification():
            return _model(wanted, opened, cap)
        case Synthesis():
            return _table(wanted, opened, cap)
        case Forecasting():
            return _forecaster(wanted, opened, cap)
        case _:
            assert_never(wanted)


def _rows(wanted: Wanted, opened: Open) -> "Rows":
    """The rows that are meant: of a table, or those that a query makes of private tables."""
    from amana.learn.wanted import rows_wanted

    schema, source = opened.version.dataset.schema, None
    if wanted.sql:
        if wanted.table:
            raise Refusal("learn.table_and_sql")
        source = _source(wanted.sql, schema)
    return rows_wanted(wanted, schema, opened.profile, source=source)


def _source(sql: str, schema: Schema) -> Relation:
    """The rows that a SELECT makes, their columns named "t.<column>". A refusal points into that SELECT."""
    try:
        plan = parse(f"SELECT COUNT(*) AS n FROM (\n{sql.strip().rstrip(';')}\n) AS t", schema)  # noqa: S608 - read by the parser, never run
    except Refusal as refusal:
        if refusal.where is None:
            raise
        where = replace(refusal.where, line=max(1, refusal.where.line - 1))
        raise Refusal(refusal.code, where=where, **dict(refusal.parameters)) from None
    columns = columns_of(plan.source, schema)
    if plan.keys or plan.order or plan.having or plan.limit is not None or not all(name.startswith("t.") for name in columns):
        raise Refusal("sql.not_one_select")
    return plan.source
