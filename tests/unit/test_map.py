"""Figures by region as a page shows them: a map, its legend, and a table that says the same."""

import re
from html.parser import HTMLParser
from importlib.resources import files
from typing import cast

import pytest

from amana.client.text import LANGUAGES
from amana.node.service import Service
from amana.programme.outline import Outline, outline_of
from amana.programme.topology import read_topology
from amana.terms.answer import Estimate
from amana.web.pages.map import Shades, drawn_map, shades_of
from amana.web.pages.reader import Reader
from tests.topologies import OWN, document, geometry, real, written

SVG_BYTES_MAX = 6_000
TEXT_CONTRAST_MIN, EDGE_CONTRAST_MIN = 4.5, 3.0
"""Source: WCAG 2.2, 1.4.3 and 1.4.11."""


def reader(language: str = "en") -> Reader:
    return Reader(language=language, path="/", service=cast("Service", None))


def figure(value: float) -> Estimate:
    return Estimate(value=value, low=value - 1.5, high=value + 1.5)


def outline(content: bytes | None = None) -> Outline:
    return outline_of(read_topology(OWN.read_bytes() if content is None else content))


def some(shown: Outline) -> Shades:
    """A figure for each region but the last."""
    return shades_of({shape.id: figure(1234.5 + 700 * place) for place, shape in enumerate(shown.shapes[:-1])})


def svg_of(found: str) -> str:
    return found[found.index("<svg") : found.index("</svg>") + 6]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("content", [None, "regions.json"], ids=["own", "real"])
def test_a_map_of_a_dozen_regions_is_small_and_has_a_path_and_a_title_for_each(content: str | None, language: str) -> None:
    shown = outline(None if content is None else real(content))
    svg = svg_of(drawn_map(reader(language), shown, some(shown), what="what"))
    assert len(svg.encode()) <= SVG_BYTES_MAX
    assert len(re.findall(r'<g class="s[0-5]"><title>[^<]+</title><path d="m[^"]+z"/>', svg)) == len(shown.shapes) == 12
    assert svg.startswith('<svg role="img" aria-label=')


def test_titles_and_table_say_name_and_figure_in_the_readers_language() -> None:
    shown = outline()
    found = drawn_map(reader("ar"), shown, some(shown), what="ما يقاس")
    assert "<title>1. أدرار: \u2066" in found and "<title>12. تيزي: لا رقم</title>" in found
    assert re.search(r'<th scope="row">أدرار</th><td class="number"><span class="s1"></span><bdi dir="ltr">1\s234.5\s±\s1.5</bdi>', found)
    assert re.search(r'<th scope="row">تيزي</th><td class="number">لا رقم</td>', found)


def test_a_name_in_another_language_is_marked_in_the_table_and_plain_in_the_title() -> None:
    shown = outline(written(document()))
    found = drawn_map(reader("ar"), shown, some(shown), what="x")
    assert '<th scope="row"><span lang="und" dir="ltr">Region a</span></th>' in found and "<title>1. Region a: " in found


def test_what_a_file_or_a_page_says_is_escaped() -> None:
    shown = outline(written(document(geometries=[geometry("a", [[0, 1]], properties={"name": '<b>"&amp;'})])))
    found = drawn_map(reader(), shown, shades_of({"a": figure(3)}), what='<i>"')
    assert "<b>" not in found and "<i>" not in found and 'aria-label="Map by region: &lt;i&gt;&#34;' in found
    assert "<title>1. &lt;b&gt;&#34;&amp;amp;: " in found


def test_nothing_in_a_map_runs_or_is_styled_inline() -> None:
    shown = outline()
    assert not re.search(r"\sstyle=|<style|<script|\son\w+=", drawn_map(reader(), shown, some(shown), what="x"))


def test_a_map_is_well_formed() -> None:
    shown, stack = outline(), list[str]()

    class Checked(HTMLParser):
        def handle_starttag(self, tag: str, attrs: object) -> None:
            stack.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert stack.pop() == tag

    Checked().feed(drawn_map(reader(), shown, some(shown), what="x"))
    assert stack == []


