"""Deny by default, page by page: public pages are the same for everybody; on a personal one, whoever is not named is refused.

The pages come from the application and the rules from `policy.rights`, as in `test_http_matrix`: a personal page without an entry fails,
and so does an entry that says something else than the rules.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import cast
from urllib.parse import urlencode

import pytest

from amana.node.permits import dataset_of
from amana.node.service import Asked
from amana.policy.rights import Action, may
from amana.policy.things import Node, OutputOf, PermitOf
from amana.policy.transitions import ModelEvent
from amana.terms.ids import PermitId
from amana.terms.model_card import TRANSLATED
from amana.web.access import ACTIONS
from amana.web.context import COOKIE
from amana.web.pages.forms import TOKEN
from amana.web.pages.reader import Reader
from tests.doors.http_node import RULES, SQL, session_of
from tests.doors.matrix_consultations import begun, commented, consulted
from tests.doors.matrix_people import PEOPLE, SIGNED
from tests.doors.matrix_world import Sent, World, world_in
from tests.doors.test_http_matrix import DECIDERS, JUDGES, OVERSEERS, PLANNERS, PUT, REFUSED, REVIEWERS, TEAM, only
from tests.house.test_routes import ROUTES
from tests.programme import SHA

START = "/{language:language}"
PAGES = {
    name: tuple(Action(action) for action in cast("list[str]", extra.get(ACTIONS, [])))
    for name, extra in ROUTES
    if name.partition(" ")[2].startswith(f"{START}/")
}
PERSONAL = tuple(name for name in PAGES if f" {START}/desk" in name)
PUBLIC = tuple(name for name in PAGES if name not in PERSONAL and name.startswith("GET "))
NAMES = tuple(PEOPLE)
RESEARCHERS = only("applicant", "member", "lapsed", "outsider", "unaccredited")
SHOWN = frozenset({200, 303})
FORM: dict[str, str] = {"title_en": "Visits", "lay_summary_en": "We count.", "purpose": "HMB", "dataset": "test", "do": "save"}


@dataclass(frozen=True, kw_only=True)
class Case:
    """As of `test_http_matrix`. `form`: what is sent with a POST. `narrower`: the page lets fewer in than the rules of what stands on it:
    it is of somebody's own things."""

    send: Callable[[World], Sent]
    allowed: frozenset[str]
    form: Mapping[str, str] | None = None
    narrower: bool = False


def with_project(sent: Sent) -> Sent:
    """A permit, and of which project it is."""
    assert isinstance(sent.thing, PermitOf)
    return replace(sent, path={**sent.path, "project": sent.thing.project.id})


def with_output(sent: Sent) -> Sent:
    assert isinstance(sent.thing, OutputOf)
    return sent


def asked(world: World) -> Sent:
    """A question that the member asked on the workbench."""
    sent = world.asked()
    question = Asked(sql=SQL, within="20%", permit=PermitId(sent.id))
    made = world.service.history.ask(world.known("member"), asked=question)
    return replace(sent, id=made, path={"id": made, "form": "csv"}, body=None)


def queued(world: World) -> Sent:
    """One that waits for its turn."""
    sent = asked(world)
    return replace(sent, thing=world.job().thing)


def measured(world: World) -> Sent:
    """The private figure of a commitment, and the commitment."""
    return replace(world.measured(), thing=world.service.programme.commitment("people-seen")[1])


def dataset(world: World) -> Sent:
    with world.service.database.reading() as run:
        return Sent(path={"name": "test"}, thing=dataset_of(run, world.service.datasets()[0]))


def form_of(sent: Sent) -> Sent:
    """What the API takes, as a form brings it."""
    return replace(sent, body={"content": (sent.body or {})["content"]})


