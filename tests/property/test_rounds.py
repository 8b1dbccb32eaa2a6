"""Rounds under one charge: what they cost, what a learner can and cannot do, and that nothing leaves before all is durable."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amana.engines.reference import ReferenceEngine
from amana.privacy import rounds
from amana.privacy.bound import Choice
from amana.privacy.kernel import Training
from amana.privacy.ledger import Ledger
from amana.privacy.loss import loss_of
from amana.privacy.price import price_course
from amana.privacy.rounds import Measure, Rounds, plan_course, train
from amana.query.check import ONE
from amana.query.expr import Call, Column, Expr, Fixed, Literal, Lookup, Op
from amana.query.plan import Join, JoinKind, Plan, Project, RowSum, Scan
from amana.terms.course import Course, RoundCap
from amana.terms.ids import NanoRho
from amana.terms.refusal import Fault, Refusal
from tests.databases import SCHEMA as CLINIC
from tests.databases import grown, republish
from tests.parts import COUNT_VISITS, FakeClock, FakeEngine, FakeLog, balance_of, kernel, leave, ledger_at, version

CAPS = (RoundCap(nano_rho=NanoRho(300_000), cells_max=4, nodes_max=50), RoundCap(nano_rho=NanoRho(700_000), cells_max=4, nodes_max=50))


@dataclass
class Counting:
    """Counts all visits once a round; `asks` may say otherwise. Remembers what it was shown."""

    caps: tuple[RoundCap, ...] = CAPS
    asks: Callable[[Rounds], tuple[Measure, ...]] | None = None
    shown: list[Rounds] = field(default_factory=list)

    @property
    def course(self) -> Course:
        return Course(name="counting", rounds=self.caps)

    def propose(self, done: Rounds) -> tuple[Measure, ...]:
        self.shown.append(done)
        if self.asks is not None:
            return self.asks(done)
        return (Measure(plan=COUNT_VISITS, nano_rho=self.caps[len(done)].nano_rho),)


def training(cap_nrho: int = 10**9) -> Training:
    of = version(cap_nrho=cap_nrho)
    return Training(permit=leave(of), version=of, choice=Choice())


def counted() -> FakeEngine:
    return FakeEngine(cells={(): (1000,)})


def test_the_whole_course_is_charged_before_the_data_is_touched_and_logged_as_one_use() -> None:
    use, log, engine = training(), FakeLog(), counted()
    with ledger_at(":memory:", use.version) as ledger:
        engine.before = lambda: spent.append(balance_of(ledger, use.version).spent_nrho)
        spent: list[int] = []
        taken = train(use, Counting(), kernel(ledger, engine, log=log))
        assert balance_of(ledger, use.version).spent_nrho == taken.cost_nrho == 1_000_000
    assert spent == [1_000_000, 1_000_000]
    assert [(entry.verb, entry.cost_nrho, entry.cost_delta) for entry in log.entries] == [("train", 1_000_000, 0)]
    assert len(taken.rounds) == 2 and all(len(done) == 1 for done in taken.rounds)


def test_a_learner_sees_noisy_sums_of_earlier_rounds_and_the_result_is_exactly_what_it_saw() -> None:
    use, learner = training(), Counting()
    with ledger_at(":memory:", use.version) as ledger:
        taken = train(use, learner, kernel(ledger, counted()))
    assert learner.shown[0] == ()
    assert all(done == taken.rounds[: len(done)] for done in learner.shown)
    values = [done[0].cells[0][0] for done in taken.rounds]
    scales = [done[0].private.scales[0] for done in taken.rounds]
    assert all(abs(value - 1000) < 40 * scale for value, scale in zip(values, scales, strict=True))
    assert values != [1000, 1000] or min(scales) < 1


def test_the_same_course_again_gives_the_same_sums_at_no_cost_and_is_a_use_in_the_log() -> None:
    use, log, engine = training(), FakeLog(), counted()
    with ledger_at(":memory:", use.version) as ledger:
        parts = kernel(ledger, engine, log=log)
        first, again = train(use, Counting(), parts), train(use, Counting(), parts)
        assert balance_of(ledger, use.version).spent_nrho == 1_000_000
    assert again.rounds == first.rounds and again.recalled and not first.recalled and again.cost_nrho == 0
    assert [(entry.verb, entry.cost_nrho) for entry in log.entries] == [("train", 1_000_000), ("train", 0)] and len(engine.runs) == 2


def test_a_learner_that_asks_for_something_else_since_is_not_given_what_was_kept() -> None:
    use, engine = training(), counted()

    def other(done: Rounds) -> tuple[Measure, ...]:
        plan = replace(COUNT_VISITS, sums=(RowSum(value=Column(name="v.stay")),), figures=()) if done else COUNT_VISITS
        return (Measure(plan=plan, nano_rho=CAPS[len(done)].nano_rho),)

    with ledger_at(":memory:", use.version) as ledger:
        train(use, Counting(), kernel(ledger, engine))
        with pytest.raises(Refusal, match="course_changed"):
            train(use, Counting(asks=other), kernel(ledger, engine))
        assert balance_of(ledger, use.version).spent_nrho == 1_000_000 and len(engine.runs) == 2


def test_a_course_of_nothing_or_of_less_is_refused() -> None:
    for caps in (
        (),
        (RoundCap(nano_rho=NanoRho(1000), cells_max=1, nodes_max=9), RoundCap(nano_rho=NanoRho(-900), cells_max=1, nodes_max=9)),
    ):
        with pytest.raises(Refusal, match="unreachable"):
            price_course(Course(name="", rounds=caps))


def test_rows_that_take_longer_to_make_are_given_longer_or_refused() -> None:
    use = training()
    visits, patients = Scan(table="visits", alias="v"), Scan(table="visits", alias="w")
    joined = Join(left=visits, right=patients, kind=JoinKind.INNER, on=(("v.patient", "w.patient"),))
    seconds = []
    for source in (visits, joined):
        learner = Counting(
            asks=lambda done, source=source: (Measure(plan=replace(COUNT_VISITS, source=source), nano_rho=CAPS[len(done)].nano_rho),)
        )  # type: ignore[misc]
        with ledger_at(":memory:", use.version) as ledger:
            seconds.append(plan_course(use, learner, kernel(ledger, counted()))[1])
    assert seconds[1] > seconds[0]


@pytest.mark.parametrize("other", [Choice(keep=(("v", 2),)), Choice(keep=(("v", 3),))])
def test_other_bounds_are_another_course(other: Choice) -> None:
    use = training()
    with ledger_at(":memory:", use.version) as ledger:
        parts = kernel(ledger, counted())
        train(use, Counting(), parts)
        assert not train(replace(use, choice=other), Counting(), parts).recalled


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=6))
def test_a_course_costs_what_its_rounds_may_cost_and_its_event_says_so(costs: list[int]) -> None:
    course = Course(name="", rounds=tuple(RoundCap(nano_rho=NanoRho(cost), cells_max=1, nodes_max=1) for cost in costs))
    priced = price_course(course)
    assert priced.nano_rho == sum(costs) == loss_of(priced.events)[0] and priced.delta_units == 0


def too_dear(done: Rounds) -> tuple[Measure, ...]:
    return (Measure(plan=COUNT_VISITS, nano_rho=NanoRho(300_001 if not done else 700_001)),)


def twice(done: Rounds) -> tuple[Measure, ...]:
    return (Measure(plan=COUNT_VISITS, nano_rho=CAPS[len(done)].nano_rho),) * 2


def too_wide(done: Rounds) -> tuple[Measure, ...]:
    return (Measure(plan=by("region", 6), nano_rho=CAPS[len(done)].nano_rho),)


def unlisted(done: Rounds) -> tuple[Measure, ...]:
    return (Measure(plan=replace(COUNT_VISITS, keys=(("note", Column(name="v.note")),)), nano_rho=CAPS[len(done)].nano_rho),)


def failing(done: Rounds) -> tuple[Measure, ...]:
    raise ValueError(f"row 17 is {done}")


def by(name: str, cells: int) -> Plan:
    index = Call(op=Op.MOD, args=(Column(name="v.stay"), Literal(value=Fixed(units=cells))))
    return replace(COUNT_VISITS, keys=((name, Call(op=Op.ABS, args=(index,))),))


@pytest.mark.parametrize("asks", [too_dear, twice, too_wide, unlisted, failing])
def test_a_first_round_beyond_its_course_is_never_paid(asks: Callable[[Rounds], tuple[Measure, ...]]) -> None:
    use, engine = training(), counted()
    with ledger_at(":memory:", use.version) as ledger:
        with pytest.raises((Refusal, Fault, ValueError)):
            train(use, Counting(asks=asks), kernel(ledger, engine))
        assert balance_of(ledger, use.version).spent_nrho == 0 and engine.runs == []


@pytest.mark.parametrize("asks", [too_dear, twice, too_wide, unlisted, failing])
def test_a_later_round_beyond_its_course_is_a_fault_that_says_nothing_and_the_charge_stands(
    asks: Callable[[Rounds], tuple[Measure, ...]],
) -> None:
    use, engine, clock = training(), counted(), FakeClock()

    def later(done: Rounds) -> tuple[Measure, ...]:
        return asks(done) if done else (Measure(plan=COUNT_VISITS, nano_rho=CAPS[0].nano_rho),)

    with ledger_at(":memory:", use.version) as ledger:
        with pytest.raises(Fault) as raised:
            train(use, Counting(asks=later), kernel(ledger, engine, clock=clock))
        assert balance_of(ledger, use.version).spent_nrho == 1_000_000 and len(engine.runs) == 1
    assert raised.value.__cause__ is raised.value.__context__ is None and "row" not in str(raised.value)


def test_a_course_beyond_what_is_left_is_refused_before_anything_is_measured() -> None:
    use, engine, log = training(cap_nrho=999_999), counted(), FakeLog()
    with ledger_at(":memory:", use.version) as ledger, pytest.raises(Refusal, match="population_exhausted"):
        train(use, Counting(), kernel(ledger, engine, log=log))
    assert engine.runs == [] and log.entries == []


def test_sums_leave_at_a_time_fixed_before_the_run_whatever_was_found() -> None:
    left = []
    for cells in ({(): (0,)}, {(): (10**6,)}):
        use, clock = training(), FakeClock()
        with ledger_at(":memory:", use.version) as ledger:
            train(use, Counting(), kernel(ledger, FakeEngine(cells=dict(cells)), clock=clock))
        left.append(clock.slept_until[-1])
    assert left[0] == left[1] > 0


def test_nothing_leaves_that_is_not_durable_and_a_lost_course_is_never_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    use, engine = training(), counted()

    def broken(*_: object) -> None:
        raise OSError("disk")

    with ledger_at(":memory:", use.version) as ledger, monkeypatch.context() as patched:
        patched.setattr(Ledger, "settle", broken)
        with pytest.raises(Fault):
            train(use, Counting(), kernel(ledger, engine))
        assert balance_of(ledger, use.version).spent_nrho == 1_000_000


def test_a_permit_of_other_people_pays_for_nothing() -> None:
    use, other = training(), version(name="other clinic")
    with ledger_at(":memory:", use.version) as ledger, pytest.raises(Refusal, match="not_admitted"):
        train(replace(use, permit=leave(other)), Counting(), kernel(ledger, counted()))


def test_scales_of_a_round_follow_from_its_bounds_and_never_cost_more_than_its_share() -> None:
    plan = replace(COUNT_VISITS, sums=(RowSum(value=ONE), RowSum(value=Column(name="v.stay"))), figures=())
    use = training()

    def asks(done: Rounds) -> tuple[Measure, ...]:
        return (Measure(plan=plan, nano_rho=CAPS[len(done)].nano_rho),)

    with ledger_at(":memory:", use.version) as ledger:
        taken = train(use, Counting(asks=asks), kernel(ledger, FakeEngine(cells={(): (5, 7)})))
    for cap, done in zip(CAPS, taken.rounds, strict=True):
        private = done[0].private
        spent = sum(
            Fraction(total.l2_squared) / (2 * Fraction(s) ** 2) for total, s in zip(private.bounded.sums, private.scales, strict=True)
        )
        assert private.bounded.sums[0].l2_squared == 400 and private.bounded.sums[1].l2_squared == (20 * 9) ** 2
        assert spent * 10**9 <= cap.nano_rho < 1.01 * spent * 10**9


def test_an_adaptive_round_over_real_rows_measures_what_it_was_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without noise, the second round adds for each region a value that was looked up from the first."""
    tables = republish(grown(3, patients=20), b"key")
    of = version(schema=CLINIC)
    monkeypatch.setattr(rounds, "noisy", unnoised)
    source = Project(source=Scan(table="visits", alias="v"), columns=(("cell", cell()), ("value", Lookup(index=cell(), values=(7, 0, 2)))))
    counts = Plan(source=source, keys=(("cell", Column(name="cell")),), sums=(RowSum(value=ONE),), figures=())
    values = replace(counts, sums=(RowSum(value=Column(name="value")),))

    def asks(done: Rounds) -> tuple[Measure, ...]:
        return (Measure(plan=values if done else counts, nano_rho=CAPS[len(done)].nano_rho),)

    use = Training(permit=leave(of), version=of, choice=Choice(keep=(("v", 2),)))
    with ledger_at(":memory:", of) as ledger:
        parts = replace(kernel(ledger, counted()), engine=ReferenceEngine(tables, schema=CLINIC))
        taken = train(use, Counting(asks=asks), parts)
    (first,), (second,) = taken.rounds
    assert sum(first.cells[0]) > 0
    assert second.cells[0] == tuple(n * value for n, value in zip(first.cells[0], (7, 0, 2), strict=True))


def cell() -> Expr:
    """One of three cells of a visit, by its month."""
    month = Call(op=Op.MONTH, args=(Column(name="v.day"),))
    return Call(op=Op.MOD, args=(Call(op=Op.COALESCE, args=(month, Literal(value=Fixed(units=0)))), Literal(value=Fixed(units=3))))


def unnoised(private, exact):  # type: ignore[no-untyped-def]
    from amana.query.released import NoisyTable

    keys, cells = private.bounded.keys.combinations, exact.open_for_noise().cells
    return NoisyTable(keys=keys, cells=tuple(cells.get(key, (0,) * len(private.scales)) for key in keys), noise=())
