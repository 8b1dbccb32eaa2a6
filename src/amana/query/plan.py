"""The closed algebra of questions: the only shapes the kernel knows. SQL text never passes this point.

A relation is *private* when a private table is in it: then each of its rows belongs to exactly one privacy unit, carried
beside the visible columns. Column names are unique inside a relation. A plan measures sums over the rows of a relation,
for each combination of keys, and computes figures from the released sums only.
"""

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias, final

from amana.query.expr import Expr, Fixed
from amana.terms.grams import Grams


class JoinKind(Enum):
    INNER = "inner"
    LEFT = "left"
    SEMI = "semi"
    ANTI = "anti"


class UnitFunction(Enum):
    """Aggregates inside one unit: exact, integer or NULL (SUM, MIN, MAX, MEAN of no value)."""

    COUNT = "count"  # rows where the value is not NULL (a literal counts all rows)
    COUNT_DISTINCT = "count distinct"
    SUM = "sum"
    MIN = "min"
    MAX = "max"
    MEAN = "mean"  # scale + 6 at most 12, truncated towards zero


class WindowFunction(Enum):
    """Over the rows of one unit and partition. Ordered by `order`, then by the stored ranks (so never tied)."""

    ROW_NUMBER = "row_number"
    LAG = "lag"
    LEAD = "lead"
    COUNT = "count"  # running if ordered, else of the whole partition; likewise below
    SUM = "sum"
    MIN = "min"
    MAX = "max"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """A table; its columns are named "alias.column", and the unit of a private one "alias.<unit word>".

    `keep`: only rows whose stored rank within their unit is at most that (set by the kernel, never by a question).
    `keep_within`: only rows whose stored occurrence rank within (unit, that column) is at most that.
    """

    table: str
    alias: str
    keep: int | None = None
    keep_within: tuple[str, int] | None = None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Rows for which the predicate is true (not false, not NULL)."""

    source: "Relation"
    predicate: Expr


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """Exactly these columns, in this order; rows are kept one for one."""

    source: "Relation"
    columns: tuple[tuple[str, Expr], ...]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """Rows that agree on every pair in `on` (NULL agrees with nothing) and for which `residual` is true.

    LEFT keeps left rows without a partner once, right columns NULL. SEMI and ANTI show left columns only.
    Which joins are sound is PRIVACY 5; `query/check.py` refuses the rest.
    """

    left: "Relation"
    right: "Relation"
    kind: JoinKind
    on: tuple[tuple[str, str], ...]
    residual: Expr | None = None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Union:
    """UNION ALL: parts have the same column names in the same order, and are all private."""

    parts: tuple["Relation", ...]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class UnitMeasure:
    name: str
    function: UnitFunction
    value: Expr


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class PerUnit:
    """One row for each unit and combination of `keys` that occurs; columns are the keys, then the measures.

    `unit_name`: when given, the unit itself is also a visible (identifier) column of that name.
    """

    source: "Relation"
    keys: tuple[tuple[str, Expr], ...]
    measures: tuple[UnitMeasure, ...]
    unit_name: str | None = None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class WindowMeasure:
    """`offset` is of LAG and LEAD only. `order`: (expression, descending)."""

    name: str
    function: WindowFunction
    value: Expr
    partition: tuple[Expr, ...] = ()
    order: tuple[tuple[Expr, bool], ...] = ()
    offset: int = 1


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """All columns of the source and one more for each measure; partitions lie inside a unit."""

    source: "Relation"
    measures: tuple[WindowMeasure, ...]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Buckets:
    """Each row of the source once for every bucket that the text in its column `text` is in, and the bucket as one column more, `name`."""

    source: "Relation"
    text: str
    grams: Grams
    name: str


Relation: TypeAlias = Scan | Filter | Project | Join | Union | PerUnit | Window | Buckets


# --- what is measured: each is a sum over privacy units of a bounded contribution ---


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class RowSum:
    """Sum of (value - centre) over rows where value is not NULL; a literal 1 counts rows. `centre` has value's kind."""

    value: Expr
    centre: Fixed = Fixed(units=0)  # noqa: RUF009 - frozen


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class UnitCount:
    """Number of units with at least one row for which `condition` is true."""

    condition: Expr


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class DistinctCount:
    """Number of distinct values (not NULL). Sound with k, but not additive (PRIVACY 17)."""

    value: Expr


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class BinCount:
    """Rows by bin of a public grid: bin i holds low + i*width <= value < low + (i+1)*width, the ends take what is beyond.

    Units: `low` and `width` count the value's own grid (10**-scale; days; seconds). `bins` is a power of `branch`; each
    coarser level of the tree (groups of `branch` bins) is released too, so that long ranges carry little noise.
    """

    value: Expr
    low: int
    width: int
    bins: int
    branch: int = 16


Sum: TypeAlias = RowSum | UnitCount | DistinctCount | BinCount


# --- what is shown: computed from released sums only ---


