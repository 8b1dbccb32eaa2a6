"""Settings of sign-in: a misspelt one stops the start, and none can make a node less strict by accident."""

from pathlib import Path

import pytest

from amana.node.settings import describe, read_settings
from amana.terms.refusal import Refusal

GOOD = {
    "public_url": [
        "https://data.example.org",
        "https://data.example.org:8443",
        "http://localhost:8321",
        "http://127.0.0.1:1",
        "http://localhost",
    ],
    "sign_in_links": ["enrol", "demo"],
    "oidc_client_secret_file": ["keys/oidc.secret", ""],
    "oidc_step_up_acr": ["urn:mace:incommon:iap:silver", ""],
}
BAD = {
    "public_url": [
        "",
        "data.example.org",
        "http://data.example.org",
        "https://data.example.org/",
        "https://data.example.org/amana",
        "https://data.example.org:443",
        "https://Data.example.org",
        "https://me@data.example.org",
        "https://data.example.org\n",
        "http://localhost.example.org",
    ],
    "sign_in_links": ["", "Demo", "all"],
    "oidc_issuer": ["http://id.example.org", "id.example.org", "https://me:secret@id.example.org", "https://id.example.org?x=1"],
    "oidc_client_id": ["a b", "é", "x" * 256],
    "oidc_step_up_acr": ["a b"],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in GOOD.items() for value in values])
def test_a_setting_that_is_right_is_taken(name: str, value: str, tmp_path: Path) -> None:
    assert getattr(read_settings(tmp_path, {f"AMANA_{name.upper()}": value}), name) == value


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in BAD.items() for value in values])
def test_a_setting_that_is_wrong_stops_the_start_and_is_not_repeated(name: str, value: str, tmp_path: Path) -> None:
    with pytest.raises(Refusal, match=r"settings\.bad_value") as refusal:
        read_settings(tmp_path, {f"AMANA_{name.upper()}": value})
    assert refusal.value.parameters["value"] == "…" and refusal.value.parameters["key"] == f"AMANA_{name.upper()}"


@pytest.mark.parametrize("alone", ["oidc_issuer", "oidc_client_id"])
def test_a_provider_needs_its_address_and_a_name_for_this_node(alone: str, tmp_path: Path) -> None:
    values = {"oidc_issuer": "https://id.example.org/realm", "oidc_client_id": "amana"}
    environment = {f"AMANA_{name.upper()}": value for name, value in values.items()}
    settings = read_settings(tmp_path, environment)
    assert (settings.oidc_issuer, settings.oidc_client_id) == tuple(values.values())
    with pytest.raises(Refusal, match=r"settings\.bad_value"):
        read_settings(tmp_path, {f"AMANA_{alone.upper()}": values[alone]})


def test_a_node_is_no_demo_and_knows_no_provider_unless_told(tmp_path: Path) -> None:
    settings = read_settings(tmp_path, {})
    assert (settings.sign_in_links, settings.oidc_issuer, settings.public_url) == ("enrol", "", "http://localhost:8321")
    assert ("oidc_issuer", "none") in {(name, default) for name, default, *_ in describe()}
