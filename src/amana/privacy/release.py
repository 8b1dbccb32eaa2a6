"""The one page: the order of the steps between a question and what leaves. Read this to believe the guarantee.

- Steps 1 to 5 see the question and public facts only; each may refuse, and a refusal tells nothing of the data.
- The charge (5) and the log entry (6) are durable before the data is touched (7). Neither is ever taken back.
- After step 6 only two things can come out: an `Answer` at the time fixed before the run, or a `Fault` with a random id
  at that same time.
- Noise (8) is drawn once for a charge. Rows are durable (9) before they leave, so a retry gives the same rows.
"""

import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import TypeAlias

from amana.privacy.bound import bound
from amana.privacy.combine import combined, digests, to_measure
from amana.privacy.kernel import Answer, Asking, Kernel, Use, entry_of
from amana.privacy.keys import key_domains
from amana.privacy.ledger import Asked, Charge, Earlier, Pending
from amana.privacy.noise import noisy
from amana.privacy.price import Priced, PrivatePlan, price
from amana.privacy.schedule import check_time, seconds_of
from amana.query.check import check
from amana.query.figures import figures
from amana.query.released import NoisyTable
from amana.terms.database import DuplicateError
from amana.terms.ids import DeltaUnits, NanoRho
from amana.terms.refusal import Fault, Refusal
from amana.terms.use import Inclusion

Leaving: TypeAlias = tuple[NoisyTable, Inclusion]
"""Rows that are durable, and their use in the log: nothing leaves without both."""


def plan_release(asking: Asking, kernel: Kernel) -> PrivatePlan:
    """Steps 1 to 3: check, bound, price. Touches no data and spends nothing; a preview stops here."""
    plan = check(asking.plan, asking.version.dataset.schema)
    bounded = bound(plan, asking.version.dataset.schema, choice=asking.choice, groups_max=kernel.groups_max)
    check_time(bounded, asking.version.dataset.schema, kernel.schedule)
    return price(bounded, asking.target, aim=asking.aim, threshold_delta=kernel.threshold_delta)


def answer(asking: Asking, kernel: Kernel) -> Answer:
    """Answer a question with noisy sums, or refuse before the data is touched.

    Errors: Refusal (steps 1 to 5), Fault (steps 6 to 9: the charge stands; at 5: it may stand).
    """
    permit, dataset = asking.permit, asking.version.dataset
    if (permit.dataset, permit.population) != (dataset.name, dataset.population.name):
        raise Refusal("permit.not_admitted", asker=permit.id, dataset=dataset.name)  # else other people's budget would pay
    private = plan_release(asking, kernel)
    asked = digests(asking.plan, asking.version.id, private, key=kernel.digest_key)
    kernel.log.check()  # a use that cannot be recorded is not paid
    while True:
        earlier, further = to_measure(private, asked, kernel.ledger)  # 4
        if isinstance(earlier, Pending):
            kernel.clock.sleep_until(kernel.clock.elapsed() + 0.05)
            continue
        if earlier is not None and further is None:
            return _recall(asking, kernel, private, earlier, asked)
        if asking.kind == "recall":
            raise Refusal("ask.not_answered")
        assert further is not None
        with suppress(DuplicateError):  # somebody asked the same at this moment: wait for their rows
            charge = kernel.ledger.charge(asking.permit, further, asked, now=kernel.clock.now())  # 5
            break

    # —— the charge stands; only an Answer or an opaque Fault leaves after this line ——
    def measure(leaves_at: float) -> NoisyTable:
        exact = kernel.engine.run(further.bounded, groups_max=kernel.groups_max, seconds_max=leaves_at - kernel.clock.elapsed())  # 7
        released = noisy(further, exact, like=earlier and earlier.released)  # 8
        return released if earlier is None else combined(earlier.released, released)

    seconds = seconds_of(further.bounded, asking.version.dataset.schema, kernel.schedule)
    released = kept(asking, kernel, further, charge, seconds=seconds, measure=measure)
    return _built(asking, private, released, asked, cost=charge, recalled=False)


def kept(use: Use, kernel: Kernel, priced: Priced, charge: Charge, *, seconds: float, measure: Callable[[float], NoisyTable]) -> Leaving:
    """Steps 6 to 9, for both verbs of the kernel: noisy rows that are durable, at the time fixed before the run, or a fault then."""
    leaves_at = kernel.clock.elapsed() + seconds
    counted = None  # whose fault a failure is; only where it may hang on the data: not before the run, nor on noisy rows, which are paid
    try:
        included = kernel.log.append(entry_of(use, kernel, priced, standing=charge.standing))  # 6
        leaves_at = kernel.clock.elapsed() + seconds  # how long the log took is no row's doing, and not the run's time
        counted = use.permit
        released = measure(leaves_at)  # 7, 8
        if kernel.clock.elapsed() > leaves_at:
            raise TimeoutError
        kernel.clock.sleep_until(leaves_at)  # not sooner: who asks the same meanwhile would see when the run was done (PRIVACY 8)
        counted = None
        kernel.ledger.settle(charge, released)  # 9
        return released, included  # noqa: TRY300 - what a failed settlement raises is a fault like any other
    except Exception as error:  # noqa: BLE001 - whatever happened, nothing of it may leave (PRIVACY 7)
        kernel.clock.sleep_until(leaves_at)
        with suppress(Exception):  # if even that fails, the next start finds the open charge and closes it the same way
            kernel.ledger.fault(charge, counted)
        lost = error.id if isinstance(error, Fault) else secrets.token_hex(8)  # a random id, under which its cause may be logged
    except BaseException:  # the asker stopped it, which tells nothing; left open, the same question would wait for it
        kernel.ledger.abandon(charge)
        raise
    raise Fault(id=lost)  # outside, so that no cause hangs on it


def _recall(asking: Asking, kernel: Kernel, private: PrivatePlan, earlier: Earlier, asked: Asked) -> Answer:
    """The same rows for anyone permitted, at no cost; the use is logged first (PRIVACY 13)."""
    free = replace(private, nano_rho=NanoRho(0), delta_units=DeltaUnits(0))
    standing = kernel.ledger.standing(asking.version.dataset.population, now=kernel.clock.now())
    included = kernel.log.append(entry_of(replace(asking, kind="recall"), kernel, free, standing=standing))
    return _built(asking, private, (earlier.released, included), asked, cost=free, recalled=True)


def _built(asking: Asking, private: PrivatePlan, leaving: Leaving, asked: Asked, *, cost: Charge | PrivatePlan, recalled: bool) -> Answer:
    plan, (released, included), nrho, delta = private.bounded.plan, leaving, cost.nano_rho, cost.delta_units
    table = figures(plan, released, key_domains(plan, asking.version.dataset.schema))
    return Answer(
        table=table, released=released, cost_nrho=nrho, cost_delta=delta, recalled=recalled, digest=asked.digest, included=included
    )  # fmt: skip
