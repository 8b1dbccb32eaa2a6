"""What a question asks the kernel for: its bounds, its precision, and the subqueries that stand for a number."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal, TypeAlias, final

from amana.catalog.profile import Profile
from amana.catalog.schema import Dataset, Version
from amana.node.audit import MACHINE
from amana.node.choose import Chosen, choose
from amana.node.public_record import Record
from amana.policy.permit import Permit, permit
from amana.privacy.combine import digests, to_measure
from amana.privacy.kernel import Answer, Asking, Kernel
from amana.privacy.ledger import Asked, Earlier
from amana.privacy.price import RhoCap, Target, Wanted
from amana.privacy.public import public_answer
from amana.privacy.release import answer, plan_release
from amana.query.check import check
from amana.query.expr import Fixed
from amana.query.plan import BoundedPlan, Plan
from amana.query.tables import is_private
from amana.terms.answer import AnswerTable, Estimate
from amana.terms.ids import NanoRho
from amana.terms.precision import Precision, read_precision, read_share

Note = tuple[str, tuple[tuple[str, str | int], ...]]
CONSTANT_SCALE = 6
"""Decimals that a figure keeps where it stands for a subquery."""
PUBLIC_SECONDS_MAX = 60.0


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """One current version with all that answers questions on it. `sql_of`: the SQL its engine would run, for reading. `record`: what
    seals who asks what."""

    version: Version
    profile: Profile
    kernel: Kernel
    sql_of: Callable[[BoundedPlan], tuple[str, ...]]
    record: Record


Known: TypeAlias = Literal["earlier answers", "nothing"]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    """Who asks, and under which permit for a dataset: `find` raises the refusal that says why there is none."""

    person: str
    find: Callable[[Dataset], Permit]


local_leave = Leave(person=MACHINE, find=lambda dataset: permit("custodian", dataset))
"""Of whoever holds the data folder."""


def asking_of(plan: Plan, opened: Open, constants: "Constants") -> tuple[Chosen, Asking]:
    """What the kernel is asked: the plan, and the bounds and the split of the cost that predictions make best."""
    precision: Precision | None = read_precision(constants.within) if constants.target is None else None
    dataset, goal = opened.version.dataset, constants.target or Wanted()
    plan = check(plan, dataset.schema)  # predictions need a sound plan; the kernel checks it again
    chosen = choose(plan, dataset.schema, opened.profile, within=precision, target=goal, groups_max=opened.kernel.groups_max)
    return chosen, Asking(
        permit=constants.permit(dataset),
        version=opened.version,
        plan=plan,
        choice=chosen.choice,
        target=goal,
        aim=chosen.aim,
        kind=constants.kind,
    )


def answered(asking: Asking, opened: Open, constants: "Constants") -> Answer:
    """The kernel's answer; the log commits to who asks what. Errors: as `release.answer`."""
    with opened.record.sealing(person=constants.leave.person, sql=constants.sql) as sealed:
        return answer(replace(asking, sealed=sealed), opened.kernel)


def digests_of(asking: Asking, opened: Open) -> Asked:
    """What tells this question from others in the ledger."""
    kernel = opened.kernel
    return digests(asking.plan, asking.version.id, plan_release(asking, kernel), key=kernel.digest_key)


def left_to_pay(asking: Asking, opened: Open, *, known: Known) -> tuple[int, int]:
    """(nano-rho, 2**-64) that asking would cost now: nothing for what was asked before, the difference for what was asked less precisely.
    `known`: whether the asker may know what others asked, which only somebody with a permit may."""
    kernel = opened.kernel
    private = plan_release(asking, kernel)
    if known == "nothing":
        return private.nano_rho, private.delta_units
    asked = digests(asking.plan, asking.version.id, private, key=kernel.digest_key)
    further = to_measure(private, asked, kernel.ledger)[1]
    return (0, 0) if further is None else (further.nano_rho, further.delta_units)


