"""The national programme for other programs: every commitment with its computed status, in the names of IATI."""

from fastapi import APIRouter, Response

from amana.policy.rights import Action
from amana.programme.iati import evaluation_as_csv, evaluation_as_json
from amana.web.access import doing
from amana.web.context import Here
from amana.web.registers import CSV
from amana.web.replies import json_response
from amana.web.route import Route
from amana.web.routing import new_router

EVERYWHERE = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}
"""What is public may be read by the pages of others."""
router: APIRouter = new_router("programme")
files = APIRouter(route_class=Route, include_in_schema=False)
"""The same under addresses that stay."""


@router.get("/programme", openapi_extra=doing(Action.SEE_PUBLIC))
@files.get("/programme.json", openapi_extra=doing(Action.SEE_PUBLIC))
def programme(here: Here) -> Response:
    """The adopted plan as it stands now: each commitment as an activity with results, indicators, periods, targets and actuals.

    `amana programme evaluate` computes the same from a copy of the public log. Errors: Refusal programme.none_adopted.
    """
    return json_response(evaluation_as_json(here.programme_state.evaluation()), headers=EVERYWHERE)


@files.get("/programme.csv", openapi_extra=doing(Action.SEE_PUBLIC))
def programme_csv(here: Here) -> Response:
    """One line for each indicator and period. Errors: Refusal programme.none_adopted."""
    found = evaluation_as_csv(here.programme_state.evaluation())
    return Response(found, headers=EVERYWHERE, media_type=f"{CSV}; charset=utf-8; header=present")
