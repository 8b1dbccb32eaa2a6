"""What is to be learned, as public facts: which column, from which others, and how each is read. No row is needed for it."""

from dataclasses import dataclass, replace
from datetime import date
from math import log2
from typing import TypeAlias, final

from amana.catalog.domains import BooleanDomain, ChoiceDomain, DateDomain, Domain, NumberDomain, TextDomain
from amana.catalog.schema import Column, Table
from amana.learn.texts import GRAMS
from amana.query.expr import Call, Expr, Literal, Op
from amana.query.expr import Column as Named
from amana.query.plan import Relation, Scan
from amana.terms.model import END_ABS_MAX, Feature, FeatureKind, Task
from amana.terms.refusal import Refusal

DISTINCT_MAX = 33
"""Numbers of so few values have a cell for each."""
EVEN_EDGES = 24
"""Edges at equal distances."""
EDGES_PER_OCTAVE = 2
"""Edges of a column without negative numbers whose distance to its low end doubles: what is skewed lies near that end."""
FEATURES_FINE, EDGES_COARSE = 64, 12
"""Where there are more columns than that, a number has at most so many edges: noise would hide finer cells, and a round takes long."""
EPOCH = date(1970, 1, 1)
ALIAS = "t"
BOOLEANS = ("true", "false")
Learnable: TypeAlias = NumberDomain | DateDomain | ChoiceDomain | BooleanDomain
Readable: TypeAlias = Learnable | TextDomain
"""Of columns that are predicted from: a text too, where it is named."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """`source`: the rows, whose columns are named "t.<column>". `columns`, `missing`: for each feature, what is read, and whether it may
    be NULL. `low`, `high`, `decimals`: the interval of the target of a regression, 0 and 1 in a classification. `boolean`: whether the
    target is one. `rows_per_unit`: rows kept of each privacy unit. `units`: how many there are, by the profile."""

    source: Relation
    target: str
    task: Task
    positive: str
    boolean: bool
    low: int
    high: int
    decimals: int
    target_missing: bool
    features: tuple[Feature, ...]
    columns: tuple[Expr, ...]
    missing: tuple[bool, ...]
    rows_per_unit: int
    units: float


def problem_of(
    table: Table,
    *,
    target: str,
    positive: str = "",
    features: tuple[str, ...] = (),
    rows_per_unit: int = 1,
    units: float,
    source: Relation | None = None,
) -> Problem:
    """The problem of predicting `target` from `features`, or from every other column with a domain where none is named. `source`: rows
    with the columns of `table`, else the table itself.

    Errors: Refusal learn.no_column, learn.no_domain, learn.no_positive, learn.no_features, learn.target_single,
        learn.numbers_large, learn.one_text.
    """
    column = column_in(table, target)
    aimed = learnable(table, column)
    named = features or tuple(other.name for other in table.columns if other.name != target and isinstance(other.domain, Learnable))
    if not named or target in named:
        raise Refusal("learn.no_features", table=table.name, column=target)
    columns = [column_in(table, name) for name in named]
    domains = [one.domain if isinstance(one.domain, TextDomain) else learnable(table, one) for one in columns]
    texts = [one.name for one in columns if isinstance(one.domain, TextDomain)]
    if len(texts) > 1:
        raise Refusal("learn.one_text", columns=", ".join(texts))
    read = [feature_of(one.name, domain) for one, domain in zip(columns, domains, strict=True)]
    low, high, decimals, said = aim_of(table, column, aimed, positive)
    return Problem(
        source=source or Scan(table=table.name, alias=ALIAS),
        target=column.name,
        task=Task.CLASSIFICATION if said else Task.REGRESSION,
        positive=said,
        boolean=isinstance(aimed, BooleanDomain),
        low=low,
        high=high,
        decimals=decimals,
        target_missing=aimed.nullable,
        features=tuple(one if len(read) <= FEATURES_FINE else _coarse(one) for one in read),
        columns=tuple(read_as(one.name, domain) for one, domain in zip(columns, domains, strict=True)),
        missing=tuple(domain.nullable for domain in domains),
        rows_per_unit=rows_per_unit,
        units=units,
    )


def column_of(name: str) -> Expr:
    """A column of the table that is learned from."""
    return Named(name=f"{ALIAS}.{name}")


def read_as(name: str, domain: Readable) -> Expr:
    """A column as the number or text that its feature reads: dates as days."""
    column = column_of(name)
    return Call(op=Op.DAYS_BETWEEN, args=(Literal(value=EPOCH), column)) if isinstance(domain, DateDomain) else column


def feature_of(name: str, domain: Readable) -> Feature:
    """How a column is read: cells on a grid that follows from its declared domain alone."""
    match domain:
        case NumberDomain():
            return Feature(name=name, kind=FeatureKind.NUMBER, decimals=domain.scale, edges=_edges(domain.low, domain.high, domain.step))
        case DateDomain():
            low, high = ((end - EPOCH).days for end in (domain.low, domain.high))
            return Feature(name=name, kind=FeatureKind.NUMBER, edges=_even(low, high), dates=True)
        case ChoiceDomain():
            return Feature(name=name, kind=FeatureKind.CHOICE, members=domain.members)
        case BooleanDomain():
            return Feature(name=name, kind=FeatureKind.BOOLEAN)
        case TextDomain():
            return Feature(name=name, kind=FeatureKind.TEXT, grams=GRAMS)


def _edges(low: int, high: int, step: int) -> tuple[int, ...]:
    if (high - low) // step < DISTINCT_MAX:
        return tuple(range(low + step, high + 1, step))
    if low < 0:
        return _even(low, high)
    octaves = int(log2(high - low) * EDGES_PER_OCTAVE) + 1
    near = {low + round((high - low) * 2 ** (-place / EDGES_PER_OCTAVE)) for place in range(octaves)}
    return tuple(sorted(edge for edge in near.union(_even(low, high)) if low < edge <= high))


def _coarse(feature: Feature) -> Feature:
    if len(feature.edges) <= EDGES_COARSE:
        return feature
    spread = (len(feature.edges) - 1) / (EDGES_COARSE - 1)
    return replace(feature, edges=tuple(feature.edges[round(place * spread)] for place in range(EDGES_COARSE)))


def _even(low: int, high: int) -> tuple[int, ...]:
    return tuple(sorted({low + round((high - low) * place / EVEN_EDGES) for place in range(1, EVEN_EDGES)} - {low}))


def column_in(table: Table, name: str) -> Column:
    """Errors: Refusal learn.no_column."""
    found = table.column(name)
    if found is None:
        raise Refusal("learn.no_column", table=table.name, column=name, columns=", ".join(one.name for one in table.columns))
    return found


def learnable(table: Table, column: Column) -> Learnable:
    """The declared domain of a column. Errors: Refusal learn.no_domain."""
    domain: Domain = column.domain
    if not isinstance(domain, Learnable):
        raise Refusal("learn.no_domain", table=table.name, column=column.name)
    return domain


def check_ends(table: Table, column: Column, domain: NumberDomain) -> None:
    """Whether a model file can hold the interval of what is predicted: to be known before anything is paid.

    Errors: Refusal learn.numbers_large.
    """
    if max(-domain.low, domain.high) > END_ABS_MAX:
        raise Refusal("learn.numbers_large", table=table.name, column=column.name, most=END_ABS_MAX)


def aim_of(table: Table, column: Column, domain: Learnable, positive: str) -> tuple[int, int, int, str]:
    """(low, high, decimals, positive) of a target; `positive` is empty in a regression.

    Errors: Refusal learn.no_positive, learn.target_single, learn.numbers_large.
    """
    match domain:
        case ChoiceDomain():
            if positive not in domain.members:
                raise Refusal("learn.no_positive", column=column.name, members=", ".join(domain.members))
            return 0, 1, 0, positive
        case BooleanDomain():
            if positive not in ("", *BOOLEANS):
                raise Refusal("learn.no_positive", column=column.name, members=", ".join(BOOLEANS))
            return 0, 1, 0, positive or "true"
        case NumberDomain():
            if domain.low == domain.high:
                raise Refusal("learn.target_single", table=table.name, column=column.name)
            check_ends(table, column, domain)
            return domain.low, domain.high, domain.scale, ""
        case DateDomain():
            raise Refusal("learn.target_single", table=table.name, column=column.name)
