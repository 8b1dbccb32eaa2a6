"""PEP 249 over a node: pandas and polars read it, values cannot become SQL, refusals keep their code."""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal

import pandas
import polars
import pytest
import sqlglot
from hypothesis import given
from hypothesis import strategies as st
from sqlglot import exp

from amana.client import dbapi
from amana.client.bind import bind, literal
from amana.terms.refusal import Fault, Refusal
from tests.doors.node_over_http import TOKEN, Memory, problem, serving
from tests.doors.stand_in import StandIn, door

SQL = "SELECT region, COUNT(*) AS visits FROM visits GROUP BY region"
NAMES = ["region", "visits", "visits_lo", "visits_hi"]


@pytest.fixture
def node() -> Iterator[tuple[str, Memory]]:
    with serving() as found:
        yield found


@pytest.fixture
def connection(node: tuple[str, Memory]) -> Iterator[dbapi.Connection]:
    with dbapi.connect(node[0], TOKEN, language="en") as made:
        yield made


def test_the_module_says_which_standard_it_keeps() -> None:
    assert (dbapi.apilevel, dbapi.threadsafety, dbapi.paramstyle) == ("2.0", 1, "named")
    assert issubclass(dbapi.ProgrammingError, dbapi.DatabaseError) and issubclass(dbapi.InterfaceError, dbapi.Error)


@pytest.mark.filterwarnings("ignore:pandas only supports SQLAlchemy")
def test_pandas_reads_figures_with_their_intervals(connection: dbapi.Connection) -> None:
    frame = pandas.read_sql(SQL, connection)  # type: ignore[call-overload]
    assert list(frame.columns) == NAMES and frame["visits_lo"].tolist()[0] == 12278.4


@pytest.mark.filterwarnings("ignore:pandas only supports SQLAlchemy")
def test_pandas_passes_parameters_on(connection: dbapi.Connection, node: tuple[str, Memory]) -> None:
    pandas.read_sql("SELECT COUNT(*) FROM visits WHERE region = :region", connection, params={"region": "l'Est"})  # type: ignore[call-overload]
    assert node[1].sent[-1].body["sql"] == "SELECT COUNT(*) FROM visits WHERE region = 'l''Est'"


def test_all_questions_are_asked_under_the_permit_that_was_named(node: tuple[str, Memory]) -> None:
    with dbapi.connect(node[0], TOKEN, permit="m-1", within=15, language="en") as made:
        made.cursor().execute(SQL)
    assert node[1].sent[-1].body == {"sql": SQL, "within": "15", "permit": "m-1"}


def test_polars_reads_the_types_also_of_what_is_null(connection: dbapi.Connection) -> None:
    frame = polars.read_database(SQL, connection)
    assert frame.schema == {"region": polars.String, "visits": polars.Float64, "visits_lo": polars.Float64, "visits_hi": polars.Float64}
    assert frame["visits_hi"].to_list() == [12412.4, None]


def test_a_cursor_gives_rows_once_and_in_order(connection: dbapi.Connection) -> None:
    cursor = connection.cursor()
    assert cursor.description is None and cursor.rowcount == -1
    with pytest.raises(dbapi.InterfaceError):
        cursor.fetchone()
    cursor.execute(SQL)
    assert [column[0] for column in cursor.description or ()] == NAMES and cursor.rowcount == 2
    codes = [column[1] for column in cursor.description or ()]
    assert codes[0] == dbapi.STRING and codes[1] == dbapi.NUMBER and codes[1] != dbapi.DATETIME
    assert cursor.fetchone() == ("Atlas", 12345.4, 12278.4, 12412.4)
    assert cursor.fetchmany(5) == [(None, None, None, None)] and cursor.fetchall() == [] and cursor.fetchone() is None
    assert len(list(cursor.execute(SQL))) == 2
    assert cursor.result is not None and cursor.result.receipt["permit"] == "p-7"
    cursor.close()
    with pytest.raises(dbapi.InterfaceError):
        cursor.execute(SQL)


def test_many_questions_at_once_are_not_supported(connection: dbapi.Connection, node: tuple[str, Memory]) -> None:
    with pytest.raises(dbapi.NotSupportedError, match="GROUP BY"):
        connection.cursor().executemany(SQL, [{}, {}])
    assert node[1].sent == []


