"""The leave to ask is given exactly when every fact holds, and a refusal is that of a fact that does not."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from amana.catalog.schema import Dataset
from amana.policy.people import Asker, Role, Scope
from amana.policy.permit import leave
from amana.policy.projects import PermitRecord, Project
from amana.policy.transitions import PermitState, ProjectState
from amana.terms.ids import PopulationName
from amana.terms.refusal import Refusal
from tests.parts import version
from tests.people import NOW, asker, pid, project, record, with_token

PUBLISHED = version(cap_nrho=10_000_000, cap_delta=10_000).dataset


@dataclass(frozen=True, kw_only=True)
class World:
    who: Asker
    project: Project
    record: PermitRecord
    dataset: Dataset


WELL = World(
    who=with_token(asker("member"), Scope.ASK),
    project=project(),
    record=record(),
    dataset=replace(PUBLISHED, name="clinic", population=replace(PUBLISHED.population, name=PopulationName("patients"))),
)


def person(world: World, **changes: Any) -> World:
    return replace(world, who=replace(world.who, person=replace(world.who.person, **changes)))


def accreditation(world: World, **changes: Any) -> World:
    return replace(world, who=replace(world.who, accreditations=tuple(replace(each, **changes) for each in world.who.accreditations)))


def token(world: World, **changes: Any) -> World:
    assert world.who.token is not None
    return replace(world, who=replace(world.who, token=replace(world.who.token, **changes)))


def of_project(world: World, **changes: Any) -> World:
    return replace(world, project=replace(world.project, **changes))


def of_record(world: World, **changes: Any) -> World:
    return replace(world, record=replace(world.record, **changes))


BREAKS: dict[str, tuple[Callable[[World], World], ...]] = {
    "rights.person_disabled": (lambda w: person(w, disabled_at=NOW), lambda w: person(w, disabled_at=NOW + timedelta(days=9))),
    "rights.token_ended": (lambda w: token(w, expires_at=NOW), lambda w: token(w, revoked_at=NOW)),
    "rights.token_scope": (lambda w: token(w, scopes=tuple(each for each in Scope if each is not Scope.ASK)),),
    "rights.member_needed": (lambda w: person(w, roles=(Role.CUSTODIAN,)), lambda w: of_project(w, members=(pid("applicant"),))),
    "rights.not_accredited": (
        lambda w: accreditation(w, valid_until=NOW),
        lambda w: accreditation(w, valid_from=NOW + timedelta(seconds=1)),
        lambda w: accreditation(w, revoked_at=NOW),
    ),
    "project.suspended": (lambda w: of_project(w, state=ProjectState.SUSPENDED),),
    "project.waiting": (lambda w: of_project(w, state=ProjectState.APPROVED), lambda w: of_project(w, state=ProjectState.DRAFT)),
    "project.ended": (lambda w: of_project(w, ends_on=NOW), lambda w: of_project(w, state=ProjectState.REVOKED)),
    "permit.suspended": (lambda w: of_record(w, state=PermitState.SUSPENDED),),
    "permit.waiting": (lambda w: of_record(w, state=PermitState.GRANTED),),
    "permit.exhausted": (lambda w: of_record(w, state=PermitState.EXHAUSTED),),
    "permit.expired": (lambda w: of_record(w, valid_until=NOW), lambda w: of_record(w, state=PermitState.EXPIRED)),
    "permit.granted_by_member": (lambda w: of_record(w, granted_by=pid("member")), lambda w: of_project(w, former=(pid("custodian"),))),
    "permit.purpose_changed": (lambda w: of_record(w, project_version=0),),
    "permit.other_dataset": (lambda w: of_record(w, dataset="other"), lambda w: of_record(w, population=PopulationName("others"))),
}


@given(broken=st.lists(st.sampled_from(sorted(BREAKS)), max_size=3, unique=True), data=st.data())
def test_leave_is_given_exactly_when_nothing_is_broken(broken: list[str], data: st.DataObject) -> None:
    world = WELL
    for code in broken:
        world = data.draw(st.sampled_from(BREAKS[code]))(world)
    try:
        leave(world.who, project=world.project, record=world.record, dataset=world.dataset, now=NOW)
    except Refusal as refusal:
        assert refusal.code in broken
    else:
        assert broken == []