D, A = f"{START}/desk", f"{START}/desk/applications"
K = f"{D}/consultation"
W, C, V, P, M = f"{D}/work", f"{D}/custodian", f"{D}/oversight", f"{D}/people", f"{D}/models"
E, Y = f"{D}/programme", f"{D}/verify"
CARD_FORM = {f"{name}_en": "Said." for name in TRANSLATED} | {"category": "other", "provider": "University", "contact": "ai@x.example"}
OVERSEEN = Case(send=lambda _: Sent(path={"name": "audit.csv"}, thing=Node()), allowed=only("auditor"))
MINE = Case(send=lambda _: Sent(thing=Node()), allowed=SIGNED)
CASES: dict[str, Case] = {
    f"GET {D}": MINE,
    f"POST {D}/notices": MINE,
    f"GET {D}/settings": MINE,
    f"POST {D}/settings/language": Case(send=MINE.send, allowed=SIGNED, form={"language": "fr"}),
    f"POST {D}/settings/address": Case(send=MINE.send, allowed=SIGNED, form={"do": "forget"}),
    f"POST {D}/settings/confirm": Case(send=MINE.send, allowed=SIGNED, form={"code": "guess"}),
    f"POST {D}/settings/feed": Case(send=MINE.send, allowed=SIGNED, form={"do": "make"}),
    f"GET {A}": MINE,
    f"GET {A}/new": Case(send=MINE.send, allowed=RESEARCHERS),
    f"POST {A}/new": Case(send=MINE.send, allowed=RESEARCHERS, form=FORM),
    f"GET {A}/{{project}}": Case(send=lambda w: w.submitted(), allowed=TEAM | JUDGES | {"auditor"}),
    f"GET {A}/{{project}}/edit": Case(send=lambda w: w.draft(), allowed=TEAM),
    f"POST {A}/{{project}}/edit": Case(send=lambda w: w.draft(), allowed=TEAM, form=FORM),
    f"POST {A}/{{project}}/act": Case(send=lambda w: w.draft(), allowed=only("applicant"), form={"do": "submit"}),
    f"POST {A}/{{project}}/review": Case(send=lambda w: w.submitted(), allowed=REVIEWERS, form={"verdict": "approve", "reasons": "x"}),
    f"POST {A}/{{project}}/decide": Case(send=lambda w: w.reviewed(), allowed=DECIDERS, form={"do": "return", "reasons": "Which?"}),
    f"POST {A}/{{project}}/comments": Case(send=lambda w: w.submitted(), allowed=TEAM | JUDGES, form={"words": "Which months?"}),
    f"POST {A}/{{project}}/members": Case(send=lambda w: w.draft(body={"person": w.ids["outsider"]}), allowed=only("applicant")),
    f"POST {A}/{{project}}/permits": Case(
        send=lambda w: w.approved(), allowed=only("applicant"), form={"of_dataset": "test", "share": "1%"}
    ),
    f"POST {A}/{{project}}/permits/{{permit}}": Case(
        send=lambda w: with_project(w.returned()), allowed=only("applicant"), form={"share": "1%"}
    ),
    f"POST {A}/{{project}}/outputs": Case(send=lambda w: w.approved(), allowed=TEAM, form={"kind": "text", "title": "x", "body": "y"}),
    f"POST {A}/{{project}}/outputs/{{output}}": Case(
        send=lambda w: with_output(w.written()), allowed=only("member"), form={"do": "propose"}
    ),
    f"POST {A}/{{project}}/outputs/{{output}}/vote": Case(
        send=lambda w: with_output(w.proposed()), allowed=REVIEWERS, form={"verdict": "approve"}
    ),
}
CASES |= {
    f"GET {M}": MINE,
    f"GET {M}/{{model}}": Case(send=lambda w: w.trained(*PUT), allowed=TEAM | OVERSEERS | {"auditor"}),
    f"POST {M}/{{model}}": Case(
        send=lambda w: w.trained(ModelEvent.ASSESS), allowed=TEAM | {"custodian"}, form={"do": "retire", "reasons": "It is old."}
    ),
    f"GET {M}/{{model}}/card": Case(send=lambda w: w.trained(), allowed=TEAM),
    f"POST {M}/{{model}}/card": Case(send=lambda w: w.trained(described=False), allowed=TEAM, form=CARD_FORM),
    f"GET {E}": MINE,
    f"GET {E}/{{commitment}}": Case(send=lambda w: w.commitment(), allowed=PLANNERS | DECIDERS),
    f"POST {E}/{{commitment}}/evidence": Case(
        send=lambda w: w.commitment(),
        allowed=PLANNERS,
        form={"indicator": "trained", "do": "claim", "value": "12", "on": "2025-09-01"},
    ),
    f"POST {E}/{{commitment}}/figure": Case(send=measured, allowed=only("member"), form={"do": "measure"}, narrower=True),
    f"POST {E}/{{commitment}}/decide": Case(send=lambda w: w.commitment(), allowed=DECIDERS, form={"do": "drop", "reasons": "No money."}),
    f"GET {Y}": MINE,
    f"GET {Y}/{{evidence}}": Case(send=lambda w: w.evidence(), allowed=only("verifier")),
    f"POST {Y}/{{evidence}}": Case(
        send=lambda w: w.evidence(), allowed=only("verifier"), form={"do": "confirm", "reasons": "Page 4.", "sha256": SHA}
    ),
    f"GET {W}": MINE,
    f"POST {W}": Case(send=MINE.send, allowed=SIGNED, form={"act": "preview", "sql": SQL, "within": "20%"}),
    f"GET {W}/history": Case(send=lambda w: w.asked(), allowed=only("applicant", "member", "outsider"), narrower=True),
    f"GET {W}/{{id}}.{{form}}": Case(send=asked, allowed=only("member"), narrower=True),
    f"GET {W}/{{id}}": Case(send=asked, allowed=only("member"), narrower=True),
    f"POST {W}/{{id}}/again": Case(send=asked, allowed=only("member"), narrower=True),
    f"POST {W}/{{id}}/cancel": Case(send=queued, allowed=only("member")),
    f"GET {C}": Case(send=lambda w: w.requested(), allowed=only("custodian", "elsewhere"), narrower=True),
    f"GET {C}/permits/{{permit}}": Case(send=lambda w: w.requested(), allowed=only("custodian"), narrower=True),
    f"POST {C}/permits/{{permit}}": Case(
        send=lambda w: w.requested(), allowed=only("custodian"), form={"do": "refuse", "reasons": "Which months?"}
    ),
    f"GET {C}/datasets/{{name}}": Case(send=dataset, allowed=only("custodian", "auditor")),
    f"GET {C}/rules": Case(send=dataset, allowed=only("custodian", "elsewhere"), narrower=True),
    f"POST {C}/rules": Case(send=dataset, allowed=only("custodian", "elsewhere"), form={"rules": RULES}, narrower=True),
    f"GET {V}": OVERSEEN,
    f"POST {V}/verify": OVERSEEN,
    f"GET {V}/decisions": OVERSEEN,
    f"GET {V}/exports/{{name}}": replace(OVERSEEN, narrower=True),
    f"GET {K}": MINE,
    f"POST {K}": Case(send=lambda w: form_of(begun(w)), allowed=DECIDERS),
    f"POST {K}/{{name}}/close": Case(send=lambda w: consulted(w, over=True), allowed=DECIDERS),
    f"POST {K}/{{name}}/comment": Case(send=lambda w: consulted(w), allowed=SIGNED, form={"statement": "-", "words": "Good."}),
    f"POST {K}/comments/{{comment}}/moderate": Case(send=lambda w: commented(w), allowed=DECIDERS, form={"rule": ""}),
    f"POST {K}/comments/{{comment}}/answer": Case(
        send=lambda w: commented(w, published=True), allowed=DECIDERS | PLANNERS, form={"outcome": "not_accepted", "reason": "No."}
    ),
    f"GET {P}": Case(send=MINE.send, allowed=DECIDERS | {"operator", "auditor"}),
    f"GET {P}/{{person}}": Case(send=lambda w: w.newcomer(thing=Node()), allowed=DECIDERS | {"operator", "auditor"}),
    f"POST {P}/{{person}}": Case(send=lambda w: w.newcomer(), allowed=DECIDERS | {"operator"}, form={"do": "disable"}),
}
OF_PLAN = {"/commitments/": "training", "/indicators/": "trained", "/agreements/": "accord", "/events/": "day"}
"""Parts of the plan that pages are about."""
ENDS_SESSION = f"POST {D}/settings/sign-out"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world_in(tmp_path_factory.mktemp("pages") / "node") as made:
        yield made


