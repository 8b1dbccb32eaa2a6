"""The noise has the promised distribution, is drawn anew for each cell and run, and nothing can turn it off (PRIVACY 18, 21)."""

import ast
from collections.abc import Callable
from dataclasses import replace

import pytest

from amana.engines.engine import Cell, SumTable
from amana.privacy.combine import combined
from amana.privacy.loss import SCALE_MAX
from amana.privacy.noise import FEATURES, add_noise, noisy
from amana.privacy.price import assemble
from amana.query.check import ONE
from amana.query.plan import (
    BinCount,
    BoundedPlan,
    BoundedSum,
    KeyValue,
    Plan,
    PublicKeys,
    Released,
    RowSum,
    Scan,
    Statistic,
    Sum,
    UnknownKeys,
)
from amana.query.released import NoiseKind
from amana.terms.exact import Exact
from amana.terms.ids import DeltaUnits
from tests.house.tree import SOURCE
from tests.noise.testers import EACH, fits, independent

DRAWS = 20_000
KINDS_AND_SCALES = [(kind, scale) for kind in NoiseKind for scale in (0.4, 3.0, 47.5)]


@pytest.mark.parametrize(("kind", "scale"), KINDS_AND_SCALES)
def test_noise_fits_the_exact_distribution_and_half_the_noise_does_not(kind: NoiseKind, scale: float) -> None:
    assert fits(add_noise([0] * DRAWS, kind=kind, scale=scale), kind, scale) > EACH
    assert fits(add_noise([0] * DRAWS, kind=kind, scale=scale / 2), kind, scale) < EACH, "the control: this test sees halved noise"


def test_the_value_moves_the_distribution_and_changes_nothing_else() -> None:
    far = 2**100 + 1
    draws = [released - far for released in add_noise([far] * DRAWS, kind=NoiseKind.GAUSSIAN, scale=5.0)]
    assert fits(draws, NoiseKind.GAUSSIAN, 5.0) > EACH


@pytest.mark.parametrize("kind", list(NoiseKind))
def test_cells_and_runs_are_independent_and_a_reused_draw_is_seen(kind: NoiseKind) -> None:
    first, second = (add_noise([0] * DRAWS, kind=kind, scale=20.0) for _ in range(2))
    assert independent(first, second) > EACH and first != second
    assert independent(first[:-1], first[1:]) > EACH and independent(first[::2], first[1::2]) > EACH
    assert independent(first, first) < EACH, "the control: a generator that starts anew is seen"
    assert independent(first, [-one for one in first]) < EACH


def table(sums: tuple[Sum, ...], keys: int, *, unknown: bool = False, grain: int = 1) -> BoundedPlan:
    bounds = tuple(BoundedSum(sum=one, scale=0, low=0, high=1, per_unit=False, l1=1, l2_squared=1, cells=1, grain=grain) for one in sums)
    named: tuple[tuple[KeyValue, ...], ...] = tuple((i,) for i in range(keys))
    held = UnknownKeys(witness=0, witness_high=1, keys_per_unit=1) if unknown else PublicKeys(combinations=named)
    plan = Plan(source=Scan(table="visits", alias="v"), keys=(("k", ONE),), sums=sums, figures=())
    return BoundedPlan(plan=plan, sums=bounds, keys=held, keys_per_unit=1)


@pytest.mark.parametrize(("kind", "scale"), [(NoiseKind.GAUSSIAN, 6.0), (NoiseKind.LAPLACE, 2.0)])
def test_every_released_cell_has_noise_of_its_own_whether_its_key_is_in_the_data_or_not(kind: NoiseKind, scale: float) -> None:
    bounded = table((RowSum(value=ONE), RowSum(value=ONE)), 10_000)
    private = assemble(bounded, kind, (scale, 2 * scale), threshold_delta=DeltaUnits(0))
    cells = {(i,): (7, 9) for i in range(0, 10_000, 2)}
    released = noisy(private, Exact(SumTable(cells=cells)))
    assert released.keys == bounded.keys.combinations  # type: ignore[union-attr]
    first = [row[0] - (0 if i % 2 else 7) for i, row in enumerate(released.cells)]  # type: ignore[operator]
    second = [row[1] - (0 if i % 2 else 9) for i, row in enumerate(released.cells)]  # type: ignore[operator]
    assert fits(first[::2], kind, scale) > EACH and fits(first[1::2], kind, scale) > EACH
    assert fits(second, kind, 2 * scale) > EACH and independent(first, second) > EACH


