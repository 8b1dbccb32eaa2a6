"""How much work a relation is, from public facts: what the time of a release is made from (PRIVACY 8). Part of the trusted base."""

from typing import assert_never

from amana.catalog.domains import ChoiceDomain, TextDomain
from amana.catalog.schema import Schema
from amana.query.infer import columns_of, multiplicity_of, rows_of
from amana.query.kinds import length_max
from amana.query.plan import Buckets, Filter, Join, JoinKind, PerUnit, Project, Relation, Scan, Union, Window
from amana.query.tables import is_private, scans_of, table_of
from amana.terms.grams import CHARACTERS_MAX

COMPARED_PER_ROW = 10
"""Pairs that EXISTS compares in the time of one row that a join makes."""
STEPS_PER_CHARACTER = 4
"""A character of a text is folded and hashed in the time that so many rows take."""
STEPS_PER_BUCKET = 4
"""And a bucket is sorted, looked up and added to those of its row."""


def _multiplied(join: Join, schema: Schema, rows: dict[str, int]) -> float:
    """Rows that a join makes beyond those of its sides, at most: of every left row as many as one unit has on the right."""
    if not (is_private(join.left, schema) and is_private(join.right, schema)):
        return 0.0
    left, right = rows_of(join.left, schema), rows_of(join.right, schema)
    compared = join.kind in (JoinKind.SEMI, JoinKind.ANTI)
    if compared and join.residual is None or not compared and rows_of(join, schema) <= left + right:
        return 0.0
    whole = min(_scanned(join.left, rows) * right, _scanned(join.right, rows) * left)
    return whole / COMPARED_PER_ROW if compared else whole


def _scanned(relation: Relation, rows: dict[str, int]) -> float:
    return float(max((rows.get(scan.table, 0) for scan in scans_of(relation)), default=0))


def made_by(relation: Relation, schema: Schema, rows: dict[str, int]) -> float:
    """Rows that a relation has at most, those that its joins multiply among them."""
    match relation:
        case Scan():
            return float(rows.get(table_of(relation, schema).name, 0))
        case Filter() | Project() | PerUnit() | Window():
            return made_by(relation.source, schema, rows)
        case Buckets():
            return relation.grams.most * made_by(relation.source, schema, rows)
        case Union():
            return sum(made_by(part, schema, rows) for part in relation.parts)
        case Join():
            return _joined(relation, schema, rows)
        case _:
            assert_never(relation)


def _joined(join: Join, schema: Schema, rows: dict[str, int]) -> float:
    left, right = made_by(join.left, schema, rows), made_by(join.right, schema, rows)
    if join.kind in (JoinKind.SEMI, JoinKind.ANTI):
        return left
    if not is_private(join.right, schema):
        return left * max(1, multiplicity_of(join.right, frozenset(other for _, other in join.on), schema) or 1)
    if not is_private(join.left, schema):
        return right * max(1, multiplicity_of(join.left, frozenset(one for one, _ in join.on), schema) or 1)
    of_left, of_right = rows_of(join.left, schema), rows_of(join.right, schema)
    if rows_of(join, schema) <= of_left + of_right:
        return left + right
    return left + min(left * of_right, right * of_left)


def _characters(relation: Buckets, schema: Schema) -> int:
    """What is read of a text, at most."""
    domain = columns_of(relation.source, schema)[relation.text].domain
    assert isinstance(domain, ChoiceDomain | TextDomain), "checked"
    return min(length_max(domain), CHARACTERS_MAX)


def steps_of(relation: Relation, schema: Schema, rows: dict[str, int], *, depth: int, repeated: bool = True) -> float:
    """Rows handled: those of every scan once for each step above it that sorts, groups or joins them; where `repeated`, once for each
    bucket that they are in too."""
    match relation:
        case Scan():
            return float(depth * rows.get(table_of(relation, schema).name, 0))
        case Filter() | Project():
            return steps_of(relation.source, schema, rows, depth=depth, repeated=repeated)
        case PerUnit() | Window():
            return steps_of(relation.source, schema, rows, depth=depth + 3, repeated=repeated)
        case Buckets():
            each = (depth + STEPS_PER_BUCKET) * relation.grams.most + STEPS_PER_CHARACTER * _characters(relation, schema) if repeated else 0
            return steps_of(relation.source, schema, rows, depth=depth + 1, repeated=repeated) + each * made_by(
                relation.source, schema, rows
            )
        case Join():
            sides = sum(steps_of(side, schema, rows, depth=depth + 1, repeated=repeated) for side in (relation.left, relation.right))
            return sides + depth * _multiplied(relation, schema, rows)
        case Union():
            return sum(steps_of(part, schema, rows, depth=depth, repeated=repeated) for part in relation.parts)
        case _:
            assert_never(relation)
