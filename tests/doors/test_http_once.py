"""A request sent again under its key: paid once, answered each time, whatever happened in between."""

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from fastapi import Response
from httpx import Response as Reply
from starlette.testclient import TestClient

from amana.node.repeats import First, Interrupted, Repeats
from amana.terms.ids import PersonId
from amana.terms.refusal import Refusal
from amana.web.access import open_because
from amana.web.app import build
from amana.web.routing import new_router
from tests.doors.http_node import HttpNode, http_node, session_of
from tests.parts import logged_entries

PATH = "/api/v1/questions"


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpNode]:
    with http_node(tmp_path_factory.mktemp("once") / "node", settings="http_wait_ms_max = 300\nhttp_rows_max = 1000\n") as made:
        yield made


def below(cost: int) -> dict[str, str]:
    """A question of its own for each number."""
    return {"sql": f"SELECT COUNT(*) AS n FROM visits WHERE cost < {cost}", "within": "20%"}


def left_begun(node: HttpNode, key: str, body: dict[str, str], *, serving: str | None = None) -> None:
    """As a process that was killed leaves a request."""
    content = node.client.build_request("POST", PATH, json=body).read()
    asked = b"\0".join([b"POST", PATH.encode(), b"*/*", b"", content])
    service = node.service
    dead = Repeats(
        service.database, service.now, worker="a process that ended", alive=lambda name: False, digest_key=service._wired.store.digest_key
    )
    dead.begin(node.people["member"], key=key, request=asked, serving=serving or service.versions()[0].id)


def charges(node: HttpNode) -> int:
    with node.service.database.reading() as run:
        return int(str(run.rows("SELECT COUNT(*) FROM charge", {})[0][0]))


def test_the_same_request_with_the_same_key_gets_the_same_answer_and_is_charged_once(node: HttpNode) -> None:
    before = charges(node)
    first, again = (node.client.post(PATH, json=below(10), headers=node.headers(Idempotency_Key="same")) for _ in range(2))
    assert first.status_code == again.status_code == 200 and first.content == again.content
    assert "idempotency-replayed" not in first.headers and again.headers["idempotency-replayed"] == "true"
    assert charges(node) == before + 1


def test_a_key_belongs_to_one_request_of_one_person(node: HttpNode) -> None:
    node.client.post(PATH, json=below(11), headers=node.headers(Idempotency_Key="mine"))
    other = node.client.post(PATH, json=below(12), headers=node.headers(Idempotency_Key="mine"))
    assert (other.status_code, other.json()["name"]) == (422, "http.key_reused")
    hers = node.client.post(PATH, json=below(11), headers=node.headers("applicant", Idempotency_Key="mine"))
    assert hers.status_code == 200 and "idempotency-replayed" not in hers.headers and hers.json()["cost"]["recalled"]


@pytest.mark.parametrize("key", ["", "with space", "x" * 201, "é"])
def test_a_key_that_is_none_is_refused(node: HttpNode, key: str) -> None:
    reply = node.client.post(PATH, json=below(13), headers={**node.headers(), "Idempotency-Key": key.encode()})
    assert (reply.status_code, reply.json()["name"]) == (422, "http.bad_request")


def test_a_question_without_a_key_is_refused_before_anything_is_spent(node: HttpNode) -> None:
    before = charges(node)
    reply = node.client.post(PATH, json=below(14), headers=node.headers())
    assert (reply.status_code, reply.json()["name"]) == (422, "http.key_needed") and charges(node) == before


def test_a_refusal_leaves_the_key_free(node: HttpNode) -> None:
    wrong = node.client.post(PATH, json={"sql": "SELECT 1"}, headers=node.headers(Idempotency_Key="free"))
    assert wrong.status_code == 422
    assert node.client.post(PATH, json=below(15), headers=node.headers(Idempotency_Key="free")).status_code == 200


