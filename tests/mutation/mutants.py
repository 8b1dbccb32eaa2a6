"""Bugs of the kernel that would break the guarantee, planted one at a time: each must be caught by the tests named beside it."""

from dataclasses import dataclass
from typing import final

BOUNDS = (
    "tests/unit/test_bound.py",
    "tests/property/test_rule_05_joins.py",
    "tests/property/test_attacks.py",
    "tests/property/test_sensitivity.py",
)
LOSS = ("tests/unit/test_loss.py", "tests/unit/test_price.py")
ORDER = ("tests/property/test_rule_12_one_draw.py", "tests/property/test_rule_08_time.py")
LEDGER = ("tests/unit/test_ledger.py", "tests/property/test_rule_12_one_draw.py")
FAULTS = ("tests/crash/test_a_full_disk.py", "tests/property/test_rule_12_lost_database.py")
NOISE = ("tests/noise/test_released_noise.py",)
VALUES = ("tests/property/test_rule_06_bounds.py", "tests/property/test_sensitivity.py")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """`old` stands exactly once in `file` (below src/amana) and is replaced by `new`."""

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


def _m(name: str, file: str, old: str, new: str, tests: tuple[str, ...]) -> Mutant:
    return Mutant(name=name, file=file, old=old, new=new, tests=tests)


