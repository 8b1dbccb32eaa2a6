"""A forecaster is kept, described, assessed, registered and put in service as any model is, with both errors at each horizon."""

import csv
import io
import json
import re
import secrets
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from amana.cli import main
from amana.client.forecast_file import read_signed_forecast
from amana.client.forecasted import ForecastMade, read_made
from amana.client.text import LANGUAGES, load
from amana.learn.audit import FORECAST, published_audit
from amana.node import models
from amana.terms.code import Exit
from tests.doors.desk_forms import browser_of
from tests.doors.http_node import HttpNode, http_node
from tests.unit.series import publish_readings

WANTED = {"dataset": "test", "value": "used", "time": "at", "horizons": [1, 24], "season": 24, "share": "10%"}
SETTINGS = "machine_power_w = 120\ngrid_carbon_g_per_kwh = 500\n"
CARD = {
    **{
        name: {"en": f"The {name} of the forecast."}
        for name in ("name", "purpose", "decides", "weighed", "oversight", "objection", "limits", "legal_basis")
    },
    "category": "other", "provider": "University", "contact": "ai@grid.example", "deployer": "The grid",
}  # fmt: skip


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpNode]:
    with http_node(tmp_path_factory.mktemp("grid") / "node", settings=SETTINGS, publish_into=publish_readings) as made:
        yield made


@pytest.fixture(scope="module")
def made(node: HttpNode) -> ForecastMade:
    return forecast(node)


@pytest.fixture(scope="module")
def serving(node: HttpNode, made: ForecastMade) -> str:
    """The id of one that went the whole way: described over HTTP, judged at the desk."""
    assert node.client.put(f"/api/v1/models/{made.id}/card", json=CARD, headers=node.headers("member")).status_code == 200
    for who, what in (("custodian", "assess"), ("member", "register"), ("custodian", "serve")):
        reply = browser_of(node, who).send(f"/desk/models/{made.id}", do=what, reasons="read in full")
        assert reply.status_code == 303, reply.text
    return made.id


def sent(node: HttpNode, **changed: object) -> Any:
    headers = node.headers("member", Idempotency_Key=secrets.token_hex(8))
    return node.client.post("/api/v1/forecasts", json={**WANTED, "permit": node.permit, **changed}, headers=headers)


def forecast(node: HttpNode) -> ForecastMade:
    reply = sent(node)
    assert reply.status_code == 200, reply.text
    return read_made(reply.json())


def words(html: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html)))


def test_what_is_known_of_it_is_filled_from_the_run(node: HttpNode, made: ForecastMade) -> None:
    shown = node.client.get(f"/api/v1/models/{made.id}", headers=node.headers("member")).json()
    facts = shown["facts"]
    assert (shown["state"], facts["learner"], facts["task"], facts["target"]) == ("trained", "forecast", "forecasting", "used")
    assert facts["features"] == ["used", "at"] and facts["rows_kept"] == made.rows_per_unit and facts["entry"] == made.training.use.entry
    assert facts["cost_nrho"] == made.cost.loss_nrho > 0 and json.loads(facts["specification"])["Forecasting"]["season"] == 24
    audit = published_audit(FORECAST)
    assert audit is not None and facts["audit"]["lower_bound"] == audit.lower_bound
    assert facts["energy_wh"] > 0 and facts["carbon_g"] == pytest.approx(facts["energy_wh"] / 2)
    told = [(each["name"], each["steps"], each["value"], each["low"], each["high"]) for each in facts["quality"]]
    assert told == [
        (name, horizon.steps, error.value, error.low, error.high)
        for horizon in made.forecast.horizons
        for name, error in (("error", horizon.error), ("error_seasonal", horizon.error_seasonal))
    ]


def test_the_same_again_is_free_and_kept_once(node: HttpNode, made: ForecastMade) -> None:
    again = forecast(node)
    assert again.cost.recalled and again.id == made.id and again.forecast == made.forecast


def test_the_text_of_a_query_is_not_in_what_everybody_may_read(node: HttpNode) -> None:
    reply = sent(node, sql="SELECT at, used FROM readings WHERE used > 17.25", share="1%")
    kept = node.client.get(f"/api/v1/models/{reply.json()['id']}", headers=node.headers("member")).text
    assert "17.25" not in kept and "SELECT …" in kept


def test_its_team_and_those_who_judge_it_get_the_file_which_proves_itself(node: HttpNode, made: ForecastMade, tmp_path: Path) -> None:
    reply = node.client.get(f"/api/v1/models/{made.id}/file", headers=node.headers("custodian"))
    assert read_signed_forecast(reply.text).forecast == made.forecast
    (tmp_path / "kept.json").write_text(reply.text, encoding="utf-8")
    key = str(node.service.settings.folder / "log" / "log.vkey")
    assert main.main(["model", "verify", str(tmp_path / "kept.json"), "--key", key]) == Exit.FINE
    assert node.client.get(f"/api/v1/models/{made.id}/file", headers=node.headers("outsider")).status_code == 403


def test_a_project_that_keeps_too_many_is_refused_before_it_pays(node: HttpNode, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "MODELS_MAX", 0)
    spent = node.spent()
    assert sent(node, share="2%").json()["name"] == "model.too_many"
    assert node.spent() == spent


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_public_card_tells_both_errors_so_many_steps_ahead_and_draws_nothing(node: HttpNode, serving: str, language: str) -> None:
    page = node.client.get(f"/{language}/ai/{serving}")
    assert page.status_code == 200
    told, catalogue = words(page.text), load(language)
    for said in ("The decides of the forecast.", catalogue.word("metric", "error_seasonal"), catalogue.say("forecast.steps")):
        assert said in told, said
    assert catalogue.word("learner", "forecast") in told and catalogue.say("forecast.read", value="used") in told
    assert "word." not in told and "page." not in told and "<figure" not in page.text
    shapes = words(node.client.get(f"/{language}/ai/{serving}/shapes").text)
    assert catalogue.say("page.ai.shapes_none") in shapes and "page." not in shapes


def test_the_desk_shows_its_errors_and_its_state(node: HttpNode, serving: str) -> None:
    member, say = browser_of(node, "member"), load("en").say
    assert f"/desk/models/{serving}" in member.get("/desk/models").text
    told = words(member.get(f"/desk/models/{serving}").text)
    assert say("page.model.next.in_service") in told and "mean error of the value one season ago" in told


def test_programs_read_it_in_every_form(node: HttpNode, serving: str) -> None:
    base = f"/api/v1/ai-systems/{serving}"
    system = node.client.get(base).json()["system"]
    assert system["task"] == "forecasting" and [each["steps"] for each in system["quality"]] == [1, 1, 24, 24]
    assert serving in {each["id"] for each in node.client.get("/api/v1/ai-systems.json").json()["systems"]}
    (line,) = (each for each in csv.DictReader(io.StringIO(node.client.get("/api/v1/ai-systems.csv").text)) if each["id"] == serving)
    assert line["quality"].startswith("error (1 ahead) ") and "error_seasonal (24 ahead) " in line["quality"]
    parameters = node.client.get(f"{base}/cyclonedx").json()["metadata"]["component"]["modelCard"]["modelParameters"]
    assert (parameters["task"], parameters["outputs"]) == ("forecasting", [{"format": "prediction of used"}])
    assert 'pipeline_tag: "time-series-forecasting"' in node.client.get(f"{base}/hub").text
    for standard in ("algoritmeregister", "atrs", "ai-act"):
        assert "forecast (forecasting)" in node.client.get(f"{base}/{standard}").text