class Released(Enum):
    """Statistics of released sums; `sums` are indices into `Plan.sums`, in the order named here."""

    TOTAL = "total"  # (sum)
    MEAN = "mean"  # (sum of x, count)
    VARIANCE_SAMP = "var_samp"  # (sum of x, sum of x², count)
    VARIANCE_POP = "var_pop"
    STDDEV_SAMP = "stddev_samp"
    STDDEV_POP = "stddev_pop"
    QUANTILE = "quantile"  # (bins), parameter = the probability
    COVAR_SAMP = "covar_samp"  # (sum of x, sum of y, sum of xy, count)
    COVAR_POP = "covar_pop"
    CORR = "corr"  # (sum of x, sum of y, sum of xy, sum of x², sum of y², count)
    SLOPE = "regr_slope"  # of y on x: (sum of x, sum of y, sum of xy, sum of x², count)
    INTERCEPT = "regr_intercept"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Statistic:
    """x² and xy are RowSums of products of centred values: the parser writes the same centre into both."""

    kind: Released
    sums: tuple[int, ...]
    parameter: float = 0.0


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """The i-th key of the plan."""

    index: int


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Constant:
    value: float | str | bool | None


class FigureOp(Enum):
    ADD = "+"
    SUB = "-"
    MUL = "*"
    DIV = "/"
    NEG = "neg"
    ABS = "abs"
    SQRT = "sqrt"
    ROUND = "round"
    AND = "and"
    OR = "or"
    NOT = "not"
    EQ = "="
    NE = "<>"
    LT = "<"
    LE = "<="
    GT = ">"
    GE = ">="
    IS_NULL = "is null"
    COALESCE = "coalesce"
    CASE = "case"  # condition, value, condition, value, …, otherwise


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class FigureCall:
    op: FigureOp
    args: tuple["Figure", ...]


Figure: TypeAlias = Statistic | Key | Constant | FigureCall


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A checked question. `sets`: for ROLLUP and GROUPING SETS, the kept key indices of each level (the finest is
    measured, the others are its sums, so totals agree); empty for a plain GROUP BY.

    `order`: (figure index, descending). Shapes: at most `figures_max` figures, `keys` in GROUP BY order.
    """

    source: Relation
    keys: tuple[tuple[str, Expr], ...]
    sums: tuple[Sum, ...]
    figures: tuple[tuple[str, Figure], ...]
    sets: tuple[tuple[int, ...], ...] = ()
    having: Figure | None = None
    order: tuple[tuple[int, bool], ...] = ()
    limit: int | None = None


def levels_in(shape: BinCount) -> int:
    """Levels of the tree over these bins."""
    levels, nodes = 1, shape.bins
    while nodes > shape.branch:
        levels, nodes = levels + 1, nodes // shape.branch
    return levels


def quantiles_of(plan: Plan) -> tuple[Statistic, ...]:
    """Every quantile that the plan's figures need, each once."""
    found: dict[Statistic, None] = {}
    pending: list[Figure] = [figure for _, figure in plan.figures]
    if plan.having is not None:
        pending.append(plan.having)
    while pending:
        figure = pending.pop(0)
        if isinstance(figure, FigureCall):
            pending.extend(figure.args)
        elif isinstance(figure, Statistic) and figure.kind is Released.QUANTILE:
            found.setdefault(figure)
    return tuple(found)


# --- the same question with its bounds: what an engine runs ---

KeyValue: TypeAlias = str | int | bool | None
"""Value of a key: text and choices as text, numbers and days-since-1970 and seconds-since-1970 as integers on their grid."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class BoundedSum:
    """A sum with its bounds. `low`/`high`: interval of one contribution (of a row; of a unit and key combination when
    `per_unit`, where the engine clamps to it). Units: 10**-scale. `l1` and `l2_squared` bound the change of the whole
    vector of this sum (all key combinations; one level, for bins) when one privacy unit is added or removed; it changes at most
    `cells` of them. Noise is added to the sum rounded to a multiple of `grain`, a power of two (1 unless sums are huge)."""

    sum: Sum
    scale: int
    low: int
    high: int
    per_unit: bool
    l1: int
    l2_squared: int
    cells: int = 1
    grain: int = 1


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class PublicKeys:
    """Every combination that is released, present or not; sorted."""

    combinations: tuple[tuple[KeyValue, ...], ...]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownKeys:
    """Keys found in the data: released only above a threshold on `witness`, the index of a sum whose contribution to one
    key is in [0, `witness_high`]; one unit holds at most `keys_per_unit` keys."""

    witness: int
    witness_high: int
    keys_per_unit: int


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class BoundedPlan:
    """`plan.source` carries the truncations (`Scan.keep`); `keys_per_unit`: combinations one unit can touch."""

    plan: Plan
    sums: tuple[BoundedSum, ...]
    keys: PublicKeys | UnknownKeys
    keys_per_unit: int
