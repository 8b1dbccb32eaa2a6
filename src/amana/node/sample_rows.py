"""Invented rows for trying questions: drawn from the schema and the released profile alone (post-processing, PRIVACY 15).

Columns are drawn one by one from their noisy histograms, rows per unit from theirs. Nothing ties two columns together but the
keys and, for occurrence columns, how many different values a unit has.
"""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from random import Random
from typing import TypeAlias, final

from amana.catalog.domains import KeyDomain
from amana.catalog.profile import Profile, TableProfile
from amana.catalog.schema import Column, Schema, Table
from amana.node.sample_values import Cell, Source, source_of

TRIES = 20
"""Draws for a key that no other row has, before the row is left out."""
NOISE_ALONE = 2.0
"""Standard deviations that a count of noise alone hardly exceeds."""
Keys: TypeAlias = Mapping[str, tuple[str, ...]]
"""Identifiers that public tables hold, by the name of their column in lower case."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """Shapes: `tables[name]` has its rows, each with one cell, written as text, for each of the table's columns."""

    units: int
    tables: Mapping[str, list[list[Cell]]]


def draw(schema: Schema, profile: Profile, *, units_max: int, rows_max: int, keys: Keys, chance: Random) -> Drawn:
    """Rows of every private table. The same arguments and a generator in the same state give the same rows.

    Units: `rows_max` in rows of one table; heavy units make a sample of fewer units.
    """
    tables = parents_first(schema)
    known = {table.name: _Counted.of(table, profile.table(table.name)) for table in tables}
    population = max(each.units for each in known.values())
    heaviest = max(each.mean * min(1.0, each.units / population) for each in known.values())
    units = max(1, min(units_max, round(population), int(rows_max / heaviest)))
    drawing = _Drawing(chance=chance, keys=keys, pool=max(2, units // 5))
    made: dict[str, _Made] = {}
    for table in tables:
        parent = made[table.path.parent] if table.path is not None else None
        of_parent = known[table.path.parent].units if table.path is not None else population
        has = [bool(held) for held in parent.by_unit] if parent is not None else [True] * units
        counts = known[table.name].draw(has, share=known[table.name].units / of_parent, rows_max=rows_max, chance=chance)
        made[table.name] = drawing.table(table, profile.table(table.name), counts, parent)
    return Drawn(units=units, tables={name: each.rows for name, each in made.items()})


def parents_first(schema: Schema) -> list[Table]:
    """The private tables, each after the one it leads to."""
    ordered: list[Table] = []
    waiting = [table for table in schema.tables if table.private]
    while waiting:
        ready = [t for t in waiting if t.path is None or any(t.path.parent == other.name for other in ordered)]
        assert ready, "rules refuse circles"
        ordered += ready
        waiting = [table for table in waiting if table not in ready]
    return ordered


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class _Counted:
    """How many units have rows in a table, and how many they have. Shapes: bin i holds `lows[i]` to `highs[i]` rows."""

    units: float
    mean: float
    lows: tuple[int, ...]
    highs: tuple[int, ...]
    ends: tuple[float, ...]
    """Cumulative weights."""

    @staticmethod
    def of(table: Table, profile: TableProfile | None) -> "_Counted":
        lows = profile.rows_edges if profile is not None else (1,)
        highs = (*(edge - 1 for edge in lows[1:]), max(lows[-1], table.rows_per_unit_max))
        weights = [1.0, *[0.0] * (len(lows) - 1)]
        if profile is not None:
            # A count that noise alone could be is none: else a sample would have units as heavy as nobody is.
            counts, noise = profile.units_by_rows, NOISE_ALONE * profile.units_deviation
            held = [count if count > noise else 0.0 for count in counts]
            weights = next((each for each in (held, [max(0.0, count) for count in counts]) if sum(each) > 0), weights)
        middles = [(low + high) / 2 for low, high in zip(lows, highs, strict=True)]
        mean = sum(weight * middle for weight, middle in zip(weights, middles, strict=True)) / sum(weights)
        units = max(1.0, profile.units) if profile is not None else 1.0
        return _Counted(units=units, mean=mean, lows=lows, highs=highs, ends=tuple(accumulate(weights)))

    def draw(self, has: list[bool], *, share: float, rows_max: int, chance: Random) -> list[int]:
        """Rows of each unit; none for a unit that has no row above, or that the share leaves out."""
        counts: list[int] = []
        left = rows_max
        for able in has:
            place = min(bisect_right(self.ends, chance.random() * self.ends[-1]), len(self.lows) - 1)
            rows = self.lows[place] + int(chance.random() * (self.highs[place] - self.lows[place] + 1))
            takes_part = chance.random() < share
            counts.append(min(rows, left) if able and takes_part else 0)
            left -= counts[-1]
        if not any(counts):  # an empty table could not be published
            counts[has.index(True)] = 1
        return counts


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """Shapes: `by_unit[u]` are the places in `rows` of the rows of unit u."""

    table: Table
    rows: list[list[Cell]]
    by_unit: list[list[int]]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class _Drawing:
    chance: Random
    keys: Keys
    pool: int

    def table(self, table: Table, profile: TableProfile | None, counts: list[int], parent: _Made | None) -> _Made:
        """The rows of one table, so many for each unit."""
        owners = [unit for unit, count in enumerate(counts) for _ in range(count)]
        above = [self.chance.choice(parent.by_unit[unit]) for unit in owners] if parent is not None else []
        fixed: dict[str, list[Cell]] = {}
        if table.unit_column is not None:
            fixed[table.unit_column] = [str(unit + 1) for unit in owners]
        if parent is not None and table.path is not None:
            names = [column.name for column in parent.table.columns]
            for here, there in table.path.on:
                place = names.index(there)
                fixed[here] = [parent.rows[row][place] for row in above]
        sources: dict[str, Source] = {}
        for column in table.columns:
            if column.name in fixed:
                continue
            if self._is_serial(column, table):
                fixed[column.name] = [str(row + 1) for row in range(len(owners))]
                continue
            sources[column.name] = self._source(column, profile)
        cells = {name: source.draw(len(owners)) for name, source in sources.items()}
        for name in table.occurrence:
            if name in cells and profile is not None:
                self._repeat(cells[name], counts, groups=dict(profile.groups_per_unit).get(name, 1.0))
        columns = [fixed[column.name] if column.name in fixed else cells[column.name] for column in table.columns]
        rows = [list(row) for row in zip(*columns, strict=True)]
        kept = self._distinct(table, rows, sources)
        by_unit: list[list[int]] = [[] for _ in counts]
        for place, row in enumerate(kept):
            by_unit[owners[row]].append(place)
        return _Made(table=table, rows=[rows[row] for row in kept], by_unit=by_unit)

    def _is_serial(self, column: Column, table: Table) -> bool:
        known = column.name.lower() in self.keys  # then it is to meet the rows of a public table
        return isinstance(column.domain, KeyDomain) and column.name in table.key and not known

    def _source(self, column: Column, profile: TableProfile | None) -> Source:
        histogram = None
        if profile is not None:
            histogram = profile.histogram(column.name) or dict(profile.presence).get(column.name)
        known = self.keys.get(column.name.lower(), ())
        identifiers = known or tuple(str(number + 1) for number in range(self.pool))
        return source_of(column.domain, histogram, identifiers=identifiers, chance=self.chance)

    def _repeat(self, cells: list[Cell], counts: list[int], *, groups: float) -> None:
        """Let a unit's rows repeat its earlier values, so that a unit has about `groups` different ones."""
        holders = [count for count in counts if count]
        further = sum(holders) / max(1, len(holders)) - 1
        fresh = min(1.0, max(0.0, groups - 1) / further) if further > 0 else 1.0
        first = 0
        for count in counts:
            for row in range(first + 1, first + count):
                if self.chance.random() >= fresh:
                    cells[row] = cells[first + int(self.chance.random() * (row - first))]
            first += count

    def _distinct(self, table: Table, rows: list[list[Cell]], sources: Mapping[str, Source]) -> list[int]:
        """The places of the rows that stay: no two have the same key."""
        if not table.key:
            return list(range(len(rows)))
        names = [column.name for column in table.columns]
        places = [names.index(name) for name in table.key]
        seen: set[tuple[Cell, ...]] = set()
        kept: list[int] = []
        for number, row in enumerate(rows):
            for _ in range(TRIES):
                if tuple(row[place] for place in places) not in seen:
                    break
                for place in places:
                    if names[place] in sources:
                        row[place] = sources[names[place]].draw(1)[0]
            key = tuple(row[place] for place in places)
            if key not in seen:
                seen.add(key)
                kept.append(number)
        return kept
