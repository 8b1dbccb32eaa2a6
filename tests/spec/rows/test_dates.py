"""Rows, section 2: dates and moments."""

import pytest

from tests.spec.conftest import Ask
from tests.spec.notation import of_expr

CONDITIONS = {
    "a date literal": ("day >= DATE '2024-01-31'", "(>= visits.day 2024-01-31)"),
    "text beside a date is a date": ("day >= '2024-01-31'", "(>= visits.day 2024-01-31)"),
    "a cast of text is a date": ("day >= CAST('2024-01-31' AS DATE)", "(>= visits.day 2024-01-31)"),
    "dates between": ("day BETWEEN '2024-01-01' AND '2024-02-01'", "(and (>= visits.day 2024-01-01) (<= visits.day 2024-02-01))"),
    "dates in a list": ("day IN ('2024-01-01', '2024-02-01')", "(in visits.day 2024-01-01 2024-02-01)"),
    "a constant plus years": ("day < DATE '1994-01-01' + INTERVAL 1 YEAR", "(< visits.day 1995-01-01)"),
    "a constant plus months keeps inside the month": ("day < DATE '2024-01-31' + INTERVAL 1 MONTH", "(< visits.day 2024-02-29)"),
    "a constant minus days": ("day < DATE '2024-01-01' - INTERVAL 90 DAY", "(< visits.day 2023-10-03)"),
    "an interval with its number in quotes": ("day < DATE '2024-01-01' + INTERVAL '3' MONTH", "(< visits.day 2024-04-01)"),
    "an interval all in quotes": ("day < DATE '2024-01-01' + INTERVAL '2 weeks'", "(< visits.day 2024-01-15)"),
    "a constant plus hours is a moment": ("arrived < DATE '2024-01-01' + INTERVAL 6 HOUR", "(< visits.arrived 2024-01-01T06:00:00)"),
    "a moment": ("arrived < TIMESTAMP '2024-01-01 08:30:00'", "(< visits.arrived 2024-01-01T08:30:00)"),
    "text beside a moment is a moment": ("arrived < '2024-01-01 08:30:00'", "(< visits.arrived 2024-01-01T08:30:00)"),
    "a moment may be compared with a date": ("arrived < DATE '2024-01-01'", "(< visits.arrived 2024-01-01)"),
    "days added to a column": ("day + INTERVAL 30 DAY < '2024-01-01'", "(< (add days visits.day 30) 2024-01-01)"),
    "weeks taken from a column": ("day - INTERVAL 2 WEEK < '2024-01-01'", "(< (add days visits.day -14) 2024-01-01)"),
    "a whole number added to a date is days": ("day + 30 < '2024-01-01'", "(< (add days visits.day 30) 2024-01-01)"),
    "date_add": ("date_add(day, INTERVAL 7 DAY) < '2024-01-01'", "(< (add days visits.day 7) 2024-01-01)"),
    "year": ("year(day) = 2024", "(= (year visits.day) 2024)"),
    "extract": ("extract(year FROM day) = 2024", "(= (year visits.day) 2024)"),
    "date_part": ("date_part('month', day) = 1", "(= (month visits.day) 1)"),
    "month": ("month(day) = 1", "(= (month visits.day) 1)"),
    "quarter": ("quarter(day) = 1", "(= (quarter visits.day) 1)"),
    "day of the month": ("day(day) = 1", "(= (day visits.day) 1)"),
    "hour": ("hour(arrived) < 12", "(< (hour visits.arrived) 12)"),
    "isodow: Monday is 1": ("isodow(day) = 1", "(= (weekday visits.day) 1)"),
    "dow: Sunday is 0": ("dayofweek(day) = 0", "(= (% (weekday visits.day) 7) 0)"),
    "date_trunc": ("date_trunc('month', day) = '2024-01-01'", "(= (trunc month visits.day) 2024-01-01)"),
    "date_trunc to the week": ("date_trunc('week', day) = '2024-01-01'", "(= (trunc week visits.day) 2024-01-01)"),
    "the day of a moment": ("CAST(arrived AS DATE) = '2024-01-01'", "(= (to date visits.arrived) 2024-01-01)"),
    "days between": ("date_diff('day', day, DATE '2024-01-31') < 30", "(< (days between visits.day 2024-01-31) 30)"),
    "a difference of dates is days": ("DATE '2024-01-31' - day < 30", "(< (days between visits.day 2024-01-31) 30)"),
    "years between counts changes of the year": (
        "date_diff('year', day, DATE '2024-01-31') = 1",
        "(= (- (year 2024-01-31) (year visits.day)) 1)",
    ),
}


@pytest.mark.parametrize(("sql", "meaning"), [pytest.param(*pair, id=name) for name, pair in CONDITIONS.items()])
def test_dates(clinic: Ask, sql: str, meaning: str) -> None:
    plan = clinic(f"SELECT COUNT(*) FROM visits WHERE {sql}")
    assert of_expr(plan.source.predicate) == meaning  # type: ignore[union-attr]
