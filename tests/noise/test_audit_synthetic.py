"""The counts that a synthetic table is made from, audited at their own mechanism (PRIVACY 21)."""

from math import sqrt

from amana.learn.audit import Verdict
from amana.learn.synthesis import synthesis_of
from amana.learn.synthetic import Synthesiser
from amana.terms.ids import NanoRho
from amana.terms.model import Feature, FeatureKind
from tests.noise.audits import SCHEMA, audit, ratio

NRHO = 500_000_000
RUNS = 30


HALVES = Feature(name="size", kind=FeatureKind.NUMBER, edges=(50,))


def synthesiser() -> Synthesiser:
    spec = synthesis_of(SCHEMA.tables[0], columns=("kind", "size", "yes"), target="yes", features=(HALVES,), nano_rho=NanoRho(NRHO))
    return Synthesiser(synthesis=spec)


def test_a_synthetic_table_keeps_its_word_and_half_its_noise_is_caught() -> None:
    found = audit("synthetic", synthesiser, runs=RUNS)
    assert found.verdict is Verdict.HOLDS and found.lower > found.claim / 4


def test_nearly_all_of_the_loss_is_used() -> None:
    """The canary is in every plan: the ratio is as wide as the whole loss says, less what rounding takes."""
    ratios = [ratio(synthesiser(), with_canary=True) for _ in range(60)]
    mean = sum(ratios) / len(ratios)
    spread = sqrt(sum((value - mean) ** 2 for value in ratios) / (len(ratios) - 1))
    assert abs(mean - 0.5) < 5 / sqrt(60) and abs(spread - 1) < 5 / sqrt(2 * 60)  # mu² = 2 rho = 1
