"""The programme as this node shows it: the adopted plan, evaluated over its own log as anybody evaluates a copy."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from threading import Lock
from typing import final

from amana.log.documents import digest_of
from amana.log.quorum import Policy
from amana.programme.evaluate import Brought, Evaluation, Evaluator
from amana.programme.plan import Plan
from amana.programme.plan_file import read_document
from amana.terms.database import Database, Transaction, Value, moment, text, whole
from amana.terms.refusal import Refusal

ADOPTED = """SELECT plan_version.digest, document.content FROM plan_version JOIN document ON document.digest = plan_version.digest
WHERE plan_version.state = 'adopted' ORDER BY plan_version.decided_at DESC LIMIT 1"""
DOCUMENT = "SELECT content FROM document WHERE digest = :digest"
CHANGES = """SELECT commitment, number, status, at, log_size FROM status_change WHERE plan = :plan ORDER BY at DESC, commitment, number DESC
LIMIT :limit"""
LATEST = """SELECT commitment, number, status FROM status_change WHERE plan = :plan AND number = (
    SELECT MAX(other.number) FROM status_change AS other
    WHERE other.plan = status_change.plan AND other.commitment = status_change.commitment)"""
CHANGE = """INSERT INTO status_change (plan, commitment, number, status, at, log_size)
VALUES (:plan, :commitment, :number, :status, :at, :size) ON CONFLICT DO NOTHING"""
CHANGES_MAX = 500
LONG, REST = timedelta(seconds=0.5), 10
"""An evaluation that takes so long is good for so many times as long, while only other entries come."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The status of a commitment became another one. `size`: of the log from which that was computed."""

    commitment: str
    status: str
    at: datetime
    size: int


@final
class ProgrammeState:
    """Thread-safe. `entries`: those of the log from an index on; `policy`: whose receipts count."""

    def __init__(
        self, database: Database, now: Callable[[], datetime], *, entries: Callable[[int], Iterator[bytes]], policy: Callable[[], Policy]
    ) -> None:
        self._database, self._now, self._entries, self._policy = database, now, entries, policy
        self._lock = Lock()
        self._evaluator: Evaluator | None = None
        self._digest = ""
        self._known: Evaluation | None = None
        self._took, self._ended, self._told = timedelta(0), now(), 0
        """How long the last evaluation took, when it ended, and how much had been told of the plan."""

    def plan(self) -> Plan | None:
        """The plan that was adopted last; None before the first."""
        with self._lock:
            evaluator = self._current()
            return None if evaluator is None else evaluator.plan

    def evaluation(self) -> Evaluation:
        """Where every commitment stands now. Errors: Refusal programme.none_adopted."""
        with self._lock:
            return self._evaluated()[0]

    def brought(self) -> Brought:
        """What the log says of plan and evidence. Errors: Refusal programme.none_adopted."""
        with self._lock:
            return self._evaluated()[1].brought

    def document(self, digest: str) -> bytes | None:
        """A public document; None where there is none, or another one under its name."""
        with self._database.reading() as run:
            rows = run.rows(DOCUMENT, {"digest": digest})
        content = text(rows[0][0]).encode() if rows else None
        return content if content is not None and digest_of(content) == digest else None

    def note_changes(self) -> int:
        """Keep which statuses became others since the last time, and tell how many."""
        try:
            found = self.evaluation()
        except Refusal:
            return 0
        values: dict[str, Value] = {"plan": found.plan.id, "at": moment(self._now()), "size": found.size}
        with self._database.transaction() as run:
            latest = {text(name): (whole(number), text(status)) for name, number, status in run.rows(LATEST, {"plan": found.plan.id})}
            changed = 0
            for standing in found.standings:
                number, status = latest.get(standing.commitment.id, (0, ""))
                if status != standing.status.value:
                    row = {**values, "commitment": standing.commitment.id, "number": number + 1, "status": standing.status.value}
                    changed += run.change(CHANGE, row)
        return changed

    def changes(self, plan: str, *, limit: int = CHANGES_MAX) -> tuple[Change, ...]:
        """The latest changes of status, the newest first."""
        with self._database.reading() as run:
            return tuple(
                Change(commitment=text(name), status=text(status), at=datetime.fromisoformat(text(at)), size=whole(size))
                for name, _, status, at, size in run.rows(CHANGES, {"plan": plan, "limit": min(limit, CHANGES_MAX)})
            )

    def _evaluated(self) -> tuple[Evaluation, Evaluator]:
        evaluator = self._current()
        if evaluator is None:
            raise Refusal("programme.none_adopted")
        today = self._today()
        if evaluator.day > today.isoformat():  # a clock that was ahead went back
            self._evaluator = None
            evaluator = self._current()
            assert evaluator is not None, "a plan stays adopted until another one is"
        for index, entry in enumerate(self._entries(evaluator.size), start=evaluator.size):
            if not evaluator.add(index, entry, until=today):
                break  # of a day to come: a clock was wrong, and on a copy it does not count today either
        if self._known is None or (self._known.size, self._known.today) != (evaluator.size, today) and not self._rests(evaluator, today):
            begun = self._now()
            self._known = evaluator.evaluation(today=today, policy=self._policy())
            self._ended, self._told = self._now(), len(evaluator.brought.history)
            self._took = self._ended - begun
        return self._known, evaluator

    def _rests(self, evaluator: Evaluator, today: date) -> bool:
        """Whether what was evaluated last is still good enough: each question grows the log, and pages must not cost more than questions.
        What people do with the plan is seen at once."""
        assert self._known is not None
        same = self._known.today == today and self._told == len(evaluator.brought.history)
        return same and self._took > LONG and abs(self._now() - self._ended) < REST * self._took

    def _current(self) -> Evaluator | None:
        """Of the plan that is adopted now; made anew where another one was adopted."""
        with self._database.reading() as run:
            found = _adopted(run)
        if found is None:
            return None
        digest, content = found
        if self._evaluator is None or digest != self._digest:
            self._evaluator = Evaluator(read_document(content), read=self.document)
            self._digest, self._known = digest, None
        return self._evaluator

    def _today(self) -> date:
        return self._now().astimezone(UTC).date()


def _adopted(run: Transaction) -> tuple[str, bytes] | None:
    rows = run.rows(ADOPTED, {})
    return (text(rows[0][0]), text(rows[0][1]).encode()) if rows else None