@pytest.mark.parametrize(
    ("values", "borders", "steps"),
    [
        ((3, 18, 97), (0, 20, 40, 60, 80, 100), (1, 1, 5)),
        ((12, 20, 39.9, 40, 60), (10, 20, 30, 40, 50, 60), (1, 2, 3, 4, 5)),
        ((-5, 0, 5), (-6, -4, -2, 0, 2, 4), None),
        ((0.02, 0.11), (0.02, 0.04, 0.06, 0.08, 0.1, 0.12), (1, 5)),
        ((1_200_000, 3_400_000), (1_000_000, 1_500_000, 2_000_000, 2_500_000, 3_000_000, 3_500_000), (1, 5)),
        ((7,), None, (1,)),
        ((0,), None, (1,)),
    ],
)
def test_classes_are_equally_wide_and_end_at_round_numbers(
    values: tuple[float, ...], borders: tuple[float, ...] | None, steps: tuple[int, ...] | None
) -> None:
    found = shades_of({str(place): figure(value) for place, value in enumerate(values)})
    assert len(found.borders) == 6 and found.borders[0] <= min(values) and max(values) <= found.borders[-1]
    if borders is not None and steps is not None:
        assert found.borders == pytest.approx(borders)
    if steps is not None:
        assert tuple(found.of(str(place)).step for place in range(len(values))) == steps
    for place, value in enumerate(values):
        step = found.of(str(place)).step
        assert found.borders[step - 1] <= value <= found.borders[step]


def test_the_legend_tells_the_ends_of_classes_and_of_no_figure_only_where_there_is_one() -> None:
    shown = outline()
    every = {shape.id: figure(0.02 + 0.008 * place) for place, shape in enumerate(shown.shapes)}
    whole = drawn_map(reader(), shown, shades_of(every), what="x")
    assert re.findall(r'<span class="s(\d)"></span><bdi dir="ltr">([^<]+ – [^<]+)</bdi></li>', whole)[0] == ("1", "0.02 – 0.04")
    assert "no figure" not in whole
    every.pop("Tizi")
    assert '<li><span class="s0"></span>no figure</li>' in drawn_map(reader(), shown, shades_of(every), what="x")


def test_without_any_figure_there_is_a_map_without_classes() -> None:
    unknown = Estimate(value=None, low=None, high=None)
    shades = shades_of({"Tizi": unknown, "Adrar": Estimate(value=float("inf"), low=None, high=None)})
    found = drawn_map(reader(), outline(), shades, what="x")
    assert shades.borders == () and found.count('<g class="s0">') == 12 and "(±)" not in found


def test_small_regions_are_drawn_over_large_ones() -> None:
    big, small = [[[0, 0], [0, 900], [900, 900], [900, 0], [0, 0]], [[300, 300], [300, 500], [500, 500], [500, 300], [300, 300]]]
    shown = outline(written(document([small, big], [geometry("a", [[0]]), geometry("b", [[1]])])))
    found = drawn_map(reader(), shown, some(shown), what="x")
    assert found.index("<title>2. ") < found.index("<title>1. ")


def luminance(colour: str) -> float:
    """Source: WCAG 2.2, relative luminance."""
    digits = colour.removeprefix("#")
    digits = digits if len(digits) == 6 else "".join(2 * digit for digit in digits)
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("dark", [False, True])
def test_numbers_and_edges_stand_out_and_classes_are_told_apart_without_their_hue(dark: bool) -> None:
    static = files("amana.web").joinpath("static")
    known: dict[str, str] = {}
    for name in ("portal.css", "map.css"):
        blocks = re.findall(
            r"(@media \(prefers-color-scheme: dark\) \{\s*)?(?::root|\.map) \{([^}]*--[^}]*)\}", static.joinpath(name).read_text("utf-8")
        )
        for scheme, block in blocks:
            if dark or not scheme:
                known |= dict(re.findall(r"--(\w+): ([^;]+);", block))
    known = {name: known[value[6:-1]] if value.startswith("var(") else value for name, value in known.items()}
    shades = [known[f"s{step}"] for step in range(1, 6)]
    over = {"s1"} if dark else {"s5"}
    for step, shade in enumerate(shades, start=1):
        assert contrast(shade, known["over"] if f"s{step}" in over else known["edge"]) >= TEXT_CONTRAST_MIN, step
        assert contrast(shade, known["edge"]) >= EDGE_CONTRAST_MIN, step
    assert all(contrast(one, other) >= 1.25 for one, other in zip(shades, shades[1:], strict=False))
    lights = [luminance(shade) for shade in shades]
    assert lights == sorted(lights, reverse=not dark)
