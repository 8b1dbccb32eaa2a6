"""The status of a commitment as a small picture for the pages of others: two boxes with words, and nothing that runs."""

from collections.abc import Mapping
from typing import Annotated
from xml.sax.saxutils import escape, quoteattr

from fastapi import APIRouter, Query, Request, Response

from amana.policy.rights import Action
from amana.terms.refusal import Refusal
from amana.web.access import doing
from amana.web.bodies import Language
from amana.web.context import Here
from amana.web.pages.chart import width_of
from amana.web.pages.programme_feed import reader_in
from amana.web.pages.reader import Reader
from amana.web.programme_figures import EVERYWHERE
from amana.web.route import Route

HEIGHT, PADDING = 24, 8
CHARACTERS_MAX = 60
MEDIA = "image/svg+xml; charset=utf-8"
POLICY = "default-src 'none'; sandbox"
TITLE_COLOUR = "#16211f"
COLOURS: Mapping[str, str] = {
    "done": "#0b5c4b", "on_track": "#2f6d5f", "started": "#8a4b00", "late": "#a11a1a", "no_evidence": "#4c5a57", "dropped": "#4c5a57",
}  # fmt: skip
"""White words on each have a contrast of 4.5 or more; the words say the status, not the colour."""
router = APIRouter(route_class=Route, include_in_schema=False)


@router.get("/programme/commitments/{name}/badge.svg", openapi_extra=doing(Action.SEE_PUBLIC))
def badge(request: Request, here: Here, name: str, wished: Annotated[Language | None, Query(alias="language")] = None) -> Response:
    """The picture, for an `img` anywhere. Errors: Refusal node.not_found, programme.none_adopted."""
    standing = here.programme_state.evaluation().standing(name)
    if standing is None:
        raise Refusal("node.not_found", thing="word.thing.commitment", name=name[:80])
    reader = reader_in(request, here, wished)
    title, status = reader.pick(standing.commitment.title).striptags(), reader.catalogue.word("status", standing.status.value)
    label = reader.catalogue.say("page.programme.changed", title=title, status=status)
    drawn = drawn_badge(title, status, label=label, colour=COLOURS[standing.status.value], reader=reader)
    headers = {
        **EVERYWHERE, "Cache-Control": "public, max-age=300", "Content-Security-Policy": POLICY, "Content-Language": reader.language,
        "Vary": "Accept-Encoding, Accept-Language",
    }  # fmt: skip
    return Response(drawn, media_type=MEDIA, headers=headers)


def drawn_badge(title: str, status: str, *, label: str, colour: str, reader: Reader) -> str:
    """The title and, after it as one reads, the status. `label`: both, for whoever hears the page."""
    shown = title if len(title) <= CHARACTERS_MAX else f"{title[: CHARACTERS_MAX - 1]}…"
    wide, narrow = (round(width_of(each)) + 2 * PADDING for each in (shown, status))
    whole = wide + narrow
    at_title, at_status = (narrow, 0) if reader.direction == "rtl" else (0, wide)
    words = (
        f'<text x="{at_title + wide / 2:g}" y="16">{escape(shown)}</text>'
        f'<text x="{at_status + narrow / 2:g}" y="16" font-weight="600">{escape(status)}</text>'
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label={quoteattr(label)} width="{whole}" '
        f'height="{HEIGHT}" viewBox="0 0 {whole} {HEIGHT}" xml:lang="{reader.language}" direction="{reader.direction}">'
        f"<title>{escape(label)}</title>"
        f'<rect x="{at_title}" width="{wide}" height="{HEIGHT}" fill="{TITLE_COLOUR}"/>'
        f'<rect x="{at_status}" width="{narrow}" height="{HEIGHT}" fill="{colour}"/>'
        f'<g fill="#fff" font-family="system-ui,sans-serif" font-size="12" text-anchor="middle">{words}</g></svg>\n'
    )
