"""PRIVACY 14: nothing un-noised leaves: true values have no way out of their box but the noise, and what is free touches no data."""

import copy
import json
import pickle
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from amana.engines.engine import SumTable
from amana.node.ask import Node
from amana.privacy import noise
from amana.privacy.price import Aim, RhoCap
from amana.privacy.release import answer
from amana.query.parse import parse
from amana.query.plan import BinCount, BoundedPlan
from amana.query.released import NoiseKind
from amana.terms.canonical import canonical_bytes
from amana.terms.exact import Exact
from amana.terms.ids import NanoRho
from amana.terms.refusal import Refusal
from tests.parts import SCHEMA, FakeEngine, FakeLog, asking, held, kernel, ledger_at, version
from tests.property.test_rule_10_digests import ROWS, published

CANARY = 71_828_182_845
"""A true value that stands nowhere else."""

# --- the box ---


@pytest.mark.parametrize("show", [repr, str, "{}".format, "{!r:>40}".format, lambda box: f"{[box]}{(box,)}", ascii])
def test_a_true_value_has_no_picture(show: Callable[[object], str]) -> None:
    assert str(CANARY) not in show(Exact(SumTable(cells={(): (CANARY,)}))) and show(Exact(CANARY)) == show(Exact(1))


@pytest.mark.parametrize(
    "take",
    [
        copy.copy, copy.deepcopy, pickle.dumps, json.dumps, canonical_bytes, hash, vars, iter, int, len, lambda box: {box},
        lambda box: box == Exact(CANARY), lambda box: box != CANARY, lambda box: sorted([box, box]), lambda box: pickle.dumps(box, 0),
    ],
)  # fmt: skip
def test_a_true_value_is_never_copied_written_compared_or_counted(take: Callable[[object], object]) -> None:
    with pytest.raises((TypeError, AttributeError)) as caught:
        take(Exact(CANARY))
    assert str(CANARY) not in str(caught.value)


# --- everything that leaves is a function of noise alone ---

SHAPES = (
    "SELECT COUNT(*) AS n, SUM(cost) AS s FROM visits",
    "SELECT AVG(cost) AS m, STDDEV(stay) AS d, CORR(cost, stay) AS c FROM visits",
    "SELECT ward, COUNT(*) AS n FROM visits GROUP BY ward HAVING COUNT(*) > 50 ORDER BY n DESC LIMIT 3",
    "SELECT ward, urgent, SUM(stay) AS s FROM visits GROUP BY ROLLUP (ward, urgent)",
    "SELECT MEDIAN(cost) AS m, MAX(cost) AS x FROM visits",
    "SELECT CASE WHEN COUNT(*) > 100 THEN 'many' ELSE 'few' END AS size FROM visits",
    "SELECT note, COUNT(*) AS n, COUNT(DISTINCT patient) AS u FROM visits GROUP BY note",
)


@dataclass
class FilledEngine:
    """Gives every cell of every key the same true value."""

    value: int
    keys: tuple[Any, ...]

    def run(self, bounded: BoundedPlan, *, groups_max: int, seconds_max: float) -> Exact[SumTable]:
        row = tuple((self.value,) * one.sum.bins if isinstance(one.sum, BinCount) else self.value for one in bounded.sums)
        held = getattr(bounded.keys, "combinations", self.keys)
        return Exact(SumTable(cells=dict.fromkeys(held, row)))

    def run_all(self, plans: tuple[BoundedPlan, ...], *, groups_max: int, seconds_max: float) -> tuple[Exact[SumTable], ...]:
        return tuple(self.run(bounded, groups_max=groups_max, seconds_max=seconds_max) for bounded in plans)


def everything(sql: str, value: int) -> tuple[str, ...]:
    """The answer, the ledger and the log of one question over data whose every sum is `value`."""
    of, log, plan = version(cap_nrho=2**60), FakeLog(), parse(sql, SCHEMA)
    width = len(plan.sums) + (0 if "note" not in sql else 1)
    aim = Aim(weights=tuple(tuple(float(i == j) for j in range(width)) for i in range(len(plan.sums))), half_widths=(1.0,) * len(plan.sums))
    if "note" in sql:
        aim = Aim(weights=((1.0, 1.0),), half_widths=(1.0,))
    with ledger_at(":memory:", of) as ledger:
        parts = replace(kernel(ledger, FakeEngine(cells={}), log=log), engine=FilledEngine(value, (("flu",), ("rare",))))
        done = answer(asking(of, plan, target=RhoCap(nano_rho=NanoRho(10**6)), aim=aim), parts)
        rows = [row[1:] for row in held(ledger, "SELECT * FROM charge")]  # the first is the random id of the charge
    return repr(done), repr(rows), repr(log.entries)


