"""What was done on the node, and the records for the regulator."""

from typing import Annotated, Any, Final

from fastapi import Header, Response
from fastapi.responses import JSONResponse

from amana.node.audit import LATEST, notes
from amana.node.records import PROCESSING, PUBLIC, Record, as_csv, as_json, processing_record_for, public_register
from amana.policy.rights import Action, check
from amana.policy.things import Node
from amana.terms.database import moment
from amana.terms.refusal import Refusal
from amana.web.access import doing
from amana.web.context import Caller, Here
from amana.web.lists import Paged, listed
from amana.web.routing import new_router
from amana.web.shown import note_shown

router = new_router("audit")

CSV = "text/csv"
CSV_EXAMPLE = "regulation,field,dataset,value\r\nGDPR,30(1)(b) purposes,clinic,GRU: general research use (DUO:0000042)\r\n"
BOTH: Final[dict[int | str, dict[str, Any]]] = {200: {"content": {CSV: {"schema": {"type": "string"}, "example": CSV_EXAMPLE}}}}
Accepted = Annotated[str, Header(include_in_schema=False)]


@router.get("/audit", openapi_extra=doing(Action.SEE_AUDIT))
def audit(page: Paged, service: Here, caller: Caller) -> dict[str, object]:
    """Every change of state, the latest first."""
    check(Action.SEE_AUDIT, caller, on=Node(), now=service.now())
    at, _, name = page.after.partition(" ")
    found = notes(service.database, before=(at or LATEST, name), limit=page.limit)
    last = f"{moment(found[-1].at)} {found[-1].id}" if found else None
    return listed([note_shown(each) for each in found], page=page, last=last)


@router.get(f"/exports/{PUBLIC}", openapi_extra=doing(Action.SEE_PUBLIC), response_class=JSONResponse, responses=BOTH)
def export_public(service: Here, accept: Accepted = "application/json") -> Response:
    """What everybody may read of each dataset (EHDS article 58): as JSON or, for `Accept: text/csv`, as CSV."""
    return _written(public_register(service), accept=accept)


@router.get("/exports/{record}", openapi_extra=doing(Action.EXPORT_RECORD), response_class=JSONResponse, responses=BOTH)
def export(record: str, service: Here, caller: Caller, accept: Accepted = "application/json") -> Response:
    """The record of processing (`processing-record`): GDPR, Law 09-08 and EHDS fields, as JSON or, for `Accept: text/csv`, as CSV."""
    if record != PROCESSING:
        raise Refusal("node.not_found", thing="word.thing.record", name=record[:80])
    return _written(processing_record_for(service, caller), accept=accept)


def _written(record: Record, *, accept: str) -> Response:
    if CSV in accept:
        return Response(as_csv(record), media_type=f"{CSV}; charset=utf-8; header=present")
    return JSONResponse(as_json(record))
