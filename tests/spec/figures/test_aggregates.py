"""Figures, section 1: aggregates, and the sums that are released for them."""

import pytest

from amana.query.expr import Call, Case, Column, Expr, Fixed, Literal, Op
from amana.query.plan import BinCount, Plan, Released, RowSum, Scan, Statistic
from tests.spec.conftest import Ask
from tests.spec.notation import of_figure, of_sum

COST = "sum visits.cost around 5000.00"
SCORE_THERE = "sum (case (not (is null visits.score))→1 else 0)"
AGGREGATES: dict[str, tuple[str, str, list[str]]] = {
    "count(*) counts rows": ("COUNT(*)", "total[0]", ["sum 1"]),
    "count of a column that is never null counts rows": ("COUNT(cost)", "total[0]", ["sum 1"]),
    "count of a constant counts rows": ("COUNT(1)", "total[0]", ["sum 1"]),
    "count of a column that may be null": ("COUNT(score)", "total[0]", [SCORE_THERE]),
    "count of distinct units": ("COUNT(DISTINCT patient)", "total[0]", ["units true"]),
    "count of distinct units under a condition": ("COUNT(DISTINCT CASE WHEN urgent THEN patient END)", "total[0]", ["units visits.urgent"]),
    "count of distinct units with FILTER": ("COUNT(DISTINCT patient) FILTER (WHERE urgent)", "total[0]", ["units visits.urgent"]),
    "count of distinct values": ("COUNT(DISTINCT ward)", "total[0]", ["distinct visits.ward"]),
    "count_if": ("COUNT_IF(urgent)", "total[0]", ["sum (case visits.urgent→1 else 0)"]),
    "count with FILTER": ("COUNT(*) FILTER (WHERE cost > 5)", "total[0]", ["sum (case (> visits.cost 5)→1 else 0)"]),
    "sum": ("SUM(cost)", "total[0]", ["sum visits.cost"]),
    "sum of an expression": ("SUM(cost * (1 - score))", "total[0]", ["sum (* visits.cost (- 1 visits.score))"]),
    "sum with FILTER": ("SUM(cost) FILTER (WHERE urgent)", "total[0]", ["sum (case visits.urgent→visits.cost else null)"]),
    "sum of truth values": ("SUM(urgent)", "total[0]", ["sum (to number visits.urgent 0)"]),
    "mean": ("AVG(cost)", "mean[0 1]", [COST, "sum 1"]),
    "mean of what may be null": ("AVG(score)", "mean[0 1]", ["sum visits.score around 5", SCORE_THERE]),
    "mean with FILTER": ("AVG(cost) FILTER (WHERE urgent)", "mean[0 1]",
                         ["sum (case visits.urgent→visits.cost else null) around 5000.00", "sum (case visits.urgent→1 else 0)"]),
    "mean of a condition is a share": ("AVG(cost > 5)", "mean[0 1]", ["sum (to number (> visits.cost 5) 0)", "sum 1"]),
    "variance": ("VARIANCE(score)", "var_samp[0 1 2]",
                 ["sum visits.score around 5", "sum (* (- visits.score 5) (- visits.score 5))", SCORE_THERE]),
    "var_samp": ("VAR_SAMP(cost)", "var_samp[0 1 2]", [COST, "sum (* (- visits.cost 5000.00) (- visits.cost 5000.00))", "sum 1"]),
    "var_pop": ("VAR_POP(cost)", "var_pop[0 1 2]", [COST, "sum (* (- visits.cost 5000.00) (- visits.cost 5000.00))", "sum 1"]),
    "stddev": ("STDDEV(cost)", "stddev_samp[0 1 2]", [COST, "sum (* (- visits.cost 5000.00) (- visits.cost 5000.00))", "sum 1"]),
    "stddev_samp": ("STDDEV_SAMP(cost)", "stddev_samp[0 1 2]", [COST, "sum (* (- visits.cost 5000.00) (- visits.cost 5000.00))", "sum 1"]),
    "stddev_pop": ("STDDEV_POP(cost)", "stddev_pop[0 1 2]", [COST, "sum (* (- visits.cost 5000.00) (- visits.cost 5000.00))", "sum 1"]),
    "median": ("MEDIAN(cost)", "quantile 0.5[0]", ["bins visits.cost from 0 by 245 × 4096"]),
    "quantile": ("QUANTILE_CONT(cost, 0.9)", "quantile 0.9[0]", ["bins visits.cost from 0 by 245 × 4096"]),
    "percentile": ("PERCENTILE_CONT(0.9) WITHIN GROUP (ORDER BY cost)", "quantile 0.9[0]", ["bins visits.cost from 0 by 245 × 4096"]),
    "percentile from above": ("PERCENTILE_CONT(0.25) WITHIN GROUP (ORDER BY cost DESC)", "quantile 0.75[0]",
                              ["bins visits.cost from 0 by 245 × 4096"]),
    "a short range has fewer bins": ("MEDIAN(score)", "quantile 0.5[0]", ["bins visits.score from 0 by 1 × 16"]),
    "the median day": ("MEDIAN(day)", "quantile 0.5[0]", ["bins visits.day from 18262 by 1 × 4096"]),
    "the median moment": ("MEDIAN(arrived)", "quantile 0.5[0]", ["bins visits.arrived from 1577836800 by 38539 × 4096"]),
    "min is a low quantile, for a least value is one person's": ("MIN(cost)", "quantile 0.005[0]", ["bins visits.cost from 0 by 245 × 4096"]),
    "max is a high quantile": ("MAX(cost)", "quantile 0.995[0]", ["bins visits.cost from 0 by 245 × 4096"]),
    "covariance": ("COVAR_SAMP(cost, score)", "covar_samp[0 1 2 3]", [
        "sum (case (not (is null visits.score))→visits.score else null) around 5",
        "sum (case (not (is null visits.score))→visits.cost else null) around 5000.00",
        "sum (case (not (is null visits.score))→(* (- visits.score 5) (- visits.cost 5000.00)) else null)", SCORE_THERE]),
    "slope": ("REGR_SLOPE(cost, length(note))", "regr_slope[0 1 2 3 4]", [
        "sum (length visits.note) around 100", COST, "sum (* (- (length visits.note) 100) (- visits.cost 5000.00))",
        "sum (* (- (length visits.note) 100) (- (length visits.note) 100))", "sum 1"]),
    "intercept": ("REGR_INTERCEPT(cost, length(note))", "regr_intercept[0 1 2 3 4]", [
        "sum (length visits.note) around 100", COST, "sum (* (- (length visits.note) 100) (- visits.cost 5000.00))",
        "sum (* (- (length visits.note) 100) (- (length visits.note) 100))", "sum 1"]),
    "correlation": ("CORR(cost, length(note))", "corr[0 1 2 3 4 5]", [
        "sum (length visits.note) around 100", COST, "sum (* (- (length visits.note) 100) (- visits.cost 5000.00))",
        "sum (* (- (length visits.note) 100) (- (length visits.note) 100))",
        "sum (* (- visits.cost 5000.00) (- visits.cost 5000.00))", "sum 1"]),
    "population covariance": ("COVAR_POP(cost, cost)", "covar_pop[0 0 1 2]",
                              [COST, "sum (* (- visits.cost 5000.00) (- visits.cost 5000.00))", "sum 1"]),
}  # fmt: skip


