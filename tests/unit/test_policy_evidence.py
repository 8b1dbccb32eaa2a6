"""Who promised, who brings evidence and who verifies it are kept apart by the table of rules."""

from dataclasses import replace

import pytest

from amana.policy.people import Asker, Role, Scope
from amana.policy.rights import Action, check, may, offered
from amana.policy.things import CommitmentOf, EvidenceOf, Thing
from amana.terms.refusal import Refusal
from tests.people import CENTRE, CLINIC, NOW, UNIVERSITY, asker, pid, with_token

PROMISED = CommitmentOf(plan="national-ai", commitment="training", owner=UNIVERSITY)
BROUGHT = EvidenceOf(evidence="e-1", owner=UNIVERSITY, organisation=UNIVERSITY, submitted_by=pid("planner"), verified=False)


def refused(action: Action, who: Asker, *, on: Thing) -> str:
    with pytest.raises(Refusal) as caught:
        check(action, who, on=on, now=NOW)
    return caught.value.code


def test_evidence_is_verified_by_another_organisation_which_says_so_strongly() -> None:
    assert refused(Action.VERIFY_EVIDENCE, asker("insider"), on=BROUGHT) == "programme.own_evidence"
    assert refused(Action.VERIFY_EVIDENCE, asker("verifier"), on=replace(BROUGHT, owner=CLINIC)) == "programme.own_evidence"
    assert refused(Action.VERIFY_EVIDENCE, asker("verifier"), on=replace(BROUGHT, submitted_by=pid("verifier"))) == "programme.own_evidence"
    assert refused(Action.VERIFY_EVIDENCE, asker("verifier"), on=replace(BROUGHT, verified=True)) == "programme.verified"
    weak = replace(asker("verifier"), stepped_up_at=None)
    assert refused(Action.VERIFY_EVIDENCE, weak, on=BROUGHT) == "rights.step_up_needed"
    assert Action.VERIFY_EVIDENCE in offered(weak, on=BROUGHT, now=NOW)
    assert refused(Action.VERIFY_EVIDENCE, asker("planner"), on=BROUGHT) == "rights.verifier_needed"


def test_the_more_roles_somebody_has_the_less_she_verifies_her_own() -> None:
    """Whatever she is beside, and whoever brought it."""
    both = asker("planner", Role.PLANNER, Role.VERIFIER)
    for on in (BROUGHT, replace(BROUGHT, owner=CENTRE), replace(BROUGHT, organisation=CENTRE)):
        assert refused(Action.VERIFY_EVIDENCE, both, on=on) == "programme.own_evidence"
    assert may(Action.VERIFY_EVIDENCE, both, on=replace(BROUGHT, owner=CENTRE, organisation=CENTRE, submitted_by=pid("auditor")), now=NOW)


def test_nobody_sets_a_status_and_what_people_do_instead_has_its_scope() -> None:
    assert not [action for action in Action if "status" in action.value]
    for action, on, who in (
        (Action.SUBMIT_EVIDENCE, PROMISED, "planner"),
        (Action.VERIFY_EVIDENCE, BROUGHT, "verifier"),
        (Action.DROP_COMMITMENT, PROMISED, "decider"),
    ):
        for scope in Scope:
            assert may(action, with_token(asker(who), scope), on=on, now=NOW) == (scope is Scope.GOVERN)
    assert refused(Action.DROP_COMMITMENT, replace(asker("decider"), stepped_up_at=None), on=PROMISED) == "rights.step_up_needed"
    assert refused(Action.SUBMIT_EVIDENCE, asker("planning elsewhere"), on=PROMISED) == "rights.planner_needed"
