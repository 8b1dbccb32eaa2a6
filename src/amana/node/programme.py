"""The national programme: a plan is adopted, its owners bring evidence, other organisations verify it. Nobody sets a status.

Each step is one transition with one entry of the public log; what it names is a public document.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from fractions import Fraction
from typing import TYPE_CHECKING, final

from amana.log.documents import DOCUMENT_BYTES_MAX
from amana.log.programme_kinds import VERDICTS
from amana.node.audit import note
from amana.node.outbox import TURN
from amana.node.people import find_organisation
from amana.node.programme_record import (
    keep_document,
    note_commitment,
    note_evidence,
    note_plan,
    note_release,
    note_teams,
    note_verification,
)
from amana.node.project_rows import swapped
from amana.node.release import release
from amana.policy.people import Asker
from amana.policy.rights import Action, check, may
from amana.policy.things import CommitmentOf, EvidenceOf, Node
from amana.programme.evidence import LINK_MAX, NOTE_MAX, TITLE_MAX, Evidence, Reasons, Shown, read_evidence, write_evidence, write_reasons
from amana.programme.plan import Commitment, Document, Indicator, Plan, value_of, written_of
from amana.programme.plan_document import write_document
from amana.programme.plan_file import HEX, read_plan
from amana.terms.database import Row, Transaction, Value, moment, text, text_or_none, whole
from amana.terms.ids import EvidenceId, OrganisationId, PersonId
from amana.terms.refusal import Refusal

if TYPE_CHECKING:
    from amana.node.service import Service

VERSIONS = "SELECT version, state FROM plan_version WHERE plan = :plan ORDER BY version"
ADD_VERSION = """INSERT INTO plan_version (plan, version, digest, state, until, decided_at)
VALUES (:plan, :version, :digest, 'adopted', :until, :at)"""
ADOPT = """UPDATE plan_version SET digest = :digest, state = 'adopted', until = :until, decided_at = :at
WHERE plan = :plan AND version = :version AND state = 'answered'"""
REPLACE = "UPDATE plan_version SET state = 'replaced' WHERE plan = :plan AND state = 'adopted'"
ADD = """INSERT INTO evidence (id, plan, version, commitment, indicator, held_on, basis, digest, owner, organisation, submitted_by,
submitted_at) VALUES (:id, :plan, :version, :commitment, :indicator, :on, :basis, :digest, :owner, :organisation, :person, :at)"""
_COLUMNS = """SELECT id, commitment, indicator, held_on, basis, digest, owner, organisation, submitted_by, submitted_at, verdict
FROM evidence"""
ONE = f"{_COLUMNS} WHERE id = :id"
WAITING = f"{_COLUMNS} WHERE verdict IS NULL AND basis = 'E3' ORDER BY submitted_at, id LIMIT :limit"
JUDGE = """UPDATE evidence SET verdict = :verdict, verified_by = :person, verifier = :organisation WHERE id = :id AND verdict IS NULL"""
DROPPED = "SELECT 1 FROM commitment_dropped WHERE plan = :plan AND commitment = :commitment"
ADOPTED = "SELECT 1 FROM plan_version WHERE plan = :plan AND version = :version AND state = 'adopted'"
DROP = "INSERT INTO commitment_dropped (plan, commitment) VALUES (:plan, :commitment) ON CONFLICT DO NOTHING"
RESUME = "DELETE FROM commitment_dropped WHERE plan = :plan AND commitment = :commitment"
WAITING_MAX = 200
REASONS_MAX = 2_000


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What a plan owner states for an indicator. `shown`: the document that the figure is in; None: a claim, which weighs nothing."""

    indicator: str
    on: date
    value: Fraction
    shown: Shown | None
    note: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Evidence as the node keeps it. `verdict`: None while nobody has verified it."""

    id: EvidenceId
    place: EvidenceOf
    commitment: str
    indicator: str
    on: date
    basis: str
    document: str
    submitted_at: datetime
    verdict: str | None


@final
class Programme:
    """What people do with the plan. Errors: every method raises the refusals of `policy.rights.check`, and node.not_found."""

    def __init__(self, service: "Service") -> None:
        self._service, self._database, self._now = service, service.database, service.now
        self._state = service.programme_state

    def adopt(self, asker: Asker | None, *, content: bytes) -> Plan:
        """Make a plan file the plan of this node.

        Errors: Refusal programme.* of the file; programme.owner_unknown, programme.not_later, programme.consultation_open.
        """
        at = self._now()
        check(Action.ADOPT_PLAN, asker, on=Node(), now=at)
        assert asker is not None
        plan = read_plan(content)
        today = at.astimezone(UTC).date()
        with self._database.transaction() as run:
            run.change(TURN, {})
            _check_owners(run, plan)
            states = {whole(version): text(state) for version, state in run.rows(VERSIONS, {"plan": plan.id})}
            _check_version(plan, states)
            digest = keep_document(run, write_document(plan))
            values: dict[str, Value] = {"plan": plan.id, "version": plan.version, "digest": digest, "until": today.isoformat()}
            run.change(REPLACE, {"plan": plan.id})
            if plan.version in states:
                swapped(run.change(ADOPT, {**values, "at": moment(at)}))
            else:
                run.change(ADD_VERSION, {**values, "at": moment(at)})
            actor = asker.person.id
            note(run, at=at, actor=actor, action="adopt_plan", thing="plan", subject=plan.id, was="", now_is=str(plan.version))
            note_release(run, release(), at=at)
            note_teams(run, at=at)
            note_plan(
                run, plan, event="adopt", digest=digest, until=today, organisation=_name(run, asker.person.organisation), actor=actor,
                reasons="", at=at,
            )  # fmt: skip
        self._state.note_changes()
        return plan

    def begin(self) -> None:
        """At start: tell the log which release runs from now on, if a plan was ever adopted."""
        if self._state.plan() is None:
            return
        with self._database.transaction() as run:
            note_release(run, release(), at=self._now())

    def state(self, asker: Asker | None, *, stated: Statement) -> EvidenceId:
        """Bring a document, or a claim, for an indicator of one's own organisation's commitment.

        Errors: Refusal programme.evidence_wrong, programme.dropped.
        """
        plan, commitment, indicator = self.place(stated.indicator)
        basis = "E4" if stated.shown is None else "E3"
        if basis == "E3" and not isinstance(indicator.method, Document):
            raise Refusal("programme.evidence_wrong", reason="word.evidence.other_basis")
        _check_statement(stated, today=self._now().astimezone(UTC).date())
        evidence = Evidence(
            plan=plan.id, version=plan.version, commitment=commitment.id, indicator=indicator.id, on=stated.on, basis=basis,
            organisation="", note=stated.note, value=stated.value, shown=stated.shown,
        )  # fmt: skip
        return self.bring(asker, evidence, use=None)

    def bring(self, asker: Asker | None, evidence: Evidence, *, use: int | None, name: str = "") -> EvidenceId:
        """Enter evidence in the name of the asker's organisation. `name`: under which it is entered at most once."""
        at, made = self._now(), EvidenceId(name or f"e-{secrets.token_hex(6)}")
        with self._database.transaction() as run:
            run.change(TURN, {})
            # The log takes evidence for the version that is adopted only, in the order of commits.
            swapped(len(run.rows(ADOPTED, {"plan": evidence.plan, "version": evidence.version})))
            owner = self._owner(run, evidence.commitment)
            on = CommitmentOf(plan=evidence.plan, commitment=evidence.commitment, owner=owner)
            check(Action.SUBMIT_EVIDENCE, asker, on=on, now=at)
            assert asker is not None
            _check_carried_out(run, evidence.plan, commitment=evidence.commitment)
            organisation = asker.person.organisation
            said = _in_name_of(evidence, _name(run, organisation))
            content = write_evidence(said)
            if len(content) > DOCUMENT_BYTES_MAX:
                raise Refusal("programme.evidence_wrong", reason="word.evidence.form")
            if run.rows(ONE, {"id": made}):
                return made
            digest = keep_document(run, content)
            values: dict[str, Value] = {"id": made, **_of(evidence), "version": evidence.version, "indicator": evidence.indicator}
            values |= {"on": evidence.on.isoformat(), "basis": evidence.basis, "digest": digest, "owner": owner}
            run.change(ADD, {**values, "organisation": organisation, "person": asker.person.id, "at": moment(at)})
            note(run, at=at, actor=asker.person.id, action="submit", thing="evidence", subject=made, was="", now_is=evidence.basis)
            note_evidence(run, made, said, digest=digest, use=use, actor=asker.person.id, at=at)
        self._state.note_changes()
        return made

    def verify(self, asker: Asker | None, *, evidence: EvidenceId, verdict: str, reasons: str, sha256: str) -> None:
        """Say whether a document shows what is stated. `sha256`: of the file that was compared, which must be the one that was named.

        Errors: Refusal programme.own_evidence, programme.verified, programme.other_document.
        """
        at = self._now()
        if verdict not in VERDICTS:
            raise Refusal("node.bad_value", field="verdict", wanted="word.one_of", known=", ".join(VERDICTS))
        _check_reasons(reasons)
        with self._database.transaction() as run:
            found = _waiting(_row(run, evidence))
            check(Action.VERIFY_EVIDENCE, asker, on=found.place, now=at)
            assert asker is not None
            self._check_document(found, sha256=sha256)
            organisation = asker.person.organisation
            values: dict[str, Value] = {"id": evidence, "verdict": verdict, "person": asker.person.id, "organisation": organisation}
            if run.change(JUDGE, values) != 1:
                raise Refusal("programme.verified", evidence=evidence)
            said = Reasons(subject=evidence, event=verdict, organisation=_name(run, organisation), reasons=reasons, sha256=sha256)
            digest = keep_document(run, write_reasons(said))
            note(run, at=at, actor=asker.person.id, action=verdict, thing="evidence", subject=evidence, was="submitted", now_is=verdict)
            note_verification(
                run, evidence, verdict=verdict, digest=digest, organisation=said.organisation, actor=asker.person.id, at=at
            )  # fmt: skip
        self._state.note_changes()

    def drop(self, asker: Asker | None, *, commitment: str, reasons: str) -> None:
        """Say in public that a commitment is given up, and why."""
        self._decide(asker, commitment, Action.DROP_COMMITMENT, event="drop", reasons=reasons)

    def resume(self, asker: Asker | None, *, commitment: str, reasons: str) -> None:
        """Take up again what was dropped."""
        self._decide(asker, commitment, Action.RESUME_COMMITMENT, event="resume", reasons=reasons)

    def check_carried_out(self, plan: str, *, commitment: str) -> None:
        """Return if the commitment is not dropped. Errors: Refusal programme.dropped."""
        with self._database.reading() as run:
            _check_carried_out(run, plan, commitment=commitment)

    def place(self, indicator: str) -> tuple[Plan, Commitment, Indicator]:
        """The adopted plan, the commitment and the indicator of that name. Errors: Refusal programme.none_adopted, node.not_found."""
        plan = self._adopted()
        for commitment, each in plan.indicators():
            if each.id == indicator:
                return plan, commitment, each
        raise Refusal("node.not_found", thing="word.thing.indicator", name=indicator[:80])

    def waiting(self, asker: Asker | None) -> tuple[Waiting, ...]:
        """Documents that nobody has verified, of those that the asker may verify."""
        at = self._now()
        with self._database.reading() as run:
            found = [_waiting(row) for row in run.rows(WAITING, {"limit": WAITING_MAX})]
        return tuple(each for each in found if asker is not None and _may_verify(asker, each, now=at))

    def one(self, evidence: EvidenceId) -> Waiting:
        """One piece of evidence. Errors: Refusal node.not_found."""
        with self._database.reading() as run:
            return _waiting(_row(run, evidence))

    def own(self, asker: Asker) -> tuple[Commitment, ...]:
        """The commitments of the asker's organisation, for which she may bring evidence."""
        plan, at = self._state.plan(), self._now()
        if plan is None:
            return ()
        with self._database.reading() as run:
            owners = {each.owner: find_organisation(run, each.owner) for each in plan.commitments}
        return tuple(
            each
            for each in plan.commitments
            if (owner := owners[each.owner]) is not None
            and may(Action.SUBMIT_EVIDENCE, asker, on=CommitmentOf(plan=plan.id, commitment=each.id, owner=owner.id), now=at)
        )

    def _decide(self, asker: Asker | None, commitment: str, action: Action, *, event: str, reasons: str) -> None:
        at, plan = self._now(), self._adopted()
        _check_reasons(reasons)
        with self._database.transaction() as run:
            owner = self._owner(run, commitment)
            check(action, asker, on=CommitmentOf(plan=plan.id, commitment=commitment, owner=owner), now=at)
            assert asker is not None
            changed = run.change(DROP if event == "drop" else RESUME, {"plan": plan.id, "commitment": commitment})
            if changed != 1:
                raise Refusal("programme.dropped" if event == "drop" else "programme.not_dropped", commitment=commitment)
            actor, organisation = asker.person.id, _name(run, asker.person.organisation)
            digest = keep_document(run, write_reasons(Reasons(subject=commitment, event=event, organisation=organisation, reasons=reasons)))
            note(run, at=at, actor=actor, action=event, thing="commitment", subject=commitment, was="", now_is=event)
            note_commitment(run, plan.id, commitment, event=event, digest=digest, organisation=organisation, actor=actor, at=at)
        self._state.note_changes()

    def _adopted(self) -> Plan:
        plan = self._state.plan()
        if plan is None:
            raise Refusal("programme.none_adopted")
        return plan

    def _owner(self, run: Transaction, commitment: str) -> OrganisationId:
        found = next((each for each in self._adopted().commitments if each.id == commitment), None)
        if found is None:
            raise Refusal("node.not_found", thing="word.thing.commitment", name=commitment[:80])
        organisation = find_organisation(run, found.owner)
        assert organisation is not None, "a plan is adopted when its owners are known, and none is ever removed"
        return organisation.id

    def _check_document(self, found: Waiting, *, sha256: str) -> None:
        content = self._state.document(found.document)
        shown = None if content is None else read_evidence(content).shown
        if shown is not None and shown.sha256 != sha256:
            raise Refusal("programme.other_document", wanted=shown.sha256, given=sha256[:64])


