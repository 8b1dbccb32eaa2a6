"""What a synthetic table is to be like, as public facts: its columns, the grid each is counted on, and what each round asks."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import floor
from typing import final

from amana.catalog.schema import Table
from amana.learn.problem import ALIAS, Learnable, column_in, feature_of, learnable, read_as
from amana.learn.synthetic_values import possible_cells
from amana.learn.words import cell_of
from amana.query.check import ONE
from amana.query.expr import Column as Named
from amana.query.plan import Plan, Project, Relation, RowSum, Scan
from amana.terms.ids import NanoRho
from amana.terms.model import Feature
from amana.terms.refusal import Refusal

GROUPS_MAX = 48
"""Groups of cells of one column that are counted together with another column's."""
CELLS_MAX = 400_000
"""Noisy counts that the round of pairs may give."""
TARGET_GROUPS_MAX = 4
"""Groups of the target that are told apart in every pair of other columns."""
SHARES_AIMED, SHARES_PLAIN = (0.05, 0.15, 0.8), (0.08, 0.0, 0.92)
"""Of the loss: single columns; columns with the target; pairs of columns (with the target)."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Synthesis:
    """`target`: the column that tables with all others are kept for, or None. Shapes: `domains`, `features`, `possible` have one
    entry for each column of `names`; `possible` says of each cell whether a value can lie in it."""

    source: Relation
    names: tuple[str, ...]
    domains: tuple[Learnable, ...]
    features: tuple[Feature, ...]
    possible: tuple[tuple[bool, ...], ...]
    target: int | None
    nano_rho: NanoRho

    @property
    def others(self) -> tuple[int, ...]:
        """The columns but the target."""
        return tuple(place for place in range(len(self.names)) if place != self.target)

    @property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """Every two columns but the target, the lower number first."""
        return tuple(combinations(self.others, 2))

    @property
    def costs(self) -> tuple[NanoRho, NanoRho, NanoRho]:
        """Of the three rounds: single columns, columns with the target, pairs. A round without plans costs nothing."""
        aimed = self.target is not None and bool(self.others)
        shares = SHARES_AIMED if aimed else SHARES_PLAIN
        kept = [share if there else 0.0 for share, there in zip(shares, (True, aimed, bool(self.pairs)), strict=True)]
        first, second = (floor(self.nano_rho * share / sum(kept)) for share in kept[:2])
        third = self.nano_rho - first - second if self.pairs else 0
        return NanoRho(first), NanoRho(second if self.pairs or not aimed else self.nano_rho - first), NanoRho(third)

    def cells(self, column: int) -> int:
        """Cells that a row of the column can be counted in."""
        return self.features[column].cells - (not self.possible[column][-1])

    @property
    def groups_max(self) -> int:
        """Groups that a column may have in pairs, so that the round is not too large."""
        most = GROUPS_MAX
        while most > 2 and self.cells_of_pairs(most) > CELLS_MAX:
            most -= 1
        return most

    @property
    def layers_max(self) -> int:
        """Coarse groups of the target: more would leave little in each."""
        return TARGET_GROUPS_MAX

    def cells_of_pairs(self, most: int) -> int:
        """Noisy counts of the round of pairs, when a column has at most so many groups."""
        layers = 1 if self.target is None else min(self.cells(self.target), TARGET_GROUPS_MAX)
        return layers * sum(min(self.cells(one), most) * min(self.cells(two), most) for one, two in self.pairs)

    def rows(self, groups: Sequence[Sequence[int]]) -> Project:
        """Every column as the group of its cell."""
        cells = [
            (cell_name(place), cell_of(feature, read_as(name, domain), group, missing=domain.nullable))
            for place, (name, domain, feature, group) in enumerate(zip(self.names, self.domains, self.features, groups, strict=True))
        ]
        return Project(source=self.source, columns=tuple(cells))

    @property
    def fine(self) -> tuple[tuple[int, ...], ...]:
        """Each cell a group of its own; where nothing can be missing, that cell goes with the last."""
        return tuple(
            (*range(feature.cells - 1), feature.cells - 1 if possible[-1] else feature.cells - 2)
            for feature, possible in zip(self.features, self.possible, strict=True)
        )


def synthesis_of(
    table: Table,
    *,
    columns: tuple[str, ...] = (),
    target: str | None = None,
    features: tuple[Feature, ...] = (),
    nano_rho: NanoRho,
    source: Relation | None = None,
) -> Synthesis:
    """The synthesis of these columns, or of every column with a domain where none is named. `features`: grids to be used instead of
    those that follow from the declared domains. `source`: rows with the columns of `table`, else the table itself.

    Errors: Refusal learn.no_column, learn.no_domain, learn.synthetic_columns.
    """
    named = columns or tuple(column.name for column in table.columns if isinstance(column.domain, Learnable))
    if not named or len(set(named)) < len(named):
        raise Refusal("learn.synthetic_columns", table=table.name)
    if target is not None and target not in named:
        column_in(table, target)
        raise Refusal("learn.synthetic_columns", table=table.name)
    domains = tuple(learnable(table, column_in(table, name)) for name in named)
    given = {feature.name: feature for feature in features}
    read = tuple(given.get(name) or feature_of(name, domain) for name, domain in zip(named, domains, strict=True))
    return Synthesis(
        source=source or Scan(table=table.name, alias=ALIAS),
        names=named,
        domains=domains,
        features=read,
        possible=tuple(possible_cells(feature, domain) for feature, domain in zip(read, domains, strict=True)),
        target=None if target is None else named.index(target),
        nano_rho=nano_rho,
    )


def cell_name(column: int) -> str:
    """The name of the projected column that holds a row's cell."""
    return f"c{column}"


def counts_by(rows: Project, columns: Sequence[int]) -> Plan:
    """Rows by the cells of these columns."""
    keys = tuple((cell_name(column), Named(name=cell_name(column))) for column in columns)
    return Plan(source=rows, keys=keys, sums=(RowSum(value=ONE),), figures=())
