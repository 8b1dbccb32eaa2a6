"""A plan means what its SQL means: without bounds and noise, the exact sums are those of DuckDB on the same rows."""

from datetime import date, datetime, timedelta
from functools import lru_cache
from random import Random

import duckdb
import pytest

from amana.catalog.domains import NumberDomain
from amana.engines.reference import ReferenceEngine
from amana.query.check import check
from amana.query.infer import columns_of
from amana.query.parse import parse
from amana.query.plan import BoundedPlan, BoundedSum, KeyValue, Plan, RowSum, Sum, UnknownKeys
from amana.query.values import domain_of
from tests.spec.conftest import CLINIC, DRUGS, REGIONS

QUESTIONS = [
    "SELECT COUNT(*), SUM(cost), COUNT(score), SUM(score) FROM visits",
    "SELECT ward, COUNT(*), SUM(cost) FROM visits WHERE urgent OR score > 5 GROUP BY ward",
    "SELECT ward, urgent, COUNT(*) FROM visits WHERE NOT (score BETWEEN 2 AND 4) GROUP BY ward, urgent",
    "SELECT region, SUM(CASE WHEN score IN (1, 2, 3) THEN cost ELSE 0 END) FROM visits GROUP BY 1",
    "SELECT year(day), quarter(day), COUNT(*) FROM visits GROUP BY 1, 2",
    "SELECT isodow(day), dayofweek(day), COUNT(*) FROM visits WHERE day >= DATE '2020-02-01' + INTERVAL 1 MONTH GROUP BY 1, 2",
    "SELECT hour(arrived), COUNT(*) FROM visits WHERE day + INTERVAL 30 DAY < DATE '2021-06-30' GROUP BY 1",
    "SELECT score % 3, COUNT(*) FROM visits GROUP BY 1",
    "SELECT SUM(round(cost, 1)), SUM(floor(cost)), SUM(ceil(cost)), SUM(abs(cost - 5000)), SUM(CAST(cost AS INTEGER)) FROM visits",
    "SELECT SUM(least(score, 5)), SUM(greatest(score, 5)), SUM(coalesce(score, 7)), COUNT(nullif(score, 3)) FROM visits",
    "SELECT upper(left(ward, 2)), COUNT(*) FROM visits WHERE note LIKE '%a_' OR length(note) > 3 GROUP BY 1",
    "SELECT ward || '-' || region, COUNT(*) FROM visits GROUP BY 1",
    "SELECT date_diff('month', day, DATE '2021-01-01'), SUM(DATE '2021-01-01' - day) FROM visits GROUP BY 1",
    "SELECT COUNT(DISTINCT ward), COUNT(DISTINCT v.patient), COUNT(DISTINCT CASE WHEN urgent THEN v.patient END) FROM visits v",
    "SELECT p.sex, COUNT(*), SUM(cost) FROM patients p, visits v WHERE p.patient = v.patient AND v.day > p.birth GROUP BY p.sex",
    (
        "SELECT sex, family, SUM(doses * price), COUNT(*) FROM patients p JOIN visits v USING (patient) JOIN prescriptions s"
        " ON s.visit = v.visit JOIN drugs d ON d.drug = s.drug GROUP BY sex, family"
    ),
    "SELECT sex, COUNT(*), COUNT(v.visit), SUM(v.cost) FROM patients p LEFT JOIN visits v ON p.patient = v.patient AND v.urgent GROUP BY sex",
    "SELECT sex, COUNT(*) FROM patients p LEFT JOIN visits v ON p.patient = v.patient AND v.score > p.weight / 100 WHERE v.visit IS NULL GROUP BY sex",
    "SELECT country, COUNT(*) FROM visits v, regions r WHERE (v.region = r.region AND v.urgent) OR (v.region = r.region AND v.score > 7) GROUP BY 1",
    (
        "SELECT a.country, b.country, COUNT(*) FROM visits v JOIN regions a ON a.region = v.region JOIN patients p ON p.patient = v.patient"
        " LEFT JOIN regions b ON b.region = p.region AND b.population > 100 GROUP BY 1, 2"
    ),
    "SELECT sex, COUNT(*) FROM patients p WHERE EXISTS (SELECT 1 FROM visits v WHERE v.patient = p.patient AND v.urgent AND v.region <> p.region) GROUP BY 1",
    "SELECT sex, COUNT(*) FROM patients p WHERE weight > 50 AND NOT EXISTS (SELECT 1 FROM visits v WHERE v.patient = p.patient AND score > 4) GROUP BY 1",
    "SELECT COUNT(*) FROM patients WHERE patient NOT IN (SELECT patient FROM visits WHERE urgent)",
    "SELECT COUNT(*) FROM visits WHERE visit IN (SELECT visit FROM prescriptions GROUP BY visit HAVING SUM(doses) > 60)",
    "SELECT COUNT(*) FROM visits v WHERE region IN (SELECT region FROM regions WHERE country = 'coast') AND NOT urgent",
    "SELECT COUNT(*) FROM visits a SEMI JOIN prescriptions s ON a.visit = s.visit",
    "SELECT COUNT(*), SUM(n) FROM (SELECT patient, COUNT(*) AS n FROM visits GROUP BY patient HAVING COUNT(*) > 2) AS t",
    (
        "SELECT n, COUNT(*) FROM (SELECT p.patient, COUNT(v.visit) FROM patients p LEFT JOIN visits v ON p.patient = v.patient"
        " GROUP BY p.patient) AS t (patient, n) GROUP BY n"
    ),
    (
        "SELECT ward, SUM(most - fewest), SUM(span) FROM (SELECT patient, ward, MAX(cost) AS most, MIN(cost) AS fewest, MAX(day) - MIN(day) AS span"
        " FROM visits GROUP BY patient, ward) AS t GROUP BY ward"
    ),
    "SELECT COUNT(*) FROM (SELECT DISTINCT patient, ward FROM visits) AS t",
    (
        "SELECT SUM(m) FROM (SELECT patient, MAX(n) AS m FROM (SELECT patient, ward, COUNT(DISTINCT region) AS n FROM visits GROUP BY 1, 2) AS a"
        " GROUP BY patient) AS b"
    ),
    (
        "SELECT nth, SUM(cost), SUM(gap), SUM(total) FROM (SELECT cost, ROW_NUMBER() OVER (PARTITION BY patient ORDER BY arrived DESC) AS nth,"
        " day - LAG(day) OVER (PARTITION BY patient ORDER BY arrived) AS gap, SUM(cost) OVER (PARTITION BY patient ORDER BY arrived) AS total"
        " FROM visits) AS t WHERE nth <= 3 GROUP BY nth"
    ),
    "SELECT COUNT(*) FROM (SELECT cost, MAX(cost) OVER (PARTITION BY patient, ward) AS top FROM visits) AS t WHERE cost = top",
    "SELECT SUM(c), COUNT(*) FROM (SELECT cost AS c FROM visits WHERE urgent UNION ALL SELECT score FROM visits WHERE score > 3) AS t",
    (
        "WITH u AS (SELECT * FROM visits WHERE urgent), w AS (SELECT patient, COUNT(*) AS n FROM u GROUP BY patient)"
        " SELECT sex, SUM(n) FROM w JOIN patients p ON p.patient = w.patient GROUP BY sex"
    ),
    "SELECT COUNT(*) FILTER (WHERE urgent), SUM(cost) FILTER (WHERE score > 2), COUNT_IF(score = 1) FROM visits",
]
Stored = dict[str, list[dict[str, object]]]


