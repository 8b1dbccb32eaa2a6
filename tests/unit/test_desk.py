"""The desk: of the permits of a project, a person finds those that she may see."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from amana.node.desk import Desk
from amana.policy.projects import Verdict
from amana.policy.rights import Action, may
from amana.policy.transitions import PermitEvent, ProjectEvent
from amana.terms.ids import PermitId, ProjectId
from tests.governed import PARTS, Governed, governed
from tests.parts import version

if TYPE_CHECKING:
    from amana.node.service import Service

pytestmark = pytest.mark.usefixtures("each_database")
OTHER = "births"
"""A dataset of another custodian."""


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Governed]:
    with governed(tmp_path / "node.sqlite") as made:
        other = version(name=OTHER)
        made.versions.append(replace(other, dataset=replace(other.dataset, custodian="other clinic")))
        made.ledger.open_population(other.dataset.population)
        yield made


def seen(node: Governed, who: str, *, project: ProjectId) -> set[PermitId]:
    held = SimpleNamespace(database=node.database, permits=node.permits, projects=node.projects, now=node.clock.now)
    return {each.record.id for each in Desk(cast("Service", held)).permits_of(node.asker(who), project=project)}


def asked(node: Governed) -> tuple[ProjectId, Mapping[str, PermitId]]:
    """A project with a permit of each custodian, by their datasets."""
    made = node.application(datasets=("clinic", OTHER))
    project = node.projects.create(node.asker("applicant"), application=made)
    node.projects.add_member(node.asker("applicant"), project=project, person=node.ids["member"])
    node.projects.act(node.asker("applicant"), project=project, event=ProjectEvent.SUBMIT)
    for name in ("reviewer", "second"):
        node.projects.review(node.asker(name), project=project, verdict=Verdict.APPROVE, reasons="clear")
    node.projects.decide(node.asker("decider"), project=project, event=ProjectEvent.APPROVE, reasons="useful")
    until = node.clock.now() + timedelta(days=90)
    permits = {
        dataset: node.permits.request(node.asker("applicant"), project=project, dataset=dataset, share=Fraction(1, 10), valid_until=until)
        for dataset in made.datasets
    }
    return project, permits


def test_of_the_permits_of_a_project_a_person_finds_those_that_she_may_see(node: Governed) -> None:
    project, permits = asked(node)
    every, none = set(permits.values()), set[PermitId]()
    expected = {
        "applicant": every, "member": every, "decider": every, "deputy": every, "auditor": every, "custodian": {permits["clinic"]},
        "elsewhere": {permits[OTHER]}, "stranger": none, "reviewer": none, "second": none, "third": none, "operator": none,
    }  # fmt: skip
    assert {who: seen(node, who, project=project) for who in PARTS} == expected


def test_what_became_of_a_permit_does_not_change_who_finds_it_and_what_was_asked_by_others_is_not_among_them(node: Governed) -> None:
    project, permits = asked(node)
    node.permits.act(node.asker("custodian"), permit=permits["clinic"], event=PermitEvent.REFUSE, reasons="no")
    others = node.requested()
    for who in PARTS:
        found = seen(node, who, project=project)
        may_see = {
            each for each in permits.values() if may(Action.SEE_PERMIT, node.asker(who), on=node.permits.place(each), now=node.clock.now())
        }
        assert found == may_see and others not in found
    assert seen(node, "applicant", project=ProjectId("p-none")) == set()


def test_whoever_left_the_team_finds_its_permits_no_more(node: Governed) -> None:
    project, permits = asked(node)
    assert seen(node, "member", project=project) == set(permits.values())
    node.projects.remove_member(node.asker("applicant"), project=project, person=node.ids["member"])
    assert seen(node, "member", project=project) == set()
