"""Every no and every failure as `application/problem+json`: a stable code, a status, and a sentence in the reader's language.

What is not foreseen shows a random number and nothing else; the node's own journal gets its kind, never a library's message.
Source: RFC 9457.
"""

import json
import re
import secrets
from collections.abc import Mapping
from typing import cast

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from amana.client.text import Catalogue
from amana.terms.code import Exit
from amana.terms.codes import CODES
from amana.terms.refusal import Fault, Refusal
from amana.web.language import catalogue_of

MEDIA = "application/problem+json"
OF_CLASS: Mapping[Exit, int] = {
    Exit.FAULT: 500, Exit.USAGE: 422, Exit.QUESTION: 422, Exit.RULES: 422, Exit.BUDGET: 409, Exit.PERMISSION: 403, Exit.SETTINGS: 503,
    Exit.LOG: 503,
}  # fmt: skip
OF_CODE: Mapping[str, int] = {
    "sign_in.needed": 401,
    "rights.sign_in_needed": 401,
    "rights.session_old": 401,
    "rights.token_ended": 401,
    "node.not_found": 404,
    "log.no_entry": 404,
    "receipt.no_entry": 404,
    "node.unknown_dataset": 404,
    "programme.none_adopted": 404,
    "sample.unknown_table": 404,
    "http.no_route": 404,
    "http.method": 405,
    "node.changed_meanwhile": 409,
    "job.begun": 409,
    "job.not_over": 409,
    "job.cancelled": 409,
    "job.superseded": 410,
    "history.republished": 410,
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
    "missing": "present",
    "extra_forbidden": "absent",
    "json_invalid": "json",
    "model_attributes_type": "object_sent",
    "dict_type": "object",
    "list_type": "list",
    "string_type": "text",
    "string_too_short": "characters_at_least",
    "string_too_long": "characters_at_most",
    "string_pattern_mismatch": "pattern",
    "int_type": "whole_number",
    "int_parsing": "whole_number",
    "int_from_float": "whole_number",
    "float_type": "number",
    "bool_type": "true_or_false",
    "bool_parsing": "true_or_false",
    "greater_than": "more_than",
    "greater_than_equal": "at_least",
    "less_than": "less_than",
    "less_than_equal": "at_most",
    "literal_error": "one_of",
    "enum": "one_of",
    "datetime_parsing": "moment",
    "datetime_from_date_parsing": "moment",
    "timezone_aware": "moment_with_offset",
    "date_parsing": "day",
    "date_from_datetime_parsing": "day",
    "too_long": "items_at_most",
    "too_short": "items_at_least",
}
"""The word for what each finding of the library that reads requests asks for; its own messages would repeat what was sent."""
LIMITS = ("min_length", "max_length", "gt", "ge", "lt", "le")
"""How that library names a limit; the words name it `number`."""
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
            return respond(misread(error), catalogue=catalogue)
        case HTTPException(status_code=404):
            return respond(Refusal("http.no_route", path=request.url.path[:FIELD_CHARACTERS_MAX]), catalogue=catalogue)
        case HTTPException(status_code=405):
            return respond(Refusal("http.method", method=request.method, allowed=_allowed(request)), catalogue=catalogue)
        case HTTPException(status_code=status) if status < 500:
            return respond(Refusal("http.bad_request", field="body", wanted="word.readable"), catalogue=catalogue)
        case _:
            return respond(unforeseen(error), catalogue=catalogue)


def _allowed(request: Request) -> str:
    """Every method of that address: those of all routes that have it, and HEAD wherever GET is (`web.guard`)."""
    routes = cast("FastAPI", request.app).routes
    found: set[str] = set()
    for each in iter_route_contexts(routes):
        if each.path is not None and compile_path(each.path)[0].fullmatch(request.url.path):
            found |= each.methods or set()
    return ", ".join(sorted(found | ({"HEAD"} if "GET" in found else set())))


def misread(error: RequestValidationError) -> Refusal:
    """The first finding: where, and what is wanted there; never what was sent."""
    found = cast("Mapping[str, object]", error.errors()[0])
    place = cast("tuple[str | int, ...]", found["loc"])
    limits = cast("Mapping[str, object]", found.get("ctx") or {})
    kind = str(found["type"])
    named = place if kind == "json_invalid" or len(place) < 2 else place[1:]
    field = ".".join(str(part) for part in (named[:1] if kind == "json_invalid" else named))
    wanted = f"word.{WANTED.get(kind, 'as_documented')}"
    return Refusal("http.bad_request", field=field[:FIELD_CHARACTERS_MAX], where=None, wanted=wanted, **_shown(limits))


def _shown(limits: Mapping[str, object]) -> dict[str, str | int]:
    """What fills the word: a limit, a pattern, or the words that are known."""
    shown: dict[str, str | int] = {}
    for name, value in limits.items():
        if name in LIMITS:
            shown["number"] = value if isinstance(value, int) else str(value)
        elif name == "pattern":
            shown["pattern"] = str(value)
        elif name == "expected":
            shown["known"] = ", ".join(f"`{word}`" for word in re.findall(r"'([^']*)'", str(value)))
    return shown


def _written(problem: Mapping[str, object], *, headers: Mapping[str, str], language: str) -> Response:
    status = cast("int", problem["status"])
    body = json.dumps(problem, ensure_ascii=False, allow_nan=False).encode()
    told = {"Content-Language": language, "Cache-Control": "no-store", **headers}
    return Response(body, status_code=status, headers=told, media_type=MEDIA)
