"""Whether a plan holds together: what it names exists once, and everything can be measured."""

from collections.abc import Iterable, Sequence

from amana.catalog.rules_fields import Problems
from amana.programme.fold import Fold, Share
from amana.programme.plan import UP, Indicator, Plan

QUERIES_MAX = 100
"""So many queries over the log one plan may have: the entry of its adoption names each."""


def check_whole(plan: Plan, problems: Problems) -> None:
    """Note everything that is wrong between the parts of a plan that are right one by one."""
    _check_names(plan, problems)
    sources = {each.id for each in plan.sources}
    for number, (_, span) in enumerate(plan.spans()):
        if span.source not in sources:
            problems.add("programme.unknown_name", f"span {number + 1}", name=span.source, known=_listed(sources))
    themes, agreements, events = ({each.id for each in parts} for parts in (plan.themes, plan.agreements, plan.events))
    for number, agreement in enumerate(plan.agreements, start=1):
        _check_known(problems, f"agreement.{number}.event", agreement.event, events)
        if len(agreement.parties) < 2:
            problems.add("programme.too_few", f"agreement.{number}.party", least=2)
    for number, event in enumerate(plan.events, start=1):
        if event.last < event.first:
            problems.add("programme.not_after", f"event.{number}.last", earlier="first")
    if not plan.commitments:
        problems.add("programme.too_few", "commitment", least=1)
    for number, commitment in enumerate(plan.commitments, start=1):
        path = f"commitment.{number}"
        _check_known(problems, f"{path}.theme", commitment.theme, themes)
        _check_known(problems, f"{path}.agreement", commitment.agreement, agreements)
        _check_known(problems, f"{path}.event", commitment.event, events)
        if not commitment.indicators:
            problems.add("programme.too_few", f"{path}.indicator", least=1)
        own = {each.id for each in commitment.indicators}
        for place, indicator in enumerate(commitment.indicators, start=1):
            _check_targets(indicator, f"{path}.indicator.{place}", problems)
        for place, milestone in enumerate(commitment.milestones, start=1):
            _check_known(problems, f"{path}.milestone.{place}.done_when.indicator", milestone.indicator, own)
    queries = [each for _, each in plan.indicators() if isinstance(each.method, Fold | Share)]
    if len(queries) > QUERIES_MAX:
        problems.add("programme.too_many", "commitment", most=QUERIES_MAX)


def _check_names(plan: Plan, problems: Problems) -> None:
    parts: Sequence[tuple[str, Iterable[str]]] = (
        ("source", (each.id for each in plan.sources)),
        ("theme", (each.id for each in plan.themes)),
        ("event", (each.id for each in plan.events)),
        ("agreement", (each.id for each in plan.agreements)),
        ("commitment", (each.id for each in plan.commitments)),
        ("indicator", (each.id for _, each in plan.indicators())),
        ("milestone", (each.id for commitment in plan.commitments for each in commitment.milestones)),
    )
    for kind, names in parts:
        seen = set[str]()
        for name in names:
            if name in seen:
                problems.add("programme.twice", kind, name=name)
            seen.add(name)


def _check_targets(indicator: Indicator, path: str, problems: Problems) -> None:
    if not indicator.targets:
        problems.add("programme.too_few", f"{path}.targets", least=1)
    before = indicator.baseline_on, indicator.baseline
    for target in indicator.targets:
        if target.period.last <= before[0]:
            problems.add("programme.not_after", f"{path}.targets", earlier=before[0].isoformat())
        worse = target.value < before[1] if indicator.direction == UP else target.value > before[1]
        if worse:
            problems.add("programme.backwards", f"{path}.targets", period=target.period.name)
        before = target.period.last, target.value


def _check_known(problems: Problems, path: str, name: str, known: Iterable[str]) -> None:
    if name and name not in known:
        problems.add("programme.unknown_name", path, name=name, known=_listed(known))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "–"
