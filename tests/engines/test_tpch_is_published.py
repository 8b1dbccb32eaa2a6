"""TPC-H is published under its rules: nothing outside the bounds that its specification states, paths resolved to the customer."""

import subprocess
import sysconfig
from pathlib import Path

import pytest

from amana.catalog.rules import read_rules
from tests.unit.publishing import make

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_tpch_breaks_no_bound_of_its_specification(tmp_path: Path) -> None:
    generator = Path(sysconfig.get_path("scripts")) / "tpchgen-cli"
    if not generator.exists():
        pytest.skip("tpchgen-cli is not installed")
    subprocess.run([str(generator), "parquet", "-s", "0.01", "--output-dir", str(tmp_path)], check=True, capture_output=True)
    files = {path.name: path for path in tmp_path.glob("*.parquet")}
    made = make(tmp_path / "made", read_rules((ROOT / "examples" / "tpch" / "tpch.toml").read_text("utf-8")), files)
    assert all(report.rows_read == report.rows_kept and not report.counts for report in made.prepared.reports)
    unit = {row["c_c_custkey"]: row["u"] for row in made.tables["customer"]}
    orders = {row["c_o_orderkey"]: row["u"] for row in made.tables["orders"]}
    assert all(unit[row["c_o_custkey"]] == row["u"] for row in made.tables["orders"])
    assert all(orders[row["c_l_orderkey"]] == row["u"] for row in made.tables["lineitem"])
