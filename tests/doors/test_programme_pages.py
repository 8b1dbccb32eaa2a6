"""The programme for everybody: every page in four languages, and no figure or status but those of the evaluation."""

import csv
import hashlib
import io
import json
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from amana.client.text import LANGUAGES, load
from amana.log.documents import digest_of
from amana.log.read import read_tile
from amana.log.tiles import Tile
from amana.programme.copy import evaluate_copy
from amana.programme.evaluate import Evaluation, Evaluator
from amana.programme.fold import digest_of as digest_of_query
from amana.programme.iati import COLUMNS, evaluation_as_csv, evaluation_as_json
from amana.programme.status import Standing
from tests.doors.http_node import HttpNode, http_node
from tests.programme import SHA, Carried, carried, plan_text
from tests.shipped_plan import REGIONS, adopt_shipped

ATOM = "{http://www.w3.org/2005/Atom}"
SVG = "{http://www.w3.org/2000/svg}"
PATHS = (
    "/programme",
    "/programme?theme=people",
    "/programme?status=late",
    "/programme?owner=University",
    "/programme/commitments/open-data",
    "/programme/commitments/people-seen",
    "/programme/commitments/training",
    "/programme/indicators/datasets",
    "/programme/indicators/seen",
    "/programme/indicators/trained",
    "/programme/agreements",
    "/programme/agreements/accord",
    "/programme/events/day",
    "/programme/map",
)
ABSENT = (
    "/programme?theme=none",
    "/programme?owner=Nobody",
    "/programme?page=2",
    "/programme/commitments/none",
    "/programme/indicators/none",
    "/programme/indicators/trained?entry=0",
    "/programme/agreements/none",
    "/programme/events/none",
    "/programme/events/day?page=2",
    "/programme/map?indicator=trained",
)
FILES = ("/programme.json", "/programme.csv", "/api/v1/programme", "/programme/feed.atom")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Carried]:
    """A plan with a count, a private figure, a document that was verified, one that was rejected, and a claim."""
    with carried(tmp_path_factory.mktemp("programme") / "node") as made:
        made.adopt()
        made.verify(made.state(25))
        made.verify(made.state(30), verdict="reject")
        made.state(33, shown=False)
        made.measure()
        yield made


def evaluation_of(world: Carried) -> Evaluation:
    return world.node.service.programme_state.evaluation()


def standing_of(world: Carried, name: str) -> Standing:
    found = evaluation_of(world).standing(name)
    assert found is not None
    return found


def read(node: HttpNode, path: str, *, language: str = "en", status: int = 200) -> str:
    reply = node.client.get(f"/{language}{path}")
    assert reply.status_code == status, reply.text[-800:]
    return unescape(re.sub(r"</?bdi[^>]*>", "", reply.text)).replace("\N{NO-BREAK SPACE}", " ")


