"""Questions that read public tables only: nothing in them is protected, so their figures are exact and cost nothing."""

from amana.catalog.schema import Schema
from amana.engines.engine import Cell, Engine, SumTable
from amana.privacy.keys import key_domains, sort_key
from amana.query.check import check_public
from amana.query.figures import figures
from amana.query.infer import columns_of
from amana.query.plan import BinCount, BoundedPlan, BoundedSum, Plan, PublicKeys
from amana.query.quantiles import levels_of
from amana.query.released import NoiseKind, NoisyCell, NoisyTable, SumNoise
from amana.query.scales import scale_of
from amana.terms.answer import AnswerTable, CellType, Estimate
from amana.terms.exact import Exact


def public_answer(plan: Plan, schema: Schema, engine: Engine, *, groups_max: int, seconds_max: float) -> AnswerTable:
    """The exact figures. Shapes: a figure is a bare number, without an interval.

    Errors: Refusal, Fault; both also from `check_public`, which finds any private table.
    """
    plan = check_public(plan, schema)
    columns = columns_of(plan.source, schema)
    sums = tuple(BoundedSum(sum=one, scale=scale_of(one, columns), low=0, high=0, per_unit=False, l1=0, l2_squared=0) for one in plan.sums)
    bounded = BoundedPlan(plan=plan, sums=sums, keys=PublicKeys(combinations=()), keys_per_unit=0)
    table = figures(
        plan, _released(bounded, engine.run(bounded, groups_max=groups_max, seconds_max=seconds_max)), key_domains(plan, schema)
    )
    rows = tuple(tuple(cell.value if isinstance(cell, Estimate) else cell for cell in row) for row in table.rows)
    types = tuple(CellType.NUMBER if one is CellType.FIGURE else one for one in table.types)
    return AnswerTable(columns=table.columns, rows=rows, types=types)


def _released(bounded: BoundedPlan, exact: Exact[SumTable]) -> NoisyTable:
    cells = exact.open_for_noise().cells
    keys = tuple(sorted(cells, key=sort_key))
    shown = tuple(tuple(_shown(cell, total) for cell, total in zip(cells[key], bounded.sums, strict=True)) for key in keys)
    noise = tuple(SumNoise(kind=NoiseKind.GAUSSIAN, scale=0.0, decimals=total.scale) for total in bounded.sums)
    return NoisyTable(keys=keys, cells=shown, noise=noise)


def _shown(cell: Cell, total: BoundedSum) -> NoisyCell:
    if isinstance(cell, tuple):
        assert isinstance(total.sum, BinCount)
        return levels_of(cell, branch=total.sum.branch)
    return cell
