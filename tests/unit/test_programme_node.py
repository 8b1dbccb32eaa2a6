"""The programme on a node: what people do changes statuses, and a copy of the log says the same."""

import shutil
from pathlib import Path

import pytest

from amana.log.quorum import policy_of
from amana.log.read import FolderReader
from amana.programme.copy import evaluate_copy
from amana.terms.refusal import Refusal
from tests.programme import Carried, carried


@pytest.fixture
def world(tmp_path: Path):
    with carried(tmp_path / "node") as made:
        yield made


def copied(world: Carried, to: Path) -> FolderReader:
    shutil.copytree(world.node.service.settings.folder / "log", to)
    return FolderReader(to)


def evaluated(world: Carried, reader: FolderReader) -> dict[str, str]:
    service = world.node.service
    policy = policy_of(*service._wired.log.signed_by)
    found = evaluate_copy(reader, policy=policy, today=service.now().date())
    assert found.evaluation.standings == service.programme_state.evaluation().standings
    return {each.commitment.id: each.status.value for each in found.evaluation.standings}


def test_a_status_follows_from_evidence_alone_and_a_copy_says_the_same(world: Carried, tmp_path: Path) -> None:
    world.adopt()
    assert world.statuses() == {"open-data": "done", "people-seen": "no_evidence", "training": "no_evidence"}
    world.state(40, shown=False)
    assert world.statuses()["training"] == "no_evidence", "a claim weighs nothing"
    report = world.state(25)
    assert world.statuses()["training"] == "no_evidence", "nobody has verified it"
    world.verify(report)
    assert world.statuses()["training"] == "on_track"
    world.measure()
    assert world.statuses()["people-seen"] == "done"
    assert evaluated(world, copied(world, tmp_path / "copy")) == world.statuses()


def test_the_owners_own_verifier_is_refused(world: Carried) -> None:
    world.adopt()
    report = world.state(40)
    for who in ("insider", "planner", "decider"):
        with pytest.raises(Refusal) as refused:
            world.verify(report, who=who)
        assert refused.value.code in {"programme.own_evidence", "rights.verifier_needed"}
    assert world.statuses()["training"] == "no_evidence"
