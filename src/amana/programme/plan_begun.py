"""From the confirmed items of a draft to the beginning of a plan file: everything that the source says, and where people go on.

What only people can say (owner, theme, due, indicators) is left out: `amana programme check` names it, field by field.
"""

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, cast, final

from amana.catalog.rules_fields import place_in_toml
from amana.programme.plan import AGREEMENT_KINDS, CATEGORIES, LANGUAGES
from amana.programme.proposal_file import FORMAT
from amana.terms.refusal import Place, Refusal

DRAFT_BYTES_MAX = 2**22
Item: TypeAlias = Mapping[str, object]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """`text`: the plan file so far; `taken`, `left`: how many items were confirmed, and how many were not."""

    text: str
    taken: int
    left: int


def begin_plan(content: bytes, *, source: str) -> Begun:
    """The beginning of a plan. `source`: what the plan calls the source text.

    Errors: Refusal programme.not_toml, programme.draft_wrong (not a draft, or an item without its span), programme.draft_unconfirmed.
    """
    draft = _read(content)
    try:
        known = cast("Item", draft["source"])
        confirmed = {
            name: [each for each in cast("Sequence[Item]", draft.get(name, ())) if each["confirmed"] is True]
            for name in ("agreement", "recommendation", "figure")
        }
        every = sum(len(cast("Sequence[Item]", draft.get(name, ()))) for name in confirmed)
        lines = [*_heading(known, source=source), *_event(confirmed["figure"], source=source)]
        for each in confirmed["agreement"]:
            lines += _agreement(each, source=source)
        for each in confirmed["recommendation"]:
            lines += _commitment(each, source=source)
    except (KeyError, TypeError, ValueError):
        raise Refusal("programme.draft_wrong") from None
    taken = sum(map(len, confirmed.values()))
    if not taken:
        raise Refusal("programme.draft_unconfirmed", left=every)
    return Begun(text="\n".join(lines) + "\n", taken=taken, left=every - taken)


def _read(content: bytes) -> Item:
    if len(content) > DRAFT_BYTES_MAX:
        raise Refusal("programme.draft_wrong")
    try:
        draft = tomllib.loads(content.decode("utf-8", "replace"))
    except (tomllib.TOMLDecodeError, RecursionError, ArithmeticError, ValueError) as error:
        line, column = place_in_toml(content.decode("utf-8", "replace"), error)
        raise Refusal("programme.not_toml", where=Place(line=line, column=column), line=line, column=column) from None
    if draft.get("format") != FORMAT:
        raise Refusal("programme.draft_wrong")
    return draft


def _heading(known: Item, *, source: str) -> Iterator[str]:
    yield from ('plan = "national-plan"', "version = 1", *_words("title", {}))
    yield from ("", "[[source]]", f'id = "{source}"', f"sha256 = {_text(known['sha256'])}", *_words("source.title", {}))


def _event(figures: Sequence[Item], *, source: str) -> Iterator[str]:
    """Figures of what an event counts; others are for indicators, which people write."""
    counted = [each for each in figures if each.get("counts") in CATEGORIES]
    if counted:
        yield from ("", "[[event]]", 'id = "event"', 'kind = "conference"', *_words("event.title", {}))
    for each in counted:
        yield from ("[[event.figure]]", f"category = {_text(each['counts'])}", f"count = {int(cast('str', each['value']))}")
        yield from (f"at_least = {'true' if each['at_least'] is True else 'false'}", f"span = {_span(each, source=source)}")


def _agreement(item: Item, *, source: str) -> Iterator[str]:
    kind = item["kind"] if item["kind"] in AGREEMENT_KINDS else AGREEMENT_KINDS[0]
    yield from ("", "[[agreement]]", f"id = {_text(item['id'])}", f"kind = {_text(kind)}", f"span = {_span(item, source=source)}")
    yield from _words("agreement.title", item["title"])
    for party in cast("Sequence[object]", item["parties"]):
        yield from ("[[agreement.party]]", *(f"{language} = {_text(party)}" for language in LANGUAGES))


def _commitment(item: Item, *, source: str) -> Iterator[str]:
    yield from ("", "[[commitment]]", f"id = {_text(item['id'])}", f"span = {_span(item, source=source)}")
    yield from _words("commitment.title", item["title"])


def _span(item: Item, *, source: str) -> str:
    span = cast("Item", item["span"])
    start, end = (int(cast("int", span[name])) for name in ("from", "to"))
    return f'{{ source = "{source}", from = {start}, to = {end}, sha256 = {_text(span["sha256"])} }}'


def _words(table: str, given: object) -> Iterator[str]:
    """A table with a text in each language, those empty that nobody wrote."""
    written = cast("Item", given)
    yield f"[{table}]"
    yield from (f"{language} = {_text(written.get(language, ''))}" for language in LANGUAGES)


def _text(value: object) -> str:
    """A TOML text: what JSON writes is one, but for the character that JSON leaves as it is and TOML does not."""
    if not isinstance(value, str):
        raise TypeError("no text")
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
