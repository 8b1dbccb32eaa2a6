"""Jobs over HTTP: a long question is accepted, followed, answered, cancelled; another person's job is nobody's business."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from amana.node.service import Service, open_service
from amana.policy.people import Scope
from amana.terms.ids import JobId
from amana.web.app import build
from tests.clinic import OTHER, PERMIT, bearer, change, publish_clinic, wait

pytestmark = pytest.mark.slow

ASK = {"sql": "SELECT COUNT(*) AS n FROM visits", "within": "20%", "permit": PERMIT}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AMANA_JOB_AFTER_MS", "0")
        patch.setenv("AMANA_DEADLINE_BASE_MS", "300")
        made = tmp_path_factory.mktemp("jobs") / "node"
        publish_clinic(made)
        yield made


@pytest.fixture(scope="module")
def service(folder: Path) -> Iterator[Service]:
    opened = open_service(folder)
    opened.work()
    yield opened
    assert opened.close() == 0


@pytest.fixture(scope="module")
def http(service: Service) -> Iterator[TestClient]:
    with TestClient(build(service), base_url="http://testserver/api/v1") as client:
        yield client


def ask(http: TestClient, headers: dict[str, str], key: str, **more: str) -> dict[str, object]:
    reply = http.post("/questions", json={**ASK, **more}, headers={**headers, "Idempotency-Key": key})
    assert reply.status_code == 202, reply.text
    job = reply.json()["job"]
    assert reply.headers["location"] == f"/api/v1/jobs/{job['id']}"
    assert (job["state"], job["stage"], job["ready_at"]) == ("queued", "queued", None)
    return dict(job)


def below(cost: int) -> str:
    """A question of its own for each: one that was asked before is answered at once."""
    return f"SELECT COUNT(*) AS n FROM visits WHERE cost < {cost}"


def test_a_long_question_is_accepted_followed_and_answered(http: TestClient, service: Service) -> None:
    headers = bearer(service)
    job = ask(http, headers, "k1")
    assert ask(http, headers, "k1")["id"] == job["id"], "sent again under its key, it is the same job"
    with http.stream("GET", f"/jobs/{job['id']}/events", headers=headers) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        told = [json.loads(line.removeprefix("data: ")) for line in stream.iter_lines() if line]
    assert told[-1]["state"] == "done" and told[-1]["progress"] == 1.0 and told[-1]["stage"] == "released"
    assert [each["progress"] for each in told] == sorted(each["progress"] for each in told)
    assert {each["id"] for each in told} == {job["id"]}
    found = http.get(f"/jobs/{job['id']}/answer", headers=headers).json()
    assert found["columns"][0]["name"] == "n" and found["rows"][0][0]["low"] < found["rows"][0][0]["high"]
    assert found["cost"]["loss_nrho"] > 0 and not found["cost"]["recalled"], "what it cost when it ran"
    arrow = http.get(f"/jobs/{job['id']}/answer", headers={**headers, "Accept": "application/vnd.apache.arrow.stream"})
    assert arrow.headers["content-type"] == "application/vnd.apache.arrow.stream" and arrow.content
    at_once = http.post("/questions", json=ASK, headers={**headers, "Idempotency-Key": "k2"})
    assert at_once.status_code == 200 and at_once.json()["cost"]["recalled"], "asked before: no job"


def test_jobs_are_listed_by_pages_and_each_reader_sees_her_own(http: TestClient, service: Service) -> None:
    headers, other = bearer(service), bearer(service, person=OTHER)
    made = [ask(http, headers, f"l{number}", sql=below(30 + number))["id"] for number in range(3)]
    first = http.get("/jobs?limit=2", headers=headers).json()
    second = http.get(f"/jobs?limit=2&cursor={first['next']}", headers=headers).json()
    listed = [each["id"] for each in (*first["items"], *second["items"])]
    assert listed[:3] == made[::-1]
    assert http.get("/jobs", headers=other).json() == {"items": [], "next": None}
    for method, path in (("GET", ""), ("GET", "/events"), ("GET", "/answer"), ("DELETE", "")):
        for job in (made[0], "j-nothing"):  # nobody learns whether another's job is there
            reply = http.request(method, f"/jobs/{job}{path}", headers=other)
            assert (reply.status_code, reply.json()["name"]) == (404, "node.not_found"), (method, path)
            assert http.request(method, f"/jobs/{job}{path}").status_code == 401
    for job in made:
        wait(service, JobId(str(job)))


def test_a_job_is_cancelled_before_its_turn_and_costs_nothing(http: TestClient, service: Service, folder: Path) -> None:
    headers = bearer(service)
    running = [ask(http, headers, f"c{number}", sql=below(40 + number))["id"] for number in range(8)]
    last = running[-1]
    assert http.get(f"/jobs/{last}", headers=headers).json()["position"] > 1
    gone = http.delete(f"/jobs/{last}", headers=headers)
    assert (gone.status_code, gone.json()["state"]) == (200, "cancelled")
    assert http.get(f"/jobs/{last}/answer", headers=headers).json()["name"] == "job.cancelled"
    assert http.delete(f"/jobs/{last}", headers=headers).json()["name"] == "lifecycle.not_possible"
    for job in running[:-1]:
        assert wait(service, JobId(str(job))).state == "done"
    assert http.delete(f"/jobs/{running[0]}", headers=headers).status_code == 403, "it is charged"


def test_a_token_that_may_only_read_neither_asks_nor_cancels(http: TestClient, service: Service) -> None:
    reader = bearer(service, scopes=(Scope.READ,))
    refused = http.post("/questions", json=ASK, headers={**reader, "Idempotency-Key": "r1"})
    assert (refused.status_code, refused.json()["name"]) == (403, "rights.token_scope")
    job = ask(http, bearer(service), "r2", sql=below(50))["id"]
    assert http.delete(f"/jobs/{job}", headers=reader).json()["name"] == "rights.token_scope"
    assert http.get(f"/jobs/{job}", headers=reader).status_code == 200
    wait(service, JobId(str(job)))


def test_a_stream_ends_when_its_reader_may_no_longer_look(http: TestClient, service: Service, folder: Path) -> None:
    headers = bearer(service)
    jobs = [ask(http, headers, f"s{number}", sql=below(70 + number))["id"] for number in range(6)]
    revoke = "UPDATE token SET revoked_at = '2026-01-01T00:00:00.000000+00:00' WHERE id IN (SELECT token FROM job WHERE id = '{}')"
    later = threading.Timer(0.2, lambda: change(folder, revoke.format(jobs[-1])))
    later.start()
    with http.stream("GET", f"/jobs/{jobs[-1]}/events", headers=headers) as stream:
        told = [json.loads(line.removeprefix("data: ")) for line in stream.iter_lines() if line]
    later.join()
    assert told and all(each["state"] == "queued" for each in told)
    for job in jobs:
        wait(service, JobId(str(job)))


def test_a_job_of_a_revoked_token_is_refused_at_its_turn(http: TestClient, service: Service, folder: Path) -> None:
    first, second = bearer(service), bearer(service)
    jobs = [ask(http, first, f"t{number}", sql=below(60 + number))["id"] for number in range(6)]
    change(folder, "UPDATE token SET revoked_at = '2026-01-01T00:00:00.000000+00:00' WHERE id IN (SELECT token FROM job)")
    third = bearer(service)
    ends = [wait(service, JobId(str(job))) for job in jobs]
    assert ends[-1].state == "failed"
    shown = http.get(f"/jobs/{jobs[-1]}", headers={**third, "Accept-Language": "fr"}).json()
    assert shown["problem"]["name"] == "rights.token_ended" and "jeton" in shown["problem"]["title"]
    assert http.get(f"/jobs/{jobs[-1]}/answer", headers=third).json()["name"] == "rights.token_ended"
    assert second
