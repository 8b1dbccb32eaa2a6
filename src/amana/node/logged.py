"""What the log says that each population has spent, for comparing with the ledger at every start (PRIVACY 12).

Adding up ten years of entries takes seconds, so the sums are kept beside the log and only what is new is added. They are a copy for
speed: a file that is missing, damaged or of another log is made again from the entries.
"""

import json
from itertools import islice
from pathlib import Path
from typing import TypeAlias, cast

from amana.log.durable import write_durably
from amana.log.entries import BundleError, places, read_bundle
from amana.terms.refusal import Refusal
from amana.terms.use import EntryLog

Totals: TypeAlias = dict[str, tuple[int, int]]
"""By population: (nano-rho, delta in 2**-64)."""
Accounts: TypeAlias = dict[str, list[int]]
"""By population and period, with a space between: the sums of the costs, then the most that any entry says is gone; nano-rho, delta."""

BUNDLE_ENTRIES = 1024
KEEP_ENTRIES = 1_000
"""So many new entries are worth a write of the file."""
_POPULATION, _PERIOD, _NRHO, _DELTA, _LEFT_NRHO, _LEFT_DELTA = places(
    "use", "population", "period", "cost_nrho", "cost_delta", "left_nrho", "left_delta"
)
_PROMISED, _CAP_NRHO, _CAP_DELTA = places("population", "population", "cap_nrho", "cap_delta")


def logged(log: EntryLog, *, kept: Path) -> Totals:
    """What each population has lost at least, by the log: the costs that it tells, or what it says is gone, if that is more (a charge that
    was made just before a crash stands in no entry, but in the remainder of the next one). `kept`: the file of sums.

    Errors: Refusal budget.log_damaged.
    """
    size = log.size()
    begun, accounts, caps = _read(kept)
    if begun > size:
        begun, accounts, caps = 0, {}, {}
    at, coming = begun, islice(log.entries(begun), size - begun)
    while some := list(islice(coming, BUNDLE_ENTRIES)):
        try:
            lines = read_bundle(some)
        except BundleError as error:
            raise Refusal("budget.log_damaged", line=at + error.place) from None
        for kind, written in lines:
            if kind == "population":
                caps[written[_PROMISED]] = [int(written[_CAP_NRHO]), int(written[_CAP_DELTA])]
            elif kind == "use":
                _add(accounts, caps.get(written[_POPULATION], [0, 0]), written)
        at += len(some)
    if size - begun >= KEEP_ENTRIES:
        write_durably(kept, json.dumps({"size": size, "accounts": accounts, "caps": caps}).encode())
    spent: Totals = {}
    for name, (nrho, delta, gone_nrho, gone_delta) in accounts.items():
        population = name.rpartition(" ")[0]
        before = spent.get(population, (0, 0))
        spent[population] = (before[0] + max(nrho, gone_nrho), before[1] + max(delta, gone_delta))
    return spent


def _add(accounts: Accounts, cap: list[int], written: tuple[str, ...]) -> None:
    account = accounts.setdefault(f"{written[_POPULATION]} {written[_PERIOD]}", [0, 0, 0, 0])
    account[0] += int(written[_NRHO])
    account[1] += int(written[_DELTA])
    account[2] = max(account[2], cap[0] - int(written[_LEFT_NRHO]))
    account[3] = max(account[3], cap[1] - int(written[_LEFT_DELTA]))


def _read(kept: Path) -> tuple[int, Accounts, dict[str, list[int]]]:
    try:
        found = cast("dict[str, object]", json.loads(kept.read_bytes()))
        size, accounts = int(cast("int", found["size"])), _numbers(found["accounts"], count=4)
        return size, accounts, _numbers(found["caps"], count=2)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return 0, {}, {}


def _numbers(written: object, *, count: int) -> dict[str, list[int]]:
    """Errors: ValueError, TypeError, AttributeError for anything else."""
    found = {str(name): [int(each) for each in values] for name, values in cast("dict[str, list[int]]", written).items()}
    if any(len(values) != count for values in found.values()):
        raise ValueError(count)
    return found
