"""Models over HTTP: those of a team on their way into the public register, and what happens to them there."""

from collections.abc import Callable
from typing import Annotated, Any, Literal, cast

from fastapi import Response
from pydantic import ConfigDict, Field, JsonValue, StringConstraints

from amana.node.models import ACTIONS
from amana.policy.rights import Action
from amana.policy.transitions import ModelEvent
from amana.terms.ids import ModelId
from amana.terms.model_card import PLAIN as PLAIN_FIELDS
from amana.terms.model_card import TRANSLATED, Card
from amana.web.access import doing
from amana.web.bodies import PLAIN, Closed, Id, Language, Name, Word
from amana.web.context import Caller, Here
from amana.web.examples import CARD
from amana.web.lists import Paged, listed
from amana.web.routing import new_router
from amana.web.shown import changed, model_shown

router = new_router("models")
Said = Annotated[
    dict[Language, Annotated[str, StringConstraints(min_length=1, max_length=5_000, pattern=PLAIN)]],
    Field(min_length=1, description="by language; one at least"),
]
Line = Annotated[str, StringConstraints(max_length=400, pattern=PLAIN)]


class CardIn(Closed):
    """What the team says of a model."""

    model_config = ConfigDict(json_schema_extra={"examples": [cast("JsonValue", dict(CARD))]})
    name: Said
    purpose: Said
    decides: Said
    weighed: Said
    oversight: Said
    objection: Said
    limits: Said
    legal_basis: Said
    category: Literal["high_risk", "impactful", "other"]
    provider: Name
    contact: Name
    deployer: Line = ""
    assessment: Line = ""
    website: Annotated[str, StringConstraints(max_length=400, pattern=r"^(?:https?://[!-~]*)?$")] = ""


@router.get("/models", openapi_extra=doing(Action.SEE_MODEL))
def models(service: Here, caller: Caller, page: Paged) -> dict[str, object]:
    """The models that you may see: yours, those that you judge, and those of the public register."""
    found = service.models.models(caller, after=page.after, limit=page.limit)
    shown = [model_shown(each, to=caller, now=service.now()) for each in found]
    return listed(shown, page=page, last=found[-1].record.id if found else None)


@router.get("/models/{model}", openapi_extra=doing(Action.SEE_MODEL))
def model(model: Id, service: Here, caller: Caller) -> dict[str, object]:
    """One model with what is known and said of it; one that stands in the public register, everybody may see."""
    return _shown(ModelId(model), service, caller)


@router.get(
    "/models/{model}/file",
    response_class=Response,
    responses={200: {"content": {"application/json": {"schema": {"type": "object"}, "example": {"Model": {"learner": "linear"}}}}}},
    openapi_extra=doing(Action.SEE_MODEL),
)
def file(model: Id, service: Here, caller: Caller) -> Response:
    """The model itself with the receipt of its training, for its team and those who judge it."""
    return Response(service.trainings.file(caller, model=ModelId(model)), media_type="application/json")


@router.put("/models/{model}/card", openapi_extra=doing(Action.DESCRIBE_MODEL))
def describe(model: Id, body: CardIn, service: Here, caller: Caller) -> dict[str, object]:
    """Say what it is for, what it decides and how to object, before somebody else assesses it."""
    service.models.describe(caller, model=ModelId(model), card=read_card(body))
    return _changed(ModelId(model), service, caller)


def read_card(body: CardIn) -> Card:
    """The card that a request brings."""
    said: dict[str, Any] = {name: tuple(getattr(body, name).items()) for name in TRANSLATED}
    return Card(**said, **{name: getattr(body, name) for name in PLAIN_FIELDS})


def _acting(event: ModelEvent) -> Callable[..., dict[str, object]]:
    def act(model: Id, body: Word, service: Here, caller: Caller) -> dict[str, object]:
        service.models.act(caller, model=ModelId(model), event=event, reasons=body.reasons)
        return _changed(ModelId(model), service, caller)

    act.__doc__ = f"What becomes of a model: {event.value}."
    return act


def _shown(model: ModelId, service: Here, caller: Caller) -> dict[str, object]:
    return model_shown(service.models.model(caller, model=model), to=caller, now=service.now())


def _changed(model: ModelId, service: Here, caller: Caller) -> dict[str, object]:
    place = service.models.place(model)
    return changed(Action.SEE_MODEL, caller, on=place, now=service.now(), shown=lambda: _shown(model, service, caller))


for _event, _action in ACTIONS.items():
    router.add_api_route(
        f"/models/{{model}}/{_event.value}", _acting(_event), methods=["POST"], name=f"{_event.value}_model", openapi_extra=doing(_action)
    )
