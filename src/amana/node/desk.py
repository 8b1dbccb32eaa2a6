"""What awaits a person, whatever her parts are, in one list; and how her own applications stand."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, TypeAlias, final

from amana.node.audit import Note, notes_of
from amana.node.progress import Progress, progress
from amana.node.project_rows import OUTPUT, read_output, read_project
from amana.policy.people import Asker, Role
from amana.policy.projects import Project
from amana.policy.rights import Action, may, offered
from amana.policy.things import OutputOf, PermitOf
from amana.policy.transitions import ModelState, PermitState
from amana.programme.plan import Document, PrivateFigure
from amana.programme.status import Measure, Standing
from amana.terms.database import Transaction, Value, text
from amana.terms.ids import ModelId, PermitId, ProjectId
from amana.terms.model_card import Texts

if TYPE_CHECKING:
    from amana.node.service import Service

PERMITS_OF = "SELECT id FROM permit WHERE project = :project ORDER BY id"
PERMITS_FOR = """SELECT permit.id FROM permit JOIN project_member ON project_member.project = permit.project
WHERE project_member.person = :person AND project_member.left_at IS NULL AND permit.state <> 'refused' ORDER BY permit.id LIMIT 200"""
TO_SIGN = "SELECT id FROM permit WHERE custodian = :organisation AND state = 'requested' ORDER BY id LIMIT 200"
CHECKING = "SELECT id FROM output WHERE state = 'checking' ORDER BY made_at, id LIMIT 200"
Kind: TypeAlias = Literal["review", "decide", "sign", "vote", "assess", "register", "serve", "verify", "bring"]
_OVERSEEN = """(:every = 1 OR custodian = :organisation OR custodian = (SELECT name FROM organisation WHERE id = :organisation))
ORDER BY made_at, id LIMIT 200"""
TO_ASSESS = f"SELECT id FROM model WHERE state = 'trained' AND card <> '' AND described_by <> :person AND {_OVERSEEN}"  # noqa: S608
TO_SERVE = f"SELECT id FROM model WHERE state = 'registered' AND card NOT LIKE :unused AND {_OVERSEEN}"  # noqa: S608
UNUSED = '%"deployer": ""%'
"""In the card of a model that nobody is to use: it waits for nobody."""
TO_REGISTER = """SELECT model.id FROM model JOIN project_member ON project_member.project = model.project
WHERE project_member.person = :person AND project_member.left_at IS NULL AND model.state = 'assessed' ORDER BY model.id LIMIT 200"""
MODELS: Mapping[ModelState, tuple[Kind, Action]] = MappingProxyType(
    {
        ModelState.TRAINED: ("assess", Action.ASSESS_MODEL),
        ModelState.ASSESSED: ("register", Action.REGISTER_MODEL),
        ModelState.REGISTERED: ("serve", Action.SERVE_MODEL),
    }
)
"""What a model waits for that was described."""
JUDGING = (Action.APPROVE_PROJECT, Action.REJECT_PROJECT)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Awaiting:
    """Something that this person may do now. `title`: of the project, the model or the commitment; `path`: of the page where she does it,
    after the language; `since`: when it began to wait."""

    kind: Kind
    title: Texts
    path: str
    since: datetime | None
    dataset: str = ""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """An application with its steps."""

    project: Project
    progress: Progress


@final
class Desk:
    """Errors: as `policy.rights.check`."""

    def __init__(self, service: "Service") -> None:
        self._service = service

    def awaiting(self, asker: Asker) -> tuple[Awaiting, ...]:
        """What she may review, decide, sign, vote on, do with a model, verify or bring evidence for, what has waited longest first."""
        found = [*self._to_judge(asker), *self._to_sign(asker), *self._to_vote(asker), *self._models(asker), *self._programme(asker)]
        return tuple(sorted(found, key=lambda each: (each.since is None, each.since)))

    def applications(self, asker: Asker) -> tuple[Application, ...]:
        """Those in which she is a member, the latest first."""
        return tuple(self._applied(project) for project in self._service.projects.of(asker))

    def application(self, asker: Asker, *, project: ProjectId) -> Application:
        """One that she may see. Errors: Refusal node.not_found."""
        return self._applied(self._service.projects.project(asker, project=project))

    def permits(self, asker: Asker) -> tuple[PermitOf, ...]:
        """Those under which she asks, or will."""
        with self._service.database.reading() as run:
            names = [PermitId(text(name)) for (name,) in run.rows(PERMITS_FOR, {"person": asker.person.id})]
        return tuple(self._service.permits.place(name) for name in names)

    def permits_of(self, asker: Asker, *, project: ProjectId) -> tuple[PermitOf, ...]:
        """Those permits of a project that she may see."""
        with self._service.database.reading() as run:
            names = [PermitId(text(name)) for (name,) in run.rows(PERMITS_OF, {"project": project})]
        found, now = (self._service.permits.place(name) for name in names), self._service.now()
        return tuple(each for each in found if may(Action.SEE_PERMIT, asker, on=each, now=now))

    def notes(self, project: ProjectId) -> tuple[Note, ...]:
        """What happened to a project that the caller may see, in order."""
        with self._service.database.reading() as run:
            return notes_of(run, thing="project", subject=project)

    def _applied(self, project: Project) -> Application:
        with self._service.database.reading() as run:
            names = [text(name) for (name,) in run.rows(PERMITS_OF, {"project": project.id})]
            of_permits = [note for name in names for note in notes_of(run, thing="permit", subject=name)]
            told = notes_of(run, thing="project", subject=project.id)
        of_permits.sort(key=lambda each: (each.at, each.id))
        return Application(project=project, progress=progress(project, notes=told, permits=of_permits, now=self._service.now()))

    def _to_judge(self, asker: Asker) -> list[Awaiting]:
        if not {Role.REVIEWER, Role.DECIDER} & set(asker.person.roles):
            return []
        found: list[Awaiting] = []
        for project in self._service.projects.waiting(asker):
            actions = offered(asker, on=project, now=self._service.now())
            kind: Kind | None = (
                "decide" if any(each in actions for each in JUDGING) else "review" if Action.REVIEW_PROJECT in actions else None
            )
            if kind is not None:
                with self._service.database.reading() as run:
                    since = _since(run, thing="project", subject=project.id, now_is="submitted")
                found.append(Awaiting(kind=kind, title=project.title, path=path_of(project), since=since))
        return found

    def _to_sign(self, asker: Asker) -> list[Awaiting]:
        if Role.CUSTODIAN not in asker.person.roles:
            return []
        found: list[Awaiting] = []
        with self._service.database.reading() as run:
            names = [text(name) for (name,) in run.rows(TO_SIGN, {"organisation": asker.person.organisation})]
            since = {name: _since(run, thing="permit", subject=name, now_is="requested") for name in names}
        for name in names:
            permit = self._service.permits.place(PermitId(name))
            if permit.record.state is PermitState.REQUESTED:
                found.append(
                    Awaiting(
                        kind="sign", title=permit.project.title, path="/desk/custodian", since=since[name], dataset=permit.record.dataset
                    )
                )
        return found

    def _to_vote(self, asker: Asker) -> list[Awaiting]:
        if Role.REVIEWER not in asker.person.roles:
            return []
        found: list[Awaiting] = []
        with self._service.database.reading() as run:
            for (name,) in run.rows(CHECKING, {}):
                output = read_output(run, run.rows(OUTPUT, {"id": name})[0])
                project = read_project(run, output.project)
                if Action.VOTE_OUTPUT in offered(asker, on=OutputOf(output=output, project=project), now=self._service.now()):
                    since = _since(run, thing="output", subject=output.id, now_is="checking")
                    found.append(Awaiting(kind="vote", title=project.title, path=f"{path_of(project)}#outputs", since=since))
        return found

    def _models(self, asker: Asker) -> list[Awaiting]:
        """Those to assess, to register and, where somebody is to use them, to put in service."""
        names, person, roles = list[str](), asker.person, set(asker.person.roles)
        with self._service.database.reading() as run:
            if {Role.CUSTODIAN, Role.DECIDER} & roles:
                whose: dict[str, Value] = {"organisation": person.organisation, "every": int(Role.DECIDER in roles)}
                names += [text(name) for (name,) in run.rows(TO_ASSESS, {**whose, "person": person.id})]
                names += [text(name) for (name,) in run.rows(TO_SERVE, {**whose, "unused": UNUSED})]
            names += [text(name) for (name,) in run.rows(TO_REGISTER, {"person": asker.person.id})]
        found, now = list[Awaiting](), self._service.now()
        for name in dict.fromkeys(names):
            kind, action = MODELS[(place := self._service.models.place(ModelId(name))).model.state]
            if action in offered(asker, on=place, now=now):
                shown = self._service.models.model(asker, model=ModelId(name))
                if shown.card is not None and (kind != "serve" or shown.card.deployer):
                    found.append(
                        Awaiting(
                            kind=kind, title=shown.card.name, path=f"/desk/models/{name}", since=shown.since, dataset=place.model.dataset
                        )
                    )
        return found

    def _programme(self, asker: Asker) -> list[Awaiting]:
        """Documents that she may verify, and commitments of her organisation for which evidence is missing."""
        service, roles, found = self._service, asker.person.roles, list[Awaiting]()
        plan = service.programme_state.plan() if {Role.VERIFIER, Role.PLANNER} & set(roles) else None
        if plan is None:
            return found
        titles = {each.id: each.title for each in plan.commitments}
        if Role.VERIFIER in roles:
            for each in service.programme.waiting(asker):
                title = titles.get(each.commitment, (("en", each.commitment),))
                found.append(Awaiting(kind="verify", title=title, path=f"/desk/verify/{each.id}", since=each.submitted_at))
        if Role.PLANNER in roles:
            hers = {each.id for each in service.programme.own(asker) if Action.SUBMIT_EVIDENCE in service.programme.may(asker, each.id)}
            for standing in service.programme_state.evaluation().standings:
                name = standing.commitment.id
                if name in hers and wanting(standing):
                    found.append(Awaiting(kind="bring", title=titles[name], path=f"/desk/programme/{name}", since=None))
        return found


def wanting(standing: Standing) -> tuple[Measure, ...]:
    """The indicators for which somebody has to bring evidence: nothing weighs, or what was due is not reached, and nothing waits for its
    verification."""
    return tuple(
        each
        for each in standing.measures
        if standing.dropped is None
        and isinstance(each.indicator.method, Document | PrivateFigure)
        and (each.current is None or (each.due is not None and not each.reaches(each.due.value)))
        and all(one.against != "unverified" for one in each.observations)
    )


def path_of(project: Project) -> str:
    """The page of an application, after the language."""
    return f"/desk/applications/{project.id}"


def _since(run: Transaction, *, thing: str, subject: str, now_is: str) -> datetime | None:
    """When it came into that state last."""
    return next((each.at for each in reversed(notes_of(run, thing=thing, subject=subject)) if each.now_is == now_is != each.was), None)
