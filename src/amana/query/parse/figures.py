"""Figures: what is computed from released sums and keys."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias, final

from sqlglot import exp

from amana.catalog.domains import BooleanDomain, ChoiceDomain, NumberDomain, TextDomain
from amana.query.expr import Column, Expr, Fixed
from amana.query.kinds import kind_name
from amana.query.parse.aggregates import Sums, statistic_of
from amana.query.parse.expressions import checked, known
from amana.query.parse.grouping import Output, has_aggregate, is_aggregate, output_named
from amana.query.parse.literals import number_of, whole_number_of
from amana.query.parse.nodes import bare, child, children, flag, only, optional, shown
from amana.query.parse.scope import Scope
from amana.query.parse.text import place_of
from amana.query.plan import Constant, Figure, FigureCall, FigureOp, Key
from amana.terms.refusal import Refusal

_NUMERIC_TYPES = {"DOUBLE", "FLOAT", "DECIMAL", "BIGINT", "INT", "INT128", "SMALLINT", "UBIGINT", "UINT"}
_ARITHMETIC: dict[type[exp.Expr], FigureOp] = {exp.Add: FigureOp.ADD, exp.Sub: FigureOp.SUB, exp.Mul: FigureOp.MUL, exp.Div: FigureOp.DIV}
_COMPARISON: dict[type[exp.Expr], FigureOp] = {
    exp.EQ: FigureOp.EQ, exp.NEQ: FigureOp.NE, exp.LT: FigureOp.LT, exp.LTE: FigureOp.LE, exp.GT: FigureOp.GT, exp.GTE: FigureOp.GE,
}  # fmt: skip
_ONE_NUMBER: dict[type[exp.Expr], FigureOp] = {exp.Neg: FigureOp.NEG, exp.Abs: FigureOp.ABS, exp.Sqrt: FigureOp.SQRT}
_NUMBER, _BOOLEAN, _TEXT, _NULL = (f"word.kind.{name}" for name in ("number", "boolean", "text", "null"))

Kinded: TypeAlias = tuple[Figure, str]
"""A figure and the word for its kind."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Reads figures of one question; `sums` grow as aggregates are met. Aliases count in HAVING and ORDER BY only."""

    scope: Scope
    keys: tuple[Expr, ...]
    outputs: tuple[Output, ...]
    sums: Sums
    aliases: bool = False

    def figure(self, node: exp.Expr) -> Figure:
        """The figure that a node asks for.

        Errors: Refusal sql.not_grouped, sql.figure_operation, plan.kinds_differ and those of aggregates.
        """
        return self.read(node)[0]

    def predicate(self, node: exp.Expr) -> Figure:
        """A figure that is true, false or NULL."""
        figure, kind = self.read(node)
        _expect(kind, _BOOLEAN, node)
        return figure

    def key(self, expr: Expr) -> Key | None:
        return Key(index=self.keys.index(expr)) if expr in self.keys else None

    def read(self, node: exp.Expr) -> Kinded:
        plain = bare(node)
        if is_aggregate(plain):
            return statistic_of(plain, self.scope, self.sums), _NUMBER
        if isinstance(plain, exp.Window):
            raise Refusal("sql.window_place", where=place_of(plain))
        constant = _constant(plain)
        if constant is not None:
            return constant
        if not has_aggregate(plain):
            found = self._key_or_alias(plain)
            if found is not None:
                return found
        reader = _READERS.get(type(plain))
        if reader is None:
            if not has_aggregate(plain) and any(isinstance(part, exp.Column) for part in plain.walk()):
                raise Refusal("sql.not_grouped", where=place_of(plain), column=shown(plain))
            raise Refusal("sql.figure_operation", where=place_of(plain), text=shown(plain))
        names, function = reader
        only(plain, *names)
        return function(self, plain)

    def _key_or_alias(self, node: exp.Expr) -> Kinded | None:
        if self.aliases and isinstance(node, exp.Column) and not node.table:
            aliased = output_named(node.name, self.outputs)
            if aliased is not None and (has_aggregate(aliased.node) or not self.scope.find(None, node.name)):
                return Figures(scope=self.scope, keys=self.keys, outputs=self.outputs, sums=self.sums).read(aliased.node)
        if not any(isinstance(part, exp.Column) for part in node.walk()):
            return None
        try:
            expr = checked(node, self.scope)
        except Refusal:
            if self.aliases and not isinstance(node, exp.Column):
                return None  # an expression over aliases: its parts are read one by one
            raise
        key = self.key(expr)
        if key is not None:
            return key, _key_kind(expr, node, self.scope)
        if isinstance(expr, Column):
            raise Refusal("sql.not_grouped", where=place_of(node), column=shown(node))
        return None

    # --- operations ---

    def _pair(self, node: exp.Expr) -> tuple[Kinded, Kinded]:
        return self.read(child(node, "this")), self.read(child(node, "expression"))

    def arithmetic(self, node: exp.Expr) -> Kinded:
        (one, kind), (other, other_kind) = self._pair(node)
        _expect(kind, _NUMBER, child(node, "this"))
        _expect(other_kind, _NUMBER, child(node, "expression"))
        return FigureCall(op=_ARITHMETIC[type(node)], args=(one, other)), _NUMBER

    def comparison(self, node: exp.Expr) -> Kinded:
        one, other = self._pair(node)
        return _compared(_COMPARISON[type(node)], one, other, node)

    def one_number(self, node: exp.Expr) -> Kinded:
        figure, kind = self.read(child(node, "this"))
        _expect(kind, _NUMBER, node)
        return FigureCall(op=_ONE_NUMBER[type(node)], args=(figure,)), _NUMBER

    def logic(self, node: exp.Expr) -> Kinded:
        op = FigureOp.AND if isinstance(node, exp.And) else FigureOp.OR
        return FigureCall(op=op, args=(self.predicate(child(node, "this")), self.predicate(child(node, "expression")))), _BOOLEAN

    def negation(self, node: exp.Expr) -> Kinded:
        return FigureCall(op=FigureOp.NOT, args=(self.predicate(child(node, "this")),)), _BOOLEAN

    def is_null(self, node: exp.Expr) -> Kinded:
        if not isinstance(bare(child(node, "expression")), exp.Null):
            raise Refusal("sql.figure_operation", where=place_of(node), text=shown(node))
        return FigureCall(op=FigureOp.IS_NULL, args=(self.read(child(node, "this"))[0],)), _BOOLEAN

    def round(self, node: exp.Expr) -> Kinded:
        figure, kind = self.read(child(node, "this"))
        _expect(kind, _NUMBER, node)
        decimals = optional(node, "decimals")
        digits = 0 if decimals is None else whole_number_of(decimals, low=-12, high=12, function="round")
        return FigureCall(op=FigureOp.ROUND, args=(figure, Constant(value=float(digits)))), _NUMBER

    def coalesce(self, node: exp.Expr) -> Kinded:
        parts = [self.read(part) for part in (child(node, "this"), *children(node, "expressions"))]
        return FigureCall(op=FigureOp.COALESCE, args=tuple(figure for figure, _ in parts)), _common([kind for _, kind in parts], node)

    def between(self, node: exp.Expr) -> Kinded:
        value, low, high = (self.read(child(node, name)) for name in ("this", "low", "high"))
        ends = (_compared(FigureOp.GE, value, low, node)[0], _compared(FigureOp.LE, value, high, node)[0])
        return FigureCall(op=FigureOp.AND, args=ends), _BOOLEAN

    def among(self, node: exp.Expr) -> Kinded:
        value = self.read(child(node, "this"))
        tests = [_compared(FigureOp.EQ, value, self.read(member), node)[0] for member in children(node, "expressions")]
        whole = tests[0]
        for test in tests[1:]:
            whole = FigureCall(op=FigureOp.OR, args=(whole, test))
        return whole, _BOOLEAN

    def null_if(self, node: exp.Expr) -> Kinded:
        one, other = self._pair(node)
        equal = _compared(FigureOp.EQ, one, other, node)[0]
        return FigureCall(op=FigureOp.CASE, args=(equal, Constant(value=None), one[0])), one[1]

    def case(self, node: exp.Expr) -> Kinded:
        tested = optional(node, "this")
        subject = self.read(tested) if tested is not None else None
        args: list[Figure] = []
        kinds: list[str] = []
        for branch in children(node, "ifs"):
            only(branch, "this", "true")
            when = child(branch, "this")
            args.append(self.predicate(when) if subject is None else _compared(FigureOp.EQ, subject, self.read(when), branch)[0])
            result, kind = self.read(child(branch, "true"))
            args.append(result)
            kinds.append(kind)
        return self._otherwise(args, kinds, optional(node, "default"), node)

    def when(self, node: exp.Expr) -> Kinded:
        result, kind = self.read(child(node, "true"))
        return self._otherwise([self.predicate(child(node, "this")), result], [kind], optional(node, "false"), node)

    def _otherwise(self, args: list[Figure], kinds: list[str], default: exp.Expr | None, node: exp.Expr) -> Kinded:
        last, kind = (Constant(value=None), _NULL) if default is None else self.read(default)
        return FigureCall(op=FigureOp.CASE, args=(*args, last)), _common([*kinds, kind], node)

    def cast(self, node: exp.Expr) -> Kinded:
        """A released figure is a real number already: casts to numbers change nothing."""
        figure, kind = self.read(child(node, "this"))
        to = child(node, "to")
        name = to.this.name if isinstance(to, exp.DataType) and isinstance(to.this, exp.DType) else ""
        if kind != _NUMBER or name not in _NUMERIC_TYPES:
            raise Refusal("sql.figure_operation", where=place_of(node), text=shown(node))
        return figure, kind


