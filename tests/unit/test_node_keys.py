"""Keys: wrapped under their names, never replaced by accident, shown nowhere."""

import json
import os
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amana.catalog.profile import Profile
from amana.catalog.rules import read_rules
from amana.log import durable
from amana.node.key_source import FileKey, Secret, SecretText, UnwrapError, make_key, new_key, read_key
from amana.node.keys import DIGEST, RANK, KeyRing
from amana.node.publish import publish
from amana.node.rotate import rotate
from amana.node.settings import read_settings
from amana.terms.ids import VersionId
from amana.terms.refusal import Refusal
from tests.parts import store_at
from tests.unit.keyring import refused, ring
from tests.unit.publishing import HEAD, VISITS

NOW = datetime(2026, 1, 2, tzinfo=UTC)
ONE, TWO = VersionId("1" * 32), VersionId("2" * 32)


# --- wrapping ---


@given(st.binary(min_size=32, max_size=32), st.text(max_size=20), st.integers(0, 59), st.integers(1, 255))
def test_a_wrapped_key_opens_under_its_own_name_and_whole_only(key: bytes, name: str, place: int, flip: int) -> None:
    source = FileKey(new_key())
    wrapped = source.wrap(Secret(key), name=name)
    assert source.unwrap(wrapped, name=name) == key
    assert key not in wrapped
    bent = bytearray(wrapped)
    bent[place] ^= flip
    for other, given_bytes, given_name in ((source, wrapped, name + "x"), (source, bytes(bent), name), (FileKey(new_key()), wrapped, name)):
        with pytest.raises(UnwrapError):
            other.unwrap(given_bytes, name=given_name)
    for short in (b"", wrapped[:7], wrapped[:20]):
        with pytest.raises(UnwrapError):
            source.unwrap(short, name=name)


def test_the_same_key_wrapped_twice_does_not_look_the_same() -> None:
    source, key = FileKey(new_key()), new_key()
    assert source.wrap(key, name="a") != source.wrap(key, name="a")


def test_data_keys_are_random_each_and_the_long_lived_ones_stay(tmp_path: Path) -> None:
    first = ring(tmp_path)
    first.add_version(ONE)
    first.add_version(TWO)
    again = ring(tmp_path)
    assert len({first.data_key(RANK), first.data_key(DIGEST), first.version_key(ONE), first.version_key(TWO)}) == 4
    assert (again.data_key(RANK), again.version_key(ONE)) == (first.data_key(RANK), first.version_key(ONE))


def test_swapped_entries_are_found(tmp_path: Path) -> None:
    ring(tmp_path)
    path = tmp_path / "keys" / "wrapped.json"
    held = json.loads(path.read_text())
    held["keys"]["rank"], held["keys"]["digest"] = held["keys"]["digest"], held["keys"]["rank"]
    path.write_text(json.dumps(held))
    with pytest.raises(Refusal) as no:
        ring(tmp_path)
    assert refused("keys.damaged", no.value).parameters["name"] == "rank"


@given(st.data())
def test_a_damaged_file_of_wrapped_keys_is_a_refusal_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    ring(folder)
    path = folder / "keys" / "wrapped.json"
    whole = path.read_bytes()
    text = data.draw(
        st.one_of(
            st.integers(0, len(whole) - 2).map(lambda end: whole[:end]),
            st.sampled_from(
                [b"[]", b"{}", b"1", b'"x"', b"\xff", b'{"format": 1, "source": "file", "kek": 1, "made_at": "x", "keys": []}']
            ),
            st.just(whole.replace(b'"rank"', b'"version/../../rank"')),
        )
    )
    path.write_bytes(text)
    with pytest.raises(Refusal) as no:
        ring(folder)
    refused("keys.damaged", no.value)
    assert path.read_bytes() == text


# --- lost, wrong and open keys ---


def test_a_lost_key_file_is_a_refusal_that_names_it_and_no_new_key(tmp_path: Path) -> None:
    ring(tmp_path)
    (tmp_path / "keys" / "node.key").unlink()
    with pytest.raises(Refusal) as no:
        store_at(tmp_path)
    assert refused("keys.missing", no.value).parameters["file"] == str(tmp_path / "keys" / "node.key")
    assert not (tmp_path / "keys" / "node.key").exists()


@pytest.mark.parametrize("left", ["node.sqlite", "versions/1.duckdb"])
def test_wrapped_keys_that_are_lost_are_never_made_anew_over_data(tmp_path: Path, left: str) -> None:
    ring(tmp_path)
    (tmp_path / "keys" / "wrapped.json").unlink()
    (tmp_path / left).write_bytes(b"")
    with pytest.raises(Refusal) as no:
        store_at(tmp_path)
    assert refused("keys.missing", no.value).parameters["file"] == str(tmp_path / "keys" / "wrapped.json")
    assert not (tmp_path / "keys" / "wrapped.json").exists()