def words(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", PATHS)
def test_every_page_is_there_in_each_language_and_may_be_kept(world: Carried, language: str, path: str) -> None:
    reply = world.node.client.get(f"/{language}{path}")
    assert reply.status_code == 200 and "public" in reply.headers["Cache-Control"]
    assert f'<html lang="{language}"' in reply.text
    told = words(read(world.node, path, language=language))
    assert not re.search(r"\b(page|word)\.[a-z_]+\.", told), "a code instead of its words"
    assert not re.search(r"\{[a-z]+\}", told), "a place that nothing fills"


@pytest.mark.parametrize("path", ABSENT)
def test_what_the_plan_does_not_name_has_no_page(world: Carried, path: str) -> None:
    assert "AMA-616" in read(world.node, path, status=404)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_status_that_is_shown_is_the_one_that_was_computed(world: Carried, language: str) -> None:
    catalogue, found = load(language), evaluation_of(world)
    listed = read(world.node, "/programme", language=language)
    for each in found.standings:
        shown = f'<span class="state {each.status.value}">{catalogue.word("status", each.status.value)}</span>'
        line = next(line for line in listed.split("<li>") if f"/programme/commitments/{each.commitment.id}" in line)
        assert shown in line
        assert shown in read(world.node, f"/programme/commitments/{each.commitment.id}", language=language)
    counts = re.findall(r'<li>(\d+) (?:<a [^>]*>)?<span class="state (\w+)">', listed)
    assert {status: int(count) for count, status in counts} == {
        status: sum(each.status.value == status for each in found.standings)
        for status in ("done", "on_track", "started", "late", "no_evidence", "dropped")
    }


def test_the_figures_that_are_shown_are_those_of_the_evaluation(world: Carried) -> None:
    (seen,) = standing_of(world, "people-seen").measures
    assert seen.current is not None and seen.current.value is not None and seen.current.low is not None
    half = float(seen.current.value - seen.current.low)
    told = words(read(world.node, "/programme/commitments/people-seen"))
    value, width = (int(each.replace(" ", "")) for each in re.findall(r"(\d[\d ]*) ± (\d[\d ]*)", told)[0])
    assert value == round(float(seen.current.value)) and width == pytest.approx(half, rel=0.05)
    (trained,) = standing_of(world, "training").measures
    assert trained.current is not None and trained.current.value == 25
    told = words(read(world.node, "/programme/commitments/training"))
    assert "25 text people verified document" in told and "To be reached by 2097-12-31 : 20 text people" in told.replace(":", " :").replace(
        "  ", " "
    )


def test_a_page_evaluates_at_most_once(world: Carried, monkeypatch: pytest.MonkeyPatch) -> None:
    made, of = list[int](), Evaluator.evaluation
    monkeypatch.setattr(Evaluator, "evaluation", lambda self, **named: (made.append(1), of(self, **named))[1])
    monkeypatch.setattr(world.node.service.programme_state, "_known", None)
    for path in PATHS:
        assert world.node.client.get(f"/fr{path}&x=1" if "?" in path else f"/fr{path}?x=1").status_code == 200
    assert len(made) <= 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_claim_and_a_rejected_document_are_shown_and_never_as_what_counts(world: Carried, language: str) -> None:
    catalogue = load(language)
    for path in ("/programme/commitments/training", "/programme/indicators/trained"):
        found = read(world.node, path, language=language)
        assert not re.search(r"<strong>(33|30)\b", found) and re.search(r"<strong>25\b", found)
        assert re.search(r'class="(unknown|quiet)">[^<]*33\b', found), "in the words of what weighs nothing"
    found = words(read(world.node, "/programme/indicators/trained", language=language))
    assert catalogue.word("evidence", "claim") in found and catalogue.word("evidence", "rejected") in found
    assert catalogue.word("basis", "E4") in found


def test_of_a_count_everything_that_it_is_made_of_is_one_click_away(world: Carried) -> None:
    assert 'href="/en/programme/indicators/datasets"' in read(world.node, "/programme/commitments/open-data")
    found = read(world.node, "/programme/indicators/datasets")
    (measure,) = standing_of(world, "open-data").measures
    assert measure.current is not None and measure.current.entries
    for each in measure.current.entries[-4:]:
        assert f'href="/en/log/{each}"' in found
    written = re.search(r'<pre tabindex="0">(\{.*?\})</pre>', found)
    assert written is not None
    digest = hashlib.sha256(written[1].encode()).hexdigest()
    assert digest == digest_of_query(measure.indicator.method) == measure.current.evidence  # type: ignore[arg-type]
    assert digest in found and json.loads(written[1])["of"] == "dataset"
    told = words(found)
    assert "Counts different values of “Data” among the entries of the log of the kind “data”." in told
    assert "there is an entry of the kind “a use of the data” with the same: Data ( “What was done” is: the data were described )" in (
        re.sub(r"\(\s*", "( ", re.sub(r"\s*\)", " )", told))
    )


def test_an_entry_can_be_checked_where_the_evidence_is(world: Carried) -> None:
    (measure,) = standing_of(world, "training").measures
    assert measure.current is not None
    entry = measure.current.entry
    found = read(world.node, "/programme/indicators/trained")
    assert f'data-index="{entry}"' in found and "verify-button.js" in found and 'id="verdict"' in found
    entry_page = read(world.node, f"/log/{entry}")
    leaf = re.search(r'data-leaf="([0-9a-f]{64})"', found)
    assert leaf is not None and leaf[0] in entry_page
    (other,) = {each.entry for each in measure.observations if each.against == "claim"}
    assert f'data-index="{other}"' in read(world.node, f"/programme/indicators/trained?entry={other}")


def test_the_documents_of_the_evidence_lead_to_what_the_log_published(world: Carried) -> None:
    for path, basis in (("/programme/indicators/trained", "E3"), ("/programme/indicators/seen", "E2")):
        found = read(world.node, path)
        digests = re.findall(r'href="/log/document/([0-9a-f]{64})"', found)
        assert digests
        for digest in digests:
            reply = world.node.client.get(f"/log/document/{digest}")
            assert reply.status_code == 200 and digest_of(reply.content) == digest
            assert "immutable" in reply.headers["Cache-Control"] and reply.headers["content-type"] == "application/json"
        assert basis in {world.node.client.get(f"/log/document/{each}").json()["basis"] for each in digests}
    found = read(world.node, "/programme/indicators/trained")
    assert SHA in found and "A report" in found and "Brought by University." in found and "Judged by Inspectorate." in found


@pytest.mark.parametrize("digest", ["0" * 64, "A" * 64, "0" * 63, "0" * 65, "..%2Fcheckpoint", "..%2f..%2fsettings.toml", "%00"])
def test_nothing_but_published_documents_is_given_out(world: Carried, digest: str) -> None:
    assert world.node.client.get(f"/log/document/{digest}").status_code == 404


class OverHttp:
    """The log as the node serves it."""

    def __init__(self, node: HttpNode) -> None:
        self._client = node.client

    def file(self, path: str, *, bytes_max: int) -> bytes | None:
        reply = self._client.get(f"/log/{path}")
        assert len(reply.content) <= bytes_max
        return reply.content if reply.status_code == 200 else None

    def tile(self, tile: Tile) -> bytes:
        return read_tile(self, tile)


def test_what_is_served_of_the_log_is_enough_to_compute_every_status_elsewhere(world: Carried) -> None:
    found = evaluation_of(world)
    copied = evaluate_copy(OverHttp(world.node), policy=world.node.service.log_policy(), today=found.today)
    assert evaluation_as_json(copied.evaluation) == evaluation_as_json(found)


def test_json_and_csv_are_the_evaluation_and_are_not_sent_twice(world: Carried) -> None:
    client, found = world.node.client, evaluation_of(world)
    for path in ("/programme.json", "/api/v1/programme"):
        reply = client.get(path)
        assert reply.json() == json.loads(json.dumps(evaluation_as_json(found)))
        assert client.get(path, headers={"If-None-Match": reply.headers["etag"]}).status_code == 304
    reply = client.get("/programme.csv")
    assert reply.text == evaluation_as_csv(found) and reply.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(reply.text, newline="")))
    assert tuple(rows[0]) == COLUMNS and len(rows) == 4
    assert {row["status"] for row in rows} == {each.status.value for each in found.standings}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_feeds_tell_changes_and_evidence_in_the_language_that_is_asked_for(world: Carried, language: str) -> None:
    home, catalogue = world.node.service.settings.public_url, load(language)
    for path in ("/programme/feed.atom", "/programme/commitments/training/feed.atom"):
        reply = world.node.client.get(path, params={"language": language})
        assert reply.headers["content-type"].startswith("application/atom+xml")
        feed = ElementTree.fromstring(reply.content)
        ids = [each.text for each in feed.iter(f"{ATOM}id")]
        assert len(ids) == len(set(ids)) and all(str(each).startswith(home) for each in ids)
        moments = [str(each.findtext(f"{ATOM}updated")) for each in feed.iter(f"{ATOM}entry")]
        assert moments == sorted(moments, reverse=True) and feed.findtext(f"{ATOM}updated") == moments[0]
        for each in feed.iter(f"{ATOM}entry"):
            link = each.find(f"{ATOM}link")
            assert link is not None and link.attrib["href"].startswith(f"{home}/{language}/")
            assert world.node.client.get(link.attrib["href"].removeprefix(home)).status_code == 200
        titles = {str(each.findtext(f"{ATOM}title")) for each in feed.iter(f"{ATOM}entry")}
        assert any(catalogue.word("status", "on_track") in each for each in titles)
    own = {str(each.text) for each in feed.iter(f"{ATOM}id") if "commitments/" in str(each.text)}
    assert all("/commitments/training" in each for each in own)


