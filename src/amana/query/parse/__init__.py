"""From SQL text to a Plan. The text is untrusted; a tree of the library never leaves this package.

How to read it: `text` (limits, places) → `sources` with `joins` (FROM, WHERE) → `grouping` → `units` and `windows` (subqueries)
or `question` with `figures` and `aggregates` (the outermost SELECT), `scalars` before it; `expressions`, `functions`, `literals` serve all.
"""

from amana.catalog.schema import Schema
from amana.query.parse.functions import FUNCTIONS
from amana.query.parse.question import plan_of
from amana.query.parse.scalars import Scalar, with_constants
from amana.query.parse.scope import Reading
from amana.query.parse.text import NESTING_MAX, placed, tree_of
from amana.query.plan import Plan
from amana.terms.refusal import Refusal

__all__ = ["parse", "placed"]
assert FUNCTIONS  # its readers join those of `expressions` when it is imported


def parse(sql: str, schema: Schema, *, scalar: Scalar | None = None) -> Plan:
    """The plan that a question asks for. `scalar` gives the figures of subqueries that stand for one number; else they are refused.

    Errors: Refusal, with a place in the text where there is one; never anything else, whatever the text.
    """
    try:
        tree = tree_of(sql)
        return plan_of(tree if scalar is None else with_constants(tree, schema, scalar), Reading(schema=schema))
    except RecursionError:
        raise Refusal("sql.too_deep", nesting_max=NESTING_MAX) from None
