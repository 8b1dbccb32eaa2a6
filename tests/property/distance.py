"""How far the exact bounded results of two neighbouring databases are apart, and whether the claims hold."""

from collections.abc import Iterator
from typing import Any

from amana.engines.engine import Cell
from amana.engines.reference import ReferenceEngine
from amana.query.plan import BinCount, BoundedPlan, KeyValue, PublicKeys, UnknownKeys
from tests.property import grow

Results = dict[tuple[KeyValue, ...], tuple[Cell, ...]]


def results(bounded: BoundedPlan, tables: dict[str, list[dict[str, Any]]], schema: Any = None) -> Results:
    """The exact sums, of the public keys only where keys are public: nothing else is released."""
    engine = ReferenceEngine(tables, schema=schema or grow.SCHEMA)
    cells = engine.run(bounded, groups_max=10**6, seconds_max=60).open_for_noise().cells
    if isinstance(bounded.keys, PublicKeys):
        allowed = set(bounded.keys.combinations)
        return {key: row for key, row in cells.items() if key in allowed}
    return cells


def without(database: grow.Database) -> Iterator[tuple[int, grow.Database]]:
    """The database without each of its units, from the source (PRIVACY 3)."""
    for unit in database:
        yield unit, {other: rows for other, rows in database.items() if other != unit}


def _vectors(cell: Cell | None, bounded: BoundedPlan, index: int) -> list[list[int]]:
    """One vector for each level that is released."""
    total = bounded.sums[index].sum
    if not isinstance(total, BinCount):
        assert cell is None or isinstance(cell, int)
        return [[cell or 0]]
    level = list(cell) if isinstance(cell, tuple) else [0] * total.bins
    levels = [level]
    while len(levels[-1]) > total.branch:
        below = levels[-1]
        levels.append([sum(below[i : i + total.branch]) for i in range(0, len(below), total.branch)])
    return levels


def assert_claims_hold(bounded: BoundedPlan, one: Results, other: Results) -> None:
    """Every declared bound, against these two results."""
    keys = one.keys() | other.keys()
    changed: set[tuple[KeyValue, ...]] = {key for key in keys if one.get(key) != other.get(key)}
    for index, total in enumerate(bounded.sums):
        l1: dict[int, int] = {}
        l2: dict[int, int] = {}
        touched = 0
        for key in keys:
            a = _vectors(one[key][index] if key in one else None, bounded, index)
            b = _vectors(other[key][index] if key in other else None, bounded, index)
            touched += a != b
            for level, (x, y) in enumerate(zip(a, b, strict=True)):
                gaps = [abs(p - q) for p, q in zip(x, y, strict=True)]
                l1[level] = l1.get(level, 0) + sum(gaps)
                l2[level] = l2.get(level, 0) + sum(gap**2 for gap in gaps)
        for level in l1:
            assert l1[level] <= total.l1, ("l1", l1[level], total)
            assert l2[level] <= total.l2_squared, ("l2", l2[level], total)
        assert touched <= bounded.keys_per_unit, ("keys", touched, bounded.keys_per_unit)
    if isinstance(bounded.keys, UnknownKeys):
        gone = (one.keys() ^ other.keys()) & changed
        assert len(gone) <= bounded.keys.keys_per_unit, ("keys of one unit", gone)
        for key in gone:
            witness = (one.get(key) or other[key])[bounded.keys.witness]
            assert isinstance(witness, int) and 0 <= witness <= bounded.keys.witness_high, ("witness", witness, bounded.keys)