def _constant(node: exp.Expr) -> Kinded | None:
    match node:
        case exp.Literal():
            if node.is_string:
                return Constant(value=str(node.this)), _TEXT
            value = number_of(node, text=str(node.this)).value
            assert isinstance(value, Fixed)
            return Constant(value=value.units / 10**value.scale), _NUMBER
        case exp.Boolean():
            return Constant(value=flag(node, "this")), _BOOLEAN
        case exp.Null():
            return Constant(value=None), _NULL
        case _:
            return None


def _key_kind(expr: Expr, node: exp.Expr, scope: Scope) -> str:
    domain = known(expr, node, scope)
    match domain:
        case NumberDomain():
            return _NUMBER
        case BooleanDomain():
            return _BOOLEAN
        case ChoiceDomain() | TextDomain():
            return _TEXT
        case _:
            return kind_name(domain)


def _expect(kind: str, wanted: str, node: exp.Expr) -> None:
    if kind not in (wanted, _NULL):
        raise Refusal("plan.kinds_differ", where=place_of(node), one=kind, other=wanted)


def _common(kinds: list[str], node: exp.Expr) -> str:
    found = [kind for kind in kinds if kind != _NULL]
    for kind in found[1:]:
        _expect(kind, found[0], node)
    return found[0] if found else _NULL


