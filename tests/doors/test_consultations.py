"""Consultations through their doors: pages that work without JavaScript in four languages, the desk, and the API."""

import html
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from httpx2 import Response

from amana.client.text import LANGUAGES, load
from amana.log.documents import digest_of
from amana.programme.consultation import CATEGORIES, RULES
from amana.web.context import COOKIE
from amana.web.examples_of_consultations import ANSWERS, CONSULTATION, PLAN_COMMENT
from amana.web.limits import COMMENTS_PER_MINUTE
from amana.web.pages.consultations import TRAP
from tests.consultation import ACCEPT, ADDRESS, CHANGED, Asked, consulted, today
from tests.doors.desk_forms import Browser
from tests.doors.http_node import session_of
from tests.programme import plan_text

LIST, ONE, STATEMENT = "/programme/consultations", "/programme/consultations/small-1", "/programme/consultations/small-1/open-data"
API = "/api/v1/programme"
BYTES_MAX = 20_000


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Asked]:
    with consulted(tmp_path, monkeypatch) as made:
        yield made


def written(asked: Asked, words: str, *, language: str = "en", **more: str) -> Response:
    form = {"words": words, "category": "citizen", "address": ADDRESS, **more}
    return asked.world.node.client.post(f"/{language}{STATEMENT}", data=form, follow_redirects=False)


def shown(asked: Asked, path: str, *, language: str = "en") -> str:
    asked.world.node.client.app.state.shelf._kept.clear()  # type: ignore[attr-defined]
    reply = asked.world.node.client.get(f"/{language}{path}")
    assert reply.status_code == 200 and len(reply.content) <= BYTES_MAX, (path, reply.status_code, len(reply.content))
    return html.unescape(reply.text)


def desk(asked: Asked, who: str) -> Browser:
    return Browser(node=asked.world.node, cookie=session_of(asked.world.node.service, asked.world.ids[who]))


