"""Whether a plan is one the kernel can bound: validated again inside the kernel, whoever wrote it (PRIVACY 4, 5, 6).

Everything a join or a grouping needs for soundness is decided here; `privacy/bound.py` then only multiplies.
"""

from collections import Counter
from typing import assert_never

from amana.catalog.domains import BooleanDomain, KeyDomain, NumberDomain
from amana.catalog.schema import Schema
from amana.query.expr import Among, Call, Case, Column, Expr, Fixed, Literal, Lookup
from amana.query.infer import columns_of, multiplicity_of, rows_of
from amana.query.kinds import Columns, NullDomain
from amana.query.plan import (
    BinCount,
    Buckets,
    DistinctCount,
    Filter,
    Join,
    JoinKind,
    PerUnit,
    Plan,
    Project,
    Relation,
    RowSum,
    Scan,
    Sum,
    Union,
    UnitCount,
    Window,
)
from amana.query.tables import is_private, scans_of, table_of
from amana.query.values import domain_of
from amana.terms.refusal import Fault, Refusal

JOINED_ROWS_MAX = 100_000
"""Rows that one unit may have in a join: so few that no unit can be seen in the time of a run (PRIVACY 7, 8)."""
SEMI_SHARE = 10
"""Pairs that EXISTS compares cost about a tenth of rows that a join makes."""
NODES_MAX = 2_000
SUMS_MAX = 200
KEYS_MAX = 12
BINS_MAX = 65_536


def check(plan: Plan, schema: Schema, *, nodes_max: int = NODES_MAX) -> Plan:
    """The same plan, if every rule holds. `nodes_max`: of relations and their expressions.

    Errors: Refusal, from the text of the question and the public schema alone.
    """
    if not is_private(plan.source, schema):
        raise Refusal("plan.no_private_table")
    _check_shape(plan, schema, nodes_max=nodes_max)
    columns = columns_of(plan.source, schema)
    for name, expr in plan.keys:
        if isinstance(domain_of(expr, columns), KeyDomain):
            raise Refusal("plan.identifier_used", column=name)
    return plan


def check_public(plan: Plan, schema: Schema) -> Plan:
    """The same plan, if no private table is anywhere in it.

    Errors: Refusal as for any plan; Fault when there is a private table, which whoever calls has seen to.
    """
    if any(table_of(scan, schema).private for scan in scans_of(plan.source)):
        raise Fault(id="a private table")
    if any(isinstance(total, UnitCount) for total in plan.sums):
        raise Refusal("plan.no_private_table")
    _check_shape(plan, schema)
    return plan


def _check_shape(plan: Plan, schema: Schema, *, nodes_max: int = NODES_MAX) -> None:
    if size_of(plan.source) > nodes_max or len(plan.sums) > SUMS_MAX or len(plan.keys) > KEYS_MAX:
        raise Refusal("plan.too_large", nodes=nodes_max, sums=SUMS_MAX, keys=KEYS_MAX)
    _check_relation(plan.source, schema)
    columns = columns_of(plan.source, schema)
    names = [name for name, _ in plan.keys]
    assert len(set(names)) == len(names), "key names are unique"
    for total in plan.sums:
        _check_sum(total, columns)
    if plan.sets:
        if any(not isinstance(total, RowSum) for total in plan.sums):
            raise Refusal("plan.rollup_needs_sums")
        assert all(set(level) <= set(range(len(plan.keys))) for level in plan.sets)


def _check_sum(total: Sum, columns: Columns) -> None:
    match total:
        case RowSum():
            domain = domain_of(total.value, columns)
            if not isinstance(domain, NumberDomain):
                raise Refusal("plan.kinds_differ", one="word.kind.value", other="word.kind.number")
        case UnitCount():
            if not isinstance(domain_of(total.condition, columns), BooleanDomain | NullDomain):
                raise Refusal("plan.kinds_differ", one="word.kind.condition", other="word.kind.boolean")
        case DistinctCount():
            domain_of(total.value, columns)
        case BinCount():
            domain = domain_of(total.value, columns)
            if isinstance(domain, BooleanDomain | KeyDomain | NullDomain) or not (1 <= total.bins <= BINS_MAX and total.width >= 1):
                raise Refusal("plan.kinds_differ", one="word.kind.value", other="word.kind.number_or_date")
            nodes = total.bins
            while nodes > total.branch:
                assert total.branch >= 2 and nodes % total.branch == 0, "bins are a power of branch, or fewer than it"
                nodes //= total.branch
        case _:
            assert_never(total)


