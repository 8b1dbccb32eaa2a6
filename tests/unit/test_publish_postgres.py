"""Tables of a PostgreSQL database are published like files: the same store, one moment for all tables, no password in any word."""

import os
import secrets
import time
from collections.abc import Generator
from datetime import UTC, datetime
from importlib.resources import files as resources
from pathlib import Path
from threading import Thread

import duckdb
import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from amana.catalog.profile import Profile
from amana.cli import main
from amana.client.text import load
from amana.engines import prepare_postgres
from amana.node.publish import Stage, Step, check, publish
from amana.node.settings import read_settings
from amana.node.store import Store
from amana.terms.code import Exit
from amana.terms.refusal import Refusal
from tests.parts import store_at
from tests.servers import postgres
from tests.unit.publishing import HEAD, Made, make

pytestmark = pytest.mark.slow

NOW = datetime(2026, 1, 2, tzinfo=UTC)
VISITS = """
[[table]]
name = "visits"
private = true
unit = "person"
key = ["visit"]
rows_per_unit_max = 3
occurrence = ["town"]
out_of_bounds = "clamp"
relation = "care.visits"
[table.columns]
visit = { kind = "key", holds = "integer" }
person = { kind = "key", holds = "text" }
cost = { kind = "number", grid = "0.01", low = 0, high = 100, source = "Tariff", nullable = true }
dose = { kind = "number", grid = "0.001", low = 0, high = 50, source = "Tariff", nullable = true }
weight = { kind = "number", grid = "0.1", low = 0, high = 300, source = "Scale", nullable = true }
day = { kind = "date", low = 2024-01-01, high = 2024-12-31, source = "Year" }
at = { kind = "moment", low = 2024-01-01T00:00:00, high = 2024-12-31T23:59:59, source = "Year" }
zoned = { kind = "moment", low = 2024-01-01T00:00:00, high = 2024-12-31T23:59:59, source = "Year" }
urgent = { kind = "boolean", nullable = true }
town = { kind = "choice", members = ["a", "b"], other = "b", source = "List" }
note = { kind = "text", length_max = 9, nullable = true }
"""
TOWNS = """
[[table]]
name = "towns"
private = false
source = "Census"
key = ["town"]
multiplicity = 1
[table.columns]
town = { kind = "choice" }
people = { kind = "number", grid = "1", low = 0, high = 1000 }
"""
SCHEMA = """CREATE SCHEMA care;
CREATE TYPE care.town AS ENUM ('a', 'b', 'c');
CREATE TABLE care.visits (visit bigint, person text, cost numeric(10, 3), dose numeric, weight double precision, day date, at timestamp,
    zoned timestamptz, urgent boolean, town care.town, note varchar(20));
INSERT INTO care.visits SELECT n, 'p' || n % 40, CASE WHEN n % 7 > 0 THEN n * 1.005 END, n * 0.0005, n / 3.0::float8,
    date '2024-01-01' + n % 366, timestamp '2024-02-03 04:05:06.789' + n * interval '1 minute',
    timestamptz '2024-05-06 07:08:09+02' + n * interval '1 hour', n % 3 = 0, (ARRAY['a', 'b', 'c'])[1 + n % 3]::care.town,
    CASE WHEN n % 5 > 0 THEN 'note ' || n END
FROM generate_series(1, 200) AS n;
CREATE TABLE towns (town text, people int);
INSERT INTO towns VALUES ('a', 10), ('b', 20);"""
COLUMNS = "visit, person, cost, dose, weight, day, at, zoned AT TIME ZONE 'UTC' AS zoned, urgent, town, note"
PASSWORD = "a pass/word@with:marks"
RULES = HEAD + VISITS + TOWNS


@pytest.fixture(scope="module")
def server() -> Generator[str, None, None]:
    with postgres() as address:
        yield address


@pytest.fixture
def address(server: str) -> Generator[str, None, None]:
    """A database of its own with the two tables."""
    name = f"amana_{secrets.token_hex(6)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    known = conninfo_to_dict(server)
    known["dbname"] = name
    yield "postgresql:///?" + "&".join(f"{key}={value}" for key, value in known.items() if value)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def filled(address: str) -> str:
    with psycopg.connect(address) as connection:
        connection.execute(SCHEMA)
    return address


