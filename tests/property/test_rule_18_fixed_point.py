"""PRIVACY 18: numbers are whole from publishing to noise: quantised and then clipped, exact at any size, every rounding against us."""

import ast
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from math import isqrt, sqrt
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from opendp.mod import GLOBAL_FEATURES

from amana.catalog.domains import KeyDomain, NumberDomain
from amana.catalog.rules import read_rules
from amana.catalog.schema import Column, Schema, Table
from amana.engines.duckdb import DuckDbEngine
from amana.privacy import noise
from amana.privacy.bound import GRAIN_BITS, Choice, bound
from amana.privacy.loss import DELTA_ONE, NANO, event_of, loss_of, threshold_for
from amana.privacy.noise import FEATURES, add_noise_to
from amana.privacy.price import Aim, RhoCap, assemble, price
from amana.privacy.release import answer
from amana.query.check import ONE, check
from amana.query.parse import parse
from amana.query.plan import BoundedPlan, BoundedSum, Plan, PublicKeys, RowSum, Scan
from amana.query.released import NoiseKind
from amana.terms.ids import DeltaUnits, NanoRho
from tests.databases import write_store
from tests.house.tree import SOURCE
from tests.parts import FakeEngine, asking, kernel, ledger_at, version
from tests.unit.publishing import HEAD, VISITS, make
from tests.unit.test_loss import tail

# --- publishing ---


@settings(max_examples=15)
@given(st.lists(st.decimals(-200, 200, places=4), min_size=1, max_size=30), st.sampled_from(("clamp", "drop")))
def test_a_value_is_put_on_the_grid_first_and_then_into_its_bounds(
    tmp_path_factory: pytest.TempPathFactory, values: list[Decimal], outside: str
) -> None:
    rules = HEAD + VISITS.replace('"clamp"', f'"{outside}"')
    text = "person,cost\nsure,1\n" + "".join(f"p{place},{value}\n" for place, value in enumerate(values))
    made = make(tmp_path_factory.mktemp("fixed"), rules, {"visits.csv": text}).tables["visits"]
    on_grid = [int((value * 10).quantize(Decimal(1), rounding="ROUND_HALF_UP")) for value in values]
    wanted = {f"p{place}": max(0, min(1000, units)) for place, units in enumerate(on_grid) if outside == "clamp" or 0 <= units <= 1000}
    assert {row["c_person"]: row["c_cost"] for row in made} == {"sure": 10, **wanted}


# --- grains ---


def total_of(l1: int, l2_squared: int, cells: int, grain: int) -> BoundedSum:
    return BoundedSum(sum=RowSum(value=ONE), scale=0, low=0, high=1, per_unit=False, l1=l1, l2_squared=l2_squared, cells=cells, grain=grain)


