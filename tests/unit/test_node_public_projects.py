"""What everybody may read of projects, and from when: nothing that was not judged, and nobody's name."""

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from amana.node.public_projects import LISTED_MAX, PublicProject, PublicProjects
from amana.policy.transitions import ProjectEvent, ProjectState
from amana.terms.ids import ProjectId
from amana.terms.refusal import Refusal
from tests.governed import Governed, governed

pytestmark = pytest.mark.usefixtures("each_database")


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Governed]:
    with governed(tmp_path / "node.sqlite") as made:
        yield made


def public(node: Governed) -> PublicProjects:
    return PublicProjects(node.database, node.clock.now)


def listed(node: Governed) -> list[ProjectId]:
    return [each.id for each in public(node).projects(None, limit=LISTED_MAX)]


def hidden(node: Governed, project: ProjectId) -> bool:
    """Whether neither list, page nor title tells of it."""
    with pytest.raises(Refusal) as refused:
        public(node).project(None, project=project)
    assert refused.value.code == "node.not_found"
    return project not in listed(node) and public(node).titles(None, projects=frozenset({project})) == {}


def test_what_waits_for_a_decision_is_nobody_elses(node: Governed) -> None:
    assert hidden(node, node.draft())
    assert hidden(node, node.submitted())
    returned = node.reviewed()
    node.projects.decide(node.asker("decider"), project=returned, event=ProjectEvent.RETURN, reasons="say which months")
    assert hidden(node, returned)
    rejected = node.reviewed()
    node.projects.decide(node.asker("decider"), project=rejected, event=ProjectEvent.REJECT, reasons="no")
    assert hidden(node, rejected)


def test_an_approved_project_is_public_through_all_that_becomes_of_it(node: Governed) -> None:
    project = node.approved()
    assert public(node).project(None, project=project).state is ProjectState.APPROVED
    node.granted(project)
    assert public(node).project(None, project=project).state is ProjectState.ACTIVE
    for event, state in ((ProjectEvent.SUSPEND, ProjectState.SUSPENDED), (ProjectEvent.REVOKE, ProjectState.REVOKED)):
        node.projects.decide(node.asker("deputy"), project=project, event=event, reasons="a question")
        found = public(node).project(None, project=project)
        assert (found.state, found.since) == (state, node.clock.now())
    assert listed(node) == [project]


def test_a_project_that_was_closed_is_public_only_if_it_had_been_approved(node: Governed) -> None:
    approved, draft = node.approved(), node.draft()
    for project in (approved, draft):
        node.projects.act(node.asker("applicant"), project=project, event=ProjectEvent.CLOSE)
    assert listed(node) == [approved]
    assert hidden(node, draft)


def test_words_that_are_written_anew_are_public_only_once_they_are_judged(node: Governed) -> None:
    project = node.approved()
    node.projects.act(node.asker("applicant"), project=project, event=ProjectEvent.CHANGE_PURPOSE)
    node.projects.edit(node.asker("applicant"), project=project, application=node.application(title=(("en", "Not judged"),)))
    assert hidden(node, project)
    node.projects.act(node.asker("applicant"), project=project, event=ProjectEvent.CLOSE)
    assert hidden(node, project)


def test_no_person_stands_in_a_public_project(node: Governed) -> None:
    found = public(node).project(None, project=node.approved())
    assert {each.name for each in fields(PublicProject)} == {
        "id", "state", "title", "lay_summary", "organisation", "purposes", "datasets", "ends_on", "since",
    }  # fmt: skip
    assert not any(person in repr(found) for person in node.ids.values())
    assert found.organisation == "university"


def test_the_newest_come_first_and_a_page_holds_so_many(node: Governed) -> None:
    made = [node.approved() for _ in range(3)]
    assert set(listed(node)) == set(made)
    pages = [public(node).projects(None, skipped=skipped, limit=2) for skipped in (0, 2)]
    assert [each.id for page in pages for each in page] == listed(node)