def from_csv(folder: Path, address: str) -> Made:
    """The version made of the same rows, written by PostgreSQL itself as CSV."""
    texts: dict[str, str] = {}
    with psycopg.connect(address) as connection:
        for name, query in (("visits", f"SELECT {COLUMNS} FROM care.visits"), ("towns", "SELECT * FROM towns")):
            with connection.cursor().copy(f"COPY ({query}) TO STDOUT WITH (FORMAT csv, HEADER)") as copied:
                texts[f"{name}.csv"] = b"".join(bytes(part) for part in copied).decode()
    return make(folder, RULES.replace('relation = "care.visits"\n', ""), texts)


def attempt(folder: Path, rules: str, *sources: Path | str) -> Store:
    store = store_at(folder / "node")
    publish(sources, rules, store=store, settings=read_settings(folder, {}), profile=lambda version: Profile(tables=()), now=NOW)
    return store


def test_rows_of_postgres_and_rows_of_csv_give_the_same_store(tmp_path: Path, filled: str) -> None:
    one = make(tmp_path / "pg", RULES, {}, addresses=(filled,))
    other = from_csv(tmp_path / "csv", filled)
    assert one.tables == other.tables
    assert len(one.tables["visits"]) == 120  # 40 people, 3 rows of each
    assert one.prepared.dataset == other.prepared.dataset
    assert one.prepared.reports == other.prepared.reports


def test_rows_of_postgres_and_rows_of_parquet_give_the_same_store(tmp_path: Path, filled: str) -> None:
    known = make(tmp_path / "pg", RULES, {}, addresses=(filled,))
    with duckdb.connect() as connection:
        module = (
            resources("duckdb_extension_postgres_scanner") / "extensions" / f"v{duckdb.__version__}" / "postgres_scanner.duckdb_extension"
        )
        connection.execute(f"LOAD '{module}'")
        connection.execute(f"ATTACH '{filled}' AS origin (TYPE postgres, READ_ONLY)")
        exact = "SELECT * REPLACE (CAST(dose AS DECIMAL(12, 4)) AS dose, CAST(town AS VARCHAR) AS town) FROM origin.care.visits"
        connection.execute(f"COPY ({exact}) TO '{tmp_path / 'visits.parquet'}'")
        connection.execute(f"COPY (SELECT * FROM origin.towns) TO '{tmp_path / 'towns.parquet'}'")
    files = {name: tmp_path / name for name in ("visits.parquet", "towns.parquet")}
    assert make(tmp_path / "files", RULES.replace('relation = "care.visits"\n', ""), files).tables == known.tables


def test_files_and_relations_may_be_mixed(tmp_path: Path, filled: str) -> None:
    made = make(tmp_path, RULES, {"towns.csv": "town,people\na,7\n"}, addresses=(filled,))
    assert made.tables["towns"] == [{"c_town": 0, "c_people": 7}]
    assert len(made.tables["visits"]) == 120


def test_all_tables_are_read_as_they_were_at_one_moment(tmp_path: Path, filled: str) -> None:
    seen: list[Step] = []

    def meanwhile(stage: Stage) -> None:
        seen.append(stage.step)
        if stage.table == "towns" and stage.step is Step.READ and stage.share is None:
            with psycopg.connect(filled) as connection:
                connection.execute("INSERT INTO towns VALUES ('c', 30)")

    made = make(tmp_path, RULES, {}, addresses=(filled,), progress=meanwhile)
    assert Step.READ in seen
    assert len(made.tables["towns"]) == 2
    assert len(make(tmp_path, RULES, {}, addresses=(filled,)).tables["towns"]) == 3