def test_what_would_end_a_transaction_changes_nothing(connection: dbapi.Connection) -> None:
    connection.commit()
    connection.rollback()
    connection.close()
    with pytest.raises(dbapi.InterfaceError):
        connection.cursor()


@pytest.mark.parametrize(
    ("refusal", "kind"),
    [
        (Refusal("sql.empty"), dbapi.ProgrammingError),
        (Refusal("budget.permit_paused", permit="p"), dbapi.OperationalError),
        (Refusal("client.no_node"), dbapi.OperationalError),
    ],
)
def test_a_refusal_is_an_error_of_the_standard_and_keeps_itself(
    connection: dbapi.Connection, node: tuple[str, Memory], refusal: Refusal, kind: type[dbapi.Error]
) -> None:
    node[1].before = [problem(refusal)]
    with pytest.raises(kind, match=f"AMA-{refusal.number}") as caught:
        connection.cursor().execute(SQL)
    assert caught.value.refusal is not None and caught.value.refusal.code == refusal.code


def test_a_fault_is_an_internal_error() -> None:
    made = dbapi.as_error(Fault(id="f-17"))
    assert isinstance(made, dbapi.InternalError) and made.fault == Fault(id="f-17") and "f-17" in str(made)


def test_a_folder_on_this_machine_is_a_database_too() -> None:
    node = StandIn()
    with dbapi.Connection(door(node), within=15) as made:
        assert len(made.cursor().execute("SELECT 1").fetchall()) == 2
    assert node.asked == [("SELECT 1", "15")]


# --- values in SQL ---


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, "NULL"), (True, "TRUE"), (False, "FALSE"), (7, "7"), (-7, "(-7)"), (2.5, "2.5"), (-0.0, "(-0.0)"), (1e-7, "0.0000001"), (1e20, "100000000000000000000"),
        (Decimal("-1.50"), "(-1.50)"), ("it's", "'it''s'"), ("--", "'--'"), (date(2024, 2, 29), "DATE '2024-02-29'"),
    ],
)  # fmt: skip
def test_a_value_becomes_a_literal(value: object, written: str) -> None:
    assert literal(value) == written


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), Decimal("NaN"), Decimal("1e9999999"), 10**60, datetime(2024, 1, 1), b"x", [1], {"a": 1}, "a\0b", object()],
)
def test_a_value_without_a_literal_is_refused(value: object) -> None:
    with pytest.raises(Refusal, match=r"client\.parameter_kind"):
        bind("SELECT :a", {"a": value})


def test_a_parameter_without_a_value_is_refused() -> None:
    with pytest.raises(Refusal, match=r"client\.no_parameter"):
        bind("SELECT :a, :b", {"a": 1})


@pytest.mark.parametrize(
    ("sql", "bound"),
    [
        ("SELECT ':a', \":a\", x::INTEGER, :a", "SELECT ':a', \":a\", x::INTEGER, 1"),
        ("SELECT 'it'':a' -- :a\n, :a /* :a */", "SELECT 'it'':a' -- :a\n, 1 /* :a */"),
        ("SELECT $$ :a $$, $q$ :a $q$, :a", "SELECT $$ :a $$, $q$ :a $q$, 1"),
        ("SELECT e'\\':a', :a", "SELECT e'\\':a', 1"),
        ("SELECT :ab, :a", "SELECT 2, 1"),
    ],
)
def test_only_parameters_are_replaced(sql: str, bound: str) -> None:
    assert bind(sql, {"a": 1, "ab": 2}) == bound


@given(st.one_of(st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=30), st.integers(-(10**30), 10**30), st.decimals(allow_nan=False, allow_infinity=False, places=5, min_value=-(10**9), max_value=10**9)))  # fmt: skip
def test_a_bound_value_is_one_literal_whatever_it_is(value: object) -> None:
    (read,) = sqlglot.parse_one(bind("SELECT x -:v", {"v": value}), dialect="duckdb").expressions
    assert isinstance(read, exp.Sub)
    right = read.expression.unnest()
    right = right.this if isinstance(right, exp.Neg) else right
    assert isinstance(right, exp.Literal)
    if isinstance(value, str):
        assert right.this == value
