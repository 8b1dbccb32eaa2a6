"""Small pictures of a profile: what they draw, and that nothing leaves their frame."""

import re

from hypothesis import given
from hypothesis import strategies as st

from amana.terms.answer import Estimate
from amana.web.pages.plots import APART_MAX, BAR_WIDTH, HEIGHT, bar, histogram
from amana.web.pages.profile import together


def drawn(counts: list[float], *, noise: float = 0.0, label: str = "Spread") -> str:
    return str(histogram(counts, noise=noise, ends=("0", "100"), label=label))


def heights(picture: str) -> list[int]:
    """Of the separate bars."""
    return [int(found) for found in re.findall(r"v-(\d+)h", picture)]


def test_bars_are_as_high_as_their_counts() -> None:
    assert heights(drawn([10.0, 20.0, 40.0])) == [HEIGHT // 4, HEIGHT // 2, HEIGHT]


def test_a_count_that_noise_made_negative_has_no_bar() -> None:
    assert heights(drawn([-5.0, 40.0])) == [HEIGHT]


def test_a_picture_has_a_text_alternative_and_the_ends_of_its_axis() -> None:
    picture = drawn([1.0, 2.0], label='Spread of "a" & <b>')
    assert 'role="img" aria-label="Spread of &#34;a&#34; &amp; &lt;b&gt;"' in picture
    assert re.findall(r">([^<>]+)</text>", picture) == ["0", "100"]


def test_noise_is_drawn_around_the_end_of_each_bar() -> None:
    whiskers = re.findall(r"M[\d.]+ ([\d.]+)V([\d.]+)", drawn([50.0, 100.0], noise=10.0))
    half = HEIGHT * 10 / 100
    assert [(float(top), float(bottom)) for top, bottom in whiskers] == [(24 - half, 24 + half), (0, half)]
    assert "M" not in drawn([50.0, 100.0]).split('stroke="currentColor"')[0].split('fill-opacity=".55"/>')[1].replace("M0 48", "")


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=64), st.floats(0, 1e8))
def test_no_picture_leaves_its_frame(counts: list[float], noise: float) -> None:
    picture = drawn(counts, noise=noise)
    width, height = (int(found) for found in re.findall(r'viewBox="0 0 (\d+) (\d+)"', picture)[0])
    assert 100 <= width <= 260 and height > HEIGHT
    for path in re.findall(r' d="([^"]*)"', picture):
        for found in re.findall(r"V([\d.]+)", path):
            assert 0 <= float(found) <= HEIGHT
        for left, top in re.findall(r"M([\d.]+) ([\d.]+)", path):
            assert 0 <= float(left) <= width and 0 <= float(top) <= HEIGHT
    if len(counts) > APART_MAX:
        assert sum(int(found) for found in re.findall(r"h(\d+)V", picture)) == width


@given(st.floats(0, 1), st.floats(0, 0.3), st.floats(0.01, 1))
def test_a_bar_and_its_interval_stay_in_the_picture_and_in_order(value: float, half: float, most: float) -> None:
    share = Estimate(value=value, low=max(0.0, value - half), high=value + half)
    found = re.search(r"M0 1h([\d.]+)v.*M([\d.]+) 6H([\d.]+)m", str(bar(share, most=most)))
    assert found is not None
    at, low, high = (float(each) for each in found.groups())
    assert 1 <= low <= at <= high < BAR_WIDTH


def test_the_others_together_are_as_many_and_as_uncertain_as_their_parts() -> None:
    found = together([Estimate(value=0.1, low=0.07, high=0.13), Estimate(value=0.2, low=0.16, high=0.24)])
    assert found.value is not None and abs(found.value - 0.3) < 1e-12
    assert found.high is not None and abs(found.high - 0.35) < 1e-12
