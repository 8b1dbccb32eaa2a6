"""What somebody asked: a question is written down before it is put, and its answer after it.

A crash between the two leaves a question without an answer, which is put again when she wants it: what was paid is recalled, and
never paid twice. Rows of answers are in the ledger for good; what is kept here is for looking at them again, up to a limit.
"""

import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, cast, final

from amana.client.result import Result, read_result
from amana.client.wire import write_rows
from amana.node.answers import Answered
from amana.node.jobs import JobView
from amana.node.results import limited, result_of
from amana.policy.people import Asker
from amana.policy.projects import Job
from amana.policy.rights import Action, check
from amana.policy.transitions import RUN
from amana.terms.database import Row, Value, moment, text, text_or_none
from amana.terms.ids import JobId, PermitId, PersonId
from amana.terms.refusal import Fault, Refusal

if TYPE_CHECKING:
    from amana.node.service import Asked, Service

ROWS_MAX = 500
"""Questions of one person that are remembered; the oldest goes first."""
BYTES_MAX = 64_000_000
"""Of all answers of one person that are kept; the one that was kept first goes first, its question stays."""
ANSWER_BYTES_MAX = 16_000_000
"""Of one answer that is kept."""
PAGE_MAX = 50
LATEST = ("9999", "")
"""Before the first page: sorts after every question."""
COLUMNS = "SELECT id, person, permit, sql, within, serving, asked_at, state, job, answer FROM asked "
ONE = COLUMNS + "WHERE id = :id AND person = :person"
SAME = COLUMNS + "WHERE person = :person AND fingerprint = :fingerprint"
PAGE = """SELECT id, person, permit, sql, within, serving, asked_at, state, job, NULL FROM asked
WHERE person = :person AND (asked_at < :at OR (asked_at = :at AND id < :id)) ORDER BY asked_at DESC, id DESC LIMIT :limit"""
INSERT = """INSERT INTO asked (id, person, fingerprint, permit, sql, within, serving, asked_at, state)
VALUES (:id, :person, :fingerprint, :permit, :sql, :within, :serving, :at, 'asked') ON CONFLICT DO NOTHING"""
ANEW = """UPDATE asked SET state = 'asked', asked_at = :at, job = NULL
WHERE id = :id AND state = :was AND asked_at = :asked_at"""
ANSWERED = """UPDATE asked SET state = 'answered', permit = :permit, answer = :answer, answer_bytes = :bytes, kept_at = :at
WHERE id = :id AND (state <> 'answered' OR answer IS NULL)"""
QUEUED = "UPDATE asked SET state = 'queued', job = :job WHERE id = :id AND state = 'asked'"
LOST = "UPDATE asked SET state = 'lost' WHERE id = :id AND state = 'asked'"
FORGET = "DELETE FROM asked WHERE id = :id AND state = 'asked' AND asked_at = :asked_at"
FORGET_OLD = """DELETE FROM asked WHERE person = :person AND id NOT IN (
    SELECT id FROM asked WHERE person = :person ORDER BY asked_at DESC, id DESC LIMIT :most)"""
DROP_OLD = """UPDATE asked SET answer = NULL, answer_bytes = 0 WHERE person = :person AND id IN (SELECT id FROM (
    SELECT id, SUM(answer_bytes) OVER (ORDER BY kept_at DESC, id DESC) AS total FROM asked WHERE person = :person) AS sums
    WHERE total > :most)"""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class AskedRecord:
    """A question of somebody's. `state`: asked, queued (a job), answered, or lost (paid, and its rows never come). `serving`: the
    versions that served. `answer`: None where it is not kept, or not any more; lists do not bring it."""

    id: str
    person: PersonId
    permit: PermitId | None
    sql: str
    within: str
    serving: str
    asked_at: datetime
    state: str
    job: JobId | None
    answer: str | None

    @property
    def place(self) -> tuple[str, str]:
        """Where it stands in a list."""
        return moment(self.asked_at), self.id

    def result(self, *, language: str) -> Result | None:
        """The answer that is kept."""
        return None if self.answer is None else read_result(cast("Mapping[str, object]", json.loads(self.answer)), language=language)


