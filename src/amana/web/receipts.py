"""`/receipts`: what a holder takes away and anybody can check without this node."""

from typing import Annotated

from fastapi import Path, Query, Response

from amana.policy.rights import Action
from amana.web.access import doing
from amana.web.context import Caller, Here
from amana.web.routing import new_router

INDEX_MAX = 2**53 - 1
EXAMPLE = {
    "amana_receipt": 1,
    "entry": {"amana": 1, "kind": "use", "verb": "ask", "dataset": "clinic", "cost_nrho": "52000"},
    "proof": "c2sp.org/tlog-proof@v1\nindex 41\n…",
    "openings": [{"field": "sql", "salt": "mzTq…=", "value": "SELECT COUNT(*) AS visits FROM visits"}],
    "rows": {"commitment": "Xk0b…=", "salt": "9dRf…=", "statement": "amana.receipt/v1\n…"},
}
router = new_router("receipts")


@router.get(
    "/receipts",
    openapi_extra=doing(Action.SEE_PUBLIC),
    responses={200: {"content": {"application/json": {"example": {"items": [12, 13, 17]}}}}},
)
def receipts_of(service: Here, of: Annotated[str, Query(min_length=1, max_length=80)]) -> dict[str, list[int]]:
    """The entries of the public log that tell of a project, a permit or a job, in order: each decision has a receipt of its own."""
    return {"items": list(service.entries_of(of))}


@router.get(
    "/receipts/{index}",
    openapi_extra=doing(Action.SEE_PUBLIC),
    responses={200: {"content": {"application/json": {"example": EXAMPLE}}}},
)
def receipt(service: Here, caller: Caller, index: Annotated[int, Path(ge=0, le=INDEX_MAX)]) -> Response:
    """The receipt of an entry of the public log, for everybody, with what was sealed in it for whoever asked or decided.

    `amana receipt verify` checks it offline.
    """
    return Response(service.receipt(caller, index=index), media_type="application/json", headers={"Cache-Control": "no-store"})
