"""Whoever appends to the public log is told when a published checkpoint covers the entry, and a log that cannot publish says so."""

import os
import shutil
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from amana.log.checkpoint import read_checkpoint
from amana.log.cosignature import cosign
from amana.log.journal import JOURNAL_BYTES_MAX
from amana.log.note import KeyKind, Note, Signature, SigningKey
from amana.log.quorum import Policy, WitnessKey, check_note, policy_of, read_policy
from amana.log.tree import Hash, verify_consistency
from amana.log.writer import TiledLog
from amana.terms.refusal import Fault, Refusal
from tests.log_writing import ORIGIN, files, head, now, opened, signed, some, whole

WITNESS = SigningKey(name="witness.example.org", kind=KeyKind.COSIGNATURE, secret=bytes(32))
QUORUM = Policy(witnesses=(WitnessKey(name="w", key=WITNESS.verifier),), quorum="w")


class Asked:
    """A witness that a test can silence."""

    def __init__(self) -> None:
        self.answers, self.seen = True, list[Note]()

    def __call__(self, note: Note, proofs: Callable[[int], Sequence[Hash]], /) -> Sequence[Signature]:
        if not self.answers:
            raise TimeoutError
        new = read_checkpoint(note.text)
        for old in (read_checkpoint(each.text) for each in self.seen):
            if old.size < new.size:
                verify_consistency(old=old.size, old_root=old.root, size=new.size, root=new.root, proof=proofs(old.size))
        self.seen.append(note)
        return (cosign(new, key=WITNESS, time_s=1),)


def until(true: Callable[[], bool]) -> None:
    """Wait for what another thread does."""
    done = threading.Event()
    for _ in range(1000):
        if true():
            return
        done.wait(0.01)
    raise AssertionError


def test_an_entry_is_under_the_published_checkpoint_when_append_returns(tmp_path: Path) -> None:
    log = opened(tmp_path)
    for number, entry in enumerate(some(5)):
        assert log.append(entry).index == number
        assert whole(tmp_path) == some(number + 1) and log.size() == number + 1
    log.close()


def test_the_folder_holds_what_is_published_and_nothing_else(tmp_path: Path) -> None:
    log = opened(tmp_path)
    assert files(tmp_path) == ["log.vkey", "policy"] and log.checkpoint() is None
    log.append_many(some(2))
    log.append_many(some(1))
    tiles = [f"tile/{level}/000.p/{width}" for level in ("0", "entries") for width in (2, 3)]
    assert files(tmp_path) == ["checkpoint", "log.vkey", "policy", *tiles]
    log.close()


def test_what_is_published_is_readable_by_everybody_and_the_rest_by_nobody(tmp_path: Path) -> None:
    log = opened(tmp_path)
    log.append(b"entry")
    modes = {name: (tmp_path / name).stat().st_mode & 0o777 for name in ("log/checkpoint", "log/policy", "log.journal", "keys/log.signed")}
    assert modes == {"log/checkpoint": 0o644, "log/policy": 0o644, "log.journal": 0o600, "keys/log.signed": 0o600}
    assert (tmp_path / "keys").stat().st_mode & 0o077 == 0
    log.close()


@pytest.mark.parametrize("counts", [(256,), (255, 1, 1), (1, 1023, 1), (1, 600, 600, 1), (3000, 7)])
def test_tiles_are_those_of_the_tree_whatever_the_batches(tmp_path: Path, counts: Sequence[int]) -> None:
    log, done = opened(tmp_path), 0
    for count in counts:
        assert [each.index for each in log.append_many(some(count, start=done))] == list(range(done, done + count))
        done += count
    log.close()
    assert whole(tmp_path) == some(done)
    again = opened(tmp_path)
    assert again.append(b"last").index == done and whole(tmp_path) == [*some(done), b"last"]
    again.close()


def test_partial_tiles_go_once_the_full_one_is_there(tmp_path: Path) -> None:
    log = opened(tmp_path)
    for begun in range(0, 260, 5):
        log.append_many(some(5, start=begun))
    log.close()
    assert [path for path in files(tmp_path) if ".p/" in path] == ["tile/0/001.p/4", "tile/1/000.p/1", "tile/entries/001.p/4"]


