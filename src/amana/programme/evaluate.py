"""From a copy of the public log to the status of every commitment, without a node.

The log says which plan is adopted and names its document; the plan says what is counted; what was brought as evidence stands in entries and
documents. So the same copy gives the same statuses everywhere, on a given day.
"""

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction
from typing import cast, final

from amana.log.documents import digest_of as document_digest
from amana.log.entries import Line, entry_of, places, read_bundle
from amana.log.entry_kinds import KINDS, KeyEntry
from amana.log.note import read_verifier_key
from amana.log.programme_kinds import CommitmentEntry, EvidenceEntry, PlanEntry, VerificationEntry
from amana.log.quorum import LogKey, Policy
from amana.log.tree import Frontier, leaf_hash
from amana.programme.evidence import Evidence, EvidenceError, read_evidence, read_reasons
from amana.programme.fold import Fold, Share, digest_of
from amana.programme.folding import Figure, Folding
from amana.programme.plan import Commitment, Document, Indicator, Period, Plan, PrivateFigure
from amana.programme.plan_document import queries_of, write_document
from amana.programme.private import Measured, prove
from amana.programme.status import Measure, Observation, Standing, measure_of, standing_of
from amana.programme.traces import Read, Uses, Versions

FRESH = timedelta(days=365)
"""Evidence is stale after twelve months."""
_HOUR = {kind: places(kind, "hour")[0] for kind in KINDS}
OF_PLANS = frozenset({"plan", "evidence", "verification", "commitment"})


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """Every commitment of a plan as a copy of the log shows it. `size`, `root`: of the tree of the entries that count, in base64 as
    checkpoints write it; `today`: the day for which it holds; `adopted`: the index of the entry that adopted the plan, None where a plan
    is tried that nobody adopted."""

    plan: Plan
    size: int
    root: str
    today: date
    adopted: int | None
    standings: tuple[Standing, ...]

    def standing(self, commitment: str) -> Standing | None:
        """That of one commitment."""
        return next((each for each in self.standings if each.commitment.id == commitment), None)


@final
class Brought:
    """What the log says of one plan: versions, evidence, verifications, and what was dropped. Each with the index of its entry."""

    def __init__(self, plan: str) -> None:
        self._plan = plan
        self.adopted: tuple[int, PlanEntry] | None = None
        self.versions: dict[int, str] = {}
        """Digests of the documents of its versions that were adopted."""
        self.evidence: dict[str, tuple[int, EvidenceEntry]] = {}
        self.verified: dict[str, tuple[int, VerificationEntry]] = {}
        self.dropped: dict[str, int] = {}
        self.history = list[tuple[int, PlanEntry | EvidenceEntry | VerificationEntry | CommitmentEntry]]()
        """All of it, in order."""

    def add(self, index: int, line: Line) -> None:
        """The next entry."""
        if line[0] not in OF_PLANS:
            return
        entry = entry_of(line)
        match entry:
            case PlanEntry() if entry.plan == self._plan:
                if entry.event == "adopt":
                    self.adopted = index, entry
                    self.versions[entry.version] = entry.digest
            case EvidenceEntry() if entry.plan == self._plan:
                self.evidence[entry.evidence] = index, entry
            case VerificationEntry() if entry.evidence in self.evidence:
                self.verified[entry.evidence] = index, entry
            case CommitmentEntry() if entry.plan == self._plan:
                if entry.event == "drop":
                    self.dropped[entry.commitment] = index
                else:
                    self.dropped.pop(entry.commitment, None)
            case _:
                return
        self.history.append((index, entry))


