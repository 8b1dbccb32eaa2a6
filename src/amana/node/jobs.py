"""Long questions as jobs: put in the queue, looked at, cancelled before their turn, answered from the ledger.

How far a job is, is told by its schedule and never by its data (PRIVACY 8).
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, final

from amana.node.answers import Answered
from amana.node.job_rows import BEFORE, END, NO_END, OF_OWNER, OPEN, OPEN_COUNTS, PURGE, JobRecord, insert, moved, read_job, record_of
from amana.policy.people import Asker
from amana.policy.projects import Job
from amana.policy.rights import Action, check
from amana.policy.transitions import RUN, RunEvent, RunState
from amana.terms.database import Value, moment, text, whole
from amana.terms.ids import JobId, PersonId
from amana.terms.refusal import Fault, Refusal

if TYPE_CHECKING:
    from amana.node.service import Asked, Service

PAGE_MAX = 200
LATEST = ("9999", "")
"""Before the first page: sorts after every job."""
ALMOST = 0.99
"""What a job shows whose schedule is over while its last word is not written yet."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class JobView:
    """How far a job is. `state`: queued, running, done, failed or cancelled. `stage`: queued, checking, reserved, running, released or
    stopped. `position`: in the queue, from 1; None when it does not wait. `progress`: 0 to 1, by schedule."""

    record: JobRecord
    state: str
    stage: str
    progress: float
    position: int | None

    @property
    def place(self) -> tuple[str, str]:
        """Where it stands in a list of jobs."""
        return moment(self.record.made_at), self.record.id

    @property
    def over(self) -> bool:
        """Whether nothing of it will change any more."""
        return self.record.over_at is not None


