"""What the public log is told: each transition once, in order, whatever crashes; and nothing that the data decided."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from fractions import Fraction
from pathlib import Path

import pytest

from amana.log.entry_kinds import PermitEntry, ProjectEntry
from amana.log.seal import check_seal
from amana.node import openings
from amana.node.outbox import Outbox
from amana.node.projects import Projects
from amana.policy.transitions import PermitEvent, PermitState, ProjectEvent
from amana.terms.database import Database, Transaction
from amana.terms.ids import PermitId
from amana.terms.refusal import Fault, Refusal
from amana.terms.use import UseEntry
from tests.governed import Governed
from tests.log_entries import MemoryLog, history_of
from tests.parts import FakeEngine
from tests.telling import SQL, VAULT, Told, ask, member, telling

pytestmark = pytest.mark.usefixtures("each_database")


@pytest.fixture
def told(tmp_path: Path) -> Iterator[Told]:
    with telling(tmp_path) as made:
        yield made


def live(node: Governed) -> PermitId:
    """Every transition that a project and its permit can go through without a fault."""
    permit = node.granted()
    custodian, decider, applicant = (node.asker(name) for name in ("custodian", "decider", "applicant"))
    project = node.permits.place(permit).project.id
    node.permits.grant(custodian, permit=permit, share=Fraction(1, 2), valid_until=node.clock.now() + timedelta(days=80), reasons="more")
    node.permits.act(custodian, permit=permit, event=PermitEvent.SUSPEND, reasons="her secret reason")
    node.permits.act(custodian, permit=permit, event=PermitEvent.RESUME)
    node.projects.decide(decider, project=project, event=ProjectEvent.SUSPEND, reasons="another secret reason")
    node.projects.decide(decider, project=project, event=ProjectEvent.RESUME, reasons="")
    node.permits.note_spending(permit, event=PermitEvent.EXHAUST)
    node.permits.act(custodian, permit=permit, event=PermitEvent.REVOKE, reasons="")
    node.projects.act(applicant, project=project, event=ProjectEvent.CHANGE_PURPOSE)
    node.projects.act(applicant, project=project, event=ProjectEvent.CLOSE)
    return permit


def transitions(node: Governed) -> list[tuple[str, str, str]]:
    """(thing, event, state after) by the custodian's own record."""
    return [
        (str(subject), str(action), str(now_is))
        for _, action, thing, subject, was, now_is in node.audit()
        if thing in {"project", "permit"} and (was != now_is or action == "widen") and action not in {"add_member", "remove_member"}
    ]


def steps(log: MemoryLog) -> list[tuple[str, str, str]]:
    found = [each for each in log.read() if isinstance(each, ProjectEntry | PermitEntry)]
    return [(each.project if isinstance(each, ProjectEntry) else each.permit, each.event, each.state) for each in found]


def test_each_transition_is_one_entry_in_the_order_in_which_it_happened(told: Told) -> None:
    live(told.node)
    assert steps(told.log) == transitions(told.node) and len(told.log.kept) >= 15
    assert told.box.is_empty()


def test_an_entry_tells_the_public_facts_of_its_transition(told: Told) -> None:
    permit = live(told.node)
    widened = next(each for each in told.log.read("permit") if isinstance(each, PermitEntry) and each.event == "widen")
    record = told.node.permits.place(permit).record
    assert (widened.permit, widened.dataset, widened.custodian, widened.state) == (permit, "clinic", "clinic", "active")
    assert (widened.cap_nrho, widened.cap_delta) == (record.cap_nrho, record.cap_delta)
    assert widened.until == (told.node.clock.now() + timedelta(days=80)).date()
    submitted = next(each for each in told.log.read("project") if isinstance(each, ProjectEntry) and each.event == "submit")
    assert (submitted.datasets, submitted.purposes, submitted.state) == (("clinic",), ("GRU",), "submitted")


