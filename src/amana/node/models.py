"""Models: kept as a training left them, described by their team, assessed by others, then in the public register to the end.

The log is told of each decision from the first assessment on. That a training ended is between the data and its team (PRIVACY 8).
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import final

from amana.node.audit import NODE, note, notes_of
from amana.node.notices import tell_of_model
from amana.node.people import find_organisation
from amana.node.project_rows import read_project, swapped
from amana.node.public_record import note_model
from amana.policy.models import ModelRecord, model_after
from amana.policy.people import Asker
from amana.policy.rights import Action, check, may
from amana.policy.things import ModelOf, Node
from amana.policy.transitions import MODEL, ModelEvent, ModelState
from amana.terms.database import Database, Row, Transaction, Value, moment, text, text_or_none, whole
from amana.terms.ids import ModelId, OrganisationId, PermitId, PersonId, ProjectId
from amana.terms.model_card import Card, missing_of, read_card, write_card
from amana.terms.refusal import Refusal
from amana.terms.training_facts import TrainingFacts, read_facts, write_facts

_COLUMNS = """SELECT id, project, permit, dataset, version, custodian, state, facts, card, described_by, assessed_by, public, made_at,
revision, reasons FROM model"""
ONE = f"{_COLUMNS} WHERE id = :id"
ALL = f"{_COLUMNS} WHERE id > :after ORDER BY id LIMIT :limit"
OF_PROJECT = f"{_COLUMNS} WHERE project = :project ORDER BY made_at DESC, id"
PUBLIC = f"""{_COLUMNS} WHERE public = 1 AND (:state = '' OR state = :state) AND (:dataset = '' OR dataset = :dataset)
ORDER BY made_at DESC, id LIMIT :limit OFFSET :skipped"""
COUNT = "SELECT COUNT(*) FROM model WHERE project = :project AND state <> 'retired'"
TAKEN = "SELECT id, facts FROM model WHERE permit = :permit AND version = :version AND state <> 'retired'"
FILE = "SELECT model FROM model WHERE id = :id"
HOLD = "UPDATE model SET revision = revision WHERE id = :id"
HOLD_PERMIT = "UPDATE permit SET state = state WHERE id = :permit"
HOLD_VERSION = "UPDATE version SET published_at = published_at WHERE id = :version"
HOLD_PROJECT = "UPDATE project SET state = state WHERE id = :id"
ADD = """INSERT INTO model (id, project, permit, dataset, version, custodian, state, model, facts, card, public, reasons, made_at, revision)
VALUES (:id, :project, :permit, :dataset, :version, :custodian, :state, :model, :facts, '', 0, '', :at, 0)"""
MOVE = """UPDATE model SET state = :to, card = :card, described_by = :described_by, assessed_by = :assessed_by, public = :public,
reasons = :reasons, revision = revision + 1 WHERE id = :id AND state = :was AND revision = :revision"""
MODELS_MAX = 200
"""Of one project, but for those that are retired."""
PAGE_MAX = 200
ACTIONS = {
    ModelEvent.ASSESS: Action.ASSESS_MODEL,
    ModelEvent.REVISE: Action.REVISE_MODEL,
    ModelEvent.REGISTER: Action.REGISTER_MODEL,
    ModelEvent.SERVE: Action.SERVE_MODEL,
    ModelEvent.SUSPEND: Action.SUSPEND_MODEL,
    ModelEvent.RESUME: Action.RESUME_MODEL,
    ModelEvent.RETIRE: Action.RETIRE_MODEL,
}


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class NewModel:
    """What a training leaves. `project`: None where the custodian trained on the node's own machine; `custodian`: the organisation as
    the dataset names it; `model`: its text, which is kept as it is."""

    project: ProjectId | None
    permit: PermitId
    dataset: str
    version: str
    custodian: str
    model: str
    facts: TrainingFacts


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A model with all that is said of it. `custodian`: by name. `since`: when it came into its present state; `registered_at`,
    `served_at`, `retired_at`: when it first did, None before. `reasons`: of the last step, for its team and those who judge it."""

    place: ModelOf
    custodian: str
    facts: TrainingFacts
    card: Card | None
    made_at: datetime
    revision: int
    since: datetime
    reasons: str
    registered_at: datetime | None
    served_at: datetime | None
    retired_at: datetime | None

    @property
    def record(self) -> ModelRecord:
        """The model as the rules see it."""
        return self.place.model