@pytest.mark.parametrize("level", [-1000, 0, 10**9])
@pytest.mark.parametrize("sql", SHAPES)
def test_if_the_noise_said_nothing_of_the_data_then_nothing_else_would(sql: str, level: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the noise replaced by numbers that ignore the true ones, two databases give the same answer, ledger and log, byte for byte."""

    def blind(exact: list[int], *, kind: NoiseKind, scale: float) -> list[int]:
        return [level + place for place, _ in enumerate(exact)]

    monkeypatch.setattr(noise, "add_noise", blind)
    assert everything(sql, CANARY) == everything(sql, 1) == everything(sql, -3)


@pytest.mark.parametrize("sql", SHAPES[:3])
def test_the_control_sees_a_value_that_passes_the_noise_by(sql: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(noise, "add_noise", lambda exact, *, kind, scale: [value % 1000 for value in exact])
    assert everything(sql, CANARY) != everything(sql, 1)


# --- what is free touches no data ---


@dataclass
class Locked:
    """An engine that nobody may use."""

    calls: list[BoundedPlan] = field(default_factory=list)

    def run(self, bounded: BoundedPlan, *, groups_max: int, seconds_max: float) -> Exact[SumTable]:
        self.calls.append(bounded)
        raise AssertionError("data were touched")


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Node, Locked]]:
    node, locked = published(tmp_path_factory.mktemp("node") / "data", ROWS), Locked()
    wired = node._wired
    wired._opened = {each.version.id: replace(each, kernel=replace(each.kernel, engine=locked)) for each in wired.opened()}
    yield node, locked
    node.close()


FREE: dict[str, Callable[[Node], object]] = {
    "explain": lambda node: node.explain("SELECT ward, SUM(cost) AS s FROM visits WHERE note LIKE '%flu%' GROUP BY ward", within="5%"),
    "preview": lambda node: node.preview("SELECT ward, AVG(cost) AS m FROM visits GROUP BY ward", within="5%"),
    "preview of a figure inside": lambda node: node.preview(
        "SELECT COUNT(*) AS n FROM visits WHERE cost > (SELECT AVG(cost) FROM visits)", within="20%"
    ),
    "budget": lambda node: node.budget("clinic"),
    "profile": lambda node: node.profile("visits"),
    "datasets": lambda node: node.datasets(),
}


@pytest.mark.parametrize("name", FREE)
def test_what_is_free_never_runs_anything_on_data_and_spends_and_logs_nothing(name: str, clinic: tuple[Node, Locked]) -> None:
    node, locked = clinic
    spent, logged = node.budget("clinic").spent_nrho, node._wired.log.size()
    shown = repr(FREE[name](node))
    assert not locked.calls and shown
    assert (node.budget("clinic").spent_nrho, node._wired.log.size()) == (spent, logged)
    assert "Zaynab" not in shown and "8765" not in shown


@pytest.mark.parametrize(
    ("sql", "within"),
    [
        ("SELECT * FROM visits", "5%"),
        ("SELECT COUNT(*) FROM visits WHERE person = 'Zaynab-bint-Hilal'", "5%"),
        ("SELECT COUNT(*) FROM visits", "0.0000001"),
        ("SELECT COUNT(*) FROM visits", "much"),
        ("SELECT note, COUNT(*) FROM visits GROUP BY ROLLUP (note)", "5%"),
        ("SELECT COUNT(*) FROM patients", "5%"),
    ],
)
def test_a_refusal_is_made_before_anything_runs(sql: str, within: str, clinic: tuple[Node, Locked]) -> None:
    node, locked = clinic
    spent = node.budget("clinic").spent_nrho
    with pytest.raises(Refusal):
        node.ask(sql, within=within)
    assert not locked.calls and node.budget("clinic").spent_nrho == spent
