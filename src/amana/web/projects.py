"""Projects over HTTP: write, submit, review, decide."""

from collections.abc import Callable
from typing import Annotated, TypeAlias

from fastapi import Response
from pydantic import ConfigDict, Field, JsonValue, StringConstraints

from amana.node.checklists import ANSWER_CHARACTERS_MAX
from amana.node.comments import CHARACTERS_MAX
from amana.node.projects import APPLICANT_EVENTS, DECISIONS, Application
from amana.policy.projects import Project, Verdict
from amana.policy.rights import Action
from amana.policy.transitions import ProjectEvent
from amana.terms.ids import PersonId, ProjectId
from amana.web.access import doing
from amana.web.bodies import PLAIN, Closed, Id, Judgement, Moment, Nothing, Texts, Word
from amana.web.context import Caller, Here
from amana.web.lists import Paged, listed
from amana.web.routing import BASE, new_router
from amana.web.shown import changed, comment_shown, project_shown

router = new_router("projects")

EXAMPLE: dict[str, JsonValue] = {
    "title": {"en": "Visits and seasons"},
    "lay_summary": {"en": "We count visits to clinics by month, to see when more staff are needed."},
    "purposes": ["GRU"],
    "datasets": ["visits"],
    "ends_on": "2031-01-01T00:00:00+00:00",
    "ethics_reference": "CERB-2026-17",
    "answers": {"visits": ["The three of us.", "By month and region only."]},
}


Answers: TypeAlias = Annotated[
    dict[
        Annotated[str, StringConstraints(max_length=200)],
        Annotated[list[Annotated[str, StringConstraints(max_length=ANSWER_CHARACTERS_MAX, pattern=PLAIN)]], Field(max_length=20)],
    ],
    Field(max_length=50),
]


