"""The register of AI systems: every member in each document, forms that other programs read, and no safety out of a missed control."""

import csv
import io
import json
from dataclasses import replace

import pytest

from amana.client.text import LANGUAGES
from amana.register.ai_systems import FIELDS, as_csv, as_json, audit_told, one_as_json, text_in
from amana.register.hub_card import hub_card, metadata
from amana.register.ml_bom import ml_bom
from amana.register.standards import STANDARDS, under_standard
from amana.terms.model_card import NEEDED
from tests.ai_systems import system
from tests.models import card

NAMES = {field.name for field in FIELDS}
ASKED_BY = {
    "algoritmeregister": {"name", "organization", "description_short", "status", "contact_email", "goal", "human_intervention", "risks"}
    | {"lawful_basis", "source_data", "methods_and_models", "proportionality", "publication_category", "lang", "standard_version"},
    "atrs": {"Name", "Description", "Contact email", "Organisation or department", "Human decisions and review", "Appeals and review"}
    | {"Model architecture", "Model performance", "Datasets and their purposes", "Risks and mitigations"},
    "ai-act": {"1 provider", "4 trade name and reference", "5 intended purpose", "6 information used and operating logic", "7 status"},
}
"""What nobody may leave out, by standard."""


def test_the_document_holds_every_member_and_is_plain_json() -> None:
    found = one_as_json(system())["system"]
    assert isinstance(found, dict)
    assert set(found) == NAMES
    assert json.loads(json.dumps(as_json([system()])))["systems"] == [found]
    assert found["epsilon"] == pytest.approx(0.95, abs=0.2) and found["rho"] == 0.025
    assert set(NEEDED) <= NAMES and {field.name for field in FIELDS if field.said} >= set(NEEDED)


def test_a_table_has_a_column_for_each_language_and_nothing_that_a_spreadsheet_runs() -> None:
    dangerous = replace(card(), provider="=1+1", name=(("ar", "زيارات"),))
    (line,) = csv.DictReader(io.StringIO(as_csv([system(card=dangerous)])))
    assert line["provider"] == "'=1+1"
    assert [line[f"name_{language}"] for language in LANGUAGES] == ["", "زيارات", "", ""]
    assert line["quality"].startswith("auc 0.87 [0.85, 0.89]") and "sex = women" in line["groups"]
    assert line["retired_on"] == "" and line["entries"] == "8 9 12"


def test_an_audit_whose_control_was_missed_is_no_evidence_in_every_form() -> None:
    missed = system(caught=False)
    assert one_as_json(missed)["system"]["audit"]["evidence"] is False  # type: ignore[index]
    for told in (as_csv([missed]), json.dumps(ml_bom(missed)), hub_card(missed, language="en")):
        assert "no evidence" in told and "at least 0.71" not in told
    assert "no evidence" in str(under_standard(missed, standard="atrs", language="en")["Risks and mitigations"])
    assert "at least 0.71" in audit_told(system().facts.audit) and audit_told(None) == "none was made"


def test_a_text_falls_back_to_english_then_to_any() -> None:
    assert text_in((("en", "a"), ("fr", "b")), "fr") == "b"
    assert text_in((("en", "a"), ("fr", "b")), "zgh") == "a"
    assert text_in((("fr", "b"),), "ar") == "b" and text_in((), "ar") == ""


@pytest.mark.parametrize("standard", STANDARDS)
def test_a_standard_gets_what_it_asks_for_from_members_that_exist(standard: str) -> None:
    found = under_standard(system(), standard=standard, language="fr")
    assert ASKED_BY[standard] <= set(found)
    assert all(set(each.members) <= NAMES for each in STANDARDS[standard])
    assert "Retours" in json.dumps(found, ensure_ascii=False)


def test_the_dutch_form_has_its_own_words_for_states_and_months() -> None:
    serving = under_standard(system(), standard="algoritmeregister", language="en")
    assert (serving["status"], serving["begin_date"], serving["lang"]) == ("In gebruik", "2026-03", "ENG")
    assert "end_date" not in serving
    assert under_standard(system(state="suspended"), standard="algoritmeregister", language="en")["status"] == "Buiten gebruik"


@pytest.mark.parametrize("bare", [False, True])
def test_another_programs_strict_validator_takes_the_bill_of_materials(bare: bool) -> None:
    json_validation = pytest.importorskip("cyclonedx.validation.json", reason="cyclonedx-python-lib is not installed")
    schema = pytest.importorskip("cyclonedx.schema")
    found = system()
    if bare:
        found = replace(found, facts=replace(found.facts, quality=(), groups=(), audit=None, energy_wh=None))
    validator = json_validation.JsonStrictValidator(schema.SchemaVersion.V1_6)
    assert validator.validate_str(json.dumps(ml_bom(found))) is None
    broken = ml_bom(found) | {"bomFormat": "other"}
    assert validator.validate_str(json.dumps(broken)) is not None, "the validator is at work"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_library_of_a_hub_loads_the_card(language: str) -> None:
    hub = pytest.importorskip("huggingface_hub", reason="huggingface_hub is not installed")
    said = replace(card(), name=(("en", 'Return "visits": a test'), ("ar", "زيارات"), ("zgh", "ⵜⵉⵔⵣⴰⴼ")))
    loaded = hub.ModelCard(hub_card(system(card=said), language=language))
    assert loaded.data.pipeline_tag == "tabular-classification"
    assert loaded.data.language == ["en", "ar", "zgh"]
    (first, *_) = loaded.data.eval_results
    assert (first.metric_type, first.metric_value, first.dataset_name) == ("auc", 0.87, "Clinic visits")
    assert text_in(said.name, language) in loaded.text
    assert json.loads(json.dumps(metadata(system())))["library_name"] == "amana"