def test_partial_tiles_that_a_crash_left_are_swept_at_the_next_opening(tmp_path: Path) -> None:
    opened(tmp_path).append_many(some(300))
    left = tmp_path / "log" / "tile" / "entries" / "000.p"
    left.mkdir()
    (left / "7").write_bytes(b"left")
    opened(tmp_path).close()
    assert not left.exists() and whole(tmp_path) == some(300)


def test_entries_are_read_from_any_index_to_any_other(tmp_path: Path) -> None:
    log = opened(tmp_path)
    log.append_many(some(600))
    for start, stop in ((0, 600), (0, 1), (255, 257), (599, 600), (300, 300), (10, 9000)):
        assert list(log.entries(start, stop)) == some(600)[start:stop]
    assert list(log.entries()) == some(600)
    log.close()


def test_waiting_entries_are_published_together(tmp_path: Path) -> None:
    asked = Asked()
    log, indexes = opened(tmp_path, cosign=asked), list[int]()
    threads = [threading.Thread(target=lambda: indexes.append(log.append(b"entry").index)) for _ in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(indexes) == list(range(64)) and len(asked.seen) < 64
    log.close()


def test_two_writers_of_one_folder_take_turns(tmp_path: Path) -> None:
    one, other = opened(tmp_path), opened(tmp_path)
    indexes = [log.append(f"{number}".encode()).index for number in range(300) for log in (one, other)]
    assert indexes == list(range(600)) and len(whole(tmp_path)) == 600
    one.close()
    other.close()


def test_an_entry_that_stands_there_is_not_added_again(tmp_path: Path) -> None:
    log, other = opened(tmp_path), opened(tmp_path)
    log.append_many(some(300))
    assert other.append(b"entry 280", since=270).index == 280 and other.append(b"entry 280", since=280).index == 280
    assert other.append(b"entry 280", since=281).index == 300
    assert log.append(b"entry 280").index == 301
    assert log.size() == 302
    log.close()
    other.close()


def test_a_long_journal_begins_anew_and_nothing_is_lost(tmp_path: Path) -> None:
    log, size = opened(tmp_path), 2**14
    for number in range(3):
        log.append_many([number.to_bytes(1, "big") * size] * (JOURNAL_BYTES_MAX // size + 1))
    log.append(b"last")
    assert (tmp_path / "log.journal").stat().st_size < JOURNAL_BYTES_MAX
    log.close()
    assert len(whole(tmp_path)) == 3 * (JOURNAL_BYTES_MAX // size + 1) + 1


def test_the_last_checkpoint_of_a_day_is_kept(tmp_path: Path) -> None:
    day = [datetime(2026, 11, 29, 23, 59, tzinfo=UTC)]
    log = TiledLog(tmp_path, origin=ORIGIN, now=lambda: day[0])
    log.append_many(some(2))
    log.append_many(some(3, start=2))
    last = (tmp_path / "log" / "checkpoint").read_bytes()
    assert not (tmp_path / "log" / "archive").exists()
    day[0] += timedelta(days=3)
    log.append(b"entry 5")
    log.append(b"entry 6")
    day[0] -= timedelta(days=1)  # a clock that goes back archives nothing
    log.append(b"entry 7")
    log.close()
    assert [path.name for path in (tmp_path / "log" / "archive").iterdir()] == ["2026-11-29"]
    assert (tmp_path / "log" / "archive" / "2026-11-29").read_bytes() == last and len(whole(tmp_path)) == 8


def test_without_its_quorum_nothing_is_published_and_what_waits_is_published_later(tmp_path: Path) -> None:
    asked = Asked()
    log = TiledLog(tmp_path, origin=ORIGIN, now=now, cosign=asked, policy=QUORUM, retry_s=0.02)
    log.append(b"first")
    asked.answers = False
    with pytest.raises(Fault):
        log.append(b"second")
    assert whole(tmp_path) == [b"first"] and log.stopped == "Refusal: AMA-826 log.no_quorum(); TimeoutError: "
    with pytest.raises(Fault):
        log.append(b"never taken")
    with pytest.raises(Refusal, match="log.no_quorum"):
        log.check()
    asked.answers = True
    until(lambda: log.stopped is None)
    log.check()
    assert whole(tmp_path) == [b"first", b"second"] and log.append(b"third").index == 2
    assert set(check_note(head(tmp_path)[0], log.policy).cosigned) == {"w"}  # type: ignore[index]
    log.close()


def test_what_waited_for_a_quorum_is_published_by_the_next_opening(tmp_path: Path) -> None:
    asked = Asked()
    asked.answers = False
    log = opened(tmp_path, cosign=asked)
    with pytest.raises(Fault):
        log.append(b"entry")
    log.close()
    still = opened(tmp_path, cosign=asked)
    assert still.stopped is not None and head(tmp_path) is None
    still.close()
    asked.answers = True
    opened(tmp_path, cosign=asked).close()
    assert whole(tmp_path) == [b"entry"]


def test_witnesses_that_do_not_satisfy_the_policy_are_not_believed(tmp_path: Path) -> None:
    log = TiledLog(tmp_path, origin=ORIGIN, now=now, cosign=lambda note, proofs: (), policy=QUORUM, retry_s=9)
    with pytest.raises(Fault):
        log.append(b"entry")
    assert head(tmp_path) is None and "quorum_missed" in (log.stopped or "")
    log.close()


def test_the_reason_of_a_stop_and_its_end_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = list[str]()
    log = TiledLog(tmp_path, origin=ORIGIN, now=now, tell=told.append, retry_s=0.02)
    real, failing = os.fdatasync, [True]

    def fails(descriptor: int) -> None:
        if failing.pop() if failing else False:
            raise OSError(5, "Input/output error")
        real(descriptor)

    monkeypatch.setattr(os, "fdatasync", fails)
    with pytest.raises(Fault):
        log.append(b"entry")
    until(lambda: log.stopped is None)
    assert told == ["OSError: [Errno 5] Input/output error", ""] and log.append(b"after").index == 1
    log.close()


def test_a_stopped_log_faults_at_once_and_its_check_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = opened(tmp_path, retry_s=600)

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        with pytest.raises(Fault):
            log.append(b"entry")
    with pytest.raises(Fault):
        log.append(b"entry")
    with pytest.raises(Refusal) as refused:
        log.check()
    assert refused.value.code == "node.file_not_writable" and refused.value.parameters["reason"] == "word.system.disk_full"
    log.close()


def test_a_full_disk_is_seen_before_anything_is_charged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = opened(tmp_path)
    log.check()
    monkeypatch.setattr("amana.log.writer.ROOM_BYTES", 2**80)
    with pytest.raises(Refusal, match="disk_full"):
        log.check()
    log.close()


def test_a_closed_log_takes_nothing(tmp_path: Path) -> None:
    log = opened(tmp_path)
    log.append(b"entry")
    log.close()
    log.close()
    with pytest.raises(Fault):
        log.append(b"late")
    assert whole(tmp_path) == [b"entry"]


@pytest.mark.parametrize("kept", ["nothing else", "the journal"])
def test_an_older_copy_of_the_log_is_refused(tmp_path: Path, kept: str) -> None:
    log, copy = opened(tmp_path), tmp_path / "copy"
    log.append_many(some(5))
    shutil.copytree(tmp_path / "log", copy)
    log.append_many(some(5, start=5))
    if kept == "the journal":  # a later one, which begins after the copy ends
        log.append_many([bytes(2**14)] * (JOURNAL_BYTES_MAX // 2**14 + 1))
        log.append(b"last")
    else:
        (tmp_path / "log.journal").unlink()
    size = log.size()
    shutil.rmtree(tmp_path / "log")
    shutil.copytree(copy, tmp_path / "log")
    with pytest.raises(Refusal) as refused:
        opened(tmp_path)
    assert refused.value.code == "log.older_than_signed" and refused.value.parameters == {"size": 5, "signed": size}
    with pytest.raises(Fault):
        log.append(b"more")


def test_an_older_copy_is_brought_up_to_date_by_a_journal_that_holds_the_rest(tmp_path: Path) -> None:
    log, copy = opened(tmp_path), tmp_path / "copy"
    log.append_many(some(5))
    shutil.copytree(tmp_path / "log", copy)
    log.append_many(some(500, start=5))
    log.close()
    shutil.rmtree(tmp_path / "log")
    shutil.copytree(copy, tmp_path / "log")
    opened(tmp_path).close()
    assert whole(tmp_path) == some(505)


def test_a_log_folder_that_is_lost_is_not_begun_anew(tmp_path: Path) -> None:
    opened(tmp_path).append_many(some(5))
    shutil.rmtree(tmp_path / "log")
    (tmp_path / "log.journal").unlink()
    with pytest.raises(Refusal, match="log.older_than_signed"):
        opened(tmp_path)


def test_another_log_of_the_same_length_is_refused(tmp_path: Path) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
    opened(tmp_path / "one").append_many(some(5))
    shutil.copytree(tmp_path / "one" / "keys", tmp_path / "other" / "keys")
    (tmp_path / "other" / "keys" / "log.signed").unlink()
    shutil.copy(tmp_path / "one" / "keys" / "log.signed", tmp_path / "kept")
    begun = tmp_path / "begun"
    begun.mkdir()
    opened(begun).close()
    shutil.copy(begun / "keys" / "log.signed", tmp_path / "other" / "keys" / "log.signed")  # a memory that was made to forget
    opened(tmp_path / "other").append_many(some(5, name="other"))
    shutil.copy(tmp_path / "kept", tmp_path / "other" / "keys" / "log.signed")
    with pytest.raises(Refusal, match="log.other_than_signed"):
        opened(tmp_path / "other")


def test_lost_keys_are_not_replaced_where_there_is_a_log(tmp_path: Path) -> None:
    opened(tmp_path).append(b"entry")
    shutil.rmtree(tmp_path / "keys")
    with pytest.raises(Refusal, match="keys.missing"):
        opened(tmp_path)


@pytest.mark.parametrize("path", ["checkpoint", "tile/0/001.p/44", "tile/1/000.p/1", "tile/entries/001.p/44"])
@pytest.mark.parametrize("harm", ["flipped", "missing", "short"])
def test_a_damaged_edge_is_not_built_upon(tmp_path: Path, path: str, harm: str) -> None:
    opened(tmp_path).append_many(some(300))
    harmed = tmp_path / "log" / path
    content = bytearray(harmed.read_bytes())
    content[len(content) // 2] ^= 1
    harmed.unlink()
    if harm != "missing":
        harmed.write_bytes(content if harm == "flipped" else content[:-1])
    if (path, harm) == ("checkpoint", "missing"):  # the journal holds all of it still
        opened(tmp_path).close()
        assert whole(tmp_path) == some(300)
        return
    with pytest.raises(Refusal) as refused:
        opened(tmp_path)
    assert refused.value.code == "log.damaged" and str(refused.value.parameters["file"]).startswith(str(tmp_path / "log"))


def test_the_key_and_the_policy_are_written_again_where_they_are_missing_or_changed(tmp_path: Path) -> None:
    log = opened(tmp_path)
    log.append(b"entry")
    (tmp_path / "log" / "log.vkey").unlink()
    (tmp_path / "log" / "policy").write_text("quorum none\n")
    opened(tmp_path).close()
    assert whole(tmp_path) == [b"entry"] and read_policy((tmp_path / "log" / "policy").read_bytes()) == policy_of(log.verifier)


def test_a_rotation_is_published_with_both_keys(tmp_path: Path) -> None:
    log, other = opened(tmp_path), opened(tmp_path)
    old, new = log.rotate()
    for each in (log, other):
        each.append(b"entry")
        found = head(tmp_path)
        assert found is not None and len(found[0].signatures) == 2 and log.verifier == new
    log.retire()
    other.append(b"entry")
    published = read_policy((tmp_path / "log" / "policy").read_bytes())
    assert published == policy_of(new, old) and len(whole(tmp_path)) == 3
    log.close()
    other.close()


def test_the_signer_remembers_what_is_published(tmp_path: Path) -> None:
    log = opened(tmp_path)
    log.append_many(some(7))
    found = head(tmp_path)
    assert found is not None and signed(tmp_path) == found[1]
    log.close()
