"""`/questions`: try, preview, ask, redraw."""

from collections.abc import Mapping
from typing import Annotated, cast

from fastapi import APIRouter, Depends, Header, Request, Response

from amana.client.precision import asked_precision
from amana.client.wire import write_rows
from amana.node.answers import Answered, Preview
from amana.node.jobs import JobView
from amana.node.results import limited, result_of
from amana.node.service import Asked
from amana.policy.rights import Action
from amana.terms.ids import PermitId
from amana.web.access import doing
from amana.web.context import Caller, Here
from amana.web.job_views import accepted
from amana.web.language import catalogue_of
from amana.web.limits import Limits
from amana.web.once import since_of
from amana.web.replies import json_response
from amana.web.routing import new_router
from amana.web.shapes import AcceptedOut, AnswerOut, PreviewOut, Question, Redraws, RedrawsOut, Tried

ARROW = "application/vnd.apache.arrow.stream"
router: APIRouter = new_router("questions")


async def limits_of(request: Request) -> Limits:
    """The limits of this application. Like every dependency that waits for nothing, it needs no thread."""
    return cast("Limits", request.app.state.limits)


Limited = Annotated[Limits, Depends(limits_of)]
Accept = Annotated[str, Header(include_in_schema=False)]  # OpenAPI tells it by the media types of the response
ANSWERED: dict[int | str, dict[str, object]] = {
    200: {
        "model": AnswerOut,
        "description": "The answer: JSON, or an Arrow IPC stream of flat columns",
        "content": {ARROW: {"schema": {"type": "string", "format": "binary"}}},
    }
}
ACCEPTED: dict[int | str, dict[str, object]] = {202: {"model": AcceptedOut, "description": "It takes long: it became a job"}}


@router.post("/questions/preview", response_model=PreviewOut, openapi_extra=doing(Action.PREVIEW))
async def preview(here: Here, caller: Caller, limits: Limited, question: Question) -> Response:
    """What a question would cost and how precise it would be; nothing is spent and no row is read."""
    asked = asked_of(question)
    return json_response(preview_of(await limits.questions.run(lambda: here.preview(caller, asked=asked))))


@router.post("/questions/dry-run", response_model=AnswerOut, responses=ANSWERED, openapi_extra=doing(Action.DRY_RUN))
async def dry_run(here: Here, caller: Caller, limits: Limited, question: Tried, accept: Accept = "application/json") -> Response:
    """The question over invented rows: the same refusals, columns and precision; its figures mean nothing. Open to everybody."""
    asked = asked_of(question)
    return await limits.dry_runs.run(lambda: answer_response(here.dry_run(caller, asked=asked), accept=accept, rows_max=limits.rows_max))


@router.post("/questions", response_model=AnswerOut, responses={**ANSWERED, **ACCEPTED}, openapi_extra=doing(Action.ASK, spends=True))
async def ask(
    request: Request, here: Here, caller: Caller, limits: Limited, question: Question, accept: Accept = "application/json"
) -> Response:
    """The answer: private figures, each with its interval. It is charged once, and given again for nothing.

    What is predicted to take long is put in the queue instead (202): its job is looked at under `Location`.
    """
    asked, since = asked_of(question), since_of(request)

    def answered() -> Response:  # also what is written is made in the question's own thread: it may be large
        found = here.put(caller, asked=asked, since=since)
        if isinstance(found, JobView):
            return accepted(found, catalogue=catalogue_of(request))
        return answer_response(found, accept=accept, rows_max=limits.rows_max)

    return await limits.questions.run(answered)


@router.post("/questions/simulate", response_model=RedrawsOut, openapi_extra=doing(Action.ASK))
async def simulate(here: Here, caller: Caller, limits: Limited, question: Redraws) -> Response:
    """Redraws of an answer that was given before, for figures derived from several noisy ones. Free; it reveals nothing new."""
    asked = asked_of(question)
    found = await limits.questions.run(lambda: here.simulate(caller, asked=asked, draws=question.draws))
    return json_response({"columns": list(found.columns), "draws": found.draws})


def asked_of(question: Question | Tried | Redraws) -> Asked:
    """The question as a value. Errors: Refusal budget.precision_and_share, budget.share_malformed."""
    within, share = asked_precision(question.within, question.share)
    permit = None if question.permit is None else PermitId(question.permit)
    return Asked(sql=question.sql, within=within, share=share, permit=permit)


def answer_response(answer: Answered, *, accept: str, rows_max: int) -> Response:
    """An answer as it travels, also that of a job. Rows beyond the limit are left off, and a note says so: they are paid for."""
    result = limited(result_of(answer, language="en"), rows_max=rows_max)
    if ARROW in accept:
        return Response(result.to_arrow_bytes(), media_type=ARROW)
    return json_response({**result.head(), "rows": write_rows(result.table)})


def preview_of(preview: Preview) -> Mapping[str, object]:
    """A preview as it travels."""
    cost = {
        "loss_nrho": preview.cost_nrho,
        "delta_units": preview.cost_delta_units,
        "cap_nrho": preview.cap_nrho,
        "spent_nrho": preview.spent_nrho,
        "recalled": preview.cost_nrho == 0 and bool(preview.figures),
    }
    return {
        "figures": [{"name": name, "half_width": half, "relative": relative} for name, half, relative in preview.figures],
        "cost": cost,
        "share": preview.share,
        "notes": [{"code": code, "parameters": dict(parameters)} for code, parameters in preview.notes],
    }
