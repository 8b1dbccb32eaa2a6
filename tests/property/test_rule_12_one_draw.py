"""PRIVACY 12 and 13: charge, log, run, settle, in that order; one draw for a charge; a recall is logged first and costs nothing."""

from collections.abc import Callable

import pytest

from amana.privacy import release
from amana.privacy.ledger import Ledger, Pending
from amana.privacy.loss import NANO
from amana.privacy.price import RhoCap
from amana.privacy.release import answer
from amana.terms.ids import NanoRho
from amana.terms.refusal import Fault, Refusal
from tests.parts import FakeClock, FakeEngine, FakeLog, asking, balance_of, kernel, leave, ledger_at, nobody, version

STEPS = ["charge", "log", "run", "settle"]


class Spied:
    """The ledger, the log and the engine of a kernel, writing down in which order they are called."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, ledger: Ledger, *, fails: str = "", failure: BaseException | None = None) -> None:
        self.steps: list[str] = []
        self.fails, self.failure = fails, failure
        self.clock = FakeClock()
        for name in ("charge", "settle"):
            monkeypatch.setattr(Ledger, name, self._spy(name, getattr(Ledger, name)))
        self.log = FakeLog(before=lambda: self._at("log"))
        self.engine = FakeEngine(cells={(): (1000,)}, before=lambda: self._at("run"))
        self.kernel = kernel(ledger, self.engine, log=self.log, clock=self.clock)

    def _at(self, step: str) -> None:
        self.steps.append(step)
        if step == self.fails:
            assert self.failure is not None
            raise self.failure

    def _spy(self, name: str, real: Callable[..., object]) -> Callable[..., object]:
        def called(*args: object, **named: object) -> object:
            done = real(*args, **named) if name == "charge" else None
            self._at(name)
            return done if name == "charge" else real(*args, **named)

        return called


def test_steps_come_in_order_and_the_charge_precedes_the_log_which_precedes_the_data(monkeypatch: pytest.MonkeyPatch) -> None:
    of = version()
    with ledger_at(":memory:", of) as ledger:
        spied = Spied(monkeypatch, ledger)
        answer(asking(of), spied.kernel)
    assert spied.steps == STEPS


@pytest.mark.parametrize("failing", ["log", "run", "settle"])
@pytest.mark.parametrize("failure", [ValueError("row 17 is Ann's"), MemoryError(), Fault(id="x"), AssertionError(), OSError("disk")])
def test_whatever_fails_after_the_charge_only_a_fault_leaves_and_the_charge_stands(
    monkeypatch: pytest.MonkeyPatch, failing: str, failure: BaseException
) -> None:
    of = version()
    with ledger_at(":memory:", of) as ledger:
        spied = Spied(monkeypatch, ledger, fails=failing, failure=failure)
        with pytest.raises(Fault) as raised:
            answer(asking(of), spied.kernel)
        balance = balance_of(ledger, of)
        assert balance.spent_nrho > 0
        assert ledger.recover(alive=nobody) == 0, "the charge is closed"
    assert raised.value.__cause__ is None and raised.value.__context__ is None, "the cause does not travel with the fault"
    assert spied.steps == STEPS[: STEPS.index(failing) + 1]


def test_a_fault_bears_the_random_id_under_which_its_cause_was_logged_or_another_one_and_nothing_else() -> None:
    seen = []
    for cause in (Fault(id="0123456789abcdef"), ValueError("row 17"), TimeoutError()):

        def broken(cause: Exception = cause) -> None:
            raise cause

        released = version()
        with ledger_at(":memory:", released) as ledger, pytest.raises(Fault) as fault:
            answer(asking(released), kernel(ledger, FakeEngine(cells={}, before=broken)))
        assert fault.value.__context__ is fault.value.__cause__ is None
        seen.append(fault.value.id)
    assert seen[0] == "0123456789abcdef" and len(set(seen)) == 3 and all(len(each) == 16 for each in seen)


def test_after_two_faults_the_permit_waits_for_a_review(monkeypatch: pytest.MonkeyPatch) -> None:
    of = version()
    with ledger_at(":memory:", of) as ledger:
        spied = Spied(monkeypatch, ledger, fails="run", failure=ValueError("data"))
        for _ in range(2):
            with pytest.raises(Fault):
                answer(asking(of), spied.kernel)
        spied.fails = ""
        with pytest.raises(Refusal, match="permit_paused"):
            answer(asking(of), spied.kernel)
        assert len(spied.engine.runs) == 2


class PowerCut(BaseException):
    """Ends the process at this step: nothing after it runs, and what is not on disk is gone."""


@pytest.mark.parametrize("step", STEPS)
def test_a_crash_at_any_step_leaves_the_charge_and_never_a_second_draw_for_it(monkeypatch: pytest.MonkeyPatch, tmp_path, step: str) -> None:  # type: ignore[no-untyped-def]
    of = version()
    with ledger_at(tmp_path / "ledger", of) as ledger, monkeypatch.context() as patched:
        patched.setattr(Ledger, "abandon", lambda *_: None)  # a power cut runs no handler
        spied = Spied(patched, ledger, fails=step, failure=PowerCut())
        with pytest.raises(PowerCut):
            answer(asking(of), spied.kernel)
    with ledger_at(tmp_path / "ledger", of) as ledger:
        assert ledger.recover(alive=nobody) == 1, "the charge was durable before this step, and no rows were"
        first = balance_of(ledger, of)
        spied = Spied(monkeypatch, ledger)
        again = answer(asking(of), spied.kernel)
        second = balance_of(ledger, of)
    assert first is not None and second is not None
    assert first.spent_nrho > 0 and second.spent_nrho == 2 * first.spent_nrho and not again.recalled, "a new draw has a new charge"


def test_rows_are_durable_before_they_leave_and_a_retry_gives_them_again(tmp_path) -> None:  # type: ignore[no-untyped-def]
    of = version()
    with ledger_at(tmp_path / "ledger", of) as ledger:
        first = answer(asking(of), kernel(ledger, FakeEngine(cells={(): (1000,)})))
    with ledger_at(tmp_path / "ledger", of) as ledger:
        ledger.recover(alive=nobody)
        log, engine = FakeLog(), FakeEngine(cells={(): (5,)})
        again = answer(asking(of), kernel(ledger, engine, log=log))
    assert again.recalled and again.released == first.released and not engine.runs
    assert (again.cost_nrho, again.cost_delta) == (0, 0)
    assert [(entry.verb, entry.cost_nrho, entry.cost_delta) for entry in log.entries] == [("recall", 0, 0)]


def test_a_recall_that_cannot_be_logged_shows_nothing() -> None:
    of = version()
    with ledger_at(":memory:", of) as ledger:
        log = FakeLog()
        parts = kernel(ledger, FakeEngine(cells={(): (5,)}), log=log)
        answer(asking(of), parts)

        def full() -> None:
            raise Fault(id="disk full")

        log.before = full
        with pytest.raises(Fault):
            answer(asking(of), parts)


def test_an_interrupted_question_can_be_asked_again_and_counts_no_fault() -> None:
    of = version()
    with ledger_at(":memory:", of) as ledger:
        engine = FakeEngine(cells={(): (5,)})
        parts = kernel(ledger, engine)

        def interrupt() -> None:
            raise KeyboardInterrupt

        for _ in range(3):
            engine.before = interrupt
            with pytest.raises(KeyboardInterrupt):
                answer(asking(of), parts)
        engine.before = lambda: None
        assert not answer(asking(of), parts).recalled


def test_while_somebody_else_is_asking_the_same_a_second_asker_waits_for_the_release_time() -> None:
    """Rows seen as soon as they are ready would tell how long the run took (PRIVACY 8)."""
    of, clock, seen = version(), FakeClock(), []
    with ledger_at(":memory:", of) as ledger:
        parts = kernel(ledger, FakeEngine(cells={(): (5,)}), clock=clock)
        digest = release.digests(asking(of).plan, of.id, release.plan_release(asking(of), parts), key=parts.digest_key).digest
        plain = clock.sleep_until

        def watch(elapsed: float) -> None:
            seen.append(ledger.recall(digest))
            plain(elapsed)

        clock.sleep_until = watch  # type: ignore[method-assign]
        answer(asking(of), parts)
    assert len(seen) == 1 and isinstance(seen[0], Pending)


def test_a_permit_pays_for_its_own_dataset_only() -> None:
    from dataclasses import replace

    mine, other = version(name="mine"), version(name="other")
    with ledger_at(":memory:", mine) as ledger:
        ledger.open_population(other.dataset.population)
        engine = FakeEngine(cells={(): (5,)})
        with pytest.raises(Refusal, match="not_admitted"):
            answer(replace(asking(other), permit=leave(mine)), kernel(ledger, engine))
        assert not engine.runs


def test_nothing_is_charged_or_logged_when_the_budget_is_short() -> None:
    of, log = version(cap_nrho=10), FakeLog()
    with ledger_at(":memory:", of) as ledger:
        engine = FakeEngine(cells={(): (5,)})
        with pytest.raises(Refusal, match="population_exhausted"):
            answer(asking(of, target=RhoCap(nano_rho=NanoRho(NANO))), kernel(ledger, engine, log=log))
        assert not engine.runs and not log.entries
