"""The whole door on two neighbouring exact tables: how well can its answers tell them apart? Judged by the Gaussian bound.

This audits one output at a time against the parametric (Gaussian) guarantee, not against (ε, δ) for every event. Each judge
has a control with the noise halved that it must catch; an audit whose control is missed is no evidence (PRIVACY 21).
"""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from math import sqrt

import pytest

from amana.privacy import noise
from amana.privacy.bound import Choice
from amana.privacy.kernel import Answer, Kernel
from amana.privacy.loss import DELTA_ONE, NANO
from amana.privacy.price import RhoCap
from amana.privacy.release import answer
from amana.query.parse import parse
from amana.query.plan import KeyValue, Plan
from amana.query.released import NoiseKind
from amana.terms.ids import DeltaUnits, NanoRho
from tests.noise.testers import EACH, chance_at_least, fits, separation_at_least
from tests.parts import SCHEMA, FakeEngine, asking, kernel, ledger_at, version

RUNS = 1000
RHO = 0.5
MU = sqrt(2 * RHO)
CELLS = dict[tuple[KeyValue, ...], tuple[int, ...]]


def halved(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: what a build with half the noise would release at the same price."""
    real = noise.add_noise

    def half(exact: list[int], *, kind: NoiseKind, scale: float) -> list[int]:
        return real(exact, kind=kind, scale=scale / 2)

    monkeypatch.setattr(noise, "add_noise", half)


def ask(sql: str, cells: CELLS, parts: Kernel, choice: Choice | None = None) -> Answer:
    """One answer of a kernel that has never been asked before."""
    of = version(cap_nrho=2**62, cap_delta=2**62)
    target = RhoCap(nano_rho=NanoRho(int(RHO * NANO)))
    with ledger_at(":memory:", of) as ledger:
        fresh = replace(parts, ledger=ledger, engine=FakeEngine(cells=dict(cells)))
        return answer(asking(of, plan_of(sql), target=target, choice=choice), fresh)


@cache
def plan_of(sql: str) -> Plan:
    return parse(sql, SCHEMA)


@pytest.fixture(name="parts")
def _parts():  # type: ignore[no-untyped-def]
    with ledger_at(":memory:", version(cap_nrho=2**62, cap_delta=2**62)) as ledger:
        yield kernel(ledger, FakeEngine(cells={}))


def one_number(parts: Kernel) -> tuple[Callable[[bool], float], float]:
    """COUNT(*) where the unit has all its 20 rows: the whole sensitivity in one cell."""

    def draw(with_unit: bool) -> float:
        cell = ask("SELECT COUNT(*) AS n FROM visits", {(): (100 + 20 * with_unit,)}, parts).released.cells[0][0]
        assert not isinstance(cell, tuple)
        return cell

    return draw, 110


def spread(parts: Kernel) -> tuple[Callable[[bool], float], float]:
    """Five keys, four rows of the unit in each: l2² = 20 · 4 with an occurrence bound; the best test adds the five cells."""
    sql, choice = "SELECT ward, COUNT(*) AS n FROM visits v GROUP BY ward", Choice(within=(("v", "ward", 4),))

    def draw(with_unit: bool) -> float:
        released = ask(sql, {(w,): (50 + 4 * with_unit,) for w in ("a", "b", "c", "d", None)}, parts, choice).released
        return sum(row[0] for row in released.cells)  # type: ignore[misc]

    return draw, 260


@pytest.mark.slow
@pytest.mark.parametrize("attack", [one_number, spread])
def test_answers_tell_neighbours_apart_no_better_than_the_price_says(
    attack: Callable[[Kernel], tuple[Callable[[bool], float], float]], parts: Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw, cut = attack(parts)
    assert separation_at_least(draw, cut=cut, runs=RUNS) <= MU
    halved(monkeypatch)
    assert separation_at_least(draw, cut=cut, runs=RUNS) > MU, "the control was missed: this audit is no evidence"


@pytest.mark.slow
def test_the_answer_of_the_door_has_the_noise_that_it_declares(parts: Kernel) -> None:
    answers = [ask("SELECT COUNT(*) AS n FROM visits", {(): (100,)}, parts) for _ in range(RUNS)]
    scale = answers[0].released.noise[0].scale
    assert answers[0].released.noise[0].kind is NoiseKind.GAUSSIAN and answers[0].cost_nrho <= RHO * NANO
    assert scale >= 20 / MU
    assert fits([int(one.released.cells[0][0]) - 100 for one in answers], NoiseKind.GAUSSIAN, scale) > EACH  # type: ignore[arg-type]


@pytest.mark.slow
def test_a_key_that_only_one_unit_holds_leaves_no_oftener_than_its_delta(parts: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    delta = 0.02
    loose = replace(parts, threshold_delta=DeltaUnits(int(delta * DELTA_ONE)))
    sql = "SELECT note, COUNT(*) AS n, COUNT(DISTINCT patient) AS u FROM visits GROUP BY note"
    others: CELLS = {("flu",): (900, 800)}
    mine: CELLS = {(f"only mine {i}",): (1, 1) for i in range(20)}

    def leaks() -> int:
        return sum(len(ask(sql, {**others, **mine}, loose).released.keys) > 1 for _ in range(RUNS))

    assert chance_at_least(leaks(), RUNS) <= delta
    real = noise.add_noise
    monkeypatch.setattr(noise, "add_noise", lambda exact, *, kind, scale: real(exact, kind=kind, scale=2 * scale))
    assert chance_at_least(leaks(), RUNS) > delta, "the control (noise beyond what the threshold was made for) was missed"