def test_a_page_leads_to_its_feed_and_its_badge(world: Carried) -> None:
    found = read(world.node, "/programme/commitments/training", language="ar")
    assert '<link rel="alternate" type="application/atom+xml" href="/programme/commitments/training/feed.atom?language=ar">' in found
    assert '<img src="http://localhost:8321/programme/commitments/training/badge.svg?language=ar" alt="' in found


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_badge_says_title_and_status_and_may_stand_anywhere(world: Carried, language: str) -> None:
    reply = world.node.client.get("/programme/commitments/training/badge.svg", params={"language": language})
    assert reply.headers["content-type"].startswith("image/svg+xml")
    assert (
        reply.headers["Cross-Origin-Resource-Policy"] == "cross-origin" and "default-src 'none'" in reply.headers["Content-Security-Policy"]
    )
    drawn = ElementTree.fromstring(reply.content)
    texts = [(float(each.attrib["x"]), each.text) for each in drawn.iter(f"{SVG}text")]
    assert texts[1][1] == load(language).word("status", "on_track") and "training" in str(texts[0][1])
    assert (texts[0][0] > texts[1][0]) == (language == "ar"), "the status stands where reading ends"
    assert drawn.attrib["direction"] == ("rtl" if language == "ar" else "ltr")
    assert "<script" not in reply.text and "href" not in reply.text and "style" not in reply.text


