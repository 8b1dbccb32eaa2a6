"""Prediction without a node and without a network: a value becomes a cell, cells a whole number, and the number what it says.

The same everywhere to the last bit: values are read as decimals, never as binary fractions; scores are sums of whole numbers; and
what a score says is computed in one place, `Model.answer`. NumPy, where it is there, only adds faster.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import cached_property
from itertools import chain
from math import isfinite, isnan
from typing import TypeAlias, final

from amana.terms.model import Cell, Cells, Effect, Feature, FeatureKind, Model
from amana.terms.refusal import Refusal

Value: TypeAlias = str | int | float | Decimal | date | None
"""Of a row: as a program has it, or as a file writes it. None and an empty text: missing."""

_EPOCH = date(1970, 1, 1).toordinal()
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NUMBER_CHARACTERS_MAX = 100
_DIGITS_MAX = 40
"""A number with more digits before its point lies beyond every edge."""
_EXACT = Context(prec=_NUMBER_CHARACTERS_MAX + _DIGITS_MAX, Emin=-99_999, Emax=99_999)
_TRUE, _FALSE = frozenset({"true", "t", "yes", "y", "1"}), frozenset({"false", "f", "no", "n", "0"})
_NO_TEXTS = frozenset({"nan", "snan", "nat", "<na>"})
_FAST_ROWS_MIN = 200
"""Below, NumPy's start takes longer than what it saves."""


def cells_of(model: Model, row: Mapping[str, Value]) -> Cells:
    """The cells of a row, one for each feature (of a text, several). What is not understood counts as missing.

    Errors: Refusal predict.column_missing.
    """
    missing = [feature.name for feature in model.features if feature.name not in row]
    if missing:
        raise Refusal("predict.column_missing", columns=named(missing), needed=named(needed_columns(model)))
    return tuple(read_cell(feature, row[feature.name])[0] for feature in model.features)


def needed_columns(model: Model) -> tuple[str, ...]:
    """The columns that a row must have, each once."""
    return tuple(dict.fromkeys(feature.name for feature in model.features))


def named(columns: Iterable[str]) -> str:
    """Names of columns as a refusal shows them: no longer than a person reads."""
    return ", ".join(columns)[:1000]


def read_cell(feature: Feature, value: Value) -> tuple[Cell, bool]:
    """The cell of a value, and whether it was understood: a missing one is.

    >>> read_cell(Feature(name="cost", kind=FeatureKind.NUMBER, decimals=1, edges=(125,)), "12.45")
    (1, True)
    """
    if feature.grams is not None:
        return feature.grams.of(None if _no_text(value) else str(value)), True
    missing = feature.cells - 1
    if value is None or (isinstance(value, str) and not value.strip() and value not in feature.members):
        return missing, True
    match feature.kind:
        case FeatureKind.CHOICE:
            place = _places(feature).get(str(value), missing)
            return place, place != missing
        case FeatureKind.BOOLEAN:
            known = str(value).strip().lower()
            return (int(known in _TRUE), True) if known in _TRUE or known in _FALSE else (missing, False)
        case FeatureKind.NUMBER:
            if isinstance(value, float) and isnan(value):  # how programs write what is missing
                return missing, True
            units = _days(value) if feature.dates else units_of(value, feature.decimals)
            return (missing, False) if units is None else (feature.cell(units), True)
        case FeatureKind.TEXT:
            raise AssertionError("a text has its grams")


def _no_text(value: Value) -> bool:
    """Whether it is how programs write what is missing: NaN, pandas' NaT, and its NA, which cannot even be compared."""
    return value is None or (not isinstance(value, str) and str(value).lower() in _NO_TEXTS)


def predict(model: Model, rows: Sequence[Cells]) -> list[float]:
    """What the model says of each row of cells."""
    return Scorer(model).predict(rows)


