"""Real tables are published under the rules beside the tests; skipped where the data are not present."""

import zipfile
from pathlib import Path

import pytest

from amana.catalog.rules import read_rules
from tests.unit.publishing import Made, make

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data"


def published(folder: Path, rules: str, *sources: str) -> Made:
    """The version made of these files of the shared data; an archive is unpacked first."""
    files: dict[str, Path] = {}
    for source in sources:
        path = DATA / source
        if not path.exists():
            pytest.skip(f"shared data are not here: {source}")
        if path.suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                [name] = [name for name in archive.namelist() if name.endswith(".csv")]
                archive.extract(name, folder)
            path = folder / name
        files[path.name] = path
    return make(folder / "made", read_rules((ROOT / "tests" / "rules" / rules).read_text("utf-8")), files)


def test_adult_is_published_with_each_row_a_unit(tmp_path: Path) -> None:
    made = published(tmp_path, "adult.toml", "general/adult/adult.data")
    [report] = made.prepared.reports
    assert (report.rows_read, report.rows_kept, report.units, report.rows_per_unit_largest) == (32561, 32561, 32561, 1)
    assert sorted(int(str(row["u"])) for row in made.tables["adult"]) == list(range(32561))
    missing = sum(row["c_workclass"] is None for row in made.tables["adult"])
    assert missing == 1836


@pytest.mark.slow
def test_diabetes_is_published_by_patient(tmp_path: Path) -> None:
    made = published(tmp_path, "diabetes.toml", "health/diabetes_130us/diabetic_data.csv.zip")
    [report] = made.prepared.reports
    assert (report.rows_read, report.rows_kept, report.units, report.rows_per_unit_largest) == (101_766, 101_766, 71_518, 40)


def test_four_tables_of_farm_households_share_their_units(tmp_path: Path) -> None:
    folder = "agriculture/rhomis_5000/"
    made = published(tmp_path, "rhomis.toml", *(f"{folder}{name}.parquet" for name in ("hhinfo", "crop", "lstk", "lstk_prod")))
    households = {row["c_hhid"]: row["u"] for row in made.tables["hhinfo"]}
    assert sorted(int(str(unit)) for unit in households.values()) == list(range(5000))
    for table in ("crop", "lstk", "lstk_prod"):
        assert made.tables[table]
        assert all(households[row["c_hhid"]] == row["u"] for row in made.tables[table])
    assert [report.rows_read for report in made.prepared.reports] == [5000, 31889, 9557, 7090]


@pytest.mark.slow
def test_water_meters_are_published_and_broken_readings_dropped(tmp_path: Path) -> None:
    made = published(tmp_path, "daiad.toml", "water/daiad_swm_households/swm_trialA.zip")
    [report] = made.prepared.reports
    assert report.units == 92
    dropped = {count.column: count.rows for count in report.counts if count.event == "outside"}
    assert dropped["used_l"] >= 203
    assert report.rows_kept > 670_000
