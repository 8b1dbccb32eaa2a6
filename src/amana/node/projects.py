"""Projects: from a draft to its end. Each change is checked, made by compare-and-swap, and audited, in one transaction."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import final

from amana.catalog.schema import Dataset
from amana.node.audit import NODE, note
from amana.node.people import read_person
from amana.node.project_rows import PROJECTS, hold_project, read_project, read_terms, swapped, written, written_list
from amana.node.public_record import note_project
from amana.policy.people import Asker
from amana.policy.projects import Project, Verdict, project_after
from amana.policy.rights import Action, check, may
from amana.policy.things import MemberOf, Node
from amana.policy.transitions import PROJECT, ProjectEvent
from amana.terms.database import Database, DuplicateError, Transaction, Value, moment, text
from amana.terms.ids import PersonId, ProjectId
from amana.terms.refusal import Refusal

ADD = """INSERT INTO project (id, version, state, applicant, organisation, title, lay_summary, purposes, datasets, ethics_reference,
ends_on, made_at) VALUES (:id, 0, :state, :applicant, :organisation, :title, :lay_summary, :purposes, :datasets, :ethics_reference,
:ends_on, :at)"""
EDIT = """UPDATE project SET title = :title, lay_summary = :lay_summary, purposes = :purposes, datasets = :datasets,
ethics_reference = :ethics_reference, ends_on = :ends_on WHERE id = :id AND state = :was AND version = :version"""
MOVE = "UPDATE project SET state = :to, version = :next WHERE id = :id AND state = :was AND version = :version"
JOIN = "INSERT INTO project_member (project, person) VALUES (:project, :person)"
JOIN_AGAIN = "UPDATE project_member SET left_at = NULL WHERE project = :project AND person = :person"
LEAVE = "UPDATE project_member SET left_at = :at WHERE project = :project AND person = :person"
REVIEW = """INSERT INTO review (id, project, applicant, version, reviewer, verdict, reasons, given_at)
VALUES (:id, :project, :applicant, :version, :reviewer, :verdict, :reasons, :at)"""
DECIDE = """INSERT INTO decision (id, project, applicant, version, decider, event, reasons, decided_at)
VALUES (:id, :project, :applicant, :version, :decider, :event, :reasons, :at)"""
ENDED = "SELECT id FROM project WHERE ends_on <= :at AND state IN ('approved', 'active', 'suspended')"
PAGE_MAX = 200

APPLICANT_EVENTS = {
    ProjectEvent.SUBMIT: Action.SUBMIT_PROJECT,
    ProjectEvent.WITHDRAW: Action.WITHDRAW_PROJECT,
    ProjectEvent.CHANGE_PURPOSE: Action.CHANGE_PURPOSE,
    ProjectEvent.CLOSE: Action.CLOSE_PROJECT,
}
DECISIONS = {
    ProjectEvent.RETURN: Action.RETURN_PROJECT,
    ProjectEvent.APPROVE: Action.APPROVE_PROJECT,
    ProjectEvent.REJECT: Action.REJECT_PROJECT,
    ProjectEvent.SUSPEND: Action.SUSPEND_PROJECT,
    ProjectEvent.RESUME: Action.RESUME_PROJECT,
    ProjectEvent.REVOKE: Action.REVOKE_PROJECT,
}


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """What an applicant writes. Shapes: `title`, `lay_summary` are pairs (language, text); `purposes` terms as written."""

    title: tuple[tuple[str, str], ...]
    lay_summary: tuple[tuple[str, str], ...]
    purposes: tuple[str, ...]
    datasets: tuple[str, ...]
    ends_on: datetime
    ethics_reference: str = ""


@final
class Projects:
    """The projects of this node. Errors: every method raises the refusals of `policy.rights.check`, and node.not_found."""

    def __init__(self, database: Database, now: Callable[[], datetime], *, datasets: Callable[[], tuple[Dataset, ...]]) -> None:
        """`datasets`: those that serve now."""
        self._database, self._now, self._datasets = database, now, datasets

    def project(self, asker: Asker | None, *, project: ProjectId) -> Project:
        """One that the asker may see."""
        with self._database.reading() as run:
            found = read_project(run, project)
        check(Action.SEE_PROJECT, asker, on=found, now=self._now())
        return found

    def place(self, project: ProjectId) -> Project:
        """The project as the rules of policy see it, for whoever has just changed it. Errors: Refusal node.not_found."""
        with self._database.reading() as run:
            return read_project(run, project)

    def projects(self, asker: Asker | None, *, after: str = "", limit: int = PAGE_MAX) -> tuple[Project, ...]:
        """A page of those that the asker may see, by id."""
        at, seen = self._now(), list[Project]()
        with self._database.reading() as run:
            while len(seen) < limit:
                page = [text(name) for (name,) in run.rows(PROJECTS, {"after": after, "limit": PAGE_MAX})]
                found = (read_project(run, ProjectId(name)) for name in page)
                seen += [each for each in found if may(Action.SEE_PROJECT, asker, on=each, now=at)]
                if len(page) < PAGE_MAX:
                    break
                after = page[-1]
        return tuple(seen[:limit])

    def create(self, asker: Asker | None, *, application: Application) -> ProjectId:
        """A draft, its applicant the first member. Errors: Refusal project.unknown_purpose, node.unknown_dataset."""
        at = self._now()
        check(Action.CREATE_PROJECT, asker, on=Node(), now=at)
        assert asker is not None
        words = _written(application, datasets=self._datasets())
        made = ProjectId(f"p-{secrets.token_hex(6)}")
        values = {"id": made, "applicant": asker.person.id, "organisation": asker.person.organisation, "at": moment(at)}
        with self._database.transaction() as run:
            run.change(ADD, {**values, "state": PROJECT.start.value, **words})
            run.change(JOIN, {"project": made, "person": asker.person.id})
            _note(run, made, at=at, actor=asker.person.id, action="create", was="", now_is=PROJECT.start.value)
            note_project(run, read_project(run, made), event="create", actor=asker.person.id, reasons="", at=at)
        return made

    def edit(self, asker: Asker | None, *, project: ProjectId, application: Application) -> None:
        """Write a draft or a returned project anew."""
        at, datasets = self._now(), self._datasets()
        with self._database.transaction() as run:
            found = hold_project(run, project)
            check(Action.EDIT_PROJECT, asker, on=found, now=at)
            assert asker is not None
            swap: dict[str, Value] = {"id": project, "was": found.state.value, "version": found.version}
            swapped(run.change(EDIT, {**swap, **_written(application, datasets=datasets)}))
            _note(run, project, at=at, actor=asker.person.id, action="edit", was=found.state.value, now_is=found.state.value)

    def act(self, asker: Asker | None, *, project: ProjectId, event: ProjectEvent) -> Project:
        """What the applicant does: submit, withdraw, change the purpose, close."""
        at = self._now()
        with self._database.transaction() as run:
            found = hold_project(run, project)
            check(APPLICANT_EVENTS[event], asker, on=found, now=at)
            assert asker is not None
            moved(run, found, event, actor=asker.person.id, at=at)
            return read_project(run, project)

    def review(self, asker: Asker | None, *, project: ProjectId, verdict: Verdict, reasons: str) -> None:
        """One of the reviews that a decision needs. Errors: Refusal review.already_given."""
        at = self._now()
        with self._database.transaction() as run:
            found = hold_project(run, project)
            check(Action.REVIEW_PROJECT, asker, on=found, now=at)
            assert asker is not None
            values: dict[str, Value] = {
                "id": f"r-{secrets.token_hex(6)}",
                "project": project,
                "applicant": found.applicant,
                "at": moment(at),
            }
            given: dict[str, Value] = {"version": found.version, "reviewer": asker.person.id, "verdict": verdict.value, "reasons": reasons}
            try:
                run.change(REVIEW, {**values, **given})
            except DuplicateError:
                raise Refusal("review.already_given") from None
            _note(run, project, at=at, actor=asker.person.id, action="review", was=found.state.value, now_is=found.state.value)

    def decide(self, asker: Asker | None, *, project: ProjectId, event: ProjectEvent, reasons: str) -> Project:
        """What a decider does: return, approve, reject, suspend, resume, revoke. Errors: Refusal review.reasons_needed."""
        at = self._now()
        with self._database.transaction() as run:
            found = hold_project(run, project)
            check(DECISIONS[event], asker, on=found, now=at)
            assert asker is not None
            if found.overruled_by(event) and not reasons.strip():
                raise Refusal("review.reasons_needed")
            values: dict[str, Value] = {
                "id": f"d-{secrets.token_hex(6)}",
                "project": project,
                "applicant": found.applicant,
                "at": moment(at),
            }
            given: dict[str, Value] = {"version": found.version, "decider": asker.person.id, "event": event.value, "reasons": reasons}
            run.change(DECIDE, {**values, **given})
            moved(run, found, event, actor=asker.person.id, at=at, reasons=reasons)
            return read_project(run, project)

    def add_member(self, asker: Asker | None, *, project: ProjectId, person: PersonId) -> None:
        """Errors: Refusal project.member_unfit, project.member_judged."""
        self._member(Action.ADD_MEMBER, asker, project=project, person=person)

    def remove_member(self, asker: Asker | None, *, project: ProjectId, person: PersonId) -> None:
        """She never judges this project afterwards. Errors: Refusal project.applicant_stays."""
        self._member(Action.REMOVE_MEMBER, asker, project=project, person=person)

    def expire(self) -> int:
        """Note the end of projects whose day has come."""
        at = self._now()
        with self._database.transaction() as run:
            held = [hold_project(run, ProjectId(text(name))) for (name,) in run.rows(ENDED, {"at": moment(at)})]
            over = [each for each in held if ProjectEvent.EXPIRE in PROJECT.possible(each.state)]  # another worker may have been first
            for each in over:
                moved(run, each, ProjectEvent.EXPIRE, actor=NODE, at=at)
        return len(over)

    def _member(self, action: Action, asker: Asker | None, *, project: ProjectId, person: PersonId) -> None:
        at, row = self._now(), {"project": project, "person": person}
        with self._database.transaction() as run:
            found, member = hold_project(run, project), read_person(run, person)
            check(action, asker, on=MemberOf(person=member, project=found), now=at)
            assert asker is not None
            if action is Action.REMOVE_MEMBER:
                run.change(LEAVE, {**row, "at": moment(at)})
            elif person in found.former:
                run.change(JOIN_AGAIN, row)
            elif person not in found.members:
                run.change(JOIN, row)
            _note(run, project, at=at, actor=asker.person.id, action=action.value, was="", now_is=person)


def moved(run: Transaction, project: Project, event: ProjectEvent, *, actor: str, at: datetime, reasons: str = "") -> None:
    """Take the transition, unless somebody was first. Errors: Refusal lifecycle.not_possible."""
    after = project_after(project, event=event)
    values: dict[str, Value] = {"id": project.id, "was": project.state.value, "version": project.version}
    swapped(run.change(MOVE, {**values, "to": after.state.value, "next": after.version}))
    _note(run, project.id, at=at, actor=actor, action=event.value, was=project.state.value, now_is=after.state.value)
    note_project(run, after, event=event.value, actor=actor, reasons=reasons, at=at)


def _written(application: Application, *, datasets: tuple[Dataset, ...]) -> dict[str, Value]:
    read_terms(application.purposes)
    known = [each.name for each in datasets]
    for name in application.datasets:
        if name not in known:
            raise Refusal("node.unknown_dataset", name=name[:80], names=", ".join(known))
    return {
        "title": written(application.title),
        "lay_summary": written(application.lay_summary),
        "purposes": written_list(application.purposes),
        "datasets": written_list(application.datasets),
        "ethics_reference": application.ethics_reference,
        "ends_on": moment(application.ends_on),
    }


def _note(run: Transaction, project: ProjectId, *, at: datetime, actor: str, action: str, was: str, now_is: str) -> None:
    note(run, at=at, actor=actor, action=action, thing="project", subject=project, was=was, now_is=now_is)
