"""Keys of requests, on both databases: one attempt at a time, taken over from the dead, complete for ever."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from amana.node.database import NodeDatabase
from amana.node.repeats import Done, First, Interrupted, Repeats, Running
from amana.privacy.price import RhoCap
from amana.privacy.release import answer
from amana.terms.ids import Digest, NanoRho, PersonId
from amana.terms.refusal import Fault, Refusal
from tests.parts import FakeClock, FakeEngine, asking, connect, kernel, ledger_at, rows_of, version

pytestmark = pytest.mark.usefixtures("each_database")

AMAL, BADR = PersonId("amal"), PersonId("badr")
NOW = datetime(2026, 1, 2, tzinfo=UTC)
LIVING = {"here", "there"}


@pytest.fixture
def database(tmp_path: Path) -> Iterator[NodeDatabase]:
    made = connect(tmp_path / "node.sqlite")
    with made.transaction() as run:
        run.change("INSERT INTO organisation (id, name, kind) VALUES ('lab', 'The lab', 'research')", {})
        for person in (AMAL, BADR):
            run.change("INSERT INTO person (id, name, organisation, language) VALUES (:id, :id, 'lab', 'en')", {"id": person})
    yield made
    made.close()


def of(database: NodeDatabase, worker: str = "here") -> Repeats:
    """The keys as one process sees them."""
    return Repeats(database, lambda: NOW, worker=worker, alive=lambda name: name in LIVING, digest_key=b"k" * 32)


def begin(repeats: Repeats, request: bytes = b"question", *, person: PersonId = AMAL, serving: str = "v1") -> object:
    return repeats.begin(person, key="key", request=request, serving=serving)


def test_a_request_is_first_then_running_then_done(database: NodeDatabase) -> None:
    here, there = of(database), of(database, "there")
    assert begin(here) == First()
    assert begin(here) == begin(there) == Running()
    assert begin(there, person=BADR) == First()
    here.complete(AMAL, key="key", outcome="what came of it")
    assert begin(here) == begin(there) == Done(outcome="what came of it", since=NOW, republished=False)
    for each in (here, there):
        with pytest.raises(Refusal, match="key_reused"):
            begin(each, b"another question")


def test_of_many_at_once_one_is_first(database: NodeDatabase) -> None:
    processes = [of(database), of(database, "there")]
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda number: begin(processes[number % 2]), range(32)))
    assert found.count(First()) == 1 and found.count(Running()) == 31


def test_a_dead_process_is_taken_over_by_one_and_its_beginning_is_remembered(database: NodeDatabase) -> None:
    assert begin(of(database, "dead")) == First()
    processes = [of(database), of(database, "there")]
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda number: begin(processes[number % 2], serving="v2"), range(32)))
    assert found.count(Interrupted(since=NOW, republished=True)) == 1 and found.count(Running()) == 31


def test_a_thread_that_lost_its_database_is_taken_over_by_the_same_process(database: NodeDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    here = of(database)
    begin(here)
    monkeypatch.setattr(here, "_database", None)
    with pytest.raises(AttributeError):
        here.complete(AMAL, key="key", outcome="lost")
    monkeypatch.undo()
    assert begin(here) == Interrupted(since=NOW, republished=False)


def test_a_refusal_frees_the_key_but_not_that_of_an_attempt_that_was_cut_off(database: NodeDatabase) -> None:
    here = of(database)
    here.refuse(AMAL, key="key", after=First() if begin(here) == First() else Running())
    assert begin(here, b"another question") == First()
    here.refuse(AMAL, key="key", after=First())
    begin(of(database, "dead"))
    cut_off = begin(here)
    assert isinstance(cut_off, Interrupted)
    here.refuse(AMAL, key="key", after=cut_off)
    assert begin(here) == cut_off, "what it may have paid is looked for again"
    with pytest.raises(Refusal, match="key_reused"):
        begin(here, b"another question")


def test_a_charge_whose_rows_were_lost_is_found_by_its_question_and_time_whichever_permit_paid(tmp_path: Path) -> None:
    def broken() -> None:
        raise RuntimeError

    released = version()
    with ledger_at(tmp_path / "ledger.sqlite", released) as ledger:
        before = FakeClock().now()
        with pytest.raises(Fault):
            answer(asking(released, target=RhoCap(nano_rho=NanoRho(1_000))), kernel(ledger, FakeEngine(cells={}, before=broken)))
        ((question,),) = rows_of(tmp_path / "ledger.sqlite", "SELECT question FROM charge WHERE state = 'faulted'")
        asked = Digest(str(question))
        assert ledger.lost(asked, since=before)
        assert not ledger.lost(Digest("another"), since=before)
        assert not ledger.lost(asked, since=before.replace(hour=before.hour + 1))
