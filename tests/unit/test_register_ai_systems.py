"""The register of AI systems: every member in each document, forms that other programs read, and no safety out of a missed control."""

import csv
import io
import json
from dataclasses import replace

import pytest

from amana.client.text import LANGUAGES
from amana.register.ai_systems import FIELDS, as_csv, as_json, audit_told, one_as_json, plain, text_in
from amana.register.hub_card import hub_card, metadata
from amana.register.ml_bom import ml_bom
from amana.register.standards import STANDARDS, under_standard
from amana.terms.model_card import NEEDED
from amana.terms.training_facts import EVERY_GROUP, Metric, read_facts, write_facts
from tests.ai_systems import system
from tests.models import card, forecast_facts

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


def test_energy_and_carbon_stand_in_every_form_and_an_unknown_one_in_none() -> None:
    found = system()
    assert plain(found)["energy_wh"] == 3.5 and plain(found)["carbon_g"] == 1.9
    assert metadata(found)["co2_eq_emissions"] == {"emissions": 1.9, "source": "predicted", "training_type": "training"}
    assert "at most 3.5 Wh, 1.9 g of carbon dioxide" in hub_card(found, language="en")
    bare = replace(found, facts=replace(found.facts, energy_wh=None, carbon_g=None))
    assert (
        plain(bare)["energy_wh"] is None and "co2_eq_emissions" not in metadata(bare) and "Not predicted." in hub_card(bare, language="en")
    )
    assert '"amana:carbon_g"' in json.dumps(ml_bom(found)) and '"amana:carbon_g"' not in json.dumps(ml_bom(bare))


def test_an_attack_that_a_copy_of_the_data_withstood_is_no_evidence_in_any_form() -> None:
    for caught, said in ((True, "a copy of the data was caught"), (False, "no evidence: the attack membership did not catch")):
        found = system(caught=caught)
        forms = (as_csv([found]), json.dumps(ml_bom(found)), hub_card(found, language="en"))
        forms += tuple(json.dumps(under_standard(found, standard=each, language="en")) for each in ("algoritmeregister", "atrs"))
        assert all(said in form for form in forms), caught
        (attack,) = plain(found)["attacks"]  # type: ignore[misc, unused-ignore]
        assert attack["evidence"] is caught


def test_a_comparison_of_groups_is_of_its_column_and_puts_no_group_at_risk() -> None:
    compared = Metric(name="equalized_odds_difference", value=0.1, low=0.0, high=0.2, column="sex", group=EVERY_GROUP)
    found = system()
    found = replace(found, facts=replace(found.facts, groups=(*found.facts.groups, compared)))
    bom = json.dumps(ml_bom(found))
    assert '"slice": "sex"' in bom and '"groupAtRisk": "sex = women"' in bom and '"groupAtRisk": "sex"' not in bom
    assert "equalized_odds_difference (sex) 0.1 [0, 0.2]" in as_csv([found])


def test_a_member_called_as_all_are_is_a_member() -> None:
    own = Metric(name="auc", value=0.7, low=0.6, high=0.8, column="town", group=EVERY_GROUP)
    assert not own.compares and own.whom == "town = *"


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


def test_a_forecast_tells_in_every_form_how_far_ahead_each_error_is_beside_that_of_the_season() -> None:
    found = system(facts=forecast_facts())
    assert read_facts(write_facts(found.facts)) == found.facts
    (_, seasonal, *_) = plain(found)["quality"]  # type: ignore[misc, unused-ignore]
    assert seasonal == {"name": "error_seasonal", "value": 0.31, "low": 0.3, "high": 0.32, "steps": 1}
    for form in (as_csv([found]), hub_card(found, language="en"), str(under_standard(found, standard="atrs", language="en"))):
        assert "error (1 ahead) 0.21 [0.2, 0.22]" in form and "error_seasonal (24 ahead) 0.3 [0.29, 0.31]" in form
    assert '"type": "error_seasonal"' in json.dumps(ml_bom(found)) and '"slice": "24 ahead"' in json.dumps(ml_bom(found))
    told = metadata(found)
    assert told["pipeline_tag"] == "time-series-forecasting" and told["tags"] == ["differential-privacy", "time-series", "forecast"]
    assert told["metrics"] == ["error", "error_seasonal"]


@pytest.mark.parametrize("bare", [False, True])
def test_another_programs_strict_validator_takes_the_bill_of_materials(bare: bool) -> None:
    json_validation = pytest.importorskip("cyclonedx.validation.json", reason="cyclonedx-python-lib is not installed")
    schema = pytest.importorskip("cyclonedx.schema")
    found = system()
    if bare:
        found = replace(found, facts=replace(found.facts, quality=(), groups=(), audit=None, energy_wh=None, carbon_g=None))
    validator = json_validation.JsonStrictValidator(schema.SchemaVersion.V1_6)
    assert validator.validate_str(json.dumps(ml_bom(found))) is None
    assert validator.validate_str(json.dumps(ml_bom(replace(found, facts=forecast_facts())))) is None
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
    foreseen = hub.ModelCard(hub_card(system(facts=forecast_facts()), language=language)).data
    assert foreseen.pipeline_tag == "time-series-forecasting" and len(foreseen.eval_results) == 4