def case_of(name: str) -> Case:
    assert name in CASES, f"{name} has no entry: say who may, and everybody else is refused"
    return CASES[name]


def ask(world: World, name: str, sent: Sent, who: str, *, token: bool = True, **headers: str) -> tuple[int, str, bytes]:
    """Status, where it leads, and the body."""
    method, _, path = name.partition(" ")
    cookie = world.cookie(who)
    secret = cookie.get("Cookie", "").partition("=")[2]
    form = {**(case_of(name).form or {}), **(sent.body or {}), "until": world.until[:10], "ends_on": world.until[:10]}
    if token:
        form[TOKEN] = Reader(language="en", path="", service=world.service, secret=secret).token()
    content = urlencode(form) if method == "POST" else None
    sent_headers = {**cookie, "Content-Type": "application/x-www-form-urlencoded", **headers}
    world.client.cookies.clear()
    address = path.replace("{language:language}", "en").format(**sent.path)
    reply = world.client.request(method, address, content=content, headers=sent_headers, follow_redirects=False)
    return reply.status_code, reply.headers.get("location", ""), reply.content


def test_every_personal_page_has_an_entry_and_every_entry_a_page() -> None:
    assert set(CASES) | {ENDS_SESSION} == set(PERSONAL)


@pytest.mark.parametrize("name", CASES)
def test_whoever_is_not_named_is_refused_or_led_to_the_entrance_and_changes_nothing(world: World, name: str) -> None:
    case = case_of(name)
    sent = case.send(world)
    before = world.state()
    for who in ("anonymous", *NAMES):
        if who in case.allowed:
            continue
        status, leads_to, _ = ask(world, name, sent, who)
        if who in ("anonymous", "gone"):
            assert status == 303 and leads_to.startswith("/en/sign-in?next="), f"{who}: {status}"
        else:
            assert status in REFUSED, f"{who}: {status} {leads_to}"
    assert world.state() == before


