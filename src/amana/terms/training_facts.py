"""What is known of a model or a forecaster from its training alone: from what it learned, at what cost, how well. Standard library only.

Every figure here is a charged, noisy sum or follows from some (PRIVACY 16), so that all of it may stand in a public register.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final, cast, final

from amana.terms.ids import DeltaUnits, Digest, NanoRho

PARITY_DIFFERENCE, PARITY_RATIO = "demographic_parity_difference", "demographic_parity_ratio"
ODDS_DIFFERENCE = "equalized_odds_difference"
COMPARISONS: Final = frozenset({PARITY_DIFFERENCE, PARITY_RATIO, ODDS_DIFFERENCE})
"""Measures that compare the members of a column; every other is of one member, or of everybody."""
EVERY_GROUP: Final = "*"
"""In place of a member, in these. A real member may be called so too."""
FORECASTING: Final = "forecasting"
"""The task of a forecaster. What models predict, `terms.model.Task` tells."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One measure of quality with its 95 % interval. `name`: "auc", "accuracy", "r2", "error" and so on. `column`, `group`: of whom it
    is the quality, where not of everybody. `steps`: how far ahead, of a forecast; else 0."""

    name: str
    value: float
    low: float
    high: float
    column: str = ""
    group: str = ""
    steps: int = 0

    @property
    def compares(self) -> bool:
        """Whether it compares the members of its column, and is of none of them."""
        return self.name in COMPARISONS and self.group == EVERY_GROUP

    @property
    def whom(self) -> str:
        """Of whom it is: `sex = women`, `sex` where it compares, empty for everybody; of a forecast `24 ahead`."""
        if self.steps:
            return f"{self.steps} ahead"
        return self.column if self.compares or not self.column else f"{self.column} = {self.group}"

    def __post_init__(self) -> None:
        assert self.low <= self.value <= self.high, "a figure lies in its interval"
        assert bool(self.column) == bool(self.group), "a group is of a column"
        assert not (self.steps and self.column), "a forecast is of everybody"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """An attack on the mechanism, on public or synthetic stand-ins (PRIVACY 21). `claimed`, `lower_bound`: epsilon at `delta`, the bound at
    that confidence. `control_caught`: the same test caught a mechanism with half the noise; else the audit is no evidence."""

    attack: str
    claimed: float
    lower_bound: float
    delta: float
    confidence: float
    control_caught: bool


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """An attack by somebody who has the model or the table, on an invented stand-in. `excess`: how much oftener it succeeded against people
    who were in the data than against others of the same population, a share, with its 95 % interval. `control_low`: the least that it
    surely was for a copy of the data. `control_caught`: that was a leak; else the attack is no evidence. `leaked`: what was made is one."""

    attack: str
    excess: float
    excess_low: float
    excess_high: float
    control_low: float
    control_caught: bool
    leaked: bool


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingFacts:
    """`specification`: what was asked for, as canonical JSON, but for the text of a query. `unit`: who is protected; `rows_kept`: of each
    unit. `entry`: the index of the use in the public log; `receipt`: the keyed digest of the training. `energy_wh`, `carbon_g`: the most
    that it took and emitted, predicted from public facts; None where nothing predicts it.
    """

    learner: str
    specification: str
    task: str
    target: str
    features: tuple[str, ...]
    unit: str
    rows_kept: int
    cost_nrho: NanoRho
    cost_delta: DeltaUnits
    quality: tuple[Metric, ...]
    groups: tuple[Metric, ...]
    trained_at: datetime
    entry: int
    receipt: Digest
    energy_wh: float | None = None
    carbon_g: float | None = None
    audit: Audit | None = None
    attacks: tuple[Attack, ...] = ()


def write_facts(facts: TrainingFacts) -> str:
    """As one line of JSON."""
    plain = asdict(facts) | {"trained_at": facts.trained_at.isoformat()}
    return json.dumps(plain, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def read_facts(written: str) -> TrainingFacts:
    """What `write_facts` wrote."""
    plain = cast("dict[str, Any]", json.loads(written))
    audit = cast("Mapping[str, Any] | None", plain["audit"])
    read: dict[str, Any] = {
        "features": tuple(plain["features"]),
        "quality": tuple(Metric(**each) for each in plain["quality"]),
        "groups": tuple(Metric(**each) for each in plain["groups"]),
        "trained_at": datetime.fromisoformat(plain["trained_at"]),
        "attacks": tuple(Attack(**each) for each in plain.get("attacks", ())),
        "audit": None if audit is None else Audit(**audit),
    }
    return TrainingFacts(**plain | read)
