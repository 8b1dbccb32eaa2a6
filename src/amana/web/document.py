"""The OpenAPI 3.1 document: made from the routes, completed with what holds for all of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias, cast, final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from amana.policy.people import Who
from amana.policy.rights import RULES, Action
from amana.web.access import ACTIONS, SPENDS
from amana.web.examples import REQUESTS, response_example
from amana.web.problems import MEDIA
from amana.web.shapes import ProblemOut

Json: TypeAlias = dict[str, Any]
METHODS = ("get", "post", "put", "patch", "delete")
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
DEPTH_MAX = 8
STREAM = "text/event-stream"
SIGN_IN = "sign-in"
"""The routes on which nothing is kept for a repetition or a copy: what they give is a secret, or is of this moment."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one path, as the document has it."""

    method: str
    path: str
    written: Json

    @property
    def name(self) -> str:
        """Its identifier."""
        return str(self.written["operationId"])

    @property
    def actions(self) -> tuple[str, ...]:
        """What it does, by `policy.rights`."""
        return tuple(self.written.get(ACTIONS, ()))

    @property
    def public(self) -> bool:
        """Whether a stranger may."""
        return not self.written.get("security")


def document(app: FastAPI) -> Json:
    """The document of an application, made once."""
    if app.openapi_schema is None:
        made = get_openapi(title="Amana", version=app.version, description=ABOUT, routes=app.routes, separate_input_output_schemas=False)
        app.openapi_schema = _completed(made)
    return app.openapi_schema


def operations(found: Json) -> Iterator[Operation]:
    """Every operation, in the order of the document."""
    for path, methods in found["paths"].items():
        for method in METHODS:
            if method in methods:
                yield Operation(method=method.upper(), path=path, written=methods[method])


def example_of(media: Json, found: Json) -> object:
    """The example of a request or a response; None where nothing is known of its form."""
    return cast("object", media["example"]) if "example" in media else sample(media.get("schema", {}), found, depth=DEPTH_MAX)


def sample(schema: Json, found: Json, *, depth: int) -> object:
    """A value of that form: the schema's own example, else one put together from its parts."""
    if "$ref" in schema:
        return sample(found["components"]["schemas"][schema["$ref"].rpartition("/")[2]], found, depth=depth - 1) if depth else None
    for word in ("examples", "enum"):
        if schema.get(word):
            return cast("object", schema[word][0])
    for word in ("example", "const", "default"):
        if word in schema:
            return cast("object", schema[word])
    for word in ("anyOf", "oneOf", "allOf"):
        if word in schema:
            return sample(schema[word][0], found, depth=depth)
    match schema.get("type"):
        case "object" if "properties" in schema:
            return {name: sample(each, found, depth=depth) for name, each in schema["properties"].items()}
        case "array":
            one = sample(schema.get("items", {}), found, depth=depth)
            return [] if one is None else [one]
        case "string":
            return {"date-time": "2031-01-01T00:00:00Z", "date": "2031-01-01"}.get(str(schema.get("format")), "…")
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return False
        case _:
            return None


def _completed(found: Json) -> Json:
    schemas = found.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    problem = ProblemOut.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= problem.pop("$defs", {})
    schemas["Problem"] = problem
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
    plain = SIGN_IN in written.get("tags", ())
    if operation.method == "GET" and not plain:
        headers.append(KNOWN)
        written["responses"]["304"] = {"description": "Nothing changed since the ETag of `If-None-Match`"}
    if operation.method == "POST" and not plain:
        headers.append({**KEY, "required": bool(written.get(SPENDS))})
    written["parameters"] = [*written.get("parameters", ()), *headers]
    if not _everybody(operation):
        written["security"] = [{"token": []}, {"session": []}]
    written["responses"].pop("422", None)
    schema = {"$ref": "#/components/schemas/Problem"}
    known = response_example(operation.name)
    for status, response in written["responses"].items():
        if STREAM in response.get("content", {}):
            response["content"] = {STREAM: response["content"][STREAM]}
        for kind, media in response.get("content", {}).items() if str(status).startswith("2") else ():
            if known is not None and status != "202" and kind == "application/json":
                media["example"] = dict(known)
            _exemplify(media, found)
    for media in written.get("requestBody", {}).get("content", {}).values():
        if operation.name in REQUESTS:
            media["example"] = dict(REQUESTS[operation.name])
        _exemplify(media, found)
    shown = found["components"]["schemas"]["Problem"]["examples"]
    content = {MEDIA: {"schema": schema, "examples": {"refusal": {"value": shown[0]}, "fault": {"value": shown[1]}}}}
    written["responses"]["4XX"] = {"description": "A refusal: nothing was done", "content": content}
    written["responses"]["5XX"] = {"description": "A fault, or a node that cannot answer now", "content": content}


def _exemplify(media: Json, found: Json) -> None:
    example = example_of(media, found)
    if example is not None:
        media["example"] = _nulled(example, media.get("schema", {}), found)


def _nulled(example: object, schema: Json, found: Json) -> object:
    """The example with the nulls that the maker of the document left out."""
    if "$ref" in schema:
        return _nulled(example, found["components"]["schemas"][schema["$ref"].rpartition("/")[2]], found)
    if isinstance(example, list):
        each_of = cast("list[object]", example)
        return [_nulled(each, schema.get("items", {}), found) for each in each_of]
    if not isinstance(example, dict):
        return example
    given, parts = cast("Json", example), cast("Json", schema.get("properties", {}))
    wanting = {name: None for name in schema.get("required", ()) if name not in given}
    return {**{name: _nulled(each, parts.get(name, {}), found) for name, each in given.items()}, **wanting}


def _everybody(operation: Operation) -> bool:
    """Whether every action of the route is open to strangers, or none stands on it."""
    return all(Who.ANYONE in RULES[Action(action)].who for action in operation.actions)
