"""The public register of AI systems over HTTP, in the forms that other programs read."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from amana.policy.rights import Action
from amana.register import ai_systems as documents
from amana.register import hub_card, ml_bom
from amana.register.standards import under_standard
from amana.terms.ids import ModelId
from amana.web.access import doing
from amana.web.bodies import Id, Language
from amana.web.context import Here
from amana.web.examples_of_registers import AI_SYSTEMS_CSV
from amana.web.registers import CSV, as_media
from amana.web.replies import json_response
from amana.web.routing import new_router

router: APIRouter = new_router("ai-systems")
Form = Literal["csv", "cyclonedx", "hub", "algoritmeregister", "atrs", "ai-act"]
State = Annotated[
    Literal["", "registered", "in_service", "suspended", "retired"], Query(description="only those in this state; all where it is empty")
]


@router.get("/ai-systems.json", openapi_extra=doing(Action.SEE_PUBLIC))
def systems(here: Here, state: State = "") -> Response:
    """The AI systems that learned from the data of this node and were registered, the newest first."""
    return json_response(documents.as_json(here.ai_register.every(None, state=state)))


@router.get("/ai-systems.csv", response_class=Response, responses=as_media(CSV, AI_SYSTEMS_CSV), openapi_extra=doing(Action.SEE_PUBLIC))
def systems_csv(here: Here) -> Response:
    """The same as CSV."""
    return Response(documents.as_csv(here.ai_register.every(None)), media_type=f"{CSV}; charset=utf-8; header=present")


@router.get("/ai-systems/{model}", openapi_extra=doing(Action.SEE_PUBLIC))
def system(here: Here, model: Id) -> Response:
    """One of them."""
    return json_response(documents.one_as_json(here.ai_register.system(None, model=ModelId(model))))


@router.get(
    "/ai-systems/{model}/{form}",
    response_class=Response,
    responses=as_media(ml_bom.MEDIA, {"bomFormat": "CycloneDX", "specVersion": ml_bom.SPECIFICATION}),
    openapi_extra=doing(Action.SEE_PUBLIC),
)
def form(here: Here, model: Id, form: Form, language: Language = "en") -> Response:
    """One of them as other programs read it.

    `csv`: a table of one line; `cyclonedx`: a bill of materials; `hub`: a model card in Markdown; else under the field names of the Dutch
    algorithm register, the British transparency standard or annex VIII of the European AI act. `language`: of what people said.
    """
    found = here.ai_register.system(None, model=ModelId(model))
    match form:
        case "csv":
            return Response(documents.as_csv([found]), media_type=f"{CSV}; charset=utf-8; header=present")
        case "cyclonedx":
            return json_response(ml_bom.ml_bom(found), media=ml_bom.MEDIA)
        case "hub":
            return Response(hub_card.hub_card(found, language=language), media_type=f"{hub_card.MEDIA}; charset=utf-8")
        case _:
            return json_response(under_standard(found, standard=form, language=language))
