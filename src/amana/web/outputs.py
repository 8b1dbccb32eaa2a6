"""Outputs over HTTP: texts, code and derivations of released answers on their way to the public."""

from collections.abc import Callable
from typing import Annotated, Literal

from fastapi import Response
from pydantic import ConfigDict, StringConstraints

from amana.node.outputs import ACTIONS, BODY_LENGTH_MAX
from amana.policy.projects import OutputKind, Verdict
from amana.policy.rights import Action
from amana.policy.transitions import OutputEvent
from amana.terms.ids import OutputId, ProjectId
from amana.web.access import doing
from amana.web.bodies import PLAIN, Closed, Id, Judgement, Name, Nothing
from amana.web.context import Caller, Here
from amana.web.routing import BASE, new_router
from amana.web.shown import changed, output_shown

router = new_router("outputs")


class Words(Closed):
    """What is to be published."""

    title: Name
    body: Annotated[str, StringConstraints(max_length=BODY_LENGTH_MAX, pattern=PLAIN)]


class NewOutput(Closed):
    """What a team made of released answers."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"kind": "text", "title": "Visits by month", "body": "Fewer visits in July: 4200 ± 60."}]}
    )
    kind: Literal["text", "code", "derivation"]
    title: Name
    body: Annotated[str, StringConstraints(max_length=BODY_LENGTH_MAX, pattern=PLAIN)]


@router.get("/projects/{project}/outputs", openapi_extra=doing(Action.SEE_OUTPUT))
def outputs(project: Id, service: Here, caller: Caller) -> dict[str, object]:
    """Those of a project that you may see, without their texts; what is published, everybody may."""
    found = service.outputs.outputs(caller, project=ProjectId(project))
    shown = [output_shown(each, on=service.outputs.place(each.output.id), to=caller, now=service.now()) for each in found]
    return {"items": [{name: value for name, value in each.items() if name != "body"} for each in shown], "next": None}


@router.post("/projects/{project}/outputs", status_code=201, openapi_extra=doing(Action.ADD_OUTPUT))
def add(project: Id, body: NewOutput, response: Response, service: Here, caller: Caller) -> dict[str, object]:
    """Add an output. Nobody outside the team sees it before it is proposed."""
    made = service.outputs.add(caller, project=ProjectId(project), kind=OutputKind(body.kind), title=body.title, body=body.body)
    response.headers["Location"] = f"{BASE}/outputs/{made}"
    return _changed(made, service, caller)


@router.get("/outputs/{output}", openapi_extra=doing(Action.SEE_OUTPUT))
def output(output: Id, service: Here, caller: Caller) -> dict[str, object]:
    """One output with the votes that you may see."""
    return _shown(OutputId(output), service, caller)


@router.put("/outputs/{output}", openapi_extra=doing(Action.PROPOSE_OUTPUT))
def rewrite(output: Id, body: Words, service: Here, caller: Caller) -> dict[str, object]:
    """Change its words before it is proposed, or after it came back."""
    service.outputs.rewrite(caller, output=OutputId(output), title=body.title, body=body.body)
    return _changed(OutputId(output), service, caller)


@router.post("/outputs/{output}/vote", openapi_extra=doing(Action.VOTE_OUTPUT))
def vote(output: Id, body: Judgement, service: Here, caller: Caller) -> dict[str, object]:
    """One of two votes. Nobody sees it before both are cast."""
    service.outputs.vote(caller, output=OutputId(output), verdict=Verdict(body.verdict), reasons=body.reasons)
    return _changed(OutputId(output), service, caller)


def _acting(event: OutputEvent) -> Callable[..., dict[str, object]]:
    def act(output: Id, body: Nothing, service: Here, caller: Caller) -> dict[str, object]:  # noqa: ARG001 - an empty body is a body
        service.outputs.act(caller, output=OutputId(output), event=event)
        return _changed(OutputId(output), service, caller)

    act.__doc__ = f"What becomes of an output: {event.value}."
    return act


def _shown(output: OutputId, service: Here, caller: Caller) -> dict[str, object]:
    found = service.outputs.output(caller, output=output)
    return output_shown(found, on=service.outputs.place(output), to=caller, now=service.now())


def _changed(output: OutputId, service: Here, caller: Caller) -> dict[str, object]:
    place = service.outputs.place(output)
    return changed(Action.SEE_OUTPUT, caller, on=place, now=service.now(), shown=lambda: _shown(output, service, caller))


for _event, _action in ACTIONS.items():
    router.add_api_route(
        f"/outputs/{{output}}/{_event.value}",
        _acting(_event),
        methods=["POST"],
        name=f"{_event.value}_output",
        openapi_extra=doing(_action),
    )
