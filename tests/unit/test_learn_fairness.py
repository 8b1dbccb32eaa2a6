"""Rates by group and their differences: as fairlearn defines them, with intervals that hold for all members at once."""

from dataclasses import replace
from random import Random
from statistics import fmean
from typing import Any

import numpy as np
import pytest

from amana.learn.fairness import fairness_of
from amana.learn.quality import Bins, Quality, Score, bins_of, classified
from amana.terms.ids import NanoRho
from amana.terms.model import Effect, Feature, FeatureKind, Model
from tests.models import MODEL
from tests.unit.learning import problem

BINS = Bins(start=-4096, width=1024, count=8)
Counts = np.ndarray[Any, np.dtype[np.float64]]


def tables(seed: int, members: int = 3) -> dict[str, Counts]:
    """Rows by class and bin of scores, of each member."""
    chance = Random(seed)
    return {
        f"m{number}": np.array([[chance.randint(20, 400) for _ in range(BINS.count)] for _ in range(2)], dtype=float)
        for number in range(members)
    }


def measured(found: dict[str, Counts], *, noise: float) -> list[Quality]:
    def of(group: str, member: str, counts: Counts) -> Quality:
        scores, calibration = classified(counts, noise, BINS)
        return Quality(group=group, member=member, rows=float(counts.sum()), scores=scores, calibration=calibration)

    every: Counts = np.sum(list(found.values()), axis=0)
    return [of("", "", every), *(of("sex", member, counts) for member, counts in found.items())]


def rows_of(found: dict[str, Counts]) -> tuple[list[int], list[int], list[str], list[float]]:
    """The same as rows with weights: truth, prediction, member, weight."""
    cells = [
        (label, int(BINS.start + BINS.width * place >= 0), member, float(counts[label, place]))
        for member, counts in found.items()
        for label in (0, 1)
        for place in range(BINS.count)
    ]
    truth, predicted, member, weight = zip(*cells, strict=True)
    return list(truth), list(predicted), list(member), list(weight)


def rates(found: dict[str, Counts]) -> dict[str, list[float]]:
    """By hand, of each member."""
    half = BINS.count // 2
    return {
        "selection_rate": [float(each[:, half:].sum() / each.sum()) for each in found.values()],
        "true_positive_rate": [float(each[1, half:].sum() / each[1].sum()) for each in found.values()],
        "false_positive_rate": [float(each[0, half:].sum() / each[0].sum()) for each in found.values()],
    }


@pytest.mark.parametrize("seed", range(5))
def test_rates_and_summaries_are_those_of_their_definitions(seed: int) -> None:
    found = tables(seed)
    quality = measured(found, noise=1.0)
    by_hand = rates(found)
    for name, values in by_hand.items():
        told = [next(score.value for score in one.scores if score.metric == name) for one in quality[1:]]
        assert told == pytest.approx(values)
    told = {score.metric: score.value for score in fairness_of(quality)["sex"]}
    selected = by_hand["selection_rate"]
    odds = [max(by_hand[name]) - min(by_hand[name]) for name in ("true_positive_rate", "false_positive_rate")]
    assert told == pytest.approx({
        "demographic_parity_difference": max(selected) - min(selected),
        "demographic_parity_ratio": min(selected) / max(selected),
        "equalized_odds_difference": max(odds),
    })  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
def test_summaries_are_those_of_fairlearn(seed: int) -> None:
    from fairlearn import metrics

    found = tables(seed)
    truth, predicted, member, weight = rows_of(found)
    told = {score.metric: score.value for score in fairness_of(measured(found, noise=1.0))["sex"]}
    for name, value in told.items():
        assert value == pytest.approx(getattr(metrics, name)(truth, predicted, sensitive_features=member, sample_weight=weight)), name


def test_intervals_hold_for_the_noise() -> None:
    """Of the rates 95 % of the time, of the summaries more often: they hold for all members at once."""
    noise, draws = 12.0, 400
    found, chance = tables(1), np.random.default_rng(5)
    truth = {score.metric: score.value for score in fairness_of(measured(found, noise=noise))["sex"]}
    one_rate = rates(found)["selection_rate"][0]
    held: dict[str, list[bool]] = {name: [] for name in (*truth, "rate")}
    for _ in range(draws):
        noisy = {member: counts + chance.normal(0, noise, counts.shape) for member, counts in found.items()}
        quality = measured(noisy, noise=noise)
        for score in fairness_of(quality)["sex"]:
            held[score.metric].append(score.low <= truth[score.metric] <= score.high)
        rate = next(score for score in quality[1].scores if score.metric == "selection_rate")
        held["rate"].append(rate.low <= one_rate <= rate.high)
    assert 0.91 < fmean(held["rate"]) < 0.985
    assert all(fmean(held[name]) > 0.93 for name in truth), {name: fmean(each) for name, each in held.items()}


