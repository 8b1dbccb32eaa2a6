"""What the log tells day by day: sums that a reader can do again by hand."""

from amana.register.over_time import REFUSALS_MAX, OverTime
from amana.web.pages.spending_chart import STEPS_MAX, chart_of

CAP = 1000


def promised() -> OverTime:
    made = OverTime()
    made.add({"kind": "population", "population": "people", "cap_nrho": str(CAP), "cap_delta": "10"})
    return made


def use(
    day: str, *, cost: int, left: int, project: str = "p-1", period: str = "life", cost_delta: int = 0, left_delta: int = 10
) -> dict[str, object]:
    return {
        "kind": "use", "hour": f"{day}T09Z", "verb": "ask", "project": project, "dataset": "test", "version": "ab", "population": "people",
        "period": period, "custodian": "Tests", "permit": "m-1", "purposes": ["GRU"], "mechanism": "gaussian", "cost_nrho": str(cost),
        "cost_delta": str(cost_delta), "left_nrho": str(left), "left_delta": str(left_delta),
    }  # fmt: skip


def test_what_is_gone_comes_from_what_is_left_and_projects_from_what_they_paid() -> None:
    made = promised()
    for entry in (
        use("2026-01-01", cost=100, left=900),
        use("2026-01-01", cost=50, left=850, project="p-2"),
        use("2026-02-01", cost=100, left=700),
    ):
        made.add(entry)
    spent = made.spent("people")
    assert spent is not None
    assert spent.gone == (("2026-01-01", 0.15), ("2026-02-01", 0.3)), "50 were charged just before a crash and stand in no entry"
    assert spent.projects == (("p-1", (("2026-01-01", 0.1), ("2026-02-01", 0.2))), ("p-2", (("2026-01-01", 0.05),)))


def test_the_scarcer_of_the_two_losses_is_shown() -> None:
    made = promised()
    made.add(use("2026-01-01", cost=10, left=990, cost_delta=4, left_delta=6))
    spent = made.spent("people")
    assert spent is not None and spent.gone[-1][1] == 0.4 and spent.projects[0][1][-1][1] == 0.4


def test_a_new_period_begins_at_nothing_and_an_hour_that_goes_back_gives_nothing_back() -> None:
    made = promised()
    made.add(use("2026-12-30", cost=900, left=100, period="2026"))
    made.add(use("2027-01-02", cost=200, left=800, period="2027"))
    made.add(use("2027-01-01", cost=100, left=700, period="2027"))
    spent = made.spent("people")
    assert spent is not None and spent.period == "2027"
    assert spent.gone == (("2027-01-01", 0.3), ("2027-01-02", 0.3))


def test_nothing_is_told_of_a_population_without_a_use() -> None:
    assert promised().spent("people") is None and promised().spent("nobody") is None


def test_refusals_are_counted_by_day_and_code_and_only_so_many_are_kept() -> None:
    made = promised()
    for day in ("2026-01-01", "2026-01-02", "2026-01-02"):
        made.add({"kind": "refused", "hour": f"{day}T09Z", "code": 301})
    made.add({"kind": "refused", "hour": "2026-01-02T10Z", "code": 504})
    assert made.refusals(since="2026-01-02") == (("2026-01-02", 504, 1), ("2026-01-02", 301, 2))
    for code in range(REFUSALS_MAX + 10):
        made.add({"kind": "refused", "hour": "2026-02-01T09Z", "code": code})
    kept = made.refusals(since="")
    assert len(kept) == REFUSALS_MAX and all(day == "2026-02-01" for day, _, _ in kept), "the oldest go first"


def test_a_drawing_of_years_has_few_steps_and_ends_where_the_sums_do() -> None:
    made = promised()
    days = [f"{2020 + at // 336}-{at // 28 % 12 + 1:02}-{at % 28 + 1:02}" for at in range(1000)]
    for at, day in enumerate(days):
        made.add(use(day, cost=1, left=CAP - at - 1))
    spent = made.spent("people")
    assert spent is not None
    chart = chart_of(spent, today=days[-1])
    assert chart.lines[0].share == 1.0 and chart.top == 1.0 and chart.last == days[-1]
    assert all(line.path.count("V") <= STEPS_MAX + 1 for line in chart.lines)
    assert chart.lines[0].path.endswith("V8.0H432"), "all is gone: the line ends at the upper edge"
