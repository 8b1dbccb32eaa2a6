"""The status of a commitment: computed from what weighs, by rules that anybody can apply (docs/reference/programme-status.md).

Only the unfavourable end of an interval counts as reached. A claim weighs nothing, nor does evidence that is a year old.
"""

from dataclasses import dataclass, replace
from datetime import date
from enum import Enum
from fractions import Fraction
from typing import final

from amana.programme.plan import UP, Commitment, Indicator, Milestone, Target


class Status(Enum):
    """Where a commitment stands."""

    NO_EVIDENCE = "no_evidence"
    STARTED = "started"
    ON_TRACK = "on_track"
    LATE = "late"
    DONE = "done"
    DROPPED = "dropped"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One figure of an indicator, on a day. `basis`: E1 to E4.

    `evidence`: its id; of E1 the digest of the query. `entry`: the index of its entry; None for E1. `entries`: of E1, the last entries it
    was made of. `organisation`, `verifier`: who brought it, and who found that it holds. `against`: why it weighs nothing
    (`word.evidence.*`), or empty. `document`: digest of the public document. `period`: the one whose entries alone were counted, or empty.
    """

    indicator: str
    basis: str
    on: date
    value: Fraction | None
    low: Fraction | None
    high: Fraction | None
    evidence: str
    entry: int | None
    entries: tuple[int, ...]
    organisation: str
    verifier: str
    against: str
    document: str
    regions: tuple[tuple[str, Fraction, Fraction, Fraction], ...] = ()
    period: str = ""

    @property
    def weighs(self) -> bool:
        """Whether it counts."""
        return not self.against and self.value is not None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """An indicator with everything that was observed, the latest last. `current`: the latest that weighs; `due`: the last target whose
    period is over; `next`: the first whose is not; `expected`: what a steady way would have reached by today."""

    indicator: Indicator
    observations: tuple[Observation, ...]
    current: Observation | None
    due: Target | None
    next: Target | None
    expected: Fraction

    def reaches(self, wanted: Fraction) -> bool:
        """Whether what weighs shows surely that a value is reached; where each period begins anew, in any of them."""
        if self.indicator.within_periods:
            return any(self._shows(each, wanted) for each in self.observations if each.period)
        return self.current is not None and self._shows(self.current, wanted)

    def meets(self, target: Target) -> bool:
        """The same of a target; where each period begins anew, in its own: what was done in one year is not done in the next."""
        if self.indicator.within_periods:
            return any(self._shows(each, target.value) for each in self.observations if each.period == target.period.name)
        return self.reaches(target.value)

    def keeps_up(self, *, today: date) -> bool:
        """Whether it is where a steady way stands today."""
        if not self.indicator.within_periods:
            return self.reaches(self.expected)
        running = self.next if self.next is not None and self.next.period.first <= today else None
        if running is None:
            return self.due is not None and self.meets(self.due)
        return any(self._shows(each, self.expected) for each in self.observations if each.period == running.period.name)

    def _shows(self, observation: Observation, wanted: Fraction) -> bool:
        return observation.weighs and self.indicator.reaches(sure_of(observation, self.indicator), wanted=wanted)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A milestone: whether it is reached, and whether it should be."""

    milestone: Milestone
    done: bool
    overdue: bool


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A commitment and where it stands. `dropped`: index of the entry that dropped it."""

    commitment: Commitment
    status: Status
    measures: tuple[Measure, ...]
    steps: tuple[Step, ...]
    dropped: int | None

    @property
    def overdue(self) -> bool:
        """Whether something was due and is not reached."""
        return any(step.overdue for step in self.steps) or any(each.due is not None and not each.meets(each.due) for each in self.measures)


def sure_of(observation: Observation, indicator: Indicator) -> Fraction:
    """The unfavourable end of a figure's interval."""
    end = observation.low if indicator.direction == UP else observation.high
    value = observation.value if end is None else end
    assert value is not None, "it weighs"
    return value


def measure_of(indicator: Indicator, observations: tuple[Observation, ...], *, today: date) -> Measure:
    """An indicator with what was observed of it, in any order."""
    ordered = tuple(sorted(observations, key=lambda each: (each.on, each.entry is None, each.entry or 0)))
    weighing = [each for each in ordered if each.weighs and (each.basis != "E1" or each.on == today or each.period)]
    # Of a count up to a day, only that of today weighs: what was counted once may be gone.
    over = [each for each in indicator.targets if each.period.last < today]
    ahead = [each for each in indicator.targets if each.period.last >= today]
    return Measure(
        indicator=indicator,
        observations=ordered,
        current=weighing[-1] if weighing else None,
        due=over[-1] if over else None,
        next=ahead[0] if ahead else None,
        expected=_expected(indicator, today=today),
    )


def standing_of(commitment: Commitment, measures: tuple[Measure, ...], *, dropped: int | None, today: date) -> Standing:
    """Where a commitment stands."""
    by_name = {each.indicator.id: each for each in measures}
    steps = tuple(_step(each, by_name[each.indicator], today=today) for each in commitment.milestones)
    made = Standing(commitment=commitment, status=Status.NO_EVIDENCE, measures=measures, steps=steps, dropped=dropped)
    return replace(made, status=_status(made, today=today))


def _status(standing: Standing, *, today: date) -> Status:
    measures = standing.measures
    if standing.dropped is not None:
        return Status.DROPPED
    if all(each.current is None for each in measures):
        return Status.NO_EVIDENCE
    if all(each.meets(each.indicator.targets[-1]) for each in measures) and all(step.done for step in standing.steps):
        return Status.DONE
    if standing.overdue or today > standing.commitment.due:
        return Status.LATE
    if all(each.keeps_up(today=today) for each in measures):
        return Status.ON_TRACK
    return Status.STARTED


def _step(milestone: Milestone, measure: Measure, *, today: date) -> Step:
    done = measure.reaches(milestone.value)
    return Step(milestone=milestone, done=done, overdue=not done and milestone.due < today)


def _expected(indicator: Indicator, *, today: date) -> Fraction:
    """The value of a straight way from the baseline through the targets; where each period begins anew, from 0 at its beginning."""
    if indicator.within_periods:
        ahead = [each for each in indicator.targets if each.period.first <= today <= each.period.last]
        days = [(today - each.period.first).days + 1 for each in ahead]
        return ahead[0].value * days[0] / ((ahead[0].period.last - ahead[0].period.first).days + 1) if ahead else Fraction(0)
    before, value = indicator.baseline_on, indicator.baseline
    for target in indicator.targets:
        if today <= target.period.last:
            part = Fraction(max(0, (today - before).days), (target.period.last - before).days)
            return value + (target.value - value) * part
        before, value = target.period.last, target.value
    return value
