"""What cards and synthetic tables say of attacks is what was found of this version, and a control is always at work."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

import amana
from amana.learn.attacks import PUBLISHED, SYNTHETIC, published_attacks
from amana.terms.training import LEARNERS
from tests.attacks.members import against, membership
from tests.models import MODEL
from tests.unit.learning import people, problem


def test_this_version_was_attacked_in_every_way() -> None:
    kept = json.loads(PUBLISHED.read_text("utf-8"))
    assert kept["version"] == amana.__version__, "make attacks, for each release"
    assert {(row["of"], row["attack"]) for row in kept["attacks"]} == {
        *((SYNTHETIC, name) for name in ("singling_out", "linking", "inference")),
        *((learner, "membership") for learner in LEARNERS),
    }


@pytest.mark.parametrize("of", [SYNTHETIC, *LEARNERS])
def test_no_attack_found_a_leak_and_each_caught_a_copy_of_the_data(of: str) -> None:
    for found in published_attacks(of):
        assert found.control_caught and not found.leaked, found
        assert found.excess_low <= found.excess <= found.excess_high < found.control_low


def test_what_was_not_attacked_has_no_attacks() -> None:
    assert published_attacks("somebody else's") == ()


@pytest.mark.slow
def test_membership_is_found_again_within_what_is_published(tmp_path: Path) -> None:
    found, (published,) = membership("linear", tmp_path), published_attacks("linear")
    assert found.control.caught and not found.risk.caught
    low, high = found.risk.excess
    assert low <= published.excess_high and published.excess_low <= high


def test_a_model_that_says_the_same_of_all_is_right_of_members_as_often_as_of_others() -> None:
    of = problem()
    dull = replace(MODEL, features=of.features, parts=())
    assert not against(dull, people(1), people(2)).risk.caught