def lost(asking: Asking, opened: Open, *, since: datetime) -> bool:
    """Whether a charge for this question, made since then, lost its rows, and nobody asked for them anew. Under any permit: the one that
    paid may have ended meanwhile, and another one of the same person must not pay again."""
    asked, ledger = digests_of(asking, opened), opened.kernel.ledger
    if isinstance(ledger.recall(asked.digest), Earlier):
        return False  # asking again is a recall, which is free
    return ledger.lost(asked.question, since=since)


def cap_of(share: str, opened: Open, *, uses: int) -> RhoCap:
    """A loss cap for each of so many uses that together take at most that share of the lifetime budget.

    Errors: Refusal budget.share_malformed.
    """
    return RhoCap(nano_rho=NanoRho(int(read_share(share) * opened.version.dataset.population.cap_nrho) // uses))


def public_table(plan: Plan, opened: Open) -> AnswerTable:
    """The exact answer to a question about public tables."""
    kernel = opened.kernel
    schema = opened.version.dataset.schema
    return public_answer(plan, schema, kernel.engine, groups_max=kernel.groups_max, seconds_max=PUBLIC_SECONDS_MAX)


@final
@dataclass(slots=True, kw_only=True)
class Constants:
    """What all parts of one question share: who asks, at what precision, and the subqueries that stand for a number, which are
    first predicted, then released, each once."""

    within: str
    target: Target | None
    sql: str = ""
    """The whole question, which the log commits to."""
    leave: Leave = local_leave
    kind: str = "ask"
    """"recall": only what was released before stands for them."""
    pending: list[Plan] = field(default_factory=list[Plan])
    """Asked in the last reading of the text and not released yet, the innermost first."""
    released: dict[Plan, Estimate] = field(default_factory=dict[Plan, Estimate])
    cost_nrho: int = 0
    cost_delta: int = 0
    _permits: dict[str, Permit] = field(default_factory=dict[str, Permit])

    def permit(self, dataset: Dataset) -> Permit:
        """The leave to ask that dataset, found once for a question."""
        if dataset.name not in self._permits:
            self._permits[dataset.name] = self.leave.find(dataset)
        return self._permits[dataset.name]

    def figure(self, plan: Plan, opened: Open) -> Fixed | None:
        """What stands for the subquery: the released figure, or the predicted one as long as nothing is released."""
        if not is_private(plan.source, opened.version.dataset.schema):
            (row,) = public_table(plan, opened).rows
            return _fixed(row[0] if isinstance(row[0], (int, float)) else None)
        if plan in self.released:
            return _fixed(self.released[plan].value)
        if plan not in self.pending:
            self.pending.append(plan)
        return _fixed(asking_of(plan, opened, self)[0].figures[0][1])

    def price(self, opened: Open, *, known: Known) -> None:
        """What they will cost."""
        for plan in self.pending:
            nano_rho, delta = left_to_pay(asking_of(plan, opened, self)[1], opened, known=known)
            self.cost_nrho, self.cost_delta = self.cost_nrho + nano_rho, self.cost_delta + delta

    def release(self, plan: Plan, opened: Open) -> None:
        """Ask for one of them: a use of its own, charged and logged."""
        asked = answered(asking_of(plan, opened, self)[1], opened, self)
        (cell,) = asked.table.rows[0]
        assert isinstance(cell, Estimate)
        self.released[plan] = cell
        self.cost_nrho, self.cost_delta = self.cost_nrho + asked.cost_nrho, self.cost_delta + asked.cost_delta

    def notes(self) -> tuple[Note, ...]:
        """What the interval does not say: the figures that stand for subqueries, each with its own interval."""
        return tuple(("note.constant", (("value", _shown(cell)),)) for cell in self.released.values())


def _fixed(value: float | None) -> Fixed | None:
    return None if value is None else Fixed(units=round(value * 10**CONSTANT_SCALE), scale=CONSTANT_SCALE)


def _shown(cell: Estimate) -> str:
    if cell.value is None or cell.low is None or cell.high is None:
        return "NULL"
    return f"{cell.value:.10g} [{cell.low:.6g}, {cell.high:.6g}]"
