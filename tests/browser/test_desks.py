"""The five minutes of the custodian and of the oversight authority in a real browser, in Arabic and in French."""

import re
from collections.abc import Iterator
from datetime import timedelta
from fractions import Fraction
from pathlib import Path

import pytest
from playwright.sync_api import expect

from amana.client.text import load
from amana.node.links import LinkKind
from amana.node.projects import Application
from amana.node.service import Service, open_service
from amana.policy.people import Asker
from amana.policy.projects import Verdict
from amana.policy.transitions import PermitState, ProjectEvent
from amana.terms.ids import PermitId
from tests.browser.pages import needs_browser, page_of, plain_page
from tests.browser.portal import LANGUAGES as EVERY_LANGUAGE
from tests.browser.portal import WIDTHS, Portal, bytes_of, check_page, portal
from tests.doors.http_node import RULES, session_of

pytestmark = [pytest.mark.browser, needs_browser]
LANGUAGES = ("ar", "fr")
BYTES_MAX = 20_000


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    folder = tmp_path_factory.mktemp("desks")
    files = folder / "files"
    files.mkdir()
    with portal(folder, settings=f'publish_folder = "{files}"\n') as made:
        own = files / organisation_of(made)
        own.mkdir()
        for name in ("visits.csv", "regions.csv"):
            (own / name).write_bytes((made.folder.parent / name).read_bytes())
        yield made


def organisation_of(served: Portal) -> str:
    service = open_service(served.folder)
    try:
        return service.people.person(served.people["custodian"]).organisation
    finally:
        service.close()


def request(served: Portal, title: str) -> PermitId:
    """A permit that waits for the custodian."""
    service = open_service(served.folder)
    try:
        return _requested(service, served, title)
    finally:
        service.close()


def _requested(service: Service, served: Portal, title: str) -> PermitId:
    def asker(name: str) -> Asker:
        return service.sign_in.by_session(session_of(service, served.people[name]), now=service.now())

    until = service.now() + timedelta(days=40)
    words = tuple((language, f"{title} {language}") for language in ("ar", "en", "fr", "zgh"))
    application = Application(title=words, lay_summary=words, purposes=("HMB",), datasets=("test",), ends_on=until)
    project = service.projects.create(asker("applicant"), application=application)
    service.projects.act(asker("applicant"), project=project, event=ProjectEvent.SUBMIT)
    for name in ("reviewer", "second"):
        service.projects.review(asker(name), project=project, verdict=Verdict.APPROVE, reasons="clear")
    service.projects.decide(asker("decider"), project=project, event=ProjectEvent.APPROVE, reasons="clear")
    return service.permits.request(asker("applicant"), project=project, dataset="test", share=Fraction(3, 4), valid_until=until)


def state_of(served: Portal, permit: PermitId) -> PermitState:
    service = open_service(served.folder)
    try:
        return service.permits.place(permit).record.state
    finally:
        service.close()


def link_of(served: Portal, who: str) -> str:
    """An enrolment link, as a custodian gets one: whoever comes by it has confirmed nothing strongly."""
    service = open_service(served.folder)
    try:
        link = service.sign_in.links.invite(served.people[who], kind=LinkKind.ENROL, actor="machine", now=service.now())
    finally:
        service.close()
    return f"{served.address}/sign-in#{link.reveal()}"


def test_the_custodian_looks_changes_a_grant_suspends_and_checks_rules(served: Portal) -> None:
    for language in LANGUAGES:
        say, permit = load(language).say, request(served, "Costs")
        with page_of(language=language) as page:
            served.sign_in(page, "custodian")
            page.goto(served.at("/desk/custodian", language=language))
            page.locator(f'.card a[href$="{permit}"]').first.click()
            expect(page.locator("h1")).to_have_text(f"Costs {language}")
            page.get_by_text(say("page.custodian.change"), exact=True).click()
            page.locator("#change-share").fill("5")
            page.get_by_role("button", name=say("page.custodian.change_button")).click()
            expect(page.locator(".state").first).to_have_text(load(language).word("state", "active"))
            page.locator("#suspend-reasons").fill("…")
            page.get_by_role("button", name=say("page.custodian.suspend_button")).click()
            expect(page.locator(".state").first).to_have_text(load(language).word("state", "suspended"))
            page.goto(served.at("/desk/custodian/rules", language=language))
            page.locator("#rules").fill(RULES.replace('cap_rho = "2.0"', 'cap_rho = "many"'))
            page.get_by_role("button", name=say("page.rules.check"), exact=True).click()
            expect(page.locator("#found li")).to_have_count(1)
            page.locator("#rules").fill(RULES)
            page.get_by_role("button", name=say("page.rules.check"), exact=True).click()
            expect(page.locator("#found .good")).to_be_visible()
            expect(page.locator('[name="file"]:checked')).to_have_count(2)
            check_page(page)
        assert state_of(served, permit) is PermitState.SUSPENDED


