"""From a template and values to a response."""

import gzip
import re
from collections.abc import Iterable, Mapping
from functools import cache

from fastapi import Response
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from amana.client.explain import parted
from amana.client.figures import GROUP, digits_after, number, percent, show
from amana.terms.answer import Estimate, Shown
from amana.terms.refusal import Fault, Refusal
from amana.web.pages.assets import address_of
from amana.web.pages.reader import NAMES, Reader
from amana.web.pages.words import day_of, hour_of

POLICY = (
    "default-src 'none';script-src 'self';style-src 'self';font-src 'self';img-src 'self';connect-src 'self';worker-src 'self';"
    "manifest-src 'self';base-uri 'none';form-action 'self';frame-ancestors 'none'"
)
EXAMPLE = re.compile(r"[^:\n]+: (?:SELECT|WITH)\b.*")
MEDIA = "text/html; charset=utf-8"
STYLE = re.compile(r'<link rel="stylesheet" href="([^"]+)">')
PACKED_BYTES_MIN = 400


def page(reader: Reader, template: str, *, status: int = 200, **values: object) -> Response:
    """A page, written from `templates/<template>`. What may be kept of it, and by whom, its route says (`pages.route`)."""
    found = part(reader, template, **{"refusal": None, **values})
    headers = {"Content-Security-Policy": POLICY, "Content-Language": reader.language, "Link": _styles(found)}
    return Response(found, status_code=status, media_type=MEDIA, headers=headers)


def part(reader: Reader, template: str, **values: object) -> Markup:
    """A piece of a page, written from its own template."""
    return Markup(_environment().get_template(template).render({**_known(reader), **values}))  # noqa: S704 - the template escapes


def packed(response: Response) -> bytes | None:
    """The body in gzip, where that is worth it."""
    body = bytes(response.body)
    return gzip.compress(body, 6, mtime=0) if len(body) >= PACKED_BYTES_MIN else None


def said(reader: Reader, failure: Refusal | Fault) -> str:
    """A refusal or fault as a sentence in the reader's language."""
    match failure:
        case Refusal():
            return reader.catalogue.say(failure.code, **failure.parameters)
        case Fault():
            return reader.catalogue.say("cli.fault", id=failure.id)


def _marked(line: str) -> Markup:
    """A line of a message with its code marked as code, so that it reads from left to right."""
    if EXAMPLE.fullmatch(line):
        words, _, example = line.partition(": ")
        return Markup("{}: <code>{}</code>").format(words, example)
    parts = line.split("`")
    return Markup("").join(Markup("<code>{}</code>").format(part) if place % 2 else escape(part) for place, part in enumerate(parts))


def ltr(text: object) -> Markup:
    """What reads from left to right in every language: figures with their intervals, names of columns, code."""
    return Markup('<bdi dir="ltr">{}</bdi>').format(str(text))


def code(text: object) -> Markup:
    """What somebody could type: names, SQL, commands."""
    return Markup("<code>{}</code>").format(str(text))


def figure(cell: Shown) -> Markup:
    """A cell of an answer."""
    return ltr(_whole(show(cell)) if isinstance(cell, Estimate) else show(cell))


def amount(value: float, digits: int | None = None) -> Markup:
    """A number in groups of three digits; without `digits`, with those that three meaningful ones need."""
    shown = digits if digits is not None else 0 if float(value).is_integer() else max(0, digits_after(abs(value) / 10))
    return ltr(number(value, shown))


def share(value: float) -> Markup:
    """A share as per cent."""
    return ltr(_whole(percent(value)))


def day(text: object) -> Markup:
    """A day or a moment, which stays on one line."""
    return Markup('<bdi dir="ltr" class="day">{}</bdi>').format(str(text))


def lines(text: str) -> Markup:
    """What a person wrote, with its line breaks."""
    return Markup("<br>").join(escape(line) for line in text.split("\n"))


def _whole(text: str) -> str:
    """No line ends inside it."""
    return text.replace(" ", GROUP)


def comma_of(reader: Reader, texts: Iterable[object]) -> Markup:
    """A list in one line."""
    between = Markup("، ") if reader.language == "ar" else Markup(", ")
    return between.join(escape(each) for each in texts)


def _styles(found: str) -> str:
    """The styles that a page names, named before it: a browser fetches them while a slow line still brings the page. Source: RFC 8288."""
    return ",".join(f"<{address}>;rel=preload;as=style" for address in STYLE.findall(found))


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("amana.web.pages"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        auto_reload=False,
    )  # fmt: skip
    environment.filters |= {"ltr": ltr, "code": code, "figure": figure, "amount": amount, "share": share, "lines": lines, "day": day}
    return environment


def _known(reader: Reader) -> Mapping[str, object]:
    """What every template may name."""
    catalogue = reader.catalogue

    def comma(texts: Iterable[object]) -> Markup:
        return comma_of(reader, texts)

    def told(failure: Refusal | Fault) -> Markup:
        return Markup("<br>").join(_marked(line) for line in said(reader, failure).split("\n"))

    def words(terms: Iterable[object]) -> list[str]:
        """Terms of permitted use in words, those that nobody has words for as they are written."""
        return [catalogue.word("purpose", str(each)) for each in terms]

    return {
        "words": words, "day": day_of, "hour": hour_of,
        "reader": reader, "language": reader.language, "direction": reader.direction, "say": catalogue.say, "count": catalogue.count,
        "word": catalogue.word, "tell": reader.tell, "pick": reader.pick, "at": reader.at, "comma": comma, "told": told, "parted": parted,
        "asset": address_of, "names": NAMES, "colon": "\u00a0:" if reader.language == "fr" else ":",
    }  # fmt: skip
