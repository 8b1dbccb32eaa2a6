"""What the public log is not told, and what it is told once: nothing that the data decided, promises, versions, refusals."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from amana.log.entry_kinds import DatasetEntry, PermitEntry, PopulationEntry
from amana.log.programme_kinds import AccreditationEntry
from amana.node import openings
from amana.node.audit import NODE
from amana.node.public_record import note_version
from amana.policy.transitions import PermitEvent, PermitState
from amana.terms.ids import PermitId, VersionId
from amana.terms.refusal import Fault
from tests.log_entries import MemoryLog, history_of
from tests.parts import FakeEngine
from tests.telling import SQL, VAULT, Told, ask, member, telling

pytestmark = pytest.mark.usefixtures("each_database")


@pytest.fixture
def told(tmp_path: Path) -> Iterator[Told]:
    with telling(tmp_path) as made:
        yield made


# --- what the data decided ---


def masked(log: MemoryLog) -> list[dict[str, object]]:
    """The entries without ids and salts, which are random."""
    hidden = {"sealed", "project", "permit", "pad", "organisation", "accreditation"}
    return [{name: value for name, value in json.loads(each).items() if name not in hidden} for each in log.kept]


def test_two_neighbouring_databases_tell_the_same_also_when_one_of_them_faults(tmp_path: Path) -> None:
    told = list[list[dict[str, object]]]()
    sizes = list[list[int]]()
    for name, cells, faults in (("without", 1000, False), ("with", 2001, True)):
        with telling(tmp_path / name) as made:
            permit = made.node.granted()

            def fails(faults: bool = faults) -> None:
                if faults:
                    raise MemoryError("of one row")

            for number, before in enumerate((lambda: None, fails, fails)):
                engine = FakeEngine(cells={(): (cells,)}, before=before)
                try:
                    ask(made, member(made), engine, about=number)
                except Fault:
                    assert faults
            if faults:  # two faults: a pause, which a person ends
                made.node.permits.note_spending(permit, event=PermitEvent.PAUSE)
                assert made.node.permits.place(permit).record.state is PermitState.SUSPENDED
                made.record.refused(permit=permit, code=504, person="u", sql=SQL, at=made.node.clock.now())
                made.node.permits.act(made.node.asker("custodian"), permit=permit, event=PermitEvent.RESUME, reasons="")
            ask(made, member(made), FakeEngine(cells={(): (cells,)}), about=9)
            told.append(masked(made.log))
            sizes.append([len(each) for each in made.log.kept])
    assert told[0] == told[1] and sizes[0] == sizes[1]
    assert not any(word in json.dumps(told) for word in ("pause", "fault", "settle", "done", "failed"))


def test_a_suspension_by_the_custodian_is_told_with_its_end(told: Told) -> None:
    permit = told.node.granted()
    custodian = told.node.asker("custodian")
    told.node.permits.note_spending(permit, event=PermitEvent.PAUSE)
    told.node.permits.act(custodian, permit=permit, event=PermitEvent.RESUME)
    told.node.permits.act(custodian, permit=permit, event=PermitEvent.SUSPEND)
    told.node.permits.act(custodian, permit=permit, event=PermitEvent.RESUME)
    events = [each.event for each in told.log.read("permit") if isinstance(each, PermitEntry)]
    assert events == ["request", "grant", "activate", "suspend", "resume"]


# --- promises and refusals ---


def test_a_promise_and_a_version_are_told_once(told: Told) -> None:
    of = told.node.versions[0]
    for _ in range(3):
        told.record.promise(of.dataset.population, now=told.node.clock.now())
        told.record.serve(of, now=told.node.clock.now())
    told.box.flush()
    promise, served = (each for each in told.log.read() if not isinstance(each, AccreditationEntry))
    assert isinstance(promise, PopulationEntry) and isinstance(served, DatasetEntry)
    population = of.dataset.population
    assert (promise.population, promise.unit, promise.period) == (population.name, population.unit, "life")
    assert (promise.cap_nrho, promise.cap_delta) == (population.cap_nrho, population.cap_delta)
    assert (served.version, served.replaces, served.purposes) == (of.id, "", ("GRU",))


def test_a_version_names_the_one_before_it_only_if_the_log_was_told_of_it(told: Told) -> None:
    first, at = told.node.versions[0], told.node.clock.now()
    second, third = (replace(first, id=VersionId(number * 32)) for number in "23")
    with told.node.database.transaction() as run:
        note_version(run, second, replaces=first.id, now=at)
        note_version(run, third, replaces=second.id, now=at)
    told.box.flush()
    assert [each.replaces for each in told.log.read() if isinstance(each, DatasetEntry)] == ["", second.id]
    history_of(told.log.kept)


def test_a_refused_question_is_told_under_its_permit_only(told: Told) -> None:
    permit, at = told.node.granted(), told.node.clock.now()
    told.record.refused(permit=permit, code=503, person="u-1", sql=SQL, at=at)
    told.record.refused(permit=PermitId("m-0"), code=503, person="u-1", sql=SQL, at=at)
    (refused,) = [json.loads(each) for each in told.log.kept if json.loads(each)["kind"] == "refused"]
    assert (refused["permit"], refused["dataset"], refused["code"], sorted(refused["sealed"])) == (permit, "clinic", 503, ["person", "sql"])
    assert "secret" not in told.all()


def test_the_node_itself_is_the_actor_of_what_it_does(told: Told) -> None:
    told.node.granted()
    activated = next(each for each in told.log.read("permit") if isinstance(each, PermitEntry) and each.event == "activate")
    with told.node.database.reading() as run:
        opened = openings.get(run, dict(activated.sealed)["actor"], vault=VAULT)
    assert opened is not None and opened.value == NODE
