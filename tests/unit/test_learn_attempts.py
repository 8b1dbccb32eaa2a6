"""Sequences of exercises: what came before is counted over a pupil's whole past, and its worth is found within noise."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from amana.catalog.domains import ChoiceDomain, NumberDomain
from amana.catalog.schema import Column, Schema
from amana.engines.duckdb import DuckDbEngine
from amana.engines.reference import ReferenceEngine
from amana.learn.attempts import ATTEMPTS_KEPT, COUNTED_MAX, SKILLS_MAX, attempts_of
from amana.learn.performance_factors import PerformanceFactors
from amana.learn.wanted import WantedModel, model_wanted, rows_wanted
from amana.learn.words import call, sums_by
from amana.privacy.bound import Choice, bound
from amana.query.check import check
from amana.query.expr import Column as Named
from amana.query.expr import Op
from amana.query.infer import columns_of, rows_of
from amana.query.plan import Scan
from amana.terms.ids import NanoRho
from amana.terms.model import Effect
from amana.terms.refusal import Refusal
from tests.unit.attempts import (
    ATTEMPTS,
    ATTEMPTS_MAX,
    PUPILS,
    SCHEMA,
    SKILLS,
    profile,
    pupils,
    rounds_of,
    score,
    specification,
    store,
    stored,
    truth,
    wanted,
)

PLENTY, LITTLE = NanoRho(20 * 10**9), NanoRho(200_000)
LEARNED, OTHERS = pupils(1), [row for row in pupils(2, many=150) if row["right"] is not None]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDbEngine]:
    with store(tmp_path_factory.mktemp("pupils"), LEARNED) as opened:
        yield opened


def short(made: WantedModel, *, rounds: int = 8) -> WantedModel:
    """Of fewer rounds: tests have little time."""
    learner = made.assessed.learner
    assert isinstance(learner, PerformanceFactors)
    fewer = replace(made.assessed, learner=replace(learner, rounds=rounds))
    return replace(made, assessed=fewer, course=fewer.course)


def test_what_came_before_is_counted_for_each_pupil_and_skill_in_their_order() -> None:
    rows = pupils(3, many=12)
    relation = attempts_of(specification(), Scan(table="attempts", alias="t"), ATTEMPTS)
    right, wrong = (Named(name=f"t.{name}") for name in ("successes", "failures"))
    sums = (right, wrong, call(Op.MUL, right, right), call(Op.MUL, right, wrong))
    plan = check(sums_by(relation, "t.skill", *sums), SCHEMA)
    bounded = bound(plan, SCHEMA, choice=Choice(), groups_max=100)
    found = ReferenceEngine({"attempts": stored(rows)}, schema=SCHEMA).run(bounded, groups_max=100, seconds_max=60).open_for_noise()
    for skill in SKILLS:
        own = [(row["successes"], row["failures"]) for row in rows if row["skill"] == skill]
        expected = (sum(s for s, _ in own), sum(f for _, f in own), sum(s * s for s, _ in own), sum(s * f for s, f in own))
        assert found.cells[skill,] == expected


def test_counts_are_bounded_however_many_attempts_there_are() -> None:
    columns = columns_of(attempts_of(specification(), Scan(table="attempts", alias="t"), ATTEMPTS), SCHEMA)
    domain = columns["t.successes"].domain
    assert isinstance(domain, NumberDomain) and (domain.low, domain.high) == (0, min(ATTEMPTS_MAX, COUNTED_MAX))


def test_eight_attempts_of_each_pupil_are_kept_unless_somebody_says_how_many() -> None:
    made = wanted(specification(), nano_rho=PLENTY)
    assert made.rows_per_unit == ATTEMPTS_KEPT == 8 and made.name == "performance-factors"
    bounded = bound(made.propose(())[0].plan, SCHEMA, choice=made.choice, groups_max=1_000)
    assert rows_of(bounded.plan.source, SCHEMA) == 8
    assert wanted(specification(rows_per_unit=50), nano_rho=PLENTY).rows_per_unit == ATTEMPTS_MAX


def test_what_each_skill_begins_with_and_gains_is_found_within_noise(engine: DuckDbEngine) -> None:
    made = short(wanted(specification(rows_per_unit=ATTEMPTS_MAX, groups=("skill",)), nano_rho=PLENTY), rounds=12)
    done = rounds_of(made, engine)
    model = made.finish(done)
    off = [abs(score(model, row) - truth(row)) for row in OTHERS]
    assert sum(off) / len(off) < 0.2, "logits; a model of the skill alone is wrong by twice that and more"
    ours, skill_only = area([score(model, row) for row in OTHERS]), area([float(SKILLS.index(row["skill"])) for row in OTHERS])
    assert ours > skill_only + 0.02 and ours == pytest.approx(area([truth(row) for row in OTHERS]), abs=0.01)
    base, gains, _ = (part.values for part in model.parts if isinstance(part, Effect))
    assert base[0] < base[1] < base[2]
    assert all(one <= other for one, other in pairwise(gains[:20])), "who was right before is right more often"
    measured = {(metric.column, metric.group): metric.value for metric in made.quality(done) if metric.name == "auc"}
    assert set(measured) == {("", ""), *(("skill", skill) for skill in SKILLS)} and measured["", ""] == pytest.approx(ours, abs=0.03)


def test_with_few_pupils_all_skills_share_their_slopes(engine: DuckDbEngine) -> None:
    made = short(wanted(specification(), nano_rho=NanoRho(10**9), units=PUPILS / 4), rounds=2)
    done = rounds_of(made, engine)
    assert [len(measured) for measured in done[1:-1]] == [2, 2], "all rows, and the skills' bases"
    gains = made.finish(done).parts[1]
    assert isinstance(gains, Effect)
    cells = len(gains.values) // (len(SKILLS) + 1)
    assert len({gains.values[place : place + cells] for place in range(0, len(gains.values), cells)}) == 1


def test_under_much_noise_a_course_is_kept_and_little_is_said(engine: DuckDbEngine) -> None:
    made = short(wanted(specification(), nano_rho=LITTLE), rounds=2)
    done = rounds_of(made, engine)
    assert len(done) == len(made.course.rounds) and sum(cap.nano_rho for cap in made.course.rounds) <= LITTLE
    model = made.finish(done)
    assert model == made.finish(done), "a function of what left"
    widest = max(abs(value) for part in model.parts if isinstance(part, Effect) for value in part.values)
    assert widest < 4_000, "nothing is worth four logits that nobody saw"


def test_a_pupil_changes_no_sum_of_a_round_by_more_than_is_paid_for(engine: DuckDbEngine) -> None:
    made = short(wanted(specification(), nano_rho=PLENTY), rounds=1)
    done, rows = rounds_of(made, engine), stored(pupils(4, many=6))
    largest = 0.0
    engines = [ReferenceEngine({"attempts": some}, schema=SCHEMA) for some in (rows, [row for row in rows if row["pupil"] != 3])]
    for measure in (*made.propose(()), *made.propose(done[:1])):
        bounded = bound(check(measure.plan, SCHEMA), SCHEMA, choice=made.choice, groups_max=1_000)
        found = [one.run(bounded, groups_max=1_000, seconds_max=60).open_for_noise().cells for one in engines]
        for place, total in enumerate(bounded.sums):
            with_her, without = ({key: float(sums[place]) for key, sums in cells.items()} for cells in found)  # type: ignore[arg-type]
            change = sum((value - without.get(key, 0.0)) ** 2 for key, value in with_her.items())
            assert change <= total.l2_squared
            largest = max(largest, change / total.l2_squared)
    assert largest > 0.05, "the bound is not much too large"


def test_other_learners_learn_from_attempts_too() -> None:
    made = wanted(specification(learner="linear", target="mark", positive="good"), nano_rho=PLENTY)
    assert made.name == "linear" and [feature.name for feature in made.assessed.learner.problem.features] == [
        "skill",
        "successes",
        "failures",
    ]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"order": ""}, "learn.no_order"),
        ({"skill": ""}, "learn.no_order"),
        ({"skill": "", "order": "", "learner": "performance-factors"}, "learn.no_order"),
        ({"order": "right"}, "learn.no_order"),
        ({"features": ("seconds",)}, "learn.features_of_attempts"),
        ({"target": "seconds"}, "learn.not_right_or_wrong"),
        ({"target": "mark"}, "learn.no_positive"),
        ({"skill": "nobody"}, "learn.no_column"),
        ({"skill": "note"}, "learn.no_domain"),
        ({"groups": ("seconds",)}, "learn.group_not_used"),
    ],
)
def test_what_is_no_sequence_is_refused_before_anything_is_paid(changes: dict[str, Any], code: str) -> None:
    with pytest.raises(Refusal) as refused:
        wanted(specification(**changes), nano_rho=PLENTY)
    assert refused.value.code == code


def test_more_skills_than_a_model_has_are_refused() -> None:
    many = ChoiceDomain(members=tuple(f"s{number:03}" for number in range(SKILLS_MAX + 1)))
    columns = tuple(replace(column, domain=many) if column.name == "skill" else column for column in ATTEMPTS.columns)
    schema = Schema(unit="pupil", tables=(replace(ATTEMPTS, columns=columns),))
    with pytest.raises(Refusal) as refused:
        model_wanted(specification(), rows_wanted(specification(), schema, profile(), source=None), nano_rho=PLENTY, groups_max=100_000)
    assert refused.value.code == "learn.skills_too_many"


def test_columns_that_are_named_like_the_counts_are_told_apart() -> None:
    domain = NumberDomain(scale=0, low=0, high=9)
    columns = (*ATTEMPTS.columns, Column(name="failures", domain=domain), Column(name="successes", domain=domain))
    schema = Schema(unit="pupil", tables=(replace(ATTEMPTS, columns=columns),))
    for of, names in ((specification(), ["successes", "failures"]), (specification(order="successes"), ["successes_before", "failures"])):
        rows = rows_wanted(of, schema, profile(), source=None)
        assert [column.name for column in rows.table.columns] == ["skill", *names, "right"]
        assert all(column.domain != domain for column in rows.table.columns)


def area(scores: list[float]) -> float:
    """The area under the curve, over the other pupils' attempts."""
    yes, no = (sorted(one for one, row in zip(scores, OTHERS, strict=True) if row["right"] is said) for said in (True, False))
    return sum(bisect_left(no, one) + bisect_right(no, one) for one in yes) / (2 * len(yes) * len(no))
