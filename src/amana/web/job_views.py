"""A job as it travels."""

from collections.abc import Mapping

from fastapi import Response

from amana.client.text import Catalogue
from amana.node.jobs import JobView
from amana.terms.refusal import Fault
from amana.web.problems import fault_of, problem_of
from amana.web.replies import json_response
from amana.web.routing import BASE


def job_of(view: JobView, *, catalogue: Catalogue) -> Mapping[str, object]:
    """How far it is, what was asked, and why it failed, in the reader's language."""
    record = view.record
    problem = None
    if record.refusal is not None:
        problem = problem_of(record.refusal, catalogue=catalogue)
    elif record.fault is not None:
        problem = fault_of(Fault(id=record.fault), catalogue=catalogue)
    return {
        "id": record.id,
        "state": view.state,
        "stage": view.stage,
        "progress": round(view.progress, 4),
        "ready_at": None if record.ready_at is None else record.ready_at.isoformat(),
        "position": view.position,
        "made_at": record.made_at.isoformat(),
        "over_at": None if record.over_at is None else record.over_at.isoformat(),
        "dataset": record.dataset,
        "permit": record.permit,
        "sql": record.sql,
        "within": None if record.share is not None else record.within,
        "share": record.share,
        "problem": problem,
    }


def accepted(view: JobView, *, catalogue: Catalogue) -> Response:
    """202: the question became a job."""
    return json_response({"job": job_of(view, catalogue=catalogue)}, status=202, headers={"Location": f"{BASE}/jobs/{view.record.id}"})