def test_whoever_has_not_just_confirmed_who_she_is_confirms_by_passkey_and_comes_back(served: Portal) -> None:
    permit = request(served, "Confirmed")
    with page_of(language="fr") as page:
        page.goto(link_of(served, "custodian"))
        page.locator("#label").fill("device")
        page.locator("#register").click()
        page.locator("#passkey").click()
        expect(page.locator("#name")).to_have_text("Custodian")
        _age_step_up(served)
        page.goto(served.at(f"/desk/custodian/permits/{permit}", language="fr"))
        grant = page.get_by_role("button", name=load("fr").say("page.custodian.grant_button"), exact=True)
        grant.click()
        confirm = page.locator(".refused a")
        expect(confirm).to_have_attribute("href", re.compile(f"next=.*{permit}&strong=1"))
        assert state_of(served, permit) is PermitState.REQUESTED
        page.goto(served.at("/sign-in", language="fr"))
        page.locator("#step-up").click()
        expect(page.locator("#alert")).to_be_empty()
        page.wait_for_timeout(500)
        page.goto(served.at(f"/desk/custodian/permits/{permit}", language="fr"))
        grant.click()
        expect(page.locator(".state").first).to_have_text(load("fr").word("state", "active"))
    assert state_of(served, permit) is PermitState.ACTIVE


def _age_step_up(served: Portal) -> None:
    service = open_service(served.folder)
    try:
        with service.database.transaction() as run:
            run.change("UPDATE session SET stepped_up_at = NULL WHERE method = 'passkey'", {})
    finally:
        service.close()


def test_the_authority_verifies_reads_who_decided_and_takes_the_record_with_her(served: Portal, tmp_path: Path) -> None:
    for language in LANGUAGES:
        say = load(language).say
        with page_of(language=language) as page:
            served.sign_in(page, "auditor")
            page.goto(served.at("/desk/oversight", language=language))
            page.get_by_role("button", name=say("page.oversight.verify")).click()
            expect(page.locator("#verification .good")).to_be_visible()
            with page.expect_download() as taken:
                page.locator('a[href$="processing-record.csv"]').click()
            taken.value.save_as(tmp_path / language)
            assert "30(1)(b) purposes" in (tmp_path / language).read_text("utf-8")
            page.get_by_role("link", name=say("page.decisions.open")).click()
            page.locator("#thing").select_option("permit")
            page.get_by_role("button", name=say("page.decisions.show")).click()
            expect(page.locator("tbody")).to_contain_text(load(language).word("audit", "permit.grant"))
            check_page(page)


def test_without_scripts_the_desks_do_the_same(served: Portal) -> None:
    permit = request(served, "Plain")
    with plain_page(width=360, scripts=False) as page:
        served.sign_in(page, "custodian")
        page.goto(served.at(f"/desk/custodian/permits/{permit}", language="ar"))
        page.get_by_text(load("ar").say("page.custodian.refuse"), exact=True).click()
        page.locator("#refuse-reasons").fill("…")
        page.get_by_role("button", name=load("ar").say("page.custodian.refuse_button"), exact=True).click()
        expect(page.locator(".state").first).to_have_text(load("ar").word("state", "refused"))
        page.goto(served.at("/desk/custodian/rules", language="ar"))
        page.locator("#rules").fill(RULES)
        page.get_by_role("button", name=load("ar").say("page.rules.check"), exact=True).click()
        expect(page.locator("#found .good")).to_be_visible()
        assert page.locator("#rules").input_value().strip() == RULES.strip()
    with plain_page(width=360, scripts=False) as page:
        served.sign_in(page, "auditor")
        page.goto(served.at("/desk/oversight", language="fr"))
        page.get_by_role("button", name=load("fr").say("page.oversight.verify")).click()
        expect(page.locator("#verification .good")).to_be_visible()
    assert state_of(served, permit) is PermitState.REFUSED


@pytest.mark.parametrize("language", EVERY_LANGUAGE)
@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_of_the_desks_is_accessible_fits_and_is_light(served: Portal, language: str, width: int) -> None:
    person = served.people["member"]
    pages = {
        "custodian": (
            "/desk/custodian",
            f"/desk/custodian/permits/{served.permit}",
            "/desk/custodian/datasets/test",
            "/desk/custodian/rules",
        ),
        "auditor": ("/desk/oversight", "/desk/oversight/decisions"),
        "decider": ("/desk/people", f"/desk/people/{person}"),
    }
    for who, paths in pages.items():
        for path in paths:
            with page_of(language=language, width=width) as page:
                served.sign_in(page, who)
                size = bytes_of(page, served.at(path, language=language))
                assert size <= BYTES_MAX, (path, size)
                check_page(page)
