"""The second verb of the kernel: batches of sums under one charge, each proposed from the noisy sums of those before.

- The course, what each round may cost and how large it may be, is priced and charged before the data is touched. A proposal
  that goes beyond it is a fault: nothing it measures is free, and the release is at the time fixed before the run.
- A learner sees noisy sums only, so it is outside the trusted base: a wrong one learns badly, and leaks nothing.
- The noisy sums of all rounds are durable before any of them leaves, so a retry gives the same. Proof: `rounds.md`.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol, TypeAlias, final

from amana.privacy.bound import bound
from amana.privacy.kernel import Kernel, Training, entry_of
from amana.privacy.ledger import Asked, Pending
from amana.privacy.loss import NO_DELTA
from amana.privacy.noise import noisy
from amana.privacy.price import Aim, CoursePrice, PrivatePlan, RhoCap, price, price_course
from amana.privacy.release import kept
from amana.privacy.schedule import seconds_of_course
from amana.query.check import check, size_of
from amana.query.plan import Plan, PublicKeys, RowSum, UnitCount
from amana.query.released import NoisyCell, NoisyTable
from amana.terms.canonical import keyed_digest
from amana.terms.course import Course
from amana.terms.database import DuplicateError
from amana.terms.ids import Digest, NanoRho
from amana.terms.refusal import Fault, Refusal
from amana.terms.use import Inclusion

Cells: TypeAlias = tuple[tuple[float, ...], ...]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """Sums that a learner wants, and what they may cost together; the sums of one plan share it alike."""

    plan: Plan
    nano_rho: NanoRho


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Shapes: `cells[sum][key]`, keys in the order of `private.bounded.keys`. The noise of a sum: `private.scales[sum]`."""

    private: PrivatePlan
    cells: Cells


Rounds: TypeAlias = tuple[tuple[Measured, ...], ...]


class Learner(Protocol):
    """What to measure next: a function of the rounds before, always the same."""

    @property
    def course(self) -> Course: ...

    def propose(self, done: Rounds) -> tuple[Measure, ...]:
        """The plans of the round after these. All keys are public; sums are of rows and units."""
        ...


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class CourseTaken:
    """What leaves: the noisy sums of all rounds, what they cost, where the log tells of it. Built here only."""

    rounds: Rounds
    cost_nrho: NanoRho
    recalled: bool
    digest: Digest
    included: Inclusion


def train(training: Training, learner: Learner, kernel: Kernel) -> CourseTaken:
    """Take the sums of a whole course, or refuse before the data is touched; the steps are those of `release.answer`.

    Errors: Refusal, before the charge; Fault, after it.
    """
    permit, dataset, course = training.permit, training.version.dataset, learner.course
    if (permit.dataset, permit.population) != (dataset.name, dataset.population.name):
        raise Refusal("permit.not_admitted", asker=permit.id, dataset=dataset.name)
    priced, seconds = plan_course(training, learner, kernel)
    known = keyed_digest(("course", training.version.id, training.choice, course), key=kernel.digest_key)
    asked = Asked(question=known, digest=known, bounds=known)
    kernel.log.check()
    while True:
        earlier = kernel.ledger.recall(asked.digest)
        if isinstance(earlier, Pending):
            kernel.clock.sleep_until(kernel.clock.elapsed() + 0.05)
            continue
        if earlier is not None:
            priced, standing = replace(priced, nano_rho=NanoRho(0)), kernel.ledger.standing(dataset.population, now=kernel.clock.now())
            leaving = (earlier.released, kernel.log.append(entry_of(training, kernel, priced, standing=standing)))
            break
        with suppress(DuplicateError):  # somebody takes the same course at this moment: wait for it
            charge = kernel.ledger.charge(permit, priced, asked, now=kernel.clock.now())
            # —— the charge stands; only noisy sums or an opaque Fault leave after this line ——
            leaving = kept(training, kernel, priced, charge, seconds=seconds, measure=partial(_take, training, learner, kernel))
            break
    released, included = leaving
    stored = dict(zip(released.keys, released.cells, strict=True))
    try:  # a learner that changed since asks for something else, which is not what was kept
        rounds = _follow(training, learner, kernel, lambda number, plans: list(map(cells_of, stored[number, _mark(plans, kernel)])))
    except KeyError:
        raise Refusal("learn.course_changed") from None
    cost, recalled = priced.nano_rho, earlier is not None
    return CourseTaken(rounds=rounds, cost_nrho=cost, recalled=recalled, digest=asked.digest, included=included)