def in_grains(column: list[int], total: BoundedSum) -> list[int]:
    """What noise is added to, counted in grains."""
    plan = Plan(source=Scan(table="visits", alias="v"), keys=(), sums=(total.sum,), figures=())
    bounded = BoundedPlan(plan=plan, sums=(total,), keys=PublicKeys(combinations=((),)), keys_per_unit=1)
    private = assemble(bounded, NoiseKind.GAUSSIAN, (float(total.grain),), threshold_delta=DeltaUnits(0))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(noise, "add_noise", lambda exact, *, kind, scale: list(exact))
        return [int(str(cell)) // total.grain for cell in add_noise_to(list(column), private, 0)]


@given(
    moved=st.lists(st.integers(-(2**40), 2**40), min_size=1, max_size=8),
    start=st.lists(st.integers(-(2**70), 2**70), min_size=8, max_size=8),
    grain=st.sampled_from((1, 2, 8, 2**10, 2**30)),
)
def test_rounding_to_grains_moves_neighbours_by_no_more_than_is_charged(moved: list[int], start: list[int], grain: int) -> None:
    l1, squared = sum(map(abs, moved)), sum(step**2 for step in moved)
    assume(l1)
    total = total_of(l1, squared, sum(step != 0 for step in moved), grain)
    one = in_grains(start, total)
    other = in_grains([value + step for value, step in zip(start, [*moved, *[0] * 8], strict=False)], total)
    gaps = [a - b for a, b in zip(one, other, strict=True)]
    assert sum(gap**2 for gap in gaps) <= event_of(total, NoiseKind.GAUSSIAN, float(grain)).sensitivity_squared
    assert sum(map(abs, gaps)) ** 2 <= event_of(total, NoiseKind.LAPLACE, float(grain)).sensitivity_squared


def test_rounding_may_move_neighbours_further_than_they_were_so_the_charge_must_grow() -> None:
    """One unit moves four cells by one each, over the middle of a grain: a whole grain each."""
    total = total_of(4, 4, 4, 8)
    gaps = [a - b for a, b in zip(in_grains([4] * 4, total), in_grains([3] * 4, total), strict=True)]
    assert gaps == [1] * 4 and 8 * sum(gaps) > total.l1 and 64 * sum(gap**2 for gap in gaps) > total.l2_squared
    assert sum(gap**2 for gap in gaps) <= event_of(total, NoiseKind.GAUSSIAN, 8.0).sensitivity_squared


# --- sums of any size ---

FAR = 2**62
WIDE = Schema(
    unit="person",
    tables=(
        Table(
            name="rows",
            private=True,
            unit_column="id",
            rows_per_unit_max=20,
            columns=(Column(name="id", domain=KeyDomain()), Column(name="x", domain=NumberDomain(scale=3, low=-FAR, high=FAR))),
        ),
    ),
)


@pytest.mark.parametrize(("sql", "clamps"), [("SELECT SUM(x) AS s FROM rows", ()), ("SELECT SUM(x) AS s FROM rows", ((0, 20 * FAR),))])
def test_sums_beyond_64_bits_are_exact_from_the_store_to_the_retry(
    tmp_path: Path, sql: str, clamps: tuple[tuple[int, int], ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    held = [FAR - 7 * place for place in range(60)]
    write_store(
        {"rows": [{"id": i // 20, "u": i // 20, "r": i % 20 + 1, "x": value} for i, value in enumerate(held)]},
        tmp_path / "store", key="secret", schema=WIDE,
    )  # fmt: skip
    engine = DuckDbEngine(tmp_path / "store", key="secret", schema=WIDE, memory_bytes_max=2**28, threads=2, folder_spill=tmp_path / "spill")
    asked = bound(check(parse(sql, WIDE), WIDE), WIDE, choice=Choice(clamps=clamps), groups_max=10)
    exact = engine.run(asked, groups_max=10, seconds_max=60).open_for_noise().cells
    engine.close()
    assert exact == {(): (sum(held),)} and sum(held) > 2**67
    grain = asked.sums[0].grain
    assert grain > 1 and isqrt(asked.sums[0].l2_squared) / grain < 2**GRAIN_BITS
    monkeypatch.setattr(noise, "add_noise", lambda exact, *, kind, scale: list(exact))
    of = version(cap_nrho=2**60, schema=WIDE)
    with ledger_at(":memory:", of) as ledger:
        parts = kernel(ledger, FakeEngine(cells=exact))
        first, again = (answer(asking(of, parse(sql, WIDE), choice=Choice(clamps=clamps)), parts) for _ in range(2))
    cell = first.released.cells[0][0]
    assert isinstance(cell, int) and cell % grain == 0 and abs(cell - sum(held)) <= grain // 2
    assert again.recalled and again.released == first.released


# --- directed rounding ---


@given(st.integers(1, 2**60), st.floats(2.0**-4, 2.0**40), st.sampled_from(NoiseKind), st.sampled_from((1, 16)))
def test_a_loss_is_never_rounded_down_and_never_up_by_more_than_one(l1: int, scale: float, kind: NoiseKind, grain: int) -> None:
    event = event_of(total_of(l1, l1**2, 1, grain), kind, scale)
    exact = Fraction(event.sensitivity_squared) / (2 * event.scale**2) * NANO
    assert exact <= loss_of((event,))[0] < exact + 1
    assert Fraction(scale) == event.scale * grain, "the scale is the binary number that is drawn with"
    together, _ = loss_of((event, event, event))
    assert together == 3 * loss_of((event,))[0], "each is rounded up, not their sum"


@settings(max_examples=40)
@given(st.floats(0.5, 300), st.sampled_from(NoiseKind), st.integers(1, 50), st.sampled_from((2**20, 2**40, 2**60)))
def test_a_threshold_costs_no_less_than_its_chance_and_no_more_than_was_given(scale: float, kind: NoiseKind, keys: int, units: int) -> None:
    threshold, delta = threshold_for(kind=kind, scale=scale, witness_high=3, keys=keys, delta_units=DeltaUnits(units))
    assert keys * tail(kind, scale, threshold - 3) * DELTA_ONE <= delta <= units


@given(st.integers(3, 10**10))
def test_scales_are_rounded_up_so_that_a_cap_of_loss_is_never_passed_by_a_hair(cap: int) -> None:
    plan = Plan(source=Scan(table="visits", alias="v"), keys=(), sums=(RowSum(value=ONE),) * 3, figures=())
    sums = tuple(total_of(l1, l1**2, 1, 1) for l1 in (1, 7, 300))
    bounded = BoundedPlan(plan=plan, sums=sums, keys=PublicKeys(combinations=((),)), keys_per_unit=1)
    aim = Aim(weights=((1.0, 2.0, 3.0),), half_widths=(1.0,))
    private = price(bounded, RhoCap(nano_rho=NanoRho(cap)), aim=aim, threshold_delta=DeltaUnits(0))
    exact = sum(Fraction(t.l2_squared) / (2 * Fraction(s) ** 2) for t, s in zip(sums, private.scales, strict=True)) * NANO
    assert exact <= private.nano_rho <= cap
    assert all(scale >= sqrt(total.l2_squared * NANO / 2 / cap) for total, scale in zip(sums, private.scales, strict=True))


@given(st.decimals("0.000001", "1000", places=14), st.decimals("1e-15", "0.001", places=40), st.decimals("0.001", "0.5", places=9))
def test_the_caps_of_the_rules_are_rounded_down(rho: Decimal, delta: Decimal, share: Decimal) -> None:
    rules = HEAD.replace('"2.0"', f'"{rho}"').replace('"1e-9"', f'"{delta}"').replace('"0.05"', f'"{share}"')
    population = read_rules(rules + VISITS).dataset.population
    assert Fraction(rho) * NANO - 1 < population.cap_nrho <= Fraction(rho) * NANO
    assert Fraction(delta) * DELTA_ONE - 1 < population.cap_delta <= Fraction(delta) * DELTA_ONE
    assert population.profile_nrho <= Fraction(rho) * Fraction(share) * NANO


# --- one list of flags ---


def test_the_flags_of_opendp_stand_in_one_list_and_none_is_on_beside_it() -> None:
    calls: Callable[[ast.AST], bool] = lambda node: isinstance(node, ast.Call) and "enable_features" in ast.unparse(node.func)  # noqa: E731
    found = [
        (path.name, ast.unparse(node))
        for path in SOURCE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if calls(node)
    ]
    assert found == [("noise.py", "dp.enable_features(*FEATURES)")]
    assert set(GLOBAL_FEATURES) == set(FEATURES)
