"""PRIVACY 13: a recall checks the permit and is logged first; then anyone permitted gets the same rows, at no cost."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import pytest

from amana.policy.permit import Permit
from amana.privacy import release
from amana.privacy.kernel import Answer, Asking, Kernel
from amana.privacy.ledger import Ledger
from amana.privacy.loss import NANO
from amana.privacy.price import RhoCap
from amana.privacy.release import answer
from amana.query.parse import parse
from amana.terms.ids import DeltaUnits, NanoRho, PermitId, PopulationName
from amana.terms.refusal import Fault, Refusal
from tests.parts import SCHEMA, FakeEngine, FakeLog, asking, held, kernel, leave, ledger_at, version

OF = version(cap_nrho=NANO)
COSTLY = RhoCap(nano_rho=NanoRho(NANO - 10))
"""Nearly all there is: nothing can be measured a second time."""
OTHER = replace(leave(OF), id=PermitId("somebody else"), cap_nrho=NanoRho(0), cap_delta=DeltaUnits(0))
"""Leave to ask, and nothing to spend."""


@dataclass
class Once:
    """A kernel that has answered one question and would answer others otherwise."""

    ledger: Ledger
    engine: FakeEngine
    log: FakeLog
    kernel: Kernel
    first: Answer

    def again(self, permit: Permit | None = None, **more: object) -> Answer:
        return answer(replace(self.asked(), **({"permit": permit} if permit else {}), **more), self.kernel)  # type: ignore[arg-type]

    def asked(self) -> Asking:
        return asking(OF, target=COSTLY)

    def books(self) -> list[tuple[object, ...]]:
        """All that stands in the ledger."""
        return [row for table in ("population", "account", "charge") for row in held(self.ledger, f"SELECT * FROM {table}")]


@contextmanager
def once() -> Iterator[Once]:
    with ledger_at(":memory:", OF) as ledger:
        ledger.open_permit(OTHER)
        engine, log = FakeEngine(cells={(): (1000,)}), FakeLog()
        parts = kernel(ledger, engine, log=log)
        first = answer(asking(OF, target=COSTLY), parts)
        engine.cells, log.entries = {(): (-77,)}, []
        yield Once(ledger, engine, log, parts, first)


def test_another_permit_holder_gets_the_same_rows_and_pays_nothing() -> None:
    with once() as done:
        before = done.books()
        recalled = done.again(OTHER)
        assert done.books() == before and len(done.engine.runs) == 1
    assert not done.first.recalled and recalled.recalled
    assert (recalled.released, recalled.table, recalled.digest) == (done.first.released, done.first.table, done.first.digest)
    assert (recalled.cost_nrho, recalled.cost_delta) == (0, 0)


def test_a_new_question_of_that_permit_is_refused_so_the_recall_was_free_indeed() -> None:
    with once() as done, pytest.raises(Refusal, match="exhausted"):
        done.again(OTHER, plan=parse("SELECT COUNT(*) AS n FROM visits WHERE stay > 1", SCHEMA))


def test_who_asks_for_a_recall_only_is_never_charged_and_never_measured() -> None:
    """What simulations ask for: a dearer precision or another question is refused, also where the budget would pay."""
    with once() as done:
        before = done.books()
        assert done.again(kind="recall").released == done.first.released
        for more in (
            {"plan": parse("SELECT COUNT(*) AS n FROM visits WHERE stay > 1", SCHEMA)},
            {"target": RhoCap(nano_rho=NanoRho(2 * NANO))},
        ):
            with pytest.raises(Refusal, match=r"ask\.not_answered"):
                done.again(kind="recall", **more)
        assert done.books() == before and len(done.engine.runs) == 1
        assert [entry.verb for entry in done.log.entries] == ["recall"]


def test_the_use_is_in_the_log_under_the_askers_own_permit_with_no_cost() -> None:
    with once() as done:
        done.again(OTHER)
        done.again()
    assert [(entry.verb, entry.permit, entry.cost_nrho, entry.cost_delta) for entry in done.log.entries] == [
        ("recall", OTHER.id, 0, 0),
        ("recall", leave(OF).id, 0, 0),
    ]
    left = {(entry.period, entry.left_nrho) for entry in done.log.entries}
    assert left == {("life", OF.dataset.population.cap_nrho - done.first.cost_nrho)}, "what the ledger says is left, nothing less"


def test_the_log_has_the_use_before_any_figure_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    with once() as done:
        real = release._built

        def built(*args: object, **named: object) -> Answer:
            made.append(len(done.log.entries))
            return real(*args, **named)  # type: ignore[arg-type]

        monkeypatch.setattr(release, "_built", built)
        done.again(OTHER)
    assert made == [1]


def test_what_the_log_does_not_take_is_not_recalled_and_the_next_try_is() -> None:
    with once() as done:
        made: list[object] = []

        def full() -> None:
            raise Fault(id="disk full")

        done.log.before = full
        before = done.books()
        with pytest.raises(Fault):
            made.append(done.again(OTHER))
        assert not made and not done.log.entries and done.books() == before
        done.log.before = lambda: None
        assert done.again(OTHER).released == done.first.released and len(done.log.entries) == 1


@pytest.mark.parametrize(
    "stranger",
    [
        replace(leave(OF), dataset="another dataset"),
        replace(leave(OF), population=PopulationName("other people")),
        leave(version(name="elsewhere")),
    ],
)
def test_who_is_not_permitted_recalls_nothing_and_leaves_no_trace_of_whether_there_was_something(stranger: Permit) -> None:
    refusals = []
    for asked_before in (True, False):
        with once() as done:
            asked = replace(done.asked(), permit=stranger)
            if not asked_before:
                asked = replace(asked, plan=parse("SELECT COUNT(*) AS n FROM visits WHERE stay > 1", SCHEMA))
            with pytest.raises(Refusal, match="not_admitted") as caught:
                answer(asked, done.kernel)
            assert not done.log.entries and len(done.engine.runs) == 1
            refusals.append((caught.value.code, dict(caught.value.parameters)))
    assert refusals[0] == refusals[1]


def test_a_recall_never_draws_noise(monkeypatch: pytest.MonkeyPatch) -> None:
    with once() as done:

        def drawn(*_: object, **__: object) -> None:
            raise AssertionError("a second draw")

        monkeypatch.setattr(release, "noisy", drawn)
        assert done.again(OTHER).recalled


@pytest.mark.parametrize("part", [2, 1000])
def test_a_coarser_wish_for_the_same_question_is_met_with_the_finer_rows_for_nothing(part: int) -> None:
    with once() as done:
        before = done.books()
        coarser = done.again(OTHER, target=RhoCap(nano_rho=NanoRho(NANO // part)))
        assert done.books() == before
    assert coarser.recalled and coarser.released == done.first.released and coarser.cost_nrho == 0


def test_a_question_that_faulted_is_never_recalled() -> None:
    with ledger_at(":memory:", version(cap_nrho=3 * NANO)) as ledger:
        engine = FakeEngine(cells={(): (1000,)})
        parts, of = kernel(ledger, engine), version(cap_nrho=3 * NANO)

        def fail() -> None:
            raise ValueError

        engine.before = fail
        with pytest.raises(Fault):
            answer(asking(of, target=COSTLY), parts)
        engine.before = lambda: None
        again = answer(asking(of, target=COSTLY), parts)
    assert not again.recalled and again.cost_nrho > 0 and len(engine.runs) == 2
