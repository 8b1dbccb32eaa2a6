"""Jobs as the database holds them. A job moves by one conditional statement that names the state it leaves, with a note of it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from types import MappingProxyType
from typing import cast, final

from amana.node.audit import note
from amana.node.project_rows import swapped
from amana.node.public_record import OF_FAULTS, Told, is_paused, note_run
from amana.policy.projects import Job
from amana.policy.transitions import RUN, RunEvent, RunState, move
from amana.terms.database import Row, Transaction, Value, moment, moment_or_none, text, text_or_none, whole
from amana.terms.ids import DeltaUnits, Digest, JobId, NanoRho, PermitId, PersonId, TokenId
from amana.terms.refusal import Place, Refusal

COLUMNS = """SELECT id, owner, token, permit, dataset, sql, within, share, allowance, predicted_ms, made_at, state, worker,
charges_before, started_at, ready_at, over_at, digest, cost_nrho, cost_delta, recalled, refusal, fault FROM job """
JOB = COLUMNS + "WHERE id = :id"
OF_OWNER = (
    COLUMNS
    + """WHERE owner = :owner AND (made_at < :at OR (made_at = :at AND id < :id))
ORDER BY made_at DESC, id DESC LIMIT :limit"""
)
OPEN = "SELECT id FROM job WHERE over_at IS NULL ORDER BY made_at, id"
BEGUN_BY = "SELECT id FROM job WHERE over_at IS NULL AND worker = :me AND state <> 'admitted' ORDER BY made_at, id"
OPEN_COUNTS = """SELECT CAST(COUNT(*) AS INTEGER), CAST(COALESCE(SUM(CASE WHEN owner = :owner THEN 1 ELSE 0 END), 0) AS INTEGER)
FROM job WHERE over_at IS NULL"""
BEFORE = """SELECT CAST(COUNT(*) AS INTEGER) FROM job WHERE over_at IS NULL AND state = 'received'
AND (made_at < :at OR (made_at = :at AND id < :id))"""
CHARGES = "SELECT CAST(COUNT(*) AS INTEGER) FROM charge WHERE permit = :account AND worker = :worker"
INSERT = """INSERT INTO job (id, owner, token, permit, dataset, sql, within, share, allowance, predicted_ms, made_at, state)
VALUES (:id, :owner, :token, :permit, :dataset, :sql, :within, :share, :allowance, :predicted_ms, :at, :to)"""
MOVE = "UPDATE job SET state = :to WHERE id = :id AND state = :was AND COALESCE(worker, '') = :worker"
ADMIT = """UPDATE job SET state = :to, worker = :me, charges_before = (
    SELECT COUNT(*) FROM charge WHERE permit = :account AND worker = :me)
