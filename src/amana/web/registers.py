"""The public registers: the catalogue for data portals, descriptions of datasets for programs, and what was done with the data."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response

from amana.policy.rights import Action
from amana.register import croissant as of_samples
from amana.register.listing import API
from amana.web.access import doing
from amana.web.context import Here
from amana.web.examples_of_registers import CATALOGUE, CATALOGUE_TURTLE, CROISSANT, USES_CSV
from amana.web.questions import Limited
from amana.web.replies import json_response
from amana.web.routing import new_router

router: APIRouter = new_router("registers")

TURTLE, JSON_LD, CSV = "text/turtle", "application/ld+json", "text/csv"


def as_media(media: str, example: Mapping[str, object] | str) -> dict[int | str, dict[str, Any]]:
    """A response of that media type, with its example."""
    kind = "string" if isinstance(example, str) else "object"
    return {200: {"content": {media: {"schema": {"type": kind}, "example": example}}}}


Part = Annotated[
    Literal["projects", "uses"], Query(description="one line for each project and dataset, or `uses`: one after the other, in parts")
]
After = Annotated[
    int, Query(ge=0, le=10**15, description="of `uses`: from which entry of the log; a `Link` header tells where the next part begins")
]


@router.get("/catalog.jsonld", response_class=Response, responses=as_media(JSON_LD, CATALOGUE), openapi_extra=doing(Action.SEE_PUBLIC))
def catalogue(here: Here) -> Response:
    """The catalogue of this node for data portals: DCAT-AP 3.0.1, as JSON-LD."""
    return json_response(here.registers.catalogue(), media=JSON_LD)


@router.get("/catalog.ttl", response_class=Response, responses=as_media(TURTLE, CATALOGUE_TURTLE), openapi_extra=doing(Action.SEE_PUBLIC))
def catalogue_turtle(here: Here) -> Response:
    """The same catalogue in Turtle."""
    return Response(here.registers.catalogue_turtle(), media_type=f"{TURTLE}; charset=utf-8")


@router.get(
    "/datasets/{name}/croissant.json",
    response_class=Response,
    responses=as_media(JSON_LD, CROISSANT),
    openapi_extra=doing(Action.SEE_PUBLIC),
)
async def croissant(here: Here, limits: Limited, name: str) -> Response:
    """The invented sample of a dataset for programs that load tables: Croissant 1.1, with the digest of each file."""
    return json_response(await limits.dry_runs.run(lambda: here.registers.croissant(name)), media=of_samples.MEDIA)


@router.get("/datasets/{name}/privacy.json", openapi_extra=doing(Action.SEE_PUBLIC))
def privacy(here: Here, name: str) -> Response:
    """What is promised to the people in a dataset, in the terms of the public registry of deployments of differential privacy."""
    return json_response(here.registers.promise(name))


@router.get("/uses.json", openapi_extra=doing(Action.SEE_PUBLIC))
def uses(here: Here, part: Part = "projects", after: After = 0) -> Response:
    """What was done with the data, from the public log: by project and dataset, or use by use."""
    if part == "projects":
        return json_response(here.registers.uses())
    found, following = here.registers.part(after=after)
    return json_response(found, headers=_link("/uses.json", following))


@router.get("/uses.csv", response_class=Response, responses=as_media(CSV, USES_CSV), openapi_extra=doing(Action.SEE_PUBLIC))
def uses_csv(here: Here, part: Part = "projects", after: After = 0) -> Response:
    """The same as CSV."""
    found, following = (here.registers.uses_csv(), None) if part == "projects" else here.registers.part_csv(after=after)
    return Response(found, headers=_link("/uses.csv", following), media_type=f"{CSV}; charset=utf-8; header=present")


def _link(path: str, following: int | None) -> dict[str, str]:
    return {} if following is None else {"Link": f'<{API}{path}?part=uses&after={following}>; rel="next"'}
