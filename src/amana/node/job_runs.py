"""What a process does with one job when its turn comes, and again after a crash: it never asks twice.

The states, and what a crash in each leaves:

- received: nothing was done. Its turn comes again.
- admitted: a process has it. The charge may have been made; data is not touched. If the permit was not charged since, nothing was
  spent and another process asks; else it is taken as charged, as below.
- running: the charge stands, since the log was about to be written. The rows are settled in the ledger, and recalled, or they never
  come: the charge of the dead process is closed, and the job has failed. Nobody asks again.
"""

import secrets
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING, final

import structlog

from amana.node.answers import Answered
from amana.node.audit import NODE
from amana.node.job_rows import (
    ADMIT,
    BEGUN_BY,
    END,
    NO_END,
    START,
    TAKE_OVER,
    JobRecord,
    account_of,
    charged,
    moved,
    read_job,
    written_refusal,
)
from amana.policy.people import Asker
from amana.policy.transitions import RunEvent, RunState
from amana.terms.database import Value, moment, text
from amana.terms.ids import JobId
from amana.terms.refusal import Fault, Refusal

if TYPE_CHECKING:
    from amana.node.service import Service

LOST = frozenset({"node.database_lost", "node.changed_meanwhile"})
"""Refusals that say nothing of the job: it is looked at again later."""

AT_ONCE = timedelta(0)


