"""Asking: from SQL text to a released answer, and what can be told before anything is spent."""

import re
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import wraps
from io import BufferedReader
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar, final

import structlog

from amana.catalog.profile import TableProfile
from amana.catalog.summary import summarise
from amana.node.answers import Answered, Budget, DatasetCard, Explanation, Preview, Simulated, card_of
from amana.node.asking import Constants, Known, Leave, Note, Open, answered, asking_of, cap_of, left_to_pay, local_leave, lost
from amana.node.asking import public_table as exact_table
from amana.node.choose import Chosen
from amana.node.learning import Learning
from amana.node.lengthy import check_short, predicted_s, telling
from amana.node.picture import described, picture
from amana.node.results import csv_of
from amana.node.sample import sampled
from amana.node.spending import balance_of, beyond, spent_by_project
from amana.policy.permit import Permit
from amana.privacy.keys import key_domains
from amana.privacy.ledger import period_of
from amana.privacy.loss import epsilon_of
from amana.privacy.price import Z95, Target, noise_factor
from amana.privacy.release import plan_release
from amana.query.check import check_public
from amana.query.parse import parse, placed
from amana.query.plan import Plan
from amana.query.simulate import DRAWS_ROWS_MAX, draws_max, simulate
from amana.query.tables import is_private
from amana.register.promise import delta_shown
from amana.terms.answer import CellType
from amana.terms.ids import DeltaUnits, Digest, NanoRho
from amana.terms.refusal import Refusal
from amana.terms.summary import TableSummary

if TYPE_CHECKING:
    from amana.node.wiring import Wired

