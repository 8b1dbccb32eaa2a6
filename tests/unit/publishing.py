"""Small files and rules for tests of publishing, and a look into the encrypted version that comes out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from amana.catalog.rules import Rules, read_rules
from amana.engines.connection import attach_store, connect, identifier
from amana.engines.prepare import Prepared, prepare
from amana.engines.prepare_progress import Progress, quiet

KEY = "A" * 43 + "="
RANK_KEY = b"a rank key of thirty-two bytes!!"
HEAD = """
[dataset]
name = "test"
custodian = "Tests"
controller = "Tests, 1 Street, tests@example.org"
legal_basis = "None needed"
purposes = ["GRU"]
retention = "2099-12-31"
title = { en = "Test", fr = "Essai", ar = "تجربة", zgh = "ⴰⵔⵎ" }
[population]
name = "people"
unit = "patient"
cap_rho = "2.0"
cap_delta = "1e-9"
profile_share = "0.05"
"""
VISITS = """
[[table]]
name = "visits"
private = true
unit = "person"
rows_per_unit_max = 100
out_of_bounds = "clamp"
[table.columns]
person = { kind = "key", holds = "text" }
cost = { kind = "number", grid = "0.1", low = 0, high = 100, source = "Tariff", nullable = true }
"""


@dataclass(frozen=True, kw_only=True)
class Made:
    """Shapes: `tables[name]` has one dictionary for each row, in the order of the file."""

    prepared: Prepared
    tables: Mapping[str, list[dict[str, object]]]


def make(
    folder: Path,
    rules: str | Rules,
    files: Mapping[str, str | bytes | Path],
    *,
    addresses: Sequence[str] = (),
    threads: int = 2,
    rank_key: bytes = RANK_KEY,
    progress: Progress = quiet,
) -> Made:
    """Publish these files (name to content, or a path) and databases, and read the version back."""
    folder.mkdir(parents=True, exist_ok=True)
    paths: list[Path | str] = [*addresses]
    for name, content in files.items():
        path = content if isinstance(content, Path) else folder / name
        if isinstance(content, str):
            path.write_text(content, "utf-8")
        elif isinstance(content, bytes):
            path.write_bytes(content)
        paths.append(path)
    target = folder / "version.duckdb"
    target.unlink(missing_ok=True)
    parsed = read_rules(rules) if isinstance(rules, str) else rules
    connection = connect(folder / "spill", memory_bytes_max=2**30, threads=threads)
    try:
        prepared = prepare(parsed, paths, connection=connection, target=target, target_key=KEY, rank_key=rank_key, progress=progress)
        attach_store(connection, target, key=KEY, alias="seen")
        tables: dict[str, list[dict[str, object]]] = {}
        for table in prepared.dataset.schema.tables:
            found = connection.execute(f"SELECT * FROM seen.{identifier(table.name)}")
            names = [str(each[0]) for each in found.description or ()]
            tables[table.name] = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
        return Made(prepared=prepared, tables=tables)
    finally:
        connection.close()
