"""Drawings of answers in a real browser: no label leaves its picture, none lies on another, in any script."""

from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import cast

import pytest

from amana.client.cost import Cost
from amana.client.result import Result
from amana.node.service import Service
from amana.terms.answer import AnswerTable, CellType, Estimate
from amana.web.pages.answer import answer_html
from amana.web.pages.reader import Reader
from tests.browser.pages import needs_browser, page_of

pytestmark = [pytest.mark.browser, needs_browser]

LABELS = """[...document.querySelectorAll("svg")].flatMap((svg) => {
  const frame = svg.viewBox.baseVal, texts = [...svg.querySelectorAll("text")].map((text) => [text.textContent, text.getBBox()]);
  const found = [];
  texts.forEach(([name, box], index) => {
    if (box.x < -0.5 || box.y < -0.5 || box.x + box.width > frame.width + 0.5 || box.y + box.height > frame.height + 0.5)
      found.push(`${name} leaves the picture`);
    for (const [other, its] of texts.slice(index + 1)) {
      const apart = box.x + box.width <= its.x || its.x + its.width <= box.x || box.y + box.height <= its.y || its.y + its.height <= box.y;
      if (!apart) found.push(`${name} lies on ${other}`);
    }
  });
  return found;
})"""
REGIONS = {
    "Latin": ["Adrar", "Tizi", "MMMMMMMMMMMMM", "Drâa-Tafilalet", "i"],
    "Arabic": ["الدار البيضاء – سطات", "درعة تافيلالت", "سوس", "العيون – الساقية الحمراء", "الداخلة – وادي الذهب"],
    "Tifinagh": ["ⵜⴰⵏⵊⴰ ⵜⵉⵟⵟⴰⵡⵉⵏ ⵍⵃⵓⵙⵉⵎⴰ", "ⵙⵓⵙ ⵎⴰⵙⵙⴰ", "ⴷⵔⴰ ⵜⴰⴼⵉⵍⴰⵍⵜ"],
    "long": ["Direction régionale de la planification et de la santé des communes rurales", "Casablanca", "Tanger-Tétouan-Al Hoceïma"],
    "mixed": ["منطقة 12 (Nord-Ouest)", "North 3 – الشمال", "ⴰⴷⵔⴰⵔ 7"],
}
VALUES = {"small": 0.0123, "thousands": 12_345.6, "large": 987_654_321.0, "negative": -51_000.0}


def result(types: tuple[CellType, ...], rows: list[tuple[object, ...]]) -> Result:
    cost = Cost(loss_nrho=1, cap_nrho=10, spent_nrho=1, delta_units=0, recalled=False)
    table = AnswerTable(columns=tuple(f"c{index}" for index in range(len(types))), rows=tuple(rows), types=types)  # type: ignore[arg-type]
    return Result(table=table, cost=cost, version="v", digest="d")


def figure(value: float) -> Estimate:
    return Estimate(value=value, low=value - abs(value) / 7, high=value + abs(value) / 7)


def answers() -> list[Result]:
    made: list[Result] = []
    for names in REGIONS.values():
        for size in VALUES.values():
            rows: list[tuple[object, ...]] = [(name, figure(size * (1 + index / 3))) for index, name in enumerate(names)]
            made.append(result((CellType.TEXT, CellType.FIGURE), rows))
    for count, step in ((2, 1), (36, 31), (400, 1)):
        days = [(date(2020, 1, 1) + timedelta(days=step * index), figure(1e6 + index)) for index in range(count)]
        made.append(result((CellType.DATE, CellType.FIGURE), [*days]))
    made.append(result((CellType.INTEGER, CellType.FIGURE), [(10_000 * index, figure(index)) for index in range(1, 60)]))
    two: list[tuple[object, ...]] = [
        (name, sex, figure(100 * index + len(sex))) for index, name in enumerate(REGIONS["Arabic"], 1) for sex in ("أنثى", "ذكر")
    ]
    made.append(result((CellType.TEXT, CellType.TEXT, CellType.FIGURE), two))
    return made


@cache
def style() -> str:
    return files("amana.web").joinpath("static/portal.css").read_text("utf-8").replace("asset(", "url(")


@pytest.mark.parametrize("language", ["ar", "fr"])
@pytest.mark.parametrize("width", [360, 1280])
def test_labels_stay_in_their_pictures_and_off_each_other(language: str, width: int) -> None:
    reader = Reader(language=language, path="/", service=cast("Service", None))
    body = "".join(answer_html(reader, each) for each in answers())
    with page_of(language=language, width=width) as page:
        page.set_content(
            f'<html lang="{language}" dir="{reader.direction}"><style>{style()}</style><body><main>{body}</main></body></html>'
        )
        assert page.locator("svg").count() == len(answers()) + 1
        found = page.evaluate(LABELS)
        assert found == [], "; ".join(found)
        narrow = page.evaluate("Math.min(...[...document.querySelectorAll('svg')].map((svg) => svg.getBoundingClientRect().width / 360))")
        assert narrow >= 0.9, "texts of twelve units stay readable"
