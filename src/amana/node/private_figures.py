"""Private figures of the programme (E2): a plan's own question, asked under a permit like any other, and again for each new version.

The kernel charges and answers it; what is brought as evidence is the whole answer with its receipt, and nobody can type a figure.
"""

import hashlib
import json
from typing import TYPE_CHECKING, final

import structlog

from amana.log.receipt import read_receipt
from amana.log.tree import leaf_hash
from amana.node.askers import read_asker
from amana.node.notices import tell_of_figure
from amana.node.programme import known
from amana.node.results import csv_of
from amana.policy.people import Asker
from amana.policy.rights import Action, check
from amana.policy.things import CommitmentOf
from amana.programme.evaluate import FRESH
from amana.programme.evidence import Evidence, EvidenceError
from amana.programme.plan import Commitment, PrivateFigure
from amana.programme.private import day_of, prove, without_person
from amana.terms.database import Value, text
from amana.terms.ids import EvidenceId, PermitId, PersonId
from amana.terms.refusal import Fault, Refusal

if TYPE_CHECKING:
    from amana.node.service import Service

STAND = """INSERT INTO standing_question (plan, indicator, person, permit, dataset_version, refused)
VALUES (:plan, :indicator, :person, :permit, :version, '') ON CONFLICT (plan, indicator) DO UPDATE SET person = :person, permit = :permit,
dataset_version = :version, refused = ''"""
STANDING = "SELECT indicator, person, permit, dataset_version, refused FROM standing_question WHERE plan = :plan ORDER BY indicator"
REFUSED = "UPDATE standing_question SET refused = :version WHERE plan = :plan AND indicator = :indicator"


@final
class PrivateFigures:
    """Measuring and measuring again."""

    def __init__(self, service: "Service") -> None:
        self._service, self._database = service, service.database

    def measure(self, asker: Asker | None, *, indicator: str, permit: PermitId) -> EvidenceId:
        """Ask the question of an indicator under that permit, and bring its answer as evidence; from then on it is asked again, in the
        same name, for each new version of its dataset.

        Errors: as of whoever asks; Refusal programme.evidence_wrong where the plan asks for no private figure, or the answer holds none.
        """
        service, asker = self._service, known(asker, Action.SUBMIT_EVIDENCE)
        plan, commitment, found = service.programme.place(indicator)
        method = found.method
        if not isinstance(method, PrivateFigure):
            raise Refusal("programme.evidence_wrong", reason="word.evidence.other_basis")
        owner = service.people.organisation(commitment.owner)
        assert owner is not None, "a plan is adopted when its owners are known"
        on = CommitmentOf(plan=plan.id, commitment=commitment.id, owner=owner.id)
        check(Action.SUBMIT_EVIDENCE, asker, on=on, now=service.now())  # before anything is charged
        service.programme.check_open(commitment.id)
        asked = service.asked(method.sql, within=method.within, permit=permit)
        serving = next((each.id for each in service.versions() if each.dataset.name == method.dataset), "")
        before = service.programme.there(_name(plan.id, indicator, serving, method.sql))
        if before is not None:
            service.preview(asker, asked=asked)  # the permit lets her ask, also where nothing has to be asked
            if before.on + FRESH >= service.now().date():
                return before.id  # else: old data do not become fresh by being asked again
            raise Refusal("programme.evidence_wrong", reason="word.evidence.same_data")
        answered = service.ask(asker, asked=asked)
        if answered.entry is None:  # about public data, of which no receipt is given
            raise Refusal("programme.evidence_wrong", reason="word.evidence.question")
        shown = without_person(service.receipt(asker, index=answered.entry))
        receipt = read_receipt(shown.encode())
        evidence = Evidence(
            plan=plan.id, version=plan.version, commitment=commitment.id, indicator=indicator, on=day_of(json.loads(receipt.entry)),
            basis="E2", organisation="", note="", receipt=shown, answer=csv_of(answered).decode(),
        )  # fmt: skip
        try:
            prove(evidence, method=method, use=answered.entry, leaf=leaf_hash(receipt.entry), policy=service.log_policy())
        except EvidenceError as error:
            raise Refusal("programme.evidence_wrong", reason=f"word.evidence.{error.reason}") from None
        made = service.programme.bring(asker, evidence, use=answered.entry, name=_name(plan.id, indicator, answered.version, method.sql))
        values: dict[str, Value] = {"plan": plan.id, "indicator": indicator, "person": asker.person.id, "permit": permit}
        with self._database.transaction() as run:
            run.change(STAND, {**values, "version": answered.version})
        return made

    def refused(self, plan: str) -> frozenset[str]:
        """The indicators of that plan whose question was asked again for newer data, and refused: their figures are of older data."""
        with self._database.reading() as run:
            return frozenset(text(indicator) for indicator, _, _, _, refused in run.rows(STANDING, {"plan": plan}) if text(refused))

    def measure_again(self) -> int:
        """Ask anew what stands for a dataset of which a newer version serves, and tell how many were. What is refused is noted once,
        and whoever owns the commitment is told; what was dropped waits until it is taken up again."""
        plan = self._service.programme_state.plan()
        if plan is None:
            return 0
        serving = {each.dataset.name: each.id for each in self._service.versions()}
        places = {each.id: (commitment, each.method) for commitment, each in plan.indicators()}
        with self._database.reading() as run:
            standing = [tuple(map(text, row)) for row in run.rows(STANDING, {"plan": plan.id})]
        done = 0
        for indicator, person, permit, version, refused in standing:
            commitment, method = places.get(indicator, (None, None))
            wanted = serving.get(method.dataset) if isinstance(method, PrivateFigure) else None
            if commitment is not None and wanted is not None and wanted not in (version, refused):
                done += self._again(plan.id, commitment, indicator, PersonId(person), PermitId(permit), version=wanted)
        return done

    def _again(self, plan: str, commitment: Commitment, indicator: str, person: PersonId, permit: PermitId, *, version: str) -> int:
        try:
            with self._database.reading() as run:
                asker = read_asker(run, person, signed_in_at=self._service.now(), stepped_up_at=None, token=None)
            self.measure(asker, indicator=indicator, permit=permit)
        except (Refusal, Fault) as failure:
            if isinstance(failure, Refusal) and failure.code == "programme.dropped":
                return 0
            structlog.get_logger("amana.node").warning("programme_figure", indicator=indicator, kind=type(failure).__name__)
            owner = self._service.people.organisation(commitment.owner)
            assert owner is not None, "a plan is adopted when its owners are known"
            with self._database.transaction() as run:
                run.change(REFUSED, {"plan": plan, "indicator": indicator, "version": version})
                tell_of_figure(run, commitment=commitment.id, owner=owner.id, at=self._service.now())
            return 0
        return 1


def _name(plan: str, indicator: str, version: str, sql: str) -> EvidenceId:
    """One piece of evidence for each version of the data and wording of the question, whoever brings it first."""
    return EvidenceId(f"e-{hashlib.sha256(f'{plan} {indicator} {version} {sql}'.encode()).hexdigest()[:24]}")