def plan_course(training: Training, learner: Learner, kernel: Kernel) -> tuple[CoursePrice, float]:
    """What a course costs, and seconds from its charge to its release. What the first round may not ask is refused here, unpaid.

    Errors: Refusal.
    """
    first = tuple(private.bounded for private in _plans(training, learner, kernel, ()))
    return price_course(learner.course), seconds_of_course(learner.course, first, training.version.dataset.schema, kernel.schedule)


def _take(training: Training, learner: Learner, kernel: Kernel, leaves_at: float) -> NoisyTable:
    """Round after round: exact sums, noise, and the next proposal from what is noisy."""

    def measure(_: int, plans: tuple[PrivatePlan, ...]) -> Sequence[Cells]:
        left_s = leaves_at - kernel.clock.elapsed()
        exact = kernel.engine.run_all(tuple(private.bounded for private in plans), groups_max=kernel.groups_max, seconds_max=left_s)
        drawn = [noisy(private, sums).cells for private, sums in zip(plans, exact, strict=True)]
        return [cells_of(tuple(zip(*rows, strict=True))) for rows in drawn]

    rounds = _follow(training, learner, kernel, measure)
    marks = [_mark([measured.private for measured in done], kernel) for done in rounds]
    return NoisyTable(keys=tuple(enumerate(marks)), cells=tuple(tuple(measured.cells for measured in done) for done in rounds), noise=())


def _mark(plans: Sequence[PrivatePlan], kernel: Kernel) -> str:
    """What tells kept sums apart: the rows that they are of, their keys and their scales."""
    sources = tuple(dict.fromkeys(private.bounded.plan.source for private in plans))
    return keyed_digest((sources, tuple((private.bounded.plan.keys, private.scales) for private in plans)), key=kernel.digest_key)


def _follow(
    training: Training, learner: Learner, kernel: Kernel, measure: Callable[[int, tuple[PrivatePlan, ...]], Sequence[Cells]]
) -> Rounds:
    """The rounds of a course; `measure` gives the noisy sums of each plan of a round: drawn now, or kept from before."""
    done: Rounds = ()
    while len(done) < len(learner.course.rounds):
        plans = _plans(training, learner, kernel, done)
        measured = zip(plans, measure(len(done), plans), strict=True)
        done = (*done, tuple(Measured(private=private, cells=cells) for private, cells in measured))
    return done


def _plans(training: Training, learner: Learner, kernel: Kernel, done: Rounds) -> tuple[PrivatePlan, ...]:
    """The plans of the next round, checked, bounded and priced, within what its course says."""
    cap, schema = learner.course.rounds[len(done)], training.version.dataset.schema
    plans, cells, proposed = list[PrivatePlan](), 0, learner.propose(done)
    for wanted in proposed:
        plan = check(wanted.plan, schema, nodes_max=cap.nodes_max)
        bounded = bound(plan, schema, choice=training.choice, groups_max=kernel.groups_max)
        if not isinstance(bounded.keys, PublicKeys) or not all(isinstance(total.sum, RowSum | UnitCount) for total in bounded.sums):
            raise Refusal("plan.groups_too_many", groups=kernel.groups_max)
        cells += len(bounded.keys.combinations) * len(bounded.sums)
        plans.append(price(bounded, RhoCap(nano_rho=wanted.nano_rho), aim=Aim(weights=(), half_widths=()), threshold_delta=NO_DELTA))
    nodes = sum(map(size_of, {wanted.plan.source for wanted in proposed}))
    if sum(private.nano_rho for private in plans) > cap.nano_rho or cells > cap.cells_max or nodes > cap.nodes_max:
        raise Fault(id="a round beyond its course")
    return tuple(plans)


def cells_of(cell: NoisyCell) -> Cells:
    """The noisy sums of a plan, as they are kept."""
    assert isinstance(cell, tuple)
    return tuple(tuple(value for value in column if value is not None) for column in cell)