@lru_cache
def clinic_rows(seed: int) -> Stored:
    """A small clinic. Amounts count units of their grid."""
    random = Random(seed)
    start = datetime.fromisoformat("2020-01-01")
    rows: Stored = {"patients": [], "visits": [], "prescriptions": [], "regions": [], "drugs": []}
    ranks: dict[tuple[str, int], int] = {}

    def add(table: str, unit: int, **values: object) -> None:
        ranks[table, unit] = ranks.get((table, unit), 0) + 1
        rows[table].append({"u": unit, "r": ranks[table, unit], **values})

    for unit in range(8):
        birth = date(1950, 1, 1) + timedelta(days=random.randrange(26_000))
        weight = random.choice([None, random.randrange(2000)])
        add("patients", unit, patient=100 + unit, sex=random.choice("fm"), birth=birth, region=random.choice(REGIONS), weight=weight)
    for visit in range(40):
        unit = random.randrange(7)
        arrived = start + timedelta(minutes=random.randrange(700_000))
        add(
            "visits", unit, visit=visit, patient=100 + unit, day=arrived.date(), arrived=arrived, ward=random.choice(("eye", "general", "heart")),
            region=random.choice(REGIONS), cost=random.randrange(1_000_001), score=random.choice([None, random.randrange(11)]),
            urgent=random.random() < 0.4, note=random.choice(("pain", "ok", "", "a cat", "bad")),
        )  # fmt: skip
    for prescription in range(60):
        of = random.choice(rows["visits"])
        unit = of["u"]
        assert isinstance(unit, int)
        add("prescriptions", unit, prescription=prescription, visit=of["visit"], drug=random.choice(DRUGS), doses=random.randrange(1, 101))
    rows["regions"] = [{"region": r, "country": random.choice(("coast", "inland")), "population": random.randrange(200)} for r in REGIONS]
    rows["drugs"] = [
        {"drug": d, "family": f, "price": random.randrange(100_000)}
        for d, f in zip(DRUGS, ("antibiotic", "painkiller", "hormone"), strict=True)
    ]
    return rows