def test_another_nodes_key_is_wrong_and_said_to_be(tmp_path: Path) -> None:
    ring(tmp_path / "a")
    ring(tmp_path / "b")
    (tmp_path / "a" / "keys" / "node.key").write_bytes((tmp_path / "b" / "keys" / "node.key").read_bytes())
    with pytest.raises(Refusal) as no:
        store_at(tmp_path / "a")
    refusal = refused("keys.wrong_key", no.value)
    assert refusal.parameters["wanted"] == ring_id(tmp_path / "a")
    assert refusal.parameters["found"] == ring_id(tmp_path / "b")


def ring_id(folder: Path) -> str:
    return str(json.loads((folder / "keys" / "wrapped.json").read_text())["kek"])


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o660, 0o601])
def test_a_key_file_that_others_can_open_is_refused_with_the_command_that_closes_it(tmp_path: Path, mode: int) -> None:
    ring(tmp_path)
    (tmp_path / "keys" / "node.key").chmod(mode)
    with pytest.raises(Refusal) as no:
        store_at(tmp_path)
    assert refused("keys.readable_by_others", no.value).parameters["mode"] == f"{mode:04o}"
    (tmp_path / "keys" / "node.key").chmod(0o600)
    store_at(tmp_path)


@pytest.mark.parametrize("content", [b"", b"short", b"x" * 33])
def test_a_file_that_is_no_key_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "key"
    path.touch(mode=0o600)
    path.write_bytes(content)
    with pytest.raises(Refusal) as no:
        ring(tmp_path / "node", key_file=path)
    refused("keys.malformed", no.value)
    assert path.read_bytes() == content


def test_a_pipe_or_a_folder_is_no_key_and_stops_nobody(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    (tmp_path / "folder").mkdir(mode=0o700)
    for name in ("pipe", "folder"):
        with pytest.raises(Refusal) as no:
            read_key(tmp_path / name)
        refused("keys.malformed", no.value)


@pytest.mark.parametrize("name", ["store.key", "rank.key", "digest.key"])
def test_a_folder_with_raw_keys_of_the_earlier_form_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / name).write_bytes(os.urandom(32))
    with pytest.raises(Refusal) as no:
        store_at(tmp_path)
    assert str(refused("keys.old_layout", no.value).parameters["file"]).endswith(name)
    assert sorted(file.name for file in (tmp_path / "keys").iterdir()) == [name]