def test_a_repetition_while_the_first_runs_waits_and_is_told_to_come_again(node: HttpNode) -> None:
    go, body = threading.Event(), below(16)
    put = node.service.put

    def slow(*given: object, **named: object) -> object:
        go.wait(10)
        return put(*given, **named)  # type: ignore[arg-type]

    node.service.put = slow  # type: ignore[method-assign,assignment]
    replies = []
    first = threading.Thread(
        target=lambda: replies.append(node.client.post(PATH, json=body, headers=node.headers(Idempotency_Key="slow")).status_code)
    )
    try:
        first.start()
        while not node.service.repeats._running:
            pass
        again = node.client.post(PATH, json=body, headers=node.headers(Idempotency_Key="slow"))
        assert (again.status_code, again.json()["name"], again.headers["retry-after"]) == (409, "http.still_running", "2")
    finally:
        go.set()
        first.join()
        node.service.put = put  # type: ignore[method-assign]
    assert replies == [200]
    assert node.client.post(PATH, json=body, headers=node.headers(Idempotency_Key="slow")).headers["idempotency-replayed"] == "true"


def test_a_fault_stays_a_fault_under_its_key(node: HttpNode) -> None:
    put, calls = node.service.put, []

    def broken(*given: object, **named: object) -> object:
        calls.append(given)
        raise ZeroDivisionError("a row of somebody")

    node.service.put = broken  # type: ignore[method-assign,assignment]
    try:
        replies = [node.client.post(PATH, json=below(17), headers=node.headers(Idempotency_Key="broken")) for _ in range(2)]
    finally:
        node.service.put = put  # type: ignore[method-assign]
    assert [reply.status_code for reply in replies] == [500, 500] and replies[0].json() == replies[1].json() and len(calls) == 1
    assert set(replies[0].json()) == {"type", "title", "status", "fault"} and "somebody" not in replies[0].text


def test_what_was_cut_off_before_it_paid_is_asked_now(node: HttpNode) -> None:
    left_begun(node, "early", below(18))
    before = charges(node)
    reply = node.client.post(PATH, json=below(18), headers=node.headers(Idempotency_Key="early"))
    assert reply.status_code == 200 and not reply.json()["cost"]["recalled"] and charges(node) == before + 1


def test_what_was_cut_off_after_its_rows_were_released_is_given_again_for_nothing(node: HttpNode) -> None:
    left_begun(node, "late", below(19))
    node.client.post(PATH, json=below(19), headers=node.headers(Idempotency_Key="another"))
    spent = node.spent()
    reply = node.client.post(PATH, json=below(19), headers=node.headers(Idempotency_Key="late"))
    assert reply.status_code == 200 and reply.json()["cost"]["recalled"] and node.spent() == spent


def test_what_was_cut_off_with_its_rows_lost_is_a_fault_for_ever_and_never_pays_again(node: HttpNode) -> None:
    left_begun(node, "lost", below(21))
    node.client.post(PATH, json=below(21), headers=node.headers(Idempotency_Key="helper"))
    with node.service.database.transaction() as run:  # as `recover` leaves the charge of a process that died in its run
        run.change("""UPDATE charge SET state = 'faulted', released = NULL WHERE charged_at = (SELECT MAX(charged_at) FROM charge)""", {})
    before, spent = charges(node), node.spent()
    replies = [node.client.post(PATH, json=below(21), headers=node.headers(Idempotency_Key="lost")) for _ in range(3)]
    assert [reply.status_code for reply in replies] == [500] * 3 and len({reply.json()["fault"] for reply in replies}) == 1
    assert (charges(node), node.spent()) == (before, spent)
    fresh = node.client.post(PATH, json=below(21), headers=node.headers(Idempotency_Key="a-new-question"))
    assert fresh.status_code == 200 and charges(node) == before + 1


def test_what_was_cut_off_under_another_version_is_a_fault(node: HttpNode) -> None:
    left_begun(node, "republished", below(22), serving="a version that serves no more")
    before = charges(node)
    replies = [node.client.post(PATH, json=below(22), headers=node.headers(Idempotency_Key="republished")) for _ in range(2)]
    assert [reply.status_code for reply in replies] == [500, 500] and charges(node) == before


def test_a_refusal_after_an_interruption_does_not_forget_the_first_attempt(node: HttpNode) -> None:
    person = node.people["member"]
    left_begun(node, "refused", below(23))
    service = node.service
    request = b"\0".join([b"POST", PATH.encode(), b"*/*", b"", node.client.build_request("POST", PATH, json=below(23)).read()])
    serving = service.versions()[0].id
    first = service.repeats.begin(person, key="refused", request=request, serving=serving)
    assert isinstance(first, Interrupted)
    service.repeats.refuse(person, key="refused", after=first)
    assert service.repeats.begin(person, key="refused", request=request, serving=serving) == first
    service.repeats.refuse(person, key="refused", after=first)


