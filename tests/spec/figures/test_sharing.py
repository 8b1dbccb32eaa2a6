"""Figures that hang on the same sum share it, so that its loss is paid once."""

from amana.query.parse import parse
from amana.query.plan import Released, RowSum, Statistic
from tests.spec.conftest import TPCH


def test_a_mean_beside_its_total_needs_no_sum_of_its_own() -> None:
    plan = parse("SELECT SUM(o_totalprice), AVG(o_totalprice), COUNT(*) FROM orders", TPCH)
    kinds = [figure.kind for _, figure in plan.figures if isinstance(figure, Statistic)]
    assert kinds == [Released.TOTAL, Released.MEAN, Released.TOTAL]
    assert len(plan.sums) == 2
    assert all(isinstance(total, RowSum) and total.centre.units == 0 for total in plan.sums)


def test_a_mean_alone_is_summed_around_the_middle_of_its_bounds() -> None:
    plan = parse("SELECT AVG(o_totalprice) FROM orders", TPCH)
    assert [total.centre.units != 0 for total in plan.sums if isinstance(total, RowSum)] == [True, False]
