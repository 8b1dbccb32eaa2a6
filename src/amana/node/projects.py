"""Projects: from a draft to its end. Each change is checked, made by compare-and-swap, and audited, in one transaction."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import final

from amana.catalog.schema import Dataset
from amana.node.audit import NODE, note
from amana.node.checklists import check_answered, check_answers, keep_answers
from amana.node.notices import tell_of_project
from amana.node.people import read_person
from amana.node.programme_record import note_team
from amana.node.project_rows import PROJECTS, hold_project, matched, read_project, read_terms, swapped, written, written_list
from amana.node.public_record import note_project
from amana.policy.people import Asker
from amana.policy.projects import Project, Verdict, project_after
from amana.policy.purposes import Match
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
MADE_BY_KEY = "SELECT project FROM project_key WHERE person = :person AND key = :key"
KEEP_KEY = "INSERT INTO project_key (person, key, project) VALUES (:person, :key, :project)"
OF_PERSON = """SELECT project.id FROM project JOIN project_member ON project_member.project = project.id
WHERE project_member.person = :person AND project_member.left_at IS NULL ORDER BY project.made_at DESC, project.id LIMIT :limit"""
WAITING = "SELECT id FROM project WHERE state = 'submitted' ORDER BY id LIMIT :limit"
ENDED = "SELECT id FROM project WHERE ends_on <= :at AND state IN ('approved', 'active', 'suspended')"
PAGE_MAX = 200
KEY_CHARACTERS_MAX = 64

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
    """What an applicant writes. Shapes: `title`, `lay_summary` are pairs (language, text); `purposes` terms as written; `answers` to
    what custodians ask, in the order of their questions: pairs (dataset, texts)."""

    title: tuple[tuple[str, str], ...]
    lay_summary: tuple[tuple[str, str], ...]
    purposes: tuple[str, ...]
    datasets: tuple[str, ...]
    ends_on: datetime
    ethics_reference: str = ""
    answers: tuple[tuple[str, tuple[str, ...]], ...] = ()


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

    def of(self, asker: Asker | None) -> tuple[Project, ...]:
        """Those in which she is a member, the latest first."""
        if asker is None:
            return ()
        with self._database.reading() as run:
            names = run.rows(OF_PERSON, {"person": asker.person.id, "limit": PAGE_MAX})
            found = tuple(read_project(run, ProjectId(text(name))) for (name,) in names)
        return tuple(each for each in found if may(Action.SEE_PROJECT, asker, on=each, now=self._now()))

    def waiting(self, asker: Asker | None) -> tuple[Project, ...]:
        """Those that wait for reviews or a decision, and that she may see."""
        with self._database.reading() as run:
            found = tuple(read_project(run, ProjectId(text(name))) for (name,) in run.rows(WAITING, {"limit": PAGE_MAX}))
        return tuple(each for each in found if may(Action.SEE_PROJECT, asker, on=each, now=self._now()))

    def fits(self, asker: Asker | None, *, application: Application) -> tuple[tuple[str, Match], ...]:
        """Whether each dataset may be used for what is written so far: before anything is sent. Errors: as `create`."""
        check(Action.CREATE_PROJECT, asker, on=Node(), now=self._now())
        assert asker is not None
        datasets = {each.name: each for each in self._datasets()}
        _written(application, datasets=datasets)
        asked = (read_terms(application.purposes), asker.person.organisation, application.ethics_reference)
        with self._database.reading() as run:
            return tuple(
                (name, matched(run, *asked, allowed=read_terms(datasets[name].purposes))) for name in dict.fromkeys(application.datasets)
            )

    def create(self, asker: Asker | None, *, application: Application, key: str = "") -> ProjectId:
        """A draft, its applicant the first member. `key`: of the form it was written in: sent again, it makes no other project, and what
        was written meanwhile changes the one that it made. Errors: Refusal project.unknown_purpose, node.unknown_dataset."""
        at = self._now()
        check(Action.CREATE_PROJECT, asker, on=Node(), now=at)
        assert asker is not None
        known = self._by_key(asker.person.id, key)
        if known is not None:
            if _differs(self.project(asker, project=known), application):
                self.edit(asker, project=known, application=application)
            return known
        datasets = {each.name: each for each in self._datasets()}
        words = _written(application, datasets=datasets)
        made = ProjectId(f"p-{secrets.token_hex(6)}")
        values = {"id": made, "applicant": asker.person.id, "organisation": asker.person.organisation, "at": moment(at)}
        try:
            with self._database.transaction() as run:
                run.change(ADD, {**values, "state": PROJECT.start.value, **words})
                run.change(JOIN, {"project": made, "person": asker.person.id})
                if key:
                    run.change(KEEP_KEY, {"person": asker.person.id, "key": key, "project": made})
                keep_answers(run, made, given=dict(application.answers), chosen=application.datasets, datasets=datasets)
                _note(run, made, at=at, actor=asker.person.id, action="create", was="", now_is=PROJECT.start.value)
                note_project(run, read_project(run, made), event="create", actor=asker.person.id, reasons="", at=at)
                note_team(run, made, at=at)
        except DuplicateError:  # the same form came twice at once
            return self._by_key(asker.person.id, key) or made
        return made

    def edit(self, asker: Asker | None, *, project: ProjectId, application: Application) -> None:
        """Write a draft or a returned project anew."""
        at, datasets = self._now(), {each.name: each for each in self._datasets()}
        with self._database.transaction() as run:
            found = hold_project(run, project)
            check(Action.EDIT_PROJECT, asker, on=found, now=at)
            assert asker is not None
            swap: dict[str, Value] = {"id": project, "was": found.state.value, "version": found.version}
            swapped(run.change(EDIT, {**swap, **_written(application, datasets=datasets)}))
            keep_answers(run, project, given=dict(application.answers), chosen=application.datasets, datasets=datasets)
            _note(run, project, at=at, actor=asker.person.id, action="edit", was=found.state.value, now_is=found.state.value)

    def act(self, asker: Asker | None, *, project: ProjectId, event: ProjectEvent) -> Project:
        """What the applicant does: submit, withdraw, change the purpose, close. Errors: Refusal project.unanswered."""
        at = self._now()
        asking = {each.name: each for each in self._datasets()} if event is ProjectEvent.SUBMIT else {}
        with self._database.transaction() as run:
            found = hold_project(run, project)
            check(APPLICANT_EVENTS[event], asker, on=found, now=at)
            assert asker is not None
            check_answered(found, datasets=asking)
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
            tell_of_project(run, found, event=ProjectEvent.REVIEW, actor=asker.person.id, at=at)

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

    def _by_key(self, person: PersonId, key: str) -> ProjectId | None:
        if len(key) > KEY_CHARACTERS_MAX:
            raise Refusal("node.bad_value", field="key", wanted="word.characters_at_most", number=KEY_CHARACTERS_MAX)
        with self._database.reading() as run:
            found = run.rows(MADE_BY_KEY, {"person": person, "key": key}) if key else []
        return ProjectId(text(found[0][0])) if found else None

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
    tell_of_project(run, after, event=event, actor=actor, at=at)


def _written(application: Application, *, datasets: Mapping[str, Dataset]) -> dict[str, Value]:
    read_terms(application.purposes)
    for name in application.datasets:
        if name not in datasets:
            raise Refusal("node.unknown_dataset", name=name[:80], names=", ".join(datasets))
    check_answers(dict(application.answers), datasets=datasets)
    return {
        "title": written(application.title),
        "lay_summary": written(application.lay_summary),
        "purposes": written_list(application.purposes),
        "datasets": written_list(application.datasets),
        "ethics_reference": application.ethics_reference,
        "ends_on": moment(application.ends_on),
    }


def _differs(project: Project, application: Application) -> bool:
    """Whether something else is written than what the project holds."""
    held: dict[str, list[str]] = {}
    for each in project.answers:
        held.setdefault(each.dataset, []).append(each.text)
    given = {name: [text for text in texts if text.strip()] for name, texts in application.answers if name in application.datasets}
    return (
        dict(project.title), dict(project.lay_summary), tuple(map(str, project.purposes)), project.datasets, project.ends_on,
        project.ethics_reference, held,
    ) != (
        dict(application.title), dict(application.lay_summary), application.purposes, application.datasets, application.ends_on,
        application.ethics_reference, {name: texts for name, texts in given.items() if texts},
    )  # fmt: skip


def _note(run: Transaction, project: ProjectId, *, at: datetime, actor: str, action: str, was: str, now_is: str) -> None:
    note(run, at=at, actor=actor, action=action, thing="project", subject=project, was=was, now_is=now_is)
