"""The parts of a synthesis: what is believed of noisy counts, groups of cells, the network, rows that agree with tables, values."""

from dataclasses import replace
from datetime import date
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amana.catalog.domains import BooleanDomain, ChoiceDomain, DateDomain, DateStep, NumberDomain, TextDomain
from amana.engines.reference import ReferenceEngine
from amana.learn.contingency import Noisy, fitted, on_simplex, pooled, rows_in, shrunk
from amana.learn.network import chosen, counts_of, drawn, raked
from amana.learn.problem import ALIAS
from amana.learn.structure import Network, gathered, groups_of, information, network_of, pairs_of
from amana.learn.synthesis import CELLS_MAX, GROUPS_MAX, synthesis_of
from amana.learn.synthetic import Synthesiser
from amana.learn.synthetic_values import possible_cells, values_in
from amana.privacy.bound import Choice
from amana.privacy.kernel import Training
from amana.privacy.rounds import train
from amana.terms.ids import NanoRho
from amana.terms.model import Feature, FeatureKind
from amana.terms.refusal import Refusal
from tests.counted import counted, schema_of
from tests.databases import SCHEMA as CLINIC
from tests.databases import grown, republish
from tests.parts import FakeEngine, kernel, leave, ledger_at, version


def test_shrunk_counts_are_nearer_to_the_truth_than_noisy_ones_and_know_how_near() -> None:
    chance = np.random.default_rng(1)
    expected = np.outer(np.geomspace(4000, 1, 16), np.geomspace(1, 0.01, 12))
    truth = expected * np.exp(chance.normal(0, 0.3, expected.shape))
    noisy = truth + 40 * chance.standard_normal(truth.shape)
    believed = shrunk(noisy, expected, np.full(truth.shape, 1600.0))
    error = float(np.abs(believed.counts - truth).sum())
    assert error < 0.6 * float(np.abs(np.maximum(noisy, 0) - truth).sum())
    assert 0.6 < believed.error / error < 1.6
    assert believed.counts.min() >= 0


def test_shrunk_counts_stay_at_the_noisy_ones_where_noise_is_small_and_at_nothing_where_nothing_can_be() -> None:
    expected = np.array([[1000.0, 500.0], [300.0, 0.0]])
    believed = shrunk(np.array([[1834.0, 0.0], [601.0, 5.0]]), expected, np.full((2, 2), 1.0))
    assert believed.counts == pytest.approx(np.array([[1834.0, 0.0], [601.0, 0.0]]), abs=1.0)
    assert believed.counts[1, 1] == 0


@given(st.lists(st.floats(-50, 200), min_size=2, max_size=12), st.floats(1, 500), st.integers(0, 11))
def test_counts_on_the_simplex_are_not_negative_and_add_up(counts: list[float], total: float, impossible: int) -> None:
    possible = np.arange(len(counts)) != impossible % len(counts)
    found = on_simplex(np.array(counts), np.linspace(1, 5, len(counts)), total=total, possible=possible)
    assert found.sum() == pytest.approx(total) and found.min() >= 0 and found[~possible].sum() == 0


def test_counts_on_the_simplex_are_the_nearest_ones() -> None:
    counts, variances = np.array([10.0, -3.0, 5.0]), np.array([1.0, 4.0, 2.0])
    found = on_simplex(counts, variances, total=9.0, possible=np.ones(3, dtype=bool))
    chance = np.random.default_rng(0)
    for _ in range(200):
        other = chance.dirichlet(np.ones(3)) * 9.0
        assert ((found - counts) ** 2 / variances).sum() <= ((other - counts) ** 2 / variances).sum() + 1e-3


def test_the_precise_of_two_counts_weighs_more() -> None:
    counts, variance = pooled([(np.array([0.0]), np.array([1.0])), (np.array([10.0]), np.array([4.0]))])
    assert counts[0] == pytest.approx(2.0) and variance[0] == pytest.approx(0.8)
    assert rows_in([Noisy(counts=np.array([5.0, 5.0]), deviation=1.0), Noisy(counts=np.array([16.0]), deviation=1.0)]) == pytest.approx(
        14.0
    )


def test_a_fitted_table_has_the_margins() -> None:
    chance = np.random.default_rng(2)
    left, right = chance.random((4, 2)), chance.random((5, 2))
    right *= left.sum(axis=0) / right.sum(axis=0)
    table = fitted(chance.random((4, 5, 2)), [((0, 2), left), ((1, 2), right)])
    assert table.sum(axis=1) == pytest.approx(left, rel=1e-3) and table.sum(axis=0) == pytest.approx(right, rel=1e-3)