@lru_cache
def plain_database(seed: int) -> duckdb.DuckDBPyConnection:
    rows = clinic_rows(seed)
    connection = duckdb.connect()
    scales = {"cost": 2, "weight": 1, "price": 2}
    types: dict[type, str] = {bool: "BOOLEAN", int: "INTEGER", str: "VARCHAR", date: "DATE", datetime: "TIMESTAMP"}
    for table, found in rows.items():
        names = [name for name in found[0] if name not in ("u", "r")]
        kinds = {name: next((types[type(row[name])] for row in found if row[name] is not None), "INTEGER") for name in names}
        columns = ", ".join(f"{name} {f'DECIMAL(12, {scales[name]})' if name in scales else kinds[name]}" for name in names)
        connection.execute(f"CREATE TABLE {table} ({columns})")
        marks = ", ".join(f"? / {10 ** scales[name]}" if name in scales else "?" for name in names)
        connection.executemany(f"INSERT INTO {table} VALUES ({marks})", [[row[name] for name in names] for row in found])
    return connection


def exact_answer(sql: str, rows: Stored) -> dict[tuple[KeyValue, ...], list[float]]:
    """The plan's sums without any bound, in units of one."""
    plan = check(parse(sql, CLINIC), CLINIC)
    limit = 10**30
    scales = [_scale(total, plan) for total in plan.sums]
    sums = tuple(
        BoundedSum(sum=total, scale=scale, low=-limit, high=limit, per_unit=False, l1=limit, l2_squared=limit)
        for total, scale in zip(plan.sums, scales, strict=True)
    )
    bounded = BoundedPlan(plan=plan, sums=sums, keys=UnknownKeys(witness=0, witness_high=1, keys_per_unit=1), keys_per_unit=1)
    table = ReferenceEngine(rows, schema=CLINIC).run(bounded, groups_max=10_000, seconds_max=60).open_for_noise()  # type: ignore[arg-type]
    shown = [figure.sums[0] for _, figure in plan.figures if hasattr(figure, "sums")]
    return {key: [cells[i] / 10 ** scales[i] for i in shown] for key, cells in table.cells.items()}  # type: ignore[operator]


def _scale(total: Sum, plan: Plan) -> int:
    domain = domain_of(total.value, columns_of(plan.source, CLINIC)) if isinstance(total, RowSum) else None
    return domain.scale if isinstance(domain, NumberDomain) else 0


@pytest.mark.parametrize("sql", QUESTIONS)
def test_the_exact_sums_are_those_of_sql(sql: str) -> None:
    for seed in range(3):
        rows = clinic_rows(seed)
        plan = parse(sql, CLINIC)
        answer = plain_database(seed).execute(sql).fetchall()
        keys = len(plan.keys)
        # every question here shows its keys first, in the order of GROUP BY
        expected = {tuple(row[:keys]): [float(value or 0) for value in row[keys:]] for row in answer}
        found = exact_answer(sql, rows)
        if not keys:
            found = {(): found.get((), [0.0] * len(expected[()]))}
        assert {_plain(key): pytest.approx(values) for key, values in found.items()} == {
            _plain(key): values for key, values in expected.items()
        }


def _plain(key: tuple[object, ...]) -> tuple[object, ...]:
    return tuple(int(value) if isinstance(value, (bool, float)) else value for value in key)