@pytest.mark.parametrize("name", CASES)
def test_whoever_is_named_gets_through(world: World, name: str) -> None:
    case = case_of(name)
    for who in sorted(case.allowed):
        status, leads_to, body = ask(world, name, case.send(world), who)
        expected = {422, 400} if "confirm" in name else SHOWN
        assert status in expected and "/sign-in" not in leads_to, f"{who}: {status} {body.decode()[-3000:]}"


@pytest.mark.parametrize("name", CASES)
def test_the_entry_says_what_the_rules_say(world: World, name: str) -> None:
    case = case_of(name)
    sent = case.send(world)
    assert sent.thing is not None

    def let_in(who: str) -> bool:
        asker = world.asker(who)  # stepped up as she comes in: what is now is asked after it
        return any(may(action, asker, on=sent.thing, now=world.service.now()) for action in PAGES[name])

    by_rules = {who for who in SIGNED if let_in(who)}
    assert by_rules == case.allowed or case.narrower


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith("POST ")])
def test_a_form_that_this_node_did_not_give_her_changes_nothing(world: World, name: str) -> None:
    case = case_of(name)
    sent, who = case.send(world), min(case.allowed)
    before = world.state()
    assert ask(world, name, sent, who, token=False)[0] == 403
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}):
        assert ask(world, name, sent, who, **headers)[0] == 403
    assert world.state() == before


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_page_is_the_same_for_everybody(world: World, name: str) -> None:
    named = next((each for part, each in OF_PLAN.items() if part in name), "test")
    world.adopted()
    path = name.partition(" ")[2].replace("{language:language}", "en").replace("{name}", named).replace("{path}", "nothing")
    if "/consultations/" in path:
        path = path.replace("test", consulted(world).id).replace("{statement}", "open-data")
    path = path.replace("{secret}", "guess")
    path = path.replace("{project}", world.submitted().id).replace("{index}", "0").replace("{model}", world.trained(*PUT).id)
    bodies = set[bytes]()
    for who in ("anonymous", "applicant", "decider", "operator"):
        world.client.cookies.clear()
        bodies.add(world.client.get(path, headers=world.cookie(who)).content)
    assert len(bodies) == 1


def test_signing_out_ends_the_session(world: World) -> None:
    secret = session_of(world.service, world.ids["outsider"])
    token = Reader(language="en", path="", service=world.service, secret=secret).token()
    cookie = {"Cookie": f"{COOKIE}={secret}"}
    assert world.client.get("/en/desk", headers=cookie, follow_redirects=False).status_code == 200
    done = world.client.post("/en/desk/settings/sign-out", data={TOKEN: token}, headers=cookie, follow_redirects=False)
    assert done.status_code == 303 and f'{COOKIE}=""' in done.headers["set-cookie"]
    assert world.client.get("/en/desk", headers=cookie, follow_redirects=False).status_code == 303
