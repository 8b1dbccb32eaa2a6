"""Private figures out of answers: what is no number, what can be read in two ways, and questions that name their own intervals."""

import pytest

from amana.programme.evidence import EvidenceError
from amana.programme.plan import PrivateFigure
from amana.programme.plan_file import read_plan
from amana.programme.private import measured
from amana.terms.refusal import Refusal
from tests.programme import plan_text


@pytest.mark.parametrize("figure", ["1e999999999", "1e-999999999", "nan", "inf", "1/3", "1_000", " 7", "٧", "", "9" * 5_000])
def test_an_answer_holds_numbers_and_nothing_like_them(figure: str) -> None:
    method = read_plan(plan_text().encode()).commitments[1].indicators[0].method
    assert isinstance(method, PrivateFigure)
    with pytest.raises(EvidenceError):
        measured(f"region,visits,visits_lo,visits_hi\r\nA,{figure},1,2\r\n", method=method)


@pytest.mark.parametrize(
    "answer",
    [
        "region,visits,visits_lo,visits_hi,visits_lo\r\nA,7,1,9,7\r\n",  # two lower ends
        "region,visits,visits_lo,visits_hi\r\nA,7,1\r\n",
        "region,visits,visits_lo,visits_hi\r\nA,7,1,9,8\r\n",
        "region,visits,visits_lo,visits_hi\r\n\r\nA,7,1,9\r\n",
        'region,visits,visits_lo,visits_hi\r\n"A,7,1,9\r\n',
        'region,visits,visits_lo,visits_hi\r\n"A"x,7,1,9\r\n',
        f"region,visits,visits_lo,visits_hi\r\n{'A' * 140_000},7,1,9\r\n",
        "",
    ],
)
def test_an_answer_that_can_be_read_in_two_ways_shows_nothing(answer: str) -> None:
    method = read_plan(plan_text().encode()).commitments[1].indicators[0].method
    assert isinstance(method, PrivateFigure)
    with pytest.raises(EvidenceError):
        measured(answer, method=method)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT region, COUNT(*) AS visits, COUNT(*) AS visits_lo FROM visits GROUP BY region",
        "SELECT region, COUNT(*) AS n, 5000 AS visits, 5000 AS visits_lo, 5000 AS visits_hi FROM visits GROUP BY region",
        "SELECT region, COUNT(*) AS visits, COUNT(*) AS VISITS_HI FROM visits GROUP BY region",
    ],
)
def test_a_question_that_names_the_ends_of_its_own_interval_is_in_no_plan(sql: str) -> None:
    with pytest.raises(Refusal) as refused:
        read_plan(plan_text(sql=sql).encode())
    assert refused.value.code == "programme.bad_value"
