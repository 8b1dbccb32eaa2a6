"""What the public log is told, and when: each transition with the transaction that makes it, each use before the data is touched.

Never what the data may have decided (PRIVACY 8): a pause after faults, the end of a pause, a refusal because of one, and nothing of a
run after its charge.
"""

import secrets
from collections.abc import Generator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol, final

from amana.catalog.schema import Population, Version
from amana.log.entries import write_entry
from amana.log.entry_forms import Sealed
from amana.log.entry_kinds import DatasetEntry, KeyEntry, ModelEntry, PermitEntry, PopulationEntry, ProjectEntry, RefusedEntry, RunEntry
from amana.log.note import VerifierKey
from amana.node import openings, outbox
from amana.node.openings import Opening, sealed
from amana.node.outbox import hour_of
from amana.node.people import find_organisation
from amana.node.project_rows import read_terms
from amana.policy.models import ModelRecord
from amana.policy.projects import PermitRecord, Project
from amana.policy.transitions import PermitEvent, PermitState, ProjectState
from amana.privacy.ledger import period_of
from amana.terms.code import Exit
from amana.terms.codes import CODES
from amana.terms.database import Database, Transaction, text
from amana.terms.ids import JobId, PermitId
from amana.terms.refusal import Fault, Refusal
from amana.terms.use import EntryLog, Inclusion, UseEntry

STANDING = """SELECT permit.state, project.state, organisation.name FROM permit JOIN project ON project.id = permit.project
JOIN organisation ON organisation.id = permit.custodian WHERE permit.id = :permit"""
PLACE = "SELECT project, dataset FROM permit WHERE id = :permit"
SUSPENDED_BY = """SELECT action FROM audit WHERE thing = 'permit' AND subject = :permit AND now_is = 'suspended'
ORDER BY at DESC, id DESC LIMIT 1"""
USABLE = frozenset({PermitState.ACTIVE.value, PermitState.EXHAUSTED.value})
OF_FAULTS = frozenset({"budget.permit_paused", "budget.clock_went_back"})
"""Refusals that tell of faults, or of a clock that nobody should believe."""
OF_WORDS = frozenset({"budget.share_malformed"})
"""Refusals that are not by right or budget, whatever their exit code."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A question under a permit, of which the log tells the permit and the dataset, and commits to the rest."""

    permit: PermitId
    dataset: str
    person: str
    sql: str


class Record(Protocol):
    """Who seals what is asked, for the log to commit to."""

    def sealing(self, *, person: str, sql: str) -> AbstractContextManager[Sealed]:
        """The commitments of one use, which the log will find opened while this lasts."""
        ...


