"""The oversight authority's desk and the people's page without scripts."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from amana.policy.people import Asker, Role
from amana.policy.transitions import PermitEvent
from tests.doors.desk_forms import Browser, browser_of
from tests.doors.http_node import HttpNode, http_node

DESK = "/desk/oversight"
EXPORTS = tuple(f"{DESK}/exports/{name}" for name in ("processing-record.csv", "processing-record.json", "audit.csv"))


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpNode]:
    with http_node(tmp_path_factory.mktemp("desk") / "node", settings="log_verify_minutes = 0\n") as made:
        yield made


@pytest.fixture
def auditor(node: HttpNode) -> Browser:
    return browser_of(node, "auditor")


def test_only_an_auditor_sits_at_the_desk(node: HttpNode) -> None:
    for who in ("outsider", "member", "reviewer", "custodian", "operator", "decider"):
        browser = browser_of(node, who)
        for path in (DESK, f"{DESK}/decisions", f"{DESK}/exports/audit.csv"):
            assert browser.get(path).status_code == 403, (who, path)
    assert browser_of(node, "outsider").get("/desk/people").status_code == 403


def test_the_node_verifies_its_log_when_it_is_asked_and_says_how_far(node: HttpNode, auditor: Browser) -> None:
    assert "has not verified its log yet" in auditor.get(DESK).text
    assert auditor.send(f"{DESK}/verify", seen_on=DESK).status_code == 303
    node.service.verification.wait(30)
    found = node.service.verification.last()
    assert found is not None and found.holds and found.size > 5
    assert f"all {found.size} entries" in auditor.get(DESK).text.replace('<bdi dir="ltr">', "").replace("</bdi>", "")


def test_a_flipped_byte_is_an_incident_that_names_its_entry(node: HttpNode, auditor: Browser) -> None:
    entries = (node.service.settings.folder / "log" / "tile" / "entries").rglob("*.p/*")
    tile = max(entries, key=lambda each: int(each.name))
    content = tile.read_bytes()
    place = content.index(b'"kind":"permit"')
    tile.write_bytes(content[:place] + b'"kind":"permix"' + content[place + 15 :])
    try:
        assert auditor.send(f"{DESK}/verify", seen_on=DESK).status_code == 303
        node.service.verification.wait(30)
        found = node.service.verification.last()
        assert found is not None and found.holds is False and found.index is not None
        page = auditor.get(DESK).text
        assert f"Entry {found.index} of the log is not as it must be" in page and f"/en/log/{found.index}" in page
    finally:
        tile.write_bytes(content)


def test_a_stopped_permit_is_an_incident_with_its_entry(node: HttpNode, auditor: Browser) -> None:
    service = node.service
    custodian = service.sign_in.by_session(browser_of(node, "custodian").cookie, now=service.now())
    service.permits.act(custodian, permit=node.permit, event=PermitEvent.SUSPEND, reasons="looked odd")
    page = auditor.get(DESK).text
    entry = max(service.entries_of(node.permit))
    assert "suspended the permit" in page and f"/en/log/{entry}" in page and node.permit in page
    assert "looked odd" not in page, "reasons are sealed"


def test_accreditations_that_end_soon_are_listed_the_earliest_first(node: HttpNode, auditor: Browser) -> None:
    service = node.service
    decider = service.sign_in.by_session(browser_of(node, "decider").cookie, now=service.now())
    service.people.accredit(decider, person=node.people["outsider"], valid_until=service.now() + timedelta(days=300))
    names = [each.person.name for each in service.desks.ending(auditor_of(node))]
    assert names and set(names) == {"Applicant", "Member"}, "those of http_node end in 60 days, this one in 300"
    assert "Outsider" not in auditor.get(DESK).text.partition('id="accreditations"')[2]


def auditor_of(node: HttpNode) -> Asker:
    return node.service.sign_in.by_session(browser_of(node, "auditor").cookie, now=node.service.now())


def test_who_decided_what_is_told_in_words_and_filtered(node: HttpNode, auditor: Browser) -> None:
    everything = auditor.get(f"{DESK}/decisions").text
    assert "approved the project" in everything and "Decider" in everything
    assert "signed in" not in everything.partition("<tbody>")[2]
    assert "signed in" in auditor.get(f"{DESK}/decisions?thing=session").text.partition("<tbody>")[2]
    permits = auditor.get(f"{DESK}/decisions?thing=permit").text.partition("<tbody>")[2]
    assert "granted the permit" in permits and "approved the project" not in permits
    hers = auditor.get(f"{DESK}/decisions?actor={node.people['decider']}").text.partition("<tbody>")[2]
    assert "approved the project" in hers and "granted the permit" not in hers
    tomorrow = (node.service.now() + timedelta(days=1)).date()
    assert "Nothing of that kind" in auditor.get(f"{DESK}/decisions?since={tomorrow}").text
    assert auditor.get(f"{DESK}/decisions?since=soon").status_code == 422
    assert "Nothing of that kind" in auditor.get(f"{DESK}/decisions?actor=%25").text, "a pattern of SQL is a text here"


def test_the_audit_is_paged_without_leaving_any_out(node: HttpNode, auditor: Browser) -> None:
    path, seen = f"{DESK}/decisions?thing=everything", 0
    for _ in range(20):
        page = auditor.get(path).text
        seen += page.partition("<tbody>")[2].count("<tr>")
        older = page.partition('rel="next" href="/en')[2].partition('"')[0].replace("&amp;", "&")
        if not older:
            break
        path = older
    lines = auditor.get(f"{DESK}/exports/audit.csv").text.strip().splitlines()
    assert seen == len(lines) - 1


def test_exports_are_files(node: HttpNode, auditor: Browser) -> None:
    for path in EXPORTS:
        reply = auditor.get(path)
        assert reply.status_code == 200 and "attachment" in reply.headers["content-disposition"], path
        assert reply.headers["cache-control"] == "no-store"
    assert auditor.get(f"{DESK}/exports/passwords.csv").status_code == 404
    assert browser_of(node, "custodian").get(EXPORTS[0]).status_code == 200, "of her own datasets"


def test_a_decider_changes_roles_and_accreditations_and_disables_on_the_page(node: HttpNode, auditor: Browser) -> None:
    decider, person = browser_of(node, "decider"), node.people["outsider"]
    path, people = f"/desk/people/{person}", node.service.people
    assert decider.send(path, do="give", role="reviewer").status_code == 303
    assert Role.REVIEWER in people.person(person).roles
    assert decider.send(path, do="take", role="reviewer").status_code == 303
    assert Role.REVIEWER not in people.person(person).roles
    assert decider.send(path, do="accredit", until="2020-01-01").status_code == 422
    assert decider.send(path, do="disable").status_code == 303
    assert people.person(person).disabled_at is not None
    assert decider.send(path, do="enable").status_code == 303
    assert people.person(person).disabled_at is None
    page = auditor.get(path)
    assert page.status_code == 200 and "<form" not in page.text, "an auditor looks on"
    refused = auditor.send(path, token=auditor.token(DESK), do="disable")
    assert refused.status_code == 403 and people.person(person).disabled_at is None


def test_nobody_gives_herself_a_role(node: HttpNode) -> None:
    decider, herself = browser_of(node, "decider"), node.people["decider"]
    page = decider.get(f"/desk/people/{herself}").text
    assert "<form" not in page
    reply = decider.send(
        f"/desk/people/{herself}", token=decider.token(f"/desk/people/{node.people['outsider']}"), do="give", role="auditor"
    )
    assert reply.status_code == 403 and Role.AUDITOR not in node.service.people.person(herself).roles