@final
class JobRuns:
    """The jobs that this process runs. Thread-safe. `alive`: whether that process still runs its jobs."""

    def __init__(self, service: "Service", *, worker: str, alive: Callable[[str], bool], now: Callable[[], datetime]) -> None:
        self._service, self._database = service, service.database
        self._worker, self._alive, self._now = worker, alive, now
        self._running: set[JobId] = set()
        self._lock = Lock()
        self._stopped = False

    def run(self, job: JobId) -> None:
        """Bring the job to its end, from whatever state it is in. Does nothing for one that is over, or that another process runs.

        Errors: Refusal of LOST: call it again later.
        """
        with self._lock:
            if self._stopped or job in self._running:
                return
            self._running.add(job)
        try:
            with self._database.reading() as run:
                record = read_job(run, job)
            if record.state is RunState.RECEIVED:
                self._begin(record)
            elif record.over_at is None and (record.worker == self._worker or not self._alive(record.worker or "")):
                self._resume(record)
        finally:
            with self._lock:
                self._running.discard(job)

    def recover(self) -> None:
        """Write the end of jobs that this process charged and runs no more: the database was lost when they ended. Nobody asks again."""
        with self._database.reading() as run:
            begun = [JobId(text(name)) for (name,) in run.rows(BEGUN_BY, {"me": self._worker})]
        for job in begun:
            self.run(job)

    def stop(self) -> None:
        """Begin no other job."""
        with self._lock:
            self._stopped = True

    def running(self) -> int:
        """How many run. When the process ends before they do, the next start closes their charges."""
        with self._lock:
            return len(self._running)

    def _begin(self, record: JobRecord) -> None:
        """Its turn: is she still who she was, may she still ask? From here on it cannot be cancelled."""
        try:
            asker = self._service.check_job(record)
        except Refusal as refusal:
            self._refused(record, refusal)
            return
        values = {"me": self._worker, "account": account_of(record.permit)}
        with self._database.transaction() as run:
            record = moved(run, record, RunEvent.ADMIT, actor=NODE, at=self._now(), sql=ADMIT, values=values)
        self._ask(record, asker)

    def _resume(self, record: JobRecord) -> None:
        """What a process left that ended, or that failed to write the end. Its charge is closed first, so that it can never settle."""
        self._service.recover()
        with self._database.transaction() as run:
            values = {"id": record.id, "was": record.state.value, "worker": record.worker, "me": self._worker}
            untouched = record.state is RunState.ADMITTED and not charged(run, record)
            if run.change(TAKE_OVER, {**values, "account": account_of(record.permit)}) != 1:
                return
            record = read_job(run, record.id)
        try:
            asker = self._service.check_job(record)
            if untouched:
                self._ask(record, asker)
                return
            answered = self._service.recall(asker, asked=self._service.asked_of(record))
        except Refusal as refusal:
            if refusal.code in LOST:
                raise
            if untouched:
                self._refused(record, refusal)
            else:  # the rows never came, or are not for her any more
                self._failed(record, fault=_fault(record, cause="its process ended"))
        else:
            self._finished(record, answered)

    def _ask(self, record: JobRecord, asker: Asker) -> None:
        now_is = [record]

        def stands() -> None:
            if now_is[0].state is RunState.ADMITTED:  # the first charge, where subqueries have their own
                now_is[0] = self._started(now_is[0])

        try:
            answered = self._service.ask(asker, asked=self._service.asked_of(record), on_charge=stands)
        except Refusal as refusal:
            if refusal.code in LOST:
                raise
            if now_is[0].state is RunState.ADMITTED:
                self._refused(record, refusal)
            else:
                self._failed(now_is[0], refusal=refusal)
        except Fault as fault:
            self._failed(now_is[0], fault=fault.id)
        except Exception as error:  # noqa: BLE001 - an error of ours must not leave the job open for ever; its text may hold rows
            self._failed(now_is[0], fault=_fault(record, cause=type(error).__name__))
        else:
            self._finished(now_is[0], answered)

    def _started(self, record: JobRecord) -> JobRecord:
        """The charge stands: durable before data is touched. When the answer leaves is public from now on."""
        lasts = timedelta(milliseconds=record.predicted_ms)
        return self._moved(record, (RunEvent.RESERVE, RunEvent.START), lasts=lasts)

    def _finished(self, record: JobRecord, answered: Answered) -> None:
        values: Mapping[str, Value] = {
            **NO_END, "digest": answered.digest, "cost_nrho": answered.cost_nrho, "cost_delta": answered.cost_delta_units,
            "recalled": int(answered.recalled),
        }  # fmt: skip
        events = (RunEvent.RESERVE, RunEvent.START, RunEvent.FINISH, RunEvent.SETTLE)
        self._moved(record, events if record.state is RunState.ADMITTED else events[2:], values=values)

    def _failed(self, record: JobRecord, *, fault: str | None = None, refusal: Refusal | None = None) -> None:
        values = {**NO_END, "fault": fault, "refusal": None if refusal is None else written_refusal(refusal)}
        events = (RunEvent.RESERVE, RunEvent.FAIL, RunEvent.SETTLE)
        self._moved(record, events if record.state is RunState.ADMITTED else events[1:], values=values)

    def _refused(self, record: JobRecord, refusal: Refusal) -> None:
        if refusal.code in LOST:
            raise refusal
        self._moved(record, (RunEvent.REFUSE,), values={**NO_END, "refusal": written_refusal(refusal)})

    def _moved(
        self, record: JobRecord, events: tuple[RunEvent, ...], *, values: Mapping[str, Value] = NO_END, lasts: timedelta = AT_ONCE
    ) -> JobRecord:
        """Several events, all or none; a microsecond apart, so that their notes stand in order."""
        begun = self._now()
        with self._database.transaction() as run:
            for number, event in enumerate(events):
                at = begun + timedelta(microseconds=number)
                if event is RunEvent.START:
                    started: dict[str, Value] = {"ready_at": moment(at + lasts)}
                    record = moved(run, record, event, actor=NODE, at=at, sql=START, values=started)
                elif event in (RunEvent.REFUSE, RunEvent.SETTLE):
                    record = moved(run, record, event, actor=NODE, at=at, sql=END, values=values)
                else:
                    record = moved(run, record, event, actor=NODE, at=at)
        return record


def _fault(record: JobRecord, *, cause: str) -> str:
    """A random number for outside, and the cause under it in the node's own journal."""
    fault = secrets.token_hex(8)
    structlog.get_logger("amana.node").error("job", job=record.id, fault=fault, cause=cause)
    return fault
