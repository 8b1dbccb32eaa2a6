"""A dry run meets what the question would meet: the same refusals with the same words, the same columns and the same precision."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amana.node.answers import Answered
from amana.node.ask import Node
from amana.node.wiring import SystemClock
from amana.terms.answer import Estimate
from amana.terms.refusal import Refusal
from tests.property.test_parse_total import EXPRESSIONS
from tests.property.test_spec_shapes_republished import overheard
from tests.served import serve
from tests.spec.conftest import CLINIC
from tests.spec.refusals.test_refusals import REFUSED
from tests.spec.test_same_as_sql import clinic_rows

WITHIN = "200%"
ACCEPTED = [sql for place, sql in overheard() if place == "clinic"]


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    served = serve(tmp_path_factory.mktemp("clinic") / "data", CLINIC, clinic_rows(1))  # type: ignore[arg-type]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(SystemClock, "sleep_until", lambda self, elapsed: None)
        yield served
    served.close()


def met(ask: Callable[..., Answered], sql: str, within: str = WITHIN) -> Answered | tuple[object, ...]:
    """The answer, or everything that a refusal says."""
    try:
        return ask(sql, within=within)
    except Refusal as refusal:
        return refusal.code, refusal.where, tuple(sorted(refusal.parameters.items()))


@pytest.mark.parametrize("sql", ACCEPTED)
def test_what_the_manual_accepts_has_the_same_columns_cost_and_refusals_in_a_dry_run(node: Node, sql: str) -> None:
    rehearsed, asked = met(node.dry_run, sql), met(node.ask, sql)
    if isinstance(rehearsed, Answered) and isinstance(asked, Answered):
        assert rehearsed.table.columns == asked.table.columns
        assert rehearsed.invented and not asked.invented
        if "(SELECT" not in sql and not asked.recalled:  # a subquery's figure, noisy each time, is part of the question
            assert (rehearsed.cost_nrho, rehearsed.cost_delta_units) == (asked.cost_nrho, asked.cost_delta_units)
    else:
        assert rehearsed == asked


def test_nearly_every_question_of_the_manual_is_answered_in_a_dry_run(node: Node) -> None:
    assert len(ACCEPTED) > 100
    assert sum(isinstance(met(node.dry_run, sql), Answered) for sql in ACCEPTED[::4]) >= 0.9 * len(ACCEPTED[::4])


@pytest.mark.parametrize(("sql", "code", "marked"), REFUSED, ids=[f"{code}: {sql[:60]}" for sql, code, _ in REFUSED])
def test_what_the_manual_refuses_is_refused_in_a_dry_run_with_the_same_words(node: Node, sql: str, code: str, marked: str | None) -> None:
    rehearsed = met(node.dry_run, sql)
    assert not isinstance(rehearsed, Answered) and rehearsed[0] == code
    assert rehearsed == met(node.ask, sql)


GROUPS = ("", "GROUP BY ward", "GROUP BY region, urgent", "GROUP BY ALL", "GROUP BY ROLLUP (ward)")


@given(one=EXPRESSIONS, other=EXPRESSIONS, group=st.sampled_from(GROUPS), form=st.integers(0, 3))
def test_any_text_is_answered_or_refused_alike(node: Node, one: str, other: str, group: str, form: int) -> None:
    sql = (
        f"SELECT {one} AS x, COUNT(*) FROM visits v {group}",
        f"SELECT SUM({one}) AS x FROM visits v WHERE {other} {group}",
        f"SELECT COUNT(x) AS n, AVG(x) AS x FROM (SELECT {one} AS x, patient FROM visits v WHERE {other}) AS t",
        f"SELECT COUNT(*) AS n FROM patients p LEFT JOIN visits v ON p.patient = v.patient AND {one} WHERE v.visit IS NULL",
    )[form]
    rehearsed, asked = met(node.dry_run, sql), met(node.ask, sql)
    if isinstance(rehearsed, Answered) and isinstance(asked, Answered):
        assert rehearsed.table.columns == asked.table.columns
    else:
        assert rehearsed == asked


@pytest.mark.parametrize("within", ["0", "much", "-5%", "1e9%", ""])
def test_a_precision_that_is_none_is_refused_alike(node: Node, within: str) -> None:
    sql = "SELECT COUNT(*) FROM visits"
    rehearsed = met(node.dry_run, sql, within)
    assert not isinstance(rehearsed, Answered) and rehearsed == met(node.ask, sql, within)


@pytest.mark.parametrize("sql", ["SELECT COUNT(*) FROM visits", "SELECT ward, COUNT(*), SUM(cost) FROM visits GROUP BY ward",
                                 "SELECT region, urgent, COUNT(*) FROM visits GROUP BY region, urgent"])  # fmt: skip
def test_keys_and_intervals_of_totals_are_those_of_the_question(node: Node, sql: str) -> None:
    rehearsed, asked = node.dry_run(sql, within="50%"), node.ask(sql, within="50%")
    assert [_shape(row) for row in rehearsed.table.rows] == [_shape(row) for row in asked.table.rows]


def _shape(row: tuple[object, ...]) -> list[object]:
    shown: list[object] = []
    for cell in row:
        if isinstance(cell, Estimate):
            assert cell.low is not None and cell.high is not None
            shown.append(round(cell.high - cell.low, 6))
        else:
            shown.append(cell)
    return shown


def test_a_dry_run_is_refused_where_the_budget_left_is_too_small_and_says_the_same(tmp_path: Path) -> None:
    rows = clinic_rows(1)
    served = serve(tmp_path / "data", CLINIC, rows, cap_nrho=30_000_000_000, profile_nrho=20_000_000_000)  # type: ignore[arg-type]
    sql = "SELECT COUNT(*) FROM visits"
    rehearsed = met(served.dry_run, sql, "0.1")
    assert not isinstance(rehearsed, Answered) and rehearsed[0] == "budget.population_exhausted"
    assert rehearsed == met(served.ask, sql, "0.1")
    assert isinstance(met(served.dry_run, sql, "500"), Answered), "what can be paid is answered"
    served.close()
