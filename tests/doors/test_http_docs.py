"""The description of the API: complete, with examples that hold, as a document and as pages of our own."""

import html
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from httpx import Response
from starlette.testclient import TestClient

from amana.client.text import LANGUAGES, load
from amana.policy.people import Who
from amana.policy.rights import RULES, Action
from amana.terms.codes import CODES
from amana.web.app import build
from amana.web.operations import Operation, operations
from amana.web.routing import BASE
from tests.docs.http_page import http_document
from tests.doors.http_node import http_node, session_of
from tests.house.test_routes import empty_service
from tests.programme import plan_text

PAGE_BYTES_MAX = 30_000
DOCUMENT = http_document()
OPERATIONS = {operation.name: operation for operation in operations(DOCUMENT)}
AUDITORS = {Who.ANYONE, Who.PERSON, Who.OWNER, Who.AUDITOR}
"""Some relation in which an auditor stands to something."""
each_operation = pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)


@pytest.fixture(scope="module")
def client() -> TestClient:
    return TestClient(build(empty_service()))


def validated(example: object, schema: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator({**schema, "components": DOCUMENT["components"]}).validate(example)


def test_the_document_is_openapi_3_1(client: TestClient) -> None:
    served = client.get("/api/v1/openapi.json").json()
    assert served == json.loads(json.dumps(DOCUMENT)) and served["openapi"].startswith("3.1")
    assert "HTTPValidationError" not in served["components"]["schemas"]


@each_operation
def test_every_route_shows_an_example_of_each_request_response_and_problem(operation: Operation) -> None:
    contents = [("request", operation.written.get("requestBody", {}).get("content", {}))]
    contents += [(status, response.get("content", {})) for status, response in operation.responses(DOCUMENT)]
    for part, content in contents:
        for media, each in content.items():
            if media != "application/vnd.apache.arrow.stream":
                shown = [value["value"] for value in each.get("examples", {}).values()] or [each.get("example")]
                assert shown != [None], f"{operation.name} {part} {media}"
                for example in shown:
                    validated(example, each["schema"])
    assert {"4XX", "500", "503"} <= set(operation.written["responses"])


LEARNING = {f"post-{name}" for each in ("models", "synthetic-tables", "forecasts") for name in (each, f"{each}-preview")}
"""What learns from rows that a SELECT may make."""


@each_operation
def test_every_example_of_a_problem_has_its_status_and_is_one_that_the_route_can_give(operation: Operation) -> None:
    shown = {
        (status, example["value"]["status"], name)
        for status, response in operation.responses(DOCUMENT)
        for name, example in response.get("content", {}).get("application/problem+json", {}).get("examples", {}).items()
    }
    assert {(status, str(found)) for status, found, _ in shown if status != "4XX"} == {(status, status) for status, *_ in shown} - {
        ("4XX",) * 2
    }
    names = {name for *_, name in shown}
    assert {"fault", "node.database_lost", "http.method"} <= names and ("http.too_many_requests" in names) == (operation.path != "/healthz")
    assert ("sql.unknown_table" in names) == (operation.path.startswith(f"{BASE}/questions") or operation.name in LEARNING)
    assert not operation.public or "401" not in {status for status, *_ in shown}
    for status, response in operation.responses(DOCUMENT):
        assert ("WWW-Authenticate" in response.get("headers", {})) == (status == "401")
        assert status != "429" or "Retry-After" in response["headers"]


def test_people_are_refused_as_the_document_says(tmp_path: Path) -> None:
    with http_node(tmp_path / "node") as node:
        real = {"project": node.project, "permit": node.permit, "person": node.people["member"], "name": "test"}
        things = {"project", "permit", "person", "job", "output", "accreditation", "name"}
        for operation in OPERATIONS.values():
            fields, rules = set(operation.fields), [RULES[Action(action)] for action in operation.actions]
            body = operation.written.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")

            def refused(known: dict[str, str], who: str, operation: Operation = operation, body: object = body) -> None:
                path = operation.path.format(**dict.fromkeys(operation.fields, "nothing") | {"role": "reviewer"} | known)
                headers = {"Idempotency-Key": "k", **(node.headers(who) if who else {})}
                reply = node.client.request(operation.method, path, json=body, headers=headers)
                if reply.status_code != 200 or reply.json()["items"] != []:  # a list of what she may see may be empty
                    told(operation, reply)

            if not operation.public and not {"output", "accreditation"} & fields:
                refused(real, "")
            if fields & things:
                refused({}, "" if operation.public else "decider" if {"person", "accreditation"} & fields else "member")
            if rules and fields <= {"project", "permit", "person", "role"} and not any(AUDITORS & set(rule.who) for rule in rules):
                refused(real, "auditor")
            if operation.written.get("security") == [{"session": []}]:
                refused(real, "member")


def told(operation: Operation, reply: Response) -> None:
    """A refusal that stands among the examples of its route, with the same parameters and headers."""
    problem, responses = reply.json(), dict(operation.responses(DOCUMENT))
    found = responses.get(str(reply.status_code), {})
    examples = found.get("content", {}).get("application/problem+json", {}).get("examples", {})
    assert problem["name"] in examples, (operation.name, problem)
    assert examples[problem["name"]]["value"]["parameters"].keys() == problem["parameters"].keys()
    assert set(found["headers"]) <= {name for name in found["headers"] if name in reply.headers}, operation.name


def test_other_forms_than_json_are_media_types_of_the_response() -> None:
    others = {
        name: media
        for name, operation in OPERATIONS.items()
        for media in operation.written["responses"].get("200", {}).get("content", {})
        if media != "application/json"
    }
    arrow = "application/vnd.apache.arrow.stream"
    assert others == {
        "post-questions": arrow,
        "post-questions-dry-run": arrow,
        "get-jobs-job-answer": arrow,
        "get-jobs-job-events": "text/event-stream",
        "get-exports-record": "text/csv",
        **dict.fromkeys(("get-log-checkpoint", "get-log-log-vkey", "get-log-policy", "get-log-archive-day"), "text/plain"),
        "get-log-tile-place": "application/octet-stream",
        **dict.fromkeys(("get-witness-vkey", "post-witness-add-checkpoint"), "text/plain"),
        "get-exports-public-register": "text/csv",
        "get-datasets-name-sample": "application/vnd.apache.parquet",
        "get-catalog-jsonld": "application/ld+json",
        "get-catalog-ttl": "text/turtle",
        "get-datasets-name-croissant-json": "application/ld+json",
        "get-uses-csv": "text/csv",
        "get-ai-systems-csv": "text/csv",
        "post-synthetic-tables": "application/vnd.apache.parquet",
        "get-ai-systems-model-form": "application/vnd.cyclonedx+json",
    }
    assert not any(each["name"].lower() == "accept" for operation in OPERATIONS.values() for each in operation.written["parameters"])


def test_headers_are_declared_where_they_are_sent() -> None:
    declared = {
        header: {
            f"{name} {status}"
            for name, each in OPERATIONS.items()
            for status, reply in each.responses(DOCUMENT)
            if header in reply.get("headers", {})
        }
        for header in DOCUMENT["components"]["headers"]
    }
    assert declared["Location"] == {
        "post-questions 202", "post-projects 201", "post-permits 201", "post-projects-project-outputs 201", "post-people 201",
        "post-people-person-accreditations 201", "post-passkeys 201", "post-tokens 201",
    }  # fmt: skip
    assert {"get-datasets 200", "get-datasets 304"} <= declared["ETag"] and "get-jobs-job-events 200" not in declared["ETag"]
    assert {"post-questions 200", "post-questions 202", "post-projects 201"} <= declared["Idempotency-Replayed"]
    assert {f"{name} 4XX" for name in OPERATIONS} == declared["Allow"]
    assert {"post-questions 503", "post-questions 409", "get-datasets 429"} <= declared["Retry-After"]


@each_operation
def test_every_route_says_in_a_sentence_what_it_does(operation: Operation) -> None:
    summary = operation.written["summary"]
    assert summary.endswith(".") and len(summary.split()) > 1, operation.name


PAID = {"post-questions", "post-models", "post-synthetic-tables", "post-forecasts", "post-programme-measurements"}


@each_operation
def test_every_change_takes_a_key_and_one_that_spends_needs_it(operation: Operation) -> None:
    keys = [each["required"] for each in operation.written["parameters"] if each["name"] == "Idempotency-Key"]
    # A witness is asked in the words of its own protocol, in which a request may be sent again as it is.
    kept = operation.method == "POST" and operation.written["tags"] not in (["sign-in"], ["witness"])
    assert keys == ([operation.name in PAID] if kept else [])


@each_operation
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_route_has_a_small_page_without_scripts(client: TestClient, operation: Operation, language: str) -> None:
    page = client.get(f"/docs/{operation.name}", headers={"Accept-Language": language})
    assert page.status_code == 200 and len(page.content) <= PAGE_BYTES_MAX and "<script" not in page.text and "http://" not in page.text
    assert f"lang={language} dir={'rtl' if language == 'ar' else 'ltr'}" in page.text


def test_the_portal_at_the_address_of_the_node_leads_to_that_page(client: TestClient) -> None:
    assert 'href="/docs"' in client.get("/en/sign-in").text and client.get("/docs").status_code == 200


def test_one_page_lists_every_route(client: TestClient) -> None:
    page = client.get("/docs")
    assert len(page.content) <= PAGE_BYTES_MAX and "<script" not in page.text
    assert all(f"{each.method} {each.path}" in page.text for each in OPERATIONS.values())
    assert client.get("/docs/nothing").status_code == 404


@pytest.mark.parametrize("name", CODES)
def test_every_refusal_has_a_page_in_the_four_languages(client: TestClient, name: str) -> None:
    page = client.get(f"/problems/AMA-{CODES[name].number}")
    assert page.status_code == 200
    text = html.unescape(page.text)
    assert all(load(language).template(name) in text for language in LANGUAGES)


def test_a_fault_has_a_page_and_an_unknown_number_has_none(client: TestClient) -> None:
    assert client.get("/problems/fault").status_code == 200
    assert client.get("/problems/AMA-999999").status_code == 404


def test_real_responses_have_the_form_of_their_examples(tmp_path: Path) -> None:
    with http_node(tmp_path / "node") as node:
        text = {"kind": "text", "title": "Visits", "body": "They fell."}
        output = node.client.post(f"{BASE}/projects/{node.project}/outputs", json=text, headers=node.headers())
        cookie = {"Cookie": f"amana_session={session_of(node.service, node.people['member'])}"}
        decider = node.service.sign_in.by_session(session_of(node.service, node.people["decider"]), now=node.service.now())
        node.service.programme.adopt(decider, content=plan_text().encode())
        real = {
            "post-projects-project-outputs": output,
            "get-datasets": node.client.get(f"{BASE}/datasets"),
            "get-datasets-name": node.client.get(f"{BASE}/datasets/test"),
            "get-datasets-name-budget": node.client.get(f"{BASE}/datasets/test/budget"),
            "get-datasets-name-profile": node.client.get(f"{BASE}/datasets/test/profile"),
            "get-datasets-name-privacy-json": node.client.get(f"{BASE}/datasets/test/privacy.json"),
            "get-datasets-name-croissant-json": node.client.get(f"{BASE}/datasets/test/croissant.json"),
            "get-catalog-jsonld": node.client.get(f"{BASE}/catalog.jsonld"),
            "get-uses-json": node.client.get(f"{BASE}/uses.json"),
            "get-programme": node.client.get(f"{BASE}/programme"),
            "get-projects-project": node.client.get(f"{BASE}/projects/{node.project}", headers=node.headers()),
            "get-permits": node.client.get(f"{BASE}/permits", headers=node.headers()),
            "get-people": node.client.get(f"{BASE}/people", headers=node.headers("decider")),
            "get-people-person": node.client.get(f"{BASE}/people/{node.people['member']}", headers=node.headers("decider")),
            "get-me": node.client.get(f"{BASE}/me", headers=node.headers()),
            "get-organisations": node.client.get(f"{BASE}/organisations", headers=node.headers("decider")),
            "get-audit": node.client.get(f"{BASE}/audit?limit=1", headers=node.headers("auditor")),
            "get-sign-in": node.client.get(f"{BASE}/sign-in", headers=cookie),
            "get-tokens": node.client.get(f"{BASE}/tokens", headers=cookie),
            "post-tokens": node.client.post(f"{BASE}/tokens", json={"label": "x", "scopes": ["read"], "days": 1}, headers=cookie),
            "post-sign-in-passkey-begin": node.client.post(f"{BASE}/sign-in/passkey/begin"),
            "get-healthz": node.client.get("/healthz"),
        }
        for name, reply in real.items():
            assert reply.status_code in {200, 201}, f"{name}: {reply.text}"
            response = dict(OPERATIONS[name].responses(DOCUMENT))[str(reply.status_code)]
            (content,) = (each for media, each in response["content"].items() if "json" in media)
            assert fields(reply.json()) == fields(content["example"]), name
            declared = set(response.get("headers", {})) - {"Idempotency-Replayed"}
            assert declared == {header for header in DOCUMENT["components"]["headers"] if header in reply.headers}, name


def fields(found: object) -> object:
    """The names that a response always has: those of itself and of the first of its items."""
    if isinstance(found, dict) and isinstance(found.get("items"), list):
        return {"next": None, "items": fields(found["items"][0])}
    return sorted(found) if isinstance(found, dict) else None
