"""Tables of many columns: each learner asks for all of them within its course, and what is beyond is refused unpaid."""

from collections.abc import Iterator
from dataclasses import replace
from random import Random

import pytest

from amana.catalog.domains import KeyDomain, NumberDomain
from amana.catalog.profile import Profile, TableProfile
from amana.catalog.schema import Column, Schema, Table
from amana.engines.duckdb import DuckDbEngine
from amana.learn.axes import TURNED_MAX, first_axes, products, stepped_along
from amana.learn.choose import learner_for
from amana.learn.linear_columns import columns_of, first_linear
from amana.learn.problem import EDGES_COARSE, FEATURES_FINE, problem_of
from amana.learn.wanted import FEATURES_MAX, model_wanted, rows_wanted
from amana.query.check import SUMS_MAX
from amana.terms.ids import NanoRho
from amana.terms.refusal import Refusal
from amana.terms.training import Specification
from tests.unit.learning import rounds_of, store

ROWS = 200
PROFILE = Profile(tables=(TableProfile(table="people", units=9.0, rows=9.0, rows_edges=(1, 2), units_by_rows=(9.0,), columns=()),))


def wide(columns: int) -> Schema:
    """Numbers in cents, the last of which is the sum of the first three."""
    numbers = tuple(Column(name=f"n{place}", domain=NumberDomain(scale=2, low=0, high=10_000)) for place in range(columns + 1))
    table = Table(
        name="people", private=True, unit_column="id", rows_per_unit_max=1, columns=(Column(name="id", domain=KeyDomain()), *numbers)
    )
    return Schema(unit="person", tables=(table,))


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDbEngine]:
    chance, rows = Random(7), []
    for number in range(ROWS):
        values = {f"n{place}": chance.randint(0, 10_000) for place in range(FEATURES_MAX)}
        values[f"n{FEATURES_MAX}"] = (values["n0"] + values["n1"] + values["n2"]) // 3
        rows.append({"id": number, "u": number, "r": 1, **values})
    with store(tmp_path_factory.mktemp("wide"), rows, schema=wide(FEATURES_MAX)) as opened:
        yield opened


@pytest.mark.slow
@pytest.mark.parametrize("name", ["linear", "statistics"])
def test_a_model_of_as_many_columns_as_may_be_stays_within_its_course(engine: DuckDbEngine, name: str) -> None:
    schema = wide(FEATURES_MAX)
    of = problem_of(schema.tables[0], target=f"n{FEATURES_MAX}", units=ROWS)
    assert all(len(feature.edges) <= EDGES_COARSE for feature in of.features)
    learner = replace(learner_for(of, name, nano_rho=NanoRho(10**12)), rounds=1)
    done = rounds_of(learner, engine, schema=schema)
    assert len(done) == len(learner.course.rounds)
    assert learner.finish(done).features == of.features


@pytest.mark.parametrize("lines", [FEATURES_FINE, FEATURES_MAX])
def test_a_plan_never_has_more_sums_than_may_be(lines: int) -> None:
    schema = wide(lines)
    of = problem_of(schema.tables[0], target=f"n{lines}", units=ROWS)
    columns = columns_of(of)
    axes = first_axes(columns, None)
    tables = [[0.0] * feature.cells for feature in of.features]
    for plans, sums in (
        (first_linear(columns), 3 + 3 * lines),
        (products(columns, columns.lines, axes), 2 * TURNED_MAX + TURNED_MAX * (TURNED_MAX - 1) // 2),
        (stepped_along(columns, columns.lines, axes, tables, intercept=0.0, clip=1), 1 + lines),
    ):
        assert sum(len(plan.sums) for plan in plans) == sums and max(len(plan.sums) for plan in plans) <= SUMS_MAX


def test_more_columns_are_refused() -> None:
    schema = wide(FEATURES_MAX + 1)
    wanted = Specification(dataset="test", target=f"n{FEATURES_MAX + 1}")
    rows = rows_wanted(wanted, schema, PROFILE, source=None)
    with pytest.raises(Refusal, match=r"learn\.too_many"):
        model_wanted(wanted, rows, nano_rho=NanoRho(10**9), groups_max=100_000)


def test_learners_that_ask_for_each_column_apart_take_fewer() -> None:
    schema = wide(FEATURES_FINE + 1)
    for learner, taken in (("auto", "statistics"), ("linear", "linear"), ("glass-box", ""), ("trees", "")):
        wanted = Specification(dataset="test", target=f"n{FEATURES_FINE + 1}", learner=learner)
        rows = rows_wanted(wanted, schema, PROFILE, source=None)
        if taken:
            assert model_wanted(wanted, rows, nano_rho=NanoRho(10**9), groups_max=100_000).name == taken
        else:
            with pytest.raises(Refusal, match=r"learn\.too_many"):
                model_wanted(wanted, rows, nano_rho=NanoRho(10**9), groups_max=100_000)