def test_a_key_file_outside_the_folder_is_used_and_none_is_left_inside(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    key_file = disk / "node.key"
    made = ring(tmp_path / "node", key_file=key_file)
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert not (tmp_path / "node" / "keys" / "node.key").exists()
    rotate(made, to=None, copy=None)
    assert sorted(file.name for file in disk.iterdir()) == ["node.key"]
    ring(tmp_path / "node", key_file=key_file)
    with pytest.raises(Refusal) as no:
        ring(tmp_path / "node")  # the setting is forgotten: no key appears inside
    refused("keys.missing", no.value)


def test_a_disk_that_is_not_mounted_is_a_refusal(tmp_path: Path) -> None:
    with pytest.raises(Refusal) as no:
        ring(tmp_path / "node", key_file=tmp_path / "no-disk" / "node.key")
    refused("keys.no_access", no.value)


def test_a_key_laid_down_beforehand_is_used(tmp_path: Path) -> None:
    laid = make_key(tmp_path / "laid.key")
    ring(tmp_path / "node", key_file=tmp_path / "laid.key")
    assert ring_id(tmp_path / "node") == laid.id


def test_a_rotation_follows_a_link_to_the_real_key_file(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    make_key(disk / "real.key")
    (tmp_path / "link.key").symlink_to(disk / "real.key")
    made = ring(tmp_path / "node", key_file=tmp_path / "link.key")
    rotate(made, to=None, copy=None)
    assert (tmp_path / "link.key").is_symlink()
    ring(tmp_path / "node", key_file=disk / "real.key")


# --- rotation ---


def test_a_rotation_replaces_the_wrapping_key_and_no_data_key(tmp_path: Path) -> None:
    made = ring(tmp_path)
    made.add_version(ONE)
    before = (made.data_key(RANK), made.data_key(DIGEST), made.version_key(ONE))
    old_key, old_wrapped = (tmp_path / "keys" / "node.key").read_bytes(), made.read()
    done = rotate(made, to=None, copy=None)
    assert (done.keys_count, done.files_count) == (3, 0)
    assert done.before != done.after
    again = ring(tmp_path)
    assert (again.data_key(RANK), again.data_key(DIGEST), again.version_key(ONE)) == before
    assert (tmp_path / "keys" / "node.key").read_bytes() != old_key
    assert {each.wrapped for each in again.read().keys}.isdisjoint({each.wrapped for each in old_wrapped.keys})
    assert [each.made_at for each in again.read().keys] == [each.made_at for each in old_wrapped.keys]
    for entry in again.read().keys:
        with pytest.raises(UnwrapError):
            FileKey(Secret(old_key)).unwrap(entry.wrapped, name=entry.name)


def test_an_open_ring_follows_a_rotation_made_elsewhere(tmp_path: Path) -> None:
    server, command = ring(tmp_path), ring(tmp_path)
    server.add_version(ONE)
    key = server.version_key(ONE)
    rotate(command, to=None, copy=None)
    assert server.version_key(ONE) == key
    server.add_version(TWO)
    assert command.version_key(TWO) == server.version_key(TWO)


def test_a_rotation_waits_for_a_publishing_and_gives_up_with_a_refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, other = store_at(tmp_path), ring(tmp_path)
    with store.publishing():
        store.new_version(read_rules(HEAD + VISITS).dataset)  # the lock is held already, by the same ring
        with pytest.raises(Refusal) as no, other.changing(wait_s=0.1):
            pass
    refused("keys.busy", no.value)
    with other.changing(wait_s=0):
        pass


def test_files_are_opened_with_the_key_of_the_same_moment(tmp_path: Path) -> None:
    made = ring(tmp_path)
    made.add_version(ONE)
    made.version_file(ONE).write_bytes(b"rows")
    seen: list[str] = []

    def opener(file: Path, key: SecretText) -> str:
        seen.append(file.name)
        if len(seen) == 1:  # a rotation comes between reading the key and opening the file
            rotate(ring(tmp_path), to=None, copy=lambda old, _, new, __: new.write_bytes(old.read_bytes()) and None)
        if not file.exists():
            raise Refusal("keys.store_unreadable", file=str(file))
        return str(key)

    assert made.open_version(ONE, opener) == made.version_key(ONE)
    assert seen == [f"{ONE}.duckdb", f"{ONE}.1.duckdb"]


def test_an_erased_version_is_gone_with_its_key(tmp_path: Path) -> None:
    store, dataset = store_at(tmp_path), read_rules(HEAD + VISITS).dataset
    names = []
    for _ in range(2):
        with store.publishing():
            version = store.new_version(dataset)
            store.version_file(version.id).write_bytes(b"rows")
            store.switch(version, Profile(tables=()), now=NOW)
            store.remove_orphans()
            names.append(f"version/{version.id}")
    assert [each.name for each in store.keys.read().keys] == ["rank", "digest", names[1]]
    assert names[0].removeprefix("version/") not in (tmp_path / "keys" / "wrapped.json").read_text()


def test_a_publishing_that_fails_leaves_no_key_behind(tmp_path: Path) -> None:
    (tmp_path / "visits.csv").write_text("person,cost\np,1\n")
    store = store_at(tmp_path / "node")

    def fail(version: object) -> Profile:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        publish(
            [tmp_path / "visits.csv"],
            HEAD + VISITS,
            store=store,
            settings=read_settings(tmp_path / "node", {}),
            profile=fail,
            now=NOW,
        )
    assert [each.name for each in store.keys.read().keys] == ["rank", "digest"]
    assert list((tmp_path / "node" / "versions").iterdir()) == []


def test_a_file_is_on_disk_before_it_takes_its_place_and_its_name_before_anything_follows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, did = ring(tmp_path), []
    real_sync, real_replace = os.fsync, Path.replace

    def fsync(descriptor: int) -> None:
        did.append("sync " + Path(f"/proc/self/fd/{descriptor}").readlink().name)
        real_sync(descriptor)

    def replace(source: Path, target: Path) -> Path:
        did.append(f"rename {source.name} {Path(target).name}")
        return real_replace(source, target)

    monkeypatch.setattr(durable.os, "fsync", fsync)
    monkeypatch.setattr(Path, "replace", replace)
    rotate(made, to=None, copy=None)
    assert did == [
        "sync .node.key.next.tmp",
        "rename .node.key.next.tmp node.key.next",
        "sync keys",
        "sync .wrapped.json.tmp",
        "rename .wrapped.json.tmp wrapped.json",
        "sync keys",
        "rename node.key.next node.key",
        "sync keys",
    ]


def test_a_ring_is_made_once_by_two_starts_at_the_same_time(tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(lambda _: bytes(ring(tmp_path).data_key(RANK)), range(8)))
    assert len(set(keys)) == 1


def test_a_wrapping_key_that_cannot_be_replaced_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = ring(tmp_path)
    rank, held = made.data_key(RANK), made.read()

    def full(descriptor: int, _: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(durable.os, "write", full)
    with pytest.raises(Refusal) as no:
        rotate(made, to=None, copy=None)
    monkeypatch.undo()
    refused("keys.no_access", no.value)
    assert (made.read(), made.data_key(RANK)) == (held, rank)
    assert sorted(file.name for file in (tmp_path / "keys").iterdir()) == ["lock", "node.key", "wrapped.json"]
    assert isinstance(made, KeyRing)