@final
class Jobs:
    """The jobs of this node. Errors: as `policy.rights.check`, and node.not_found."""

    def __init__(self, service: "Service", *, now: Callable[[], datetime]) -> None:
        self._service, self._database, self._now = service, service.database, now
        self.on_submit: Callable[[JobId], None] = _nothing
        """Told of each new job: the queue of this process, once it runs."""

    def submit(self, asker: Asker, asked: "Asked", *, dataset: str, seconds: float) -> JobView:
        """Put a question in the queue. It was checked, and `asked.permit` is known; both are checked again at its turn.

        Errors: Refusal job.too_many_of_one, job.too_many.
        """
        assert asked.permit is not None
        settings, at = self._service.settings, self._now()
        record = JobRecord(
            id=JobId(f"j-{secrets.token_hex(8)}"), owner=asker.person.id, token=asker.token and asker.token.id,
            permit=asked.permit, dataset=dataset,
            sql=asked.sql, within=asked.within, share=asked.share, allowance=asked.allowance, predicted_ms=round(1e3 * seconds),
            made_at=at, state=RUN.start,
        )  # fmt: skip
        with self._database.transaction() as run:
            everybody, hers = (whole(count) for count in run.rows(OPEN_COUNTS, {"owner": asker.person.id})[0])
            if hers >= settings.jobs_person_max:
                raise Refusal("job.too_many_of_one", open=hers, most=settings.jobs_person_max)
            if everybody >= settings.jobs_open_max:
                raise Refusal("job.too_many", most=settings.jobs_open_max)
            insert(run, record)
        self.on_submit(record.id)
        return self._view(record)

    def job(self, asker: Asker | None, *, job: JobId) -> JobView:
        """One of the asker's own; another's is as one that is not there."""
        return self._view(self._read(Action.SEE_JOB, asker, job))

    def jobs(self, asker: Asker | None, *, before: tuple[str, str] = LATEST, limit: int = PAGE_MAX) -> tuple[JobView, ...]:
        """The asker's own, the latest first. `before`: `place` of the last one of the page before."""
        owner = self._owner(Action.SEE_JOB, asker)
        page: dict[str, Value] = {"owner": owner, "at": before[0], "id": before[1], "limit": min(limit, PAGE_MAX)}
        with self._database.reading() as run:
            found = [record_of(row) for row in run.rows(OF_OWNER, page)]
        return tuple(self._view(record) for record in found)

    def same(self, asker: Asker, asked: "Asked", *, since: datetime) -> JobView | None:
        """The job that she made of this very question since then, if she did: for a request that is sent again after a crash."""
        with self._database.reading() as run:
            rows = run.rows(OF_OWNER, {"owner": asker.person.id, "at": LATEST[0], "id": LATEST[1], "limit": PAGE_MAX})
        for record in map(record_of, rows):
            put = (record.sql, record.within, record.share, record.allowance) == (asked.sql, asked.within, asked.share, asked.allowance)
            if put and record.made_at >= since and asked.permit in (None, record.permit):
                return self._view(record)
        return None

    def open(self) -> tuple[JobId, ...]:
        """All that are not over, the first first: for the queue."""
        with self._database.reading() as run:
            return tuple(JobId(text(name)) for (name,) in run.rows(OPEN, {}))

    def cancel(self, asker: Asker | None, *, job: JobId) -> JobView:
        """Stop it before its turn: then nothing is charged. Errors: Refusal lifecycle.not_possible, job.begun."""
        record, at = self._read(Action.CANCEL_JOB, asker, job), self._now()
        assert asker is not None
        if record.state is not RunState.RECEIVED:  # a process is about to charge it, and cannot be called back any more
            raise Refusal("job.begun", job=record.id)
        try:
            with self._database.transaction() as run:
                moved(run, record, RunEvent.CANCEL, actor=asker.person.id, at=at, sql=END, values=NO_END)
                return self._view(read_job(run, job))
        except Refusal as refusal:
            if refusal.code != "node.changed_meanwhile":
                raise
            raise Refusal("job.begun", job=record.id) from None

    def answer(self, asker: Asker | None, *, job: JobId) -> Answered:
        """The rows of a job that is done, recalled from the ledger: a logged use, free like any recall (PRIVACY 13).

        Errors: Refusal job.not_over, job.cancelled, job.superseded; of a failed job, the refusal or Fault that ended it.
        """
        record = self._read(Action.SEE_JOB, asker, job)
        if record.refusal is not None:
            raise record.refusal
        if record.fault is not None:
            raise Fault(id=record.fault)
        if record.state is RunState.CANCELLED:
            raise Refusal("job.cancelled", job=record.id)
        if record.digest is None:
            raise Refusal("job.not_over", job=record.id)
        try:
            answered = self._service.recall(asker, asked=self._service.asked_of(record))
        except Refusal as refusal:
            if refusal.code != "ask.not_answered":
                raise
            raise Refusal("job.superseded", job=record.id, dataset=record.dataset) from None
        cost_nrho, cost_delta_units = record.cost_nrho, record.cost_delta_units  # what it cost when it ran
        return replace(answered, cost_nrho=cost_nrho, cost_delta_units=cost_delta_units, recalled=record.recalled)

    def purge(self, *, older_than: timedelta) -> int:
        """Forget jobs that were over long ago; what they cost and released stays in the ledger, and their notes in the audit."""
        with self._database.transaction() as run:
            return run.change(PURGE, {"before": moment(self._now() - older_than)})

    def _read(self, action: Action, asker: Asker | None, job: JobId) -> JobRecord:
        owner = self._owner(action, asker)
        with self._database.reading() as run:
            record = read_job(run, job, owner=owner)
        check(action, asker, on=record.job, now=self._now())
        return record

    def _owner(self, action: Action, asker: Asker | None) -> PersonId:
        """Whose jobs are meant. Errors: for whoever may do this to no job at all, before any is looked for."""
        owner = PersonId("") if asker is None else asker.person.id
        check(action, asker, on=Job(id=JobId(""), owner=owner, state=RUN.start), now=self._now())
        return owner

    def _view(self, record: JobRecord) -> JobView:
        position = None
        if record.state is RunState.RECEIVED:
            with self._database.reading() as run:
                before = run.rows(BEFORE, {"at": moment(record.made_at), "id": record.id})
            position = 1 + whole(before[0][0])
        state, stage = _told(record)
        return JobView(record=record, state=state, stage=stage, progress=_progress(record, now=self._now()), position=position)


def _told(record: JobRecord) -> tuple[str, str]:
    match record.state:
        case RunState.RECEIVED:
            return "queued", "queued"
        case RunState.ADMITTED:
            return "running", "checking"
        case RunState.RESERVED:
            return "running", "reserved"
        case RunState.RUNNING:
            return "running", "running"
        case RunState.CANCELLED:
            return "cancelled", "stopped"
        case RunState.REFUSED | RunState.FAILED:
            return "failed", "stopped"
        case RunState.DONE | RunState.SETTLED:
            return ("done", "released") if record.digest is not None else ("failed", "stopped")


def _progress(record: JobRecord, *, now: datetime) -> float:
    if record.digest is not None:
        return 1.0
    if record.started_at is None or record.ready_at is None or record.over_at is not None:
        return 0.0
    whole_s = (record.ready_at - record.started_at).total_seconds()
    return max(0.0, min(ALMOST, (now - record.started_at).total_seconds() / max(whole_s, 1e-3)))


def _nothing(_: JobId) -> None:
    """No queue runs in this process."""
