"""A request for a permit that its custodian returned: the team changes it and asks anew, under the same name."""

from collections.abc import Iterator
from datetime import timedelta
from fractions import Fraction
from pathlib import Path

import pytest

from amana.policy.transitions import PermitEvent, PermitState, ProjectEvent
from amana.terms.refusal import Refusal
from tests.governed import Governed, governed

pytestmark = pytest.mark.usefixtures("each_database")


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Governed]:
    with governed(tmp_path / "node.sqlite") as made:
        yield made


def test_a_request_that_is_returned_is_asked_anew_under_its_own_name(node: Governed) -> None:
    project = node.approved()
    permit, until = node.requested(project), node.clock.now() + timedelta(days=30)
    with pytest.raises(Refusal, match="lifecycle"):
        node.permits.revise(node.asker("applicant"), permit=permit, share=Fraction(1, 5), valid_until=until)
    returned = node.permits.act(node.asker("custodian"), permit=permit, event=PermitEvent.RETURN, reasons="which months?").record
    assert (returned.state, returned.reasons) == (PermitState.RETURNED, "which months?")
    with pytest.raises(Refusal, match="permit.held"):
        node.requested(project)
    for who in ("member", "custodian", "stranger", "decider"):
        with pytest.raises(Refusal, match="rights"):
            node.permits.revise(node.asker(who), permit=permit, share=Fraction(1, 5), valid_until=until)
    with pytest.raises(Refusal, match="bad_value"):
        node.permits.revise(node.asker("applicant"), permit=permit, share=Fraction(6, 5), valid_until=until)
    asked = node.permits.revise(node.asker("applicant"), permit=permit, share=Fraction(1, 5), valid_until=until).record
    assert (asked.id, asked.state, asked.share_asked, asked.valid_until) == (permit, PermitState.REQUESTED, Fraction(1, 5), until)
    node.permits.grant(node.asker("custodian"), permit=permit, share=asked.share_asked, valid_until=until)
    assert node.permits.leave(node.asker("member"), dataset=node.versions[0].dataset, permit=None).id == permit
    noted = [action for _, action, _, subject, *_ in node.audit() if subject == permit]
    assert noted == ["request", "return", "revise", "grant", "activate"]


def test_a_returned_request_follows_a_purpose_that_was_changed_meanwhile(node: Governed) -> None:
    project, until = node.approved(), node.clock.now() + timedelta(days=30)
    permit = node.requested(project)
    node.permits.act(node.asker("custodian"), permit=permit, event=PermitEvent.RETURN, reasons="")
    node.projects.act(node.asker("applicant"), project=project, event=ProjectEvent.CHANGE_PURPOSE)
    with pytest.raises(Refusal, match="project.waiting"):
        node.permits.revise(node.asker("applicant"), permit=permit, share=Fraction(1, 5), valid_until=until)
    node.approved(project)
    asked = node.permits.revise(node.asker("applicant"), permit=permit, share=Fraction(1, 5), valid_until=until)
    assert asked.record.project_version == asked.project.version > 1
    node.permits.grant(node.asker("custodian"), permit=permit, share=Fraction(1, 5), valid_until=until)
    assert node.permits.leave(node.asker("member"), dataset=node.versions[0].dataset, permit=None).id == permit
