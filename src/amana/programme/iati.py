"""The programme for other programs, in the names of IATI: activities with results, indicators, periods, targets and actuals.

Source: IATI standard 2.03 (iatistandard.org). What IATI has no name for (interval, basis, evidence) stands under our own.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import TypeAlias

from amana.programme.evaluate import Evaluation
from amana.programme.plan import LANGUAGES, UP, Period, Target, Words, written_of
from amana.programme.status import Measure, Observation, Standing, Step
from amana.terms.table import write_csv

Json: TypeAlias = Mapping[str, object]
COLUMNS = (
    "iati-identifier", "status", "owner", "theme", "due", *(f"title-{language}" for language in LANGUAGES), "indicator",
    *(f"indicator-title-{language}" for language in LANGUAGES), "ascending", "baseline-iso-date", "baseline-value", "period-start",
    "period-end", "target-value", "actual-value", "actual-low", "actual-high", "actual-iso-date", "basis", "evidence", "entry",
)  # fmt: skip


def evaluation_as_json(evaluation: Evaluation) -> Json:
    """The whole evaluation."""
    plan = evaluation.plan
    return {
        "plan": plan.id,
        "version": plan.version,
        "title": _narratives(plan.title),
        "as-of": evaluation.today.isoformat(),
        "log-size": evaluation.size,
        "log-root": evaluation.root,
        "adopted-entry": evaluation.adopted,
        "activities": [activity_of(each, plan=plan.id) for each in evaluation.standings],
    }


def activity_of(standing: Standing, *, plan: str) -> Json:
    """One commitment."""
    commitment = standing.commitment
    return {
        "iati-identifier": f"{plan}/{commitment.id}",
        "title": _narratives(commitment.title),
        "description": _narratives(commitment.summary),
        "status": standing.status.value,
        "participating-org": [
            {"role": "accountable", "narrative": commitment.owner},
            *({"role": "implementing", "narrative": each} for each in commitment.partners),
        ],
        "sector": commitment.theme,
        "tag": [{"vocabulary": "sdg-goal", "code": str(goal)} for goal in commitment.goals],
        "activity-date": [{"type": "planned-end", "iso-date": commitment.due.isoformat()}],
        "agreement": commitment.agreement or None,
        "event": commitment.event or None,
        "dropped-entry": standing.dropped,
        "result": [{"type": "output", "indicator": [_indicator(each) for each in standing.measures]}],
        "milestone": [_milestone(each) for each in standing.steps],
    }


def evaluation_as_csv(evaluation: Evaluation) -> str:
    """One line for each indicator and period."""
    measured = ((standing, measure) for standing in evaluation.standings for measure in standing.measures)
    lines = (row for standing, measure in measured for row in _rows(standing, measure, plan=evaluation.plan.id))
    return write_csv(COLUMNS, ([row[name] for name in COLUMNS] for row in lines))


def actual_of(measure: Measure, period: Period) -> Observation | None:
    """The latest figure of a period that weighs: of the one that runs, the present one."""
    within = [each for each in measure.observations if each.value is not None and period.first <= each.on <= period.last]
    weighing = [each for each in within if each.weighs or each.against == "stale"]
    return weighing[-1] if weighing else None


def _rows(standing: Standing, measure: Measure, *, plan: str) -> Iterator[Mapping[str, object]]:
    commitment, indicator = standing.commitment, measure.indicator
    for target in indicator.targets:
        actual = actual_of(measure, target.period)
        yield {
            "iati-identifier": f"{plan}/{commitment.id}", "status": standing.status.value, "owner": commitment.owner,
            "theme": commitment.theme, "due": commitment.due.isoformat(), "indicator": indicator.id,
            **{f"title-{language}": text for language, text in commitment.title},
            **{f"indicator-title-{language}": text for language, text in indicator.title},
            "ascending": int(indicator.direction == UP), "baseline-iso-date": indicator.baseline_on.isoformat(),
            "baseline-value": _number(indicator.baseline), "period-start": target.period.first.isoformat(),
            "period-end": target.period.last.isoformat(), "target-value": _number(target.value), **_actual_cells(actual),
        }  # fmt: skip


def _actual_cells(actual: Observation | None) -> Mapping[str, object]:
    if actual is None:
        return dict.fromkeys(("actual-value", "actual-low", "actual-high", "actual-iso-date", "basis", "evidence", "entry"), "")
    return {
        "actual-value": _number(actual.value), "actual-low": _number(actual.low), "actual-high": _number(actual.high),
        "actual-iso-date": actual.on.isoformat(), "basis": actual.basis, "evidence": actual.evidence,
        "entry": "" if actual.entry is None else actual.entry,
    }  # fmt: skip


def _indicator(measure: Measure) -> Json:
    indicator = measure.indicator
    return {
        "id": indicator.id,
        "title": _narratives(indicator.title),
        "unit": _narratives(indicator.unit),
        "ascending": int(indicator.direction == UP),
        "baseline": {"iso-date": indicator.baseline_on.isoformat(), "value": written_of(indicator.baseline)},
        "period": [_period(measure, each) for each in indicator.targets],
        "observation": [observation_as_json(each) for each in measure.observations],
    }


def _period(measure: Measure, target: Target) -> Json:
    actual = actual_of(measure, target.period)
    return {
        "period-start": {"iso-date": target.period.first.isoformat()},
        "period-end": {"iso-date": target.period.last.isoformat()},
        "target": {"value": written_of(target.value)},
        "actual": None if actual is None else {"value": _written(actual.value), "basis": actual.basis, "evidence": actual.evidence},
    }


def observation_as_json(observation: Observation) -> Json:
    """One figure."""
    return {
        "basis": observation.basis,
        "iso-date": observation.on.isoformat(),
        "value": _written(observation.value),
        "low": _written(observation.low),
        "high": _written(observation.high),
        "weighs": observation.weighs,
        "against": observation.against or None,
        "evidence": observation.evidence,
        "entry": observation.entry,
        "entries": list(observation.entries),
        "organisation": observation.organisation or None,
        "verifier": observation.verifier or None,
        "document-link": observation.document or None,
        "regions": {name: [_written(each) for each in figures] for name, *figures in observation.regions},
    }


def _milestone(step: Step) -> Json:
    milestone = step.milestone
    return {
        "id": milestone.id,
        "title": _narratives(milestone.title),
        "due": milestone.due.isoformat(),
        "done": step.done,
        "overdue": step.overdue,
        "indicator": milestone.indicator,
        "value": written_of(milestone.value),
    }


def _narratives(words: Words) -> list[Json]:
    return [{"xml:lang": language, "narrative": text} for language, text in words]


def _written(value: Fraction | None) -> str | None:
    return None if value is None else written_of(value)


def _number(value: Fraction | None) -> Decimal | str:
    return "" if value is None else Decimal(written_of(value))
