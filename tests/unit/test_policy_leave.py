"""The leave to ask: every condition is checked at that moment, and each refusal names its own."""

from dataclasses import replace
from datetime import timedelta

import pytest

from amana.catalog.schema import Dataset
from amana.policy.people import Asker
from amana.policy.permit import leave, permits_of
from amana.policy.projects import PermitRecord, Project
from amana.policy.transitions import PermitState, ProjectState
from amana.terms.ids import PermitId, PopulationName
from amana.terms.refusal import Refusal
from tests.parts import version
from tests.people import NOW, asker, pid, project, record

PUBLISHED = version(cap_nrho=10_000_000, cap_delta=10_000).dataset
DATASET = replace(PUBLISHED, name="clinic", population=replace(PUBLISHED.population, name=PopulationName("patients")))


def refused(
    *, who: Asker | None = None, of: Project | None = None, under: PermitRecord | None = None, dataset: Dataset = DATASET
) -> Refusal:
    with pytest.raises(Refusal) as caught:
        leave(who or asker("member"), project=of or project(), record=under or record(), dataset=dataset, now=NOW)
    return caught.value


def test_a_member_with_everything_in_order_gets_a_permit_of_public_facts() -> None:
    given = leave(asker("member"), project=project(), record=record(), dataset=DATASET, now=NOW)
    assert (given.id, given.dataset, given.population) == ("permit-1", "clinic", "patients")
    assert given.purpose == "project-1: DS:MONDO:0005148, dpv:AcademicResearch"
    assert (given.cap_nrho, given.cap_delta) == (1_000_000, 1_000)


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (PermitState.REQUESTED, "permit.waiting"),
        (PermitState.GRANTED, "permit.waiting"),
        (PermitState.RETURNED, "permit.returned"),
        (PermitState.REFUSED, "permit.refused"),
        (PermitState.EXHAUSTED, "permit.exhausted"),
        (PermitState.SUSPENDED, "permit.suspended"),
        (PermitState.EXPIRED, "permit.expired"),
        (PermitState.REVOKED, "permit.revoked"),
    ],
)
def test_a_permit_that_is_not_active_is_refused_by_its_state(state: PermitState, code: str) -> None:
    assert refused(under=record(state)).code == code


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (ProjectState.DRAFT, "project.waiting"),
        (ProjectState.SUBMITTED, "project.waiting"),
        (ProjectState.RETURNED, "project.waiting"),
        (ProjectState.APPROVED, "project.waiting"),
        (ProjectState.SUSPENDED, "project.suspended"),
        (ProjectState.REJECTED, "project.ended"),
        (ProjectState.CLOSED, "project.ended"),
        (ProjectState.EXPIRED, "project.ended"),
        (ProjectState.REVOKED, "project.ended"),
    ],
)
def test_a_project_that_is_not_active_is_refused_by_its_state(state: ProjectState, code: str) -> None:
    assert refused(of=project(state)).code == code


def test_the_end_counts_from_its_moment_even_before_the_node_has_noted_it() -> None:
    assert refused(under=replace(record(), valid_until=NOW)).code == "permit.expired"
    assert refused(of=replace(project(), ends_on=NOW)).code == "project.ended"


def test_a_permit_for_another_dataset_or_population_is_refused() -> None:
    assert refused(dataset=PUBLISHED).code == "permit.other_dataset"
    other = replace(DATASET, population=replace(DATASET.population, name=PopulationName("others")))
    assert refused(dataset=other).code == "permit.other_dataset"


def test_a_change_of_purpose_ends_the_use_of_the_permit() -> None:
    assert refused(of=project(version=2)).code == "permit.purpose_changed"


def test_a_permit_granted_by_somebody_who_joined_later_is_refused() -> None:
    joined = replace(project(), former=(pid("custodian"),))
    assert refused(of=joined).code == "permit.granted_by_member"


def test_who_is_not_in_the_project_is_refused() -> None:
    assert refused(who=asker("stranger")).code == "rights.member_needed"
    assert refused(who=asker("custodian")).code == "rights.member_needed"


def test_a_permit_that_was_granted_names_who_granted_it() -> None:
    with pytest.raises(AssertionError):
        replace(record(), granted_by=None)


def test_what_may_i_lists_the_permits_that_may_be_used_now() -> None:
    records = (
        record(),
        replace(record(), id=PermitId("permit-2"), valid_until=NOW - timedelta(days=1)),
        replace(record(PermitState.SUSPENDED), id=PermitId("permit-3")),
    )
    projects = {project().id: project()}
    assert [each.id for each in permits_of(asker("member"), projects=projects, records=records, now=NOW)] == ["permit-1"]
    assert permits_of(asker("stranger"), projects=projects, records=records, now=NOW) == ()
    assert permits_of(asker("member"), projects={}, records=records, now=NOW) == ()
    assert permits_of(None, projects=projects, records=records, now=NOW) == ()
