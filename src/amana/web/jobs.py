"""`/jobs`: long questions, looked at, followed, cancelled before their turn, and answered."""

import json
import time
from collections.abc import AsyncGenerator
from typing import Annotated

import anyio
from anyio import to_thread
from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import StreamingResponse

from amana.client.text import Catalogue
from amana.node.jobs import LATEST, JobView
from amana.node.service import Service
from amana.policy.rights import Action
from amana.terms.ids import JobId
from amana.terms.refusal import Fault, Refusal
from amana.web.access import doing
from amana.web.context import Caller, Here, caller_now
from amana.web.job_views import job_of
from amana.web.language import catalogue_of
from amana.web.limits import Places
from amana.web.lists import Paged, listed
from amana.web.problems import unforeseen
from amana.web.questions import ANSWERED, Accept, Limited, answer_response
from amana.web.replies import json_response
from amana.web.routing import new_router
from amana.web.shapes import JOB, JobOut, JobsOut

LOOK_S = 0.5
TELL_S = 1.0
STREAM_S_MAX = 300.0
"""After this a stream ends, and its reader shows again who she is when she opens another."""
EVENT = {"schema": {"type": "string"}, "example": f"data: {json.dumps(JOB)}\n\n"}
EVENTS: dict[int | str, dict[str, object]] = {
    200: {"description": "Server-sent events: the job at each change, and each second", "content": {"text/event-stream": EVENT}}
}
router: APIRouter = new_router("jobs")
JobName = Annotated[str, Path(max_length=80, description="the id of the job")]


@router.get("/jobs", response_model=JobsOut, openapi_extra=doing(Action.SEE_JOB))
def jobs(request: Request, here: Here, caller: Caller, page: Paged) -> Response:
    """Your jobs, the latest first."""
    made_at, _, name = page.after.partition(" ")
    found = here.jobs.jobs(caller, before=(made_at, name) if name else LATEST, limit=page.limit)
    catalogue = catalogue_of(request)
    last = " ".join(found[-1].place) if found else None
    return json_response(listed([job_of(view, catalogue=catalogue) for view in found], page=page, last=last))


@router.get("/jobs/{job}", response_model=JobOut, openapi_extra=doing(Action.SEE_JOB))
def job_now(request: Request, here: Here, caller: Caller, job: JobName) -> Response:
    """How far a job is."""
    return json_response(job_of(here.jobs.job(caller, job=JobId(job)), catalogue=catalogue_of(request)))


@router.get("/jobs/{job}/events", responses=EVENTS, openapi_extra=doing(Action.SEE_JOB))
async def events(request: Request, here: Here, caller: Caller, limits: Limited, job: JobName) -> Response:
    """The job again at each change and each second, until it is over."""
    first = await to_thread.run_sync(lambda: here.jobs.job(caller, job=JobId(job)))  # a refusal comes before the stream begins
    limits.streams.check()
    stream = _stream(here, request, first, catalogue=catalogue_of(request), places=limits.streams)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(stream, media_type="text/event-stream", headers=headers)


@router.get("/jobs/{job}/answer", responses=ANSWERED, openapi_extra=doing(Action.SEE_JOB, Action.ASK))
async def answer(here: Here, caller: Caller, limits: Limited, job: JobName, accept: Accept = "application/json") -> Response:
    """The answer of a job that is done: recalled from the ledger, under the same rights as a question."""
    asked = JobId(job)
    return await limits.questions.run(lambda: answer_response(here.jobs.answer(caller, job=asked), accept=accept, rows_max=limits.rows_max))


@router.delete("/jobs/{job}", response_model=JobOut, openapi_extra=doing(Action.CANCEL_JOB))
def cancel(request: Request, here: Here, caller: Caller, job: JobName) -> Response:
    """Stop a job before its turn; later it is refused, since its cost is charged."""
    return json_response(job_of(here.jobs.cancel(caller, job=JobId(job)), catalogue=catalogue_of(request)))


async def _stream(here: Service, request: Request, view: JobView, *, catalogue: Catalogue, places: Places) -> AsyncGenerator[str]:
    """Who reads is read anew at each look. Source: HTML Living Standard, 9.2 Server-sent events."""
    begun = told_at = time.monotonic()
    job = view.record.id
    with places:
        yield _event(view, catalogue=catalogue)
        while not (view.over or places.closed) and time.monotonic() < begun + STREAM_S_MAX:
            await anyio.sleep(LOOK_S)
            last = view
            try:
                view = await to_thread.run_sync(lambda: here.jobs.job(caller_now(request), job=job))
            except (Refusal, Fault):  # her session ended, say; the next request tells her
                return
            except Exception as error:  # noqa: BLE001 - the response has begun: all that is left is to end it
                unforeseen(error)
                return
            changed = (view.state, view.stage, view.position) != (last.state, last.stage, last.position)
            if changed or time.monotonic() >= told_at + TELL_S:
                told_at = time.monotonic()
                yield _event(view, catalogue=catalogue)


def _event(view: JobView, *, catalogue: Catalogue) -> str:
    return f"data: {json.dumps(job_of(view, catalogue=catalogue), ensure_ascii=False, allow_nan=False)}\n\n"
