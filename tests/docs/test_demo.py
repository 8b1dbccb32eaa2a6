"""The demo shows a real AI system: trained, assessed, registered and in service, with a card in four languages."""

import shutil
from pathlib import Path

from amana.client.text import LANGUAGES
from amana.node.service import open_service
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