def test_another_change_that_was_cut_off_is_told_so(node: HttpNode) -> None:
    body = {
        "title": {"en": "Again"}, "lay_summary": {"en": "Again"}, "purposes": ["HMB"], "datasets": ["test"],
        "ends_on": "2031-01-01T00:00:00+00:00",
    }  # fmt: skip
    made = [node.client.post("/api/v1/projects", json=body, headers=node.headers("applicant", Idempotency_Key="project")) for _ in range(2)]
    assert made[0].status_code == made[1].status_code and made[0].json() == made[1].json()
    with node.service.database.transaction() as run:
        run.change("UPDATE request_key SET state = 'begun', outcome = NULL, worker = 'gone' WHERE key = 'project'", {})
    again = node.client.post("/api/v1/projects", json=body, headers=node.headers("applicant", Idempotency_Key="project"))
    assert (again.status_code, again.json()["name"]) == (409, "http.interrupted")


def test_no_secret_is_kept_for_a_repetition(node: HttpNode) -> None:
    cookie = {"Cookie": f"amana_session={session_of(node.service, node.people['member'])}", "Idempotency-Key": "secret"}
    body = {"label": "laptop", "scopes": ["read"], "days": 1}
    first, again = (node.client.post("/api/v1/tokens", json=body, headers=cookie) for _ in range(2))
    assert first.status_code in {200, 201}, first.text
    assert first.json()["token"] != again.json()["token"], "signing in is outside: a repetition makes another secret"
    with node.service.database.reading() as run:
        kept = "".join(str(row) for row in run.rows("SELECT outcome FROM request_key", {}))
    assert first.json()["token"] not in kept and again.json()["token"] not in kept


def test_a_repetition_needs_the_permit_again_and_is_logged(node: HttpNode) -> None:
    body = {"sql": "SELECT COUNT(*) AS n FROM visits WHERE cost < 77", "within": "50%"}

    def sent() -> Reply:
        return node.client.post(PATH, json=body, headers=node.headers(Idempotency_Key="again"))

    first, before = sent(), len(logged_entries(node.service.settings.folder))
    again = sent()
    assert again.json() == first.json() and again.headers["idempotency-replayed"] == "true"
    assert len(logged_entries(node.service.settings.folder)) == before + 1, "a recall is a use (PRIVACY 13)"
    with node.service.database.transaction() as run:
        assert run.change("UPDATE permit SET state = 'revoked' WHERE id = :id", {"id": node.permit}) == 1
    assert (refused := sent()).status_code == 403 and refused.json()["name"].startswith("permit."), refused.text
    with node.service.database.transaction() as run:
        run.change("UPDATE permit SET state = 'active' WHERE id = :id", {"id": node.permit})


def test_a_response_that_nobody_may_store_is_not_kept_for_a_repetition(node: HttpNode) -> None:
    router = new_router("secrets")

    @router.post("/secret", openapi_extra=open_because("it exists in this test only"))
    def give(response: Response) -> dict[str, str]:
        response.headers["Cache-Control"] = "no-store"
        return {"secret": "of this moment"}

    app = build(node.service)
    app.include_router(router)
    with TestClient(app) as client:
        first, again = (client.post("/secret", headers=node.headers(Idempotency_Key="given-once")) for _ in range(2))
    assert first.json() == {"secret": "of this moment"}
    assert (again.status_code, again.json()["name"]) == (409, "http.done_before")


def test_old_keys_are_forgotten(node: HttpNode) -> None:
    person = PersonId(node.people["member"])
    later = Repeats(
        node.service.database, lambda: node.service.now() + timedelta(hours=25), worker="w", alive=lambda name: True, digest_key=b"k" * 32
    )
    service = node.service.repeats
    service.begin(person, key="old", request=b"a", serving="v")
    service.complete(person, key="old", outcome="{}")
    with pytest.raises(Refusal, match="key_reused"):
        service.begin(person, key="old", request=b"b", serving="v")
    assert later.purge(older_than=timedelta(hours=24)) >= 1
    assert service.begin(person, key="old", request=b"b", serving="v") == First()
    service.refuse(person, key="old", after=First())
