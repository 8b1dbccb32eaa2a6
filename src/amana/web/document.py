"""The OpenAPI 3.1 document: made from the routes, completed with what holds for all of them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, cast

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from amana.policy.people import Who
from amana.policy.rights import RULES, Action
from amana.terms.refusal import Fault, Refusal
from amana.web.access import SIGNED_IN, SPENDS
from amana.web.examples import REQUESTS, response_example
from amana.web.operations import Json, Operation, example_of, operations, resolved
from amana.web.problems import MEDIA, respond
from amana.web.refused import ENGLISH, STATUSES, Failure, refusals, shown
from amana.web.routing import BASE
from amana.web.shapes import ProblemOut

ABOUT = (
    "Private SQL over sensitive tables: datasets and their budgets, questions, projects and permits. Sign in with a token "
    "(`Authorization: Bearer …`) or with the session of a browser; what is public needs neither. Every no is `application/problem+json` "
    "with a stable code, in the language of `Accept-Language` (ar, en, fr, zgh). A change that is sent with an `Idempotency-Key` is done "
    "once, however often it is sent."
)
KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "a text of your own, new for each request: sent again with the same key, a request is done and paid once",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
    "example": "3f9a1c0b5d7e4a62",
}
KNOWN = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "the ETag of what you have: 304 when nothing changed",
    "schema": {"type": "string", "maxLength": 400},
}
LANGUAGE = {
    "name": "Accept-Language",
    "in": "header",
    "required": False,
    "description": "language of titles of problems: ar, en, fr or zgh",
    "schema": {"type": "string", "maxLength": 200},
    "example": "fr",
}
STREAM = "text/event-stream"
HEALTH = "health"
UNKEPT = frozenset({"sign-in", "witness", HEALTH})
"""Groups in which nothing is kept for a repetition or a copy: what they give is a secret, or is of this moment."""
HEADERS: Final[Mapping[str, tuple[str, Json]]] = {
    "ETag": ("names what was sent: for `If-None-Match`", {"type": "string"}),
    "Location": ("the address of what was made", {"type": "string", "format": "uri-reference"}),
    "Idempotency-Replayed": ("`true` where this is the response to an earlier request with the same key", {"const": "true"}),
    "Retry-After": ("after how many seconds it is worth coming again", {"type": "integer", "minimum": 1}),
    "Allow": ("the methods of this address", {"type": "string"}),
    "WWW-Authenticate": ("how to sign in", {"type": "string"}),
    "Content-Language": ("the language of `title`", {"type": "string"}),
}
SHARED: Final[Mapping[str, tuple[str, Sequence[Failure]]]] = {
    "TooManyRequests": ("429", (Refusal("http.too_many_requests", seconds=2),)),
    "Fault": ("500", (Fault(id="9f2c44d0a1b2c3d4"),)),
    "Unavailable": ("503", (Refusal("node.database_lost", cause="OperationalError"), Refusal("http.busy", seconds=2))),
    "OtherRefusal": ("4XX", (Refusal("http.method", method="PATCH", allowed="GET, HEAD"),)),
}
"""Responses that many routes give: in the document once."""


def document(app: FastAPI) -> Json:
    """The document of an application, made once."""
    if app.openapi_schema is None:
        made = get_openapi(title="Amana", version=app.version, description=ABOUT, routes=app.routes, separate_input_output_schemas=False)
        app.openapi_schema = _completed(made)
    return app.openapi_schema


def _completed(found: Json) -> Json:
    schemas = found.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    problem = ProblemOut.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= problem.pop("$defs", {})
    schemas["Problem"] = problem
    found["components"]["headers"] = {name: {"description": told, "schema": schema} for name, (told, schema) in HEADERS.items()}
    found["components"]["responses"] = {name: _problem(status, failures) for name, (status, failures) in SHARED.items()}
    found["components"]["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "description": "an API token, made after signing in"},
        "session": {"type": "apiKey", "in": "cookie", "name": "amana_session", "description": "the session of a browser"},
    }
    for operation in operations(found):
        _complete(operation, found)
    return found


def _complete(operation: Operation, found: Json) -> None:
    written, headers = operation.written, [LANGUAGE]
    written["summary"] = str(written.get("description", written.get("summary", ""))).partition("\n")[0]
    kept = operation.group not in UNKEPT
    stream = any(STREAM in response.get("content", {}) for response in written["responses"].values())
    if operation.method == "GET" and kept and not stream:
        headers.append(KNOWN)
        written["responses"]["304"] = {"description": "Nothing changed since the ETag of `If-None-Match`"}
    if operation.method == "POST" and kept:
        headers.append({**KEY, "required": bool(written.get(SPENDS))})
    written["parameters"] = [*written.get("parameters", ()), *headers]
    ways = _ways(operation)
    if ways:
        written["security"] = [{way: []} for way in ways]
    written["responses"].pop("422", None)
    known = response_example(operation.name)
    for status, response in written["responses"].items():
        if STREAM in response.get("content", {}):
            response["content"] = {STREAM: response["content"][STREAM]}
        for kind, media in response.get("content", {}).items():
            if known is not None and status != "202" and kind == "application/json":
                media["example"] = dict(known)
            _exemplify(media, found)
        sent = _headers(*_sent(operation, str(status), found, kept=kept and not stream))
        if sent:
            response["headers"] = sent
    for media in written.get("requestBody", {}).get("content", {}).values():
        if operation.name in REQUESTS:
            media["example"] = dict(REQUESTS[operation.name])
        _exemplify(media, found)
    for status, failures in refusals(operation, found).items():
        written["responses"][status] = _problem(status, failures)
    for name, (status, _) in SHARED.items():
        if (operation.group, status) != (HEALTH, "429"):
            written["responses"].setdefault(status, {"$ref": f"#/components/responses/{name}"})


def _problem(status: str, failures: Sequence[Failure]) -> Json:
    """A response that says no, with the headers that it bears."""
    examples = {each.code if isinstance(each, Refusal) else "fault": {"value": shown(each)} for each in failures}
    content = {MEDIA: {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": examples}}
    borne = [name for name in HEADERS if any(name in respond(each, catalogue=ENGLISH).headers for each in failures)]
    return {"description": STATUSES[status], "headers": _headers(*borne), "content": content}


def _sent(operation: Operation, status: str, found: Json, *, kept: bool) -> Iterator[str]:
    """The headers of a response that says yes. `kept`: for whoever has it, or sends her request again."""
    if kept and operation.method == "GET":
        yield "ETag"
    kind = operation.path.rpartition("/")[2]
    if status == "202" or (status == "201" and any(path.startswith(f"{BASE}/{kind}/{{") for path in found["paths"])):
        yield "Location"
    if kept and operation.method == "POST":
        yield "Idempotency-Replayed"


def _headers(*names: str) -> Json:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _exemplify(media: Json, found: Json) -> None:
    example = example_of(media, found)
    if example is not None:
        media["example"] = _nulled(example, media.get("schema", {}), found)


def _nulled(example: object, schema: Json, found: Json) -> object:
    """The example with the nulls that the maker of the document left out."""
    if "$ref" in schema:
        return _nulled(example, resolved(schema, found), found)
    if isinstance(example, list):
        each_of = cast("list[object]", example)
        return [_nulled(each, schema.get("items", {}), found) for each in each_of]
    if not isinstance(example, dict):
        return example
    given, parts = cast("Json", example), cast("Json", schema.get("properties", {}))
    wanting = {name: None for name in schema.get("required", ()) if name not in given}
    return {**{name: _nulled(each, parts.get(name, {}), found) for name, each in given.items()}, **wanting}


def _ways(operation: Operation) -> tuple[str, ...]:
    """By what whoever uses the route has signed in: none where strangers may, no token where the rules let none."""
    rules = [RULES[Action(action)] for action in operation.actions]
    if not rules:
        return tuple(operation.written.get(SIGNED_IN, ()))
    if all(Who.ANYONE in rule.who for rule in rules):
        return ()
    return ("session",) if all(rule.scope is None for rule in rules) else ("token", "session")
