"""The programme in words: where commitments stand and why, what is missing, and figures as people read them.

Everything is said from one evaluation: no page computes a status, and none shows another figure than the evaluation holds.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import final

from markupsafe import Markup, escape

from amana.client.figures import number
from amana.programme.evaluate import Evaluation
from amana.programme.plan import UP, written_of
from amana.programme.status import Measure, Observation, Standing, Status, sure_of
from amana.terms.answer import Estimate
from amana.web.pages.reader import Reader
from amana.web.pages.render import comma_of, figure, ltr
from amana.web.pages.words import day_of

STATUSES = ("done", "on_track", "started", "late", "no_evidence", "dropped")
"""In the order in which pages list them."""
DIGITS_MAX = 2
"""Digits after the point of a figure that has no interval."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A commitment in a list. `since`: the day from which its status is known, or empty; `theme`: its title."""

    id: str
    title: Markup
    theme: Markup
    owner: str
    status: str
    since: str
    due: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many commitments have a status. `share`: of all, 0 to 1."""

    status: str
    number: int
    share: float


def lines_of(reader: Reader, evaluation: Evaluation, standings: Iterable[Standing]) -> tuple[Line, ...]:
    """Commitments in their order in the plan."""
    since, themes = since_of(reader, evaluation), {each.id: each.title for each in evaluation.plan.themes}
    return tuple(
        Line(
            id=each.commitment.id,
            title=reader.pick(each.commitment.title),
            theme=reader.pick(themes[each.commitment.theme]),
            owner=each.commitment.owner,
            status=each.status.value,
            since=since.get((each.commitment.id, each.status.value), ""),
            due=each.commitment.due.isoformat(),
        )
        for each in standings
    )


def since_of(reader: Reader, evaluation: Evaluation) -> Mapping[tuple[str, str], str]:
    """The day of the latest change of each commitment, by commitment and the status that it became."""
    found: dict[str, tuple[str, str]] = {}
    for change in reader.service.programme_state.changes(evaluation.plan.id):
        found.setdefault(change.commitment, (change.status, day_of(change.at)))
    return {(commitment, status): day for commitment, (status, day) in found.items()}


def tallies_of(standings: Sequence[Standing]) -> tuple[Tally, ...]:
    """Every status, those that nothing has among them."""
    counts = {status: sum(each.status.value == status for each in standings) for status in STATUSES}
    return tuple(Tally(status=each, number=count, share=count / max(1, len(standings))) for each, count in counts.items())


def value_told(value: Fraction) -> Markup:
    """A figure that has no interval."""
    return ltr(_plain(value))


def figure_told(observation: Observation) -> Markup:
    """A figure with its interval; a dash where there is none."""
    if observation.value is None:
        return ltr("–")
    if observation.low is None or observation.high is None:
        return value_told(observation.value)
    return figure(estimate_of(observation.value, observation.low, observation.high))


def estimate_of(value: Fraction, low: Fraction, high: Fraction) -> Estimate:
    """A figure with its interval, as answers hold one."""
    return Estimate(value=float(value), low=float(low), high=float(high))


def measured(reader: Reader, told: Markup, measure: Measure) -> Markup:
    """A figure with its unit; a per cent sign stands with its number."""
    unit = reader.pick(measure.indicator.unit)
    return ltr(f"{told.striptags()}\N{NO-BREAK SPACE}%") if unit.striptags() == "%" else Markup("{} {}").format(told, unit)


def why(reader: Reader, evaluation: Evaluation, standing: Standing) -> Markup:
    """Which rule made the status, in one sentence."""
    match standing.status:
        case Status.DROPPED:
            entry = str(standing.dropped)
            link = Markup('<a href="{}">{}</a>').format(reader.at(f"/log/{entry}"), ltr(entry))
            return reader.tell("page.programme.why.dropped", entry=link)
        case Status.LATE:
            return reader.tell("page.programme.why.late", what=comma_of(reader, _overdue(reader, evaluation, standing)))
        case Status.STARTED:
            behind = [reader.pick(each.indicator.title) for each in standing.measures if not each.reaches(each.expected)]
            return reader.tell("page.programme.why.started", what=comma_of(reader, behind))
        case Status.DONE | Status.ON_TRACK | Status.NO_EVIDENCE:
            return escape(reader.catalogue.say(f"page.programme.why.{standing.status.value}"))


def missing(reader: Reader, standing: Standing) -> tuple[Markup, ...]:
    """What stands between a commitment and its end: of each indicator the next thing, and milestones that are open."""
    if standing.status in {Status.DONE, Status.DROPPED}:
        return ()
    found = [told for each in standing.measures if (told := _lacks(reader, each)) is not None]
    for step in standing.steps:
        if not step.done:
            code = "page.programme.missing.overdue" if step.overdue else "page.programme.missing.milestone"
            milestone = step.milestone
            found.append(reader.tell(code, what=reader.pick(milestone.title), day=ltr(milestone.due.isoformat())))
    return tuple(found)


def reason_of(reader: Reader, measure: Measure) -> str:
    """Why the latest observation of an indicator weighs nothing; that there is none."""
    if not measure.observations:
        return reader.catalogue.say("page.programme.nothing_brought")
    latest = measure.observations[-1]
    return against_told(reader, latest) or reader.catalogue.say("page.programme.nothing_brought")


def against_told(reader: Reader, observation: Observation) -> str:
    """Why an observation weighs nothing; empty where it weighs."""
    return reader.catalogue.word("evidence", observation.against) if observation.against else ""


def _overdue(reader: Reader, evaluation: Evaluation, standing: Standing) -> list[Markup]:
    """What was due and is not reached, each with its day."""
    found = [(step.milestone.title, step.milestone.due) for step in standing.steps if step.overdue]
    unmet = [(each, each.due) for each in standing.measures if each.due is not None and not each.reaches(each.due.value)]
    found += [(each.indicator.title, due.period.last) for each, due in unmet]
    if not found and evaluation.today > standing.commitment.due:
        found.append((standing.commitment.title, standing.commitment.due))
    return [Markup("{} ({})").format(reader.pick(title), ltr(day.isoformat())) for title, day in found]


def _lacks(reader: Reader, measure: Measure) -> Markup | None:
    """The next thing that an indicator needs."""
    title = reader.pick(measure.indicator.title)
    if measure.current is None:
        return reader.tell("page.programme.missing.evidence", what=title, reason=reason_of(reader, measure))
    direction = "up" if measure.indicator.direction == UP else "down"
    sure = measured(reader, value_told(sure_of(measure.current, measure.indicator)), measure)
    if measure.due is not None and not measure.reaches(measure.due.value):
        wanted, day = measure.due.value, measure.due.period.last.isoformat()
        value = measured(reader, value_told(wanted), measure)
        return reader.tell(f"page.programme.missing.due.{direction}", what=title, value=value, day=ltr(day), sure=sure)
    if not measure.reaches(measure.expected):
        value = measured(reader, value_told(measure.expected), measure)
        return reader.tell(f"page.programme.missing.pace.{direction}", what=title, value=value, sure=sure)
    last = measure.indicator.targets[-1]
    if measure.reaches(last.value):
        return None
    value = measured(reader, value_told(last.value), measure)
    return reader.tell(
        f"page.programme.missing.last.{direction}", what=title, value=value, day=ltr(last.period.last.isoformat()), sure=sure
    )  # fmt: skip


def _plain(value: Fraction) -> str:
    decimals = len(written_of(value).partition(".")[2])
    return number(float(value), min(decimals, DIGITS_MAX))
