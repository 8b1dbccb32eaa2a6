"""Row expressions: a closed set of total operations on exact values. What cannot be computed is NULL, never an error.

Numbers are integers with a decimal scale (`catalog.domains.NumberDomain`); there is no floating point before the noise.
The meaning of every operation is given by `engines/reference.py` and proved equal in the other engines by tests.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import TypeAlias, final


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed:
    """The number units * 10**-scale."""

    units: int
    scale: int = 0


Scalar: TypeAlias = bool | Fixed | str | date | datetime | None
"""A literal value; every number is a `Fixed`. (`datetime` before `date` when matching: it is a subclass.)"""


class Op(Enum):
    """Every operation a row expression may use. Any NULL argument gives NULL unless said otherwise."""

    # three-valued logic
    NOT = "not"
    AND = "and"
    OR = "or"
    IS_NULL = "is null"  # never NULL
    # comparison: numbers with numbers (scales aligned), dates with dates, text or choice with text, boolean with boolean
    EQ = "="
    NE = "<>"
    LT = "<"
    LE = "<="
    GT = ">"
    GE = ">="
    LIKE = "like"  # (text, literal pattern): % and _ only, no escape
    # arithmetic on numbers
    ADD = "+"
    SUB = "-"
    MUL = "*"
    DIV = "/"  # scale 6, truncated towards zero; by zero: NULL
    INT_DIV = "//"  # scale 0, truncated towards zero; by zero: NULL
    MOD = "%"  # sign of the dividend, as truncated division leaves it; by zero: NULL
    NEG = "neg"
    ABS = "abs"
    SIGN = "sign"
    FLOOR = "floor"  # scale 0
    CEIL = "ceil"  # scale 0
    ROUND = "round"  # (number, literal digits >= 0): half away from zero
    LEAST = "least"  # ignores NULLs; NULL if all are
    GREATEST = "greatest"  # ignores NULLs; NULL if all are
    COALESCE = "coalesce"  # first argument that is not NULL
    # text (a choice counts as text)
    LOWER = "lower"
    UPPER = "upper"
    TRIM = "trim"  # spaces at both ends
    LENGTH = "length"  # in code points
    SUBSTRING = "substring"  # (text, literal start >= 1, literal length >= 0), in code points
    CONCAT = "concat"  # any NULL gives NULL (the SQL operator ||)
    # dates and moments
    YEAR = "year"
    QUARTER = "quarter"
    MONTH = "month"
    DAY = "day"
    WEEKDAY = "weekday"  # Monday = 1 … Sunday = 7 (ISO)
    HOUR = "hour"
    TRUNC_YEAR = "trunc year"  # a date
    TRUNC_QUARTER = "trunc quarter"
    TRUNC_MONTH = "trunc month"
    TRUNC_WEEK = "trunc week"  # the Monday
    TRUNC_DAY = "trunc day"
    DAYS_BETWEEN = "days between"  # (from, to): whole days, to - from
    ADD_DAYS = "add days"  # (date, literal days)
    # casts
    TO_NUMBER = "to number"  # (x, literal scale): numbers rescaled half away from zero; text parsed, NULL if it is none; boolean 0 or 1
    TO_TEXT = "to text"  # choice or text unchanged; boolean 'true'/'false'; whole numbers and dates in ISO form
    TO_DATE = "to date"  # moment truncated; text YYYY-MM-DD parsed, NULL if it is none


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of the relation below, by its unique name there ("alias.column" from a scan)."""

    name: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Literal:
    value: Scalar


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    op: Op
    args: tuple["Expr", ...]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Among:
    """SQL `value IN (literals)`: NULL when the value is NULL. Literals hold no NULL and are of the value's kind."""

    value: "Expr"
    members: tuple[Literal, ...]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """The result of the first branch whose condition is true; else `otherwise`."""

    branches: tuple[tuple["Expr", "Expr"], ...]
    otherwise: "Expr"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """The value at that place of a list, counted from 0; NULL when the index is. The index is a whole number whose domain
    lies within the list. Units: `values` count 10**-scale."""

    index: "Expr"
    values: tuple[int, ...]
    scale: int = 0


Expr: TypeAlias = Column | Literal | Call | Among | Case | Lookup
