"""The store of an invented sample: invented rows prepared like real ones, beside the public tables of the version.

Of the version's own store only public tables are named here. The order of invented rows is no secret, so the key of their
ranks is not the store's either: nothing that its secret key decides may be learnt from a sample.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import assert_never, final

import duckdb

from amana.catalog.domains import BooleanDomain, ChoiceDomain, DateDomain, Domain, KeyDomain, MomentDomain, NumberDomain, TextDomain
from amana.catalog.rules import CsvForm, OutOfBounds, Reading, Rules
from amana.catalog.rules_columns import ColumnReading
from amana.catalog.schema import Dataset, Schema, Table
from amana.engines.connection import attach_store, identifier, quoted
from amana.engines.engine import Cell, Engine, SumTable
from amana.engines.prepare import prepare
from amana.query.expr import Column
from amana.query.infer import columns_of
from amana.query.plan import BoundedPlan, DistinctCount
from amana.query.tables import is_private
from amana.query.values import domain_of
from amana.terms.exact import Exact

STORE, MADE = "store", "sample"
IDENTIFIERS_MAX = 1_000
EXACT_IN_FLOAT = 2**52
"""Below this many steps of the grid a 64-bit float keeps a number apart from its neighbours."""


def public_keys_of(connection: duckdb.DuckDBPyConnection, schema: Schema) -> tuple[dict[str, tuple[str, ...]], bool]:
    """Identifiers of public tables by column, so that invented rows meet them; and whether identifiers are text."""
    found: dict[str, tuple[str, ...]] = {}
    text = False
    for table in schema.tables:
        if table.private:
            continue
        for name in table.key:
            column = table.column(name)
            if column is None or not isinstance(column.domain, KeyDomain):
                continue
            stored = identifier("c_" + name)
            source = f"{STORE}.{identifier(table.name)} WHERE {stored} IS NOT NULL"
            sql = f"SELECT DISTINCT {stored} FROM {source} ORDER BY 1 LIMIT {IDENTIFIERS_MAX}"
            values = [row[0] for row in connection.execute(sql).fetchall()]
            text = text or any(isinstance(value, str) for value in values)
            if values:
                found[name.lower()] = tuple(map(str, values))
    return found, text


def write_sample(
    dataset: Dataset,
    files: Sequence[Path],
    *,
    connection: duckdb.DuckDBPyConnection,
    target: Path,
    key: str,
    rank_key: bytes,
    key_text: bool,
) -> None:
    """Write `target`: the CSV files of invented rows, read as strictly as rules can be, and the public tables of the store attached.

    Errors: a `publish.*` refusal for a row that the schema does not allow, which no invented row is.
    """
    private = tuple(table for table in dataset.schema.tables if table.private)
    made = replace(dataset, schema=Schema(unit=dataset.schema.unit, tables=private))
    readings = tuple(_reading(table, key_text=key_text) for table in private)
    rules = Rules(dataset=made, readings=readings)
    prepare(rules, files, connection=connection, target=target, target_key=key, rank_key=rank_key)
    public = [table.name for table in dataset.schema.tables if not table.private]
    connection.execute(f"ATTACH {quoted(str(target))} AS {MADE} (ENCRYPTION_KEY {quoted(key)})")
    for name in public:
        connection.execute(f"CREATE TABLE {MADE}.{identifier(name)} AS SELECT * FROM {STORE}.{identifier(name)}")
    connection.execute(f"DETACH {MADE}")


def _reading(table: Table, *, key_text: bool) -> Reading:
    return Reading(
        table=table.name,
        file=f"{table.name}.csv",
        relation=None,
        csv=CsvForm(),
        missing=(),
        out_of_bounds=OutOfBounds.REFUSE,
        row_is_unit=table.unit_column is None and table.path is None,
        columns=tuple(
            ColumnReading(name=column.name, written=column.name, key_text=key_text and isinstance(column.domain, KeyDomain))
            for column in table.columns
        ),
    )


def attach_version(connection: duckdb.DuckDBPyConnection, store: Path, *, key: str) -> None:
    """Attach the version whose public tables go with the sample."""
    attach_store(connection, store, key=key, alias=STORE)


def units_in(connection: duckdb.DuckDBPyConnection, sample: Path, *, key: str, schema: Schema) -> int:
    """How many invented units a sample holds. Errors: `duckdb.Error` for a file that is none of this key and schema."""
    attach_store(connection, sample, key=key, alias=MADE)
    parts = [f"SELECT max(u) AS u FROM {MADE}.{identifier(table.name)}" for table in schema.tables if table.private]
    row = connection.execute(f"SELECT max(u) + 1 FROM ({' UNION ALL '.join(parts)})").fetchone()
    assert row is not None
    return int(row[0])


def export(connection: duckdb.DuckDBPyConnection, table: Table, target: Path, *, form: str) -> None:
    """Write one table of the attached sample as a file of that form (`csv` or `parquet`), as a custodian's file would look."""
    columns = ", ".join(f"{_shown(column.domain, 'c_' + column.name, form)} AS {identifier(column.name)}" for column in table.columns)
    order = "u, r" if table.private else ", ".join(identifier("c_" + column.name) for column in table.columns)
    options = "FORMAT csv, HEADER" if form == "csv" else "FORMAT parquet"
    connection.execute(
        f"COPY (SELECT {columns} FROM {MADE}.{identifier(table.name)} ORDER BY {order}) TO {quoted(str(target))} ({options})"
    )


