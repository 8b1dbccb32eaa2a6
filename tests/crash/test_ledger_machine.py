"""Any order of charging, settling, failing and crashing keeps spending under the caps and every charge accounted for."""

import secrets
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from amana.privacy.ledger import Asked, Charge, Ledger, Pending
from amana.privacy.loss import Event, EventKind
from amana.privacy.price import PrivatePlan
from amana.query.plan import BoundedPlan, Plan, PublicKeys, Scan
from amana.query.released import NoiseKind, NoisyTable
from amana.terms.database import DuplicateError
from amana.terms.ids import DeltaUnits, Digest, NanoRho
from amana.terms.refusal import Refusal
from tests.parts import FakeClock, balance_of, connect, leave, nobody, version

CAP_NRHO, CAP_DELTA = 1000, 50
VERSION = version(cap_nrho=CAP_NRHO, cap_delta=CAP_DELTA)
BOUNDED = BoundedPlan(
    plan=Plan(source=Scan(table="visits", alias="v"), keys=(), sums=(), figures=()),
    sums=(),
    keys=PublicKeys(combinations=((),)),
    keys_per_unit=1,
)


def costing(nano_rho: int, delta: int = 0) -> PrivatePlan:
    events = (Event(kind=EventKind.THRESHOLD, delta_units=DeltaUnits(delta)),)
    return PrivatePlan(
        bounded=BOUNDED,
        kind=NoiseKind.GAUSSIAN,
        scales=(),
        threshold=None,
        events=events,
        nano_rho=NanoRho(nano_rho),
        delta_units=DeltaUnits(delta),
    )


def asked(name: str) -> Asked:
    return Asked(question=Digest(f"question {name}"), digest=Digest(f"digest {name}"), bounds=Digest("bounds"))


def rows(mark: int) -> NoisyTable:
    return NoisyTable(keys=((),), cells=((mark,),), noise=())


class LedgerMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "ledger.sqlite"
        self.spent_nrho = self.spent_delta = self.faults = 0
        self.open: dict[str, Charge] = {}
        self.settled: dict[str, NoisyTable] = {}
        self.start()

    def start(self) -> None:
        self.ledger = Ledger(connect(self.path), worker=secrets.token_hex(4))
        self.ledger.open_population(VERSION.dataset.population)
        self.ledger.open_permit(leave(VERSION))

    @rule(nano_rho=st.integers(0, 400), delta=st.integers(0, 20), name=st.sampled_from("abcdefgh"))
    def charge(self, nano_rho: int, delta: int, name: str) -> None:
        held = self.open.keys() | self.settled.keys()
        affordable = self.spent_nrho + nano_rho <= CAP_NRHO and self.spent_delta + delta <= CAP_DELTA
        try:
            charge = self.ledger.charge(leave(VERSION), costing(nano_rho, delta), asked(name), now=FakeClock().now())
        except Refusal as refusal:
            assert refusal.code in {"budget.population_exhausted", "budget.permit_exhausted", "budget.permit_paused"}
            assert not affordable or self.faults >= 2
        except DuplicateError:
            assert name in held
        else:
            assert affordable and self.faults < 2 and name not in held
            self.spent_nrho, self.spent_delta = self.spent_nrho + nano_rho, self.spent_delta + delta
            self.open[name] = charge

    @precondition(lambda self: self.open)
    @rule(data=st.data())
    def settle(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.open)))
        self.settled[name] = rows(len(self.settled))
        self.ledger.settle(self.open.pop(name), self.settled[name])

    @precondition(lambda self: self.open)
    @rule(data=st.data())
    def fault(self, data: st.DataObject) -> None:
        charge = self.open.pop(data.draw(st.sampled_from(sorted(self.open))))
        self.ledger.fault(charge, leave(VERSION))
        self.faults += 1

    @precondition(lambda self: self.open)
    @rule(data=st.data())
    def abandon(self, data: st.DataObject) -> None:
        charge = self.open.pop(data.draw(st.sampled_from(sorted(self.open))))
        self.ledger.abandon(charge)

    @rule()
    def crash_and_start_again(self) -> None:
        self.ledger.close()
        self.start()
        assert self.ledger.recover(alive=nobody) == len(self.open)
        self.open.clear()

    @invariant()
    def spending_is_what_was_charged_and_under_the_caps(self) -> None:
        balance = balance_of(self.ledger, VERSION)
        assert (balance.spent_nrho, balance.spent_delta) == (self.spent_nrho, self.spent_delta)
        assert balance.spent_nrho <= CAP_NRHO and balance.spent_delta <= CAP_DELTA
        sql = "SELECT CAST(coalesce(sum(nrho), 0) AS INTEGER), CAST(coalesce(sum(delta), 0) AS INTEGER) FROM charge"
        with self.ledger._database.reading() as run:
            (sums,) = run.rows(sql, {})
            (permit,) = run.rows("SELECT spent_nrho, spent_delta, faults FROM account WHERE kind = 'permit'", {})
        assert sums == (self.spent_nrho, self.spent_delta)
        assert permit == (self.spent_nrho, self.spent_delta, self.faults)

    @invariant()
    def what_was_settled_is_recalled_and_what_is_open_is_waited_for(self) -> None:
        for name, released in self.settled.items():
            found = self.ledger.recall(asked(name).digest)
            assert found is not None and not isinstance(found, Pending) and found.released == released
        for name in self.open:
            assert isinstance(self.ledger.recall(asked(name).digest), Pending)

    def teardown(self) -> None:
        self.ledger.close()
        self.folder.cleanup()


def test_any_order_of_charging_settling_failing_and_crashing_stays_under_the_caps(each_database: str) -> None:
    examples, steps = (30, 25) if each_database == "sqlite" else (15, 25)
    run_state_machine_as_test(LedgerMachine, settings=settings(max_examples=examples, stateful_step_count=steps, deadline=None))