def _check_carried_out(run: Transaction, plan: str, *, commitment: str) -> None:
    if run.rows(DROPPED, {"plan": plan, "commitment": commitment}):
        raise Refusal("programme.dropped", commitment=commitment)


def _check_owners(run: Transaction, plan: Plan) -> None:
    for owner in dict.fromkeys(each.owner for each in plan.commitments):
        found = find_organisation(run, owner)
        if found is None or found.name != owner:  # an id will not do: whoever reads the log compares names
            raise Refusal("programme.owner_unknown", owner=owner[:200])


def _check_version(plan: Plan, states: Mapping[int, str]) -> None:
    adopted = [version for version, state in states.items() if state in {"adopted", "replaced"}]
    if adopted and plan.version <= max(adopted):
        raise Refusal("programme.not_later", version=plan.version, adopted=max(adopted))
    if "consulted" in states.values():
        raise Refusal("programme.consultation_open", plan=plan.id)


def _check_statement(stated: Statement, *, today: date) -> None:
    shown = stated.shown
    if stated.on > today:
        raise Refusal("programme.evidence_wrong", reason="word.evidence.future")
    texts = (stated.note,) if shown is None else (stated.note, shown.title, shown.link)
    if not all(map(_is_writable, texts)):
        raise Refusal("node.bad_value", field="note", wanted="word.printable", number=NOTE_MAX)
    long = len(stated.note) > NOTE_MAX or (shown is not None and (len(shown.title) > TITLE_MAX or len(shown.link) > LINK_MAX))
    if long or (shown is not None and not shown.title.strip()):
        raise Refusal("node.bad_value", field="note", wanted="word.printable", number=NOTE_MAX)
    if shown is not None and HEX.fullmatch(shown.sha256) is None:
        raise Refusal("node.bad_value", field="sha256", wanted="word.programme.digest")
    if value_of(written_of(stated.value)) != stated.value:
        raise Refusal("node.bad_value", field="value", wanted="word.programme.value")
    if shown is not None and shown.link and not shown.link.startswith(("https://", "http://")):
        raise Refusal("node.bad_value", field="link", wanted="word.programme.link")