def test_the_database_is_never_written(tmp_path: Path, filled: str) -> None:
    connection = duckdb.connect()
    prepare_postgres.attach_database(filled, connection=connection)
    with pytest.raises(duckdb.Error, match="read-only"):
        connection.execute("DELETE FROM origin.towns")
    connection.close()


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        (RULES.replace("care.visits", "care.journeys"), "files.relation_missing"),
        (RULES.replace('relation = "care.visits"\n', ""), "files.relation_missing"),
        (RULES.replace("care.visits", "cure.visits"), "files.relation_missing"),
        (RULES.replace("cost = ", 'price = { kind = "boolean" }\ncost = '), "files.column_missing"),
        (RULES.replace("urgent = ", "until = ").replace('"boolean", nullable', '"boolean", from = "day", nullable'), "files.column_kind"),
        (RULES.replace('relation = "care.visits"\n', 'file = "visits.csv"\n'), "files.table_without_file"),
    ],
)
def test_what_is_not_in_the_database_is_refused_by_the_check_too(filled: str, rules: str, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        check([filled], rules, today=NOW.date())
    assert refused.value.code == code
    assert "{" not in load("en").say(code, **refused.value.parameters)


def test_a_check_reads_names_and_types_only(filled: str) -> None:
    assert check([filled], RULES, today=NOW.date()).dataset.name == "test"


@pytest.fixture
def reader(filled: str) -> Generator[str, None, None]:
    """A user with a password and without rights, and the address that lets him in."""
    name = f"reader_{secrets.token_hex(4)}"
    with psycopg.connect(filled, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE USER {} PASSWORD {}").format(sql.Identifier(name), sql.Literal(PASSWORD)))
        connection.execute(sql.SQL("GRANT USAGE ON SCHEMA care TO {}").format(sql.Identifier(name)))
    yield name
    with psycopg.connect(filled, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP OWNED BY {}").format(sql.Identifier(name)))
        connection.execute(sql.SQL("DROP USER {}").format(sql.Identifier(name)))


def of(address: str, user: str) -> str:
    known = conninfo_to_dict(address)
    known["user"] = user
    return "postgresql:///?" + "&".join(f"{key}={value}" for key, value in known.items() if value)


def test_a_user_without_the_right_to_read_is_refused(filled: str, reader: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    with pytest.raises(Refusal, match=r"files\.relation_denied"):
        check([of(filled, reader)], RULES, today=NOW.date())


def test_rows_that_the_database_would_hide_are_refused_and_not_left_out(
    tmp_path: Path, filled: str, reader: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    with psycopg.connect(filled) as connection:
        connection.execute(f"GRANT SELECT ON care.visits, towns TO {reader}")
    attempt(tmp_path, RULES, of(filled, reader))
    with psycopg.connect(filled) as connection:
        connection.execute("ALTER TABLE care.visits ENABLE ROW LEVEL SECURITY")
    with pytest.raises(Refusal, match=r"files\.relation_denied"):
        attempt(tmp_path, RULES, of(filled, reader))


@pytest.fixture
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Generator[str, None, None]:
    """A server that asks for passwords, and its address without one."""
    if os.environ.get("AMANA_TEST_POSTGRES"):
        pytest.skip("the named server decides itself whom it lets in")
    with postgres() as address:
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(SCHEMA)
            connection.execute(sql.SQL("ALTER USER postgres PASSWORD {}").format(sql.Literal(PASSWORD)))
            row = connection.execute("SHOW hba_file").fetchone()
            assert row is not None
            Path(row[0]).write_text("local all all scram-sha-256\nhost all all all scram-sha-256\n")
            connection.execute("SELECT pg_reload_conf()")
        yield address
        Path(row[0]).write_text("local all all trust\n")


def test_a_password_comes_from_the_address_the_environment_or_its_file(
    tmp_path: Path, guarded: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from urllib.parse import quote

    with_password = guarded.replace("postgres:@", f"postgres:{quote(PASSWORD, safe='')}@")
    assert with_password != guarded
    assert check([with_password], RULES, today=NOW.date())
    with monkeypatch.context() as changed:
        changed.setenv("PGPASSWORD", PASSWORD)
        assert check([guarded], RULES, today=NOW.date())
    file = tmp_path / "pgpass"
    file.write_text("*:*:*:*:" + PASSWORD.replace(":", "\\:") + "\n")
    file.chmod(0o600)
    with monkeypatch.context() as changed:
        changed.setenv("PGPASSFILE", str(file))
        assert check([guarded], RULES, today=NOW.date())


@pytest.mark.parametrize("password", ["", "wrong-and-secret"])
def test_a_wrong_password_is_refused_and_never_shown(
    tmp_path: Path, guarded: str, password: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMANA_LANG", "en")
    (tmp_path / "rules.toml").write_text(RULES, "utf-8")
    address = guarded.replace("postgres:@", f"postgres:{password}@") if password else guarded
    code = main.main(["publish", address, "--rules", str(tmp_path / "rules.toml"), "--folder", str(tmp_path / "node")])
    out, err = capfd.readouterr()
    assert code == Exit.RULES
    assert "AMA-441" in err
    assert "wrong-and-secret" not in out + err
    assert all(b"wrong-and-secret" not in path.read_bytes() for path in (tmp_path / "node").rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("address", "number"),
    [
        ("postgresql://reader:wrong-and-secret@127.0.0.1:1/clinic", "AMA-440"),
        ("postgresql://reader:wrong-and-secret@127.0.0.1:port/clinic", "AMA-440"),
        ("postgresql://reader:wrong-and-secret@[127.0.0.1/clinic", "AMA-439"),
        ("postgresq://reader:wrong-and-secret@127.0.0.1/clinic", "AMA-439"),
    ],
)
def test_an_address_where_nobody_answers_or_that_is_none_is_refused_without_its_password(
    tmp_path: Path, address: str, number: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMANA_LANG", "en")
    (tmp_path / "rules.toml").write_text(RULES, "utf-8")
    assert main.main(["publish", address, "--rules", str(tmp_path / "rules.toml"), "--check"]) == Exit.RULES
    out, err = capfd.readouterr()
    assert number in err
    assert "wrong-and-secret" not in out + err


def test_two_databases_at_once_are_refused(filled: str) -> None:
    with pytest.raises(Refusal, match=r"files\.postgres_url"):
        check([filled, filled], RULES, today=NOW.date())


KILL = """SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"""


def end_connections(address: str, *, condition: str) -> None:
    """End the others' connections as soon as one meets the condition."""
    with psycopg.connect(address, autocommit=True) as connection:
        for _ in range(2000):
            row = connection.execute(f"{KILL} AND {condition}").fetchone()
            if row and row[0]:
                return
            time.sleep(0.005)


@pytest.mark.parametrize("moment", ["while a table is read", "between two tables"])
def test_a_server_that_dies_while_it_is_read_publishes_nothing(tmp_path: Path, filled: str, moment: str) -> None:
    store = attempt(tmp_path, RULES, filled)
    before = store.current()
    columns = COLUMNS.removeprefix("visit, ").replace("zoned AT TIME ZONE 'UTC' AS zoned", "zoned")
    with psycopg.connect(filled) as connection:
        connection.execute(f"INSERT INTO care.visits SELECT visit + 1000 * g, {columns} FROM care.visits, generate_series(1, 5000) AS g")

    def cut(stage: Stage) -> None:
        if stage.step is not Step.READ or stage.share is not None:
            return
        if stage.table == "towns" and moment == "between two tables":
            end_connections(filled, condition="TRUE")
        elif stage.table == "visits" and moment != "between two tables":
            busy = "state = 'active' AND query ILIKE '%copy%'"
            Thread(target=end_connections, args=(filled,), kwargs={"condition": busy}, daemon=True).start()

    with pytest.raises(Refusal) as refused:
        publish(
            [filled],
            RULES,
            store=store,
            settings=read_settings(tmp_path, {}),
            profile=lambda version: Profile(tables=()),
            now=NOW,
            progress=cut,
        )
    assert refused.value.code == "files.postgres_lost"
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__
    assert store.current() == before
    assert [path.stem for path in (tmp_path / "node" / "versions").iterdir()] == [before[0].version.id]
    assert list((tmp_path / "node" / "spill").iterdir()) == []


def test_without_the_library_of_postgres_the_refusal_says_what_to_install(filled: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(package: str) -> None:
        raise ModuleNotFoundError(name=package)

    monkeypatch.setattr(prepare_postgres, "files", nothing)
    with pytest.raises(Refusal) as refused:
        check([filled], RULES, today=NOW.date())
    assert (refused.value.code, refused.value.parameters["extra"]) == ("client.library_missing", "postgres")
