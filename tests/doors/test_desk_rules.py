"""Rules on the custodian's desk: every problem with its line, what others will see, and publishing from the node's own folder."""

import os
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from amana.node.audit import notes
from amana.node.publish_apart import LOCK, STATE, PublishApart, Stage
from amana.node.publish_process import held
from amana.policy.people import Asker
from amana.terms.refusal import Refusal
from tests.doors.desk_forms import Browser, browser_of
from tests.doors.http_node import RULES, HttpNode, http_node, session_of

PATH = "/desk/custodian/rules"
ROWS = "person,region,cost\n" + "".join(f"u{at % 400},{('Atlas', 'Coast', 'Desert')[at % 3]},{at % 90}.5\n" for at in range(1200))
REGIONS = "region,people\nAtlas,70000\nCoast,90000\nDesert,4000\n"
PUBLISH_WAIT_S = 120.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where files of the custodian's organisation lie, once the node knows it: `node` names it."""
    made = tmp_path_factory.mktemp("files") / "own"
    made.mkdir()
    (made / "visits.csv").write_text(ROWS, "utf-8")
    (made / "regions.csv").write_text(REGIONS, "utf-8")
    (made / "notes.txt").write_text("not offered", "utf-8")
    (made.parent / "outside.csv").write_text("secret\n1\n", "utf-8")
    (made / "link.csv").symlink_to(made.parent / "outside.csv")
    (made / "deeper.csv").mkdir()
    return made


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory, folder: Path) -> Iterator[HttpNode]:
    with http_node(tmp_path_factory.mktemp("desk") / "node", settings=f'publish_folder = "{folder.parent}"\n') as made:
        organisation = made.service.people.person(made.people["custodian"]).organisation
        (folder.parent / organisation).symlink_to(folder)
        yield made


@pytest.fixture
def custodian(node: HttpNode) -> Browser:
    return browser_of(node, "custodian")


def publishing(node: HttpNode) -> PublishApart:
    return node.service.publishing


def asker_of(node: HttpNode) -> Asker:
    return node.service.sign_in.by_session(session_of(node.service, node.people["custodian"]), now=node.service.now())


def ended(node: HttpNode) -> Stage:
    """How the publishing ended."""
    until = time.monotonic() + PUBLISH_WAIT_S
    while time.monotonic() < until:
        found = publishing(node).last(asker_of(node))
        if found is not None and found.stage is not Stage.RUNNING:
            return found.stage
        time.sleep(0.2)
    raise AssertionError("it runs on and on")


def test_every_problem_is_shown_with_its_line_and_what_that_line_says(custodian: Browser) -> None:
    wrong = RULES.replace('cap_rho = "2.0"', 'cap_rho = "many"').replace("multiplicity = 1", "multiplicity = 0")
    lines = {wrong[: wrong.index(text)].count("\n") + 1: text for text in ('cap_rho = "many"', "multiplicity = 0")}
    reply = custodian.send(PATH, do="check", rules=wrong)
    assert reply.status_code == 200 and "2 things to mend" in reply.text
    for line, text in lines.items():
        assert f"Line {line}" in reply.text and text.replace('"', "&#34;") in reply.text
    assert "publish these files" not in reply.text.lower()


def test_a_text_that_is_no_toml_is_refused_at_its_line(custodian: Browser) -> None:
    reply = custodian.send(PATH, do="check", rules="[dataset]\nname = \n")
    assert reply.status_code == 200 and "Line 2" in reply.text
    assert custodian.send(PATH, do="publish", rules="[dataset]", file="visits.csv").status_code == 422