def _check_relation(relation: Relation, schema: Schema) -> None:
    match relation:
        case Scan():
            assert relation.keep is None and relation.keep_within is None, "truncation is the kernel's to set"
        case Filter() | Project():
            _check_relation(relation.source, schema)
        case Window():
            _check_relation(relation.source, schema)
            if not is_private(relation.source, schema) or not is_ranked(relation.source):
                raise Refusal("plan.not_unit_wise", clause="OVER")
        case Buckets():
            _check_relation(relation.source, schema)
            assert relation.grams.possible and is_private(relation.source, schema), "whoever writes plans of texts has seen to it"
            _check_rows(rows_of(relation, schema), schema)
        case PerUnit():
            _check_relation(relation.source, schema)
            if not is_private(relation.source, schema):
                raise Refusal("plan.not_unit_wise", clause="GROUP BY")
        case Union():
            for part in relation.parts:
                _check_relation(part, schema)
                if not is_private(part, schema):
                    raise Refusal("plan.not_unit_wise", clause="UNION ALL")
        case Join():
            _check_relation(relation.left, schema)
            _check_relation(relation.right, schema)
            _check_join(relation, schema)
            _check_size(relation, schema)
        case _:
            assert_never(relation)
    columns_of(relation, schema)


def _check_join(join: Join, schema: Schema) -> None:
    left, right = is_private(join.left, schema), is_private(join.right, schema)
    left_on, right_on = frozenset(one for one, _ in join.on), frozenset(other for _, other in join.on)
    if left and right:
        if not _same_unit(join, schema):
            raise Refusal("plan.join_not_allowed", unit=schema.unit)
    elif left:
        if join.kind in (JoinKind.INNER, JoinKind.LEFT) and multiplicity_of(join.right, right_on, schema) is None:
            raise Refusal("plan.join_multiplicity", columns=", ".join(sorted(right_on)) or "–")
    elif right:
        # a public table keeps or drops rows by what is private: only an INNER join leaves rows that belong to a unit
        if join.kind is not JoinKind.INNER:
            raise Refusal("plan.join_not_allowed", unit=schema.unit)
        if multiplicity_of(join.left, left_on, schema) is None:
            raise Refusal("plan.join_multiplicity", columns=", ".join(sorted(left_on)) or "–")


def _check_size(join: Join, schema: Schema) -> None:
    """No unit may give so many rows that the time of a run shows it. What SEMI and ANTI compare is not kept, and may be more."""
    if join.kind in (JoinKind.SEMI, JoinKind.ANTI):
        both = is_private(join.left, schema) and is_private(join.right, schema) and join.residual is not None
        rows = rows_of(join.left, schema) * rows_of(join.right, schema) // SEMI_SHARE if both else 0
    else:
        rows = rows_of(join, schema) if is_private(join, schema) else 0
    _check_rows(rows, schema)


def _check_rows(rows: int, schema: Schema) -> None:
    if rows > JOINED_ROWS_MAX:
        raise Refusal("plan.join_multiplies", unit=schema.unit, rows=rows, rows_max=JOINED_ROWS_MAX)


