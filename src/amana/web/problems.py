"""Every no and every failure as `application/problem+json`: a stable code, a status, and a sentence in the reader's language.

What is not foreseen shows a random number and nothing else; the node's own journal gets its kind, never a library's message.
Source: RFC 9457.
"""

import json
import secrets
from collections.abc import Mapping
from typing import cast

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from amana.client.text import Catalogue
from amana.terms.codes import CODES, Exit
from amana.terms.refusal import Fault, Refusal
from amana.web.language import catalogue_of

MEDIA = "application/problem+json"
OF_CLASS: Mapping[Exit, int] = {
    Exit.FAULT: 500, Exit.USAGE: 422, Exit.QUESTION: 422, Exit.RULES: 422, Exit.BUDGET: 409, Exit.PERMISSION: 403, Exit.SETTINGS: 503,
}  # fmt: skip
OF_CODE: Mapping[str, int] = {
    "sign_in.needed": 401,
    "rights.sign_in_needed": 401,
    "rights.session_old": 401,
    "rights.token_ended": 401,
    "node.not_found": 404,
    "node.unknown_dataset": 404,
    "sample.unknown_table": 404,
    "http.no_route": 404,
    "http.method": 405,
    "node.changed_meanwhile": 409,
    "job.begun": 409,
    "job.not_over": 409,
    "job.cancelled": 409,
    "job.superseded": 410,
    "job.too_many_of_one": 409,
    "job.too_many": 503,
    "http.still_running": 409,
    "http.interrupted": 409,
    "http.done_before": 409,
    "http.body_too_large": 413,
    "budget.precision_malformed": 422,
    "budget.share_malformed": 422,
    "budget.precision_and_share": 422,
    "http.too_many_requests": 429,
    "http.cross_site": 403,
}
"""Statuses that the class of the refusal does not tell."""
WANTED: Mapping[str, str] = {
    "missing": "a value: it must be there",
    "extra_forbidden": "nothing: there is no such field",
    "json_invalid": "a JSON document",
    "model_attributes_type": "a JSON object, sent as application/json",
    "dict_type": "a JSON object",
    "list_type": "a list",
    "string_type": "a text",
    "string_too_short": "a text of at least {min_length} characters",
    "string_too_long": "a text of at most {max_length} characters",
    "string_pattern_mismatch": "a text of the form {pattern}",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "greater_than": "more than {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than": "less than {lt}",
    "less_than_equal": "at most {le}",
    "literal_error": "one of {expected}",
    "enum": "one of {expected}",
    "datetime_parsing": "a moment such as 2031-01-01T00:00:00+00:00",
    "datetime_from_date_parsing": "a moment such as 2031-01-01T00:00:00+00:00",
    "timezone_aware": "a moment with its offset from UTC, such as 2031-01-01T00:00:00+00:00",
    "date_parsing": "a date such as 2031-01-01",
    "date_from_datetime_parsing": "a date such as 2031-01-01",
    "too_long": "at most {max_length} items",
    "too_short": "at least {min_length} items",
}
"""What each finding of the library that reads requests asks for; its own messages would repeat what was sent."""
FIELD_CHARACTERS_MAX = 80


def status_of(code: str) -> int:
    """The HTTP status of a refusal."""
    return OF_CODE.get(code, OF_CLASS[CODES[code].exit])


def problem_of(refusal: Refusal, *, catalogue: Catalogue) -> dict[str, object]:
    """The refusal as it travels."""
    where = refusal.where
    return {
        "type": f"/problems/AMA-{refusal.number}",
        "title": catalogue.say(refusal.code, **refusal.parameters),
        "status": status_of(refusal.code),
        "code": f"AMA-{refusal.number}",
        "name": refusal.code,
        "parameters": dict(refusal.parameters),
        "where": None if where is None else {"line": where.line, "column": where.column, "length": where.length},
    }


def fault_of(fault: Fault, *, catalogue: Catalogue) -> dict[str, object]:
    """The fault as it travels: its id and nothing else."""
    return {"type": "/problems/fault", "title": catalogue.say("cli.fault", id=fault.id), "status": 500, "fault": fault.id}


def respond(failure: Refusal | Fault, *, catalogue: Catalogue) -> Response:
    """The response that says no."""
    if isinstance(failure, Fault):
        return _written(fault_of(failure, catalogue=catalogue), headers={}, language=catalogue.language)
    headers: dict[str, str] = {}
    problem = problem_of(failure, catalogue=catalogue)
    if problem["status"] == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if "seconds" in failure.parameters and failure.code.startswith("http."):
        headers["Retry-After"] = str(failure.parameters["seconds"])
    if "allowed" in failure.parameters:
        headers["Allow"] = str(failure.parameters["allowed"])
    return _written(problem, headers=headers, language=catalogue.language)


def unforeseen(error: Exception) -> Fault:
    """What nobody thought of: its kind goes into the node's own journal under a random id, which alone is shown."""
    fault = Fault(id=secrets.token_hex(8))
    structlog.get_logger("amana.web").error("unforeseen", fault=fault.id, kind=type(error).__name__)
    return fault


def install(app: FastAPI) -> None:
    """Answer every exception of a route."""
    for kind in (Refusal, Fault, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, _handled)


async def _handled(request: Request, error: Exception) -> Response:
    catalogue = catalogue_of(request)
    match error:
        case Refusal() | Fault():
            return respond(error, catalogue=catalogue)
        case RequestValidationError():
            return respond(_misread(error), catalogue=catalogue)
        case HTTPException(status_code=404):
            return respond(Refusal("http.no_route", path=request.url.path[:FIELD_CHARACTERS_MAX]), catalogue=catalogue)
        case HTTPException(status_code=405, headers=headers):
            allowed = ", ".join(sorted((headers or {}).get("Allow", "").split(", ")))
            return respond(Refusal("http.method", method=request.method, allowed=allowed), catalogue=catalogue)
        case HTTPException(status_code=status) if status < 500:
            wanted = "a request that can be read: JSON in UTF-8, sent as application/json"
            return respond(Refusal("http.bad_request", field="body", wanted=wanted), catalogue=catalogue)
        case _:
            return respond(unforeseen(error), catalogue=catalogue)


def _misread(error: RequestValidationError) -> Refusal:
    """The first finding: where, and what is wanted there; never what was sent."""
    found = cast("Mapping[str, object]", error.errors()[0])
    place = cast("tuple[str | int, ...]", found["loc"])
    limits = cast("Mapping[str, object]", found.get("ctx") or {})
    kind = str(found["type"])
    named = place if kind == "json_invalid" or len(place) < 2 else place[1:]
    field = ".".join(str(part) for part in (named[:1] if kind == "json_invalid" else named))
    wanted = WANTED.get(kind, "a value of the type that /docs gives")
    return Refusal("http.bad_request", field=field[:FIELD_CHARACTERS_MAX], wanted=wanted.format_map(_Shown(limits)))


class _Shown(dict[str, object]):
    """Limits by name."""

    def __missing__(self, name: str) -> str:
        return "…"


def _written(problem: Mapping[str, object], *, headers: Mapping[str, str], language: str) -> Response:
    status = cast("int", problem["status"])
    body = json.dumps(problem, ensure_ascii=False, allow_nan=False).encode()
    told = {"Content-Language": language, "Cache-Control": "no-store", **headers}
    return Response(body, status_code=status, headers=told, media_type=MEDIA)