def _shown(domain: Domain, name: str, form: str) -> str:
    stored = identifier(name)
    match domain:
        case NumberDomain():
            if domain.scale == 0:
                return f"CAST({stored} AS BIGINT)"
            if form == "parquet" and max(abs(domain.low), abs(domain.high)) < EXACT_IN_FLOAT:
                return f"CAST({stored} AS DOUBLE) / 1e{domain.scale}"
            return f"CAST({stored} AS DECIMAL(19, 0)) * CAST(1e-{domain.scale} AS DECIMAL(19, {domain.scale}))"
        case MomentDomain():
            return f"make_timestamp({stored} * 1000000)"
        case ChoiceDomain():
            return f"([{', '.join(map(quoted, domain.members))}])[{stored} + 1]" if domain.members else stored
        case DateDomain() | BooleanDomain() | TextDomain() | KeyDomain():
            return stored
        case _:
            assert_never(domain)


@final
class SampleEngine:
    """An engine over invented rows, each of which stands for several: sums come as large as the population's are expected to be,
    so that intervals and thresholds look as they would. Public tables stand for themselves."""

    def __init__(self, engine: Engine, *, schema: Schema, times: int) -> None:
        self._engine, self._schema, self._times = engine, schema, times

    def run(self, bounded: BoundedPlan, *, groups_max: int, seconds_max: float) -> Exact[SumTable]:
        """See `Engine.run`."""
        return self.run_all((bounded,), groups_max=groups_max, seconds_max=seconds_max)[0]

    def run_all(self, plans: tuple[BoundedPlan, ...], *, groups_max: int, seconds_max: float) -> tuple[Exact[SumTable], ...]:
        """See `Engine.run_all`."""
        found = self._engine.run_all(plans, groups_max=groups_max, seconds_max=seconds_max)
        return tuple(self._larger(bounded, one) for bounded, one in zip(plans, found, strict=True))

    def _larger(self, bounded: BoundedPlan, found: Exact[SumTable]) -> Exact[SumTable]:
        if not is_private(bounded.plan.source, self._schema):
            return found
        cells = found.open_for_noise().cells
        factors = [1 if self._few(bounded, index) else self._times for index in range(len(bounded.sums))]
        return Exact(
            SumTable(
                cells={key: tuple(_times(cell, factor) for cell, factor in zip(row, factors, strict=True)) for key, row in cells.items()}
            )
        )

    def _few(self, bounded: BoundedPlan, index: int) -> bool:
        """Whether that sum counts different values, of which more people do not have more, unless they are identifiers."""
        total = bounded.sums[index].sum
        if not isinstance(total, DistinctCount) or not isinstance(total.value, Column):
            return isinstance(total, DistinctCount)
        return not isinstance(domain_of(total.value, columns_of(bounded.plan.source, self._schema)), KeyDomain)


def _times(cell: Cell, factor: int) -> Cell:
    return tuple(count * factor for count in cell) if isinstance(cell, tuple) else cell * factor