def _same_unit(join: Join, schema: Schema) -> bool:
    """Whether rows that meet in the join always belong to one unit: the unit on both sides, or a declared path."""
    left, right = columns_of(join.left, schema), columns_of(join.right, schema)
    pairs = [(left[one], right[other]) for one, other in join.on]
    if any(one.unit and other.unit for one, other in pairs):
        return True
    once_left, once_right = _aliases(join.left), _aliases(join.right)  # an alias that two scans share tells no row apart
    met = {
        (one.alias, other.alias, one.origin, other.origin)
        for one, other in pairs
        if one.origin and other.origin and one.private and other.private
        if one.alias and other.alias and once_left[one.alias] == 1 and once_right[other.alias] == 1
    }
    aliases = {(one, other) for one, other, _, _ in met}
    for one, other in aliases:
        origins = {(a, b) for x, y, a, b in met if (x, y) == (one, other)}
        if any(_on_path(pair_set, schema) for pair_set in (origins, {(b, a) for a, b in origins})):
            return True
    return False


def _on_path(origins: set[tuple[tuple[str, str], tuple[str, str]]], schema: Schema) -> bool:
    """Whether these pairs equate a table's whole path with its parent's key, or one table's own key with itself,
    or two tables' whole paths to the same parent: each makes the units equal, because a key belongs to one unit."""
    for child in schema.tables:
        if not child.private:
            continue
        if child.path is not None:
            if {((child.name, here), (child.path.parent, there)) for here, there in child.path.on} <= origins:
                return True
            for sibling in schema.tables:
                if sibling.private and sibling.path is not None and sibling.path.parent == child.path.parent:
                    there = {t: h for h, t in sibling.path.on}
                    if {
                        ((child.name, here), (sibling.name, there[parent])) for here, parent in child.path.on if parent in there
                    } <= origins and len(there) == len(child.path.on):
                        return True
        if child.key and {((child.name, name), (child.name, name)) for name in child.key} <= origins:
            return True
    return False


def _aliases(relation: Relation) -> Counter[str]:
    match relation:
        case Scan():
            return Counter((relation.alias,))
        case Join():
            return _aliases(relation.left) + _aliases(relation.right)
        case Union():
            return sum(map(_aliases, relation.parts), Counter[str]())
        case Filter() | Project() | PerUnit() | Window() | Buckets():
            return _aliases(relation.source)
        case _:
            assert_never(relation)


def is_ranked(relation: Relation) -> bool:
    """Whether the stored ranks of the scans below order the rows of a unit, without ties but for what is alike in all that is visible."""
    match relation:
        case Scan():
            return True
        case Filter() | Project() | Window() | Buckets():
            return is_ranked(relation.source)
        case Join():
            return is_ranked(relation.left) and (relation.kind in (JoinKind.SEMI, JoinKind.ANTI) or is_ranked(relation.right))
        case _:
            return False


def size_of(relation: Relation) -> int:
    """Nodes of a relation and its expressions."""
    match relation:
        case Scan():
            return 1
        case Filter():
            return 1 + size_of(relation.source) + _expr_size(relation.predicate)
        case Buckets():
            return 2 + size_of(relation.source)
        case Project():
            return 1 + size_of(relation.source) + sum(_expr_size(expr) for _, expr in relation.columns)
        case Join():
            return 1 + size_of(relation.left) + size_of(relation.right) + (_expr_size(relation.residual) if relation.residual else 0)
        case Union():
            return 1 + sum(map(size_of, relation.parts))
        case PerUnit():
            exprs = [expr for _, expr in relation.keys] + [measure.value for measure in relation.measures]
            return 1 + size_of(relation.source) + sum(map(_expr_size, exprs))
        case Window():
            return 1 + size_of(relation.source) + sum(_expr_size(measure.value) for measure in relation.measures)
        case _:
            assert_never(relation)


def _expr_size(expr: Expr) -> int:
    match expr:
        case Column() | Literal():
            return 1
        case Among():
            return 1 + _expr_size(expr.value) + len(expr.members)
        case Lookup():
            return 1 + _expr_size(expr.index)
        case Call():
            return 1 + sum(map(_expr_size, expr.args))
        case Case():
            return 1 + sum(_expr_size(one) + _expr_size(two) for one, two in expr.branches) + _expr_size(expr.otherwise)
        case _:
            assert_never(expr)


ONE = Literal(value=Fixed(units=1))
"""The value of a row count."""
