"""Questions that may take long: for how long, by public facts, and who is told at the moment when the charge stands."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import final

from amana.node.asking import Constants, Open, asking_of, digests_of
from amana.privacy.kernel import Asking
from amana.privacy.ledger import Earlier
from amana.privacy.release import plan_release
from amana.privacy.schedule import seconds_of
from amana.terms.ids import PermitId
from amana.terms.use import Inclusion, Log, UseEntry


@final
class LongerError(Exception):
    """A question that takes longer than it may at once; nothing of it is spent yet. `permit`: which would pay."""

    def __init__(self, *, seconds: float, dataset: str, permit: PermitId) -> None:
        super().__init__(f"{seconds:.1f} s")
        self.seconds, self.dataset, self.permit = seconds, dataset, permit


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class TellingLog:
    """A log that first tells somebody of each charge: it stands, and data is not touched yet. Recalls are not told."""

    log: Log
    on_charge: Callable[[], None]

    def check(self) -> None:
        """See `Log`."""
        self.log.check()

    def append(self, entry: UseEntry) -> Inclusion:
        """See `Log`."""
        if entry.verb != "recall":
            self.on_charge()
        return self.log.append(entry)


def telling(opened: Open, on_charge: Callable[[], None] | None) -> Open:
    """The version, asked by somebody who wants to know when the charge stands."""
    if on_charge is None:
        return opened
    return replace(opened, kernel=replace(opened.kernel, log=TellingLog(log=opened.kernel.log, on_charge=on_charge)))


def predicted_s(asking: Asking | None, opened: Open, constants: Constants) -> float:
    """Seconds until the answer would leave, if all of it were asked anew: of the question (None: a public one) and of the subqueries
    that stand for a number, one after the other."""
    askings = [] if asking is None else [asking]
    askings += [asking_of(plan, opened, constants)[1] for plan in constants.pending]
    schema, schedule = opened.version.dataset.schema, opened.kernel.schedule
    return sum(seconds_of(plan_release(each, opened.kernel).bounded, schema, schedule) for each in askings)


def check_short(asking: Asking | None, opened: Open, constants: Constants, *, seconds_max: float) -> None:
    """Return if the question may be answered at once: it is short, or its rows are in the ledger. Errors: LongerError."""
    seconds = predicted_s(asking, opened, constants)
    if seconds <= seconds_max or (asking is not None and not constants.pending and _settled(asking, opened)):
        return
    dataset = opened.version.dataset
    raise LongerError(seconds=seconds, dataset=dataset.name, permit=constants.permit(dataset).id)


def _settled(asking: Asking, opened: Open) -> bool:
    return isinstance(opened.kernel.ledger.recall(digests_of(asking, opened).digest), Earlier)