def test_every_node_of_every_level_of_bins_has_noise_of_its_own() -> None:
    shape = BinCount(value=ONE, low=0, width=1, bins=256, branch=16)
    private = assemble(table((shape,), 80), NoiseKind.GAUSSIAN, (5.0,), threshold_delta=DeltaUnits(0))
    released = noisy(private, Exact(SumTable(cells={})))
    levels = [[node for row in released.cells for node in row[0][level]] for level in range(2)]  # type: ignore[index]
    assert [len(level) for level in levels] == [80 * 16, 80 * 256]
    assert fits(levels[0], NoiseKind.GAUSSIAN, 5.0) > EACH and fits(levels[1], NoiseKind.GAUSSIAN, 5.0) > EACH
    parents = [sum(levels[1][16 * i : 16 * i + 16]) for i in range(len(levels[0]))]
    assert independent(levels[0], parents) > EACH, "a level is measured on its own, not summed from the next"


def quantile_plan(shape: BinCount, keys: int) -> BoundedPlan:
    bounded = table((shape,), keys)
    asked = (("median", Statistic(kind=Released.QUANTILE, sums=(0,), parameter=0.5)),)
    return replace(bounded, plan=replace(bounded.plan, figures=asked))


@pytest.mark.parametrize("kind", list(NoiseKind))
def test_of_a_tree_only_nodes_that_may_hold_the_quantile_are_drawn_and_each_has_noise_of_its_own(kind: NoiseKind) -> None:
    shape = BinCount(value=ONE, low=0, width=1, bins=256, branch=16)
    private = assemble(quantile_plan(shape, 4000), kind, (5.0,), threshold_delta=DeltaUnits(0))
    counts = tuple(200 if 100 <= i < 120 else 0 for i in range(256))
    released = noisy(private, Exact(SumTable(cells={(i,): (counts,) for i in range(4000)})))
    drawn = [[i for i, count in enumerate(row[0][1]) if count is not None] for row in released.cells]  # type: ignore[index]
    assert all(set(range(96, 112)) <= set(nodes) and len(nodes) <= 48 for nodes in drawn)
    errors = [row[0][1][i] - counts[i] for row, nodes in zip(released.cells, drawn, strict=True) for i in nodes]  # type: ignore[index]
    assert fits(errors[:20_000], kind, 5.0) > EACH


def test_which_nodes_are_drawn_follows_from_noisy_counts_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    shape = BinCount(value=ONE, low=0, width=1, bins=4096, branch=16)
    private = assemble(quantile_plan(shape, 1), NoiseKind.GAUSSIAN, (5.0,), threshold_delta=DeltaUnits(0))
    monkeypatch.setattr("amana.privacy.noise.add_noise", lambda exact, *, kind, scale: [(7 * i) % 100 for i in range(len(exact))])
    crowds = ({5: 9_000}, {4000: 80, 7: 3}, {})
    cells = [tuple(crowd.get(i, 0) for i in range(4096)) for crowd in crowds]
    released = [noisy(private, Exact(SumTable(cells={(0,): (cell,)}))).cells for cell in cells]
    assert released[0] == released[1] == released[2]


def test_a_second_measurement_draws_the_nodes_of_the_first() -> None:
    shape = BinCount(value=ONE, low=0, width=1, bins=4096, branch=16)
    private = assemble(quantile_plan(shape, 1), NoiseKind.GAUSSIAN, (30.0,), threshold_delta=DeltaUnits(0))
    exact: dict[tuple[KeyValue, ...], tuple[Cell, ...]] = {(0,): ((3,) * 4096,)}
    first = noisy(private, Exact(SumTable(cells=exact)))
    second = noisy(private, Exact(SumTable(cells=exact)), like=first)
    shapes = [[[count is None for count in level] for level in found.cells[0][0]] for found in (first, second)]  # type: ignore[union-attr]
    assert shapes[0] == shapes[1] and any(map(any, shapes[0]))
    assert combined(first, second).cells[0][0][0][0] is not None  # type: ignore[index]


