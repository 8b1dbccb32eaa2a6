"""Reading the library's nodes as a closed world: what is not read must not be there."""

from sqlglot import exp

from amana.query.parse.text import place_of
from amana.terms.refusal import Refusal

_TEXT_SHOWN_MAX = 60


def only(node: exp.Expr, *names: str) -> None:
    """Refuse the node if it holds any part that its reader does not read, so that nothing is ever silently dropped."""
    for name, value in node.args.items():
        if name in names or value is None or value is False or value == [] or value == "":
            continue
        parts = [part for part in node.iter_expressions() if part.arg_key == name]
        raise refused(parts[0] if parts else node, what=_clause_name(name))


def child(node: exp.Expr, name: str) -> exp.Expr:
    """The one part of that name."""
    found = node.args.get(name)
    if not isinstance(found, exp.Expr):
        raise refused(node)
    return found


def optional(node: exp.Expr, name: str) -> exp.Expr | None:
    """The part of that name, or None."""
    found = node.args.get(name)
    return found if isinstance(found, exp.Expr) else None


def children(node: exp.Expr, name: str) -> tuple[exp.Expr, ...]:
    """The parts of that name."""
    found: list[object] = node.args.get(name) or []
    parts = tuple(part for part in found if isinstance(part, exp.Expr))
    if len(parts) < len(found):
        raise refused(node)
    return parts


def flag(node: exp.Expr, name: str) -> bool:
    return bool(node.args.get(name))


def word(node: exp.Expr, name: str) -> str:
    """The part of that name as upper-case text; empty if it is absent."""
    found = node.args.get(name)
    if isinstance(found, exp.Expr):
        found = found.name
    return str(found or "").upper()


def bare(node: exp.Expr) -> exp.Expr:
    """The node without parentheses around it."""
    while type(node) is exp.Paren:
        only(node, "this")
        node = child(node, "this")
    return node


def alias_of(node: exp.Expr) -> str | None:
    """The name given by AS, or None."""
    return str(node.alias) if type(node) is exp.Alias else None


def unaliased(node: exp.Expr) -> exp.Expr:
    """What an alias names."""
    if type(node) is exp.Alias:
        only(node, "this", "alias")
        return child(node, "this")
    return node


def shown(node: exp.Expr) -> str:
    """The node as SQL, cut short, to show the asker her own words."""
    try:
        text = node.sql(dialect="duckdb", comments=False)
    except Exception:  # noqa: BLE001 - it is only for show
        text = node.key.upper()
    return text if len(text) <= _TEXT_SHOWN_MAX else text[: _TEXT_SHOWN_MAX - 1] + "…"


def function_name(node: exp.Expr) -> str:
    """How the asker wrote a function, as far as it is known."""
    if isinstance(node, exp.IgnoreNulls | exp.RespectNulls):
        return function_name(child(node, "this"))
    if type(node) is exp.Anonymous:
        return str(node.this).lower()
    if isinstance(node, exp.Func):
        return node.sql_name().lower()
    return node.key


def refused(node: exp.Expr, *, what: str | None = None) -> Refusal:
    """The refusal of a node that has no reader."""
    if what is None and isinstance(node, exp.Func) and not isinstance(node, exp.Binary | exp.Connector | exp.SubqueryPredicate):
        return Refusal("sql.unsupported_function", where=place_of(node), function=function_name(node))
    return Refusal("sql.unsupported", where=place_of(node), what=what or shown(node))


def _clause_name(name: str) -> str:
    known = {
        "laterals": "LATERAL", "pivots": "PIVOT", "locks": "FOR UPDATE", "windows": "WINDOW", "limit_options": "PERCENT",
        "except_": "EXCLUDE",
    }  # fmt: skip
    return known.get(name, name.strip("_").replace("_", " ").upper())