def test_of_too_few_rows_or_one_member_nothing_is_told() -> None:
    assert fairness_of(measured(tables(1), noise=500.0)) == {}
    assert fairness_of(measured(tables(1, members=1), noise=1.0)) == {}
    score = Score(metric="r2", value=0.5, low=0.4, high=0.6)
    regression = [Quality(group="sex", member=each, rows=9.0, scores=(score,), calibration=()) for each in "fm"]
    assert fairness_of(regression) == {}


def test_a_member_of_whom_nothing_is_told_may_be_treated_in_any_way() -> None:
    found = tables(1)
    known = {score.metric: score for score in fairness_of(measured(found, noise=1.0))["sex"]}
    few = measured(found | {"few": np.full((2, BINS.count), 0.2)}, noise=1.0)
    assert few[-1].scores == ()
    told = {score.metric: score for score in fairness_of(few)["sex"]}
    assert told["demographic_parity_ratio"] == replace(known.pop("demographic_parity_ratio"), low=0.0)
    assert all(told[name] == replace(score, high=1.0) for name, score in known.items())


def test_where_perhaps_nobody_is_chosen_no_ratio_is_told() -> None:
    none = {member: np.hstack([np.full((2, 4), 300.0), np.zeros((2, 4))]) for member in "fm"}
    told = {score.metric: score for score in fairness_of(measured(none, noise=0.5))["sex"]}
    assert "demographic_parity_ratio" not in told
    difference = told["demographic_parity_difference"]
    assert difference.value == 0.0 < difference.high


def rare(intercept: int, *, strong: int = 0) -> Model:
    """One column of 32 members, the first of which adds so much."""
    town = Feature(name="town", kind=FeatureKind.CHOICE, members=tuple(str(number) for number in range(32)))
    effect = Effect(features=(0,), values=(strong,) + (0,) * 32)
    return replace(MODEL, features=(town,), intercept=intercept, parts=(effect,))


@pytest.mark.parametrize(("intercept", "strong"), [(-4096, 6144), (4096, -6144), (0, 0), (-900, 0), (2**20, 0), (-7, 3000)])
@pytest.mark.parametrize("loss", [1, 10**9])
def test_who_is_chosen_can_be_read_off_the_bins(intercept: int, strong: int, loss: int) -> None:
    bins = bins_of(problem(), rare(intercept, strong=strong), nano_rho=NanoRho(loss))
    inner = [bins.start + bins.width * place for place in range(1, bins.count)]
    assert 0 in inner


def test_a_model_that_rarely_says_yes_is_not_fair_for_that() -> None:
    """The score is above 0 for one of 32 towns only, where 5 % of some live and 30 % of others."""
    model = rare(-4096, strong=6144)
    bins = bins_of(problem(), model, nano_rho=NanoRho(10**8))
    found: dict[str, Counts] = {}
    for member, share in (("f", 0.05), ("m", 0.3)):
        counts = np.zeros((2, bins.count))
        for town, rows in ((0, 10_000 * share), (1, 10_000 * (1 - share))):
            place = (model.score((town,)) - bins.start) // bins.width
            counts[:, min(max(place, 0), bins.count - 1)] += rows / 2
        found[member] = counts
    quality = [
        Quality(group="sex", member=member, rows=10_000.0, scores=classified(counts, 1.0, bins)[0], calibration=())
        for member, counts in found.items()
    ]
    told = {score.metric: score for score in fairness_of(quality)["sex"]}
    assert told["demographic_parity_difference"].value == pytest.approx(0.25)
    assert told["demographic_parity_ratio"].value == pytest.approx(0.05 / 0.3)
    assert told["equalized_odds_difference"].value == pytest.approx(0.25)
    selected = next(score for score in quality[0].scores if score.metric == "selection_rate")
    assert selected.value == pytest.approx(0.05) and selected.low < 0.05 < selected.high
