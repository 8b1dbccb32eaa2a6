"""PRIVACY 7: every accepted function is total and bounded, so no value of a row can stop a run; what fails all the same is opaque."""

import re
import time
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from amana.catalog.domains import BooleanDomain, DateDomain, KeyDomain, MomentDomain, NumberDomain, TextDomain
from amana.catalog.schema import Column, Schema, Table
from amana.engines import duckdb as engine_module
from amana.engines.compile import compile_plan
from amana.engines.compile_expr import _like
from amana.engines.compile_typed import Typed
from amana.engines.connection import connect
from amana.engines.duckdb import DuckDbEngine, empty_cells, read_statement
from amana.engines.reference import ReferenceEngine
from amana.privacy.bound import Choice, bound
from amana.privacy.release import answer
from amana.query.check import check
from amana.query.parse import parse
from amana.query.plan import BoundedPlan, KeyValue, RowSum
from amana.terms.refusal import Fault, Refusal
from tests.databases import SCHEMA as CLINIC
from tests.databases import fill, grown, republish, write_store
from tests.parts import SCHEMA, FakeEngine, asking, kernel, ledger_at, version

FAR = 2**62
"""The largest end that rules may declare."""
FIRST, LAST = datetime.fromisoformat("0001-01-01 00:00:00"), datetime.fromisoformat("9999-12-31 23:59:59")
HOSTILE = Schema(
    unit="person",
    tables=(
        Table(
            name="rows",
            private=True,
            unit_column="id",
            key=("id",),
            columns=(
                Column(name="id", domain=KeyDomain()),
                Column(name="n", domain=NumberDomain(scale=0, low=-FAR, high=FAR, nullable=True)),
                Column(name="f", domain=NumberDomain(scale=18, low=-FAR, high=FAR)),
                Column(name="z", domain=NumberDomain(scale=0, low=-1, high=1)),
                Column(name="t", domain=TextDomain(length_max=10_000, nullable=True)),
                Column(name="d", domain=DateDomain(low=date(1, 1, 1), high=date(9999, 12, 31), nullable=True)),
                Column(name="m", domain=MomentDomain(low=FIRST, high=LAST, nullable=True)),
                Column(name="b", domain=BooleanDomain(nullable=True)),
            ),
        ),
    ),
)
TEXTS = (
    None, "", "NaN", "inf", "-Infinity", "1e400", "-1e-400", "0x10", "9" * 400, "-" + "9" * 39, "0." + "0" * 300 + "1", "1_000", "٣", " 7 ",
    str(2**127), "+", "-", ".", "1.", "5e5", "1.5e3", "2024-02-30", "10000-01-01", "-0001-01-01", "infinity", "epoch", "x" * 10_000,
    "\U0001f468" * 100, "%_\\", "'\"", "a\nb", "true", "\x01", "e\u0301",
)  # fmt: skip
NUMBERS, DAYS = (None, -FAR, FAR, 0, 1, -1, 7), (None, date(1, 1, 1), date(9999, 12, 31), date(2024, 2, 29))
MOMENTS = (None, FIRST, LAST, datetime.fromisoformat("1969-12-31 23:59:59"))
ROWS: list[dict[str, Any]] = [
    {
        "id": i, "u": i, "r": 1, "n": NUMBERS[i % 7], "f": (FAR, -FAR, 0, 1)[i % 4], "z": (0, -1, 1)[i % 3], "t": TEXTS[i % len(TEXTS)],
        "d": DAYS[i // 2 % 4], "m": MOMENTS[i // 3 % 4], "b": (None, True, False)[i % 3],
    }
    for i in range(2 * len(TEXTS))
]  # fmt: skip
ACCEPTED = (
    "n // z", "n % z", "n % 0", "z / 0", "1 / z", "n * z", "n + n", "-n", "abs(n)", "sign(n)", "round(f, 3)", "ceil(f)", "floor(f)", "trunc(f)",
    "1 / f", "f // f", "f % f", "nullif(n, z)", "CAST(n AS TINYINT)", "CAST(f AS INTEGER)", "CAST(t AS DOUBLE)", "TRY_CAST(t AS INTEGER)",
    "CAST(t AS HUGEINT)", "CAST(t AS DECIMAL(38, 0))", "CAST(t AS DECIMAL(18, 6))", "length(t || t || t || n)", "length(upper(trim(t)))",
    "length(substring(t, 2, 1000000))", "date_diff('day', CAST(t AS DATE), DATE '2024-01-01')", "date_diff('year', d, DATE '9999-12-31')",
    "d - DATE '2000-01-01'", "hour(m)", "year(d)", "CASE WHEN date_trunc('week', d) < d THEN 1 ELSE 0 END",
    "CASE WHEN n // z > 1 THEN 1 // z ELSE n % z END", "CASE WHEN t LIKE '%9%9%9%9%' THEN n END",
)  # fmt: skip
SHAPES = (
    "SELECT SUM({}) FROM rows",
    "SELECT {} AS k, COUNT(*) FROM rows GROUP BY 1",
    "SELECT MEDIAN({}), COUNT(DISTINCT {}) FROM rows",
    "SELECT SUM(x) FROM (SELECT person, MAX({}) AS x FROM rows GROUP BY person) AS q",
)


def bounded(sql: str, choice: Choice | None = None) -> BoundedPlan:
    return bound(check(parse(sql, HOSTILE), HOSTILE), HOSTILE, choice=choice or Choice(), groups_max=10_000)


def exact(asked: BoundedPlan, rows: list[dict[str, Any]]) -> Any:
    return ReferenceEngine({"rows": rows}, schema=HOSTILE).run(asked, groups_max=10**6, seconds_max=60).open_for_noise().cells


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    opened = connect(tmp_path_factory.mktemp("spill"), memory_bytes_max=2**30, threads=1)
    opened.execute("ATTACH ':memory:' AS store")
    fill(opened, {"rows": ROWS}, catalog="store", schema=HOSTILE)
    yield opened
    opened.close()


@pytest.mark.parametrize("expression", ACCEPTED)
def test_no_value_of_a_row_stops_a_run_or_passes_the_declared_interval(connection: duckdb.DuckDBPyConnection, expression: str) -> None:
    asked = bounded(SHAPES[0].replace("{}", expression))
    total = asked.sums[0]
    for row in ROWS:
        value = exact(asked, [row])[()][0]
        assert value == 0 or total.low <= value <= total.high, row  # 0: NULL adds nothing
    for shape in SHAPES:
        sql = shape.replace("{}", expression)
        sums = parse(sql, HOSTILE).sums
        for choice in (Choice(), Choice(clamps=tuple((-10, 10) if isinstance(one, RowSum) else None for one in sums))):
            asked = bounded(sql, choice)
            found: dict[tuple[KeyValue, ...], Any] = {} if asked.plan.keys else {(): empty_cells(asked)}
            for statement in compile_plan(asked, schema=HOSTILE, catalog="store"):
                read_statement(connection, statement, asked, found, groups_max=10**6)
            assert {key: tuple(cells) for key, cells in found.items()} == exact(asked, ROWS)


@pytest.mark.parametrize(
    "expression",
    [
        "length(repeat(t, 1000000000))", "length(lpad(t, 1000000000, 'x'))", "length(replace(t, 'x', 'xxxxxxxx'))", "length(printf('%0999999d', n))",
        "CASE WHEN regexp_matches(t, '(a+)+$') THEN 1 ELSE 0 END", "CASE WHEN t SIMILAR TO '(a|a)*b' THEN 1 ELSE 0 END", "factorial(n)",
        "power(n, n)", "exp(n)", "ln(z)", "sqrt(z)", "len(range(n))", "n * n", "n / f", "error(t)", "list_sum([n, n])",
        "date_diff('day', d, d + INTERVAL 4000 DAY)", "date_diff('day', d - INTERVAL 4000 DAY, d)", "sleep_ms(n)", "getenv('HOME')",
    ],
)  # fmt: skip
def test_what_has_no_bound_of_size_or_of_work_is_refused_before_the_data(expression: str) -> None:
    with pytest.raises(Refusal):
        bounded(f"SELECT SUM({expression}) FROM rows")


# --- what fails all the same ---


def failing(message: str) -> FakeEngine:
    def fail() -> None:
        raise ValueError(message)

    return FakeEngine(cells={(): (5,)}, before=fail)


def test_the_second_fault_pauses_the_permit_for_every_question_and_a_first_one_does_not() -> None:
    of = version(cap_nrho=10**12)
    with ledger_at(":memory:", of) as ledger:
        engine = failing("row 17")
        parts = kernel(ledger, engine)
        with pytest.raises(Fault):
            answer(asking(of), parts)
        engine.before = lambda: None
        assert answer(asking(of), parts).released.cells, "one fault may be an accident"
        engine.before = failing("row 17").before
        with pytest.raises(Fault):
            answer(asking(of, parse("SELECT SUM(cost) AS s FROM visits", SCHEMA)), parts)
        engine.before = lambda: None
        for sql in ("SELECT SUM(stay) AS s FROM visits", "SELECT COUNT(*) AS n FROM patients"):
            with pytest.raises(Refusal, match="permit_paused"):
                answer(asking(of, parse(sql, SCHEMA)), parts)
        assert len(engine.runs) == 3


def test_a_fault_shows_a_random_number_and_nothing_of_its_cause() -> None:
    ids = set()
    for message in ("Ann's row", "Ann's row", "Ben's row"):
        of = version()
        with ledger_at(":memory:", of) as ledger, pytest.raises(Fault) as caught:
            answer(asking(of), kernel(ledger, failing(message)))
        shown = (
            f"{caught.value} {caught.value!r} {caught.value.args} {caught.value.__notes__ if hasattr(caught.value, '__notes__') else ''}"
        )
        assert "row" not in shown and caught.value.__cause__ is None and caught.value.__context__ is None
        ids.add(caught.value.id)
    assert len(ids) == 3 and all(len(bytes.fromhex(one)) == 8 for one in ids)


def test_the_engine_keeps_the_kind_of_a_failure_and_no_word_of_the_librarys_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_store(republish(grown(1, patients=3), b"key"), tmp_path / "store", key="secret")
    engine = DuckDbEngine(
        tmp_path / "store", key="secret", schema=CLINIC, memory_bytes_max=2**28, threads=1, folder_spill=tmp_path / "spill"
    )
    asked = bound(
        check(parse("SELECT note, COUNT(*) AS n FROM visits GROUP BY note", CLINIC), CLINIC), CLINIC, choice=Choice(), groups_max=9
    )

    def quoting(*_: object, **__: object) -> None:
        raise duckdb.ConversionException("Could not convert string 'Ann has flu'")

    with capture_logs() as logs:
        with pytest.raises(Fault) as too_many:  # more groups than public facts allow is no error of the library, and shows as little
            engine.run(asked, groups_max=1, seconds_max=60)
        monkeypatch.setattr(engine_module, "read_statement", quoting)
        with pytest.raises(Fault) as quoted:
            engine.run(asked, groups_max=9, seconds_max=60)
    engine.close()
    assert [entry["cause"] for entry in logs] == ["GroupsTooManyError", "ConversionException"]
    assert {entry["fault"] for entry in logs} == {too_many.value.id, quoted.value.id}
    assert "Ann" not in f"{logs}{quoted.value!r}{quoted.value.__cause__!r}{quoted.value.__context__!r}"


@pytest.mark.parametrize("pattern", ["%a_%a_%a_%a_%b", "%_%_%_%_%_%b", "_%a%a%a%a%b"])
def test_a_pattern_takes_no_time_that_a_text_could_be_known_by(pattern: str) -> None:
    value = Typed(sql="text", domain=TextDomain(length_max=10_000), kind="VARCHAR")
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE t AS SELECT repeat('a', 10000) AS text")
        begun = time.perf_counter()
        assert connection.execute(f"SELECT COUNT(*) FROM t WHERE {_like(value, pattern)}").fetchall() == [(0,)]
        assert time.perf_counter() - begun < 1.0


@given(st.text(alphabet="ab%_.\\'\n é*[", max_size=8), st.lists(st.text(alphabet="ab.\\'\n é*[_%", max_size=8), min_size=1, max_size=20))
def test_a_pattern_means_the_same_however_it_is_matched(pattern: str, texts: list[str]) -> None:
    value = Typed(sql="text", domain=TextDomain(length_max=10), kind="VARCHAR")
    wild = "".join(".*" if c == "%" else "." if c == "_" else re.escape(c) for c in pattern)
    with duckdb.connect() as connection:
        found = connection.execute(f"SELECT text, {_like(value, pattern)} FROM (SELECT unnest(?::VARCHAR[]) AS text)", [texts]).fetchall()
    assert found == [(text, re.fullmatch(wild, text, re.DOTALL) is not None) for text in texts]
