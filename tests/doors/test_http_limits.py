"""Limits of the HTTP door, what every response bears, and that nothing of a failure is seen outside."""

import json
import threading
from collections.abc import Iterator

import pytest

from amana.terms.refusal import Refusal
from amana.web.limits import KNOWN_MAX, Rate
from tests.doors.http_node import SQL, HttpNode, http_node

SETTINGS = """http_body_bytes_max = 2000
http_questions_max = 1
http_queue_max = 1
http_wait_ms_max = 400
"""


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpNode]:
    with http_node(tmp_path_factory.mktemp("limits") / "node", settings=SETTINGS) as made:
        yield made


def test_every_response_tells_browsers_to_be_careful(node: HttpNode) -> None:
    for path in ("/healthz", "/docs", "/api/v1/datasets", "/nothing", "/api/v1/me"):
        headers = node.client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff" and headers["x-frame-options"] == "DENY"
        assert "default-src 'none'" in headers["content-security-policy"] and headers["cache-control"], path


def test_what_did_not_change_is_not_sent_again(node: HttpNode) -> None:
    first = node.client.get("/api/v1/datasets/test")
    assert first.headers["cache-control"] == "public, no-cache" and "Authorization" in first.headers["vary"]
    again = node.client.get("/api/v1/datasets/test", headers={"If-None-Match": f'"other", W/{first.headers["etag"]}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    assert node.client.get("/api/v1/datasets/test", headers={"If-None-Match": '"other"'}).status_code == 200
    hers = node.client.get("/api/v1/me", headers=node.headers())
    assert hers.headers["cache-control"].startswith("private")


def test_a_large_request_is_refused_whether_or_not_it_says_how_large_it_is(node: HttpNode) -> None:
    large = json.dumps({"sql": "x" * 3000}).encode()

    def pieces() -> Iterator[bytes]:
        yield large[:1500]
        yield large[1500:]

    for content in (large, pieces()):
        headers = {"Content-Type": "application/json"}
        reply = node.client.post("/api/v1/questions/dry-run", content=content, headers=headers)
        assert (reply.status_code, reply.json()["parameters"]) == (413, {"bytes_max": 2000})


@pytest.mark.parametrize(
    ("content", "media", "field"),
    [
        (b"{", "application/json", "body"),
        (b"[]", "application/json", "body"),
        (b'{"sql": 1}', "application/json", "sql"),
        (b'{"sql": "x", "epsilon": 1}', "application/json", "epsilon"),
        (b'{"within": "5%"}', "application/json", "sql"),
        (b'{"sql": "x"}', "text/plain", "body"),
        (b"\xff\xfe", "application/json", "body"),
    ],
)
def test_a_request_that_cannot_be_read_is_told_which_field_and_what_is_wanted(
    node: HttpNode, content: bytes, media: str, field: str
) -> None:
    reply = node.client.post("/api/v1/questions/dry-run", content=content, headers={"Content-Type": media})
    problem = reply.json()
    assert (reply.status_code, problem["name"], problem["parameters"]["field"]) == (422, "http.bad_request", field), problem
    assert problem["parameters"]["wanted"]


def test_a_cursor_and_a_limit_that_mean_nothing_are_refused(node: HttpNode) -> None:
    for query in ("cursor=%25%25", "cursor=ww", "limit=0", "limit=201", "limit=x"):
        reply = node.client.get(f"/api/v1/datasets?{query}")
        assert (reply.status_code, reply.json()["name"]) == (422, "http.bad_request"), query


@pytest.mark.parametrize(
    "request_line",
    ["GET /datasets?limit=5&colour=red", "GET /datasets/test?colour=", "POST /questions/dry-run?colour=1", "GET /sign-in?colour"],
)
def test_a_parameter_that_nobody_declared_is_refused_by_its_name(node: HttpNode, request_line: str) -> None:
    method, _, path = request_line.partition(" ")
    reply = node.client.request(method, f"/api/v1{path}", **({"json": {"sql": SQL}} if method == "POST" else {}))
    problem = reply.json()
    assert (reply.status_code, problem["name"]) == (422, "http.bad_request"), problem
    assert problem["parameters"] == {"field": "colour", "wanted": "word.absent"}


def test_an_identity_provider_and_a_link_to_a_page_may_add_parameters_of_their_own(node: HttpNode) -> None:
    reply = node.client.get("/sign-in/oidc?state=s&code=c&iss=https%3A%2F%2Fidentity.example&session_state=x")
    assert reply.json()["name"] != "http.bad_request"
    assert node.client.get("/docs?from=mail").status_code == node.client.get("/sign-in?from=mail").status_code == 200


def test_an_address_or_a_method_that_is_not_there_is_a_problem_like_any_other(node: HttpNode) -> None:
    lost = node.client.get("/api/v1/nothing")
    assert (lost.status_code, lost.json()["name"]) == (404, "http.no_route")
    wrong = node.client.delete("/api/v1/datasets")
    assert (wrong.status_code, wrong.json()["name"], wrong.headers["allow"]) == (405, "http.method", "GET, HEAD")
    assert node.client.put("/api/v1/permits").headers["allow"] == "GET, HEAD, POST"
    assert node.client.get("/api/v1/questions").headers["allow"] == "POST"


@pytest.mark.parametrize("path", ["/healthz", "/docs", "/api/v1/datasets/test", "/api/v1/me", "/nothing"])
def test_head_tells_what_get_would_and_sends_no_body(node: HttpNode, path: str) -> None:
    told, whole = node.client.head(path), node.client.get(path)
    assert (told.status_code, told.content) == (whole.status_code, b"") and whole.content
    names = ("content-length", "content-type", "etag", "cache-control", "vary")
    assert [told.headers.get(name) for name in names] == [whole.headers.get(name) for name in names]
    assert told.headers["content-length"] == str(len(whole.content))


def test_head_of_what_the_reader_has_is_not_modified_and_of_a_change_is_refused(node: HttpNode) -> None:
    tag = node.client.head("/api/v1/datasets/test").headers["etag"]
    assert node.client.head("/api/v1/datasets/test", headers={"If-None-Match": tag}).status_code == 304
    assert node.client.head("/api/v1/questions").status_code == 405


def test_an_unforeseen_exception_shows_an_id_and_nothing_of_itself(node: HttpNode, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> object:
        raise RuntimeError("the row of somebody")

    monkeypatch.setattr(node.service, "versions", broken)
    reply = node.client.get("/api/v1/datasets")
    assert reply.status_code == 500 and set(reply.json()) == {"type", "title", "status", "fault"}
    journal = (node.service.settings.folder / "node.log").read_text("utf-8")
    assert reply.json()["fault"] in journal and "RuntimeError" in journal
    assert "somebody" not in reply.text + journal and "Traceback" not in journal


def test_a_page_of_another_site_changes_nothing_in_the_name_of_a_browser(node: HttpNode) -> None:
    from tests.doors.http_node import session_of

    cookie = f"amana_session={session_of(node.service, node.people['member'])}"
    body = {"sql": SQL}
    for told in (
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "https://elsewhere.example"},
        {"Origin": "https://elsewhere.example", "Host": "elsewhere.example"},  # the Host is whatever its sender says
        {"Origin": "null"},
    ):
        reply = node.client.post("/api/v1/questions/preview", json=body, headers={"Cookie": cookie, **told})
        assert (reply.status_code, reply.json()["name"]) == (403, "http.cross_site"), told
    for told in ({"Sec-Fetch-Site": "same-origin"}, {"Origin": node.service.settings.public_url}, {}):
        assert node.client.post("/api/v1/questions/preview", json=body, headers={"Cookie": cookie, **told}).status_code == 200, told


def test_questions_beyond_the_queue_are_told_to_come_again_and_everything_else_goes_on(node: HttpNode) -> None:
    go, running, dry_run = threading.Event(), threading.Event(), node.service.dry_run

    def slow(*given: object, **named: object) -> object:
        running.set()
        go.wait(10)
        return dry_run(*given, **named)  # type: ignore[arg-type]

    node.service.dry_run = slow  # type: ignore[method-assign,assignment]
    replies: list[int] = []

    def ask() -> None:
        replies.append(node.client.post("/api/v1/questions/dry-run", json={"sql": SQL}).status_code)

    first, second = threading.Thread(target=ask), threading.Thread(target=ask)
    try:
        first.start()
        assert running.wait(10)
        second.start()  # it waits for its turn until it is told to come again
        while node.client.app.state.limits.dry_runs._waiting < 2:  # type: ignore[attr-defined]
            pass
        full = node.client.post("/api/v1/questions/dry-run", json={"sql": SQL})
        assert (full.status_code, full.json()["name"], full.headers["retry-after"]) == (503, "http.busy", "2")
        assert node.client.get("/api/v1/datasets").status_code == 200
        preview = node.client.post("/api/v1/questions/preview", json={"sql": SQL, "within": "50%"}, headers=node.headers())
        assert preview.status_code == 200, "strangers' dry runs keep no place that people ask in"
        second.join()
        assert replies == [503]
    finally:
        go.set()
        first.join()
        node.service.dry_run = dry_run  # type: ignore[method-assign]
    assert replies == [503, 200]


def test_a_reader_that_asks_too_often_is_told_when_to_come_again() -> None:
    now = 0.0
    rate = Rate(60, elapsed=lambda: now)
    for _ in range(60):
        rate.take("reader")
    with pytest.raises(Refusal) as refused:
        rate.take("reader")
    assert (refused.value.code, refused.value.parameters["seconds"]) == ("http.too_many_requests", 1)
    rate.take("another reader")
    now = 2.0
    rate.take("reader")
    rate.take("reader")
    with pytest.raises(Refusal):
        rate.take("reader")


def test_who_asked_long_ago_is_forgotten_first() -> None:
    rate = Rate(1, elapsed=lambda: 0.0)
    rate.take("first")
    for number in range(KNOWN_MAX - 1):
        rate.take(str(number))
    with pytest.raises(Refusal):
        rate.take("first")
    for number in range(KNOWN_MAX, 2 * KNOWN_MAX):
        rate.take(str(number))
    rate.take("first")


def test_the_limits_hold_for_each_address_and_each_person(tmp_path_factory: pytest.TempPathFactory) -> None:
    settings = "http_address_per_minute_max = 40\nhttp_person_per_minute_max = 3\n"
    with http_node(tmp_path_factory.mktemp("rate") / "node", settings=settings) as node:
        hers = [node.client.get("/api/v1/me", headers=node.headers()) for _ in range(4)]
        assert [reply.status_code for reply in hers] == [200, 200, 200, 429] and int(hers[3].headers["retry-after"]) in range(1, 21)
        assert node.client.get("/api/v1/me", headers=node.headers("applicant")).status_code == 200
        statuses = [node.client.get("/api/v1/datasets").status_code for _ in range(40)]
        assert statuses[:30] == [200] * 30 and statuses[-1] == 429
        assert {node.client.get("/healthz").status_code for _ in range(40)} == {200}, "who watches the node is not told that it is lost"
