"""What became another in a plan, field by field: between the draft that people commented on and the text that came of it.

A path is a JSON Pointer into the document of the plan (RFC 6901), but parts of the plan that have an `id` are named by it, not by their
place: `/commitment/open-data/title/fr`. Where such parts stand in another order, `/commitment/-` holds the order of their ids.
"""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import cast, final

from amana.programme.plan import Plan
from amana.programme.plan_document import document_of

ORDER = "-"
"""No id is this, for each begins with a letter."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """`before`, `after`: what JSON holds there, None where nothing is: documents of plans hold no null."""

    path: str
    before: object
    after: object

    @property
    def parts(self) -> tuple[str, ...]:
        """The names on the path."""
        return tuple(each.replace("~1", "/").replace("~0", "~") for each in self.path.split("/")[1:])


def diff(old: Plan, new: Plan) -> tuple[Difference, ...]:
    """Everything that differs between two plans, in the order of the document's fields."""
    found: list[Difference] = []
    _compare(document_of(old), document_of(new), (), found)
    return tuple(found)


def apply(document: Mapping[str, object], differences: Sequence[Difference]) -> dict[str, object]:
    """The document with the differences made in it. Errors: KeyError where it is not the one that they were found in."""
    made = deepcopy(dict(document))
    for each in differences:
        *way, last = each.parts
        inside: object = made
        for name in way:
            inside = _part(inside, name)
        if isinstance(inside, dict):
            _set(cast("dict[str, object]", inside), last, each.after)
        elif last == ORDER:
            parts = cast("list[object]", inside)
            order = {name: place for place, name in enumerate(cast("list[str]", each.after))}
            parts.sort(key=lambda part: order[_id(part)])
        else:
            _put(cast("list[object]", inside), last, each.after)
    return made


def of_commitment(differences: Sequence[Difference], commitment: str) -> tuple[Difference, ...]:
    """Those inside one commitment, or of the whole of it."""
    return tuple(each for each in differences if each.parts[:2] == ("commitment", commitment))


def _compare(old: object, new: object, path: tuple[str, ...], found: list[Difference]) -> None:
    before, after = _members(old), _members(new)
    if before is not None and after is not None:
        for name in dict.fromkeys((*before, *after)):
            _compare(before.get(name), after.get(name), (*path, name), found)
        return
    was, now_is = _named(old), _named(new)
    if was is not None and now_is is not None:
        for name in dict.fromkeys((*was, *now_is)):
            _compare(was.get(name), now_is.get(name), (*path, name), found)
        left = [name for name in was if name in now_is] + [name for name in now_is if name not in was]
        if left != list(now_is):
            found.append(_difference((*path, ORDER), left, list(now_is)))
    elif old != new:
        found.append(_difference(path, old, new))


def _difference(path: tuple[str, ...], before: object, after: object) -> Difference:
    return Difference(path="".join(f"/{each.replace('~', '~0').replace('/', '~1')}" for each in path), before=before, after=after)


def _members(value: object) -> dict[str, object] | None:
    return cast("dict[str, object]", value) if isinstance(value, dict) else None


def _named(value: object) -> dict[str, object] | None:
    """The parts of a list by their ids; None for what is no list of parts that have each its own."""
    if not isinstance(value, list):
        return None
    parts = cast("list[object]", value)
    named = {_id(part): part for part in parts}
    return named if "" not in named and len(named) == len(parts) else None


def _id(part: object) -> str:
    return str(cast("dict[str, object]", part).get("id", "")) if isinstance(part, dict) else ""


def _part(inside: object, name: str) -> object:
    if isinstance(inside, dict):
        return cast("dict[str, object]", inside)[name]
    found = next((part for part in cast("list[object]", inside) if _id(part) == name), None)
    if found is None:
        raise KeyError(name)
    return found


def _set(inside: dict[str, object], name: str, value: object) -> None:
    if value is None:
        del inside[name]
    else:
        inside[name] = value


def _put(parts: list[object], name: str, value: object) -> None:
    """A part goes, or comes as the last."""
    if value is None:
        parts.remove(_part(parts, name))
    else:
        parts.append(value)
