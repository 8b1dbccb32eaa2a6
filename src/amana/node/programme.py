"""The national programme: a plan is adopted, its owners bring evidence, other organisations verify it. Nobody sets a status.

Each step is one transition with one entry of the public log; what it names is a public document.
"""

import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, final

from amana.log.documents import DOCUMENT_BYTES_MAX
from amana.log.programme_kinds import VERDICTS
from amana.node.audit import note
from amana.node.evidence_rows import Waiting, evidence_of, find_evidence, unverified
from amana.node.notices import tell_of_evidence, tell_of_verdict
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
from amana.node.statements import Stated, check_digest, check_reasons, check_statement
from amana.policy.people import Asker
from amana.policy.rights import Action, check, may, offered
from amana.policy.things import CommitmentOf, Node
from amana.programme.evidence import Evidence, Reasons, read_evidence, write_evidence, write_reasons
from amana.programme.plan import Commitment, Document, Indicator, Plan
from amana.programme.plan_document import write_document
from amana.programme.plan_file import read_plan
from amana.terms.database import Transaction, Value, moment, text, whole
from amana.terms.ids import EvidenceId, OrganisationId
from amana.terms.refusal import Refusal

if TYPE_CHECKING:
    from amana.node.service import Service

VERSIONS = "SELECT version, state, digest FROM plan_version WHERE plan = :plan ORDER BY version"
ADD_VERSION = """INSERT INTO plan_version (plan, version, digest, state, until, decided_at)
VALUES (:plan, :version, :digest, 'adopted', :until, :at)"""
ADOPT = """UPDATE plan_version SET digest = :digest, state = 'adopted', until = :until, decided_at = :at
WHERE plan = :plan AND version = :version AND state = 'answered'"""
REPLACE = "UPDATE plan_version SET state = 'replaced' WHERE plan = :plan AND state = 'adopted'"
ADD = """INSERT INTO evidence (id, plan, version, commitment, indicator, held_on, basis, digest, owner, organisation, submitted_by,
submitted_at) VALUES (:id, :plan, :version, :commitment, :indicator, :on, :basis, :digest, :owner, :organisation, :person, :at)"""
JUDGE = """UPDATE evidence SET verdict = :verdict, verified_by = :person, verifier = :organisation WHERE id = :id AND verdict IS NULL"""
DROP = "INSERT INTO commitment_dropped (plan, commitment) VALUES (:plan, :commitment) ON CONFLICT DO NOTHING"
RESUME = "DELETE FROM commitment_dropped WHERE plan = :plan AND commitment = :commitment"
DROPPED = "SELECT 1 FROM commitment_dropped WHERE plan = :plan AND commitment = :commitment"
ADOPTED = "SELECT 1 FROM plan_version WHERE plan = :plan AND version = :version AND state = 'adopted'"
THERE = "SELECT 1 FROM evidence WHERE id = :id"
OWNING = (Action.SUBMIT_EVIDENCE, Action.DROP_COMMITMENT, Action.RESUME_COMMITMENT)
WAITING_MAX, BROUGHT_MAX = 200, 200


