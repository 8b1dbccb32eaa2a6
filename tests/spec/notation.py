"""Plans in a short notation, so that a table of the manual can say what each question means."""

from amana.query.expr import Among, Call, Case, Column, Expr, Fixed, Literal, Scalar
from amana.query.plan import (
    BinCount,
    Buckets,
    Constant,
    DistinctCount,
    Figure,
    FigureCall,
    Filter,
    Join,
    Key,
    PerUnit,
    Project,
    Relation,
    RowSum,
    Scan,
    Statistic,
    Sum,
    Union,
    UnitCount,
    Window,
)


def of_value(value: Scalar) -> str:
    match value:
        case Fixed():
            sign = "-" if value.units < 0 else ""
            digits = str(abs(value.units)).rjust(value.scale + 1, "0")
            return sign + (f"{digits[: -value.scale]}.{digits[-value.scale :]}" if value.scale else digits)
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case str():
            return f"'{value}'"
        case _:
            return value.isoformat()


def of_expr(expr: Expr) -> str:
    """`(op argument …)`; a column by its name; a literal by its value."""
    match expr:
        case Column():
            return expr.name
        case Literal():
            return of_value(expr.value)
        case Call():
            return f"({expr.op.value} {' '.join(map(of_expr, expr.args))})"
        case Among():
            return f"(in {of_expr(expr.value)} {' '.join(map(of_expr, expr.members))})"
        case Case():
            branches = " ".join(f"{of_expr(when)}→{of_expr(then)}" for when, then in expr.branches)
            return f"(case {branches} else {of_expr(expr.otherwise)})"


def of_relation(relation: Relation) -> str:
    """What is read first stands innermost, on the left."""
    match relation:
        case Scan():
            return relation.table if relation.table == relation.alias else f"{relation.table} as {relation.alias}"
        case Filter():
            return f"{of_relation(relation.source)} | {of_expr(relation.predicate)}"
        case Project():
            columns = ", ".join(f"{name}: {of_expr(expr)}" for name, expr in relation.columns)
            return f"{of_relation(relation.source)} | show {columns}"
        case Join():
            on = ", ".join(f"{one}={other}" for one, other in relation.on)
            residual = f" and {of_expr(relation.residual)}" if relation.residual is not None else ""
            right = of_relation(relation.right)
            return f"{of_relation(relation.left)} | {relation.kind.value} ({right}) on {on}{residual}"
        case Union():
            return " ∪ ".join(f"({of_relation(part)})" for part in relation.parts)
        case PerUnit():
            keys = [f"{name}: {of_expr(expr)}" for name, expr in relation.keys]
            measures = [f"{m.name}: {m.function.value} {of_expr(m.value)}" for m in relation.measures]
            unit = [f"{relation.unit_name}: unit"] if relation.unit_name else []
            return f"{of_relation(relation.source)} | per unit {'; '.join([*unit, *keys, *measures])}"
        case Buckets():
            grams = relation.grams
            return f"{of_relation(relation.source)} | {relation.name}: {grams.size} of {relation.text} in {grams.most} of {grams.buckets}"
        case Window():
            shown: list[str] = []
            for m in relation.measures:
                order = ", ".join(of_expr(expr) + (" desc" if descending else "") for expr, descending in m.order)
                by = ", ".join(map(of_expr, m.partition))
                offset = f" {m.offset}" if m.offset != 1 else ""
                shown.append(f"{m.name}: {m.function.value}{offset} {of_expr(m.value)} by ({by}) order ({order})")
            return f"{of_relation(relation.source)} | window {'; '.join(shown)}"


def of_sum(total: Sum) -> str:
    match total:
        case RowSum():
            centre = f" around {of_value(total.centre)}" if total.centre.units else ""
            return f"sum {of_expr(total.value)}{centre}"
        case UnitCount():
            return f"units {of_expr(total.condition)}"
        case DistinctCount():
            return f"distinct {of_expr(total.value)}"
        case BinCount():
            return f"bins {of_expr(total.value)} from {total.low} by {total.width} × {total.bins}"


def of_figure(figure: Figure) -> str:
    match figure:
        case Statistic():
            parameter = f" {figure.parameter}" if figure.parameter else ""
            return f"{figure.kind.value}{parameter}[{' '.join(map(str, figure.sums))}]"
        case Key():
            return f"key{figure.index}"
        case Constant():
            return repr(figure.value)
        case FigureCall():
            return f"({figure.op.value} {' '.join(map(of_figure, figure.args))})"