WHERE id = :id AND state = :was AND worker IS NULL"""
START = """UPDATE job SET state = :to, started_at = :at, ready_at = :ready_at
WHERE id = :id AND state = :was AND COALESCE(worker, '') = :worker"""
END = """UPDATE job SET state = :to, over_at = :at, digest = :digest, cost_nrho = :cost_nrho, cost_delta = :cost_delta,
recalled = :recalled, refusal = :refusal, fault = :fault WHERE id = :id AND state = :was AND COALESCE(worker, '') = :worker"""
TAKE_OVER = """UPDATE job SET worker = :me, charges_before = (SELECT COUNT(*) FROM charge WHERE permit = :account AND worker = :me)
WHERE id = :id AND state = :was AND worker = :worker"""
PURGE = "DELETE FROM job WHERE over_at < :before"
TOLD = frozenset({RunEvent.ADMIT, RunEvent.REFUSE, RunEvent.CANCEL})
"""What the public log is told: nothing after the charge, which the use itself tells."""
NO_RHO, NO_DELTA = NanoRho(0), DeltaUnits(0)
NONE: Mapping[str, Value] = MappingProxyType({})
NO_END: Mapping[str, Value] = MappingProxyType(dict.fromkeys(("digest", "cost_nrho", "cost_delta", "recalled", "refusal", "fault")))


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class JobRecord:
    """One long question. `allowance`: as in `Asked`; `charges_before`: how often its process had charged its permit when its turn came;
    `ready_at`: when its answer leaves, by schedule; `cost_nrho`, `cost_delta_units`, `recalled`: of its answer."""

    id: JobId
    owner: PersonId
    token: TokenId | None
    permit: PermitId
    dataset: str
    sql: str
    within: str
    share: str | None
    allowance: tuple[str, Fraction] | None
    predicted_ms: int
    made_at: datetime
    state: RunState
    worker: str | None = None
    charges_before: int = 0
    started_at: datetime | None = None
    ready_at: datetime | None = None
    over_at: datetime | None = None
    digest: Digest | None = None
    cost_nrho: NanoRho = NO_RHO
    cost_delta_units: DeltaUnits = NO_DELTA
    recalled: bool = False
    refusal: Refusal | None = None
    fault: str | None = None

    @property
    def job(self) -> Job:
        """As the rules of policy see it."""
        return Job(id=self.id, owner=self.owner, state=self.state)


def read_job(run: Transaction, job: JobId, *, owner: PersonId | None = None) -> JobRecord:
    """`owner`: whose it has to be. Errors: Refusal node.not_found."""
    found = [record_of(row) for row in run.rows(JOB, {"id": job})]
    if not found or owner not in (None, found[0].owner):
        raise Refusal("node.not_found", thing="word.thing.job", name=job[:80])
    return found[0]


def insert(run: Transaction, record: JobRecord) -> None:
    """A new job, with the note that it was received."""
    run.change(
        INSERT,
        {
            "id": record.id, "owner": record.owner, "token": record.token, "permit": record.permit,
            "dataset": record.dataset, "sql": record.sql, "within": record.within, "share": record.share,
            "allowance": None if record.allowance is None else json.dumps([record.allowance[0], str(record.allowance[1])]),
            "predicted_ms": record.predicted_ms, "at": moment(record.made_at), "to": record.state.value,
        },
    )  # fmt: skip
    _note(run, record.id, at=record.made_at, actor=record.owner, action="receive", was="", now_is=record.state.value)
    _tell(run, record, event="receive", at=record.made_at)


def moved(
    run: Transaction, record: JobRecord, event: RunEvent, *, actor: str, at: datetime, sql: str = MOVE, values: Mapping[str, Value] = NONE
) -> JobRecord:
    """Let the event happen to the job as it was read, and give it as it is then.

    Errors: Refusal lifecycle.not_possible, node.changed_meanwhile.
    """
    to = move(RUN, record.state, event=event)
    given: dict[str, Value] = {"id": record.id, "was": record.state.value, "to": to.value, "worker": record.worker or ""}
    swapped(run.change(sql, {**given, "at": moment(at), **values}))
    _note(run, record.id, at=at, actor=actor, action=event.value, was=record.state.value, now_is=to.value)
    done = read_job(run, record.id)
    if event in TOLD:
        _tell(run, done, event=event.value, at=at)
    return done


def _tell(run: Transaction, record: JobRecord, *, event: str, at: datetime) -> None:
    """Let the public log know; but not of a refusal that tells of faults."""
    code = 0 if record.refusal is None else record.refusal.number
    if record.refusal is not None and (record.refusal.code in OF_FAULTS or is_paused(run, record.permit)):
        return
    asked = Told(permit=record.permit, dataset=record.dataset, person=record.owner, sql=record.sql)
    note_run(run, record.id, event=event, asked=asked, code=code, at=at)


def charged(run: Transaction, record: JobRecord) -> bool:
    """Whether its process charged its permit since the turn of this job came: then the charge may be this job's. Charges are never
    removed."""
    assert record.worker is not None
    found = run.rows(CHARGES, {"account": account_of(record.permit), "worker": record.worker})
    return whole(found[0][0]) > record.charges_before


def account_of(permit: PermitId) -> str:
    """The permit's account in the ledger."""
    return f"permit {permit}"


def record_of(row: Row) -> JobRecord:
    """A row of COLUMNS."""
    (
        name, owner, token, permit, dataset, sql, within, share, allowance, predicted_ms, made_at, state, worker, charges_before,
        started_at, ready_at, over_at, digest, cost_nrho, cost_delta, recalled, refusal, fault,
    ) = row  # fmt: skip
    found_digest = text_or_none(digest)
    return JobRecord(
        id=JobId(text(name)),
        owner=PersonId(text(owner)),
        token=None if token is None else TokenId(text(token)),
        permit=PermitId(text(permit)),
        dataset=text(dataset),
        sql=text(sql),
        within=text(within),
        share=text_or_none(share),
        allowance=_allowance(text_or_none(allowance)),
        predicted_ms=whole(predicted_ms),
        made_at=datetime.fromisoformat(text(made_at)),
        state=RunState(text(state)),
        worker=text_or_none(worker),
        charges_before=0 if charges_before is None else whole(charges_before),
        started_at=moment_or_none(started_at),
        ready_at=moment_or_none(ready_at),
        over_at=moment_or_none(over_at),
        digest=None if found_digest is None else Digest(found_digest),
        cost_nrho=NO_RHO if cost_nrho is None else NanoRho(whole(cost_nrho)),
        cost_delta_units=NO_DELTA if cost_delta is None else DeltaUnits(whole(cost_delta)),
        recalled=recalled == 1,
        refusal=_refusal(text_or_none(refusal)),
        fault=text_or_none(fault),
    )


def written_refusal(refusal: Refusal) -> str:
    """As a column holds it: the code, its parameters and its place, all public."""
    where = refusal.where
    place = None if where is None else [where.line, where.column, where.length]
    return json.dumps({"code": refusal.code, "parameters": dict(refusal.parameters), "where": place}, ensure_ascii=False)


def _allowance(held: str | None) -> tuple[str, Fraction] | None:
    if held is None:
        return None
    token, share = cast("list[str]", json.loads(held))
    return token, Fraction(share)


def _refusal(held: str | None) -> Refusal | None:
    if held is None:
        return None
    found = cast("dict[str, object]", json.loads(held))
    where = cast("list[int] | None", found["where"])
    place = None if where is None else Place(line=where[0], column=where[1], length=where[2])
    return Refusal(cast("str", found["code"]), where=place, **cast("dict[str, str | int]", found["parameters"]))


def _note(run: Transaction, job: JobId, *, at: datetime, actor: str, action: str, was: str, now_is: str) -> None:
    note(run, at=at, actor=actor, action=action, thing="job", subject=job, was=was, now_is=now_is)
