"""What the page about privacy says of attacks is what they find: attacked anew in small, and within what was promised."""

import json
from pathlib import Path
from typing import Any

import pytest
from scipy import stats

import amana
from amana.client.odds import right_of_100
from amana.web.pages.about import attacks
from tests.attacks.run import ATTACKS, LOSSES, PLACE, Attacked, attacked

FEW = 64
EACH = 1e-5
"""Chance that one comparison fails where nothing is wrong."""
PUBLISHED: dict[str, dict[str, Any]] = {row["attack"]: row for row in json.loads(PLACE.read_text("utf-8"))["attacks"]}


def test_this_version_was_attacked_in_every_way_and_the_page_shows_it() -> None:
    kept = json.loads(PLACE.read_text("utf-8"))
    assert kept["version"] == amana.__version__, "make attacks, for each release"
    assert (set(PUBLISHED), kept["losses_nrho"]) == (set(ATTACKS), list(LOSSES))
    shown = {row.name: (row.right, row.chance, row.unprotected) for row in attacks().rows}
    assert shown == {name: (tuple(row["right"]), row["chance"], row["right_without_protection"]) for name, row in PUBLISHED.items()}
    assert all(row["chance"] == kept["guesses"] // 2 for row in PUBLISHED.values())


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_works_where_nothing_is_protected(name: str) -> None:
    assert ATTACKS[name](Attacked(Path(), noise=False), nrho=LOSSES[-1], trials=FEW) == FEW
    assert PUBLISHED[name]["right_without_protection"] == attacks().of


@pytest.mark.parametrize("name", ATTACKS)
def test_no_attack_is_right_more_often_than_the_odds_on_the_page(name: str) -> None:
    for nrho, right in zip(LOSSES, PUBLISHED[name]["right"], strict=True):
        assert stats.binomtest(right, attacks().of, right_of_100(nrho) / 100, alternative="greater").pvalue > EACH


@pytest.mark.slow
@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_led_anew_finds_what_is_published(name: str) -> None:
    for place, nrho in enumerate(LOSSES):
        with attacked() as asked:
            right = ATTACKS[name](asked, nrho=nrho, trials=FEW)
        published, of = PUBLISHED[name]["right"][place], attacks().of
        table = [[right, FEW - right], [published, of - published]]
        assert stats.fisher_exact(table).pvalue > EACH, f"{right} of {FEW} now, {published} of {of} published"


def test_the_odds_rise_with_the_loss_from_chance_to_certainty() -> None:
    odds = [right_of_100(nrho) for nrho in (0, 1_000_000, 20_000_000, 500_000_000, 2_000_000_000, 10**11)]
    assert odds == sorted(odds) and odds[0] == 50 and odds[-1] == 100
    # A Gaussian with that loss is told apart less often than is promised: the promise holds of every mechanism.
    assert all(100 * stats.norm.cdf((2 * nrho / 1e9) ** 0.5 / 2) <= right_of_100(nrho) for nrho in (10**6, 10**7, 10**8, 10**9, 10**10))
