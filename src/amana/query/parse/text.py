"""The asker's text, before and around the tree: limits, nesting, and places to point at."""

import logging

from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.errors import ParseError, SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from amana.terms.refusal import Place, Refusal

CHARACTERS_MAX = 20_000
NESTING_MAX = 32
"""Parentheses, brackets and CASE inside each other; the library recurses about twenty calls for each."""
DEPTH_MAX = 120
"""Levels of the tree: a long chain `a + b + c …` is as deep as it is long, and what reads the plan recurses too. Chains of
AND and of OR count once, for they become shallow."""

# The library warns with the text of the question, and literals never enter a log.
logging.getLogger("sqlglot").addHandler(logging.NullHandler())
logging.getLogger("sqlglot").propagate = False

_DUCKDB = DuckDB()
_CLAUSES: dict[str, tuple[type[exp.Expr], ...]] = {
    "plan.join_not_allowed": (exp.Join,),
    "plan.join_multiplicity": (exp.Join,),
    "plan.join_multiplies": (exp.Join,),
    "plan.rollup_needs_sums": (exp.Group,),
    "plan.groups_too_many": (exp.Group,),
    "plan.unbounded": (exp.AggFunc,),
    "plan.kinds_differ": (exp.AggFunc,),
}
"""What a refusal of a plan is about; where several may be meant, it points at none."""
_OPENING = {TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE, TokenType.CASE}
_CLOSING = {TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE, TokenType.END}
_FIRST = {TokenType.SELECT, TokenType.WITH, TokenType.FROM, TokenType.L_PAREN}


def tree_of(sql: str) -> exp.Expr:
    """The library's tree of exactly one query.

    Errors: Refusal sql.too_long, sql.bad_character, sql.empty, sql.syntax, sql.too_deep, sql.not_one_select.
    """
    if len(sql) > CHARACTERS_MAX:
        raise Refusal("sql.too_long", length=len(sql), length_max=CHARACTERS_MAX)
    _refuse_broken_characters(sql)
    tokens = _tokens_of(sql)
    _refuse_deep(tokens)
    _refuse_names(tokens, sql)
    if tokens[0].token_type not in _FIRST:
        raise Refusal("sql.not_one_select", where=_place_of_token(tokens[0]))
    try:
        statements = [tree for tree in _DUCKDB.parser().parse(tokens, sql) if tree is not None and not isinstance(tree, exp.Semicolon)]
    except ParseError as error:
        raise Refusal("sql.syntax", where=_place_of_error(error, sql)) from None
    except RecursionError:
        raise Refusal("sql.too_deep", nesting_max=NESTING_MAX) from None
    except Exception:  # noqa: BLE001 - the library also fails in other ways on broken text; either way it is not understood
        raise Refusal("sql.syntax", where=Place(line=1, column=1)) from None
    if len(statements) != 1:
        raise Refusal("sql.not_one_select", where=place_of(statements[1]) if len(statements) > 1 else None)
    _refuse_tall(statements[0])
    return statements[0]


def place_of(node: exp.Expr) -> Place | None:
    """Where a node stands: from its first word to its last one when both are on one line, else its first word."""
    words = [_word(child) for child in node.walk()]
    found = sorted(word for word in words if word is not None)
    if not found:
        return place_of(node.parent) if node.parent is not None else None
    (_, line, column, length), (_, last_line, last_column, last_length) = found[0], found[-1]
    if line == last_line:
        length = max(length, last_column + last_length - column)
    return Place(line=line, column=column, length=max(1, length))


def placed(refusal: Refusal, sql: str) -> Refusal:
    """A refusal of a whole plan, pointing at the clause of the text that it is about, if it is about one."""
    kinds = _CLAUSES.get(refusal.code)
    if refusal.where is not None or kinds is None:
        return refusal
    found = [*tree_of(sql).find_all(*kinds)]
    one = found[:1] if kinds == (exp.Group,) else found  # only the outermost GROUP BY, which is found first, has levels and keys
    return refusal.at(place_of(one[0])) if len(one) == 1 else refusal


def _word(node: exp.Expr) -> tuple[int, int, int, int] | None:
    """(offset, line, column, length) of the word that made the node; the library's column is that of the word's end."""
    if "start" not in node.meta:
        return None
    start, end, line, column_end = (int(node.meta[name]) for name in ("start", "end", "line", "col"))
    return start, line, max(1, column_end - (end - start)), end - start + 1


def _refuse_broken_characters(sql: str) -> None:
    for offset, character in enumerate(sql):
        if "\ud800" <= character <= "\udfff" or (character < " " and character not in "\t\n\r\f"):
            raise Refusal("sql.bad_character", where=_place_at(sql, offset), number=f"U+{ord(character):04X}")


def _tokens_of(sql: str) -> list[Token]:
    try:
        tokens = list(_DUCKDB.tokenize(sql))
    except (SqlglotError, ValueError, IndexError, RecursionError):
        raise Refusal("sql.syntax", where=Place(line=1, column=1)) from None
    if all(token.token_type is TokenType.SEMICOLON for token in tokens):
        raise Refusal("sql.empty")
    return tokens


def _refuse_deep(tokens: list[Token]) -> None:
    depth = 0
    for token in tokens:
        if token.token_type in _OPENING:
            depth += 1
        elif token.token_type in _CLOSING:
            depth -= 1
        if depth > NESTING_MAX:
            raise Refusal("sql.too_deep", where=_place_of_token(token), nesting_max=NESTING_MAX)


def _refuse_names(tokens: list[Token], sql: str) -> None:
    """A quoted name holds no sign that names of our own are made with."""
    for token in tokens:
        if token.token_type is TokenType.IDENTIFIER:
            for sign in ".#":
                if sign in token.text:
                    place = sql.find(sign, token.start)
                    raise Refusal("sql.bad_character", where=_place_at(sql, place), number=f"U+{ord(sign):04X}")


def _refuse_tall(root: exp.Expr) -> None:
    waiting: list[tuple[exp.Expr, int]] = [(root, 0)]
    while waiting:
        node, depth = waiting.pop()
        if depth > DEPTH_MAX:
            raise Refusal("sql.too_deep", where=place_of(node), nesting_max=NESTING_MAX)
        chain = type(node) if isinstance(node, exp.And | exp.Or) else None
        waiting += [(child, depth if type(child) is chain else depth + 1) for child in node.iter_expressions()]


def _place_of_token(token: Token) -> Place:
    length = token.end - token.start + 1
    return Place(line=token.line, column=max(1, token.col - length + 1), length=length)


def _place_of_error(error: ParseError, sql: str) -> Place:
    first = error.errors[0] if error.errors else {}
    line, column = first.get("line"), first.get("col")
    length = max(1, len(str(first.get("highlight") or "")))
    if isinstance(line, int) and isinstance(column, int):
        return Place(line=line, column=max(1, column - length + 1), length=length)
    return _place_at(sql, len(sql) - 1)


def _place_at(sql: str, offset: int) -> Place:
    before = sql[:offset]
    return Place(line=before.count("\n") + 1, column=offset - (before.rfind("\n") + 1) + 1)