@final
class Scorer:
    """A model made ready for many rows: what depends on the same cells is one table."""

    def __init__(self, model: Model) -> None:
        self.model = model
        effects: dict[tuple[int, ...], list[int]] = {}
        trees: list[_Tree] = []
        for part in model.parts:
            if isinstance(part, Effect):
                sums = effects.setdefault(part.features, [0] * len(part.values))
                for place, value in enumerate(part.values):
                    sums[place] += value
            else:
                trees.append(_Tree(steps=tuple((feature, frozenset(yes)) for feature, yes in part.splits), leaves=part.leaves))
        self._effects = tuple(Effect(features=features, values=tuple(values)) for features, values in effects.items())
        self._trees = tuple(trees)
        self._answers: dict[int, float] = {}

    def predict(self, rows: Sequence[Cells]) -> list[float]:
        """What the model says of each row of cells."""
        return [self._answer(score) for score in self.scores(rows)]

    def scores(self, rows: Sequence[Cells]) -> list[int]:
        """The score of each row of cells, in 1/1024."""
        fast = self._fast if len(rows) >= _FAST_ROWS_MIN else None
        return fast(rows) if fast is not None else [self.score(row) for row in rows]

    def score(self, cells: Cells) -> int:
        """As `Model.score`."""
        total = self.model.intercept
        for effect in self._effects:
            total += effect.added(cells, self.model.features)
        for tree in self._trees:
            leaf, bit = 0, 1
            for feature, yes in tree.steps:
                if cells[feature] in yes:
                    leaf += bit
                bit *= 2
            total += tree.leaves[leaf]
        return total

    def _answer(self, score: int) -> float:
        if score not in self._answers:
            if len(self._answers) > 100_000:
                self._answers.clear()
            self._answers[score] = self.model.answer(score)
        return self._answers[score]

    @cached_property
    def _fast(self) -> "Callable[[Sequence[Cells]], list[int]] | None":
        """The same sums by NumPy, where it is installed."""
        try:
            import numpy
        except ImportError:
            return None
        texts = [place for place, feature in enumerate(self.model.features) if feature.grams is not None]
        effects = [(effect.features, numpy.array(effect.values, dtype=numpy.int64)) for effect in self._effects]
        trees = [
            (
                [(feature, numpy.array(sorted(yes), dtype=numpy.int64)) for feature, yes in tree.steps],
                numpy.array(tree.leaves, dtype=numpy.int64),
            )
            for tree in self._trees
        ]

        def add(rows: Sequence[Cells]) -> list[int]:
            shape = (len(rows), len(self.model.features))
            single = [tuple(0 if isinstance(cell, tuple) else cell for cell in row) for row in rows] if texts else rows
            cells = numpy.array(single, dtype=numpy.int64).reshape(shape).T.copy()
            total = numpy.full(len(rows), self.model.intercept, dtype=numpy.int64)
            for features, values in effects:
                if features[0] in texts:
                    counted = [cell for row in rows if isinstance(cell := row[features[0]], tuple)]
                    ends = numpy.cumsum([0, *map(len, counted)])[:-1]
                    total += numpy.add.reduceat(values[numpy.fromiter(chain.from_iterable(counted), dtype=numpy.int64)], ends)
                    continue
                place = numpy.zeros(len(rows), dtype=numpy.int64)
                for feature in features:
                    place = place * self.model.features[feature].cells + cells[feature]
                total += values[place]
            for steps, leaves in trees:
                leaf = numpy.zeros(len(rows), dtype=numpy.int64)
                for level, (feature, yes) in enumerate(steps):
                    table = numpy.zeros(self.model.features[feature].cells, dtype=numpy.int64)
                    table[yes] = 1 << level
                    leaf += table[cells[feature]]
                total += leaves[leaf]
            return [int(score) for score in total]

        return add


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class _Tree:
    """`steps`: for each level its feature, and the cells that say yes."""

    steps: tuple[tuple[int, frozenset[int]], ...]
    leaves: tuple[int, ...]


def _places(feature: Feature) -> Mapping[str, int]:
    found = _PLACES.get(feature.members)
    if found is None:
        if len(_PLACES) > 1000:
            _PLACES.clear()
        found = _PLACES[feature.members] = {member: place for place, member in enumerate(feature.members)}
    return found


_PLACES: dict[tuple[str, ...], Mapping[str, int]] = {}


def units_of(value: str | float | Decimal | date, decimals: int) -> int | None:
    """The number in units of 10**-decimals, rounded half away from zero, exactly; None for what is no number."""
    if isinstance(value, int):
        return value * int(10**decimals)
    if isinstance(value, date) or (isinstance(value, float) and not isfinite(value)):
        return None
    text = str(value).strip()
    if len(text) > _NUMBER_CHARACTERS_MAX or not _NUMBER.fullmatch(text):
        return None
    number = _EXACT.create_decimal(text)
    if number.is_zero():
        return 0
    if number.adjusted() > _DIGITS_MAX:
        number = Decimal(1).scaleb(_DIGITS_MAX, _EXACT).copy_sign(number)
    if number.adjusted() < -_DIGITS_MAX:
        return 0
    return int(number.scaleb(decimals, _EXACT).to_integral_value(ROUND_HALF_UP))


def _days(value: str | float | Decimal | date) -> int | None:
    """Days since 1970 of a date, written YYYY-MM-DD; None for what is none. A moment counts as its day."""
    text = str(value).strip()
    try:
        if isinstance(value, datetime):
            return value.date().toordinal() - _EPOCH  # that of pandas' NaT is a ValueError
        if isinstance(value, date):
            return value.toordinal() - _EPOCH
        return date.fromisoformat(text).toordinal() - _EPOCH if _DATE.fullmatch(text) else None
    except ValueError:
        return None