def test_no_person_and_no_reason_stands_in_clear_in_any_entry_and_the_custodian_can_open_both(told: Told) -> None:
    live(told.node)
    shown = told.all()
    for secret in (*told.node.ids.values(), *told.node.ids, "secret", "useful", "Visits and seasons"):
        assert secret in {"clinic", "custodian"} or str(secret) not in shown, secret
    suspended = next(each for each in told.log.read("permit") if isinstance(each, PermitEntry) and each.event == "suspend")
    with told.node.database.transaction() as run:
        found = {name: openings.get(run, commitment, vault=VAULT) for name, commitment in suspended.sealed}
        assert {name: each.value for name, each in found.items() if each} == {
            "actor": told.node.ids["custodian"],
            "reasons": "her secret reason",
        }
        assert all(each and check_seal(each.commitment, value=each.value, salt=each.salt) for each in found.values())
        assert [openings.erase(run, commitment) for _, commitment in suspended.sealed] == [1, 1]
        assert [openings.get(run, commitment, vault=VAULT) for _, commitment in suspended.sealed] == [None, None]


def test_what_somebody_wrote_into_a_purpose_stays_out_of_the_log(told: Told) -> None:
    application = told.node.application(purposes=("GRU", "COL:Dr Jane Doe", "TS:12", "DS:MONDO:0005148"))
    told.node.projects.create(told.node.asker("applicant"), application=application)
    (made,) = told.log.read("project")
    assert isinstance(made, ProjectEntry) and made.purposes == ("GRU", "COL", "TS:12", "DS:MONDO:0005148")


# --- crashes ---


class CrashError(BaseException):
    """The process ends here."""


@dataclass
class Crashing:
    """A database whose n-th transaction is the last, before or after its commit."""

    database: Database
    left: int
    when: str

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        self.left -= 1
        with self.database.transaction() as run:
            yield run
            if self.left == 0 and self.when == "before":
                raise CrashError
        if self.left == 0:
            raise CrashError

    def reading(self) -> AbstractContextManager[Transaction]:
        return self.database.reading()

    def close(self) -> None:
        self.database.close()


def wait(told: Told) -> None:
    """Six transitions that nobody has flushed, and in whose name the three projects apply."""
    told.box.flush()  # the accreditations of those people
    told.node.projects = Projects(told.node.database, told.node.clock.now, datasets=told.node.datasets)
    for _ in range(3):
        told.node.submitted()
    assert steps(told.log) == transitions(told.node)[:-6]


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_at_any_commit_of_a_flush_loses_no_entry_and_doubles_none(told: Told, when: str, tmp_path: Path) -> None:
    for step in range(1, 11):  # the mark of an attempt, and the nine that were sent
        wait(told)
        dying = Outbox(Crashing(told.node.database, step, when), told.log, lock=tmp_path / "outbox.lock")
        with pytest.raises(CrashError):
            dying.flush()
        told.box.flush()
        assert steps(told.log) == transitions(told.node), step


@pytest.mark.parametrize("where", ["before", "after"])
def test_a_crash_around_any_append_loses_no_entry_and_doubles_none(told: Told, where: str) -> None:
    for step in range(1, 10):
        wait(told)
        counted = [0]

        def crash(counted: list[int] = counted, step: int = step) -> None:
            counted[0] += 1
            if counted[0] == step:
                raise CrashError

        setattr(told.log, where, crash)
        with pytest.raises(CrashError):
            told.box.flush()
        assert told.box.flush() == 9 - step + 1
        assert steps(told.log) == transitions(told.node), step


def test_a_transition_that_is_not_committed_is_not_told(told: Told) -> None:
    project = told.node.draft()
    before = list(told.log.kept)
    with pytest.raises(Refusal):
        told.node.projects.decide(told.node.asker("decider"), project=project, event=ProjectEvent.APPROVE, reasons="")
    assert told.log.kept == before and told.box.is_empty()


def test_a_log_that_takes_nothing_now_stops_no_transition_but_every_use(told: Told) -> None:
    def full() -> None:
        raise Fault(id="disk full")

    told.log.before = full
    permit = told.node.granted()
    assert told.log.kept == [] and told.node.permits.place(permit).record.state is PermitState.ACTIVE
    engine = FakeEngine(cells={(): (1000,)})
    with pytest.raises(Fault):
        ask(told, member(told), engine)
    assert not engine.runs, "the data was not touched"
    told.log.before = lambda: None
    ask(told, member(told), engine, cost=2)
    assert steps(told.log) == transitions(told.node)
    assert isinstance(told.log.read()[-1], UseEntry), "what was made before a use stands before it"


# --- uses ---