def test_right_rules_show_what_others_will_see_the_promise_and_the_difference(custodian: Browser) -> None:
    other = RULES.replace('purposes = ["GRU"]', 'purposes = ["HMB"]').replace("high = 100,", "high = 200,")
    other = other.replace(
        "nullable = true }\n[[table]]",
        'nullable = true }\nage = { kind = "number", grid = "1", low = 0, high = 110, source = "Map" }\n[[table]]',
    )
    page = custodian.send(PATH, do="check", rules=other).text
    assert "Everything" not in page and "These rules are right" in page
    assert "cap_rho" in page and "50:50" in page
    assert "New purpose:" in page and "No longer a purpose:" in page
    assert "visits.age" in page and "visits.cost" in page, "one is new, the bounds of the other change"
    assert custodian.send(PATH, do="check", rules=RULES).text.count("visits.cost") == 0, "nothing changes"


def test_a_promise_that_was_made_cannot_be_changed(custodian: Browser) -> None:
    reply = custodian.send(PATH, do="check", rules=RULES.replace('cap_rho = "2.0"', 'cap_rho = "3.0"'))
    assert reply.status_code == 422 and "cap_rho" in reply.text and "AMA" not in reply.text.partition("<main")[0]
    assert 'role="alert"' in reply.text


def test_only_plain_files_of_the_folder_itself_are_offered(node: HttpNode) -> None:
    assert publishing(node).files(asker_of(node)) == ("regions.csv", "visits.csv")


@pytest.mark.parametrize("name", ["../outside.csv", "/etc/passwd", "..", "link.csv", "deeper.csv", "notes.txt", "sub/visits.csv", ""])
def test_a_name_that_was_not_offered_is_refused(node: HttpNode, custodian: Browser, name: str) -> None:
    reply = custodian.send(PATH, do="publish", rules=RULES, file=["regions.csv", name] if name else [])
    assert reply.status_code == 422 and 'role="alert"' in reply.text
    assert publishing(node).last(asker_of(node)) is None, "nothing was begun"


def test_publishing_needs_a_fresh_sign_in_and_the_right_organisation(node: HttpNode, custodian: Browser) -> None:
    foreign = RULES.replace('custodian = "Tests"', 'custodian = "University"')
    assert custodian.send(PATH, do="publish", rules=foreign, file=["visits.csv", "regions.csv"]).status_code == 403
    taken = (
        RULES.replace('name = "test"', 'name = "mine"')
        .replace('name = "visits"', 'name = "seen"')
        .replace('name = "regions"', 'name = "places"')
    )
    service = node.service
    asker = service.sign_in.by_session(custodian.cookie, now=service.now())
    elsewhere = replace(asker, person=replace(asker.person, organisation=service.people.person(node.people["member"]).organisation))
    with pytest.raises(Refusal, match="rights.custodian_needed"):
        publishing(node).begin(elsewhere, rules=taken.replace('"Tests"', '"University"', 1), names=("visits.csv",))
    stale = browser_of(node, "custodian")
    stale.forget_step_up()
    reply = stale.send(PATH, do="publish", rules=RULES, file=["visits.csv", "regions.csv"])
    assert reply.status_code == 403 and "strong=1" in reply.text
    assert publishing(node).last(asker_of(node)) is None


def test_whoever_is_no_custodian_checks_and_publishes_nothing(node: HttpNode, custodian: Browser) -> None:
    for who in ("outsider", "decider", "auditor"):
        browser = browser_of(node, who)
        assert browser.get(PATH).status_code == 403
    assert custodian.send(PATH, token="0" * 96, do="check", rules=RULES).status_code == 403


def test_a_folder_is_published_from_in_the_background_and_the_new_version_serves(node: HttpNode, custodian: Browser) -> None:
    before = node.service.versions()[0].id
    reply = custodian.send(PATH, do="publish", rules=RULES, file=["visits.csv", "regions.csv"])
    assert reply.status_code == 303
    first = publishing(node).last(asker_of(node))
    assert first is not None and first.dataset == "test"
    assert ended(node) is Stage.DONE
    after = publishing(node).last(asker_of(node))
    assert after is not None and 0 < after.took <= 0.05
    assert node.service.versions()[0].id == after.version != before
    assert after.version[:12] in custodian.get(PATH).text
    noted = [(each.actor, each.now_is) for each in notes(node.service.database, limit=2_000) if each.action == "publish"]
    assert (node.people["custodian"], "begun") in noted and ("machine", after.version) in noted
    held = (node.service.settings.folder / STATE).stat().st_mode & 0o077
    assert held == 0


