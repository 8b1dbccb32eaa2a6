"""`amana profile` and `amana sample`: what anyone may know of a dataset before asking for a permit."""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from amana.cli.reach import reach
from amana.cli.show import tell, working, write_table
from amana.client.figures import GROUP, digits_after, number, percent, show
from amana.client.text import Catalogue
from amana.local.door import open_folder
from amana.terms.answer import Estimate

if TYPE_CHECKING:
    from amana.terms.summary import ColumnSummary, Quantile, TableSummary

NONE = "–"
FREQUENT_WIDTH = 56
GROUPED_FROM = 10_000
"""Four digits are read at once (ISO 80000-1)."""


def profile(options: argparse.Namespace, catalogue: Catalogue) -> None:
    """The private profile: units, rows, what one unit has, and for each column its missing values and quantiles."""
    with reach(options, catalogue, open_folder=open_folder) as door:
        tables = door.profile_summary(options.name)
    if options.json:
        print(json.dumps([asdict(table) for table in tables], ensure_ascii=False, indent=2, default=str, allow_nan=False))
        return
    heads = tuple(catalogue.say(f"profile.{name}") for name in ("table", "units", "rows"))
    write_table(heads, [(each.table, show(each.units), show(each.rows)) for each in tables], numbers=(False, True, True))
    shares = tuple(f"{100 * each.share:.0f} %" for each in tables[0].rows_per_unit)
    print()
    heads = (catalogue.say("profile.table"), catalogue.say("profile.of_one"), *shares, catalogue.say("profile.mean"))
    write_table(heads, [row for table in tables for row in _of_one(table, catalogue)], numbers=(False, False, *[True] * len(shares), True))
    for table in tables:
        ordered = [_ordered(each) for each in table.columns if each.quantiles]
        if ordered:
            print()
            heads = (table.table, catalogue.say("profile.missing"), *shares, "±")
            write_table(heads, ordered, numbers=(False, *[True] * (len(shares) + 2)))
        others = [(each.name, _share(each.missing), _frequent(each)) for each in table.columns if not each.quantiles]
        if others:
            print()
            heads = (table.table, catalogue.say("profile.missing"), catalogue.say("profile.frequent"))
            write_table(heads, others, numbers=(False, True, False))
    tell(catalogue.say("profile.read"))
    tell(catalogue.say("profile.noisy"))


def sample(options: argparse.Namespace, catalogue: Catalogue) -> None:
    """Write the invented tables of a dataset as files; their names on stdout."""
    folder = Path(options.output or f"{options.name}-sample")
    with reach(options, catalogue, open_folder=open_folder) as door, working(catalogue.say("sample.working")):
        files = door.sample(options.name, folder=folder, table=options.table, form=options.form or "csv")
    for file in files:
        print(file)
    tell(catalogue.say("sample.invented"))


def _of_one(table: "TableSummary", catalogue: Catalogue) -> list[Sequence[str]]:
    """What one unit has in the table: rows, and different values of the columns that rules declare for it."""
    units = max(1.0, table.units.value or 0.0)
    mean = number((table.rows.value or 0.0) / units, 1)
    rows: list[Sequence[str]] = [(table.table, catalogue.say("profile.rows"), *(_quantile(one, 0) for one in table.rows_per_unit), mean)]
    for name, groups in table.groups_per_unit:
        rows.append((table.table, catalogue.say("profile.different", column=name), *[NONE] * len(table.rows_per_unit), show(groups)))
    return rows


def _ordered(column: "ColumnSummary") -> Sequence[str]:
    half = max(one.half_width for one in column.quantiles)
    digits = min(column.decimals, digits_after(half) if half else column.decimals)
    return (column.name, _share(column.missing), *(_quantile(one, digits) for one in column.quantiles), number(half, digits))


def _frequent(column: "ColumnSummary") -> str:
    """The members that most rows have, with their shares and the noise, which is the same for all."""
    if not column.members:
        return NONE
    often = sorted(column.members, key=lambda member: member[1].value or 0.0, reverse=True)
    half = 100 * ((often[0][1].high or 0.0) - (often[0][1].value or 0.0))
    digits = max(1, digits_after(half) - 1) if half > 0 else 1
    shown: list[str] = []
    for name, share in often:
        shown.append(f"{name} {number(100 * (share.value or 0.0), digits)} %")
        if len(", ".join(shown)) > FREQUENT_WIDTH and len(shown) > 1:
            shown[-1] = "…"
            break
    return ", ".join(shown) + (f" (± {number(half, digits)} %)" if half > 0 else "")


def _quantile(one: "Quantile", digits: int) -> str:
    if isinstance(one.value, datetime):
        return one.value.date().isoformat()
    if not isinstance(one.value, float):
        return str(one.value)
    shown = number(one.value, digits)
    return shown if abs(one.value) >= GROUPED_FROM else shown.replace(GROUP, "")  # a year is no amount


def _share(missing: Estimate) -> str:
    if not missing.high or missing.value is None or missing.low is None:
        return percent(missing.value or 0.0)
    half = 100 * max(missing.value - missing.low, missing.high - missing.value)
    digits = max(0, digits_after(half) - 1)
    return f"{number(100 * missing.value, digits)} ± {number(half, digits)} %"
