"""The operations of an OpenAPI document, and values of the forms that it describes."""

from collections.abc import Iterator
from dataclasses import dataclass
from re import findall
from typing import Any, TypeAlias, cast, final

from amana.web.access import ACTIONS

Json: TypeAlias = dict[str, Any]
METHODS = ("get", "post", "put", "patch", "delete")
DEPTH_MAX = 8


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

    @property
    def group(self) -> str:
        """The kind of thing that it is about."""
        return str((self.written.get("tags") or [""])[0])

    @property
    def fields(self) -> tuple[str, ...]:
        """What stands in braces in its path."""
        return tuple(findall(r"{(.*?)}", self.path))

    def responses(self, found: Json) -> Iterator[tuple[str, Json]]:
        """Each with its status; those that many operations share stand once in the document."""
        for status, response in self.written["responses"].items():
            yield str(status), resolved(response, found)


def operations(found: Json) -> Iterator[Operation]:
    """Every operation, in the order of the document."""
    for path, methods in found["paths"].items():
        for method in METHODS:
            if method in methods:
                yield Operation(method=method.upper(), path=path, written=methods[method])


def resolved(part: Json, found: Json) -> Json:
    """The part itself, or the one that it refers to."""
    if "$ref" not in part:
        return part
    *_, kind, name = part["$ref"].split("/")
    return cast("Json", found["components"][kind][name])


def example_of(media: Json, found: Json) -> object:
    """The example of a request or a response; None where nothing is known of its form."""
    return cast("object", media["example"]) if "example" in media else sample(media.get("schema", {}), found, depth=DEPTH_MAX)


def sample(schema: Json, found: Json, *, depth: int) -> object:
    """A value of that form: the schema's own example, else one put together from its parts."""
    if "$ref" in schema:
        return sample(resolved(schema, found), found, depth=depth - 1) if depth else None
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