def session(asked: Asked) -> dict[str, str]:
    """Of the decider, who has just stepped up."""
    return {"Cookie": f"{COOKIE}={desk(asked, 'decider').cookie}"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_somebody_reads_comments_confirms_and_reads_the_answer(asked: Asked, language: str) -> None:
    say = load(language).say
    assert f'href="/{language}{ONE}"' in shown(asked, LIST, language=language)
    assert f'href="/{language}{STATEMENT}"' in shown(asked, ONE, language=language)
    page = shown(asked, STATEMENT, language=language)
    assert "University" in page and "2099-12-31" in page and "datasets" in page and say("page.consultation.send") in page
    reply = written(asked, "More <b>open</b> data.", language=language)
    assert reply.status_code == 303 and reply.headers["location"] == f"/{language}{STATEMENT}?sent=1#say"
    assert say("page.consultation.sent") in shown(asked, f"{STATEMENT}?sent=1", language=language)
    (secret,) = asked.send()
    own = f"/programme/comments/{secret}"
    assert say("page.comment.unconfirmed") in shown(asked, own, language=language)
    assert "More" not in shown(asked, STATEMENT, language=language), "looking at the link confirms nothing"
    assert asked.world.node.client.get(f"/{language}{own}").headers["cache-control"] == "no-store"
    done = asked.world.node.client.post(f"/{language}{own}", follow_redirects=False)
    assert done.status_code == 303 and done.headers["location"] == f"/{language}{own}"
    assert say("page.comment.waiting") in shown(asked, own, language=language)
    made = asked.comments.by_link(secret).id
    decider = desk(asked, "decider")
    assert decider.send(f"/desk/consultation/comments/{made}/moderate", seen_on="/desk/consultation", rule="").status_code == 303
    assert "More &lt;b&gt;open" in asked.world.node.client.get(f"/{language}{STATEMENT}?page=1&x={language}").text
    answer = {"outcome": "accepted", "changed": "open-data", "reason": "You are right."}
    assert decider.send(f"/desk/consultation/comments/{made}/answer", seen_on="/desk/consultation", **answer).status_code == 303
    for path in (own, STATEMENT):
        assert "You are right." in shown(asked, path, language=language)
        assert load(language).word("outcome", "accepted") in shown(asked, path, language=language)
    asked.pass_days(11)
    closed = desk(asked, "decider").send("/desk/consultation/small-1/close", seen_on="/desk/consultation", content=CHANGED)
    assert closed.status_code == 303, closed.text
    if language == "en":  # only the English of the text was changed
        assert "text open data of every ministry" in shown(asked, own) and "text open data of every ministry" in shown(asked, STATEMENT)
    assert say("page.consultation.document") in shown(asked, ONE, language=language)
    audit = html.unescape(desk(asked, "auditor").get("/desk/oversight/decisions?thing=plan", language=language).text)
    word = load(language).word
    done = ("plan.consult", "plan_comment.moderate", "plan_comment.answer", "plan.answer")
    for shown_there in (*(word("audit", each) for each in done), word("comment_state", "waiting"), word("outcome", "accepted")):
        assert shown_there in audit, shown_there


def test_what_was_typed_comes_back_with_the_reason_and_nothing_is_kept(asked: Asked) -> None:
    for more, status in (({"address": "nobody"}, 422), ({"category": "king"}, 422), ({TRAP: "https://sell.example"}, 422)):
        reply = written(asked, "Keep these words.", **more)
        assert reply.status_code == status and "Keep these words." in reply.text and 'role="alert"' in reply.text
    assert written(asked, "x" * 2_001).status_code == 422 and written(asked, "").status_code == 422
    assert asked.world.node.client.post(f"/en{STATEMENT}", headers={"Origin": "https://evil.example"}).status_code == 403
    with asked.world.node.service.database.reading() as run:
        assert run.rows("SELECT id FROM plan_comment", {}) == []
    for path in (f"{ONE}/elsewhere", "/programme/consultations/small-2", "/programme/consultations/small", f"{LIST}/small-1000000000"):
        assert asked.world.node.client.get(f"/en{path}").status_code == 404
    assert asked.world.node.client.get("/en/programme/comments/guess").status_code == 422


def test_one_source_sends_so_many_in_a_minute(asked: Asked) -> None:
    for number in range(COMMENTS_PER_MINUTE):
        assert written(asked, f"Words {number}.", address="nobody").status_code == 422
    assert written(asked, "One more.", address="nobody").status_code == 429


def test_withheld_comments_are_counted_by_rule_and_shown_to_their_author_alone(asked: Asked) -> None:
    made = asked.confirmed("Call 0661 23 45 67, you fools.")
    page = html.unescape(desk(asked, "decider").get("/desk/consultation").text)
    assert load("en").say("page.consulting.noticed", rule=load("en").word("comment_rule", "personal_data")) in page
    desk(asked, "decider").send(f"/desk/consultation/comments/{made}/moderate", seen_on="/desk/consultation", rule="personal_data")
    assert "0661" not in shown(asked, STATEMENT) + shown(asked, ONE) + shown(asked, LIST)
    found = asked.world.node.client.get(f"{API}/consultations/small/1").json()
    assert found["withheld"] == {**dict.fromkeys(RULES, 0), "personal_data": 1}
    assert found["published"] == dict.fromkeys(CATEGORIES, 0) and found["waiting"] == 0
    assert asked.world.node.client.get(f"{API}/consultations/small/1/comments").json()["items"] == []


def test_a_signed_in_person_comments_from_the_desk_and_an_owner_answers_about_her_own(asked: Asked) -> None:
    desk(asked, "member").send("/desk/consultation/small-1/comment", seen_on="/desk/consultation", statement="training", words="Teach us.")
    assert "Teach us." in desk(asked, "member").get("/desk/consultation").text
    (waiting,) = asked.comments.awaiting(asked.world.asker("decider"))
    assert (waiting.category, waiting.statement) == ("research", "training")
    asked.comments.moderate(asked.world.asker("decider"), comment=waiting.id, decision="published")
    assert "Teach us." in desk(asked, "planner").get("/desk/consultation").text
    assert "Teach us." not in desk(asked, "stranger").get("/desk/consultation").text


def test_the_api_opens_moderates_answers_and_closes_and_gives_the_document_that_the_log_names(asked: Asked) -> None:
    client, decider = asked.world.node.client, session(asked)
    until = (today(asked.world) + timedelta(days=8)).isoformat()
    other = plan_text().replace('plan = "small"', 'plan = "other"')
    made = client.post(f"{API}/consultations", json={"content": other, "until": until}, headers=decider)
    assert made.status_code == 201 and made.headers["location"] == f"{API}/consultations/other/1" and made.json()["until"] == until
    assert set(made.json()) == set(CONSULTATION)
    assert [each["plan"] for each in client.get(f"{API}/consultations").json()["items"]] == ["other", "small"]
    comment = asked.confirmed("Open all.")
    (item,) = client.get(f"{API}/comments", headers=decider).json()["items"]
    assert item["id"] == comment and set(item) == set(PLAN_COMMENT)
    assert client.get(f"{API}/comments").status_code == 401
    assert client.get(f"{API}/comments", headers=asked.world.node.headers("member")).json()["items"] == []
    said = client.post(f"{API}/comments/{comment}/moderation", json={"decision": "published"}, headers=decider)
    assert said.json()["state"] == "published"
    answer = {"outcome": ACCEPT.outcome, "changed": list(ACCEPT.changed)}
    assert client.post(f"{API}/comments/{comment}/answer", json=answer, headers=decider).json()["answer"] == {**answer, "reason": ""}
    assert client.get(f"{API}/consultations/small/1/answers").status_code == 422
    by_token = client.post(f"{API}/consultations/small/1/close", json={}, headers=asked.world.node.headers("decider"))
    assert by_token.status_code == 403 and by_token.json()["name"] == "rights.step_up_needed"
    asked.pass_days(11)
    unchanged = client.post(f"{API}/consultations/small/1/close", json={}, headers=session(asked))
    assert unchanged.status_code == 422 and unchanged.json()["name"] == "consultation.not_changed"
    closed = client.post(f"{API}/consultations/small/1/close", json={"content": CHANGED}, headers=session(asked)).json()
    document = client.get(f"{API}/consultations/small/1/answers")
    assert digest_of(document.content) == closed["answers"] and set(document.json()) == set(ANSWERS)
    (published,) = client.get(f"{API}/consultations/small/1/comments").json()["items"]
    assert published["answer"]["outcome"] == "accepted" and "address" not in published and "person" not in published
    assert client.get(f"{API}/consultations/small/0").status_code == 404
    assert client.get(f"{API}/consultations/nothing/1").status_code == 404
