"""The part of the society of `test_policy_machine.py` that promises, brings evidence and verifies it, in two houses."""

from abc import abstractmethod
from dataclasses import replace

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from amana.policy.people import Asker, Person, Role, Scope
from amana.policy.rights import Action, may
from amana.policy.things import CommitmentOf, EvidenceOf
from amana.terms.ids import OrganisationId, PersonId
from tests.people import CLINIC, NOW, UNIVERSITY

SOCIETY: dict[str, tuple[Role, ...]] = {
    "ada": (Role.RESEARCHER, Role.REVIEWER, Role.CUSTODIAN),
    "bil": (Role.RESEARCHER, Role.REVIEWER, Role.DECIDER),
    "cyd": (Role.REVIEWER, Role.DECIDER),
    "dan": (Role.RESEARCHER, Role.REVIEWER, Role.DECIDER, Role.CUSTODIAN),
    "eve": (Role.REVIEWER, Role.AUDITOR),
    "fay": (Role.RESEARCHER, Role.CUSTODIAN),
    "gus": (Role.OPERATOR,),
    "hal": (Role.PLANNER, Role.VERIFIER),
    "ivy": (Role.PLANNER, Role.VERIFIER),
}
ELSEWHERE = frozenset({"cyd", "ivy"})
"""Those of another house than the others."""
HOUSES = (CLINIC, UNIVERSITY)
NAMES = tuple(PersonId(name) for name in SOCIETY)
names = st.sampled_from(NAMES)


class Promises(RuleBasedStateMachine):
    """Holds the people, what was promised, and the latest evidence."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.people = {
            name: Person(
                id=name,
                name=name,
                organisation=UNIVERSITY if name in ELSEWHERE else CLINIC,
                language="en",
                roles=SOCIETY[name],
                disabled_at=None,
            )
            for name in NAMES
        }
        self.commitment = CommitmentOf(plan="national-ai", commitment="training", owner=CLINIC)
        self.evidence: EvidenceOf | None = None

    @abstractmethod
    def asker(self, name: PersonId, scopes: tuple[Scope, ...] | None = None) -> Asker: ...

    @rule(actor=names, owner=st.sampled_from(HOUSES))
    def somebody_brings_evidence(self, actor: PersonId, owner: OrganisationId) -> None:
        on = replace(self.commitment, owner=owner)
        if may(Action.SUBMIT_EVIDENCE, self.asker(actor), on=on, now=self.now):
            house = self.people[actor].organisation
            assert house == owner and Role.PLANNER in self.people[actor].roles
            self.commitment = on
            self.evidence = EvidenceOf(evidence="e-1", owner=owner, organisation=house, submitted_by=actor, verified=False)

    @rule(actor=names)
    def somebody_verifies_it(self, actor: PersonId) -> None:
        if self.evidence is not None and may(Action.VERIFY_EVIDENCE, self.asker(actor), on=self.evidence, now=self.now):
            self.evidence = replace(self.evidence, verified=True)

    @rule(actor=names, house=st.sampled_from(HOUSES))
    def somebody_goes_to_another_house(self, actor: PersonId, house: OrganisationId) -> None:
        self.people[actor] = replace(self.people[actor], organisation=house)

    @invariant()
    def nobody_verifies_what_is_of_her_own_house(self) -> None:
        found = self.evidence
        for name in NAMES if found is not None else ():
            assert found is not None
            person = self.people[name]
            if may(Action.VERIFY_EVIDENCE, self.asker(name), on=found, now=self.now):
                assert person.organisation not in {found.owner, found.organisation} and name != found.submitted_by
                assert Role.VERIFIER in person.roles and not found.verified and person.disabled_at is None
