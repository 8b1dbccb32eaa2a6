"""Small invented clinics for property tests: a public schema, databases before publishing, and publishing in plain Python.

`republish` gives units and ranks as PRIVACY 3 wants them, from the source alone, so that a database and its neighbour
(all rows of one patient taken out of the source) can be published under one key and compared.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import TypeAlias

import duckdb
from hypothesis import strategies as st

from amana.catalog.domains import BooleanDomain, ChoiceDomain, DateDomain, KeyDomain, MomentDomain, NumberDomain, TextDomain
from amana.catalog.schema import Column, Schema, Table
from amana.catalog.schema import Path as TablePath
from amana.engines.connection import connect, identifier
from amana.engines.prepare_columns import stored_type
from amana.engines.reference import ReferenceTables, StoredRow, StoredValue

Source: TypeAlias = Mapping[str, Sequence[StoredRow]]
"""Rows before publishing: visible columns only."""

SEX = ChoiceDomain(members=("f", "m"), nullable=True)
REGION = ChoiceDomain(members=("", "East", "North", "east", "Östra"))
REGION_PUBLIC = ChoiceDomain(members=("East", "North", "South", "Östra"))
CODE = ChoiceDomain(members=("-1.25", "2024-02-29", "a", "b b", "c"), nullable=True)
BORN = DateDomain(low=date(1950, 1, 1), high=date(2010, 12, 31))
DAY = DateDomain(low=date(2019, 12, 25), high=date(2021, 3, 5), nullable=True)
AT = MomentDomain(low=datetime.fromisoformat("1969-12-30T01:02:03"), high=datetime.fromisoformat("1970-01-03T23:59:59"), nullable=True)
WEIGHT = NumberDomain(scale=1, low=-128, high=127, nullable=True)
COST = NumberDomain(scale=2, low=-1_000, high=50_000)
COUNT = NumberDomain(scale=0, low=0, high=100, nullable=True)
LARGE = NumberDomain(scale=3, low=-(10**15), high=10**15, nullable=True)
PRICE = NumberDomain(scale=4, low=0, high=32_767)
NOTE = TextDomain(length_max=8, nullable=True)
FLAG = BooleanDomain(nullable=True)


def _table(name: str, *, private: bool, columns: Mapping[str, object], **more: object) -> Table:
    made = tuple(Column(name=column, domain=domain) for column, domain in columns.items())  # type: ignore[arg-type]
    return Table(name=name, private=private, columns=made, **more)  # type: ignore[arg-type]


SCHEMA = Schema(
    unit="patient",
    tables=(
        _table(
            "patients", private=True, unit_column="patient_id", key=("patient_id",), rows_per_unit_max=1,
            columns={"patient_id": KeyDomain(), "sex": SEX, "born": BORN, "weight": WEIGHT, "smoker": FLAG},
        ),
        _table(
            "visits", private=True, path=TablePath(parent="patients", on=(("patient_id", "patient_id"),)), key=("visit_id",),
            rows_per_unit_max=4, occurrence=("region",),
            columns={
                "visit_id": KeyDomain(), "patient_id": KeyDomain(), "region": REGION, "day": DAY, "at": AT,
                "cost": COST, "count": COUNT, "note": NOTE,
            },
        ),
        _table(
            "tests", private=True, path=TablePath(parent="visits", on=(("visit_id", "visit_id"),)), rows_per_unit_max=6,
            columns={"visit_id": KeyDomain(), "code": CODE, "value": LARGE, "flag": FLAG},
        ),
        _table(
            "regions", private=False, key=("region",), multiplicity=1,
            columns={"region": REGION_PUBLIC, "density": COUNT, "opened": DAY},
        ),
        _table(
            "codes", private=False, key=("code",), multiplicity=2,
            columns={"code": CODE, "class": SEX, "price": PRICE},
        ),
    ),
)  # fmt: skip

# --- databases before publishing ---


def _value(chance: Random, domain: object) -> StoredValue:
    if getattr(domain, "nullable", False) and chance.random() < 0.2:
        return None
    match domain:
        case NumberDomain():
            ends = (domain.low, domain.high, max(domain.low, min(0, domain.high)), min(domain.high, domain.low + 150))
            return chance.choice((*ends, chance.randint(domain.low, domain.high), chance.randint(domain.low, domain.high)))
        case ChoiceDomain():
            return chance.choice(domain.members)
        case DateDomain():
            return chance.choice((domain.low, domain.high, domain.low + timedelta(days=chance.randint(0, (domain.high - domain.low).days))))
        case MomentDomain():
            length = int((domain.high - domain.low).total_seconds())
            return domain.low + timedelta(seconds=chance.choice((0, length, chance.randint(0, length))))
        case BooleanDomain():
            return chance.random() < 0.5
        case TextDomain():
            return chance.choice(NOTES)
        case _:
            raise AssertionError(domain)


NOTES = ("", " a ", "A%b", "7", "-0.125", "+.5", "1e3", "5.", "2020-01-31", "2020-02-30", "0000-01-01", "éÉ_x", "e\u0301", "\U0001f468z")
"""Free texts: numbers, days, things that look like them, letters beyond ASCII and beyond 16 bits."""


def grown(seed: int, *, patients: int) -> Source:
    """An invented clinic: so many patients, their visits and tests, some rows twice, and two public tables."""
    chance = Random(seed)
    source: dict[str, list[StoredRow]] = {table.name: [] for table in SCHEMA.tables}

    def add(name: str, **given: StoredValue) -> None:
        table = SCHEMA.table(name)
        assert table is not None
        row = {c.name: given[c.name] if c.name in given else _value(chance, c.domain) for c in table.columns}
        source[name] += [row] * (2 if name == "tests" and chance.random() < 0.2 else 1)

    for patient in range(100, 100 + patients):
        add("patients", patient_id=patient)
        for _ in range(chance.randint(0, 6)):
            visit = 1_000 + len(source["visits"])
            add("visits", visit_id=visit, patient_id=patient)
            for _ in range(chance.randint(0, 3)):
                add("tests", visit_id=visit)
    for region in REGION_PUBLIC.members[: chance.randint(0, 4)]:
        add("regions", region=region)
    for code in CODE.members:
        for _ in range(chance.randint(0, 2)):
            add("codes", code=code)
    return source


def sources(*, patients_max: int = 4) -> st.SearchStrategy[Source]:
    """Clinics, the empty one too."""
    return st.builds(lambda seed, patients: grown(seed, patients=patients), st.integers(0, 2**32), st.integers(0, patients_max))


def units_of(source: Source) -> tuple[StoredValue, ...]:
    """The source keys of the patients."""
    return tuple(row["patient_id"] for row in source["patients"])


def without(source: Source, patient: StoredValue) -> Source:
    """The neighbouring database: all rows of one patient, in all tables, were never there."""
    gone = {row["visit_id"] for row in source["visits"] if row["patient_id"] == patient}
    return {
        **source,
        "patients": [row for row in source["patients"] if row["patient_id"] != patient],
        "visits": [row for row in source["visits"] if row["patient_id"] != patient],
        "tests": [row for row in source["tests"] if row["visit_id"] not in gone],
    }


# --- publishing in plain Python (docs/decisions/0001-store-layout.md) ---


def republish(source: Source, key: bytes, schema: Schema = SCHEMA) -> ReferenceTables:
    """Published rows: units numbered, rows ranked within them by their content, caps kept. Public tables stay as they are."""
    unit_keys = {row["patient_id"]: row["patient_id"] for row in source["patients"]}
    visit_units = {row["visit_id"]: row["patient_id"] for row in source["visits"]}
    numbers = {unit: number for number, unit in enumerate(sorted(unit_keys, key=lambda unit: _code(key, "units", unit)))}
    published: dict[str, list[StoredRow]] = {}
    for table in schema.tables:
        rows = source[table.name]
        if not table.private:
            published[table.name] = list(rows)
            continue
        by_unit: dict[StoredValue, list[StoredRow]] = {}
        for row in rows:
            unit = visit_units.get(row["visit_id"]) if table.name == "tests" else row["patient_id"]
            if unit in numbers:
                by_unit.setdefault(unit, []).append(row)
        published[table.name] = []
        for unit, held in by_unit.items():
            for rank, row in enumerate(_ranked(held, key, table.name, unit)[: table.rows_per_unit_max], start=1):
                published[table.name].append({**row, "u": numbers[unit], "r": rank})
        _number_occurrences(published[table.name], table.occurrence)
    return published


def _ranked(rows: Sequence[StoredRow], key: bytes, table: str, unit: StoredValue) -> list[StoredRow]:
    seen: dict[str, int] = {}
    coded: list[tuple[bytes, StoredRow]] = []
    for row in rows:
        content = json.dumps(row, sort_keys=True, default=str)
        seen[content] = seen.get(content, 0) + 1
        coded.append((_code(key, table, unit, content, seen[content]), row))
    return [row for _, row in sorted(coded, key=lambda pair: pair[0])]


def _number_occurrences(rows: list[StoredRow], columns: Sequence[str]) -> None:
    for column in columns:
        seen: dict[tuple[StoredValue, StoredValue], int] = {}
        for place, row in enumerate(rows):  # rows of a unit stand in the order of their ranks
            group = (row["u"], row[column])
            seen[group] = seen.get(group, 0) + 1
            rows[place] = {**row, f"o_{column}": seen[group]}


def _code(key: bytes, *parts: object) -> bytes:
    return hmac.new(key, json.dumps(parts, default=str).encode(), hashlib.sha256).digest()


# --- the same rows as a store file ---


def write_store(tables: ReferenceTables, path: Path, *, key: str, schema: Schema = SCHEMA) -> None:
    """An encrypted store of these published rows."""
    connection = connect(path.parent / "spill-made", memory_bytes_max=2**28, threads=1)
    connection.execute(f"ATTACH '{path}' AS made (ENCRYPTION_KEY '{key}')")
    fill(connection, tables, catalog="made", schema=schema)
    connection.execute("DETACH made")
    connection.close()


def fill(connection: duckdb.DuckDBPyConnection, tables: ReferenceTables, *, catalog: str, schema: Schema = SCHEMA) -> None:
    """Create the tables of the layout in an attached database and write the rows."""
    for table in schema.tables:
        types = {"u": "INTEGER", "r": "INTEGER", **{f"o_{name}": "INTEGER" for name in table.occurrence}} if table.private else {}
        domains = {f"c_{column.name}": column.domain for column in table.columns}
        types |= {name: stored_type(domain) or _other_type(domain) for name, domain in domains.items()}
        listed = ", ".join(f"{identifier(name)} {kind}" for name, kind in types.items())
        target = f"{catalog}.{identifier(table.name)}"
        connection.execute(f"CREATE OR REPLACE TABLE {target} ({listed})")
        rows = [[_stored(row[name.removeprefix("c_")], domains.get(name)) for name in types] for row in tables[table.name]]
        if rows:
            places = ", ".join([f"({', '.join('?' * len(types))})"] * len(rows))
            connection.execute(f"INSERT INTO {target} VALUES {places}", [value for row in rows for value in row])


def _other_type(domain: object) -> str:
    return {KeyDomain: "BIGINT", BooleanDomain: "BOOLEAN", TextDomain: "VARCHAR"}[type(domain)]  # type: ignore[index]


def _stored(value: StoredValue, domain: object) -> StoredValue:
    if isinstance(domain, ChoiceDomain) and value is not None:
        return domain.members.index(str(value))
    if isinstance(value, datetime):
        return int(value.replace(tzinfo=UTC).timestamp())
    return value
