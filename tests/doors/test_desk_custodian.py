"""The custodian's desk without scripts: who may sit there, and that it does what the use cases do and nothing else."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from html import unescape

import pytest

from amana.client.text import LANGUAGES, load
from amana.node.audit import notes
from amana.node.projects import Application
from amana.node.service import Asked
from amana.policy.people import Asker
from amana.policy.projects import PermitRecord, Verdict
from amana.policy.transitions import PermitState, ProjectEvent
from amana.terms.ids import PermitId
from amana.web.context import COOKIE
from amana.web.pages.forms import read_percent
from tests.doors.desk_forms import Browser, browser_of
from tests.doors.http_node import HttpNode, http_node

DESK = "/desk/custodian"
PAGES = (DESK, f"{DESK}/rules", f"{DESK}/datasets/test")


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpNode]:
    with http_node(tmp_path_factory.mktemp("desk") / "node") as made:
        yield made


@pytest.fixture
def custodian(node: HttpNode) -> Browser:
    return browser_of(node, "custodian")


def requested(node: HttpNode, *, share: Fraction = Fraction(1, 4), purposes: tuple[str, ...] = ("HMB",)) -> PermitId:
    """A permit that waits, of a second project."""
    service = node.service

    def asker(name: str) -> Asker:
        return service.sign_in.by_session(browser_of(node, name).cookie, now=service.now())

    until = service.now() + timedelta(days=50)
    application = Application(
        title=(("en", "Costs by region"),),
        lay_summary=(("en", "We add up <costs>."),),
        purposes=purposes,
        datasets=("test",),
        ends_on=until,
    )
    project = service.projects.create(asker("applicant"), application=application)
    service.projects.act(asker("applicant"), project=project, event=ProjectEvent.SUBMIT)
    for name in ("reviewer", "second"):
        service.projects.review(asker(name), project=project, verdict=Verdict.APPROVE, reasons="clear")
    service.projects.decide(asker("decider"), project=project, event=ProjectEvent.APPROVE, reasons="clear")
    return service.permits.request(asker("applicant"), project=project, dataset="test", share=share, valid_until=until)


def record_of(node: HttpNode, permit: PermitId) -> PermitRecord:
    return node.service.permits.place(permit).record


def test_only_a_custodian_sits_at_the_desk_and_everybody_else_is_told_whose_it_is(node: HttpNode) -> None:
    for who in ("outsider", "member", "reviewer", "decider", "operator"):
        browser = browser_of(node, who)
        for path in (*PAGES, f"{DESK}/permits/{node.permit}"):
            reply = browser.get(path)
            assert reply.status_code == 403, (who, path)
            assert 'role="alert"' in reply.text and "<form method" not in reply.text
    stranger = node.client.get(f"/en{DESK}", follow_redirects=False)
    assert stranger.status_code == 303 and stranger.headers["location"].startswith("/en/sign-in")


def test_the_queue_tells_what_is_asked_and_what_that_leaves(node: HttpNode, custodian: Browser) -> None:
    permit = requested(node)
    desk, page = (custodian.get(path).text.replace("\N{NO-BREAK SPACE}", " ") for path in (DESK, f"{DESK}/permits/{permit}"))
    assert f"{DESK}/permits/{permit}" in desk and "25 %" in desk and "We add up &lt;costs&gt;." in desk
    left = 1 - node.service.desks.promised_nrho("people") / 2_000_000_000 - 0.25
    assert f"{round(100 * left)} %" in page.partition("Granted as asked")[2]
    assert "HMB is covered by the dataset's term GRU." in page or "HMB is covered by the dataset&#39;s term GRU." in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_desk_says_in_its_readers_language_whether_purposes_match(node: HttpNode, custodian: Browser, language: str) -> None:
    permit, outcome = requested(node), load(language).word("outcome", "allowed")
    page = node.client.get(f"/{language}{DESK}/permits/{permit}", headers={"Cookie": f"{COOKIE}={custodian.cookie}"}).text
    assert outcome in unescape(page)
    assert language == "en" or outcome != load("en").word("outcome", "allowed")


def test_more_than_there_is_may_be_promised_but_not_unnoticed(node: HttpNode, custodian: Browser) -> None:
    permit = requested(node, share=Fraction(9, 10))
    sum_of_all = node.service.desks.promised_nrho("people") / 2_000_000_000 + 0.9
    for path in (DESK, f"{DESK}/permits/{permit}"):
        assert re.search(rf"{100 * sum_of_all:.0f}(\.\d+)?\s%", custodian.get(path).text)


def test_granting_as_asked_gives_what_was_asked(node: HttpNode, custodian: Browser) -> None:
    permit = requested(node)
    reply = custodian.send(f"{DESK}/permits/{permit}", do="grant")
    assert reply.status_code == 303 and reply.headers["location"] == f"/en{DESK}/permits/{permit}"
    record = record_of(node, permit)
    assert record.state is PermitState.ACTIVE and record.cap_nrho == 2_000_000_000 // 4
    assert record.granted_by == node.people["custodian"]


def test_granting_needs_a_fresh_sign_in_and_the_page_leads_there_and_back(node: HttpNode, custodian: Browser) -> None:
    permit = requested(node)
    custodian.forget_step_up()
    reply = custodian.send(f"{DESK}/permits/{permit}", do="grant")
    assert reply.status_code == 403 and record_of(node, permit).state is PermitState.REQUESTED
    assert f"/en/sign-in?next=/en{DESK}/permits/{permit}&amp;strong=1" in reply.text


def test_a_change_gives_a_smaller_share_and_an_earlier_end(node: HttpNode, custodian: Browser) -> None:
    permit = requested(node)
    day = (node.service.now() + timedelta(days=9)).date()
    reply = custodian.send(f"{DESK}/permits/{permit}", do="change", share="١٢٫٥ ٪", until=day.isoformat(), reasons="a first try")
    assert reply.status_code == 303
    record = record_of(node, permit)
    assert record.cap_nrho == 2_000_000_000 // 8
    assert record.valid_until == datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=UTC)


def test_a_wrong_share_is_refused_on_the_page_which_keeps_what_was_typed(node: HttpNode, custodian: Browser) -> None:
    permit = requested(node)
    reply = custodian.send(f"{DESK}/permits/{permit}", do="change", share="much", until="2090-01-01", reasons="because")
    assert reply.status_code == 422 and 'value="much"' in reply.text and ">because</textarea>" in reply.text
    assert record_of(node, permit).state is PermitState.REQUESTED


def test_refusing_needs_reasons_and_the_team_may_ask_anew(node: HttpNode, custodian: Browser) -> None:
    permit = requested(node)
    assert custodian.send(f"{DESK}/permits/{permit}", do="refuse", reasons=" ").status_code == 422
    assert record_of(node, permit).state is PermitState.REQUESTED
    assert custodian.send(f"{DESK}/permits/{permit}", do="refuse", reasons="too broad").status_code == 303
    assert record_of(node, permit).state is PermitState.REFUSED
    assert "too broad" in custodian.get(f"{DESK}/permits/{permit}").text


def test_returning_needs_reasons_and_what_is_asked_anew_is_in_the_queue_again(node: HttpNode, custodian: Browser) -> None:
    permit, applicant = requested(node), browser_of(node, "applicant")
    assert custodian.send(f"{DESK}/permits/{permit}", do="return", reasons=" ").status_code == 422
    assert record_of(node, permit).state is PermitState.REQUESTED
    assert custodian.send(f"{DESK}/permits/{permit}", do="return", reasons="which <months>?").status_code == 303
    assert record_of(node, permit).state is PermitState.RETURNED
    desk, page = custodian.get(DESK).text, custodian.get(f"{DESK}/permits/{permit}").text.replace("\N{NO-BREAK SPACE}", " ")
    assert desk.count(f"/permits/{permit}") == 1 and "25 %" in page and "of this permit is used" not in page
    project = f"/desk/applications/{record_of(node, permit).project}"
    page = applicant.get(project).text
    assert "which &lt;months&gt;?" in page and f'action="/en{project}/permits/{permit}"' in page and 'value="25%"' in page
    wrong = applicant.send(f"{project}/permits/{permit}", seen_on=project, share="much", until="2090-01-01")
    assert wrong.status_code == 422 and record_of(node, permit).state is PermitState.RETURNED
    day = (node.service.now() + timedelta(days=9)).date()
    assert applicant.send(f"{project}/permits/{permit}", seen_on=project, share="٢٠ ٪", until=day.isoformat()).status_code == 303
    record = record_of(node, permit)
    assert (record.state, record.share_asked, record.valid_until.date()) == (PermitState.REQUESTED, Fraction(1, 5), day)
    assert f"/permits/{permit}" in custodian.get(DESK).text and f'/permits/{permit}"' not in applicant.get(project).text
    old = custodian.send(f"{DESK}/permits/{permit}", do="grant", read=f"1 1/4 {record.valid_until.isoformat()}")
    assert old.status_code == 409 and record_of(node, permit).state is PermitState.REQUESTED
    assert custodian.send(f"{DESK}/permits/{permit}", do="grant", read=record.asked).status_code == 303
    assert record_of(node, permit).state is PermitState.ACTIVE


def test_forbidden_purposes_can_be_refused_but_not_granted_and_the_page_says_why(node: HttpNode, custodian: Browser) -> None:
    permit = requested(node, purposes=("NRES",))
    page = custodian.get(f"{DESK}/permits/{permit}").text
    assert 'value="grant"' not in page and 'value="refuse"' in page
    assert custodian.send(f"{DESK}/permits/{permit}", do="grant").status_code == 403
    assert record_of(node, permit).state is PermitState.REQUESTED


def test_suspending_stops_at_once_and_resuming_and_ending_follow_the_rules(node: HttpNode, custodian: Browser) -> None:
    permit = requested(node)
    path = f"{DESK}/permits/{permit}"
    states: list[PermitState] = []
    assert custodian.send(path, do="grant").status_code == 303
    for do in ("suspend", "resume", "revoke"):
        assert custodian.send(path, do=do, reasons="looked into").status_code == 303
        states.append(record_of(node, permit).state)
    assert states == [PermitState.SUSPENDED, PermitState.ACTIVE, PermitState.REVOKED]
    noted = [each.action for each in notes(node.service.database, limit=10) if each.actor == node.people["custodian"]]
    assert {"suspend", "resume", "revoke"} <= set(noted)
    assert "<form method" not in custodian.get(path).text, "nothing is left to do"


def test_a_form_without_the_token_of_its_own_session_changes_nothing(node: HttpNode, custodian: Browser) -> None:
    permit, other = requested(node), browser_of(node, "custodian")
    path = f"{DESK}/permits/{permit}"
    for token in ("", "0" * 96, other.token(path)):
        assert custodian.send(path, token=token, do="refuse", reasons="no").status_code == 403
    assert record_of(node, permit).state is PermitState.REQUESTED


def test_whoever_may_see_a_permit_as_an_auditor_does_not_sit_at_the_desk_of_its_custodian(node: HttpNode) -> None:
    assert browser_of(node, "auditor").get(f"{DESK}/permits/{node.permit}").status_code == 403


def test_the_budget_over_time_adds_up_what_the_log_says(node: HttpNode, custodian: Browser) -> None:
    service = node.service
    member = service.sign_in.by_session(browser_of(node, "member").cookie, now=service.now())
    service.ask(member, asked=Asked(sql="SELECT COUNT(*) AS n FROM visits", within="5%", permit=node.permit))
    page = custodian.get(f"{DESK}/datasets/test").text
    spent = node.service.desks.spent("people")
    assert spent is not None and node.project in {project for project, _ in spent.projects}
    assert abs(spent.gone[-1][1] - node.service.node.budget("test").share) < 1e-9
    assert "<path d=" in page and f"/en/projects/{node.project}" in page


def test_shares_are_read_as_people_write_them() -> None:
    written = {"25": Fraction(1, 4), "12,5 %": Fraction(1, 8), "1/3": Fraction(1, 3), "٢٥٪": Fraction(1, 4), "100": Fraction(1)}
    assert {text: read_percent(text) for text in written} == written
