"""A map by region in a real browser: numbers stand in their regions, nothing makes a page scroll sideways, east is on the right."""

from importlib.resources import files
from typing import cast

import pytest

from amana.node.service import Service
from amana.programme.outline import outline_of
from amana.programme.topology import read_topology
from amana.terms.answer import Estimate
from amana.web.pages.map import drawn_map, shades_of
from amana.web.pages.reader import Reader
from tests.browser.pages import needs_browser, page_of
from tests.topologies import OWN, real

pytestmark = [pytest.mark.browser, needs_browser]

OUTSIDE = """[...document.querySelectorAll(".map svg g:has(text)")].flatMap((region) => {
  const text = region.querySelector("text"), box = text.getBBox(), path = region.querySelector("path");
  const point = document.querySelector(".map svg").createSVGPoint();
  return [[0.1, 0.3], [0.9, 0.3], [0.1, 0.7], [0.9, 0.7]].filter(([across, down]) => {
    point.x = box.x + across * box.width; point.y = box.y + down * box.height;
    return !path.isPointInFill(point);
  }).map(() => text.textContent);
})"""
FILLS = """[...document.querySelectorAll(".map svg g > path")].map((path) => getComputedStyle(path).fill)"""


@pytest.mark.parametrize("language", ["ar", "fr"])
@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("name", ["own", "regions.json", "provinces.json"])
def test_numbers_stand_in_their_regions_and_a_page_is_as_wide_as_its_window(name: str, width: int, language: str) -> None:
    outline = outline_of(read_topology(OWN.read_bytes() if name == "own" else real(name)))
    reader = Reader(language=language, path="/", service=cast("Service", None))
    figures = {shape.id: Estimate(value=10.0 * shape.number, low=9.0, high=2_000.0) for shape in outline.shapes[1:]}
    style = "".join(files("amana.web").joinpath(f"static/{sheet}").read_text("utf-8") for sheet in ("portal.css", "map.css"))
    shown = drawn_map(reader, outline, shades_of(figures), what="Figures, per 1000")
    with page_of(language=language, width=width) as page:
        page.set_content(
            f'<html lang="{language}" dir="{reader.direction}"><style>{style.replace("asset(", "url(")}</style><body><main>{shown}</main></body></html>'
        )
        assert page.evaluate(OUTSIDE) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        fills = page.evaluate(FILLS)
        assert len(set(fills)) == 6 and 'url("#hatch")' in fills
        matrix = page.evaluate("document.querySelector('.map svg').getScreenCTM().a")
        assert matrix > 0, "never mirrored"
        assert matrix >= 0.85, "numbers of twelve units stay readable"