BIAS_SHOWN = 0.001
Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def _placing(
    asks: "Callable[Concatenate[Node, str, Parameters], Result]",
) -> "Callable[Concatenate[Node, str, Parameters], Result]":
    """A use case whose refusals of a whole plan point at the text."""

    @wraps(asks)
    def placing(node: "Node", sql: str, /, *args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        try:
            return asks(node, sql, *args, **kwargs)
        except Refusal as refusal:
            raise placed(refusal, sql) from None

    return placing


@final
class Node:
    """The use cases of one data folder. Errors: Refusal or Fault only."""

    def __init__(self, wired: "Wired") -> None:
        self._wired = wired
        self.learning = Learning(self._dataset, sign=wired.receipts.sign)

    @_placing
    def ask(
        self, sql: str, *, within: str, share: str | None = None, target: Target | None = None, leave: Leave = local_leave,
        seconds_max: float | None = None, on_charge: Callable[[], None] | None = None,
    ) -> Answered:  # fmt: skip
        """Answer a question at a precision; `share` overrides it with a share of the budget to spend at most ("1%"), `target`
        with a loss cap (benches and studies, not a door). `leave`: who asks, as a permit for the dataset that the text means.
        `seconds_max`: raise LongerError, before anything is spent, if it takes longer. `on_charge`: called when a charge stands,
        before data is touched; what it raises is a fault."""
        constants = self._constants(sql, within=within, share=share, target=target, leave=leave)
        return self._kept(_answered(sql, telling(self._meant(sql), on_charge), constants, event="ask", seconds_max=seconds_max))

    @_placing
    def recall(self, sql: str, *, within: str, share: str | None = None, leave: Leave = local_leave) -> Answered:
        """The answer that was given before: free, and a logged use. Errors: Refusal ask.not_answered."""
        constants = replace(self._constants(sql, within=within, share=share, target=None, leave=leave), kind="recall")
        return self._kept(_answered(sql, self._meant(sql), constants, event="recall"))

    @_placing
    def predicted_s(self, sql: str, *, within: str, share: str | None = None, leave: Leave = local_leave) -> float:
        """Seconds from the charge to the answer, by public facts (PRIVACY 8); nothing is spent and no data is touched."""
        constants = self._constants(sql, within=within, share=share, target=None, leave=leave)
        opened, plan = self._read(sql, constants)
        private = is_private(plan.source, opened.version.dataset.schema)
        return predicted_s(asking_of(plan, opened, constants)[1] if private else None, opened, constants)

    @_placing
    def dry_run(self, sql: str, *, within: str, share: str | None = None) -> Answered:
        """The whole way of a question over invented rows: the same refusals, shape and precision; nothing is spent, no permit needed."""
        opened = self._meant(sql)
        sample = self._wired.samples.of(opened.version, opened.profile)
        with self._wired.rehearsal(opened) as staged:
            constants = self._constants(sql, within=within, share=share, target=None, leave=local_leave)
            answered = _answered(sql, staged, constants, event="dry_run")
        balance = balance_of(opened)
        remark: Note = ("note.dry_run", (("units", sample.units), ("times", sample.times)))
        return replace(
            answered,
            cap_nrho=balance.cap_nrho,
            spent_nrho=balance.spent_nrho,
            notes=(remark, *answered.notes),
            digest=Digest(""),  # nothing was asked that could be found again, and under no permit
            permit="",
            purpose="",
            invented=True,
            entry=None,
        )

    @_placing
    def simulate(self, sql: str, *, within: str, draws: int, share: str | None = None, leave: Leave = local_leave) -> Simulated:
        """Redraws of an answer that was given before: free, and a logged use like any recall (PRIVACY 13).

        Errors: Refusal ask.not_answered, ask.too_many_draws.
        """
        constants = replace(self._constants(sql, within=within, share=share, target=None, leave=leave), kind="recall")
        constants.permit(self._meant(sql).version.dataset)
        opened, plan = self._read(sql, constants)
        while constants.pending:
            constants.release(constants.pending[0], opened)
            opened, plan = self._read(sql, constants)
        schema = opened.version.dataset.schema
        if not is_private(plan.source, schema):  # exact, so a redraw has no figure that could differ
            rows = exact_table(plan, opened).rows
            _few(draws, DRAWS_ROWS_MAX // max(1, len(rows)))
            return Simulated(columns=(), draws=(((),) * len(rows),) * draws)
        asking = asking_of(plan, opened, constants)[1]
        asked = answered(asking, opened, constants)
        plan = plan_release(asking, opened.kernel).bounded.plan
        domains = key_domains(plan, schema)
        _few(draws, draws_max(plan, asked.released, domains))
        named = zip(asked.table.columns, asked.table.types, strict=True)
        return Simulated(
            columns=tuple(name for name, kind in named if kind is CellType.FIGURE),
            draws=simulate(plan, asked.released, domains, draws=draws, chance=self._wired.chance),
        )

    @_placing
    def preview(
        self, sql: str, *, within: str, share: str | None = None, target: Target | None = None, leave: Leave = local_leave,
        known: Known = "earlier answers",
    ) -> Preview:  # fmt: skip
        """Expected error of each figure and cost; nothing is spent and no data is touched. `known`: as of `left_to_pay`."""
        constants = self._constants(sql, within=within, share=share, target=target, leave=leave)
        opened, plan = self._read(sql, constants)
        constants.price(opened, known=known)
        if not is_private(plan.source, opened.version.dataset.schema):
            check_public(plan, opened.version.dataset.schema)
            return _preview_public(opened, constants)
        chosen, asking = asking_of(plan, opened, constants)
        nano_rho, delta = left_to_pay(asking, opened, known=known)
        cost_nrho, cost_delta = nano_rho + constants.cost_nrho, delta + constants.cost_delta
        deviations, balance = noise_factor(plan_release(asking, opened.kernel), asking.aim), balance_of(opened)
        figures = tuple(
            (name, Z95 * deviation, Z95 * deviation / abs(value) if value else None)
            for (name, value), deviation in zip(chosen.figures, deviations, strict=True)
            if value is not None and isfinite(deviation)
        )
        return Preview(
            figures=figures,
            cost_nrho=NanoRho(cost_nrho),
            cost_delta_units=DeltaUnits(cost_delta),
            cap_nrho=balance.cap_nrho,
            spent_nrho=balance.spent_nrho,
            share=cost_nrho / max(1, balance.cap_nrho),
            notes=(*constants.notes(), *_notes(chosen), *beyond(opened, asking.permit, cost_nrho=cost_nrho, cost_delta=cost_delta)),
        )

    @_placing
    def lost(self, sql: str, *, within: str, since: datetime, share: str | None = None, leave: Leave = local_leave) -> bool:
        """Whether a charge for this question, or for a part of it, made since that moment lost its rows: asking again pays again."""
        constants = replace(self._constants(sql, within=within, share=share, target=None, leave=leave), kind="recall")
        opened, plan = self._read(sql, constants)
        try:
            while constants.pending:
                if lost(asking_of(constants.pending[0], opened, constants)[1], opened, since=since):
                    return True
                constants.release(constants.pending[0], opened)
                opened, plan = self._read(sql, constants)
        except Refusal as refusal:
            if refusal.code != "ask.not_answered":
                raise
            return False
        return is_private(plan.source, opened.version.dataset.schema) and lost(asking_of(plan, opened, constants)[1], opened, since=since)

    @_placing
    def explain(self, sql: str, *, within: str) -> Explanation:
        """The plan, the bounds used, the SQL that will run, sensitivities, mechanism and loss."""
        constants = Constants(within=within, target=None)
        opened, plan = self._read(sql, constants)
        if not is_private(plan.source, opened.version.dataset.schema):
            return Explanation(lines=(("plan", picture(check_public(plan, opened.version.dataset.schema))),))
        private = plan_release(asking_of(plan, opened, constants)[1], opened.kernel)
        return Explanation(lines=(*described(private), ("sql", "\n;\n".join(opened.sql_of(private.bounded)))))

    def budget(self, name: str) -> Budget:
        """What a dataset's population may lose in the period of its promise, and what it has lost."""
        opened = self._dataset(name)
        population, balance = opened.version.dataset.population, balance_of(opened)
        delta = delta_shown(balance.cap_delta)
        return Budget(
            population=population.name,
            unit=population.unit,
            period=period_of(population.period),
            cap_nrho=balance.cap_nrho,
            spent_nrho=balance.spent_nrho,
            cap_delta_units=balance.cap_delta,
            spent_delta_units=balance.spent_delta,
            epsilon_of_cap=epsilon_of(nano_rho=balance.cap_nrho, delta_units=balance.cap_delta, delta=delta),
            delta_shown=delta,
            by=spent_by_project(self._wired.database, self._wired.ledger, population=population.name),
        )

    def datasets(self) -> tuple[DatasetCard, ...]:
        """The datasets published here."""
        return tuple(card_of(opened.version.dataset) for opened in self._wired.opened())

    def profile(self, name: str) -> tuple[TableProfile, ...]:
        """The private profile of a dataset: paid for once, free for ever."""
        return self._dataset(name).profile.tables

    def profile_summary(self, name: str) -> tuple[TableSummary, ...]:
        """The private profile as figures with their intervals: missing values, quantiles, rows and groups of one unit."""
        opened = self._dataset(name)
        return summarise(opened.version.dataset.schema, opened.profile)

    def sample(self, name: str, *, folder: Path, table: str | None, form: str) -> tuple[Path, ...]:
        """Write the invented sample of a dataset, or one table of it, as files (`csv` or `parquet`).

        Errors: Refusal sample.unknown_table, sample.file_exists, sample.folder_unwritable.
        """
        opened = self._dataset(name)
        return self._wired.samples.export(opened.version, opened.profile, folder, tables=sampled(opened.version.dataset, table), form=form)

    def sample_file(self, name: str, *, table: str, form: str) -> BufferedReader:
        """One table of the invented sample as an open file, which is gone when it is closed. Errors: Refusal sample.unknown_table."""
        opened = self._dataset(name)
        (wanted,) = sampled(opened.version.dataset, table)
        return self._wired.samples.file(opened.version, opened.profile, table=wanted, form=form)

    def close(self) -> None:
        """Give files and locks back."""
        self._wired.close()

    def _kept(self, answered: Answered) -> Answered:
        """The answer, once its receipt can say which rows left."""
        if answered.entry is not None:
            self._wired.receipts.keep(answered.entry, csv=csv_of(answered))
        return answered

    def _constants(self, sql: str, *, within: str, share: str | None, target: Target | None, leave: Leave) -> Constants:
        """What a question is asked at; a share is divided among the question and the subqueries that stand for a number."""
        if share is None:
            return Constants(sql=sql, within=within, target=target, leave=leave)
        asked = Constants(within=within, target=cap_of(share, self._meant(sql), uses=1), leave=leave)
        opened, _ = self._read(sql, asked)
        return Constants(sql=sql, within=within, target=cap_of(share, opened, uses=1 + len(asked.pending)), leave=leave)

    def _read(self, sql: str, constants: Constants) -> tuple[Open, Plan]:
        opened = self._meant(sql)
        return opened, _plan(sql, opened, constants)

    def _meant(self, sql: str) -> Open:
        """The dataset whose tables the text names most; the parser then judges every name."""
        opened = self._wired.opened()
        if not opened:
            raise Refusal("node.no_dataset")
        words = {word.lower() for word in re.findall(r"\w+", sql[:20_000])}
        return max(opened, key=lambda one: sum(table.name.lower() in words for table in one.version.dataset.schema.tables))

    def _dataset(self, name: str) -> Open:
        for opened in self._wired.opened():
            dataset = opened.version.dataset
            names = (dataset.name, dataset.population.name, *(table.name for table in dataset.schema.tables))
            if name.lower() in {each.lower() for each in names}:
                return opened
        raise Refusal("node.unknown_dataset", name=name[:80], names=", ".join(o.version.dataset.name for o in self._wired.opened()))


def _few(draws: int, most: int) -> None:
    """Errors: Refusal ask.too_many_draws."""
    if not 1 <= draws <= max(1, most):
        raise Refusal("ask.too_many_draws", draws=draws, most=max(1, most))


def _plan(sql: str, opened: Open, constants: Constants) -> Plan:
    constants.pending.clear()
    return parse(sql, opened.version.dataset.schema, scalar=lambda inner: constants.figure(inner, opened))


def _answered(sql: str, opened: Open, constants: Constants, *, event: str, seconds_max: float | None = None) -> Answered:
    """The way of a question; `event` names it in the node's own journal."""
    begun = time.perf_counter()
    permit = constants.permit(opened.version.dataset)  # before the text is read: also a question about public tables needs leave
    plan = _plan(sql, opened, constants)
    ready = asking_of(plan, opened, constants) if is_private(plan.source, opened.version.dataset.schema) else None
    if seconds_max is not None:
        check_short(ready and ready[1], opened, constants, seconds_max=seconds_max)
    if constants.pending and ready:  # all that can be refused is refused before the first of them is paid
        plan_release(ready[1], opened.kernel)
    released = bool(constants.pending)
    while constants.pending:  # the innermost first: what is around it is another question once its figure is known
        constants.release(constants.pending[0], opened)
        plan = _plan(sql, opened, constants)
    if ready is None:
        return _public(plan, opened, constants, permit=permit)
    chosen, asking = asking_of(plan, opened, constants) if released else ready
    prepared, balance = time.perf_counter(), balance_of(opened)  # read before: after the answer nothing may fail any more
    asked = answered(asking, opened, constants)
    structlog.get_logger("amana.node").info(
        event, digest=asked.digest, version=opened.version.id, recalled=asked.recalled, cost_nrho=asked.cost_nrho,
        prepare_ms=round(1e3 * (prepared - begun), 1), answer_ms=round(1e3 * (time.perf_counter() - prepared), 1),
    )  # fmt: skip
    return Answered(
        table=asked.table,
        cost_nrho=NanoRho(asked.cost_nrho + constants.cost_nrho),
        cost_delta_units=DeltaUnits(asked.cost_delta + constants.cost_delta),
        cap_nrho=balance.cap_nrho,
        spent_nrho=NanoRho(balance.spent_nrho + asked.cost_nrho),
        recalled=asked.recalled,
        notes=(*constants.notes(), *_notes(chosen)),
        version=opened.version.id,
        digest=asked.digest,
        dataset=asking.permit.dataset,
        permit=asking.permit.id,
        purpose=asking.permit.purpose,
        mechanism=", ".join(sorted({noise.kind.value for noise in asked.released.noise})),
        entry=asked.included.index,
    )


def _public(plan: Plan, opened: Open, constants: Constants, *, permit: Permit) -> Answered:
    """The exact figures of public tables: no charge, but that of subqueries over private ones."""
    balance = balance_of(opened)
    return Answered(
        table=exact_table(plan, opened),
        cost_nrho=NanoRho(constants.cost_nrho),
        cost_delta_units=DeltaUnits(constants.cost_delta),
        cap_nrho=balance.cap_nrho,
        spent_nrho=balance.spent_nrho,
        recalled=False,
        notes=(*constants.notes(), ("note.public", ())),
        version=opened.version.id,
        digest=Digest(""),
        dataset=opened.version.dataset.name,
        permit=permit.id,
        purpose=permit.purpose,
        mechanism="",
    )


def _preview_public(opened: Open, constants: Constants) -> Preview:
    balance = balance_of(opened)
    return Preview(
        figures=(),
        cost_nrho=NanoRho(constants.cost_nrho),
        cost_delta_units=DeltaUnits(constants.cost_delta),
        cap_nrho=balance.cap_nrho,
        spent_nrho=balance.spent_nrho,
        share=constants.cost_nrho / max(1, balance.cap_nrho),
        notes=(*constants.notes(), ("note.public", ())),
    )


def _notes(chosen: Chosen) -> tuple[Note, ...]:
    """What the interval does not say: rows and contributions that the bounds cut off, as predicted."""
    notes: list[Note] = []
    if chosen.lost_share >= BIAS_SHOWN:
        notes.append(("note.truncation", (("percent", f"{100 * chosen.lost_share:.1f}"),)))
    if chosen.choice.clamps:
        notes.append(("note.clamped", ()))
    return tuple(notes)


def open_node(folder: Path) -> Node:
    """The node of a data folder. Errors: Refusal for settings, a missing folder, or a ledger behind its log."""
    from amana.node.wiring import wire  # the one place where real parts are made; it needs this module's types

    return Node(wire(folder, absent="refuse"))