@final
class Evaluator:
    """A plan on its way through a log that grows: entries come in order, each once."""

    def __init__(self, plan: Plan, *, read: Read) -> None:
        self.plan, self._tree = plan, Frontier()
        self.brought = Brought(plan.id)
        self._read, self._digest = read, document_digest(write_document(plan))
        self._folding = Folding(query for _, query in queries_of(plan))
        self._counted = [each for _, each in plan.indicators() if isinstance(each.method, Fold | Share)]
        self._ended: dict[tuple[str, str], Figure] = {}
        """Figures at the end of periods, by indicator and period."""
        self._day, self._over = "", False
        self._keys = list[LogKey]()
        """Under which the log has signed: receipts are as old as their evidence."""
        self._known: dict[str, tuple[Fraction | None, Measured | None, str]] = {}
        """Of documents that were read: the figure that they state and why they weigh nothing, by evidence; not the documents."""
        self._confirmed: dict[str, bool] = {}
        """Whether a confirmation was given for the evidence and the file that it names."""
        self._uses = Uses(each.method.dataset for _, each in plan.indicators() if isinstance(each.method, PrivateFigure))
        self._versions = Versions(self._digest, read=read)

    def add(self, index: int, entry: bytes, *, until: date) -> bool:
        """The next entry; whether it counts. `until`: from the first one after that day on, none does; that one may come again later."""
        (line,) = read_bundle([entry])
        assert index == self.size or self._over, "entries come in order"
        day = line[1][_HOUR[line[0]]][:10]
        self._over = (self._over and index != self.size) or day > until.isoformat()
        if self._over:
            return False
        if day > self._day:
            self._end_periods(day)
            self._day = day
        self._folding.add(index, line)
        self._uses.add(index, line, entry)
        self.brought.add(index, line)
        if line[0] == "key":
            self._keys.append(LogKey(key=read_verifier_key(cast("KeyEntry", entry_of(line)).vkey)))
        self._tree.add(leaf_hash(entry))
        return True

    @property
    def size(self) -> int:
        """How many entries count so far."""
        return self._tree.size

    @property
    def day(self) -> str:
        """The latest day of an entry so far, or nothing."""
        return self._day

    def evaluation(self, *, today: date, policy: Policy) -> Evaluation:
        """Where every commitment stands on that day. `policy`: whose receipts count, beside those of the keys that the log itself names."""
        policy = replace(policy, logs=(*policy.logs, *(each for each in self._keys if each not in policy.logs)))
        observed = self._observed(today=today, policy=policy)
        standings = tuple(
            standing_of(
                commitment,
                tuple(self._measure(each, observed, today=today) for each in commitment.indicators),
                dropped=self.brought.dropped.get(commitment.id),
                today=today,
            )
            for commitment in self.plan.commitments
        )
        adopted = self.brought.adopted
        at = adopted[0] if adopted is not None and adopted[1].digest == self._digest else None
        root = base64.b64encode(self._tree.root()).decode("ascii")
        return Evaluation(plan=self.plan, size=self.size, root=root, today=today, adopted=at, standings=standings)

    def _measure(self, indicator: Indicator, observed: Mapping[str, list[Observation]], *, today: date) -> Measure:
        counted = tuple(self._counted_now(indicator, today=today)) if isinstance(indicator.method, Fold | Share) else ()
        return measure_of(indicator, (*counted, *observed.get(indicator.id, ())), today=today)

    def _end_periods(self, day: str) -> None:
        """Keep the figures of periods that end before the first entry of that day."""
        for indicator in self._counted:
            for target in indicator.targets:
                key = indicator.id, target.period.name
                if key not in self._ended and target.period.last.isoformat() < day:
                    self._ended[key] = self._figure(indicator, target.period)

    def _figure(self, indicator: Indicator, period: Period | None, *, on: date | None = None) -> Figure:
        assert isinstance(indicator.method, Fold | Share)
        day = on if on is not None else cast("Period", period).last
        return self._folding.figure(indicator.method, on=day, period=period)

    def _counted_now(self, indicator: Indicator, *, today: date) -> Iterator[Observation]:
        """E1: at the end of each period that is over, and now."""
        stale = not self._day or date.fromisoformat(self._day) + FRESH < today
        alone = indicator.within_periods
        running: Period | None = None
        for target in indicator.targets:
            period = target.period
            if period.last < today:
                ended = self._ended.get((indicator.id, period.name))
                found = self._of_figure(indicator, self._figure(indicator, period) if ended is None else ended, on=period.last)
                named = replace(found, period=period.name) if alone else found
                yield replace(named, against="stale") if alone and stale and not named.against else named
            elif running is None and period.first <= today:
                running = period
        if alone and running is None:
            return
        found = self._of_figure(indicator, self._figure(indicator, running, on=today), on=today)
        found = replace(found, period=running.name) if alone and running is not None else found
        yield replace(found, against="stale") if stale and not found.against else found

    def _of_figure(self, indicator: Indicator, figure: Figure, *, on: date) -> Observation:
        assert isinstance(indicator.method, Fold | Share)
        return Observation(
            indicator=indicator.id, basis="E1", on=on, value=figure.value, low=None, high=None, evidence=digest_of(indicator.method),
            entry=None, entries=figure.entries, organisation="", verifier="", against="" if figure.matched else "nothing_counted",
            document="",
        )  # fmt: skip

    def _observed(self, *, today: date, policy: Policy) -> Mapping[str, list[Observation]]:
        """E2 to E4, by indicator."""
        found: dict[str, list[Observation]] = {}
        known = {indicator.id: (commitment, indicator) for commitment, indicator in self.plan.indicators()}
        for name, (index, entry) in self.brought.evidence.items():
            place = known.get(entry.indicator)
            if place is None or place[0].id != entry.commitment:
                continue
            stated, measured, against = self._document(name, index, entry, indicator=place[1], policy=policy)
            verifier, against = self._judged(name, entry, against, commitment=place[0])
            if not against:
                against = "stale" if entry.on + FRESH < today else "future" if entry.on > min(today, entry.hour.date()) else ""
            value = stated if measured is None else measured.whole.value
            found.setdefault(entry.indicator, []).append(
                Observation(
                    indicator=entry.indicator,
                    basis=entry.basis,
                    on=entry.on,
                    value=value,
                    low=None if measured is None else measured.whole.low,
                    high=None if measured is None else measured.whole.high,
                    evidence=name,
                    entry=index,
                    entries=(),
                    organisation=entry.organisation,
                    verifier=verifier,
                    against=against,
                    document=entry.digest,
                    regions=_regions(measured),
                )
            )
        return found

    def _document(
        self, name: str, index: int, entry: EvidenceEntry, *, indicator: Indicator, policy: Policy
    ) -> tuple[Fraction | None, Measured | None, str]:
        """The figure that the evidence's own document states, what it proves, and why it weighs nothing."""
        if name in self._known:
            return self._known[name]
        content = self._read(entry.digest)
        if content is None:
            return None, None, "absent"
        try:
            evidence = read_evidence(content)
        except EvidenceError as error:
            return None, None, error.reason
        measured, against = None, _differs(evidence, entry)
        if not against:
            try:
                measured = self._shown(evidence, entry, indicator=indicator, index=index, policy=policy)
            except EvidenceError as error:
                against = error.reason
        if against == "absent":  # of another document: it may come yet
            return evidence.value, None, against
        self._known[name] = evidence.value, measured, against
        return self._known[name]

    def _shown(self, evidence: Evidence, entry: EvidenceEntry, *, indicator: Indicator, index: int, policy: Policy) -> Measured | None:
        """Of E2, the figure that the receipt proves. Errors: EvidenceError where the evidence is not of the kind that the plan asks for."""
        match entry.basis, indicator.method:
            case "E2", PrivateFigure() as method:
                use = int(entry.use)
                if use >= index:
                    raise EvidenceError("receipt")
                return prove(evidence, method=method, use=use, leaf=self._uses.leaf(use), policy=policy)
            case "E3", Document():
                if evidence.shown is None or evidence.value is None:
                    raise EvidenceError("form")
                self._versions.check(entry, indicator=indicator, adopted=self.brought.versions)
                return None
            case "E4", _:
                return None
            case _:
                raise EvidenceError("other_basis")

    def _judged(self, name: str, entry: EvidenceEntry, against: str, *, commitment: Commitment) -> tuple[str, str]:
        """Who found that it holds, and why it weighs nothing: a document counts when another organisation has found that it does."""
        verification = self.brought.verified.get(name)
        if verification is None:
            return "", against or ("" if entry.basis == "E2" else "claim" if entry.basis == "E4" else "unverified")
        said = verification[1]
        if said.organisation in {commitment.owner, entry.organisation}:
            return "", against or "own_verifier"
        if said.verdict != "confirm":
            return said.organisation, "rejected"
        if not against and entry.basis == "E3":
            against = self._compared(name, entry, said)
        return said.organisation, against or ("claim" if entry.basis == "E4" else "")

    def _compared(self, name: str, entry: EvidenceEntry, said: VerificationEntry) -> str:
        """Why a confirmation weighs nothing: it must have been given with the very file in hand."""
        if name not in self._confirmed:
            reasons, document = self._read(said.digest), self._read(entry.digest)
            if reasons is None or document is None:
                return "absent"
            try:
                found, shown = read_reasons(reasons), read_evidence(document).shown
            except EvidenceError as error:
                return error.reason
            wanted = (name, said.verdict, said.organisation, "" if shown is None else shown.sha256)
            self._confirmed[name] = (found.subject, found.event, found.organisation, found.sha256) == wanted
        return "" if self._confirmed[name] else "differs"


def _differs(evidence: Evidence, entry: EvidenceEntry) -> str:
    """Whether document and entry say the same."""
    names = ("plan", "version", "commitment", "indicator", "on", "basis", "organisation")
    return "" if all(getattr(evidence, name) == getattr(entry, name) for name in names) else "differs"


def _regions(measured: Measured | None) -> tuple[tuple[str, Fraction, Fraction, Fraction], ...]:
    return () if measured is None else tuple((name, each.value, each.low, each.high) for name, each in measured.regions)