@pytest.mark.parametrize(("sql", "figure", "sums"), [pytest.param(*row, id=name) for name, row in AGGREGATES.items()])
def test_aggregates(clinic: Ask, sql: str, figure: str, sums: list[str]) -> None:
    plan = clinic(f"SELECT {sql} AS x FROM visits")
    assert [of_figure(shown) for _, shown in plan.figures] == [figure]
    assert [of_sum(total) for total in plan.sums] == sums


def test_sums_that_are_equal_are_released_once(clinic: Ask) -> None:
    plan = clinic("SELECT COUNT(*), AVG(cost), VARIANCE(cost), STDDEV(cost), MEDIAN(cost), MAX(cost) FROM visits")
    assert [of_figure(figure) for _, figure in plan.figures] == [
        "total[0]", "mean[1 0]", "var_samp[1 2 0]", "stddev_samp[1 2 0]", "quantile 0.5[3]", "quantile 0.995[3]",
    ]  # fmt: skip


def test_a_variance_as_a_whole_plan(clinic: Ask) -> None:
    score: Expr = Column(name="visits.score")
    away = Call(op=Op.SUB, args=(score, Literal(value=Fixed(units=5))))
    there = Call(op=Op.NOT, args=(Call(op=Op.IS_NULL, args=(score,)),))
    one, zero = Literal(value=Fixed(units=1)), Literal(value=Fixed(units=0))
    assert clinic("SELECT VAR_POP(score) AS spread FROM visits") == Plan(
        source=Scan(table="visits", alias="visits"),
        keys=(),
        sums=(
            RowSum(value=score, centre=Fixed(units=5)),
            RowSum(value=Call(op=Op.MUL, args=(away, away))),
            RowSum(value=Case(branches=((there, one),), otherwise=zero)),
        ),
        figures=(("spread", Statistic(kind=Released.VARIANCE_POP, sums=(0, 1, 2))),),
    )


def test_a_median_as_a_whole_plan(clinic: Ask) -> None:
    assert clinic("SELECT MEDIAN(score) FROM visits") == Plan(
        source=Scan(table="visits", alias="visits"),
        keys=(),
        sums=(BinCount(value=Column(name="visits.score"), low=0, width=1, bins=16, branch=16),),
        figures=(("median_score", Statistic(kind=Released.QUANTILE, sums=(0,), parameter=0.5)),),
    )


def test_units_are_counted_as_units_behind_a_left_join_too(clinic: Ask) -> None:
    plan = clinic("SELECT COUNT(DISTINCT v.patient) FROM patients p LEFT JOIN visits v ON p.patient = v.patient")
    assert [of_sum(total) for total in plan.sums] == ["units (not (is null v.patient))"]
