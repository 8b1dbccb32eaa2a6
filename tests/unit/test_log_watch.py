"""Watching a log: what is new is told once, what is wrong ends the watch, and what proves it is kept."""

import json
import shutil
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from amana.cli import main
from amana.cli.log_watch import line_of
from amana.client.text import LANGUAGES, load
from amana.log.note import read_note
from amana.log.quorum import policy_of
from amana.log.read import FolderReader
from amana.log.tiles import Tile
from amana.log.violation import Violation
from amana.log.watch import Watch, alarm_of, raise_alarm
from amana.terms.code import Exit
from tests.log_folders import KEY, THIEF, a_use, beginning, small_world, write_log, written

ENTRIES = written(small_world(700))
POLICY = policy_of(KEY.verifier)


class World:
    """A log that changes under the eyes of its watcher."""

    def __init__(self, folder: Path) -> None:
        self.log, self.kept = folder / "log", folder / "kept"
        self.told = list[tuple[int, bytes]]()
        self.now = datetime(2026, 12, 1, tzinfo=UTC)
        self.broken = False

    def show(self, entries: list[bytes]) -> None:
        shutil.rmtree(self.log, ignore_errors=True)
        write_log(self.log, entries)

    def file(self, path: str, *, bytes_max: int) -> bytes | None:
        if self.broken:
            raise OSError
        return FolderReader(self.log).file(path, bytes_max=bytes_max)

    def tile(self, tile: Tile) -> bytes:
        if self.broken:
            raise OSError
        return FolderReader(self.log).tile(tile)

    def watch(self) -> Watch:
        return Watch(
            self,
            policy=POLICY,
            folder=self.kept,
            tell=lambda index, entry: self.told.append((index, entry)),
            now=lambda: self.now,
            silent_s_max=600,
        )

    def proofs(self) -> list[str]:
        return [each.read_text() for each in self.kept.glob("alarm-*")]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_only_what_is_new_is_told_and_once(world: World) -> None:
    world.show(ENTRIES[:300])
    watch = world.watch()
    found = watch.look()
    assert found is not None and found.checkpoint.size == 300 and not world.told
    for size in (300, 301, 513, 600):
        world.show(ENTRIES[:size])
        watch.look()
    assert world.told == list(enumerate(ENTRIES))[300:600]


def test_a_watcher_that_was_away_tells_what_came_meanwhile(world: World) -> None:
    world.show(ENTRIES[:300])
    world.watch().look()
    world.show(ENTRIES[:400])
    world.watch().look()
    assert world.told == list(enumerate(ENTRIES))[300:400]


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize(
    ("shown", "reasons"),
    [
        (ENTRIES[:299], {"rollback"}),
        ([*ENTRIES[:17], *ENTRIES[18:301]], {"fork"}),
        ([*ENTRIES[:17], *ENTRIES[18:330]], {"fork", "entry_differs"}),
        ([*ENTRIES[:275], *ENTRIES[276:330]], {"fork", "entry_differs", "lifecycle"}),
    ],
)
def test_a_log_that_tells_another_history_is_found_and_both_checkpoints_are_kept(
    world: World, shown: list[bytes], reasons: set[str], again: bool
) -> None:
    world.show(ENTRIES[:300])
    watch = world.watch()
    watch.look()
    before = (world.log / "checkpoint").read_text()
    world.show(shown)
    with pytest.raises(Violation) as caught:
        (world.watch() if again else watch).look()
    assert caught.value.reason in reasons and not world.told
    assert world.proofs() == [before + "\n" + (world.log / "checkpoint").read_text()]
    assert read_note((world.kept / "checkpoint").read_bytes()).content.decode() == before


def test_a_broken_ledger_is_found_when_it_comes(world: World) -> None:
    entries = written([*beginning(), a_use(1)])
    world.show(entries)
    watch = world.watch()
    watch.look()
    world.show([*entries, *written([a_use(2), a_use(2)])])
    with pytest.raises(Violation) as caught:
        watch.look()
    assert (caught.value.reason, caught.value.index) == ("account_overdrawn", 12) and not world.told


def test_another_key_is_an_alarm(world: World) -> None:
    world.show(ENTRIES[:300])
    watch = world.watch()
    watch.look()
    shutil.rmtree(world.log)
    write_log(world.log, ENTRIES[:301], key=THIEF)
    with pytest.raises(Violation, match="not_signed"):
        watch.look()


def test_a_log_that_nobody_can_read_is_waited_for_and_then_an_alarm(world: World) -> None:
    world.show(ENTRIES[:300])
    watch = world.watch()
    watch.look()
    world.broken = True
    for _ in range(5):
        world.now += timedelta(seconds=120)
        assert watch.look() is None
    world.broken = False
    world.show(ENTRIES[:310])
    assert watch.look() is not None and len(world.told) == 10
    world.broken, world.now = True, world.now + timedelta(seconds=601)
    with pytest.raises(Violation, match="silent"):
        watch.look()