def test_what_was_found_in_the_rows_stays_on_the_machine(node: HttpNode, custodian: Browser, folder: Path) -> None:
    (folder / "visits.csv").write_text(ROWS + "u1,Nowhere,12345.5\n", "utf-8")
    strict = RULES.replace('out_of_bounds = "clamp"', 'out_of_bounds = "refuse"')
    before = node.service.versions()[0].id
    assert custodian.send(PATH, do="publish", rules=strict, file=["visits.csv", "regions.csv"]).status_code == 303
    assert ended(node) is Stage.REFUSED
    page = custodian.get(PATH).text
    assert re.search("AMA-45[0-2]", page) and "stays on the node" in page
    assert "1201" not in page and "1 201" not in page and "Nowhere" not in page
    assert "row" not in (node.service.settings.folder / STATE).read_text()
    assert node.service.versions()[0].id == before


def test_a_process_that_ends_without_a_word_is_told_of_as_lost(node: HttpNode, monkeypatch: pytest.MonkeyPatch, custodian: Browser) -> None:
    monkeypatch.setattr("amana.node.publish_apart.COMMAND", ("/bin/sh", "-c", "exit 3"))
    assert custodian.send(PATH, do="publish", rules=RULES, file=["visits.csv", "regions.csv"]).status_code == 303
    assert ended(node) is Stage.LOST
    assert "without a word" in custodian.get(PATH).text


def test_two_are_never_published_at_once(node: HttpNode, monkeypatch: pytest.MonkeyPatch, custodian: Browser) -> None:
    monkeypatch.setattr("amana.node.publish_apart.COMMAND", ("/bin/sh", "-c", "sleep 3"))
    chosen = ["visits.csv", "regions.csv"]
    assert custodian.send(PATH, do="publish", rules=RULES, file=chosen).status_code == 303
    found = publishing(node).last(asker_of(node))
    assert found is not None and found.stage is Stage.RUNNING
    assert custodian.send(PATH, do="publish", rules=RULES, file=chosen).status_code == 422
    assert ended(node) is Stage.LOST and os.access(node.service.settings.folder / LOCK, os.W_OK)


def test_another_organisation_is_shown_and_offered_nothing_of_it(node: HttpNode, custodian: Browser) -> None:
    asker = node.service.sign_in.by_session(custodian.cookie, now=node.service.now())
    elsewhere = replace(asker, person=replace(asker.person, organisation=node.service.people.person(node.people["member"]).organisation))
    assert publishing(node).files(asker) != () and publishing(node).last(asker) is not None
    assert publishing(node).files(elsewhere) == () and publishing(node).last(elsewhere) is None


def test_a_link_that_takes_the_place_of_a_chosen_file_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "outside.txt").write_text("secret", "utf-8")
    (tmp_path / "visits.csv").symlink_to(tmp_path / "outside.txt")
    with pytest.raises(Refusal, match="publish.file_not_offered"):
        held(tmp_path / "visits.csv", place=tmp_path)
    plain, place = tmp_path / "regions.csv", tmp_path / "place"
    place.mkdir()
    plain.write_text("before", "utf-8")
    kept = held(plain, place=place)
    plain.unlink()
    plain.symlink_to(tmp_path / "outside.txt")
    assert kept.name == "regions.csv" and kept.read_text("utf-8") == "before"


def test_without_a_folder_the_page_shows_the_exact_command(tmp_path: Path) -> None:
    with http_node(tmp_path / "node") as bare:
        custodian = browser_of(bare, "custodian")
        page = custodian.send(PATH, do="check", rules=RULES).text
        assert "amana publish visits.csv regions.csv --rules test.toml" in page and 'name="file"' not in page
        reply = custodian.send(PATH, do="publish", rules=RULES, file="visits.csv")
        assert reply.status_code == 422 and "amana publish" in reply.text
