"""What the entries of a log say one after another: each of its form, in order, and none against what stands before it."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import cast, final

from amana.log.documents import named_by
from amana.log.entries import BundleError, Line, entry_of, places, read_bundle, read_entry
from amana.log.entry_forms import Sealed
from amana.log.entry_kinds import KINDS, OpenEntry
from amana.log.lives import Lives
from amana.log.note import NoteError, VerifierKey, read_verifier_key
from amana.log.programme_lives import ProgrammeLives
from amana.log.seal import SealError, check_seal, read_salt
from amana.log.spent import LedgerError, Spent, moment_of, picker

HOURS_BACK_MAX = 24
"""What was decided before a fault is written after it; nothing is written later than that."""

EntryAt = Callable[[int], bytes]
"""index -> the entry there, proved."""

_HOUR = {kind: places(kind, "hour")[0] for kind in KINDS}
_KEY = picker("key", "vkey", "replaces")
_DATASET = picker("dataset", "dataset", "version", "population", "replaces")
_LISTING = picker("listing", "dataset", "version")
_COST = picker("use", "cost_nrho", "cost_delta", "dataset", "version", "population", "verb")
TRAIN = "train"
VERBS = frozenset({"ask", "recall", "profile", TRAIN, "synthesise"})


@final
class HistoryError(Exception):
    """An entry that is none, or not at its place. `index`: of the first such one; `reason`: a word of the catalogue."""

    def __init__(self, index: int, *, reason: str) -> None:
        super().__init__(index, reason)
        self.index, self.reason = index, reason


@final
class History:
    """The entries read so far. Memory: by names and days, not by uses; two numbers for each disclosure until it is checked."""

    def __init__(self) -> None:
        self.size = 0
        self.keys = list[VerifierKey]()
        """The keys of the log in the order in which they came; the last one signs now."""
        self.days = dict[str, str]()
        """Days on which entries were made, each with the earliest hour of one."""
        self.latest = ""
        self.spent = Spent()
        self.lives = Lives()
        self.documents: dict[str, None] = {}
        """Digests of the public documents that entries name."""
        self._programme = ProgrammeLives()
        self._versions: dict[tuple[str, str], str] = {}
        self._populations: dict[str, str] = {}
        self.hour_back: int | None = None
        """The first entry whose hour lies far before one that stands before it: a clock was wrong, and no more can be told."""
        self._opened = list[tuple[int, int]]()
        self._hour = self._oldest = ""

    def read(self, entries: Sequence[bytes]) -> list[Line]:
        """Take in the next entries. Errors: HistoryError, at the first that is wrong; OSError."""
        try:
            lines, error = read_bundle(entries), None
        except BundleError as found:
            lines, error = read_bundle(entries[: found.place]), found
        for line in lines:
            try:
                self._line(line)
            except LedgerError as found:
                raise HistoryError(self.size, reason=found.reason) from None
            self.size += 1
        if error is not None:
            raise HistoryError(self.size, reason=f"entry_{error.reason}")
        return lines

    def _line(self, line: Line) -> None:
        kind, written = line
        hour = written[_HOUR[kind]]
        if hour != self._hour:
            self._turn(hour)
        if not self.keys and kind != "key":
            raise LedgerError("key_missing")
        match kind:
            case "use":
                self._use(written)
            case "run" | "refused":
                self.lives.under(kind, written)
            case "key":
                self._key(written)
            case "population":
                self.spent.promise(written)
            case "dataset":
                self._dataset(written)
            case "project":
                self.lives.project(written)
            case "permit":
                self.lives.permit(written)
            case "model":
                self.lives.model(written)
            case "team" | "listing" | "accreditation" | "release" | "plan" | "evidence" | "verification" | "commitment":
                self._of_programme(kind, written)
            case _:
                self._open(cast("OpenEntry", entry_of(line)))

    def _of_programme(self, kind: str, written: tuple[str, ...]) -> None:
        named = named_by((kind, written))
        if named is not None:
            self.documents[named] = None
        lives = self._programme
        match kind:
            case "team":
                self.lives.check_project(written)
                lives.team(written)
            case "listing":
                if _LISTING(written) not in self._versions:
                    raise LedgerError("version_unknown")
            case "accreditation":
                lives.accreditation(written)
            case "plan":
                lives.plan(written)
            case "evidence":
                lives.evidence(written, index=self.size)
            case "verification":
                lives.verification(written)
            case "commitment":
                lives.commitment(written)
            case _:
                pass  # a release runs: nothing before it can speak against that

    def _turn(self, hour: str) -> None:
        """Another hour than that of the entry before."""
        if hour < self._oldest and self.hour_back is None:
            self.hour_back = self.size
        if hour > self.latest:
            self.latest = hour
            self._oldest = f"{moment_of(hour) - timedelta(hours=HOURS_BACK_MAX):%Y-%m-%dT%H}Z"
        self._hour = hour
        self.days[hour[:10]] = min(hour, self.days.get(hour[:10], hour))

    def _use(self, written: tuple[str, ...]) -> None:
        cost_nrho, cost_delta, dataset, version, population, verb = _COST(written)
        nrho, delta = int(cost_nrho), int(cost_delta)
        known = self._versions.get((dataset, version))
        if known is None and verb == "profile" and dataset not in self._populations:
            known = population  # a version is profiled before it serves
        if known is None and verb == "profile":
            known = self._populations[dataset]
        if known is None or verb not in VERBS:
            raise LedgerError("version_unknown")
        if known != population:
            raise LedgerError("version_other")
        self.spent.use(written, nrho=nrho, delta=delta)
        self.lives.use(written, nrho=nrho, delta=delta)
        if verb == TRAIN:
            self.lives.trained(self.size, written)

    def _key(self, written: tuple[str, ...]) -> None:
        text, replaces = _KEY(written)
        before = self.keys[-1].text if self.keys else ""
        if replaces != before:
            raise LedgerError("key_replaces")
        try:
            key = read_verifier_key(text)
        except NoteError:
            raise LedgerError("key_form") from None
        if key in self.keys or (self.keys and key.name != self.keys[0].name):
            raise LedgerError("key_replaces")
        self.keys.append(key)

    def _dataset(self, written: tuple[str, ...]) -> None:
        dataset, version, population, replaces = _DATASET(written)
        if not self.spent.knows(population):
            raise LedgerError("population_unknown")
        if (dataset, version) in self._versions or (replaces and (dataset, replaces) not in self._versions):
            raise LedgerError("version_other")
        if self._populations.setdefault(dataset, population) != population:  # else a dataset could begin again with a budget that is whole
            raise LedgerError("version_other")
        self._versions[dataset, version] = population

    def _open(self, entry: OpenEntry) -> None:
        if entry.index >= self.size:
            raise LedgerError("open_wrong")
        self._opened.append((self.size, entry.index))

    def check_opened(self, entry_at: EntryAt) -> None:
        """Return if what was disclosed since the last call is what had been sealed. Errors: HistoryError, and those of `entry_at`."""
        for index, earlier in self._opened:
            disclosed = read_entry(entry_at(index))
            assert isinstance(disclosed, OpenEntry)
            sealed = dict(cast("Sealed", getattr(read_entry(entry_at(earlier)), "sealed", ())))
            try:
                holds = check_seal(sealed[disclosed.field], value=disclosed.value, salt=read_salt(disclosed.salt))
            except (KeyError, SealError):
                holds = False
            if not holds:
                raise HistoryError(index, reason="open_wrong")
        self._opened.clear()
