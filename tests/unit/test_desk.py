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
from amana.node.models import Models
from amana.policy.projects import Verdict
from amana.policy.rights import Action, may
from amana.policy.transitions import ModelEvent, PermitEvent, ProjectEvent
from amana.terms.ids import ModelId, PermitId, ProjectId
from amana.terms.model_card import write_card
from tests.governed import PARTS, Governed, governed
from tests.models import card, new_model
from tests.parts import version

if TYPE_CHECKING:
    from amana.node.service import Service

pytestmark = pytest.mark.usefixtures("each_database")
OTHER = "births"
"""A dataset of another custodian."""
COPY = """INSERT INTO model (id, project, permit, dataset, version, custodian, state, model, facts, card, described_by, assessed_by, public,
reasons, made_at, revision) SELECT :id, project, permit, dataset, version, :custodian, state, model, facts, :card, described_by,
assessed_by, public, reasons, '2001-01-01T00:00:00+00:00', revision FROM model WHERE id = :of"""


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


def described(node: Governed, permit: PermitId) -> ModelId:
    of, project = node.versions[0], node.permits.place(permit).project.id
    made = node.models.add(new_model(project=project, permit=permit, dataset="clinic", version=of.id, custodian=of.dataset.custodian))
    node.models.describe(node.asker("member"), model=made, card=card())
    return made


def registered(node: Governed, permit: PermitId) -> ModelId:
    made = described(node, permit)
    node.models.act(node.asker("custodian"), model=made, event=ModelEvent.ASSESS)
    node.models.act(node.asker("member"), model=made, event=ModelEvent.REGISTER)
    return made


def copied(node: Governed, model: ModelId, *, deployer: str, custodian: str) -> None:
    """As many older ones as a list holds."""
    said = {"of": model, "card": write_card(replace(card(), deployer=deployer)), "custodian": custodian}
    with node.database.transaction() as run:
        for number in range(200):
            run.change(COPY, {**said, "id": f"{model}-{number}"})


def awaited(node: Governed, who: str) -> list[tuple[str, str]]:
    held = SimpleNamespace(database=node.database, permits=node.permits, projects=node.projects, models=node.models, now=node.clock.now)
    found = Desk(cast("Service", held)).awaiting(node.asker(who))
    return [(each.kind, each.path.rpartition("/")[2]) for each in found if "/models/" in each.path]


def test_models_that_wait_for_nobody_or_for_others_hide_none_that_waits(node: Governed, monkeypatch: pytest.MonkeyPatch) -> None:
    permit, clinic = node.granted(), node.versions[0].dataset.custodian
    serving, waiting = registered(node, permit), described(node, permit)
    copied(node, serving, deployer="", custodian=clinic)
    expected = {("assess", waiting), ("serve", serving)}
    monkeypatch.setattr(Models, "kept", None)  # a desk reads no model
    assert set(awaited(node, "custodian")) == set(awaited(node, "decider")) == expected
    copied(node, waiting, deployer="", custodian="other clinic")
    assert set(awaited(node, "custodian")) == expected
    kinds = [kind for kind, _ in awaited(node, "decider")]
    assert (kinds.count("assess"), kinds.count("serve")) == (200, 1)
    assert {kind for kind, _ in awaited(node, "elsewhere")} == {"assess"}
