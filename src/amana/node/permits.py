"""Permits: a project's leave to ask one dataset, signed by its custodian. Granting enters the caps in the ledger.

A permit is granted, then its account is opened, then it becomes active: a crash between leaves it granted, and `activate` at the
next start does the rest.
"""

import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from typing import final

from amana.catalog.purposes import UseTerm
from amana.catalog.schema import Dataset
from amana.node.audit import NODE, note
from amana.node.notices import tell_of_permit, tell_of_request
from amana.node.people import find_organisation
from amana.node.project_rows import (
    PERMITS,
    PERMITS_GRANTED,
    PERMITS_HELD,
    PERMITS_IN,
    PERMITS_OF_PERSON,
    PERMITS_OVER,
    hold_permit,
    hold_project,
    read_permit,
    read_terms,
    swapped,
)
from amana.node.projects import moved
from amana.node.public_record import is_paused, note_permit
from amana.policy.people import Asker
from amana.policy.permit import Permit, allowance_of, caps_of, leave, within_allowance
from amana.policy.projects import PermitRecord
from amana.policy.rights import Action, check, may
from amana.policy.things import DatasetOf, PermitOf
from amana.policy.transitions import PERMIT, PermitEvent, PermitState, ProjectEvent, ProjectState, move
from amana.privacy.ledger import Balance, Ledger
from amana.terms.database import Database, DuplicateError, Transaction, Value, moment, text
from amana.terms.ids import OrganisationId, PermitId, ProjectId
from amana.terms.refusal import Refusal

REQUEST = """INSERT INTO permit (id, project, applicant, project_version, dataset, population, custodian, state, share_asked, cap_nrho,
cap_delta, valid_until, reasons) VALUES (:id, :project, :applicant, :version, :dataset, :population, :custodian, :state, :share, 0, 0,
:valid_until, '')"""
REVISE = """UPDATE permit SET state = :to, project_version = :version, share_asked = :share, valid_until = :valid_until
WHERE id = :id AND state = :was"""
GRANT = """UPDATE permit SET state = :to, cap_nrho = :nrho, cap_delta = :delta, valid_until = :valid_until, granted_by = :by,
reasons = :reasons WHERE id = :id AND state = :was"""
DECIDE = "UPDATE permit SET state = :to, reasons = :reasons WHERE id = :id AND state = :was"
MOVE = "UPDATE permit SET state = :to WHERE id = :id AND state = :was"
ACTIONS = {
    PermitEvent.RETURN: Action.RETURN_PERMIT,
    PermitEvent.REFUSE: Action.REFUSE_PERMIT,
    PermitEvent.SUSPEND: Action.SUSPEND_PERMIT,
    PermitEvent.RESUME: Action.RESUME_PERMIT,
    PermitEvent.REVOKE: Action.REVOKE_PERMIT,
}
OPENED = (PermitState.GRANTED, PermitState.ACTIVE)
PAGE_MAX = 200


@final
class Serving:
    """The datasets that serve, looked up before a transaction begins: opening one needs the database itself."""

    def __init__(self, datasets: tuple[Dataset, ...]) -> None:
        self._datasets = {each.name: each for each in datasets}
        self.names = tuple(self._datasets)

    def dataset(self, name: str) -> Dataset:
        """Errors: Refusal node.unknown_dataset."""
        if name not in self._datasets:
            raise Refusal("node.unknown_dataset", name=name[:80], names=", ".join(self.names))
        return self._datasets[name]

    def terms(self, name: str) -> tuple[UseTerm, ...]:
        """What it may be used for; nothing when it does not serve."""
        return read_terms(self._datasets[name].purposes) if name in self._datasets else ()


