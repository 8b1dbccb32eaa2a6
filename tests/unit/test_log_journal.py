"""The journal gives back what was appended and nothing else, whatever its end looks like."""

from pathlib import Path

import pytest

from amana.log.journal import JOURNAL_BYTES_MAX, Journal, JournalGapError
from tests.log_writing import some


def journal(folder: Path, *, size: int = 0) -> Journal:
    made = Journal(folder / "log.journal")
    pending, in_order = made.load(size)
    if not in_order:
        made.begin(pending, start=size)
    return made


def test_entries_come_back_from_the_index_that_is_asked_for(tmp_path: Path) -> None:
    made = journal(tmp_path)
    made.append(some(3), start=0)
    made.append(some(700, start=3), start=3)
    for size in (0, 2, 3, 300, 702, 703):
        assert made.load(size) == (some(703 - size, start=size), size == 703)


def test_its_file_is_private(tmp_path: Path) -> None:
    journal(tmp_path)
    assert (tmp_path / "log.journal").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("left", [1, 19, 20, 40, 60])
def test_a_torn_record_is_cut_off_and_what_stands_before_it_stays(tmp_path: Path, left: int) -> None:
    made = journal(tmp_path)
    made.append(some(3), start=0)
    kept = (tmp_path / "log.journal").read_bytes()
    made.append(some(5, start=3), start=3)
    whole = (tmp_path / "log.journal").read_bytes()
    (tmp_path / "log.journal").write_bytes(whole[: len(kept) + left])
    again = journal(tmp_path)
    assert again.load(0)[0] == some(3) and again.load(3) == ([], True)


@pytest.mark.parametrize("at", range(0, 60, 7))
def test_a_record_with_a_flipped_byte_does_not_count(tmp_path: Path, at: int) -> None:
    journal(tmp_path).append(some(3), start=0)
    content = bytearray((tmp_path / "log.journal").read_bytes())
    content[at] ^= 1
    (tmp_path / "log.journal").write_bytes(content)
    assert Journal(tmp_path / "log.journal").load(0) == ([], False)


def test_pending_entries_are_never_taken_as_they_lie_there(tmp_path: Path) -> None:
    """A sync may have failed on that file: its pages prove nothing."""
    journal(tmp_path).append(some(3), start=0)
    before = (tmp_path / "log.journal").stat().st_ino
    journal(tmp_path)
    assert (tmp_path / "log.journal").stat().st_ino != before and Journal(tmp_path / "log.journal").load(0)[0] == some(3)


def test_entries_beyond_the_end_of_the_tree_are_a_gap(tmp_path: Path) -> None:
    journal(tmp_path, size=7).append(some(3), start=7)
    with pytest.raises(JournalGapError):
        Journal(tmp_path / "log.journal").load(6)


def test_it_knows_whether_another_process_has_written(tmp_path: Path) -> None:
    one, other = journal(tmp_path), journal(tmp_path)
    assert one.is_as_known and other.is_as_known
    one.append(some(1), start=0)
    assert one.is_as_known and not other.is_as_known
    other.load(1)
    assert other.is_as_known
    other.begin(start=1)
    assert not one.is_as_known
    (tmp_path / "log.journal").unlink()
    assert not other.is_as_known


def test_a_long_one_says_so(tmp_path: Path) -> None:
    made = journal(tmp_path)
    made.append([bytes(2**15)] * (JOURNAL_BYTES_MAX // 2**15), start=0)
    assert made.is_long
    made.begin(start=JOURNAL_BYTES_MAX // 2**15)
    assert not made.is_long and (tmp_path / "log.journal").read_bytes() == b""
