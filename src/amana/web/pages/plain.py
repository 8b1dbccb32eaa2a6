"""Headings, paragraphs and lists of the project's own Markdown as they stand on a page: the little of it that such a page uses."""

import re
from collections.abc import Iterator

from markupsafe import Markup, escape

INLINE = re.compile(r"\*\*(?P<strong>.+?)\*\*|`(?P<code>[^`]+)`|\[(?P<link>[^\]]+)\]\([^)]*\)")


def items_of(text: str) -> tuple[Markup, ...]:
    """The items of every list, without what stands around them."""
    return tuple(inline(block[2:]) for block in _blocks(text) if block.startswith("- "))


def inline(text: str) -> Markup:
    """One paragraph: strong words and code. A link is its words alone, for it leads to a page that is not served here."""
    made, at = Markup(), 0
    for found in INLINE.finditer(text):
        made += escape(text[at : found.start()])
        match found.lastgroup:
            case "strong":
                made += Markup("<strong>{}</strong>").format(inline(found["strong"]))
            case "code":
                made += Markup("<code>{}</code>").format(found["code"])
            case _:
                made += escape(found["link"])
        at = found.end()
    return made + escape(text[at:])


def _blocks(text: str) -> Iterator[str]:
    """Lines that belong together, in one line each."""
    held: list[str] = []
    for line in [*text.splitlines(), ""]:
        if held and (not line.strip() or line.startswith(("- ", "#"))):
            yield " ".join(held)
            held = []
        if line.strip():
            held.append(line.strip())
