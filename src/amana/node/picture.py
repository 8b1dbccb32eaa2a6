"""A plan as indented text, for people."""

from typing import assert_never

from amana.privacy.loss import DELTA_ONE, NANO
from amana.privacy.price import PrivatePlan
from amana.query.expr import Among, Call, Case, Column, Expr, Fixed, Literal, Lookup
from amana.query.plan import Buckets, Filter, Join, PerUnit, Plan, Project, Relation, Scan, Union, Window


def picture(plan: Plan) -> str:
    """The relation, the keys and the sums of a plan, one node a line."""
    keys = [f"key {name} = {expression(expr)}" for name, expr in plan.keys]
    sums = [f"sum {index} = {_sum(total)}" for index, total in enumerate(plan.sums)]
    lines = (*keys, *sums, "from", *(f"  {line}" for line in _lines(plan.source)))
    return "\n".join(lines).replace("\0", "rows ")  # the kernel's own numbering bears a name that no question can write


def described(private: PrivatePlan) -> tuple[tuple[str, str], ...]:
    """A priced plan in titled parts: the plan, its keys, sums, noise and loss."""
    bounded = private.bounded
    sums = [
        f"sum {i}: {'one unit and key' if total.per_unit else 'one row'} in [{total.low}, {total.high}] × 10^-{total.scale}; "
        f"L1 ≤ {total.l1}, L2² ≤ {total.l2_squared}; {private.kind.value}, scale {scale:.6g}"
        for i, (total, scale) in enumerate(zip(bounded.sums, private.scales, strict=True))
    ]
    keys = f"{bounded.keys_per_unit} of them can hold rows of one unit"
    loss = f"ρ = {private.nano_rho / NANO:.9f} ({private.nano_rho} nano-ρ), δ = {private.delta_units / DELTA_ONE:.3g}"
    threshold = () if private.threshold is None else (("threshold", str(private.threshold)),)
    return (("plan", picture(bounded.plan)), ("keys", keys), *threshold, ("sums", "\n".join(sums)), ("loss", loss))


def expression(expr: Expr) -> str:
    """An expression in one line."""
    match expr:
        case Column():
            return expr.name
        case Literal():
            value = expr.value
            return (
                f"{value.units / 10**value.scale:g}" if isinstance(value, Fixed) else repr(value) if isinstance(value, str) else str(value)
            )
        case Among():
            return f"{expression(expr.value)} in ({', '.join(map(expression, expr.members))})"
        case Lookup():
            return f"{expression(expr.index)} of [{len(expr.values)}]"
        case Case():
            branches = " ".join(f"when {expression(one)} then {expression(two)}" for one, two in expr.branches)
            return f"case {branches} else {expression(expr.otherwise)} end"
        case Call():
            args = [expression(arg) for arg in expr.args]
            if len(args) >= 2 and not expr.op.value.isalpha():
                return f"({f' {expr.op.value} '.join(args)})"
            return f"{expr.op.value}({', '.join(args)})"
        case _:
            assert_never(expr)


def _sum(total: object) -> str:
    fields = [
        f"{name}: {expression(value) if name in ('value', 'condition') else value}"
        for name in _names(total)
        if (value := getattr(total, name)) is not None
    ]
    return f"{type(total).__name__}({', '.join(fields)})"


def _names(total: object) -> tuple[str, ...]:
    return tuple(getattr(type(total), "__slots__", ()))


def _lines(relation: Relation) -> list[str]:
    match relation:
        case Scan():
            kept = f", rank <= {relation.keep}" if relation.keep is not None else ""
            within = f", rank within {relation.keep_within[0]} <= {relation.keep_within[1]}" if relation.keep_within is not None else ""
            return [f"scan {relation.table} as {relation.alias}{kept}{within}"]
        case Filter():
            return [f"filter {expression(relation.predicate)}", *_indented(relation.source)]
        case Project():
            return [f"project {', '.join(f'{name} = {expression(expr)}' for name, expr in relation.columns)}", *_indented(relation.source)]
        case Join():
            on = " and ".join(f"{one} = {other}" for one, other in relation.on)
            also = f" and {expression(relation.residual)}" if relation.residual is not None else ""
            return [f"{relation.kind.value} join on {on}{also}", *_indented(relation.left), *_indented(relation.right)]
        case Union():
            return ["union all", *(line for part in relation.parts for line in _indented(part))]
        case PerUnit():
            keys = "".join(f", {name} = {expression(expr)}" for name, expr in relation.keys)
            measures = ", ".join(f"{m.name} = {m.function.value}({expression(m.value)})" for m in relation.measures)
            return [f"per unit{keys}: {measures}", *_indented(relation.source)]
        case Buckets():
            grams = relation.grams
            read = f"{relation.name} of {relation.text}: {grams.size} characters, {grams.buckets} buckets, {grams.most} at most"
            return [f"buckets {read}", *_indented(relation.source)]
        case Window():
            return [f"window {', '.join(f'{m.name} = {m.function.value}' for m in relation.measures)}", *_indented(relation.source)]
        case _:
            assert_never(relation)


def _indented(relation: Relation) -> list[str]:
    return [f"  {line}" for line in _lines(relation)]
