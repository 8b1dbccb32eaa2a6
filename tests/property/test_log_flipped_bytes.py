"""Any change to any file of a log is found, and the file or the entry is named."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amana.log.checkpoint import Checkpoint, read_checkpoint
from amana.log.note import KeyKind, SigningKey, read_note
from amana.log.quorum import policy_of
from amana.log.read import FolderReader
from amana.log.tiles import Tile, read_bundle
from amana.log.verify import Verified, verify
from amana.log.violation import Violation
from tests.log_folders import KEY, THIEF, small_world, write_log, written

COUNT = 700
POLICY = policy_of(KEY.verifier)


def verified(folder: Path, *, since: Checkpoint | None = None) -> Verified:
    return verify(FolderReader(folder), policy=POLICY, since=since, progress=lambda done, total: None)


def wrong(folder: Path, *, since: Checkpoint | None = None) -> Violation:
    with pytest.raises(Violation) as caught:
        verified(folder, since=since)
    return caught.value


def checkpoint(folder: Path) -> Checkpoint:
    return read_checkpoint(read_note((folder / "checkpoint").read_bytes()).text)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole") / "log"
    write_log(folder, written(small_world(COUNT)))
    return folder


@pytest.fixture
def mine(whole: Path, tmp_path: Path) -> Path:
    """A copy to spoil."""
    shutil.copytree(whole, tmp_path / "log")
    return tmp_path / "log"


def files(folder: Path) -> list[Path]:
    return sorted(each for each in folder.rglob("*") if each.is_file())


def test_the_log_that_is_spoiled_here_holds_and_has_every_form_of_file(whole: Path) -> None:
    found = verified(whole)
    assert found.checkpoint.size == COUNT and found.archived == ("2026-11-28", "2026-11-29") and found.latest == "2026-11-30T19Z"
    assert {each.relative_to(whole).as_posix() for each in files(whole)} == {
        *("checkpoint", "log.vkey", "policy", "archive/2026-11-28", "archive/2026-11-29"),
        *(f"tile/{level}/{index}" for level in ("entries", "0") for index in ("000", "001", "002.p/188")),
        "tile/1/000.p/2",
    }


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_flipped_byte_of_any_file_is_found_and_its_file_is_named(whole: Path, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(files(whole)), label="file")
    content = path.read_bytes()
    at = data.draw(st.integers(0, len(content) - 1), label="byte")
    other = content[at] ^ data.draw(st.integers(1, 255), label="flip")
    try:
        path.write_bytes(content[:at] + bytes([other]) + content[at + 1 :])
        error = wrong(whole)
    finally:
        path.write_bytes(content)
    assert error.path == path.relative_to(whole).as_posix()
    if error.path.startswith("tile/entries/"):
        assert error.index is not None
        assert error.index <= entry_of_byte(error.path, content, at) and error.index // 256 == int(error.path[13:16])
        assert error.reason == "width" or error.index == entry_of_byte(error.path, content, at)


def entry_of_byte(path: str, content: bytes, at: int) -> int:
    """The index of the entry in which that byte of a bundle stands."""
    place, begin = int(path[13:16]), 0
    width = int(path.partition(".p/")[2] or 256)
    for number, entry in enumerate(read_bundle(Tile(level=-1, index=place, width=width), content)):
        begin += 2 + len(entry)
        if at < begin:
            return place * 256 + number
    raise AssertionError(at)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_file_cut_short_or_too_long_is_found_and_named(whole: Path, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(files(whole)), label="file")
    content = path.read_bytes()
    kept = data.draw(st.one_of(st.integers(0, len(content) - 1).map(lambda end: content[:end]), st.just(content + b"0")), label="kept")
    try:
        path.write_bytes(kept)
        error = wrong(whole)
    finally:
        path.write_bytes(content)
    assert error.path == path.relative_to(whole).as_posix()


def test_a_missing_file_is_named(whole: Path) -> None:
    for path in files(whole):
        content = path.read_bytes()
        path.unlink()
        name = path.relative_to(whole).as_posix()
        try:
            if name.startswith("archive/"):  # an old statement that nobody can compare any more, and nothing else
                assert verified(whole).missing == (name.removeprefix("archive/"),)
                continue
            error = wrong(whole)
        finally:
            path.write_bytes(content)
        assert (error.path, error.reason) == (name, "missing")


def test_a_file_that_no_log_has_is_named(mine: Path) -> None:
    (mine / "tile" / "0" / "more").write_text("")
    assert (wrong(mine).path, wrong(mine).reason) == ("tile/0/more", "file_unknown")


def test_a_partial_tile_left_from_before_must_agree_with_the_full_one(mine: Path) -> None:
    full = (mine / "tile/0/001").read_bytes()
    (mine / "tile/0/001.p").mkdir()
    (mine / "tile/0/001.p/7").write_bytes(full[: 7 * 32])
    assert verified(mine).checkpoint.size == COUNT
    (mine / "tile/0/001.p/7").write_bytes(full[32 : 8 * 32])
    assert (wrong(mine).path, wrong(mine).reason) == ("tile/0/001.p/7", "tile_differs")


def test_a_partial_tile_may_be_gone_once_the_full_one_is_there(whole: Path, tmp_path: Path) -> None:
    write_log(tmp_path / "later", written(small_world(COUNT))[:600])
    for level in ("entries", "0"):
        (tmp_path / f"later/tile/{level}/002.p/88").unlink()
        (tmp_path / f"later/tile/{level}/002.p").rmdir()
    # What a writer has put there meanwhile, under a checkpoint that this reader has not seen.
    longer = tmp_path / "longer"
    write_log(longer, written(small_world(COUNT)) + written(small_world(COUNT))[COUNT - 68 :])
    for level in ("entries", "0"):
        shutil.copy(longer / f"tile/{level}/002", tmp_path / f"later/tile/{level}/002")
    assert verified(tmp_path / "later").checkpoint.size == 600


@pytest.mark.parametrize("level", ["entries", "0"])
def test_two_swapped_tiles_are_found_at_the_first(mine: Path, level: str) -> None:
    one, other, beside = (mine / f"tile/{level}/{name}" for name in ("000", "001", "beside"))
    one.rename(beside)
    other.rename(one)
    beside.rename(other)
    error = wrong(mine)
    assert (error.path, error.index) == (f"tile/{level}/000", 0)


CHANGES: dict[str, tuple[Callable[[list[bytes]], list[bytes]], int, str]] = {
    "an entry twice": (lambda entries: [*entries[:300], entries[299], *entries[300:]], 300, "account_overdrawn"),
    "an entry gone": (lambda entries: [*entries[:1], *entries[2:]], 1, "population_unknown"),
    "two entries in another order": (lambda entries: [*entries[:3], entries[4], entries[3], *entries[5:]], 3, "lifecycle"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_thief_who_signs_another_history_with_another_key_is_not_believed(tmp_path: Path, name: str) -> None:
    write_log(tmp_path, CHANGES[name][0](written(small_world(COUNT))), key=THIEF)
    assert (wrong(tmp_path).path, wrong(tmp_path).reason) == ("checkpoint", "not_signed")


@pytest.mark.parametrize("name", CHANGES)
def test_a_history_that_does_not_add_up_is_found_though_the_log_itself_signed_it(tmp_path: Path, name: str) -> None:
    change, index, reason = CHANGES[name]
    write_log(tmp_path, change(written(small_world(COUNT))))
    error = wrong(tmp_path)
    assert (error.index, error.reason) == (index, reason)


def test_a_thief_in_possession_of_the_folder_cannot_make_another_key_its_own(mine: Path) -> None:
    (mine / "log.vkey").write_text(f"{THIEF.verifier.text}\n")
    assert (wrong(mine).path, wrong(mine).reason) == ("log.vkey", "key_differs")


def test_a_log_that_forgot_is_found_by_whoever_kept_a_checkpoint(whole: Path, tmp_path: Path) -> None:
    kept = checkpoint(whole)
    assert verified(whole, since=kept).checkpoint == kept
    write_log(tmp_path, written(small_world(COUNT))[:650])
    assert wrong(tmp_path, since=kept).reason == "rollback"


def test_a_log_that_tells_another_history_is_found_by_whoever_kept_a_checkpoint(whole: Path, tmp_path: Path) -> None:
    entries = written(small_world(COUNT))
    write_log(tmp_path, [*entries[:600], *entries[601:], *entries[-1:]][:COUNT])
    assert wrong(tmp_path, since=checkpoint(whole)).reason in {"fork", "account_overdrawn"}
    write_log(tmp_path / "longer", [*entries[:13], *entries[14:]])
    assert wrong(tmp_path / "longer", since=Checkpoint(origin=KEY.name, size=20, root=checkpoint(whole).root)).reason == "fork"


def test_an_archived_checkpoint_of_another_history_is_named(whole: Path, tmp_path: Path) -> None:
    entries = written(small_world(COUNT))
    write_log(tmp_path, [*entries[:13], *entries[14:]])
    shutil.copy(whole / "archive/2026-11-29", tmp_path / "archive/2026-11-29")
    assert (wrong(tmp_path).path, wrong(tmp_path).reason) == ("archive/2026-11-29", "fork")


def test_the_wrong_key_and_the_key_of_another_log_are_told_apart(whole: Path) -> None:
    for key, reason in (
        (THIEF, "not_signed"),
        (SigningKey(name="other.example/log", kind=KeyKind.ED25519, secret=KEY.secret), "origin_unknown"),
    ):
        with pytest.raises(Violation) as caught:
            verify(FolderReader(whole), policy=policy_of(key.verifier), since=None, progress=lambda done, total: None)
        assert (caught.value.path, caught.value.reason) == ("checkpoint", reason)