MUTANTS = (
    # --- bounds ---
    _m("rows of a unit bounded by one too few", "query/infer.py",
       "return min(table.rows_per_unit_max, relation.keep or table.rows_per_unit_max)",
       "return max(1, min(table.rows_per_unit_max, relation.keep or table.rows_per_unit_max) - 1)", BOUNDS),
    _m("the scan forgets to truncate", "privacy/bound.py",
       "return replace(relation, keep=wanted, keep_within=within)",
       "return replace(relation, keep=wanted, keep_within=within) if wanted is None else relation", BOUNDS),
    _m("truncation is bounded but not done", "privacy/bound.py",
       "bounded_plan = replace(plan, source=source, sums=sums)\n    rows, per_key = _rows(bounded_plan, choice, schema)",
       "rows, per_key = _rows(replace(plan, source=source, sums=sums), choice, schema)\n    bounded_plan = replace(plan, sums=sums)", BOUNDS),
    _m("the clamp is promised but not asked of the engine", "privacy/bound.py",
       "return _bounded(total, scale, clamp, per_unit=True,", "return _bounded(total, scale, clamp, per_unit=False,", BOUNDS),
    _m("a clamped sum reaches one key only", "privacy/bound.py",
       "l1 = min(keys * most, rows * largest)", "l1 = min(most, rows * largest)", BOUNDS),
    _m("LEFT forgets the rows without a partner", "query/infer.py",
       "left + right if one_on_left", "right if one_on_left", BOUNDS),
    _m("a join that multiplies is not counted", "query/infer.py",
       "return min(left if one_on_right else left * right, right if one_on_left else left * right)",
       "return max(left, right)", BOUNDS),
    _m("a public table that repeats its key is not counted", "query/infer.py",
       "return rows_of(join.left, schema) * max(1, each)", "return rows_of(join.left, schema)", BOUNDS),
    _m("one value a unit claimed for the right side of LEFT", "query/infer.py",
       "return MappingProxyType({name: replace(info, single=False) for name, info in right.items()})",
       "return right", (*BOUNDS, *VALUES)),
    _m("the centre is ignored in the interval", "query/scales.py",
       "return scale, domain.low * factor - centre, domain.high * factor - centre",
       "return scale, domain.low * factor, domain.high * factor", BOUNDS),
    _m("the low end of an interval is ignored", "privacy/bound.py",
       "largest = max(abs(low), abs(high))", "largest = abs(high)", BOUNDS),
    _m("a unit holds one key", "privacy/bound.py", "return max(1, min(rows, combinations,", "return 1 or max(1, min(rows, combinations,", BOUNDS),
    _m("a union takes the larger part", "query/infer.py",
       "return sum(rows_of(part, schema) for part in relation.parts)", "return max(rows_of(part, schema) for part in relation.parts)", BOUNDS),
    _m("an occurrence bound used for every key", "privacy/bound.py",
       "if any(isinstance(expr, Column) and expr.name in same for _, expr in plan.keys):", "if plan.keys:", BOUNDS),
    _m("an occurrence bound used where two values are left", "privacy/bound.py",
       "if any(size_of(columns[visible].domain) == 1 for visible in same):", "if any(size_of(columns[visible].domain) <= 4 for visible in same):", BOUNDS),
    _m("a second wish for a truncation is believed", "privacy/bound.py",
       "if len(scans) != 1 or scans[0].keep_within != (name, most):", "if len(scans) != 1:", BOUNDS),
    _m("one row a unit after PerUnit with keys", "query/infer.py",
       "return min(rows_of(relation.source, schema), groups)", "return 1", BOUNDS),
    _m("NULL is no value of a key", "query/kinds.py", "return count + domain.nullable", "return count", (*BOUNDS, *VALUES)),
    _m("a filter leaves a bound between two grid points", "query/narrow.py",
       "high -= (high - low) % domain.step", "high -= 0", BOUNDS),
    _m("a strict comparison cuts one too many", "query/narrow.py",
       "least + 1 if op is Op.GT and exact else least", "least + 1 if op is Op.GT else least + exact", VALUES),
    _m("a product looks at two ends only", "query/values.py",
       "ends = [x * y for x in (a.low, a.high) for y in (b.low, b.high)]", "ends = [a.low * b.low, a.high * b.high]", VALUES),
    _m("a difference is bounded like a sum", "query/values.py", "(x.low - y.high, x.high - y.low)", "(x.low - y.low, x.high - y.high)", VALUES),
    _m("squares of bins are bounded by rows", "privacy/bound.py",
       "per_unit=False, l1=rows, l2_squared=rows * per_key, cells=rows)", "per_unit=False, l1=rows, l2_squared=rows, cells=rows)", BOUNDS),
    _m("rows of different units meet in a join", "query/check.py",
       "        if not _same_unit(join, schema):\n            raise Refusal(\"plan.join_not_allowed\", unit=schema.unit)",
       "        pass", BOUNDS),
    _m("public rows kept or dropped by what is private", "query/check.py",
       "if join.kind is not JoinKind.INNER:", "if join.kind is JoinKind.LEFT:", BOUNDS),
    _m("groups by a parent's key are counted without the other keys", "query/infer.py",
       "(parent is not None and _of_key(expr, below, parent, schema))", "parent is not None", (*VALUES, *BOUNDS)),
    _m("a number within a partition is taken for one within the unit", "query/infer.py",
       " and all(is_single(expr, below) for expr in measure.partition)", "", (*VALUES, *BOUNDS)),
    _m("a number that told rows apart is believed after a join", "query/infer.py",
       "replace(info, alike=None) for name", "info for name", (*VALUES, *BOUNDS)),
    _m("a text is in one bucket", "query/infer.py",
       "return rows_of(relation.source, schema) * relation.grams.most", "return rows_of(relation.source, schema)", BOUNDS),
    _m("a row number is believed where rows are repeated", "query/infer.py",
       "alike=info.alike and info.alike * most", "alike=info.alike", (*VALUES, *BOUNDS)),
    _m("one row a unit in a bucket", "query/infer.py",
       "private=True, alike=rows_of(relation.source, schema))", "private=True, alike=1)", (*VALUES, *BOUNDS)),
    _m("few rows alike bound every key", "privacy/bound.py",
       "per_key = min(rows, *alike) if alike else rows", "rows = per_key = min(rows, *alike) if alike else rows", BOUNDS),
    _m("one side that is single makes the other so without an equality", "query/infer.py",
       "if single for n in pair}})", "for n in pair}})", (*BOUNDS, *VALUES)),
    _m("an occurrence bound is believed under a window that numbers rows", "privacy/bound.py",
       "for alias, name, most in () if _numbers_rows(plan.source) else choice.within:", "for alias, name, most in choice.within:", (*VALUES, *BOUNDS)),
    # --- loss ---
    _m("threshold without what a unit can add", "privacy/loss.py", "return witness_high + low, DeltaUnits", "return low, DeltaUnits",
       ("tests/unit/test_loss.py", "tests/property/test_rule_02_currencies.py")),
    _m("the threshold's delta covers one key", "privacy/loss.py", "keys * chance * (1 + 1e-9)", "chance * (1 + 1e-9)", LOSS),
    _m("nano-rho rounded down", "privacy/loss.py",
       "return -(-exact.numerator // exact.denominator)", "return exact.numerator // exact.denominator", LOSS),
    _m("Laplace paid by L2", "privacy/loss.py",
       "reach = squared if kind is NoiseKind.GAUSSIAN else l1**2", "reach = squared", LOSS),
    _m("levels of bins not counted", "privacy/loss.py", "times=levels_of(total))", "times=1)", LOSS),
    _m("rounding to grains is free", "privacy/loss.py", "+ isqrt(total.cells) + 1) ** 2", ") ** 2", LOSS),
    _m("unknown keys are charged no delta", "privacy/price.py",
       "events = (*events, Event(kind=EventKind.THRESHOLD, delta_units=delta))", "pass", ("tests/property/test_rule_02_currencies.py",)),
    _m("more precise pays too little", "privacy/price.py",
       "missing = [1 / new**2 - 1 / old**2 for", "missing = [1 / new**2 - 2 / old**2 for", LOSS),
    # --- noise ---
    _m("noise halved", "privacy/noise.py", "scale=scale / grain)", "scale=scale / grain / 2)", NOISE),
    _m("noise of bins halved", "privacy/noise.py",
       "for node in nodes], kind=kind, scale=scale))", "for node in nodes], kind=kind, scale=scale / 2))", NOISE),
    _m("which nodes are drawn follows from the exact counts", "privacy/noise.py",
       "drawn = [_nodes(tree, level,", "drawn = [_nodes(exact[at][:level],", NOISE),
    _m("one draw for all keys", "privacy/noise.py",
       "drawn: list[int] = mechanism([0] * len(exact))", "drawn: list[int] = mechanism([0]) * len(exact)", NOISE),
    _m("unknown keys released without a threshold", "privacy/noise.py",
       "if _number(cell) >= private.threshold]", "if _number(cell) >= 0]", (*NOISE, "tests/property/test_attacks.py")),
    _m("keys that no row has are left out", "privacy/noise.py",
       "keys = bounded.keys.combinations", "keys = tuple(key for key in bounded.keys.combinations if key in cells)", (*NOISE, "tests/property/test_attacks.py")),
    # --- order and ledger ---
    _m("the data is touched before the charge", "privacy/release.py",
       "            charge = kernel.ledger.charge(",
       "            kernel.engine.run(further.bounded, groups_max=1, seconds_max=1.0)\n            charge = kernel.ledger.charge(", ORDER),
    _m("the log is written after the run", "privacy/release.py",
       "        included = kernel.log.append(entry_of(use, kernel, priced, standing=charge.standing))  # 6\n        leaves_at = kernel.clock.elapsed() + seconds  # how long the log took is no row's doing, and not the run's time\n        counted = use.permit\n        released =",
       "        counted = use.permit\n        measure(leaves_at)\n"
       "        included = kernel.log.append(entry_of(use, kernel, priced, standing=charge.standing))  # 6\n        leaves_at = kernel.clock.elapsed() + seconds  # how long the log took is no row's doing, and not the run's time\n        released =", ORDER),
    _m("what fails without the data pauses a permit", "privacy/release.py",
       "    counted = None  # whose", "    counted = use.permit  # whose", FAULTS),
    _m("rows that were not settled pause a permit", "privacy/release.py",
       "        counted = None\n        kernel.ledger.settle", "        kernel.ledger.settle", FAULTS),
    _m("a use that cannot be recorded is paid", "privacy/release.py", "    kernel.log.check()", "    pass", FAULTS),
    _m("rows leave before they are durable", "privacy/release.py",
       "        kernel.ledger.settle(charge, released)  # 9\n", "", ORDER),
    _m("rows can be recalled before their time", "privacy/release.py",
       "        kernel.clock.sleep_until(leaves_at)  # not sooner", "        pass  # not sooner", ORDER),
    _m("a late run is released", "privacy/release.py", "if kernel.clock.elapsed() > leaves_at:", "if False:", ORDER),
    _m("a recall draws again", "privacy/release.py",
       "return _built(asking, private, (earlier.released, included), asked, cost=free, recalled=True)",
       "again = noisy(private, kernel.engine.run(private.bounded, groups_max=9, seconds_max=9.0))\n"
       "    return _built(asking, private, (again, included), asked, cost=free, recalled=True)", ORDER),
    _m("a recall is not logged", "privacy/release.py",
       "    included = kernel.log.append(entry_of(replace(asking, kind=\"recall\"), kernel, free, standing=standing))\n", "    included = Inclusion(index=0)\n", ORDER),
    _m("a fault gives the loss back", "privacy/ledger.py",
       "            run.change(COUNT_FAULT, {\"permit\": f\"permit {permit.id}\"})",
       "            run.change(COUNT_FAULT, {\"permit\": f\"permit {permit.id}\"})\n"
       "            run.change(\"UPDATE account SET spent_nrho = spent_nrho - :nrho\", {\"nrho\": charge.nano_rho})", LEDGER),
    _m("faults are not counted", "privacy/ledger.py", "SET faults = faults + 1", "SET faults = faults + 0", LEDGER),
    _m("delta has no cap", "privacy/ledger.py",
       "AND kind = 'population' AND spent_nrho + :nrho <= cap_nrho AND spent_delta + :delta <= cap_delta\"\"\"",
       "AND kind = 'population' AND spent_nrho + :nrho <= cap_nrho\"\"\"", LEDGER),
    _m("the permit is not charged", "privacy/ledger.py",
       "SPEND_OWN = \"\"\"UPDATE account SET spent_nrho = spent_nrho + :nrho,", "SPEND_OWN = \"\"\"UPDATE account SET spent_nrho = spent_nrho,", LEDGER),
    _m("an assistant's allowance is not charged", "privacy/ledger.py", "    if permit.allowance is None:\n", "    if permit.id:\n", LEDGER),
    _m("commits are not synchronised", "node/database.py", "\"synchronous = FULL\"", "\"synchronous = OFF\"", LEDGER),
    _m("a living worker's charge is closed", "privacy/ledger.py", "not living.get(worker, True)", "living.get(worker, True)", LEDGER),
    _m("a clock that goes back opens an old period", "privacy/ledger.py", "if run.change(MEET, met) != 1:", "if run.change(MEET, met) > 1:", LEDGER),
    _m("a restored ledger serves", "privacy/ledger.py",
       "if have[0] < nrho or have[1] < delta:", "if have[0] < nrho and have[1] < 0:", ("tests/crash/test_ledger_races.py",)),
    _m("the public is told that all is left", "privacy/ledger.py",
       "left_nrho=NanoRho(balance.cap_nrho - balance.spent_nrho)", "left_nrho=NanoRho(balance.cap_nrho)", LEDGER),
    _m("the public is told of no period", "privacy/ledger.py",
       "period=account.removeprefix(f\"population {population}\").lstrip() or \"life\"", "period=\"life\"", LEDGER),
    _m("another dataset's permit pays", "privacy/release.py",
       "if (permit.dataset, permit.population) != (dataset.name, dataset.population.name):", "if False:", ORDER),
)  # fmt: skip
