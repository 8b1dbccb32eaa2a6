"""Fields of a document that somebody else may have written: each is of its kind and within its limits, or the file is refused.

Errors: every function raises Refusal model.file_wrong, with the place in the document.
"""

from collections.abc import Mapping, Sequence
from typing import cast

from amana.terms.refusal import Refusal


def object_of(found: object, path: str, *, names: Sequence[str]) -> Mapping[str, object]:
    """Those fields, all of them and no other."""
    if not isinstance(found, dict):
        raise wrong(path, wanted="word.object")
    table = cast("dict[str, object]", found)
    if set(table) != set(names):
        raise wrong(path, wanted="word.model.fields", known=", ".join(names))
    return table


def list_of(found: object, path: str, *, most: int) -> Sequence[object]:
    """A list of at most so many items."""
    if not isinstance(found, list):
        raise wrong(path, wanted="word.list")
    listed = cast("list[object]", found)
    if len(listed) > most:
        raise wrong(path, wanted="word.items_at_most", number=most)
    return listed


def wholes_of(found: object, path: str, *, most: int, low: int, high: int) -> tuple[int, ...]:
    """A list of at most so many whole numbers, each from `low` to `high`."""
    listed = list_of(found, path, most=most)
    for place, each in enumerate(listed):
        if type(each) is not int or not low <= each <= high:
            raise wrong(f"{path}[{place}]", wanted="word.whole", low=low, high=high)
    return tuple(cast("Sequence[int]", listed))


def whole_of(found: object, path: str, *, low: int, high: int) -> int:
    """A whole number from `low` to `high`."""
    if type(found) is not int or not low <= found <= high:
        raise wrong(path, wanted="word.whole", low=low, high=high)
    return found


def text_of(found: object, path: str, *, most: int) -> str:
    """A text of at most so many characters, whole ones."""
    if not isinstance(found, str) or len(found) > most:
        raise wrong(path, wanted="word.characters_at_most", number=most)
    if any("\ud800" <= letter <= "\udfff" for letter in found):
        raise wrong(path, wanted="word.text")
    return found


def one_of(found: object, path: str, *, known: Sequence[str]) -> str:
    """One of the known words."""
    if not isinstance(found, str) or found not in known:
        raise wrong(path, wanted="word.one_of", known=", ".join(known))
    return found


def wrong(path: str, *, wanted: str, **parameters: str | int) -> Refusal:
    """A file that is none, at that place in it."""
    return Refusal("model.file_wrong", where=None, path=path or ".", wanted=wanted, **parameters)


def number_of(found: object, path: str, *, most: int) -> float:
    """A number from 0 to `most`."""
    if type(found) not in (int, float) or not 0 <= cast("float", found) <= most:
        raise wrong(path, wanted="word.number")
    return float(cast("float", found))
