"""PRIVACY 15: the invented sample is made from the schema, the released profile and public tables; private rows, the store's secret
keys, the ledger and the log have no part in it."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from amana.engines.engine import SumTable
from amana.node.ask import Node, open_node
from amana.query.plan import BoundedPlan
from amana.terms.exact import Exact
from amana.terms.ids import VersionId
from tests.parts import logged_entries
from tests.served import serve
from tests.spec.conftest import CLINIC
from tests.spec.test_same_as_sql import clinic_rows

pytestmark = pytest.mark.slow

VERSION = VersionId("f" * 32)
SQL = "SELECT ward, COUNT(*) AS visits, AVG(cost) AS cost FROM visits WHERE cost > (SELECT AVG(cost) FROM visits) GROUP BY ward"


class Untouched:
    """The engine over real rows: nothing may ask it."""

    def run(self, bounded: BoundedPlan, *, groups_max: int, seconds_max: float) -> Exact[SumTable]:
        raise AssertionError("real rows were touched")


def written(node: Node, folder: Path) -> dict[str, bytes]:
    files = [node.sample("clinic", folder=folder / form, table=None, form=form) for form in ("csv", "parquet")]
    return {file.name: file.read_bytes() for each in files for file in each}


def test_two_databases_with_the_same_profile_have_the_same_sample_byte_for_byte(tmp_path: Path) -> None:
    first = serve(tmp_path / "one", CLINIC, clinic_rows(1), version_id=VERSION)  # type: ignore[arg-type]
    profile = first._wired.opened()[0].profile
    others = {**clinic_rows(2), "regions": clinic_rows(1)["regions"], "drugs": clinic_rows(1)["drugs"]}
    second = serve(tmp_path / "two", CLINIC, others, version_id=VERSION, profile=profile)  # type: ignore[arg-type]
    assert first._wired.store.rank_key != second._wired.store.rank_key
    one, two = written(first, tmp_path / "sample one"), written(second, tmp_path / "sample two")
    assert sorted(one) == sorted(f"{table.name}.{form}" for table in CLINIC.tables for form in ("csv", "parquet"))
    assert one == two
    first.close(), second.close()


def test_another_profile_or_another_version_has_another_sample(tmp_path: Path) -> None:
    first = serve(tmp_path / "one", CLINIC, clinic_rows(1), version_id=VERSION)  # type: ignore[arg-type]
    profile = first._wired.opened()[0].profile
    one = written(first, tmp_path / "sample one")
    first.close()
    visits = profile.tables[1]
    half = tuple((name, replace(h, counts=tuple(reversed(h.counts)))) for name, h in visits.columns)
    changed = replace(profile, tables=(profile.tables[0], replace(visits, columns=half), profile.tables[2]))
    for place, version, known in (("two", VERSION, changed), ("three", VersionId("e" * 32), profile)):
        other = serve(tmp_path / place, CLINIC, clinic_rows(1), version_id=version, profile=known)  # type: ignore[arg-type]
        made = written(other, tmp_path / f"sample {place}")
        other.close()
        assert made["visits.csv"] != one["visits.csv"]
        assert made["regions.csv"] == one["regions.csv"], "public tables are as published"


def test_the_files_are_made_from_public_tables_only(tmp_path: Path) -> None:
    """With every private table emptied of its rows, the same sample comes out of the store."""
    first = serve(tmp_path / "one", CLINIC, clinic_rows(1), version_id=VERSION)  # type: ignore[arg-type]
    profile = first._wired.opened()[0].profile
    one = written(first, tmp_path / "sample one")
    first.close()
    emptied = {table.name: [] if table.private else clinic_rows(1)[table.name] for table in CLINIC.tables}
    second = serve(tmp_path / "two", CLINIC, emptied, version_id=VERSION, profile=profile)  # type: ignore[arg-type]
    assert written(second, tmp_path / "sample two") == one
    second.close()


def test_a_dry_run_touches_no_real_row_and_leaves_ledger_and_log_as_they_were(tmp_path: Path) -> None:
    node = serve(tmp_path / "data", CLINIC, clinic_rows(1))  # type: ignore[arg-type]
    (opened,) = node._wired.opened()
    node._wired._opened = {opened.version.id: replace(opened, kernel=replace(opened.kernel, engine=Untouched()))}
    before = kept(tmp_path / "data")
    for sql in (SQL, "SELECT COUNT(*) FROM regions", "SELECT COUNT(DISTINCT patient) FROM visits"):
        answered = node.dry_run(sql, within="50%")
        assert answered.invented and answered.notes[0][0] == "note.dry_run" and answered.digest == ""
        assert answered.spent_nrho == node.budget("clinic").spent_nrho
    assert kept(tmp_path / "data") == before
    assert before["log"] and before["ledger"]
    with pytest.raises(AssertionError, match="real rows"):
        node._wired._opened[opened.version.id].kernel.engine.run(None, groups_max=1, seconds_max=1)  # type: ignore[arg-type]
    node.close()


def kept(folder: Path) -> dict[str, bytes]:
    """The log, and the ledger with what is in its write-ahead file."""
    return {
        "log": json.dumps(logged_entries(folder)).encode(),
        "ledger": b"".join(path.read_bytes() for path in sorted(folder.glob("node.sqlite*")) if not path.name.endswith("-shm")),
    }


def test_a_dry_run_counts_people_as_the_population_and_different_values_as_they_are(tmp_path: Path) -> None:
    node = serve(tmp_path / "data", CLINIC, clinic_rows(1))  # type: ignore[arg-type]
    opened = node._wired.opened()[0]
    thousand = replace(opened.profile, tables=tuple(_times(table, 10_000) for table in opened.profile.tables))
    node.close()
    served = serve(tmp_path / "more", CLINIC, clinic_rows(1), profile=thousand)  # type: ignore[arg-type]
    population = max(table.units for table in thousand.tables)
    sql = "SELECT COUNT(DISTINCT patient) AS people, COUNT(DISTINCT region) AS regions, COUNT(DISTINCT visit) AS visits FROM visits"
    people, regions, visits = (cell.value for cell in served.dry_run(sql, within="5%").table.rows[0])  # type: ignore[union-attr]
    assert 0.7 * population <= people <= 1.3 * population and 2 <= regions <= 6  # type: ignore[operator]
    assert visits > people  # type: ignore[operator]
    assert served.dry_run("SELECT COUNT(*) AS n FROM regions", within="5%").table.rows == ((4,),)
    served.close()


def _times(table: object, factor: int) -> object:
    return replace(
        table,  # type: ignore[type-var]
        units=table.units * factor,  # type: ignore[attr-defined]
        rows=table.rows * factor,  # type: ignore[attr-defined]
        units_by_rows=tuple(count * factor for count in table.units_by_rows),  # type: ignore[attr-defined]
    )


def test_a_sample_is_encrypted_and_goes_with_its_version(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    node = serve(folder, CLINIC, clinic_rows(1), version_id=VERSION)  # type: ignore[arg-type]
    node.dry_run("SELECT COUNT(*) FROM visits", within="50%")
    node.close()
    file = folder / "samples" / f"{VERSION}.duckdb"
    assert b"invented" not in file.read_bytes() and not list((folder / "spill").iterdir()), "invented texts lie nowhere in the clear"
    node = serve(folder, CLINIC, clinic_rows(2))  # type: ignore[arg-type]
    assert file.exists()
    node._wired.store.remove_orphans()
    assert not file.exists()
    node.close()


@pytest.mark.parametrize("damage", [lambda held: b"no database", lambda held: held[:5000], lambda held: b""])
def test_a_sample_that_cannot_be_read_is_made_anew(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    folder = tmp_path / "data"
    node = serve(folder, CLINIC, clinic_rows(1), version_id=VERSION)  # type: ignore[arg-type]
    one = written(node, tmp_path / "sample one")
    node.close()
    file = folder / "samples" / f"{VERSION}.duckdb"
    file.write_bytes(damage(file.read_bytes()))
    file.with_name(f"{file.name}.making").write_bytes(b"left by a crash")
    again = open_node(folder)
    assert written(again, tmp_path / "sample two") == one
    assert not file.with_name(f"{file.name}.making").exists()
    again.close()
