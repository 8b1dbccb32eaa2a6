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

BUNDLE_ENTRIES = 1024
KEEP_ENTRIES = 1_000
"""So many new entries are worth a write of the file."""
_POPULATION, _NRHO, _DELTA = places("use", "population", "cost_nrho", "cost_delta")


def logged(log: EntryLog, *, kept: Path) -> Totals:
    """What each population has spent by the log. `kept`: the file of sums. Errors: Refusal budget.log_damaged."""
    size = log.size()
    begun, spent = _read(kept)
    if begun > size:
        begun, spent = 0, {}
    at, coming = begun, islice(log.entries(begun), size - begun)
    while some := list(islice(coming, BUNDLE_ENTRIES)):
        try:
            lines = read_bundle(some)
        except BundleError as error:
            raise Refusal("budget.log_damaged", line=at + error.place) from None
        for kind, written in lines:
            if kind == "use":
                nrho, delta = spent.get(written[_POPULATION], (0, 0))
                spent[written[_POPULATION]] = (nrho + int(written[_NRHO]), delta + int(written[_DELTA]))
        at += len(some)
    if size - begun >= KEEP_ENTRIES:
        write_durably(kept, json.dumps({"size": size, "spent": spent}).encode())
    return spent


def _read(kept: Path) -> tuple[int, Totals]:
    try:
        found = cast("dict[str, object]", json.loads(kept.read_bytes()))
        size, spent = int(cast("int", found["size"])), cast("dict[str, list[int]]", found["spent"])
        return size, {name: (int(nrho), int(delta)) for name, (nrho, delta) in spent.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return 0, {}
