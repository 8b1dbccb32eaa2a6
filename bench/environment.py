"""What a run needs, made on first use under `.bench/`: the peers' environments, TPC-H data, plain databases, flat rows."""

import os
import platform
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb
from queries import Query

HOUSE = Path(__file__).resolve().parent
ROOT = HOUSE.parent
WORK = ROOT / ".bench"
TABLES = ("customer", "lineitem", "nation", "orders", "part", "partsupp", "region", "supplier")


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """`guarantee`: what its answers promise, in the report's words. `unit_level`: it protects all rows of a unit."""

    name: str
    script: str
    title: str
    guarantee: str
    unit_level: bool = True
    filters: bool = True
    """Whether it filters rows itself; else it gets them filtered."""
    packages: tuple[str, ...] = ()


PEERS = (
    Peer(
        name="smartnoise",
        script="smartnoise.py",
        title="SmartNoise SQL on DuckDB",
        guarantee="pure ε for known keys (Laplace, geometric), (ε, δ) for unknown keys",
        packages=("smartnoise-sql", "duckdb", "opendp"),
    ),
    Peer(
        name="qrlew",
        script="qrlew.py",
        title="Qrlew on DuckDB",
        guarantee="(ε, δ): Gaussian noise in SQL, norm clipping",
        packages=("pyqrlew", "duckdb", "sqlglot"),
    ),
    Peer(
        name="opendp",
        script="opendp_polars.py",
        title="OpenDP-Polars",
        guarantee="pure ε for known keys, (ε, δ) for unknown keys",
        packages=("opendp", "polars"),
    ),
    Peer(
        name="pipelinedp",
        script="pipelinedp.py",
        title="PipelineDP, local backend",
        guarantee="pure ε for known keys, (ε, δ) for unknown keys",
        filters=False,
        packages=("pipeline-dp", "python-dp"),
    ),
    Peer(
        name="diffprivlib",
        script="diffprivlib_rows.py",
        title="diffprivlib",
        guarantee="pure ε, of one row only (not of a customer)",
        unit_level=False,
        filters=False,
        packages=("diffprivlib", "numpy"),
    ),
)


def python_of(peer: Peer) -> Path:
    """The peer's own interpreter, with exactly the locked packages; made when it is not there."""
    home = WORK / "peers" / peer.name
    python = home / "bin" / "python"
    lock = HOUSE / f"requirements-{peer.name}.txt"
    stamp = home / "locked.txt"
    if stamp.exists() and stamp.read_bytes() == lock.read_bytes():
        return python
    print(f"  making the environment of {peer.name}", file=sys.stderr)
    shutil.rmtree(home, ignore_errors=True)
    install = ("install", "--quiet", "--no-deps", "--require-hashes", "--requirement", str(lock))
    try:
        venv.create(home, with_pip=True)
        command = [str(python), "-m", "pip", *install]
    except subprocess.CalledProcessError:  # a Python without ensurepip
        venv.create(home, with_pip=False, clear=True)
        command = [sys.executable, "-m", "pip", "--python", str(python), *install]
    subprocess.run(command, check=True)
    stamp.write_bytes(lock.read_bytes())
    return python


def versions_of(peer: Peer) -> str:
    """The versions of the packages that matter, as locked."""
    lock = (HOUSE / f"requirements-{peer.name}.txt").read_text(encoding="utf-8").splitlines()
    pins = dict(line.split(" ")[0].split("==") for line in lock if "==" in line and not line.startswith((" ", "#")))
    return ", ".join(f"{name} {pins[name]}" for name in peer.packages if name in pins)


def scale_name(scale: float) -> str:
    return f"sf{scale:g}"


def tpch(scale: float) -> Path:
    """The folder of TPC-H Parquet files, generated once; never counted."""
    folder = WORK / "tpch" / scale_name(scale)
    if not (folder / "done").exists():
        print(f"  generating TPC-H {scale_name(scale)}", file=sys.stderr)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        generator = Path(sys.executable).with_name("tpchgen-cli")
        subprocess.run([str(generator), "parquet", "-s", f"{scale:g}", "-o", str(folder)], check=True, stdout=subprocess.DEVNULL)
        (folder / "done").touch()
    return folder


def load_plain(connection: duckdb.DuckDBPyConnection, scale: float) -> None:
    """Load the custodian's tables as they are: what publishing is compared with."""
    for table in TABLES:
        connection.execute(f"CREATE TABLE {table} AS SELECT * FROM '{tpch(scale) / table}.parquet'")


def plain_database(scale: float) -> Path:
    """A plain DuckDB file of the custodian's original tables."""
    path = WORK / "plain" / f"{scale_name(scale)}.duckdb"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.unlink(missing_ok=True)
        with duckdb.connect(str(part)) as connection:
            load_plain(connection, scale)
        os.replace(part, path)
    return path


def flat_rows(scale: float, query: Query, *, filtered: bool) -> Path:
    """The question's flat rows for the peers (see `queries.py`), with or without its filter."""
    suffix = "-filtered" if filtered and query.where else ""
    path = WORK / "flat" / scale_name(scale) / f"{query.name}{suffix}.parquet"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        where = f" WHERE {query.where}" if suffix else ""
        part = path.with_suffix(".part")
        with duckdb.connect(str(plain_database(scale)), read_only=True) as connection:
            connection.execute(f"COPY (SELECT * FROM ({query.flat}){where}) TO '{part}' (FORMAT parquet)")
        os.replace(part, path)
    return path


def machine() -> str:
    """What everything was measured on, in a few words."""
    model = next((line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line), "")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} cores ({model or platform.machine()}), {memory:.0f} GiB, {platform.system()}, Python {platform.python_version()}"
    )


def table(head: list[str], rows: Iterable[list[str]]) -> str:
    """A table as Markdown writes it."""
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return "\n".join(lines + [f"| {' | '.join(row)} |" for row in rows])
