"""The demo shows a real AI system, trained, assessed, registered and in service, and a national plan whose statuses are computed."""

import shutil
from pathlib import Path

from amana.client.text import LANGUAGES
from amana.log.quorum import Policy, read_policy
from amana.log.read import FolderReader
from amana.node.service import open_service
from amana.programme.copy import evaluate_copy
from amana.programme.status import Status
from amana.terms.model_card import TRANSLATED


def test_the_register_of_the_demo_holds_a_system_in_service_in_four_languages(demo_folder: Path, tmp_path: Path) -> None:
    shutil.copytree(demo_folder, tmp_path / "demo-data")
    service = open_service(tmp_path / "demo-data")
    (system,) = service.ai_register.systems(None, state="in_service")
    (auc,) = (metric.value for metric in system.facts.quality if metric.name == "auc")
    service.close()
    assert all({language for language, words in getattr(system.card, name) if words} == set(LANGUAGES) for name in TRANSLATED)
    assert {each.group for each in system.facts.groups if not each.compares} == {"rural", "urban"}
    assert auc > 0.6, "it learned something"
    assert len(system.entries) == 3, "assessed, registered, in service"


def test_the_plan_of_the_demo_shows_every_commitment_with_a_computed_status_and_evidence(demo_folder: Path, tmp_path: Path) -> None:
    shutil.copytree(demo_folder, tmp_path / "demo-data")
    service = open_service(tmp_path / "demo-data")
    found = service.programme_state.evaluation()
    service.close()
    assert len(found.standings) == 25 and len(found.plan.agreements) == 8
    assert {each.status for each in found.standings} >= {Status.ON_TRACK, Status.STARTED, Status.NO_EVIDENCE, Status.DROPPED, Status.DONE}
    for standing in found.standings:
        assert any(each.value is not None for measure in standing.measures for each in measure.observations), standing.commitment.id
    kinds = {each.basis for standing in found.standings for measure in standing.measures for each in measure.observations if each.weighs}
    assert kinds == {"E1", "E2", "E3"}
    copy = evaluate_copy(FolderReader(demo_folder / "log"), policy=policy_in(demo_folder / "log"), today=found.today).evaluation
    assert copy.standings == found.standings


def policy_in(log: Path) -> Policy:
    return read_policy((log / "policy").read_bytes())
