"""The programme by region: the figures of one indicator on the map of the country, and as a table."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import Query, Response
from markupsafe import Markup

from amana.policy.rights import Action
from amana.programme.evaluate import Evaluation
from amana.programme.outline import Outline
from amana.programme.plan import Commitment
from amana.programme.status import Measure, Observation
from amana.terms.answer import Estimate
from amana.terms.refusal import Refusal
from amana.web.access import doing
from amana.web.pages.map import drawn_map, shades_of
from amana.web.pages.programme_words import estimate_of
from amana.web.pages.reader import Reader
from amana.web.pages.render import page
from amana.web.pages.route import Read, public_pages

ROWS_MAX = 200
"""As many as regions of a map."""
router = public_pages()
Chosen = Annotated[str, Query(alias="indicator", max_length=40)]


@router.get("/programme/map", openapi_extra=doing(Action.SEE_PUBLIC))
def regions(reader: Read, chosen: Chosen = "") -> Response:
    """Where each region stands. Errors: Refusal node.not_found for an indicator without regions, programme.none_adopted."""
    evaluation = reader.service.programme_state.evaluation()
    found = with_regions(evaluation)
    if chosen and chosen not in found:
        raise Refusal("node.not_found", thing="word.thing.indicator", name=chosen[:80])
    shown = chosen or next(iter(found), "")
    if not shown:
        return page(reader, "programme_map.html", shown="", choices=(), outline=None)
    commitment, measure, current = found[shown]
    figures = {region: estimate_of(value, low, high) for region, value, low, high in current.regions[:ROWS_MAX]}
    what = Markup("{} ({})").format(reader.pick(measure.indicator.title), reader.pick(measure.indicator.unit)).striptags()
    outline = reader.service.regions.outline()
    known = frozenset[str]() if outline is None else frozenset(shape.id for shape in outline.shapes)
    return page(
        reader,
        "programme_map.html",
        shown=shown,
        choices=tuple((name, each[0].title, each[1].indicator.title) for name, each in found.items()),
        commitment=commitment,
        current=current,
        what=what,
        drawing=_drawn(reader, outline, figures, what=what),
        outline=outline,
        rest=tuple((region, each) for region, each in figures.items() if region not in known),
    )


def with_regions(evaluation: Evaluation) -> Mapping[str, tuple[Commitment, Measure, Observation]]:
    """The indicators whose figure is known by region: the commitment, the measure and the figure, by the name of the indicator."""
    return {
        each.indicator.id: (standing.commitment, each, each.current)
        for standing in evaluation.standings
        for each in standing.measures
        if each.current is not None and each.current.regions
    }


def _drawn(reader: Reader, outline: Outline | None, figures: Mapping[str, Estimate], *, what: str) -> Markup | None:
    return None if outline is None else drawn_map(reader, outline, shades_of(figures), what=what)
