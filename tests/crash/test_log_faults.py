"""Whatever call to the disk fails, an entry is acknowledged and there, or its waiter hears of a fault; and one history is signed.

The same for a power cut at any call: all that was synced stays, of the rest chance decides.
"""

import errno
import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from amana.log.checkpoint import Checkpoint
from amana.log.sequencer import Sequencer, Wanted
from amana.terms.refusal import Refusal
from tests.crash.failing import CALLS, Disk, PowerCut
from tests.log_writing import ORIGIN, assert_one_history, head, sequencer, signed, some, whole

BATCHES = (3, 10, 1)
"""Over the end of a tile, after the 250 that the log has."""
BEGUN = 250
CALLS_MAX = 200


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log with entries, all on disk; its checkpoint is of an earlier day."""
    folder = tmp_path_factory.mktemp("begun") / "node"
    folder.mkdir()
    made = Sequencer(folder, origin=ORIGIN, now=lambda: datetime(2026, 11, 28, tzinfo=UTC))
    made.open()
    made.publish([Wanted(entries=tuple(some(BEGUN)))])
    made.close()
    return folder


class Story:
    """What somebody who appends saw."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.done, self.acknowledged = folder, 0, dict[int, bytes]()
        self.seen = list[Checkpoint]()

    def look(self) -> None:
        found = head(self.folder)
        self.seen += [signed(self.folder), *(() if found is None else (found[1],))]

    def run(self, *, failed: list[BaseException]) -> None:
        """Batch after batch; after a failure what the log's thread does: again, with nothing new, until that succeeds."""
        made: Sequencer | None = None
        for number, count in enumerate(BATCHES):
            for _ in range(4):
                try:
                    made = made or sequencer(self.folder)
                    made.publish([])
                    break
                except OSError as error:
                    failed.append(error)
            else:
                return
            wanted = Wanted(entries=tuple(some(count, name=f"batch {number}")))
            try:
                made.publish([wanted])
                self.acknowledged |= dict(enumerate(wanted.entries, start=wanted.first))
            except OSError as error:
                failed.append(error)
            self.done += 1
            self.look()
        made.close()


@contextmanager
def disk(folder: Path, fails: Callable[[int, str], int | None]) -> Iterator[Disk]:
    with pytest.MonkeyPatch.context() as patch:
        made = Disk(patch, folder, fails=fails)
        try:
            yield made
        finally:
            made.close()


def assert_true_to(story: Story, folder: Path) -> None:
    """All that was acknowledged is there, once the log has been opened again; nothing that was ever signed or shown is contradicted."""
    with disk(folder, lambda number, name: None):
        again = sequencer(folder)
        again.publish([])
        again.close()
    entries = whole(folder)
    assert entries[:BEGUN] == some(BEGUN) and len(set(entries)) == len(entries)
    assert {index: entries[index] for index in story.acknowledged} == story.acknowledged
    assert_one_history(folder, [*story.seen, signed(folder)])


def calls_of(begun: Path, folder: Path) -> int:
    """How many calls the story makes when nothing fails."""
    shutil.copytree(begun, folder)
    story = Story(folder)
    with disk(folder, lambda number, name: None) as made:
        story.run(failed=[])
    assert len(story.acknowledged) == sum(BATCHES) and len(whole(folder)) == BEGUN + sum(BATCHES)
    shutil.rmtree(folder)
    return made.calls


KINDS: dict[str, Callable[[int], Callable[[int, str], int | None]]] = {}


def kind(make: Callable[[int], Callable[[int, str], int | None]]) -> Callable[[int], Callable[[int, str], int | None]]:
    KINDS[make.__name__.replace("_", " ")] = make
    return make


def raising(number: int) -> int | None:
    raise OSError(number, "Test")


@kind
def disk_full_once(at: int) -> Callable[[int, str], int | None]:
    return lambda number, name: raising(errno.ENOSPC) if number == at else None


@kind
def every_sync_fails_for_a_while(at: int) -> Callable[[int, str], int | None]:
    return lambda number, name: raising(errno.EIO) if at <= number < at + 12 and "sync" in name else None


@kind
def a_write_is_torn(at: int) -> Callable[[int, str], int | None]:
    return lambda number, name: (7 if name == "write" else raising(errno.EIO)) if number == at else None


@kind
def read_only_from_then_on(at: int) -> Callable[[int, str], int | None]:
    return lambda number, name: raising(errno.EROFS) if number >= at else None


@pytest.mark.parametrize("what", KINDS)
def test_a_fault_at_any_call_loses_nothing_acknowledged(begun: Path, tmp_path: Path, what: str) -> None:
    calls = calls_of(begun, tmp_path / "node")
    assert len(CALLS) < calls < CALLS_MAX
    for at in range(1, calls + 1):
        folder, failed = tmp_path / "node", list[BaseException]()
        shutil.copytree(begun, folder)
        story = Story(folder)
        with disk(folder, KINDS[what](at)):
            story.run(failed=failed)
        assert failed or len(story.acknowledged) == sum(BATCHES), at
        if what == "disk full once":
            assert story.done == len(BATCHES), at
        assert_true_to(story, folder)
        shutil.rmtree(folder)


def test_a_power_cut_at_any_call_loses_nothing_acknowledged(begun: Path, tmp_path: Path) -> None:
    calls, chance = calls_of(begun, tmp_path / "node"), random.Random(20261129)
    for at in range(1, calls + 1):
        folder = tmp_path / "node"
        shutil.copytree(begun, folder)
        story = Story(folder)

        def cut(number: int, name: str, at: int = at) -> None:
            if number == at:
                raise PowerCut

        with disk(folder, cut) as made:
            with pytest.raises(PowerCut):
                story.run(failed=[])
            for each in range(2):
                made.remains(tmp_path / f"left-{each}", chance=chance)
        for each in range(2):
            assert_true_to(story, tmp_path / f"left-{each}")
            shutil.rmtree(tmp_path / f"left-{each}")
        shutil.rmtree(folder)


def test_a_disk_that_fails_while_nothing_is_there_yet_leaves_nothing_that_hinders(tmp_path: Path) -> None:
    for at in range(1, 60):
        folder = tmp_path / f"node-{at}"
        folder.mkdir()
        with disk(folder, disk_full_once(at)):
            try:
                made = sequencer(folder)
                made.publish([Wanted(entries=(b"first",))])
            except OSError:
                pass
        with disk(folder, lambda number, name: None):
            again = sequencer(folder)
            again.publish([Wanted(entries=(b"second",))])
        assert whole(folder) in ([b"first", b"second"], [b"second"])
        assert_one_history(folder, [signed(folder)])


def test_a_log_that_cannot_be_written_is_refused_at_its_opening(tmp_path: Path) -> None:
    from tests.log_writing import opened

    with disk(tmp_path, read_only_from_then_on(1)), pytest.raises(Refusal, match="node.file_not_writable"):
        opened(tmp_path)