@final
class Models:
    """The models of this node. Errors: every method raises the refusals of `policy.rights.check`, and node.not_found."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database, self._now = database, now

    def check_room(self, project: ProjectId) -> None:
        """Return if the project may have one more: before a training is charged. Errors: Refusal model.too_many."""
        with self._database.reading() as run:
            _check_room(run, project)

    def add(self, new: NewModel) -> ModelId:
        """What a training left, for the node itself: the permit was asked for before. It is always kept, for it was paid; what the same
        permit took again is there already."""
        at, made = self._now(), ModelId(f"s-{secrets.token_hex(6)}")
        with self._database.transaction() as run:
            run.change(HOLD_PERMIT, {"permit": new.permit})  # whoever adds the same at this moment waits, and then finds it
            run.change(HOLD_VERSION, {"version": new.version})
            for name, facts in run.rows(TAKEN, {"permit": new.permit, "version": new.version}):
                if read_facts(text(facts)).receipt == new.facts.receipt:
                    return ModelId(text(name))
            values: dict[str, Value] = {"id": made, "project": new.project, "permit": new.permit, "dataset": new.dataset, "at": moment(at)}
            values |= {"version": new.version, "custodian": new.custodian, "state": MODEL.start.value, "model": new.model}
            run.change(ADD, {**values, "facts": write_facts(new.facts)})
            _note(run, made, at=at, actor=NODE, action="train", was="", now_is=MODEL.start.value)
        return made

    def describe(self, asker: Asker | None, *, model: ModelId, card: Card) -> None:
        """Say what it is for, before it is assessed. Whoever assesses it is somebody else. Errors: Refusal model.card_incomplete."""
        missing = missing_of(card)
        if missing:
            raise Refusal("model.card_incomplete", fields=", ".join(f"word.card.{name}" for name in missing))
        self._act(asker, model, ModelEvent.DESCRIBE, Action.DESCRIBE_MODEL, card=write_card(card), reasons="")

    def act(self, asker: Asker | None, *, model: ModelId, event: ModelEvent, reasons: str = "") -> ModelRecord:
        """Assess, take back, register, put in service, suspend, resume or retire."""
        return self._act(asker, model, event, ACTIONS[event], card=None, reasons=reasons)

    def model(self, asker: Asker | None, *, model: ModelId) -> Shown:
        """One that the asker may see; what stands in the register, everybody may."""
        with self._database.reading() as run:
            found = _shown(run, _row(run, model))
            if not found.record.public:
                check(Action.SEE_MODEL, asker, on=found.place, now=self._now())
            return found

    def place(self, model: ModelId) -> ModelOf:
        """The model as the rules of policy see it, for whoever has just changed it. Errors: Refusal node.not_found."""
        with self._database.reading() as run:
            return _place(run, _row(run, model))

    def models(self, asker: Asker | None, *, after: str = "", limit: int = PAGE_MAX, public: bool = True) -> tuple[Shown, ...]:
        """A page of those that the asker may see, by id. `public`: also those that everybody may."""
        at, seen = self._now(), list[Shown]()
        with self._database.reading() as run:
            while len(seen) < limit:
                rows = run.rows(ALL, {"after": after, "limit": PAGE_MAX})
                for row in rows:
                    after = text(row[0])
                    place = _place(run, row)
                    seeing = (public and place.model.public) or may(Action.SEE_MODEL, asker, on=place, now=at)
                    if seeing and len(seen) < limit:
                        seen.append(_shown(run, row))
                if len(rows) < PAGE_MAX:
                    break
        return tuple(seen)

    def of_project(self, asker: Asker | None, *, project: ProjectId, public: bool = True) -> tuple[Shown, ...]:
        """Those of a project that the asker may see, the newest first. `public`: also those that everybody may."""
        at = self._now()
        with self._database.reading() as run:
            rows = [(row, _place(run, row)) for row in run.rows(OF_PROJECT, {"project": project})]
            seen = [row for row, place in rows if (public and place.model.public) or may(Action.SEE_MODEL, asker, on=place, now=at)]
            return tuple(_shown(run, row) for row in seen)

    def public(
        self, asker: Asker | None, *, state: str = "", dataset: str = "", skipped: int = 0, limit: int = PAGE_MAX
    ) -> tuple[Shown, ...]:
        """The register: those that are registered, in service, suspended, or retired after that. `state`, `dataset`: only those."""
        check(Action.SEE_PUBLIC, asker, on=Node(), now=self._now())
        sought: dict[str, Value] = {"state": state, "dataset": dataset, "skipped": skipped, "limit": min(limit, PAGE_MAX)}
        with self._database.reading() as run:
            return tuple(_shown(run, row) for row in run.rows(PUBLIC, sought))

    def file(self, asker: Asker | None, *, model: ModelId) -> str:
        """The model itself, byte by byte as it was kept: for its team and those who judge it, also where its card is public."""
        with self._database.reading() as run:
            check(Action.SEE_MODEL, asker, on=_place(run, _row(run, model)), now=self._now())
            return text(run.rows(FILE, {"id": model})[0][0])

    def kept(self, model: ModelId) -> tuple[Shown, str]:
        """All of it, for whoever holds the data folder. Errors: Refusal node.not_found."""
        with self._database.reading() as run:
            return _shown(run, _row(run, model)), text(run.rows(FILE, {"id": model})[0][0])

    def _act(
        self, asker: Asker | None, model: ModelId, event: ModelEvent, action: Action, *, card: str | None, reasons: str
    ) -> ModelRecord:
        at = self._now()
        with self._database.transaction() as run:
            row = _held(run, model)
            place = _place(run, row)
            check(action, asker, on=place, now=at)
            assert asker is not None
            before, after = place.model, model_after(place.model, event=event, actor=asker.person.id)
            written = text(row[8]) if card is None else card
            values: dict[str, Value] = {"id": model, "was": before.state.value, "revision": whole(row[13]), "to": after.state.value}
            values |= {"card": written, "described_by": after.described_by, "assessed_by": after.assessed_by, "reasons": reasons}
            swapped(run.change(MOVE, {**values, "public": int(after.public)}))
            told = event is ModelEvent.ASSESS or (event is not ModelEvent.DESCRIBE and _was_assessed(run, model))
            _note(run, model, at=at, actor=asker.person.id, action=event.value, was=before.state.value, now_is=after.state.value)
            if told:
                note_model(
                    run, after, event=event.value, custodian=_told(run, row), training=read_facts(text(row[7])).entry,
                    actor=asker.person.id, reasons=reasons, at=at,
                )  # fmt: skip
            tell_of_model(run, place, event=event, actor=asker.person.id, at=at)
            return after


def _check_room(run: Transaction, project: ProjectId) -> None:
    if whole(run.rows(COUNT, {"project": project})[0][0]) >= MODELS_MAX:
        raise Refusal("model.too_many", project=project, most=MODELS_MAX)


def _row(run: Transaction, model: ModelId) -> Row:
    found = run.rows(ONE, {"id": model})
    if not found:
        raise Refusal("node.not_found", thing="word.thing.model", name=model[:80])
    return found[0]


def _held(run: Transaction, model: ModelId) -> Row:
    """The model, which nobody else changes until the transaction ends, nor its project."""
    run.change(HOLD, {"id": model})
    row = _row(run, model)
    run.change(HOLD_PROJECT, {"id": row[1]})
    return row


def _place(run: Transaction, row: Row) -> ModelOf:
    name, project, permit, dataset, version, custodian, state, _, _, described_by, assessed_by, public, _, _, _ = row
    owner, organisation = text_or_none(project), find_organisation(run, text(custodian))
    author, checker = text_or_none(described_by), text_or_none(assessed_by)
    record = ModelRecord(
        id=ModelId(text(name)),
        project=None if owner is None else ProjectId(owner),
        permit=PermitId(text(permit)),
        dataset=text(dataset),
        version=text(version),
        custodian=OrganisationId("") if organisation is None else organisation.id,
        state=ModelState(text(state)),
        described_by=None if author is None else PersonId(author),
        assessed_by=None if checker is None else PersonId(checker),
        public=bool(whole(public)),
    )
    return ModelOf(model=record, project=None if owner is None else read_project(run, ProjectId(owner)))


def _shown(run: Transaction, row: Row) -> Shown:
    notes = notes_of(run, thing="model", subject=text(row[0]))
    made_at = datetime.fromisoformat(text(row[12]))

    def when(state: ModelState) -> datetime | None:
        return next((each.at for each in notes if each.now_is == state.value and each.was != each.now_is), None)

    moved = [each.at for each in notes if each.was != each.now_is]
    registered = [each.at for each in notes if each.now_is == ModelState.REGISTERED.value]
    return Shown(
        place=_place(run, row),
        custodian=text(row[5]),
        facts=read_facts(text(row[7])),
        card=read_card(text(row[8])) if row[8] else None,
        made_at=made_at,
        revision=whole(row[13]),
        since=moved[-1] if moved else made_at,
        reasons=text(row[14]),
        registered_at=registered[-1] if registered else None,
        served_at=when(ModelState.IN_SERVICE),
        retired_at=when(ModelState.RETIRED),
    )


def _was_assessed(run: Transaction, model: ModelId) -> bool:
    """Whether the log knows it."""
    return any(each.action == ModelEvent.ASSESS.value for each in notes_of(run, thing="model", subject=model))


def _told(run: Transaction, row: Row) -> str:
    """The custodian as the log calls it: under a permit by the name of its organisation, else as the dataset does."""
    organisation = None if row[1] is None else find_organisation(run, text(row[5]))
    return text(row[5]) if organisation is None else organisation.name


def _note(run: Transaction, model: ModelId, *, at: datetime, actor: str, action: str, was: str, now_is: str) -> None:
    note(run, at=at, actor=actor, action=action, thing="model", subject=model, was=was, now_is=now_is)
