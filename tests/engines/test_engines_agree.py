"""DuckDB gives exactly what the reference engine gives, on generated questions over generated tables."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amana.engines.compile import compile_plan, compile_shared
from amana.engines.connection import connect
from amana.engines.duckdb import DuckDbEngine, Found, empty_cells, read_shared, read_statement
from amana.engines.engine import SumTable
from amana.engines.reference import ReferenceEngine, ReferenceTables
from amana.query.check import ONE
from amana.query.expr import Fixed
from amana.query.infer import columns_of
from amana.query.plan import BoundedPlan, BoundedSum, Join, JoinKind, Plan, PublicKeys, RowSum, Scan
from tests.databases import SCHEMA, fill, grown, republish, sources, write_store
from tests.plans import KINDS, bounded, plans, sound

GROUPS_MAX = 100_000
CLINICS: tuple[ReferenceTables, ...] = tuple(
    republish(grown(seed, patients=patients), b"key") for seed, patients in enumerate((6, 4, 3, 1, 0))
)
"""From a busy clinic to an empty one; written once, so that many questions are asked in the time of one."""
EVERYTHING = Join(
    left=Join(
        left=Join(left=Scan(table="visits", alias="v"), right=Scan(table="patients", alias="p"), kind=JoinKind.INNER, on=(("v.patient_id", "p.patient_id"),)),
        right=Scan(table="tests", alias="t"), kind=JoinKind.LEFT, on=(("v.visit_id", "t.visit_id"),),
    ),
    right=Scan(table="regions", alias="g"), kind=JoinKind.LEFT, on=(("v.region", "g.region"),),
)  # fmt: skip


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    opened = connect(tmp_path_factory.mktemp("spill"), memory_bytes_max=2**30, threads=2)
    for number, tables in enumerate(CLINICS):
        opened.execute(f"ATTACH ':memory:' AS clinic{number}")
        fill(opened, tables, catalog=f"clinic{number}")
    yield opened
    opened.close()


def by_reference(asked: BoundedPlan, tables: ReferenceTables) -> SumTable:
    engine = ReferenceEngine(tables, schema=SCHEMA)
    return engine.run(asked, groups_max=GROUPS_MAX, seconds_max=60).open_for_noise()


def by_duckdb(asked: BoundedPlan, clinic: int, connection: duckdb.DuckDBPyConnection) -> SumTable:
    found = {} if asked.plan.keys else {(): empty_cells(asked)}
    for statement in compile_plan(asked, schema=SCHEMA, catalog=f"clinic{clinic}"):
        try:
            read_statement(connection, statement, asked, found, groups_max=GROUPS_MAX)
        except duckdb.Error as error:
            raise AssertionError(f"{error}\n{statement.sql}") from None
    return SumTable(cells={key: tuple(cells) for key, cells in found.items()})


@given(plans(), st.integers(0, len(CLINICS) - 1), st.data())
def test_generated_questions_get_the_answers_of_the_reference(
    connection: duckdb.DuckDBPyConnection, plan: Plan, clinic: int, data: st.DataObject
) -> None:
    asked = data.draw(bounded(plan))
    assert by_duckdb(asked, clinic, connection) == by_reference(asked, CLINICS[clinic])


@given(plans(), st.integers(0, len(CLINICS) - 1), st.data())
def test_plans_that_share_a_relation_get_in_one_pass_what_each_gets_alone(
    connection: duckdb.DuckDBPyConnection, plan: Plan, clinic: int, data: st.DataObject
) -> None:
    asked = data.draw(bounded(plan))
    kept = data.draw(st.lists(st.sets(st.integers(0, max(0, len(plan.keys) - 1))), min_size=2, max_size=4))
    sums = data.draw(st.lists(st.sets(st.integers(0, len(asked.sums) - 1), min_size=1), min_size=len(kept), max_size=len(kept)))
    several = tuple(
        replace(
            asked,
            plan=replace(asked.plan, keys=tuple(key for place, key in enumerate(plan.keys) if place in places), sets=()),
            sums=tuple(asked.sums[place] for place in sorted(few)),
        )
        for places, few in zip(kept, sums, strict=True)
    )
    found: list[Found] = [{} if one.plan.keys else {(): empty_cells(one)} for one in several]
    shared, alone = compile_shared(several, schema=SCHEMA, catalog=f"clinic{clinic}")
    for each in shared:
        read_shared(connection, each, several, found, groups_max=GROUPS_MAX)
    for place in alone:
        found[place] = {key: list(cells) for key, cells in by_duckdb(several[place], clinic, connection).cells.items()}
    for one, got in zip(several, found, strict=True):
        assert {key: tuple(cells) for key, cells in got.items()} == by_reference(one, CLINICS[clinic]).cells


@given(st.data())
def test_every_expression_has_the_value_of_the_reference_on_every_row(connection: duckdb.DuckDBPyConnection, data: st.DataObject) -> None:
    columns = columns_of(EVERYTHING, SCHEMA)
    keys = tuple((f"key{index}", data.draw(sound(columns, data.draw(st.sampled_from(KINDS)), depth=4))) for index in range(3))
    rows = BoundedSum(sum=RowSum(value=ONE), scale=0, low=1, high=1, per_unit=False, l1=1, l2_squared=1)
    value = data.draw(sound(columns, "number", depth=4))
    domain = BoundedSum(sum=RowSum(value=value, centre=Fixed(units=3)), scale=18, low=-5, high=5, per_unit=False, l1=1, l2_squared=1)
    plan = Plan(source=EVERYTHING, keys=keys, sums=(rows.sum, domain.sum), figures=())
    asked = BoundedPlan(plan=plan, sums=(rows, domain), keys=PublicKeys(combinations=()), keys_per_unit=1)
    assert by_duckdb(asked, 0, connection) == by_reference(asked, CLINICS[0])


@given(sources(patients_max=2), plans(layers_max=1), st.data())
def test_the_whole_engine_over_an_encrypted_store_agrees_too(
    tmp_path_factory: pytest.TempPathFactory, source: dict[str, list[dict[str, object]]], plan: Plan, data: st.DataObject
) -> None:
    if data.draw(st.integers(0, 7)):  # writing a store takes longer than all questions to it
        return
    folder: Path = tmp_path_factory.mktemp("whole")
    tables = republish(source, b"key")  # type: ignore[arg-type]
    write_store(tables, folder / "store", key="secret")
    engine = DuckDbEngine(folder / "store", key="secret", schema=SCHEMA, memory_bytes_max=2**28, threads=2, folder_spill=folder / "spill")
    asked = data.draw(bounded(plan))
    try:
        got = engine.run(asked, groups_max=GROUPS_MAX, seconds_max=60).open_for_noise()
    finally:
        engine.close()
    assert got == by_reference(asked, tables)
