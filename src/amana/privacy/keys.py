"""Which group keys are public: enumerated from the policy, never from rows (PRIVACY 9)."""

from itertools import product

from amana.catalog.domains import Domain
from amana.catalog.schema import Schema
from amana.query.infer import columns_of, visible_domain
from amana.query.members import values_of
from amana.query.plan import KeyValue, Plan, PublicKeys


def key_domains(plan: Plan, schema: Schema) -> tuple[Domain, ...]:
    """The domain of each key of the plan."""
    columns = columns_of(plan.source, schema)
    return tuple(visible_domain(expr, columns) for _, expr in plan.keys)


def public_keys(plan: Plan, schema: Schema, *, groups_max: int) -> PublicKeys | None:
    """Every key combination that policy allows, sorted with NULL last; None when unknown or more than `groups_max`."""
    columns: list[tuple[KeyValue, ...]] = []
    count = 1
    for domain in key_domains(plan, schema):
        values = values_of(domain, values_max=groups_max)
        if values is None:
            return None
        count *= len(values)
        if count > groups_max:
            return None
        columns.append(values)
    return PublicKeys(combinations=tuple(product(*columns)))


def sort_key(key: tuple[KeyValue, ...]) -> tuple[tuple[bool, KeyValue], ...]:
    """Order of released keys: by value, NULL last; it depends on the keys alone."""
    return tuple((value is None, 0 if value is None else value) for value in key)