@final
class PublicRecord:
    """The kernel's log: keeps the openings of a use, lets the transitions before it go first, appends it. Thread-safe."""

    def __init__(self, database: Database, log: EntryLog, *, box: outbox.Outbox, vault: openings.Vault) -> None:
        self._database, self._log, self._box, self._vault = database, log, box, vault
        self._sealed: dict[str, Opening] = {}

    def check(self) -> None:
        """See `Log`."""
        self._log.check()

    @contextmanager
    def sealing(self, *, person: str, sql: str) -> Generator[Sealed]:
        """See `Record`."""
        made = sealed(person=person, sql=sql)
        self._sealed |= {each.commitment: each for each in made}
        try:
            yield openings.pairs(made)
        finally:
            for each in made:
                self._sealed.pop(each.commitment, None)

    def append(self, entry: UseEntry) -> Inclusion:
        """See `Log`. Nothing under a permit or project that was ended meanwhile: the log would tell of a use without a right."""
        try:
            kept = tuple(self._sealed[commitment] for _, commitment in entry.sealed)
            if kept:
                with self._database.transaction() as run:
                    openings.put(run, kept, vault=self._vault)
            with self._box.empty():
                return self._log.append(write_entry(self._permitted(entry) if entry.project else entry))
        except (Refusal, OSError):
            raise Fault(id=secrets.token_hex(8)) from None

    def refused(self, *, permit: PermitId, code: int, person: str, sql: str, at: datetime) -> None:
        """Tell that a question under a permit was refused. One that nobody knows is not told of, nor what follows from faults.

        Errors: Fault when it cannot be told.
        """
        try:
            with outbox.Flushing(self._database, self._box).transaction() as run:
                _note_refused(run, permit, code=code, kept=sealed(person=person, sql=sql), vault=self._vault, at=at)
        except Refusal:
            raise Fault(id=secrets.token_hex(8)) from None

    def introduce(self, keys: Sequence[VerifierKey], *, now: datetime) -> None:
        """Tell under which key the log signs, once for each key: of a new log it is the first entry. `keys`: the present one first,
        then the one before it, if any: so every process that comes upon a new key tells the same of it."""
        key, replaces = keys[0], keys[1].text if len(keys) > 1 else ""
        thing = f"key {key.text}"
        with self._database.reading() as run:
            if outbox.done_once(run, thing=thing):
                return
        with self._database.transaction() as run:
            outbox.put_once(run, KeyEntry(hour=hour_of(now), vkey=key.text, replaces=replaces), thing=thing)
        self._box.try_flush()

    def promise(self, population: Population, *, now: datetime) -> None:
        """Tell what is promised to a population, once, before any use of it."""
        if not self._is_told(f"population {population.name}"):
            with self._database.transaction() as run:
                _note_promise(run, population, now=now)

    def serve(self, version: Version, *, now: datetime) -> None:
        """Tell of a version that serves, and was published before there was a log to tell."""
        if not self._is_told(f"version {version.id}"):
            with self._database.transaction() as run:
                note_version(run, version, replaces="", now=now)

    def _is_told(self, thing: str) -> bool:
        with self._database.reading() as run:
            return outbox.done_once(run, thing=thing)

    def _permitted(self, entry: UseEntry) -> UseEntry:
        """The use as its permit's own entries name the custodian, if permit and project stand by what the log was told. What a charge
        used up was paid. Errors: Fault."""
        with self._database.reading() as run:
            found = run.rows(STANDING, {"permit": entry.permit})
            usable = found and found[0][1] == ProjectState.ACTIVE.value
            if usable and (found[0][0] in USABLE or is_paused(run, entry.permit)):
                return replace(entry, custodian=text(found[0][2]))
        raise Fault(id=secrets.token_hex(8))


@final
class NoRecord:
    """For dry runs: nothing is used, so nothing is sealed."""

    @contextmanager
    def sealing(self, *, person: str, sql: str) -> Generator[Sealed]:  # noqa: ARG002 - the form of a record
        """Nothing."""
        yield ()


def is_paused(run: Transaction, permit: PermitId) -> bool:
    """Whether the permit is suspended because of faults, which the public is not told."""
    found = run.rows(STANDING, {"permit": permit})
    if not found or found[0][0] != PermitState.SUSPENDED.value:
        return False
    return [text(action) for (action,) in run.rows(SUSPENDED_BY, {"permit": permit})] == [PermitEvent.PAUSE.value]


def note_version(run: Transaction, version: Version, *, replaces: str, now: datetime) -> None:
    """A version serves from now on. `replaces`: the one before it; a version that the log was never told of is not named."""
    dataset = version.dataset
    _note_promise(run, dataset.population, now=now)
    purposes = tuple(term.closed for term in read_terms(dataset.purposes))
    entry = DatasetEntry(
        hour=hour_of(now), dataset=dataset.name, version=version.id, population=dataset.population.name, custodian=dataset.custodian,
        replaces=replaces if outbox.done_once(run, thing=f"version {replaces}") else "", purposes=purposes, retention=dataset.retention,
    )  # fmt: skip
    outbox.put_once(run, entry, thing=f"version {version.id}")