@final
class History:
    """The questions of each person, which nobody else sees. Errors: as `policy.rights.check`, and node.not_found."""

    def __init__(self, service: "Service", *, now: Callable[[], datetime]) -> None:
        self._service, self._database, self._now = service, service.database, now

    def ask(self, asker: Asker, *, asked: "Asked") -> str:
        """Put a question, and give the id under which it stands here. The same question again is the same one: what is answered is not
        put again, what was cut off is never paid twice. Errors: Refusal and Fault, as `Service.put`."""
        _check(asker, now=self._now())
        record, first = self._begun(asker, asked)
        if record.state == "queued" and not self._failed(asker, record):
            return record.id
        if record.state in {"queued", "lost"}:
            record, first = self._anew(record), True
        if record.answer is None:
            self._put(asker, record, asked=asked, first=first)
        return record.id

    def again(self, asker: Asker, *, id: str) -> None:
        """Get the answer to a question that has none here: what was released is recalled.

        Errors: Refusal history.republished when other data serve now, so that it would be another question; as `ask`.
        """
        record = self.read(asker, id=id)
        if record.serving != self._serving():
            raise Refusal("history.republished")
        if record.answer is None and record.state in {"asked", "answered"}:
            self._put(asker, record, asked=self.asked_of(record), first=False)

    def read(self, asker: Asker, *, id: str) -> AskedRecord:
        """One of the asker's own; another's is as one that is not there."""
        _check(asker, now=self._now())
        with self._database.reading() as run:
            found = run.rows(ONE, {"id": id, "person": asker.person.id})
        if not found:
            raise Refusal("node.not_found", thing="word.thing.question", name=id[:80])
        return _record(found[0])

    def looked(self, asker: Asker, *, id: str) -> tuple[AskedRecord, JobView | None]:
        """The same, and how far its job is, where it is a job: what a job answered meanwhile is kept."""
        record = self.read(asker, id=id)
        if record.state != "queued":
            return record, None
        assert record.job is not None
        view = self._service.jobs.job(asker, job=record.job)
        if view.state != "done":
            return record, view
        self._keep(record, self._service.jobs.answer(asker, job=record.job))
        return self.read(asker, id=id), None

    def page(self, asker: Asker, *, before: tuple[str, str] = LATEST, limit: int = PAGE_MAX) -> tuple[AskedRecord, ...]:
        """The asker's own, the latest first, without their answers. `before`: `place` of the last one of the page before."""
        _check(asker, now=self._now())
        place: dict[str, Value] = {"person": asker.person.id, "at": before[0], "id": before[1], "limit": min(limit, PAGE_MAX)}
        with self._database.reading() as run:
            return tuple(_record(row) for row in run.rows(PAGE, place))

    def serves(self, record: AskedRecord) -> bool:
        """Whether the data are still those that it was asked of."""
        return record.serving == self._serving()

    def asked_of(self, record: AskedRecord) -> "Asked":
        """The question, as it was put."""
        from amana.node.service import Asked  # the floor above this one

        return Asked(sql=record.sql, within=record.within, permit=record.permit)

    def _begun(self, asker: Asker, asked: "Asked") -> tuple[AskedRecord, bool]:
        """The question's row, and whether it was made now."""
        assert asked.share is None and asked.allowance is None
        serving, person = self._serving(), asker.person.id
        parts = (asked.sql, asked.within, asked.permit or "", serving)
        fingerprint = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
        made: dict[str, Value] = {
            "id": f"q-{secrets.token_hex(8)}", "person": person, "fingerprint": fingerprint, "permit": asked.permit, "sql": asked.sql,
            "within": asked.within, "serving": serving, "at": moment(self._now()),
        }  # fmt: skip
        with self._database.transaction() as run:
            first = run.change(INSERT, made) == 1
            if first:
                run.change(FORGET_OLD, {"person": person, "most": ROWS_MAX})
            return _record(run.rows(SAME, {"person": person, "fingerprint": fingerprint})[0]), first

    def _put(self, asker: Asker, record: AskedRecord, *, asked: "Asked", first: bool) -> None:
        try:
            found = self._service.put(asker, asked=asked, since=None if first else record.asked_at)
        except Refusal:
            if first:  # nothing was done; but what an earlier attempt may have done is not forgotten
                self._change(FORGET, {"id": record.id, "asked_at": moment(record.asked_at)})
            raise
        except Fault:
            if self._service.lost(asker, asked=asked, since=record.asked_at):
                self._change(LOST, {"id": record.id})
            raise
        if isinstance(found, JobView):
            self._change(QUEUED, {"id": record.id, "job": found.record.id})
        else:
            self._keep(record, found)

    def _keep(self, record: AskedRecord, answer: Answered) -> None:
        result = limited(result_of(answer, language="en"), rows_max=self._service.settings.http_rows_max)
        written = json.dumps({**result.head(), "rows": write_rows(result.table)}, ensure_ascii=False, allow_nan=False)
        size = len(written.encode())
        small = size <= ANSWER_BYTES_MAX
        kept: dict[str, Value] = {"answer": written if small else None, "bytes": size if small else 0}
        kept |= {"id": record.id, "permit": answer.permit, "at": moment(self._now())}
        with self._database.transaction() as run:
            run.change(ANSWERED, kept)
            run.change(DROP_OLD, {"person": record.person, "most": BYTES_MAX})

    def _failed(self, asker: Asker, record: AskedRecord) -> bool:
        """Whether its job ended without an answer, or is forgotten."""
        assert record.job is not None
        try:
            return self._service.jobs.job(asker, job=record.job).state in {"failed", "cancelled"}
        except Refusal as refusal:
            if refusal.code != "node.not_found":
                raise
            return True

    def _anew(self, record: AskedRecord) -> AskedRecord:
        """A question whose last attempt is over without an answer, as if it were put for the first time. Errors: Refusal
        node.changed_meanwhile."""
        at = self._now()
        if self._change(ANEW, {"id": record.id, "was": record.state, "asked_at": moment(record.asked_at), "at": moment(at)}) != 1:
            raise Refusal("node.changed_meanwhile")
        return replace(record, state="asked", asked_at=at, job=None)

    def _change(self, sql: str, values: Mapping[str, Value]) -> int:
        with self._database.transaction() as run:
            return run.change(sql, values)

    def _serving(self) -> str:
        return " ".join(sorted(version.id for version in self._service.versions()))


def _check(asker: Asker, *, now: datetime) -> None:
    """Whoever may see what she asked at all: as of jobs."""
    check(Action.SEE_JOB, asker, on=Job(id=JobId(""), owner=asker.person.id, state=RUN.start), now=now)


def _record(row: Row) -> AskedRecord:
    name, person, permit, sql, within, serving, asked_at, state, job, answer = row
    return AskedRecord(
        id=text(name),
        person=PersonId(text(person)),
        permit=None if permit is None else PermitId(text(permit)),
        sql=text(sql),
        within=text(within),
        serving=text(serving),
        asked_at=datetime.fromisoformat(text(asked_at)),
        state=text(state),
        job=None if job is None else JobId(text(job)),
        answer=text_or_none(answer),
    )
