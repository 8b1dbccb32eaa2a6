"""The statement of what is promised: exact, made of the caps alone, in the registry's terms."""

from typing import Any

import pytest

from amana.privacy.loss import DELTA_ONE, epsilon_of
from amana.register.promise import delta_shown, promise
from amana.terms.ids import DeltaUnits
from tests.register_parts import PLACE, listed, monthly

SECTIONS = {
    "product": {"name", "data_curators", "intended_use", "data_product_type", "description", "publication_date"},
    "dp_flavor": {
        "name", "input_metric", "bound_on_input_distance", "output_measure", "bound_on_output_distance", "data_domain", "unprotected_quantities",
    },
    "privacy_loss": {"privacy_unit", "privacy_unit_description", "privacy_parameters", "privacy_parameters_description"},
    "model": {"model_name", "actors", "release_type", "release_type_description", "access_type", "access_type_description"},
    "accounting": {"post_processing", "composition"},
    "implementation": {"pre_processing_eda_hyperparameter_tuning", "mechanisms"},
    "resources": {"sources"},
}  # fmt: skip
"""Of a record of the registry: what the node can fill. Its editors and the custodian add the rest."""


@pytest.fixture(scope="module")
def stated() -> dict[str, Any]:
    found: dict[str, Any] = promise(PLACE, listed())
    return found


def test_it_has_the_sections_and_fields_of_the_registry(stated: dict[str, Any]) -> None:
    assert {name: set(fields) for name, fields in stated["deployment"].items()} == SECTIONS


def test_its_numbers_are_those_of_the_caps(stated: dict[str, Any]) -> None:
    population = listed().dataset.population
    parameters = stated["deployment"]["privacy_loss"]["privacy_parameters"]
    delta = delta_shown(population.cap_delta)
    assert parameters["rho"] == population.cap_nrho / 10**9 == 1.0
    assert parameters == {
        "rho": 1.0, "delta": delta, "epsilon": epsilon_of(nano_rho=population.cap_nrho, delta_units=population.cap_delta, delta=delta),
    }  # fmt: skip
    assert stated["promise"]["cap_delta_units"] == population.cap_delta and stated["promise"]["period"] == "life"


def test_the_delta_shown_leaves_room_above_the_cap() -> None:
    assert delta_shown(DeltaUnits(0)) == 1e-6
    assert delta_shown(DeltaUnits(DELTA_ONE // 1000)) == pytest.approx(1e-2)


def test_a_promise_for_life_and_one_for_a_period_are_told_apart(stated: dict[str, Any]) -> None:
    by_month: Any = promise(PLACE, monthly(listed()))
    assert "never begins again" in stated["deployment"]["model"]["release_type_description"]
    assert "begins again each month" in by_month["deployment"]["model"]["release_type_description"]
    assert (
        by_month["promise"]["period"] == "month"
        and "of one month" in by_month["deployment"]["privacy_loss"]["privacy_parameters_description"]
    )


def test_it_names_the_unit_the_tables_and_what_is_not_protected(stated: dict[str, Any]) -> None:
    flavour = stated["deployment"]["dp_flavor"]
    assert stated["deployment"]["privacy_loss"]["privacy_unit"] == "patient-level"
    assert "visits(visit, patient_id, ward" in flavour["data_domain"] and "wards(" not in flavour["data_domain"]
    assert "wards, areas" in flavour["unprotected_quantities"]


def test_it_is_the_same_whatever_was_asked(stated: dict[str, Any]) -> None:
    assert promise(PLACE, listed()) == stated
