"""A sum that two figures can use is measured once: each sum left out leaves more of the loss to the others."""

from dataclasses import replace

from amana.query.plan import Figure, FigureCall, Plan, Released, RowSum, Statistic


def with_shared_sums(plan: Plan) -> Plan:
    """The plan in which a mean uses the total that is asked for anyway, in place of a sum around another centre."""
    totals = {total.value: index for index, total in enumerate(plan.sums) if isinstance(total, RowSum) and total.centre.units == 0}
    instead: dict[int, int] = {}
    for index, total in enumerate(plan.sums):
        if isinstance(total, RowSum) and total.centre.units != 0 and total.value in totals:
            instead[index] = totals[total.value]
    figures = tuple((name, _mean_from(figure, instead)) for name, figure in plan.figures)
    having = None if plan.having is None else _mean_from(plan.having, instead)
    used = sorted({index for figure in (*(figure for _, figure in figures), having) if figure is not None for index in _sums_of(figure)})
    places = {index: place for place, index in enumerate(used)}
    return replace(
        plan,
        sums=tuple(plan.sums[index] for index in used),
        figures=tuple((name, _moved(figure, places)) for name, figure in figures),
        having=None if having is None else _moved(having, places),
    )


def _mean_from(figure: Figure, instead: dict[int, int]) -> Figure:
    if isinstance(figure, FigureCall):
        return replace(figure, args=tuple(_mean_from(arg, instead) for arg in figure.args))
    if isinstance(figure, Statistic) and figure.kind is Released.MEAN:
        return replace(figure, sums=tuple(instead.get(index, index) for index in figure.sums))
    return figure


def _sums_of(figure: Figure) -> tuple[int, ...]:
    if isinstance(figure, FigureCall):
        return tuple(index for arg in figure.args for index in _sums_of(arg))
    return figure.sums if isinstance(figure, Statistic) else ()


def _moved(figure: Figure, places: dict[int, int]) -> Figure:
    if isinstance(figure, FigureCall):
        return replace(figure, args=tuple(_moved(arg, places) for arg in figure.args))
    if isinstance(figure, Statistic):
        return replace(figure, sums=tuple(places[index] for index in figure.sums))
    return figure
