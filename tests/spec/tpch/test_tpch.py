"""TPC-H with the customer as the privacy unit: which queries are answered, and what the important ones mean."""

import pytest

from amana.query.plan import JoinKind, Released
from tests.spec.notation import of_relation
from tests.spec.tpch.table import FOLDER, PAGE, REASONS, ask, page, rows

EQUIVALENTS = sorted(path.stem for path in FOLDER.glob("*_equivalent.sql"))


def test_at_least_fourteen_are_answered_as_written_and_nineteen_in_some_form() -> None:
    found = rows()
    assert sum(row.answered for row in found) >= 14
    assert sum(row.answered or row.equivalent for row in found) >= 19


def test_each_refused_query_has_a_reason_and_no_other() -> None:
    assert {row.number for row in rows() if not row.answered} == set(REASONS)


@pytest.mark.parametrize("name", EQUIVALENTS)
def test_the_other_form_is_answered(name: str) -> None:
    ask(name)


def test_the_page_of_the_reference_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m tests.spec.tpch.table"


def test_q5_joins_down_from_the_line_items_and_ties_the_supplier_to_the_customers_nation() -> None:
    joins = of_relation(ask("q05").source).split(" | (and")[0]
    assert joins == (
        "lineitem | inner (orders) on lineitem.l_orderkey=orders.o_orderkey | inner (customer) on orders.o_custkey=customer.c_custkey"
        " | inner (supplier) on lineitem.l_suppkey=supplier.s_suppkey, customer.c_nationkey=supplier.s_nationkey"
        " | inner (nation) on supplier.s_nationkey=nation.n_nationkey | inner (region) on nation.n_regionkey=region.r_regionkey"
    )


def test_q13_counts_orders_within_each_customer_first() -> None:
    plan = ask("q13")
    assert of_relation(plan.source) == (
        "customer | left (orders | (not (like orders.o_comment '%special%requests%'))) on customer.c_custkey=orders.o_custkey"
        " | per unit c_orders.c_custkey: unit; c_orders.c_count: count orders.o_orderkey"
    )
    assert plan.order == ((1, True), (0, True))


def test_q19_finds_the_join_that_all_branches_share() -> None:
    assert of_relation(ask("q19").source).startswith("lineitem | inner (part) on lineitem.l_partkey=part.p_partkey | (or (or ")


def test_q21_compares_line_items_of_one_order_with_each_other() -> None:
    source = ask("q21").source
    assert source.kind is JoinKind.ANTI  # type: ignore[union-attr]
    assert of_relation(source).endswith(
        "semi (lineitem as l2) on l1.l_orderkey=l2.l_orderkey and (<> l2.l_suppkey l1.l_suppkey)"
        " | anti (lineitem as l3 | (> l3.l_receiptdate l3.l_commitdate)) on l1.l_orderkey=l3.l_orderkey and (<> l3.l_suppkey l1.l_suppkey)"
    )


def test_q1_releases_six_sums_for_ten_columns() -> None:
    plan = ask("q01")
    assert len(plan.sums) == 6
    assert sum(getattr(figure, "kind", None) is Released.MEAN for _, figure in plan.figures) == 3