def _note_promise(run: Transaction, population: Population, *, now: datetime) -> None:
    entry = PopulationEntry(
        hour=hour_of(now), population=population.name, unit=population.unit, period=period_of(population.period),
        cap_nrho=population.cap_nrho, cap_delta=population.cap_delta,
    )  # fmt: skip
    outbox.put_once(run, entry, thing=f"population {population.name}")


def note_project(run: Transaction, project: Project, *, event: str, actor: str, reasons: str, at: datetime) -> None:
    """A transition of a project. `project`: as it is after it."""
    kept = sealed(actor=actor, reasons=reasons)
    openings.put(run, kept)
    purposes = tuple(dict.fromkeys(term.closed for term in project.purposes))
    entry = ProjectEntry(
        hour=hour_of(at), project=project.id, event=event, state=project.state.value, datasets=tuple(dict.fromkeys(project.datasets)),
        purposes=purposes, ends=project.ends_on.astimezone(UTC).date(), sealed=openings.pairs(kept),
    )  # fmt: skip
    outbox.put(run, entry)


def note_permit(run: Transaction, permit: PermitRecord, *, event: str, actor: str, reasons: str, at: datetime) -> None:
    """A transition of a permit. `permit`: as it is after it. Of a pause and its end nothing is told: the caller asks `is_paused`."""
    organisation = find_organisation(run, permit.custodian)
    assert organisation is not None and event != PermitEvent.PAUSE.value
    kept = sealed(actor=actor, reasons=reasons)
    openings.put(run, kept)
    entry = PermitEntry(
        hour=hour_of(at), permit=permit.id, project=permit.project, dataset=permit.dataset, population=permit.population,
        custodian=organisation.name, event=event, state=permit.state.value, cap_nrho=permit.cap_nrho, cap_delta=permit.cap_delta,
        until=permit.valid_until.astimezone(UTC).date(), sealed=openings.pairs(kept),
    )  # fmt: skip
    outbox.put(run, entry)


def note_model(
    run: Transaction, model: ModelRecord, *, event: str, custodian: str, training: int, actor: str, reasons: str, at: datetime
) -> None:
    """A decision about a model. `model`: as it is after it; `training`: the index of the use that it was trained by."""
    kept = sealed(actor=actor, reasons=reasons)
    openings.put(run, kept)
    entry = ModelEntry(
        hour=hour_of(at), model=model.id, project=model.project or "", permit=model.permit, dataset=model.dataset, version=model.version,
        custodian=custodian, training=training, event=event, state=model.state.value, sealed=openings.pairs(kept),
    )  # fmt: skip
    outbox.put(run, entry)


def note_run(run: Transaction, job: JobId, *, event: str, asked: Told, code: int, at: datetime) -> None:
    """A transition of a run up to its charge. `code`: of the refusal, else 0."""
    kept = sealed(person=asked.person, sql=asked.sql)
    openings.put(run, kept)
    entry = RunEntry(
        hour=hour_of(at), run=job, event=event, dataset=asked.dataset, project=text(run.rows(PLACE, {"permit": asked.permit})[0][0]),
        permit=asked.permit, code=code, sealed=openings.pairs(kept),
    )  # fmt: skip
    outbox.put(run, entry)


def _note_refused(run: Transaction, permit: PermitId, *, code: int, kept: tuple[Opening, ...], vault: openings.Vault, at: datetime) -> None:
    place = run.rows(PLACE, {"permit": permit})
    if not place or is_paused(run, permit):
        return
    openings.put(run, kept, vault=vault)
    project, dataset = (text(each) for each in place[0])
    entry = RefusedEntry(hour=hour_of(at), dataset=dataset, project=project, permit=permit, code=code, sealed=openings.pairs(kept))
    outbox.put(run, entry)


def is_told(refusal: Refusal) -> bool:
    """Whether the log is told of that refusal of a question: one by right or budget."""
    return CODES[refusal.code].exit in {Exit.BUDGET, Exit.PERMISSION} and refusal.code not in OF_FAULTS | OF_WORDS
