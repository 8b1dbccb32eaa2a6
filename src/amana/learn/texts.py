"""A text as a feature: the buckets that its grams are in, each with a weight of its own; what they add up to is a part of the score.

A row is there once for each of its buckets, so what is summed by bucket is as noisy as there are buckets of a row; all else is summed over
bucket 0, in which every row is once. Source: feature hashing, Weinberger et al. 2009; grams of characters, Cavnar and Trenkle 1994.
"""

from collections.abc import Sequence

from amana.query.expr import Call, Column, Expr, Fixed, Literal, Lookup, Op
from amana.query.plan import Buckets, Filter, Project, Relation, Window, WindowFunction, WindowMeasure
from amana.terms.grams import Grams
from amana.terms.model import Feature

GRAMS = Grams(size=2, buckets=2048, most=96)
"""Two characters tell more than noise hides, also in words that are spelled in many ways; longer grams are too rare for that."""
BUCKET, ROW, ADDED, BASE = "b", "n", "w", "a"
"""Columns: the bucket; which of its unit's rows a row is; what all buckets of a row add to its score; and what all else does."""


def text_in(features: Sequence[Feature]) -> int | None:
    """The place of the text among them, of which there is one at most."""
    return next((place for place, feature in enumerate(features) if feature.grams is not None), None)


def numbered(rows: Relation, *, most: int) -> Relation:
    """At most so many rows of each unit, with their number: by it those are found again that were one."""
    measure = WindowMeasure(name=ROW, function=WindowFunction.ROW_NUMBER, value=Literal(value=Fixed(units=1)))
    few = Call(op=Op.LE, args=(Column(name=ROW), Literal(value=Fixed(units=most))))
    return Filter(source=Window(source=rows, measures=(measure,)), predicate=few)


def in_buckets(rows: Project, features: Sequence[Feature]) -> Relation:
    """Each row once for every bucket of its text, whose column is named as its cell would be; the rows as they are, without a text."""
    place = text_in(features)
    if place is None:
        return rows
    grams = features[place].grams
    assert grams is not None
    return Buckets(source=rows, text=f"c{place}", grams=grams, name=BUCKET)


def scored(rows: Project, features: Sequence[Feature], base: Expr, values: Sequence[int]) -> tuple[Relation, Expr]:
    """(the rows in buckets, the score of each: `base`, which is computed once for a row, and what its buckets add up to). Units: 1/1024."""
    based = Project(source=rows, columns=(*((name, Column(name=name)) for name, _ in rows.columns), (BASE, base)))
    value = Lookup(index=Column(name=BUCKET), values=tuple(values))
    measure = WindowMeasure(name=ADDED, function=WindowFunction.SUM, value=value, partition=(Column(name=ROW),))
    return Window(source=in_buckets(based, features), measures=(measure,)), Call(op=Op.ADD, args=(Column(name=BASE), Column(name=ADDED)))


def each_once(rows: Relation, features: Sequence[Feature]) -> Relation:
    """Every row once again."""
    if text_in(features) is None:
        return rows
    return Filter(source=rows, predicate=Call(op=Op.EQ, args=(Column(name=BUCKET), Literal(value=Fixed(units=0)))))
