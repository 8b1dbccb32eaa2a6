"""The public pages of data over HTTP: they say what the API says, in four languages, and the same to everybody."""

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from amana.catalog.purposes import TERMS
from amana.client.figures import digits_after, number
from amana.client.odds import right_of_100
from amana.client.text import LANGUAGES, load
from amana.node.projects import Application
from amana.policy.people import Asker
from amana.terms.ids import PersonId
from amana.web.context import COOKIE
from amana.web.pages.purposes import purpose
from amana.web.pages.reader import Reader
from tests.doors.http_node import SQL, HttpNode, http_node, session_of

PATHS = ("/", "/datasets", "/datasets/test", "/datasets/test/try", "/search?q=test")


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpNode]:
    with http_node(tmp_path_factory.mktemp("pages") / "node") as made:
        yield made


def text_of(page: str) -> str:
    """What a person reads of a page, with single spaces."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def get(node: HttpNode, path: str, *, language: str = "en", status: int = 200) -> str:
    reply = node.client.get(f"/{language}{path}")
    assert reply.status_code == status, reply.text[:500]
    return reply.text


def api(node: HttpNode, path: str) -> Any:
    return node.client.get(f"/api/v1{path}").json()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_list_tells_of_every_dataset_and_leads_to_it(node: HttpNode, language: str) -> None:
    page = get(node, "/datasets", language=language)
    title = {"en": "Test", "fr": "Essai", "ar": "تجربة", "zgh": "ⴰⵔⵎ"}[language]
    assert f'<a href="/{language}/datasets/test">{title}</a>' in page
    for expected in ("Tests", "patient", load(language).word("purpose", "GRU")):
        assert expected in text_of(page)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_dataset_says_what_the_api_says(node: HttpNode, language: str) -> None:
    page, found, budget = (
        text_of(get(node, "/datasets/test", language=language)),
        api(node, "/datasets/test"),
        api(node, "/datasets/test/budget"),
    )
    catalogue = load(language)
    odds = catalogue.template("page.dataset.odds_life").partition("{most}")[2].partition(".")[0]
    assert f"{right_of_100(budget['cap_nrho'])}{odds}" in page
    for expected in (found["custodian"], found["controller"], found["legal_basis"], found["retention"], found["version"]):
        assert expected in page
    assert catalogue.say("page.dataset.never_row") in page


def test_what_has_left_so_far_is_told_as_odds_below_the_promise(node: HttpNode) -> None:
    page = text_of(get(node, "/datasets/test"))
    ever, now = (int(found) for found in re.findall(r"at most (\d+)", page)[:2])
    assert 50 < now < ever < 100


def bare(value: float, digits: int) -> str:
    """A number as profiles write it, its groups apart from 10 000 on."""
    shown = number(value, digits)
    return (shown if abs(value) >= 10_000 else shown.replace("\N{NO-BREAK SPACE}", "")).replace("\N{NO-BREAK SPACE}", " ")


def test_the_figures_of_the_profile_are_those_of_the_api(node: HttpNode) -> None:
    page, told = text_of(get(node, "/datasets/test")), 0
    for table in api(node, "/datasets/test/profile")["tables"]:
        half = (table["rows_interval"][1] - table["rows_interval"][0]) / 2
        assert f"{number(table['rows'], digits_after(half))} ± ".replace("\N{NO-BREAK SPACE}", " ") in page
        for column in table["columns"]:
            for each in column["quantiles"]:
                value, width = bare(each["value"], column["decimals"]), bare(each["half_width"], column["decimals"])
                expected = f"{100 * each['share']:g} % {value}" + (f" ± {width}" if each["half_width"] else "")
                assert expected in page, expected
                told += 1
            for each in column["members"]:
                share = each["share"]
                half = 100 * (share["high"] - share["value"])
                expected = f"{each['value']} {number(100 * share['value'], digits_after(half))} ± {number(half, digits_after(half))} %"
                assert expected in page, expected
                told += 1
    assert told == 5 + 3


def test_a_column_that_may_be_missing_says_how_often(node: HttpNode) -> None:
    columns = {each["name"]: each for each in api(node, "/datasets/test/profile")["tables"][0]["columns"]}
    share = columns["cost"]["missing_share"]
    half = 100 * (share["high"] - share["value"])
    assert f"Missing: {number(100 * share['value'], digits_after(half))}" in text_of(get(node, "/datasets/test"))


def test_public_pages_are_the_same_whoever_is_signed_in(node: HttpNode) -> None:
    session = session_of(node.service, node.people["custodian"])
    for path in PATHS:
        bare_reply = node.client.get(f"/en{path}")
        signed = node.client.get(f"/en{path}", headers={"Cookie": f"{COOKIE}={session}"})
        assert (signed.status_code, signed.text) == (bare_reply.status_code, bare_reply.text)
        assert "set-cookie" not in signed.headers


def test_a_project_is_named_with_its_purpose_and_no_person_is(node: HttpNode) -> None:
    page = get(node, "/datasets/test")
    assert f'<a href="/en/projects/{node.project}">Visits by region</a>' in page
    assert load("en").word("purpose", "HMB") in page
    assert not any(person in page or name.title() in text_of(page) for name, person in node.people.items() if name != "custodian")


def test_an_ordinary_question_is_the_example_until_some_were_paid_for_and_then_their_mean(tmp_path: Path) -> None:
    with http_node(tmp_path / "node") as node:
        page = text_of(get(node, "/datasets/test"))
        example = unescape(re.search(r"<textarea[^>]*>\n(.*?)</textarea>", get(node, "/datasets/test/try"), re.DOTALL)[1])  # type: ignore[index]
        asked = {"sql": example, "within": "5%"}
        cost = node.client.post("/api/v1/questions/preview", json=asked, headers=node.headers("outsider")).json()["cost"]
        assert left_of(page) == pytest.approx((cost["cap_nrho"] - cost["spent_nrho"]) / cost["loss_nrho"], rel=0.1)
        for place in range(5):
            body = {"sql": SQL, "within": str(100 - 10 * place)}
            assert (
                node.client.post("/api/v1/questions", json=body, headers=node.headers(Idempotency_Key=f"paid-{place}")).status_code == 200
            )
        (row,) = [each for each in api(node, "/uses.json")["projects"] if each["project"]]
        budget = api(node, "/datasets/test/budget")
        node.client.get("/fr/datasets/test")
        page = text_of(get(node, "/datasets/test", language="zgh"))
        mean = int(row["loss_nrho"]) / row["charged_count"]
        assert row["charged_count"] == 5
        expected = budget["left_nrho"] / mean
        assert str(int(expected))[:2] in page.replace(" ", "")
        assert load("zgh").say("page.dataset.ordinary_uses") in page


def left_of(page: str) -> float:
    found = re.search(r"About ([\d ]+) more ordinary", page)
    assert found is not None, page
    return float(found[1].replace(" ", ""))


def test_every_term_of_use_has_its_word_in_every_language() -> None:
    missing = [(language, code) for language in LANGUAGES for code in TERMS if not load(language).has(f"word.purpose.{code}")]
    assert missing == []


def test_a_term_keeps_its_parameter_and_one_from_nowhere_stands_as_it_is(node: HttpNode) -> None:
    reader = Reader(language="ar", path="/", service=node.service)
    assert purpose(reader, "DS:MONDO:0005148").endswith('<bdi dir="ltr">MONDO:0005148</bdi>')
    assert purpose(reader, "COL") == load("ar").say("word.purpose.COL")
    assert purpose(reader, "<b>") == "&lt;b&gt;"


@pytest.mark.parametrize("path", ["/datasets/nowhere", "/datasets/nowhere/try"])
def test_what_is_no_dataset_is_refused_on_a_page_in_the_readers_language(node: HttpNode, path: str) -> None:
    page = get(node, path, language="fr", status=404)
    assert '<html lang="fr"' in page and load("fr").say("page.refused.title") in page


def attempt(node: HttpNode, sql: str, *, language: str = "en", within: str = "5%", **headers: str) -> Any:
    return node.client.post(f"/{language}/datasets/test/try", data={"sql": sql, "within": within}, headers=headers)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_example_is_answered_over_invented_rows_and_nothing_is_spent(node: HttpNode, language: str) -> None:
    before = node.spent()
    found = re.search(r"<textarea[^>]*>\n(.*?)</textarea>", get(node, "/datasets/test/try", language=language), re.DOTALL)
    assert found is not None
    reply = attempt(node, unescape(found[1]), language=language)
    assert reply.status_code == 200 and reply.headers["cache-control"] == "no-store"
    page = text_of(reply.text)
    assert load(language).say("page.answer.invented") in page
    assert all(region in page for region in ("Atlas", "Coast", "Desert")) and "±" in page
    assert node.spent() == before


def test_a_finer_precision_gives_a_narrower_interval(node: HttpNode) -> None:
    def width(within: str) -> float:
        found = re.search(
            r'<bdi dir="ltr">[^<]*±\s([\d.]+)</bdi></td>', attempt(node, "SELECT COUNT(*) AS n FROM visits", within=within).text
        )
        assert found is not None
        return float(found[1])

    assert width("10%") > width("5%") > width("2%")


def test_a_refused_question_is_pointed_at_and_kept_in_the_box(node: HttpNode) -> None:
    sql = "SELECT region,\n  SUM(nowhere) FROM visits GROUP BY region"
    reply = attempt(node, sql)
    assert reply.status_code == 422
    assert '<pre class="refused"><code>  SUM(<mark>nowhere</mark>) FROM visits GROUP BY region</code></pre>' in unescape(reply.text)
    assert f">\n{sql}</textarea>" in unescape(reply.text)
    assert "AMA-105" in reply.text


def test_a_refusal_brings_its_corrected_example_as_code(node: HttpNode) -> None:
    reply = attempt(node, "SELECT cost FROM visits", language="ar")
    assert reply.status_code == 422
    assert re.search(r"<br>[^<]+: <code>SELECT [^<]+</code>", reply.text)


@pytest.mark.parametrize("sql", ["<script>alert(1)</script>", "SELECT '</textarea><script>' FROM visits", "", "x" * 15_000])
def test_whatever_is_typed_comes_back_as_text(node: HttpNode, sql: str) -> None:
    reply = attempt(node, sql)
    assert reply.status_code == 422
    assert "<script>" not in reply.text and reply.text.count("</textarea>") == 1


def test_a_question_from_the_page_of_another_site_is_not_tried(node: HttpNode) -> None:
    assert attempt(node, SQL, **{"Sec-Fetch-Site": "cross-site"}).status_code == 403


def test_a_precision_that_is_not_offered_is_the_usual_one(node: HttpNode) -> None:
    assert 'value="5%" checked' in attempt(node, SQL, within="1000%").text


def test_a_node_that_is_busy_says_so_above_the_question(node: HttpNode, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = node.client.app.state.limits.dry_runs  # type: ignore[attr-defined]
    monkeypatch.setattr(gate, "_waiting", 10**6)
    reply = attempt(node, SQL)
    assert reply.status_code == 503
    assert "AMA-655" in reply.text and SQL in unescape(reply.text)


@pytest.mark.parametrize("q", ["essai", "ÉSSAI", "تجربه", "التجربة", "تَجْرِبَة", "ⴰⵔⵎ", "visits cost", "tests"])
@pytest.mark.parametrize("language", ["ar", "en"])
def test_data_are_found_by_title_table_column_and_custodian_however_they_are_written(node: HttpNode, q: str, language: str) -> None:
    reply = node.client.get(f"/{language}/search", params={"q": q})
    assert reply.status_code == 200 and f'href="/{language}/datasets/test"' in reply.text


def test_a_project_is_found_by_what_it_says_for_everybody_once_it_was_approved(node: HttpNode) -> None:
    applicant: PersonId = node.people["applicant"]
    asker: Asker = node.service.sign_in.by_session(session_of(node.service, applicant), now=node.service.now())
    draft = Application(
        title=(("en", "Hidden draft"),), lay_summary=(("en", "We count visits."),), purposes=("HMB",), datasets=("test",),
        ends_on=node.service.projects.place(node.project).ends_on,
    )  # fmt: skip
    node.service.projects.create(asker, application=draft)
    page = node.client.get("/en/search", params={"q": "count visits"}).text
    assert f'href="/en/projects/{node.project}"' in page and "Hidden draft" not in page
    assert f'href="/fr/projects/{node.project}"' in node.client.get("/fr/search", params={"q": "médecine"}).text


def test_nothing_found_is_told_kindly_and_as_text(node: HttpNode) -> None:
    page = node.client.get("/en/search", params={"q": "<i>zebra</i>"}).text
    assert "<i>" not in page and "Nothing was found for “<i>zebra</i>”" in unescape(page)
    assert 'href="/en/datasets"' in page


def test_answers_to_a_search_are_kept_by_nobody_and_long_ones_are_cut(node: HttpNode) -> None:
    reply = node.client.get("/en/search", params={"q": "z" * 500})
    assert reply.status_code == 200
    assert reply.headers["cache-control"] == "no-store" and "etag" not in reply.headers
    assert "z" * 100 in reply.text and "z" * 101 not in reply.text