@given(st.integers(1, 40), st.integers(3, 12), st.booleans(), st.sampled_from([FeatureKind.NUMBER, FeatureKind.CHOICE]), st.integers(0, 9))
def test_groups_are_few_and_neighbours_stay_together(cells: int, most: int, missing: bool, kind: FeatureKind, seed: int) -> None:
    feature = Feature(name="x", kind=kind, edges=tuple(range(1, cells)), members=tuple(f"{member:03}" for member in range(cells)))
    feature = (
        Feature(name="x", kind=kind, edges=feature.edges)
        if kind is FeatureKind.NUMBER
        else Feature(name="x", kind=kind, members=feature.members)
    )
    counts = np.random.default_rng(seed).normal(10, 20, cells + 1)
    groups = groups_of(feature, counts, missing=missing, most=most)
    assert len(groups) == feature.cells and set(groups) == set(range(max(groups) + 1)) and max(groups) < most
    if missing:
        assert groups.count(groups[-1]) == 1, "what is missing is not mixed with what is there"
    if cells + missing <= most:
        assert groups[:-1] == tuple(range(cells)), "nothing is merged without need"
    if kind is FeatureKind.NUMBER:
        assert list(groups[:-1]) == sorted(groups[:-1])
    assert gathered(counts, groups).sum() == pytest.approx(counts.sum())


def test_large_members_keep_a_group_of_their_own() -> None:
    feature = Feature(name="x", kind=FeatureKind.CHOICE, members=tuple("abcdef"))
    groups = groups_of(feature, np.array([1.0, 900.0, 3.0, 2.0, 500.0, 4.0, 0.0]), missing=False, most=3)
    assert groups[1] != groups[4] and {groups[place] for place in (0, 2, 3, 5)} == {2} and groups[1] != 2 != groups[4]


def test_information_is_that_of_the_definition() -> None:
    assert information(np.outer([1.0, 2.0], [3.0, 5.0])) == pytest.approx(0.0, abs=1e-12)
    assert information(np.diag([5.0, 5.0])) == pytest.approx(np.log(2))
    given_third = np.stack([np.outer([1.0, 2.0], [3.0, 5.0]), np.diag([11.0, 11.0])], axis=2)
    assert information(given_third) == pytest.approx(22 / 46 * np.log(2))


def test_the_network_follows_the_strong_dependences() -> None:
    """A chain 2 – 0 – 3 – 1: each column depends on the one before, the ends hardly on each other."""
    chain, chance = (2, 0, 3, 1), np.random.default_rng(3)
    rows = np.zeros((4000, 4), dtype=np.int32)
    rows[:, 2] = chance.integers(0, 4, 4000)
    for before, after in pairwise(chain):
        rows[:, after] = np.where(chance.random(4000) < 0.8, rows[:, before], chance.integers(0, 4, 4000))
    tables = {pair: counts_of(rows, pair, (4, 4)) for pair in pairs_of(range(4))}
    network = network_of(range(4), tables, first=2)
    assert network.order == chain and network.parents == {2: None, 0: 2, 3: 0, 1: 3}


def test_rows_of_a_network_have_its_proportions_to_within_a_row_and_depend_on_nothing_else() -> None:
    tables = {
        0: ((), np.array([300.0, 700.0])),
        1: ((0,), np.array([[10.0, 30.0], [50.0, 10.0]])),
        2: ((0,), np.array([[1.0, 1.0], [3.0, 1.0]])),
    }
    rows = drawn(Network(order=(0, 1, 2), parents={}), tables, count=4000, width=3, chance=np.random.default_rng(0))
    assert counts_of(rows, (0,), (2,)) == pytest.approx(np.array([1200, 2800]), abs=1.01)
    assert counts_of(rows, (0, 1), (2, 2)) == pytest.approx(np.array([[300, 900], [2333, 467]]), abs=2)
    joint = counts_of(rows, (0, 1, 2), (2, 2, 2))
    independent = joint.sum(axis=2)[:, :, None] * joint.sum(axis=1)[:, None, :] / joint.sum(axis=(1, 2))[:, None, None]
    assert np.abs(joint - independent).max() < 12, "less uneven than independent draws, whose deviation is 15"


def test_raked_rows_agree_with_a_table_that_the_network_does_not_know() -> None:
    chance = np.random.default_rng(1)
    rows = chance.integers(0, 3, (20_000, 3)).astype(np.int32)
    wanted = np.array([[50.0, 5.0, 5.0], [5.0, 50.0, 5.0], [5.0, 5.0, 20.0]])
    other = np.outer(wanted.sum(axis=1), [1.0, 2.0, 1.0])
    weights = raked(rows, [((0, 2), wanted), ((0, 1), other)], chance)
    assert weights.sum() == pytest.approx(len(rows))
    picked = chosen(rows, weights, count=5000, order=(0, 1, 2), chance=chance)
    for columns, table in (((0, 2), wanted), ((0, 1), other)):
        assert np.abs(counts_of(picked, columns, (3, 3)) / 5000 - table / table.sum()).sum() / 2 < 0.02


def test_a_cell_that_holds_no_value_of_the_grid_cannot_be() -> None:
    feature = Feature(name="x", kind=FeatureKind.NUMBER, edges=(5, 7, 20))
    domain = NumberDomain(scale=0, low=0, high=30, step=10, nullable=True)
    assert possible_cells(feature, domain) == (True, False, True, True, True)
    assert possible_cells(feature, NumberDomain(scale=0, low=6, high=30)) == (False, True, True, True, False)


