"""What was done on the node, and the records for the regulator."""

from typing import Annotated

from fastapi import Header, Response
from fastapi.responses import JSONResponse

from amana.node.audit import LATEST, notes
from amana.node.records import as_csv, as_json, processing_record_for
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


@router.get("/audit", openapi_extra=doing(Action.SEE_AUDIT))
def audit(page: Paged, service: Here, caller: Caller) -> dict[str, object]:
    """Every change of state, the latest first."""
    check(Action.SEE_AUDIT, caller, on=Node(), now=service.now())
    at, _, name = page.after.partition(" ")
    found = notes(service.database, before=(at or LATEST, name), limit=page.limit)
    last = f"{moment(found[-1].at)} {found[-1].id}" if found else None
    return listed([note_shown(each) for each in found], page=page, last=last)


@router.get(
    "/exports/{record}",
    openapi_extra=doing(Action.EXPORT_RECORD),
    response_class=JSONResponse,
    responses={200: {"content": {CSV: {"schema": {"type": "string"}, "example": CSV_EXAMPLE}}}},
)
def export(
    record: str, service: Here, caller: Caller, accept: Annotated[str, Header(include_in_schema=False)] = "application/json"
) -> Response:
    """The record of processing (`processing-record`): GDPR, Law 09-08 and EHDS fields, as JSON or, for `Accept: text/csv`, as CSV."""
    if record != "processing-record":
        raise Refusal("node.not_found", thing="word.thing.record", name=record[:80])
    made = processing_record_for(service, caller)
    if CSV in accept:
        return Response(as_csv(made), media_type=f"{CSV}; charset=utf-8; header=present")
    return JSONResponse(as_json(made))