@final
class Programme:
    """What people do with the plan. Errors: every method raises the refusals of `policy.rights.check`, and node.not_found."""

    def __init__(self, service: "Service") -> None:
        self._service, self._database, self._now = service, service.database, service.now
        self._state = service.programme_state

    def adopt(self, asker: Asker | None, *, content: bytes) -> Plan:
        """Make a plan file the plan of this node.

        Errors: Refusal programme.* of the file; programme.owner_unknown, programme.not_later, consultation.open, consultation.other_text.
        """
        at = self._now()
        check(Action.ADOPT_PLAN, asker, on=Node(), now=at)
        assert asker is not None
        plan = read_plan(content)
        today = at.astimezone(UTC).date()
        with self._database.transaction() as run:
            run.change(TURN, {})
            check_owners(run, plan)
            known = run.rows(VERSIONS, {"plan": plan.id})
            states = {whole(version): text(state) for version, state, _ in known}
            check_version(plan, states)
            digest = keep_document(run, write_document(plan))
            if any(whole(version) == plan.version and text(answered) != digest for version, _, answered in known):
                raise Refusal("consultation.other_text", plan=plan.id, version=plan.version)
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

    def state(self, asker: Asker | None, *, stated: Stated) -> EvidenceId:
        """Bring a document, or a claim, for an indicator of one's own organisation's commitment.

        Errors: Refusal programme.evidence_wrong, programme.dropped.
        """
        known(asker, Action.SUBMIT_EVIDENCE)
        plan, commitment, indicator = self.place(stated.indicator)
        basis = "E4" if stated.shown is None else "E3"
        if basis == "E3" and not isinstance(indicator.method, Document):
            raise Refusal("programme.evidence_wrong", reason="word.evidence.other_basis")
        check_statement(stated, today=self._now().astimezone(UTC).date())
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
            _check_kept(run, plan=evidence.plan, commitment=evidence.commitment)
            organisation = asker.person.organisation
            said = _in_name_of(evidence, _name(run, organisation))
            content = write_evidence(said)
            if len(content) > DOCUMENT_BYTES_MAX:
                raise Refusal("programme.evidence_wrong", reason="word.evidence.form")
            if run.rows(THERE, {"id": made}):
                return made
            digest = keep_document(run, content)
            values: dict[str, Value] = {"id": made, **_of(evidence), "version": evidence.version, "indicator": evidence.indicator}
            values |= {"on": evidence.on.isoformat(), "basis": evidence.basis, "digest": digest, "owner": owner}
            run.change(ADD, {**values, "organisation": organisation, "person": asker.person.id, "at": moment(at)})
            note(run, at=at, actor=asker.person.id, action="submit", thing="evidence", subject=made, was="", now_is=evidence.basis)
            note_evidence(run, made, said, digest=digest, use=use, actor=asker.person.id, at=at)
            if evidence.basis == "E3":
                whose = (owner, organisation)
                tell_of_evidence(run, commitment=evidence.commitment, whose=whose, actor=asker.person.id, at=at)
        self._state.note_changes()
        return made

    def verify(self, asker: Asker | None, *, evidence: EvidenceId, verdict: str, reasons: str, sha256: str) -> None:
        """Say whether a document shows what is stated. `sha256`: of the file that was compared, which must be the one that was named.

        Errors: Refusal programme.own_evidence, programme.verified, programme.not_a_document, programme.other_document.
        """
        at, asker = self._now(), known(asker, Action.VERIFY_EVIDENCE)
        if verdict not in VERDICTS:
            raise Refusal("node.bad_value", field="verdict", wanted="word.one_of", known=", ".join(VERDICTS))
        check_reasons(reasons)
        check_digest(sha256)
        with self._database.transaction() as run:
            found = find_evidence(run, evidence)
            check(Action.VERIFY_EVIDENCE, asker, on=found.place, now=at)
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
            tell_of_verdict(
                run, commitment=found.commitment, owner=found.place.owner, verdict=verdict, actor=asker.person.id, at=at
            )  # fmt: skip
        self._state.note_changes()

    def drop(self, asker: Asker | None, *, commitment: str, reasons: str) -> None:
        """Say in public that a commitment is given up, and why."""
        self._decide(asker, commitment, Action.DROP_COMMITMENT, event="drop", reasons=reasons)

    def resume(self, asker: Asker | None, *, commitment: str, reasons: str) -> None:
        """Take up again what was dropped."""
        self._decide(asker, commitment, Action.RESUME_COMMITMENT, event="resume", reasons=reasons)

    def place(self, indicator: str) -> tuple[Plan, Commitment, Indicator]:
        """The adopted plan, the commitment and the indicator of that name. Errors: Refusal programme.none_adopted, node.not_found."""
        plan = self._adopted()
        for commitment, each in plan.indicators():
            if each.id == indicator:
                return plan, commitment, each
        raise Refusal("node.not_found", thing="word.thing.indicator", name=indicator[:80])

    def waiting(self, asker: Asker | None, *, after: tuple[str, str] = ("", ""), limit: int = WAITING_MAX) -> tuple[Waiting, ...]:
        """Documents that nobody has verified, of those that the asker may verify. `after`: as of `evidence_rows.unverified`.

        Errors: Refusal rights.sign_in_needed.
        """
        at, asker = self._now(), known(asker, Action.VERIFY_EVIDENCE)
        with self._database.reading() as run:
            found = unverified(run, by=asker.person, after=after, limit=min(limit, WAITING_MAX))
        return tuple(each for each in found if _may_verify(asker, each, now=at))

    def one(self, evidence: EvidenceId) -> Waiting:
        """One piece of evidence. Errors: Refusal node.not_found."""
        with self._database.reading() as run:
            return find_evidence(run, evidence)

    def there(self, evidence: EvidenceId) -> Waiting | None:
        """The evidence of that name, if there is any."""
        with self._database.reading() as run:
            return find_evidence(run, evidence) if run.rows(THERE, {"id": evidence}) else None

    def brought(self, commitment: str) -> tuple[Waiting, ...]:
        """What was brought for a commitment of the adopted plan, the latest first. Errors: Refusal programme.none_adopted."""
        plan = self._adopted()
        with self._database.reading() as run:
            return evidence_of(run, plan=plan.id, commitment=commitment, limit=BROUGHT_MAX)

    def commitment(self, name: str) -> tuple[Commitment, CommitmentOf]:
        """A commitment of the adopted plan, and as the rules see it. Errors: Refusal programme.none_adopted, node.not_found."""
        plan = self._adopted()
        with self._database.reading() as run:
            owner = self._owner(run, name)
        return next(each for each in plan.commitments if each.id == name), CommitmentOf(plan=plan.id, commitment=name, owner=owner)

    def may(self, asker: Asker, name: str) -> tuple[Action, ...]:
        """What she may do with a commitment once she has stepped up. Errors: as of `commitment`."""
        return offered(asker, on=self.commitment(name)[1], now=self._now())

    def check_open(self, commitment: str) -> None:
        """Return if evidence can be brought for it. Errors: Refusal programme.dropped, programme.none_adopted."""
        plan = self._adopted()
        with self._database.reading() as run:
            _check_kept(run, plan=plan.id, commitment=commitment)

    def own(self, asker: Asker) -> tuple[Commitment, ...]:
        """The commitments for which she may bring evidence, or that she may give up."""
        plan, at = self._state.plan(), self._now()
        if plan is None:
            return ()
        with self._database.reading() as run:
            owners = {each.owner: find_organisation(run, each.owner) for each in plan.commitments}

        def hers(each: Commitment, owner: OrganisationId) -> bool:
            return bool(set(OWNING) & set(offered(asker, on=CommitmentOf(plan=plan.id, commitment=each.id, owner=owner), now=at)))

        return tuple(each for each in plan.commitments if (owner := owners[each.owner]) is not None and hers(each, owner.id))

    def _decide(self, asker: Asker | None, commitment: str, action: Action, *, event: str, reasons: str) -> None:
        at, asker, plan = self._now(), known(asker, action), self._adopted()
        check_reasons(reasons)
        with self._database.transaction() as run:
            owner = self._owner(run, commitment)
            check(action, asker, on=CommitmentOf(plan=plan.id, commitment=commitment, owner=owner), now=at)
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
        if found.basis != "E3":
            raise Refusal("programme.not_a_document", evidence=found.id)
        content = self._state.document(found.document)
        shown = None if content is None else read_evidence(content).shown
        if shown is None:
            raise Refusal("programme.evidence_wrong", reason="word.evidence.absent")
        if shown.sha256 != sha256:
            raise Refusal("programme.other_document", wanted=shown.sha256, given=sha256)