@settings(max_examples=40)
@given(st.sampled_from(list(DateStep)), st.integers(0, 2), st.integers(0, 1000))
def test_dates_lie_in_their_cell_and_on_their_grid(step: DateStep, decade: int, seed: int) -> None:
    domain = DateDomain(low=date(1990 + decade, 2, 3), high=date(1999 + decade, 11, 5), step=step, nullable=True)
    feature = Feature(name="x", kind=FeatureKind.NUMBER, edges=(8000, 9000, 9100))
    cells = np.array([cell for cell, there in enumerate(possible_cells(feature, domain)) if there] * 20)
    for cell, value in zip(cells, values_in(feature, domain, cells, np.random.default_rng(seed)), strict=True):
        if value is None:
            assert cell == 4
            continue
        assert isinstance(value, date) and domain.low <= value <= domain.high
        assert feature.cell((value - date(1970, 1, 1)).days) == cell


def test_a_column_of_many_members_is_counted_in_groups_and_comes_back_as_members() -> None:
    members = tuple(f"{place:03}" for place in range(120))
    domains = {"place": ChoiceDomain(members=members), "yes": BooleanDomain(), "size": NumberDomain(scale=0, low=0, high=3)}
    chance = np.random.default_rng(5)
    places = np.minimum(chance.geometric(0.04, 6000) - 1, 119)
    rows = {
        "place": [members[place] for place in places],
        "yes": [bool(place % 2) for place in places],
        "size": [int(place) % 4 for place in places],
    }
    schema = schema_of(domains)
    learner = Synthesiser(synthesis=synthesis_of(schema.tables[0], target="yes", nano_rho=NanoRho(10**11)))
    table = learner.finish(counted(learner, schema, rows), rows=6000, chance=np.random.default_rng(0))
    made = [members.index(str(place)) for place in table.columns[0]]
    shares = (np.bincount(places, minlength=120) - np.bincount(made, minlength=120)) / 6000
    assert np.abs(shares).sum() / 2 < 0.02 and len(set(made)) > GROUPS_MAX, "rare members are drawn in their own proportions"
    large = [place < GROUPS_MAX - 1 for place in made]
    assert np.mean([bool(place % 2) == yes for place, yes, kept in zip(made, table.columns[1], large, strict=True) if kept]) > 0.97


def test_many_columns_are_counted_in_fewer_groups_so_that_a_round_is_never_too_large() -> None:
    members = tuple(f"{place:03}" for place in range(90))
    schema = schema_of({f"c{place}": ChoiceDomain(members=members) for place in range(40)})
    spec = synthesis_of(schema.tables[0], target="c0", nano_rho=NanoRho(10**9))
    assert 2 <= spec.groups_max < GROUPS_MAX and spec.cells_of_pairs(spec.groups_max) <= CELLS_MAX < spec.cells_of_pairs(GROUPS_MAX)


def test_a_unit_with_many_rows_is_kept_to_its_bound_and_the_table_comes_through_the_kernel() -> None:
    """Visits of patients, at most two of each: a real course over published rows."""
    tables = republish(grown(3, patients=60), b"key")
    of = version(cap_nrho=10**13, schema=CLINIC)
    visits = CLINIC.table("visits")
    assert visits is not None
    spec = synthesis_of(visits, columns=("region", "day", "count"), target="region", nano_rho=NanoRho(10**12))
    use = Training(permit=leave(of), version=of, choice=Choice(keep=((ALIAS, 2),)))
    with ledger_at(":memory:", of) as ledger:
        parts = replace(kernel(ledger, FakeEngine(cells={}), groups_max=20_000), engine=ReferenceEngine(tables, schema=CLINIC))
        taken = train(use, Synthesiser(synthesis=spec), parts)
    assert taken.cost_nrho == 10**12
    kept = [row for row in tables["visits"] if int(str(row["r"])) <= 2]
    table = Synthesiser(synthesis=spec).finish(taken.rounds, rows=20 * len(kept), chance=np.random.default_rng(0))
    assert table.utility.rows == pytest.approx(len(kept), rel=0.02)
    columns, regions = dict(zip(table.names, table.columns, strict=True)), [row["region"] for row in kept]
    for name, real in (("region", regions), ("count", [row["count"] for row in kept])):
        for value in {None, *regions} if name == "region" else {None}:
            share = columns[name].count(value) / table.rows  # type: ignore[arg-type]
            assert share == pytest.approx(real.count(value) / len(kept), abs=0.03), (name, value)


def test_columns_that_cannot_be_are_refused() -> None:
    schema = schema_of({"kind": BooleanDomain(), "note": TextDomain(length_max=9)})
    for columns, target, code in (
        (("kind", "note"), None, "learn.no_domain"),
        (("kind", "other"), None, "learn.no_column"),
        (("kind",), "note", "learn.synthetic_columns"),
        (("kind", "kind"), None, "learn.synthetic_columns"),
    ):
        with pytest.raises(Refusal) as refused:
            synthesis_of(schema.tables[0], columns=columns, target=target, nano_rho=NanoRho(1))
        assert refused.value.code == code
    assert synthesis_of(schema.tables[0], nano_rho=NanoRho(1)).names == ("kind",)