@final
class Permits:
    """The permits of this node. `datasets`: the datasets that serve now. Errors: as `policy.rights.check`, and node.not_found."""

    def __init__(
        self, database: Database, now: Callable[[], datetime], *, ledger: Ledger, datasets: Callable[[], tuple[Dataset, ...]]
    ) -> None:
        self._database, self._now, self._ledger, self._datasets = database, now, ledger, datasets

    def permit(self, asker: Asker | None, *, permit: PermitId) -> PermitOf:
        """One that the asker may see."""
        serving = Serving(self._datasets())
        with self._database.reading() as run:
            found = read_permit(run, permit, terms=serving.terms)
        check(Action.SEE_PERMIT, asker, on=found, now=self._now())
        return found

    def place(self, permit: PermitId) -> PermitOf:
        """The permit as the rules of policy see it, for whoever has just changed it. Errors: Refusal node.not_found."""
        serving = Serving(self._datasets())
        with self._database.reading() as run:
            return read_permit(run, permit, terms=serving.terms)

    def permits(self, asker: Asker | None, *, after: str = "", limit: int = PAGE_MAX) -> tuple[PermitOf, ...]:
        """A page of those that the asker may see, by id."""
        serving = Serving(self._datasets())
        at, seen = self._now(), list[PermitOf]()
        with self._database.reading() as run:
            while len(seen) < limit:
                page = [text(name) for (name,) in run.rows(PERMITS, {"after": after, "limit": PAGE_MAX})]
                found = (read_permit(run, PermitId(name), terms=serving.terms) for name in page)
                seen += [each for each in found if may(Action.SEE_PERMIT, asker, on=each, now=at)]
                if len(page) < PAGE_MAX:
                    break
                after = page[-1]
        return tuple(seen[:limit])

    def request(self, asker: Asker | None, *, project: ProjectId, dataset: str, share: Fraction, valid_until: datetime) -> PermitId:
        """Ask the custodian for a share of the budget, until that moment.

        Errors: Refusal permit.held, node.unknown_dataset, project.other_dataset, node.bad_value.
        """
        at, serving = self._now(), Serving(self._datasets())
        made = PermitId(f"m-{secrets.token_hex(6)}")
        try:
            with self._database.transaction() as run:
                found = hold_project(run, project)
                check(Action.REQUEST_PERMIT, asker, on=found, now=at)
                assert asker is not None
                _sensible(share, valid_until, now=at)
                asked = serving.dataset(dataset)
                if asked.name not in found.datasets:  # what was reviewed names its datasets
                    raise Refusal("project.other_dataset", project=project, dataset=asked.name, datasets=", ".join(found.datasets))
                values: dict[str, Value] = {"id": made, "project": project, "applicant": found.applicant, "version": found.version}
                wanted: dict[str, Value] = {"dataset": asked.name, "population": asked.population.name, "share": str(share)}
                signed: dict[str, Value] = {"custodian": custodian_of(run, asked), "state": PERMIT.start.value}
                run.change(REQUEST, {**values, **wanted, **signed, "valid_until": moment(min(valid_until, found.ends_on))})
                _note(run, made, at=at, actor=asker.person.id, action="request", was="", now_is=PERMIT.start.value)
                record = read_permit(run, made, terms=serving.terms).record
                note_permit(run, record, event="request", actor=asker.person.id, reasons="", at=at)
                tell_of_request(run, record, actor=asker.person.id, at=at)
        except DuplicateError:
            raise Refusal("permit.held", project=project, dataset=dataset) from None
        return made

    def revise(self, asker: Asker | None, *, permit: PermitId, share: Fraction, valid_until: datetime) -> PermitOf:
        """Ask anew for one that was returned, for what the project wants now. Errors: Refusal node.bad_value."""
        at, serving = self._now(), Serving(self._datasets())
        with self._database.transaction() as run:
            found = hold_permit(run, permit, terms=serving.terms)
            check(Action.REVISE_PERMIT, asker, on=found, now=at)
            assert asker is not None
            _sensible(share, valid_until, now=at)
            was, to = found.record.state, move(PERMIT, found.record.state, event=PermitEvent.REVISE)
            asked: dict[str, Value] = {"version": found.project.version, "share": str(share)}
            until = moment(min(valid_until, found.project.ends_on))
            swapped(run.change(REVISE, {**asked, "id": permit, "was": was.value, "to": to.value, "valid_until": until}))
            _note(run, permit, at=at, actor=asker.person.id, action=PermitEvent.REVISE.value, was=was.value, now_is=to.value)
            done = read_permit(run, permit, terms=serving.terms)
            note_permit(run, done.record, event=PermitEvent.REVISE.value, actor=asker.person.id, reasons="", at=at)
            tell_of_request(run, done.record, actor=asker.person.id, at=at)
        return done

    def grant(
        self, asker: Asker | None, *, permit: PermitId, share: Fraction, valid_until: datetime, reasons: str = "", read: str | None = None
    ) -> PermitOf:
        """Sign it, for a share of the budget: a new permit, or a wider one if it is held already, which takes nothing back. `read`: the
        request that she read (`PermitRecord.asked`), where the caller can tell.

        Errors: Refusal node.bad_value, node.changed_meanwhile.
        """
        at, serving = self._now(), Serving(self._datasets())
        with self._database.transaction() as run:
            found = hold_permit(run, permit, terms=serving.terms)
            event = PermitEvent.GRANT if found.record.state is PermitState.REQUESTED else PermitEvent.WIDEN
            check(Action.GRANT_PERMIT if event is PermitEvent.GRANT else Action.WIDEN_PERMIT, asker, on=found, now=at)
            assert asker is not None
            if read is not None and read != found.record.asked:
                raise Refusal("node.changed_meanwhile")
            _sensible(share, valid_until, now=at)
            nrho, delta = caps_of(serving.dataset(found.record.dataset).population, share=share)
            if nrho < max(1, found.record.cap_nrho) or delta < found.record.cap_delta:
                raise Refusal("node.bad_value", field="share", wanted="word.share_no_less")
            if event is PermitEvent.WIDEN and valid_until < found.record.valid_until:
                raise Refusal(
                    "node.bad_value", field="valid_until", wanted="word.no_earlier", earliest=found.record.valid_until.isoformat()
                )
            to = move(PERMIT, found.record.state, event=event)
            until = moment(min(valid_until, found.project.ends_on))
            values: dict[str, Value] = {"nrho": nrho, "delta": delta, "valid_until": until, "by": asker.person.id, "reasons": reasons}
            swapped(run.change(GRANT, {**values, "id": permit, "was": found.record.state.value, "to": to.value}))
            _note(run, permit, at=at, actor=asker.person.id, action=event.value, was=found.record.state.value, now_is=to.value)
            record = read_permit(run, permit, terms=serving.terms).record
            note_permit(run, record, event=event.value, actor=asker.person.id, reasons=reasons, at=at)
            tell_of_permit(run, record, project=found.project, event=event, actor=asker.person.id, at=at)
        self._open(permit)
        with self._database.reading() as run:
            return read_permit(run, permit, terms=serving.terms)

    def act(self, asker: Asker | None, *, permit: PermitId, event: PermitEvent, reasons: str = "") -> PermitOf:
        """What the custodian does: return, refuse, suspend, resume, revoke. Errors: Refusal node.bad_value for a return without reasons."""
        at, serving = self._now(), Serving(self._datasets())
        with self._database.transaction() as run:
            found = hold_permit(run, permit, terms=serving.terms)
            check(ACTIONS[event], asker, on=found, now=at)
            assert asker is not None
            if event is PermitEvent.RETURN and not reasons.strip():  # whoever gets it back is told what to change
                raise Refusal("node.bad_value", field="reasons", wanted="word.present")
            self._move(run, found, event, actor=asker.person.id, at=at, reasons=reasons)
            done = read_permit(run, permit, terms=serving.terms)
        if event is PermitEvent.RESUME:  # she looked into what made it pause
            self._ledger.reviewed(permit)
        return done

    def leave(
        self, asker: Asker | None, *, dataset: Dataset, permit: PermitId | None, allowance: tuple[str, Fraction] | None = None
    ) -> Permit:
        """The leave to ask now: under that permit, or the only one under which the asker may; within an assistant's allowance, if
        a token has one (its name, and its share of the permit).

        Errors: Refusal permit.none, permit.several, and those of `policy.permit.leave`.
        """
        found = self._held(asker, dataset=dataset, permit=permit)
        given = leave(asker, project=found.project, record=found.record, dataset=dataset, now=self._now())
        if allowance is None:
            return given
        given = within_allowance(given, token=allowance[0], share=allowance[1])
        self._ledger.open_permit(given)
        return given

    def _held(self, asker: Asker | None, *, dataset: Dataset, permit: PermitId | None) -> PermitOf:
        at, serving = self._now(), Serving(self._datasets())
        with self._database.reading() as run:
            if permit is not None:
                return read_permit(run, permit, terms=serving.terms)
            if asker is None:
                raise Refusal("rights.sign_in_needed", action=Action.ASK.word)
            names = run.rows(PERMITS_OF_PERSON, {"dataset": dataset.name, "person": asker.person.id})
            held = [read_permit(run, PermitId(text(name)), terms=serving.terms) for (name,) in names]
        if not held:
            raise Refusal("permit.none", dataset=dataset.name)
        usable = [each for each in held if may(Action.ASK, asker, on=each, now=at)] or held[:1]
        if len(usable) > 1:
            raise Refusal("permit.several", dataset=dataset.name, permits=", ".join(each.record.id for each in usable))
        return usable[0]

    def usable(self, asker: Asker) -> tuple[PermitOf, ...]:
        """Those under which the asker may ask now."""
        serving, at = Serving(self._datasets()), self._now()
        with self._database.reading() as run:
            names = run.rows(PERMITS_HELD, {"person": asker.person.id, "limit": PAGE_MAX})
            held = [read_permit(run, PermitId(text(name)), terms=serving.terms) for (name,) in names]
        return tuple(each for each in held if each.record.dataset in serving.names and may(Action.ASK, asker, on=each, now=at))

    def left(
        self, asker: Asker | None, *, permit: PermitId, allowance: tuple[str, Fraction] | None
    ) -> tuple[PermitOf, Balance, Balance | None]:
        """A permit that the asker may see, what was spent of it, and of the allowance under it, if her token has one (as of `leave`)."""
        found = self.permit(asker, permit=permit)
        record = found.record
        own = None if allowance is None else allowance_of(record, token=allowance[0], share=allowance[1])
        return found, self._ledger.balance_of(record), None if own is None else self._ledger.balance_of(own)

    def used(self, record: PermitRecord) -> float:
        """What was spent of a permit that was granted, of whichever is scarcer: 0 to 1."""
        held = self._ledger.balance_of(record)
        return max(held.spent_nrho / max(1, held.cap_nrho), held.spent_delta / max(1, held.cap_delta))

    def note_spending(self, permit: PermitId, *, event: PermitEvent) -> None:
        """What the ledger told of a permit: used up, or paused after faults; or that its day has come."""
        serving = Serving(self._datasets())
        with self._database.transaction() as run:
            found = hold_permit(run, permit, terms=serving.terms)
            if event in PERMIT.possible(found.record.state):
                self._move(run, found, event, actor=NODE, at=self._now(), reasons=None)

    def activate(self) -> int:
        """Finish what a crash left granted or half widened, for the datasets that serve."""
        serving = Serving(self._datasets())
        with self._database.reading() as run:
            names = [PermitId(text(name)) for state in OPENED for (name,) in run.rows(PERMITS_IN, {"state": state.value})]
            granted = [name for name in names if read_permit(run, name, terms=serving.terms).record.dataset in serving.names]
        for permit in granted:
            self._open(permit)
        return len(granted)

    def expire(self) -> int:
        """Note the end of permits whose day has come."""
        with self._database.reading() as run:
            over = [PermitId(text(name)) for (name,) in run.rows(PERMITS_OVER, {"at": moment(self._now())})]
        for permit in over:
            self.note_spending(permit, event=PermitEvent.EXPIRE)
        return len(over)

    def granted(self, dataset: str) -> tuple[PermitOf, ...]:
        """Every permit that was ever granted on a dataset: for records, which name organisations."""
        serving = Serving(self._datasets())
        with self._database.reading() as run:
            names = run.rows(PERMITS_GRANTED, {"dataset": dataset})
            return tuple(read_permit(run, PermitId(text(name)), terms=serving.terms) for (name,) in names)

    def _open(self, permit: PermitId) -> None:
        at, serving = self._now(), Serving(self._datasets())
        with self._database.reading() as run:
            record = read_permit(run, permit, terms=serving.terms).record
        dataset = serving.dataset(record.dataset)
        self._ledger.open_population(dataset.population)
        self._ledger.open_account(permit, population=record.population, cap_nrho=record.cap_nrho, cap_delta=record.cap_delta)
        with self._database.transaction() as run:
            found = hold_permit(run, permit, terms=serving.terms)
            if found.record.state is PermitState.GRANTED:
                self._move(run, found, PermitEvent.ACTIVATE, actor=NODE, at=at, reasons=None)
            if found.project.state is ProjectState.APPROVED:
                moved(run, found.project, ProjectEvent.ACTIVATE, actor=NODE, at=at)

    def _move(self, run: Transaction, found: PermitOf, event: PermitEvent, *, actor: str, at: datetime, reasons: str | None) -> None:
        was, to = found.record.state, move(PERMIT, found.record.state, event=event)
        untold = event is PermitEvent.PAUSE or (event is PermitEvent.RESUME and is_paused(run, found.record.id))
        values: dict[str, Value] = {"id": found.record.id, "was": was.value, "to": to.value}
        swapped(run.change(MOVE, values) if reasons is None else run.change(DECIDE, {**values, "reasons": reasons}))
        _note(run, found.record.id, at=at, actor=actor, action=event.value, was=was.value, now_is=to.value)
        if not untold:  # a pause follows from faults, which may carry a bit of the data
            note_permit(run, replace(found.record, state=to), event=event.value, actor=actor, reasons=reasons or "", at=at)
            tell_of_permit(run, found.record, project=found.project, event=event, actor=actor, at=at)


def custodian_of(run: Transaction, dataset: Dataset) -> OrganisationId:
    """The organisation that the rules name. Errors: Refusal node.custodian_unknown as long as the node does not know it."""
    found = find_organisation(run, dataset.custodian)
    if found is None:
        raise Refusal("node.custodian_unknown", custodian=dataset.custodian, dataset=dataset.name)
    return found.id


def dataset_of(run: Transaction, dataset: Dataset) -> DatasetOf:
    """The dataset as the rules of policy see it; nobody is custodian of one whose organisation the node does not know."""
    found = find_organisation(run, dataset.custodian)
    return DatasetOf(name=dataset.name, custodian=OrganisationId("") if found is None else found.id)


def _sensible(share: Fraction, valid_until: datetime, *, now: datetime) -> None:
    if not 0 < share <= 1:
        raise Refusal("node.bad_value", field="share", wanted="word.share")
    if valid_until <= now:
        raise Refusal("node.bad_value", field="valid_until", wanted="word.future")


def _note(run: Transaction, permit: PermitId, *, at: datetime, actor: str, action: str, was: str, now_is: str) -> None:
    note(run, at=at, actor=actor, action=action, thing="permit", subject=permit, was=was, now_is=now_is)