class Written(Closed):
    """What an applicant writes."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})
    title: Texts
    lay_summary: Texts
    purposes: list[Annotated[str, StringConstraints(max_length=120)]] = Field(max_length=50)
    datasets: list[Annotated[str, StringConstraints(max_length=200)]] = Field(max_length=50)
    ends_on: Moment
    ethics_reference: Annotated[str, StringConstraints(max_length=500)] = ""
    answers: Answers = Field(
        default_factory=dict,
        description="to what the custodian of each dataset asks (`checklist` of the dataset), in the order of the questions",
    )

    def application(self) -> Application:
        return Application(
            title=tuple(self.title.items()),
            lay_summary=tuple(self.lay_summary.items()),
            purposes=tuple(self.purposes),
            datasets=tuple(self.datasets),
            ends_on=self.ends_on,
            ethics_reference=self.ethics_reference,
            answers=tuple((name, tuple(texts)) for name, texts in self.answers.items()),
        )


class Member(Closed):
    model_config = ConfigDict(json_schema_extra={"examples": [{"person": "u-0f3a5c7d9b1e"}]})
    person: Id


class Said(Closed):
    model_config = ConfigDict(json_schema_extra={"examples": [{"words": "Which months do you need?"}]})
    words: Annotated[str, StringConstraints(min_length=1, max_length=CHARACTERS_MAX, pattern=PLAIN)]


@router.get("/projects", openapi_extra=doing(Action.SEE_PROJECT))
def projects(page: Paged, service: Here, caller: Caller) -> dict[str, object]:
    """The projects that you may see."""
    found = service.projects.projects(caller, after=page.after, limit=page.limit)
    return listed([_shown(each, service, caller) for each in found], page=page, last=found[-1].id if found else None)


@router.post("/projects", status_code=201, openapi_extra=doing(Action.CREATE_PROJECT))
def create(body: Written, response: Response, service: Here, caller: Caller) -> dict[str, object]:
    """A draft, which its applicant submits when it is complete."""
    made = service.projects.create(caller, application=body.application())
    response.headers["Location"] = f"{BASE}/projects/{made}"
    return _changed(service.projects.place(made), service, caller)


@router.get("/projects/{project}", openapi_extra=doing(Action.SEE_PROJECT))
def project(project: Id, service: Here, caller: Caller) -> dict[str, object]:
    """One project."""
    return _shown(service.projects.project(caller, project=ProjectId(project)), service, caller)


@router.put("/projects/{project}", openapi_extra=doing(Action.EDIT_PROJECT))
def edit(project: Id, body: Written, service: Here, caller: Caller) -> dict[str, object]:
    """Write a draft, or a project that came back, anew."""
    service.projects.edit(caller, project=ProjectId(project), application=body.application())
    return _changed(service.projects.place(ProjectId(project)), service, caller)


@router.post("/projects/{project}/members", openapi_extra=doing(Action.ADD_MEMBER))
def add_member(project: Id, body: Member, service: Here, caller: Caller) -> dict[str, object]:
    """Bring a researcher in."""
    service.projects.add_member(caller, project=ProjectId(project), person=PersonId(body.person))
    return _changed(service.projects.place(ProjectId(project)), service, caller)


@router.delete("/projects/{project}/members/{person}", status_code=204, openapi_extra=doing(Action.REMOVE_MEMBER))
def remove_member(project: Id, person: Id, service: Here, caller: Caller) -> Response:
    """Let a member go. She never judges this project afterwards."""
    service.projects.remove_member(caller, project=ProjectId(project), person=PersonId(person))
    return Response(status_code=204)


@router.get("/projects/{project}/comments", openapi_extra=doing(Action.SEE_PROJECT))
def comments(project: Id, service: Here, caller: Caller) -> dict[str, object]:
    """What was said about a project, the first comment first."""
    return {"items": [comment_shown(each) for each in service.comments.comments(caller, project=ProjectId(project))], "next": None}


@router.post("/projects/{project}/comments", openapi_extra=doing(Action.COMMENT_PROJECT))
def comment(project: Id, body: Said, service: Here, caller: Caller) -> dict[str, object]:
    """Say something to everybody who has to do with a project. It is never changed nor taken back."""
    service.comments.add(caller, project=ProjectId(project), words=body.words)
    return _changed(service.projects.place(ProjectId(project)), service, caller)


@router.post("/projects/{project}/review", openapi_extra=doing(Action.REVIEW_PROJECT))
def review(project: Id, body: Judgement, service: Here, caller: Caller) -> dict[str, object]:
    """One of the two opinions that a decision needs."""
    service.projects.review(caller, project=ProjectId(project), verdict=Verdict(body.verdict), reasons=body.reasons)
    return _changed(service.projects.place(ProjectId(project)), service, caller)


def _acting(event: ProjectEvent) -> Callable[..., dict[str, object]]:
    def act(project: Id, body: Nothing, service: Here, caller: Caller) -> dict[str, object]:  # noqa: ARG001 - an empty body is a body
        return _changed(service.projects.act(caller, project=ProjectId(project), event=event), service, caller)

    act.__doc__ = f"What the applicant does: {event.value.replace('_', ' ')}."
    return act


def _deciding(event: ProjectEvent) -> Callable[..., dict[str, object]]:
    def decide(project: Id, body: Word, service: Here, caller: Caller) -> dict[str, object]:
        return _changed(service.projects.decide(caller, project=ProjectId(project), event=event, reasons=body.reasons), service, caller)

    decide.__doc__ = f"What a decider does: {event.value}."
    return decide


def _shown(found: Project, service: Here, caller: Caller) -> dict[str, object]:
    return project_shown(found, to=caller, now=service.now())


def _changed(found: Project, service: Here, caller: Caller) -> dict[str, object]:
    now = service.now()
    return changed(Action.SEE_PROJECT, caller, on=found, now=now, shown=lambda: project_shown(found, to=caller, now=now))


for _events, _make in ((APPLICANT_EVENTS, _acting), (DECISIONS, _deciding)):
    for _event, _action in _events.items():
        router.add_api_route(
            f"/projects/{{project}}/{_event.value.replace('_', '-')}",
            _make(_event),
            methods=["POST"],
            name=f"{_event.value}_project",
            openapi_extra=doing(_action),
        )