def test_an_unknown_commitment_has_no_badge_and_no_feed(world: Carried) -> None:
    for name in ("badge.svg", "feed.atom"):
        assert world.node.client.get(f"/programme/commitments/none/{name}").status_code == 404


def test_a_badge_and_a_page_escape_what_a_plan_says(tmp_path: Path) -> None:
    with carried(tmp_path / "node") as made:
        made.adopt(plan_text().replace("text training", '<script>alert(1)</script> & \\"training\\"'))
        drawn = made.node.client.get("/programme/commitments/training/badge.svg?language=en").text
        assert "<script" not in drawn and "&lt;script&gt;" in drawn
        ElementTree.fromstring(drawn)
        for path in ("/en/programme", "/en/programme/commitments/training", "/programme/feed.atom?language=en"):
            assert "<script>alert" not in made.node.client.get(path).text


@pytest.mark.parametrize("language", LANGUAGES)
def test_where_no_plan_is_adopted_the_page_says_so(tmp_path: Path, language: str) -> None:
    with http_node(tmp_path / "node") as node:
        found = words(read(node, "/programme", language=language))
        assert load(language).say("page.programme.none") in found
        assert all(node.client.get(path).status_code == 404 for path in FILES)
        for path in ("/programme/agreements", "/programme/map", "/programme/commitments/training"):
            read(node, path, language=language, status=404)
        assert "/programme/commitments" not in read(node, "/", language=language)