def test_sums_in_grains_get_noise_in_grains() -> None:
    private = assemble(table((RowSum(value=ONE),), DRAWS, grain=8), NoiseKind.GAUSSIAN, (48.0,), threshold_delta=DeltaUnits(0))
    released = noisy(private, Exact(SumTable(cells={(i,): (8003,) for i in range(DRAWS)})))
    values = [row[0] for row in released.cells]
    assert all(value % 8 == 0 for value in values)  # type: ignore[operator]
    assert fits([(value - 8000) // 8 for value in values], NoiseKind.GAUSSIAN, 6.0) > EACH  # type: ignore[operator]


def test_unknown_keys_leave_only_when_their_noisy_witness_passes_the_threshold() -> None:
    bounded = table((RowSum(value=ONE), RowSum(value=ONE)), 0, unknown=True)
    private = assemble(bounded, NoiseKind.GAUSSIAN, (4.0, 4.0), threshold_delta=DeltaUnits(2**50))
    assert private.threshold is not None and private.threshold > 4
    near = {(i,): (private.threshold, 1) for i in range(2000)}
    released = noisy(private, Exact(SumTable(cells=near)))
    assert 0 < len(released.keys) < 2000 and list(released.keys) == sorted(released.keys)
    assert all(row[0] >= private.threshold for row in released.cells)  # type: ignore[operator]


def test_a_noisy_witness_at_the_threshold_passes_and_one_below_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    private = assemble(table((RowSum(value=ONE),), 0, unknown=True), NoiseKind.GAUSSIAN, (4.0,), threshold_delta=DeltaUnits(2**50))
    assert private.threshold is not None
    monkeypatch.setattr("amana.privacy.noise.add_noise", lambda exact, *, kind, scale: list(exact))
    cells: dict[tuple[KeyValue, ...], tuple[Cell, ...]] = {(i,): (private.threshold - 2 + i,) for i in range(5)}
    assert noisy(private, Exact(SumTable(cells=cells))).keys == ((2,), (3,), (4,))


def test_a_node_counts_what_lies_in_all_of_its_bins(monkeypatch: pytest.MonkeyPatch) -> None:
    shape = BinCount(value=ONE, low=0, width=1, bins=4096, branch=16)
    private = assemble(table((shape,), 1), NoiseKind.GAUSSIAN, (5.0,), threshold_delta=DeltaUnits(0))
    monkeypatch.setattr("amana.privacy.noise.add_noise", lambda exact, *, kind, scale: list(exact))
    counts = tuple(7 * i % 101 for i in range(4096))
    (tree,) = noisy(private, Exact(SumTable(cells={(0,): (counts,)}))).cells[0]
    assert tree == tuple(tuple(sum(counts[i : i + span]) for i in range(0, 4096, span)) for span in (256, 16, 1))


def test_a_quantile_of_keys_of_which_none_passed_is_no_row() -> None:
    shape = BinCount(value=ONE, low=0, width=1, bins=256, branch=16)
    private = assemble(
        table((RowSum(value=ONE), shape), 0, unknown=True), NoiseKind.GAUSSIAN, (4.0, 4.0), threshold_delta=DeltaUnits(2**50)
    )
    assert noisy(private, Exact(SumTable(cells={}))).cells == ()


def test_a_question_without_sums_releases_its_public_keys_and_no_figures() -> None:
    private = assemble(table((), 3), NoiseKind.GAUSSIAN, (), threshold_delta=DeltaUnits(0))
    released = noisy(private, Exact(SumTable(cells={(1,): ()})))
    assert (released.keys, released.cells) == (((0,), (1,), (2,)), ((), (), ()))


@pytest.mark.parametrize("scale", [0.0, -1.0, float("nan"), float("inf"), 2 * SCALE_MAX])
def test_a_scale_that_is_no_scale_is_never_used(scale: float) -> None:
    with pytest.raises((AssertionError, ValueError)):
        add_noise([1], kind=NoiseKind.GAUSSIAN, scale=scale)


# --- nothing injects, seeds or switches ---


def modules(folder: str) -> list[tuple[str, ast.Module]]:
    return [(path.name, ast.parse(path.read_text())) for path in sorted((SOURCE / folder).rglob("*.py"))]


def imported(tree: ast.Module) -> set[str]:
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return names | {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}


def test_noise_imports_opendp_and_the_house_and_nothing_else() -> None:
    tree = dict(modules("privacy"))["noise.py"]
    assert {name.split(".")[0] for name in imported(tree)} == {"opendp", "amana"}
    assert FEATURES == ("contrib",), "a new feature flag of opendp is a decision (PRIVACY 18)"


@pytest.mark.parametrize("name", ["random", "numpy", "os", "sys", "scipy", "uuid", "importlib.util", "ctypes"])
def test_the_kernel_reads_no_environment_and_no_other_randomness(name: str) -> None:
    for file, tree in modules("privacy"):
        assert not [one for one in imported(tree) if one == name or one.startswith(f"{name}.")], file


def test_no_parameter_or_setting_seeds_or_stops_the_noise() -> None:
    words = ("seed", "rng", "debug", "dry", "no_noise", "disable", "testing", "mock", "exact_answer")
    for folder in ("privacy", "node", "engines"):
        for file, tree in modules(folder):
            names = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg | ast.keyword) and node.arg}
            names |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
            found = {name for name in names for word in words if word in name.lower().split("_") or word == name.lower()}
            assert not found, (folder, file, found)


def test_only_the_release_and_the_rounds_call_the_noise() -> None:
    callers: Callable[[ast.Module], bool] = lambda tree: any("privacy.noise" in name for name in imported(tree))  # noqa: E731
    found = {file for folder in ("",) for file, tree in modules(folder) if callers(tree)}
    assert found <= {"release.py", "rounds.py"}