def _compared(op: FigureOp, one: Kinded, other: Kinded, node: exp.Expr) -> Kinded:
    _common([one[1], other[1]], node)
    return FigureCall(op=op, args=(one[0], other[0])), _BOOLEAN


_PAIR = ("this", "expression")
_READERS: dict[type[exp.Expr], tuple[tuple[str, ...], Callable[[Figures, exp.Expr], Kinded]]] = {
    **dict.fromkeys(_ARITHMETIC, ((*_PAIR, "typed", "safe"), Figures.arithmetic)),
    **dict.fromkeys(_COMPARISON, (_PAIR, Figures.comparison)),
    **dict.fromkeys(_ONE_NUMBER, (("this",), Figures.one_number)),
    exp.And: (_PAIR, Figures.logic),
    exp.Or: (_PAIR, Figures.logic),
    exp.Not: (("this",), Figures.negation),
    exp.Is: (_PAIR, Figures.is_null),
    exp.Round: (("this", "decimals"), Figures.round),
    exp.Coalesce: (("this", "expressions"), Figures.coalesce),
    exp.Between: (("this", "low", "high"), Figures.between),
    exp.In: (("this", "expressions"), Figures.among),
    exp.Nullif: (_PAIR, Figures.null_if),
    exp.Case: (("this", "ifs", "default"), Figures.case),
    exp.If: (("this", "true", "false"), Figures.when),
    exp.Cast: (("this", "to"), Figures.cast),
    exp.TryCast: (("this", "to", "safe"), Figures.cast),
}