def known(asker: Asker | None, action: Action) -> Asker:
    """Whoever has signed in: others are told nothing of a plan by what they may not do. Errors: Refusal rights.sign_in_needed."""
    if asker is None:
        raise Refusal("rights.sign_in_needed", action=action.word)
    return asker


def check_owners(run: Transaction, plan: Plan) -> None:
    """Errors: Refusal programme.owner_unknown."""
    for owner in dict.fromkeys(each.owner for each in plan.commitments):
        found = find_organisation(run, owner)
        if found is None or found.name != owner:  # an id will not do: whoever reads the log compares names
            raise Refusal("programme.owner_unknown", owner=owner[:200])


def check_version(plan: Plan, states: Mapping[int, str]) -> None:
    """`states`: of the versions that are known. Errors: Refusal programme.not_later, consultation.open."""
    adopted = [version for version, state in states.items() if state in {"adopted", "replaced"}]
    if adopted and plan.version <= max(adopted):
        raise Refusal("programme.not_later", version=plan.version, adopted=max(adopted))
    if "consulted" in states.values():
        raise Refusal("consultation.open", plan=plan.id)


def _check_kept(run: Transaction, *, plan: str, commitment: str) -> None:
    if run.rows(DROPPED, {"plan": plan, "commitment": commitment}):
        raise Refusal("programme.dropped", commitment=commitment)


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
