"""Entries of the log for tests: any of each kind, from the forms of its members."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from hypothesis import strategies as st

from amana.log.entries import read_entry, write_entry
from amana.log.entry_forms import ITEMS_MAX, Amount, Count, Day, Form, Hour, Seals, Several, Text, Written
from amana.log.entry_kinds import KINDS, Entry, KeyEntry
from amana.log.history import History
from amana.log.seal import seal, write_salt
from amana.terms.ids import DeltaUnits, NanoRho, PermitId, PopulationName, VersionId
from amana.terms.use import Inclusion, UseEntry
from tests.log_folders import KEY

DIGEST = st.binary(min_size=32, max_size=32).map(write_salt)


def values(form: Form) -> st.SearchStrategy[object]:
    """Any value of a form."""
    match form:
        case Text():
            return st.from_regex(form.pattern, fullmatch=True)
        case Written():
            lowest = 0 if form.lines else 32
            return st.text(
                st.characters(min_codepoint=lowest, exclude_categories=("Cs",)), min_size=1 - form.lines, max_size=min(form.length_max, 300)
            )
        case Hour():
            hours = st.datetimes(min_value=datetime(1000, 1, 1), timezones=st.just(UTC))
            return hours.map(lambda at: at.replace(minute=0, second=0, microsecond=0))
        case Day():
            return st.dates(min_value=datetime(1000, 1, 1).date())
        case Amount():
            return st.integers(0, 10**19 - 1)
        case Count():
            return st.integers(0, 10**form.digits_max - 1)
        case Several():
            return st.lists(values(form.of), max_size=min(ITEMS_MAX, 8)).map(tuple)
        case Seals():
            return st.tuples(*(st.tuples(st.just(name), DIGEST) for name in form.names))


def entries(kind: str) -> st.SearchStrategy[Entry]:
    """Any entry of that kind."""
    return st.builds(KINDS[kind].make, **{name: values(form) for name, form in KINDS[kind].forms})


any_entry: st.SearchStrategy[Entry] = st.sampled_from(sorted(KINDS)).flatmap(entries)


@dataclass
class MemoryLog:
    """A log in memory. `before`, `after`: run around each append, and may raise: then nothing, or all, of the entry stays."""

    kept: list[bytes] = field(default_factory=list)
    before: Callable[[], None] = lambda: None
    after: Callable[[], None] = lambda: None

    def append(self, entry: bytes, *, since: int | None = None) -> Inclusion:
        if since is not None and entry in self.kept[since:]:
            return Inclusion(index=self.kept.index(entry, since))
        self.before()
        read_entry(entry)
        self.kept.append(entry)
        self.after()
        return Inclusion(index=len(self.kept) - 1)

    def size(self) -> int:
        return len(self.kept)

    def entries(self, start: int) -> Iterator[bytes]:
        return iter(self.kept[start:])

    def check(self) -> None:
        """There is always room."""

    def read(self, kind: str = "") -> list[Entry]:
        """What was told, of one kind or all."""
        return [read_entry(each) for each in self.kept if not kind or json.loads(each)["kind"] == kind]


def used(cost: int = 5, population: str = "people") -> bytes:
    """A use by the custodian, as the log holds it."""
    made = UseEntry(
        verb="ask",
        hour=datetime(2026, 11, 29, 5, tzinfo=UTC),
        population=PopulationName(population),
        period="life",
        dataset="clinic",
        version=VersionId("0" * 32),
        custodian="c",
        permit=PermitId("custodian:clinic"),
        project="",
        purposes=(),
        mechanism="discrete gaussian",
        cost_nrho=NanoRho(cost),
        cost_delta=DeltaUnits(1),
        left_nrho=NanoRho(100),
        left_delta=DeltaUnits(100),
        sealed=tuple((name, seal(name, salt=bytes(32))) for name in ("person", "sql")),
    )
    return write_entry(made)


def history_of(entries: Sequence[bytes]) -> History:
    """Those entries read as a log of their own, under a key of tests. Errors: HistoryError where one is against those before it."""
    first = write_entry(KeyEntry(hour=min(entry.hour for entry in map(read_entry, entries)), vkey=KEY.verifier.text, replaces=""))
    whole = [first, *entries]
    history = History()
    history.read(whole)
    return history