def _check_reasons(reasons: str) -> None:
    if not reasons.strip() or len(reasons) > REASONS_MAX or not _is_writable(reasons):
        raise Refusal("node.bad_value", field="reasons", wanted="word.printable", number=REASONS_MAX)


def _is_writable(text: str) -> bool:
    """Whether a document can hold it: half of a surrogate pair is no character."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _may_verify(asker: Asker, waiting: Waiting, *, now: datetime) -> bool:
    return may(Action.VERIFY_EVIDENCE, replace(asker, stepped_up_at=now), on=waiting.place, now=now)


def _of(evidence: Evidence) -> dict[str, Value]:
    return {"plan": evidence.plan, "commitment": evidence.commitment}


def _in_name_of(evidence: Evidence, organisation: str) -> Evidence:
    return replace(evidence, organisation=organisation)


def _name(run: Transaction, organisation: OrganisationId) -> str:
    found = find_organisation(run, organisation)
    assert found is not None
    return found.name


def _row(run: Transaction, evidence: EvidenceId) -> Row:
    found = run.rows(ONE, {"id": evidence})
    if not found:
        raise Refusal("node.not_found", thing="word.thing.evidence", name=evidence[:80])
    return found[0]


def _waiting(row: Row) -> Waiting:
    name, commitment, indicator, on, basis, digest, owner, organisation, person, at, verdict = row
    verified = text_or_none(verdict)
    return Waiting(
        id=EvidenceId(text(name)),
        place=EvidenceOf(
            evidence=text(name),
            owner=OrganisationId(text(owner)),
            organisation=OrganisationId(text(organisation)),
            submitted_by=PersonId(text(person)),
            verified=verified is not None,
        ),
        commitment=text(commitment),
        indicator=text(indicator),
        on=date.fromisoformat(text(on)),
        basis=text(basis),
        document=text(digest),
        submitted_at=datetime.fromisoformat(text(at)),
        verdict=verified,
    )
