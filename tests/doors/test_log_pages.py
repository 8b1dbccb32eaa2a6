"""The public pages of the log, the projects and the registers: what they say, and what they never say."""

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

from amana.client.text import LANGUAGES, load
from amana.log.entry_kinds import KINDS
from tests.doors.http_node import SQL, HttpNode, http_node

PATHS = ("/log", "/log/0", "/projects", "/uses", "/ai", "/offline")


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpNode]:
    with http_node(tmp_path_factory.mktemp("log pages") / "node") as made:
        for _ in range(2):
            made.client.post(
                "/api/v1/questions", json={"sql": SQL, "within": "10%"}, headers=made.headers(idempotency_key=f"log-pages-{_}")
            )
        yield made


def read(node: HttpNode, path: str, *, language: str = "en", status: int = 200) -> str:
    reply = node.client.get(f"/{language}{path}")
    assert reply.status_code == status, reply.text[:500]
    return unescape(re.sub(r"</?bdi[^>]*>", "", reply.text)).replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", PATHS)
def test_every_page_is_there_in_each_language_and_may_be_kept(node: HttpNode, language: str, path: str) -> None:
    reply = node.client.get(f"/{language}{path}")
    assert reply.status_code == 200, reply.text
    assert "public" in reply.headers["Cache-Control"]
    assert f'lang="{language}"' in reply.text
    assert not re.search(r"page\.[a-z_.]+\b(?=[<\" ])", re.sub(r"https?://\S+", "", reply.text)), "a code instead of its words"


def entries(node: HttpNode) -> list[dict[str, object]]:
    return [dict(each) for each in node.service.entries()]


def test_a_use_is_told_in_one_sentence_with_its_cost_and_what_is_left(node: HttpNode) -> None:
    index = next(at for at, each in enumerate(entries(node)) if each["kind"] == "use" and each["verb"] == "ask")
    found = read(node, f"/log/{index}")
    sentence = re.sub(r"<[^>]+>", "", re.search(r'<p class="lead">(.*?)</p>', found, re.DOTALL)[1])  # type: ignore[index]
    assert sentence.startswith("The project Visits by region asked a question about ")
    assert re.search(r"It cost [\d.]+ % of what may ever be learned; [\d.]+ % is left\.", sentence)
    assert f'href="/en/projects/{node.project}"' in found


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_of_entry_has_words_for_each_member(node: HttpNode, language: str) -> None:
    catalogue = load(language)
    for kind in KINDS.values():
        assert catalogue.has(f"word.log.kind.{kind.name}")
        for name, form in kind.forms:
            assert name in {"event", "sealed"} or catalogue.has(f"page.entry.member.{name}"), (kind.name, name, form)
    for index in range(len(entries(node))):
        read(node, f"/log/{index}", language=language)


def test_an_entry_leads_to_those_beside_it_and_there_is_none_after_the_last(node: HttpNode) -> None:
    last = len(entries(node)) - 1
    assert f'rel="next" href="/en/log/{last}"' in read(node, f"/log/{last - 1}")
    assert 'rel="next"' not in read(node, f"/log/{last}")
    assert 'rel="prev"' not in read(node, "/log/0")
    read(node, f"/log/{last + 1}", status=404)
    read(node, "/log/x", status=422)


def test_the_latest_entries_stand_first_and_older_ones_on_further_pages(node: HttpNode) -> None:
    size = len(entries(node))
    listed = [int(each) for each in re.findall(r'<li><a href="/en/log/(\d+)">', read(node, "/log"))]
    assert listed == list(range(size - 1, max(-1, size - 21), -1))
    assert [int(each) for each in re.findall(r'<li><a href="/en/log/(\d+)">', read(node, "/log?before=2"))] == [1, 0]
    read(node, "/log?before=0", status=422)


def test_no_public_page_names_a_person_a_question_or_a_reason(node: HttpNode) -> None:
    paths = (*PATHS, f"/projects/{node.project}", *(f"/log/{index}" for index in range(len(entries(node)))))
    for path in paths:
        found = read(node, path)
        assert "SELECT" not in found and "clear" not in re.sub(r"<[^>]+>", "", found)
        assert not any(person in found for person in node.people.values())
        assert not any(f">{name.title()}<" in found for name in node.people)


def test_a_project_shows_its_permit_its_uses_and_their_cost(node: HttpNode) -> None:
    found = read(node, f"/projects/{node.project}")
    assert "We count visits." in found and "University" in found
    assert "1 question was answered." in found and "1 earlier answer was given again, at no cost." in found
    assert re.search(r"<dd>50(\.0*)? %</dd>", found), "half of the promise is permitted"
    assert f"/projects/{node.project}" in read(node, "/projects")


@pytest.mark.parametrize("name", ["p-0", "p-ffffffffffff", "a'b"])
def test_a_project_that_is_not_public_is_as_one_that_is_not_there(node: HttpNode, name: str) -> None:
    read(node, f"/projects/{name}", status=404)


def test_the_worker_of_kept_pages_stands_at_the_root_and_is_asked_for_anew(node: HttpNode) -> None:
    reply = node.client.get("/offline.js")
    assert (reply.status_code, reply.headers["Cache-Control"]) == (200, "no-cache")
    assert reply.headers["Content-Type"].startswith("text/javascript")


def test_the_quorum_is_stated_in_words(tmp_path: Path) -> None:
    with http_node(tmp_path / "node") as node:
        assert "No witness is asked for" in read(node, "/log")


def test_a_page_that_has_not_changed_is_said_so_under_its_own_rules_for_content(node: HttpNode) -> None:
    whole = node.client.get("/en/ai")
    again = node.client.get("/en/ai", headers={"If-None-Match": whole.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["Content-Security-Policy"] == whole.headers["Content-Security-Policy"]
