"""What attacks by somebody who has a model or a synthetic table found, on invented stand-ins, never on members (PRIVACY 16).

Each was led against people who were in the data and, just the same, against people of the same population who were not. What works on both
tells of the population; only what works better on those who were in tells of them. The same attack on a plain copy of the data must be
caught: else it shows nothing (PRIVACY 21).
"""

import json
from dataclasses import dataclass
from functools import cache
from math import sqrt
from pathlib import Path
from typing import TypeAlias, final

from amana.learn.audit import Verdict
from amana.terms.training_facts import Attack

PUBLISHED = Path(__file__).parent / "attacks.json"
"""As `make attacks` measured them last."""
SYNTHETIC = "synthetic"
"""What a synthetic table is called there, beside the learners."""
Hits: TypeAlias = tuple[int, int]
"""(attacks that succeeded, attacks)."""
Z = 1.959964
CAUGHT = 0.1
"""An excess that is surely larger than this is a leak."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """`inside`, `outside`: successes against people who were in the data and who were not."""

    inside: Hits
    outside: Hits

    @property
    def excess(self) -> tuple[float, float]:
        """95 % interval of the difference of both rates. Source: Newcombe 1998, method 10 (of Wilson's intervals)."""
        (one, low_one, high_one), (two, low_two, high_two) = (_wilson(hits) for hits in (self.inside, self.outside))
        return (
            one - two - sqrt((one - low_one) ** 2 + (high_two - two) ** 2),
            one - two + sqrt((high_one - one) ** 2 + (two - low_two) ** 2),
        )

    @property
    def caught(self) -> bool:
        """Whether it surely tells more of people who were in."""
        return self.excess[0] > CAUGHT


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Attacked:
    """One attack on what was made, and on the control, a copy of the data."""

    risk: Risk
    control: Risk

    @property
    def verdict(self) -> Verdict:
        """HOLDS only if the same attack catches a copy of the data."""
        if not self.control.caught:
            return Verdict.NO_EVIDENCE
        return Verdict.VIOLATED if self.risk.caught else Verdict.HOLDS


def published_attacks(of: str) -> tuple[Attack, ...]:
    """What attacks on this version of the program found. `of`: a learner, or SYNTHETIC; nothing where it was not attacked."""
    return tuple(_told(name, found) for whose, name, found in _published() if whose == of)


@cache
def _published() -> tuple[tuple[str, str, Attacked], ...]:
    rows = json.loads(PUBLISHED.read_text(encoding="utf-8"))["attacks"]
    return tuple((row["of"], row["attack"], Attacked(risk=_risk(row["risk"]), control=_risk(row["control"]))) for row in rows)


def _risk(row: dict[str, list[int]]) -> Risk:
    (inside, of_inside), (outside, of_outside) = row["inside"], row["outside"]
    return Risk(inside=(inside, of_inside), outside=(outside, of_outside))


def _told(name: str, found: Attacked) -> Attack:
    low, high = found.risk.excess
    return Attack(
        attack=name,
        excess=(found.risk.inside[0] / found.risk.inside[1]) - (found.risk.outside[0] / found.risk.outside[1]),
        excess_low=low,
        excess_high=high,
        control_low=found.control.excess[0],
        control_caught=found.control.caught,
        leaked=found.verdict is Verdict.VIOLATED,
    )


def _wilson(hits: Hits) -> tuple[float, float, float]:
    """(rate, 95 % interval of it)."""
    successes, tries = hits
    if not tries:
        return 0.0, 0.0, 1.0
    rate, weight = successes / tries, Z**2 / tries
    middle, half = (rate + weight / 2) / (1 + weight), Z * sqrt(rate * (1 - rate) / tries + weight / (4 * tries)) / (1 + weight)
    return rate, middle - half, middle + half