def test_a_use_is_told_with_what_the_ledger_says_is_left_and_who_asked_what_is_sealed(told: Told) -> None:
    told.node.granted()
    given, engine = member(told), FakeEngine(cells={(): (1000,)})
    first = ask(told, given, engine)
    ask(told, given, engine)
    uses = [each for each in told.log.read("use") if isinstance(each, UseEntry)]
    assert [(each.verb, each.cost_nrho, each.project, each.permit) for each in uses] == [
        ("ask", first.cost_nrho, given.project, given.id),
        ("recall", 0, given.project, given.id),
    ]
    cap = told.node.versions[0].dataset.population.cap_nrho
    assert {(each.period, each.left_nrho) for each in uses} == {("life", cap - first.cost_nrho)}
    assert "secret" not in told.all() and told.node.ids["member"] not in told.all()
    assert len({commitment for each in uses for _, commitment in each.sealed}) == 4, "a fresh salt for each"
    with told.node.database.reading() as run:
        opened = [openings.get(run, commitment, vault=VAULT) for each in uses for _, commitment in each.sealed]
    assert [each.value for each in opened if each] == [told.node.ids["member"], SQL] * 2


def test_a_use_that_is_refused_keeps_no_opening(told: Told) -> None:
    told.node.granted()
    given = member(told)
    before = told.node.rows("SELECT COUNT(*) FROM opening")
    with pytest.raises(Refusal):
        ask(told, given, FakeEngine(cells={(): (1000,)}), cost=10**9)
    assert told.node.rows("SELECT COUNT(*) FROM opening") == before and told.record._sealed == {}


ENDS: dict[str, Callable[[Governed, PermitId], object]] = {
    "revoked": lambda node, permit: node.permits.act(node.asker("custodian"), permit=permit, event=PermitEvent.REVOKE),
    "suspended": lambda node, permit: node.permits.act(node.asker("custodian"), permit=permit, event=PermitEvent.SUSPEND),
    "its project is suspended": lambda node, permit: node.projects.decide(
        node.asker("decider"), project=node.permits.place(permit).project.id, event=ProjectEvent.SUSPEND, reasons=""
    ),
}


@pytest.mark.parametrize("ended", ENDS)
def test_a_permit_that_ends_between_charge_and_log_is_not_used(told: Told, ended: str) -> None:
    """Else the log would tell of a use without a right, although nobody did wrong."""
    permit = told.node.granted()
    given, engine = member(told), FakeEngine(cells={(): (1000,)})
    ENDS[ended](told.node, permit)
    with pytest.raises(Fault):
        ask(told, given, engine)
    assert not engine.runs and told.log.read("use") == []


def test_a_permit_that_others_used_up_meanwhile_still_serves_who_paid(told: Told) -> None:
    permit = told.node.granted()
    given, engine = member(told), FakeEngine(cells={(): (1000,)})
    told.node.permits.note_spending(permit, event=PermitEvent.EXHAUST)
    ask(told, given, engine)
    assert len(told.log.read("use")) == 1


def test_a_stranger_who_reads_the_whole_log_finds_every_transition_and_use_in_order(told: Told) -> None:
    of = told.node.versions[0]
    told.record.promise(of.dataset.population, now=told.node.clock.now())
    told.record.serve(of, now=told.node.clock.now())
    told.node.granted()
    engine, given = FakeEngine(cells={(): (1000,)}), member(told)
    for number in range(4):
        ask(told, given, engine, about=number % 3)
    live(told.node)
    told.record.refused(permit=given.id, code=503, person="u", sql=SQL, at=told.node.clock.now())
    told.box.flush()
    (total,) = history_of(told.log.kept).spent.totals()
    assert (total.uses, total.spent_nrho) == (4, told.node.ledger.balance(of.dataset.population, now=told.node.clock.now()).spent_nrho)


def test_a_use_names_the_custodian_as_its_permit_does_however_the_rules_write_it(told: Told) -> None:
    of = told.node.versions[0]
    organisation = next(each for each in told.node.people.organisations() if each.name == "clinic")
    told.node.versions[0] = replace(of, dataset=replace(of.dataset, custodian=organisation.id))
    told.node.granted()
    ask(told, member(told), FakeEngine(cells={(): (1000,)}))
    assert {each.custodian for each in told.log.read() if isinstance(each, UseEntry | PermitEntry)} == {"clinic"}