def test_a_log_in_which_nothing_happens_is_no_alarm(world: World) -> None:
    world.show(ENTRIES[:300])
    watch = world.watch()
    for _ in range(3):
        world.now += timedelta(days=30)
        assert watch.look() is not None


def test_a_look_that_breaks_off_in_the_middle_leaves_nothing_unverified(world: World) -> None:
    world.show(ENTRIES[:200])
    watch = world.watch()
    watch.look()
    world.show(ENTRIES[:600])
    reads = 0
    real = world.tile

    def breaking(tile: Tile) -> bytes:
        nonlocal reads
        reads += 1
        if reads in {3, 6, 8}:
            raise OSError
        return real(tile)

    world.tile = breaking  # type: ignore[method-assign]
    looks = [watch.look() for _ in range(4)]
    assert looks[:3] == [None] * 3 and looks[3] is not None and looks[3].checkpoint.size == 600
    assert world.told == list(enumerate(ENTRIES))[200:600]


@pytest.fixture
def hook() -> Iterator[tuple[str, list[bytes], list[int]]]:
    """A webhook that fails as often as it is told, and what it was sent."""
    heard, failures = list[bytes](), list[int]()

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = failures.pop() if failures else 204
            if status < 300:
                heard.append(body)
            self.send_response(status)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Hook) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", heard, failures
        server.shutdown()
        thread.join()


def test_the_command_prints_new_entries_and_raises_the_alarm(
    tmp_path: Path, hook: tuple[str, list[bytes], list[int]], capsys: pytest.CaptureFixture[str]
) -> None:
    log, url, heard = tmp_path / "log", hook[0], hook[1]
    asked = ["log", "watch", str(log), "--key", KEY.verifier.text, "--once", "--state", str(tmp_path / "kept"), "--webhook", url]
    write_log(log, ENTRIES[:20])
    assert main.main(asked) == Exit.FINE
    assert capsys.readouterr().out == ""
    write_log(log, ENTRIES[:22])
    assert main.main(asked) == Exit.FINE
    said = capsys.readouterr().out.splitlines()
    assert len(said) == 2 and said[0].startswith("20 · 2026-11-28T23Z · ask: clinic") and not heard
    write_log(log, ENTRIES[:21])
    assert main.main([*asked, "--json"]) == Exit.LOG
    assert json.loads(capsys.readouterr().out) == {"holds": False, "file": "checkpoint", "entry": None, "reason": "rollback"}
    (body,) = heard
    assert json.loads(body) | {"at": ""} == {
        "alarm": "log", "log": KEY.name, "file": "checkpoint", "entry": None, "reason": "rollback", "at": ""
    }  # fmt: skip
    assert str(tmp_path).encode() not in body


def test_an_alarm_is_sent_again_until_it_is_heard_and_not_for_ever(hook: tuple[str, list[bytes], list[int]]) -> None:
    from amana.log.witnesses import post_json

    url, heard, failures = hook
    body = alarm_of(Violation("checkpoint", reason="fork"), log="node.example/log", at=datetime(2026, 12, 1, tzinfo=UTC))
    slept = list[float]()
    failures += [503, 503]
    assert raise_alarm(url, body, send=post_json, sleep=slept.append) and heard == [body] and slept == [5.0, 10.0]
    failures += [503] * 9
    assert not raise_alarm(url, body, send=post_json, sleep=slept.append) and len(failures) == 5
    assert not raise_alarm("http://127.0.0.1:1", body, send=post_json, sleep=slept.append)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_of_entry_reads_as_a_line_in_every_language(language: str) -> None:
    catalogue = load(language)
    kinds = dict[str, str]()
    for index, entry in enumerate(ENTRIES[:40]):
        members = json.loads(entry)
        line = line_of(index, members, catalogue)
        assert "{" not in line and "word." not in line and "\n" not in line and str(index) in line
        kinds[members["kind"]] = line
    assert set(kinds) == {"key", "population", "dataset", "project", "permit", "run", "use", "refused", "open"}


def test_a_disclosed_text_moves_no_cursor() -> None:
    members = json.loads(ENTRIES[17]) | {"value": "word.state.draft\x1b[2J\n" + "x" * 500}
    line = line_of(17, members, load("en"))
    assert "\x1b" not in line and "\n" not in line and "word.state.draft" in line and len(line) < 300


@pytest.mark.parametrize("pause", ["0", "-1", "1.5", "86401", "soon"])
def test_a_pause_that_is_none_is_refused(tmp_path: Path, pause: str) -> None:
    write_log(tmp_path, ENTRIES[:20])
    assert main.main(["log", "watch", str(tmp_path), "--key", KEY.verifier.text, "--once", f"--every={pause}"]) == Exit.USAGE
