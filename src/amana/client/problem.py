"""What a node answers when it does not answer: the very refusal or fault that it raised (RFC 9457)."""

import json
from typing import cast

from amana.client.wire import Json, an_object, misread
from amana.terms.codes import CODES
from amana.terms.refusal import Fault, Place, Refusal

_NAMED = {"self", "code", "where"}
"""Words of `Refusal` itself."""
TITLE_MAX = 1_000


def read_problem(status: int, body: bytes) -> Refusal | Fault:
    """The refusal by its name, or the fault by its id."""
    try:
        problem = an_object(json.loads(body), f"HTTP {status}")
    except (ValueError, Refusal):
        return misread(f"HTTP {status}")
    fault = problem.get("fault")
    if isinstance(fault, str):
        return Fault(id=fault[:80])
    name = problem.get("name")
    if isinstance(name, str) and name in CODES:
        return Refusal(name, where=_place(problem.get("where")), **_parameters(problem.get("parameters")))
    if "title" not in problem:
        return misread(f"HTTP {status}")
    code = str(problem.get("code") or problem.get("name") or f"HTTP {status}")
    return Refusal("client.unknown_refusal", number=code[:80], title=str(problem["title"])[:TITLE_MAX])


def _parameters(found: object) -> dict[str, str | int]:
    given = _object(found)
    return {
        name: value if isinstance(value, (str, int)) else str(value)
        for name, value in given.items()
        if name.isidentifier() and name not in _NAMED
    }


def _place(found: object) -> Place | None:
    place = _object(found)
    line, column, length = (place.get(name) for name in ("line", "column", "length"))
    if not isinstance(line, int) or not isinstance(column, int) or min(line, column) < 1:
        return None
    return Place(line=line, column=column, length=length if isinstance(length, int) else 1)


def _object(found: object) -> Json:
    """An object, or an empty one for anything else: a problem is told as far as it is understood."""
    return cast("Json", found) if isinstance(found, dict) else {}
