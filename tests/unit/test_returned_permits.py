"""A request for a permit that its custodian returned: the team changes it and asks anew, under the same name."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from pathlib import Path

import pytest

from amana.policy.transitions import PermitEvent, PermitState, ProjectEvent
from amana.terms.ids import PermitId, ProjectId
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
    permit = returned(node, project)
    node.projects.act(node.asker("applicant"), project=project, event=ProjectEvent.CHANGE_PURPOSE)
    with pytest.raises(Refusal, match="project.waiting"):
        node.permits.revise(node.asker("applicant"), permit=permit, share=Fraction(1, 5), valid_until=until)
    node.approved(project)
    asked = node.permits.revise(node.asker("applicant"), permit=permit, share=Fraction(1, 5), valid_until=until)
    assert asked.record.project_version == asked.project.version > 1
    node.permits.grant(node.asker("custodian"), permit=permit, share=Fraction(1, 5), valid_until=until)
    assert node.permits.leave(node.asker("member"), dataset=node.versions[0].dataset, permit=None).id == permit


def test_a_returned_request_is_not_made_anew_for_data_that_the_new_project_does_not_name(node: Governed) -> None:
    project, until = node.approved(), node.clock.now() + timedelta(days=30)
    permit, clinic = returned(node, project), node.versions[0]
    node.versions.append(replace(clinic, dataset=replace(clinic.dataset, name="school")))
    node.projects.act(node.asker("applicant"), project=project, event=ProjectEvent.CHANGE_PURPOSE)
    node.projects.edit(node.asker("applicant"), project=project, application=node.application(datasets=("school",)))
    node.approved(project)
    with pytest.raises(Refusal, match="project.other_dataset"):
        node.permits.revise(node.asker("applicant"), permit=permit, share=Fraction(1, 5), valid_until=until)


def test_nothing_is_returned_without_saying_what_to_change_and_what_nobody_answers_is_refused(node: Governed) -> None:
    permit = node.requested()
    with pytest.raises(Refusal, match="bad_value"):
        node.permits.act(node.asker("custodian"), permit=permit, event=PermitEvent.RETURN, reasons=" ")
    node.permits.act(node.asker("custodian"), permit=permit, event=PermitEvent.RETURN, reasons="which months?")
    refused = node.permits.act(node.asker("custodian"), permit=permit, event=PermitEvent.REFUSE, reasons="no answer")
    assert (refused.record.state, refused.record.told) == (PermitState.REFUSED, "no answer")


def test_a_custodian_grants_the_request_that_she_read_and_no_other(node: Governed) -> None:
    project, until = node.approved(), node.clock.now() + timedelta(days=30)
    permit = node.requested(project)
    read = node.permits.place(permit).record.asked
    node.permits.act(node.asker("custodian"), permit=permit, event=PermitEvent.RETURN, reasons="which months?")
    now = node.permits.revise(node.asker("applicant"), permit=permit, share=Fraction(1, 2), valid_until=until).record.asked
    with pytest.raises(Refusal, match="changed_meanwhile"):
        node.permits.grant(node.asker("custodian"), permit=permit, share=Fraction(1, 2), valid_until=until, read=read)
    assert node.permits.place(permit).record.state is PermitState.REQUESTED
    granted = node.permits.grant(node.asker("custodian"), permit=permit, share=Fraction(1, 2), valid_until=until, read=now)
    assert granted.record.state is PermitState.ACTIVE


def test_the_team_reads_why_a_request_came_back_and_not_what_is_written_of_a_permit_later(node: Governed) -> None:
    permit = node.granted()
    suspended = node.permits.act(node.asker("custodian"), permit=permit, event=PermitEvent.SUSPEND, reasons="an inquiry")
    assert (suspended.record.reasons, suspended.record.told) == ("an inquiry", "")


def returned(node: Governed, project: ProjectId) -> PermitId:
    permit = node.requested(project)
    node.permits.act(node.asker("custodian"), permit=permit, event=PermitEvent.RETURN, reasons="which months?")
    return permit
