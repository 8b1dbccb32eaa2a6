"""Folders of logs for tests: any entries, as a writer would have left them, and a small world whose entries add up."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from amana.log.checkpoint import Checkpoint
from amana.log.entries import write_entry
from amana.log.entry_kinds import (
    DatasetEntry,
    Entry,
    KeyEntry,
    ModelEntry,
    OpenEntry,
    PermitEntry,
    PopulationEntry,
    ProjectEntry,
    RefusedEntry,
    RunEntry,
)
from amana.log.note import KeyKind, Note, SigningKey, sign_note
from amana.log.quorum import policy_of
from amana.log.seal import seal, write_salt
from amana.log.tiles import TILE_WIDTH, Tile, write_bundle
from amana.log.tower import Tower, leaf_hashes
from amana.log.tree import Hash
from amana.terms.ids import DeltaUnits, NanoRho, PermitId, PopulationName, VersionId
from amana.terms.use import UseEntry

ORIGIN = "node.example/log"
KEY = SigningKey(name=ORIGIN, kind=KeyKind.ED25519, secret=bytes([7]) * 32)
THIEF = SigningKey(name=ORIGIN, kind=KeyKind.ED25519, secret=bytes([8]) * 32)
START = datetime(2026, 11, 28, 20, tzinfo=UTC)
CAP, CAP_DELTA = 10**9, 2**40
SALT = bytes([5]) * 32
SEALED = tuple((name, seal(f"{name} of a test", salt=SALT)) for name in ("actor", "reasons"))
ASKED = tuple((name, seal(f"{name} of a test", salt=SALT)) for name in ("person", "sql"))
PROJECT, PERMIT, VERSION = "p-0123456789ab", "m-0123456789ab", "0f" * 16


def signed_note(size: int, root: Hash, *, key: SigningKey = KEY) -> bytes:
    """A signed checkpoint."""
    text = Checkpoint(origin=key.name, size=size, root=root).text
    return Note(text=text, signatures=(sign_note(text, key=key),)).content


def write_log(folder: Path, entries: Iterable[bytes], *, key: SigningKey = KEY, days: Sequence[str] | None = None) -> None:
    """The folder of a log of those entries. `days`: of each entry, for the archive; else they are read."""
    tower, size, kept, yesterday = Tower(), 0, list[bytes](), ""

    def put(tile: Tile, content: bytes) -> None:
        path = folder / tile.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    (folder / "archive").mkdir(parents=True, exist_ok=True)
    for entry in entries:
        today = days[size] if days is not None else str(json.loads(entry)["hour"])[:10]
        if yesterday and today != yesterday:
            (folder / "archive" / yesterday).write_bytes(signed_note(tower.size, tower.root(), key=key))
        yesterday = today
        for tile, content in tower.add(leaf_hashes([entry])):
            put(tile, content)
        kept.append(entry)
        size += 1
        if len(kept) == TILE_WIDTH:
            put(Tile(level=-1, index=size // TILE_WIDTH - 1), write_bundle(kept))
            kept.clear()
    if kept:
        put(Tile(level=-1, index=size // TILE_WIDTH, width=len(kept)), write_bundle(kept))
    for tile, content in tower.open_tiles():
        put(tile, content)
    (folder / "log.vkey").write_text(f"{key.verifier.text}\n")
    (folder / "policy").write_text(policy_of(key.verifier).text)
    (folder / "checkpoint").write_bytes(signed_note(size, tower.root(), key=key))


def at(hours: int) -> datetime:
    """An hour of the small world."""
    return START + timedelta(hours=hours)


def a_use(number: int = 1, *, hours: int = 2, cost: int = 1_000, cost_delta: int = 2**10) -> UseEntry:
    """The use of that number: each spent the same."""
    return UseEntry(
        verb="ask",
        hour=at(hours),
        population=PopulationName("residents"),
        period="life",
        dataset="clinic",
        version=VersionId(VERSION),
        custodian="Ministry of Health",
        project=PROJECT,
        permit=PermitId(PERMIT),
        purposes=("HMB",),
        mechanism="discrete gaussian",
        cost_nrho=NanoRho(cost),
        cost_delta=DeltaUnits(cost_delta),
        left_nrho=NanoRho(CAP - number * cost),
        left_delta=DeltaUnits(CAP_DELTA - number * cost_delta),
        sealed=ASKED,
    )


UNGRANTED = frozenset({"request", "return", "revise", "refuse"})
"""What happens to a permit before there is anything to spend."""


def a_permit(event: str, state: str, *, hours: int = 1, cap: int = CAP // 2) -> PermitEntry:
    """A transition of the permit."""
    return PermitEntry(
        hour=at(hours),
        permit=PERMIT,
        project=PROJECT,
        dataset="clinic",
        population="residents",
        custodian="Ministry of Health",
        event=event,
        state=state,
        cap_nrho=0 if event in UNGRANTED else cap,
        cap_delta=0 if event in UNGRANTED else CAP_DELTA // 2,
        until=date(2027, 12, 31),
        sealed=SEALED,
    )


def a_project(event: str, state: str) -> ProjectEntry:
    """A transition of the project."""
    return ProjectEntry(
        hour=at(1), project=PROJECT, event=event, state=state, datasets=("clinic",), purposes=("HMB",), ends=date(2028, 1, 1), sealed=SEALED
    )


def a_model(event: str, state: str) -> ModelEntry:
    """A decision about a model that the use after the beginning trained."""
    return ModelEntry(
        hour=at(3),
        model="s-0123456789ab",
        project=PROJECT,
        permit=PERMIT,
        dataset="clinic",
        version=VERSION,
        custodian="Ministry of Health",
        training=len(beginning()),
        event=event,
        state=state,
        sealed=SEALED,
    )


def beginning(key: SigningKey = KEY) -> list[Entry]:
    """The key, the promise, the data, the project and the permit: before the first use."""
    return [
        KeyEntry(hour=at(0), vkey=key.verifier.text, replaces=""),
        PopulationEntry(hour=at(0), population="residents", unit="patient", period="life", cap_nrho=CAP, cap_delta=CAP_DELTA),
        DatasetEntry(
            hour=at(0),
            dataset="clinic",
            version=VERSION,
            replaces="",
            population="residents",
            custodian="Ministry of Health",
            purposes=("HMB",),
            retention=date(2035, 1, 1),
        ),
        a_project("create", "draft"),
        a_project("submit", "submitted"),
        a_project("approve", "approved"),
        a_permit("request", "requested"),
        a_permit("grant", "granted"),
        a_permit("activate", "active"),
        a_project("activate", "active"),
    ]


def small_world(count: int, *, key: SigningKey = KEY) -> list[Entry]:
    """That many entries of every kind, over three days, that add up."""
    entries, uses = beginning(key), 0
    while len(entries) < count:
        hours = 2 + len(entries) * 46 // count
        match len(entries) % 10:
            case 3:
                entries.append(
                    RunEntry(
                        hour=at(hours),
                        run="j-0123456789abcdef",
                        event="receive",
                        dataset="clinic",
                        project=PROJECT,
                        permit=PERMIT,
                        code=0,
                        sealed=ASKED,
                    )
                )
            case 5:
                entries.append(RefusedEntry(hour=at(hours), dataset="clinic", project=PROJECT, permit=PERMIT, code=301, sealed=ASKED))
            case 7:
                entries.append(OpenEntry(hour=at(hours), index=9, field="reasons", salt=write_salt(SALT), value="reasons of a test"))
            case _:
                uses += 1
                entries.append(a_use(uses, hours=hours))
    return entries


def written(entries: Iterable[Entry]) -> list[bytes]:
    """Their bytes."""
    return [write_entry(each) for each in entries]


def many(count: int) -> Iterator[bytes]:
    """As many entries as a benchmark wants, nearly all of them uses that cost nothing; made fast, all of one length."""
    first = written(beginning())
    yield from first
    use = write_entry(replace(a_use(1), cost_nrho=NanoRho(0), cost_delta=DeltaUnits(0))).decode()
    before, left, after = use.partition(f'"left_nrho":"{CAP - 1_000}"')
    for number in range(count - len(first)):
        # As long as what it stands for: six digits change.
        yield f'{before}{left[:16]}{100_000 + number % 900_000}"{after}'.encode()
