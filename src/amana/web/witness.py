"""`/witness`: other nodes' logs have their checkpoints signed here, if this node is their witness (c2sp.org/tlog-witness)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from anyio import to_thread
from fastapi import APIRouter, Request, Response

from amana.node.service import Service
from amana.terms.refusal import Refusal
from amana.web.access import open_because
from amana.web.context import Here
from amana.web.route import Heeding
from amana.web.shapes import ForksOut

if TYPE_CHECKING:
    from amana.log.witness import Witness

WITNESS = "/witness"
TEXT = "text/plain; charset=utf-8"
router = APIRouter(prefix=WITNESS, route_class=Heeding, tags=["witness"])
SIGNED = open_because("a log is known by its signature, and the logs that are served are those of witness_policy_file")
SAID = open_because("whoever relies on a witness has to know its key, and what it has found")
BODY: dict[str, object] = {"content": {"text/plain": {"schema": {"type": "string"}}}, "required": True}
REPLIES: dict[int | str, dict[str, object]] = {
    200: {"description": "Signature lines", "content": {"text/plain": {"schema": {"type": "string"}}}},
    400: {"description": "No submission of a checkpoint"},
    403: {"description": "Not signed by a key of the log"},
    404: {"description": "A log that this node is no witness of"},
    409: {
        "description": "The size that was signed last, to be proved from",
        "content": {"text/x.tlog.size": {"schema": {"type": "string"}}},
    },
    422: {"description": "No proof that it extends the tree of that size"},
}


@router.post("/add-checkpoint", response_class=Response, responses=REPLIES, openapi_extra={**SIGNED, "requestBody": BODY})
async def add_checkpoint(here: Here, request: Request) -> Response:
    """Sign a checkpoint that extends the one signed last: "old SIZE", a consistency proof, an empty line, the checkpoint."""
    witness, body = here.witness, await request.body()
    if witness is None:
        return Response(status_code=404, media_type=TEXT)
    reply = await to_thread.run_sync(witness.add_checkpoint, body)
    return Response(reply.body, status_code=reply.status, headers={"Content-Type": reply.type})


@router.get("/vkey", response_class=Response, responses={200: REPLIES[200]}, openapi_extra=SAID)
def vkey(here: Here) -> Response:
    """The keys with which this witness signs, a line each: for the policies of others."""
    return Response("".join(f"{each.text}\n" for each in _witness(here).verifiers), media_type=TEXT)


@router.get("/forks", response_model=ForksOut, openapi_extra=SAID)
def forks(here: Here) -> Mapping[str, object]:
    """Pairs of checkpoints that one log signed and that cannot both be true: whoever has the log's key sees that it lied."""
    return {"forks": list(_witness(here).forks())}


def _witness(here: Service) -> "Witness":
    """Errors: Refusal http.no_route where this node is nobody's witness."""
    if here.witness is None:
        raise Refusal("http.no_route", path=WITNESS)
    return here.witness