def test_a_dropped_commitment_says_who_said_why(tmp_path: Path) -> None:
    with carried(tmp_path / "node") as made:
        made.adopt()
        made.node.service.programme.drop(made.asker("decider"), commitment="training", reasons="There is no money.")
        found = read(made.node, "/programme/commitments/training")
        assert '<span class="state dropped">dropped</span>' in found and "It was dropped, for reasons that are public" in words(found)
        entry = standing_of(made, "training").dropped
        assert f'href="/en/log/{entry}"' in found and load("en").say("page.programme.missing") not in words(found)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_home_page_says_in_one_line_where_the_plan_stands(world: Carried, language: str) -> None:
    found = read(world.node, "/", language=language)
    line = next(each for each in found.splitlines() if each.startswith(f'<p><a href="/{language}/programme">'))
    catalogue = load(language)
    for status in {each.status.value for each in evaluation_of(world).standings}:
        count = sum(each.status.value == status for each in evaluation_of(world).standings)
        assert f"{catalogue.word('status', status)} {count}" in words(line)


def rows_of(html: str) -> list[str]:
    return re.findall(r'<th scope="row">(.*?)</th>', html)


def test_without_a_map_the_regions_stand_in_a_table_with_their_intervals(world: Carried) -> None:
    found = read(world.node, "/programme/map")
    (measure,) = standing_of(world, "people-seen").measures
    assert measure.current is not None
    assert rows_of(found) == [region for region, *_ in measure.current.regions] and found.count("±") >= len(measure.current.regions)
    assert "<svg" not in found.partition("<main")[2] and load("en").say("page.programme.no_map") in words(found)


def test_a_map_is_drawn_from_the_file_that_a_setting_names(tmp_path: Path) -> None:
    names = {"Atlas": {"ar": "الأطلس"}, "Coast": {"ar": "الساحل"}}
    regions = json.loads(REGIONS.read_text("utf-8"))
    layer = regions["objects"]["regions"]["geometries"]
    layer[0]["id"], layer[1]["id"] = "Atlas", "Coast"
    folder = tmp_path / "node"
    settings = 'programme_regions = "regions.json"\nprogramme_region_names = "names.json"\n'
    folder.mkdir()
    (folder / "regions.json").write_text(json.dumps(regions), "utf-8")
    (folder / "names.json").write_text(json.dumps(names), "utf-8")
    with carried(folder, settings=settings) as made:
        made.adopt()
        made.measure()
        found = read(made.node, "/programme/map", language="ar")
        assert '<svg role="img"' in found and "map.css" in found and "الأطلس" in found
        measured: dict[str, Any] = {region: value for region, value, *_ in standing_of(made, "people-seen").measures[0].current.regions}  # type: ignore[union-attr]
        beyond = set(measured) - {"Atlas", "Coast"}
        assert beyond and all(f"<bdi>{each}</bdi>" in made.node.client.get("/ar/programme/map").text for each in beyond)
        assert made.node.service.regions.outline() is made.node.service.regions.outline(), "it is drawn once"


def test_the_shipped_plan_is_shown_twelve_commitments_at_a_time(tmp_path: Path) -> None:
    with http_node(tmp_path / "node") as node:
        adopt_shipped(node.service)
        every = {each.commitment.id for each in node.service.programme_state.evaluation().standings}
        pages = [set(re.findall(r"/programme/commitments/([a-z-]+)", read(node, f"/programme?page={each}"))) for each in (1, 2, 3)]
        assert [len(each) for each in pages] == [12, 12, 1] and set().union(*pages) == every and len(every) == 25
        read(node, "/programme?page=4", status=404)
        for standing in node.service.programme_state.evaluation().standings:
            for language in LANGUAGES:
                told = words(read(node, f"/programme/commitments/{standing.commitment.id}", language=language))
                assert not re.search(r"\b(page|word)\.[a-z_]+\.", told)
                for measure in standing.measures:
                    told = words(read(node, f"/programme/indicators/{measure.indicator.id}", language=language))
                    assert not re.search(r"\b(page|word|lifecycle)\.[a-z_]+\.", told)
