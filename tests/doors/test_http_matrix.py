"""Deny by default, route by route: whoever is not named for a route is refused there, and nothing changes.

The routes come from the application and the rules from `policy.rights`: a route without an entry fails, and so does an entry that
says something else than the rules.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest

from amana.policy.people import Scope, Who
from amana.policy.rights import RULES, Action, may
from amana.policy.things import Node
from amana.policy.transitions import ModelEvent
from amana.web.access import ACTIONS
from amana.web.context import COOKIE
from amana.web.examples import CARD
from tests.doors.matrix_consultations import begun, commented, consulted
from tests.doors.matrix_people import PEOPLE, SIGNED
from tests.doors.matrix_world import Sent, World, world_in
from tests.house.test_routes import ROUTES as EVERY_ROUTE
from tests.programme import SHA

ROUTES = tuple((name, extra) for name, extra in EVERY_ROUTE if "{language" not in name and name != "GET /")
"""Pages have a matrix of their own: `test_page_matrix.py`."""
NAMES = tuple(PEOPLE)
EVERYBODY = frozenset(("anonymous", *NAMES)) - {"gone"}
"""Whoever was disabled is nobody at all: even her reading of what is public is refused, as long as she says who she is."""
PUBLIC = EVERYBODY | {"gone"}
"""Where nobody looks at who asks."""
TEAM = frozenset({"applicant", "member", "lapsed"})
JUDGES = frozenset({"reviewer", "second", "decider", "deputy"})
REFUSED = frozenset({401, 403, 404})


@dataclass(frozen=True, kw_only=True)
class Case:
    """`send`: a request on a thing in the state in which the route makes sense. `allowed`: who may.

    `listing`: everybody who signed in gets a list, and `allowed` are those in whose list the thing stands.
    """

    send: Callable[[World], Sent]
    allowed: frozenset[str]
    listing: bool = False
    then: frozenset[int] = field(default_factory=lambda: frozenset({200, 201, 202, 204}))


def only(*names: str) -> frozenset[str]:
    return frozenset(names)


def in_register(world: World) -> Sent:
    """A model of the public register, and a form of it."""
    sent = world.trained(*PUT)
    return Sent(path={**sent.path, "form": "cyclonedx"})


B = "/api/v1"
P = f"{B}/programme/consultations"
PUT = (ModelEvent.ASSESS, ModelEvent.REGISTER)
"""What puts a model in the public register."""
PLANNERS = frozenset({"planner", "member"})
OVERSEERS = frozenset({"custodian", "decider", "deputy"})
MEMBERS, DECIDERS, REVIEWERS = TEAM, only("decider", "deputy"), only("reviewer", "second")
CASES: dict[str, Case] = {
    f"GET {B}/datasets": Case(send=lambda w: Sent(), allowed=PUBLIC),
    f"GET {B}/datasets/{{name}}": Case(send=lambda w: Sent(path={"name": "test"}), allowed=PUBLIC),
    f"GET {B}/datasets/{{name}}/profile": Case(send=lambda w: Sent(path={"name": "test"}), allowed=PUBLIC),
    f"GET {B}/datasets/{{name}}/sample": Case(send=lambda w: Sent(path={"name": "test"}, query={"table": "visits"}), allowed=PUBLIC),
    f"GET {B}/datasets/{{name}}/budget": Case(send=lambda w: Sent(path={"name": "test"}), allowed=PUBLIC),
    f"GET {B}/datasets/{{name}}/croissant.json": Case(send=lambda w: Sent(path={"name": "test"}), allowed=PUBLIC),
    f"GET {B}/datasets/{{name}}/privacy.json": Case(send=lambda w: Sent(path={"name": "test"}), allowed=PUBLIC),
    **{
        f"GET {B}/{each}": Case(send=lambda w: Sent(), allowed=PUBLIC)
        for each in ("catalog.jsonld", "catalog.ttl", "uses.json", "uses.csv")
    },
    f"GET {B}/organisations": Case(send=lambda w: Sent(), allowed=EVERYBODY),
    f"POST {B}/questions/dry-run": Case(send=lambda w: w.question(), allowed=EVERYBODY),
    f"POST {B}/questions/preview": Case(send=lambda w: w.question(), allowed=SIGNED),
    f"POST {B}/questions": Case(send=lambda w: w.asked(), allowed=only("applicant", "member")),
    f"POST {B}/questions/simulate": Case(send=lambda w: w.redraws(), allowed=only("applicant", "member")),
    f"POST {B}/models/preview": Case(send=lambda w: Sent(body=w.learned().body), allowed=SIGNED),
    f"POST {B}/models": Case(send=lambda w: w.learned(), allowed=only("applicant", "member")),
    f"POST {B}/synthetic-tables/preview": Case(send=lambda w: Sent(body=w.made_up().body), allowed=SIGNED),
    f"POST {B}/synthetic-tables": Case(send=lambda w: w.made_up(), allowed=only("applicant", "member")),
    f"POST {B}/forecasts/preview": Case(send=lambda w: Sent(body=w.forecast().body), allowed=SIGNED),
    f"POST {B}/forecasts": Case(send=lambda w: w.forecast(), allowed=only("applicant", "member")),
    f"GET {B}/jobs": Case(send=lambda w: w.job(), allowed=only("member"), listing=True),
    f"GET {B}/jobs/{{job}}": Case(send=lambda w: w.job(), allowed=only("member")),
    f"GET {B}/jobs/{{job}}/events": Case(send=lambda w: w.job(cancelled=True), allowed=only("member")),
    f"GET {B}/jobs/{{job}}/answer": Case(send=lambda w: w.job(), allowed=only("member"), then=frozenset({409})),
    f"DELETE {B}/jobs/{{job}}": Case(send=lambda w: w.job(), allowed=only("member")),
    # projects
    f"GET {B}/projects": Case(send=lambda w: w.submitted(), allowed=TEAM | JUDGES | {"auditor"}, listing=True),
    f"POST {B}/projects": Case(
        send=lambda w: Sent(body=w.application()), allowed=only("applicant", "member", "lapsed", "outsider", "unaccredited")
    ),
    f"GET {B}/projects/{{project}}": Case(send=lambda w: w.submitted(), allowed=TEAM | JUDGES | {"auditor"}),
    f"PUT {B}/projects/{{project}}": Case(send=lambda w: w.draft(body=w.application()), allowed=TEAM),
    f"POST {B}/projects/{{project}}/members": Case(send=lambda w: w.draft(body={"person": w.ids["outsider"]}), allowed=only("applicant")),
    f"DELETE {B}/projects/{{project}}/members/{{person}}": Case(
        send=lambda w: w.draft(path={"person": w.ids["member"]}), allowed=only("applicant")
    ),
    f"POST {B}/projects/{{project}}/submit": Case(send=lambda w: w.draft(), allowed=only("applicant")),
    f"POST {B}/projects/{{project}}/withdraw": Case(send=lambda w: w.submitted(), allowed=only("applicant")),
    f"POST {B}/projects/{{project}}/change-purpose": Case(send=lambda w: w.approved(), allowed=only("applicant")),
    f"POST {B}/projects/{{project}}/close": Case(send=lambda w: w.approved(), allowed=only("applicant")),
    f"GET {B}/projects/{{project}}/comments": Case(send=lambda w: w.submitted(), allowed=TEAM | JUDGES | {"auditor"}),
    f"POST {B}/projects/{{project}}/comments": Case(send=lambda w: w.submitted(body={"words": "Which months?"}), allowed=TEAM | JUDGES),
    f"POST {B}/projects/{{project}}/review": Case(send=lambda w: w.submitted(body={"verdict": "approve"}), allowed=REVIEWERS),
    f"POST {B}/projects/{{project}}/return": Case(send=lambda w: w.reviewed(), allowed=DECIDERS),
    f"POST {B}/projects/{{project}}/approve": Case(send=lambda w: w.reviewed(), allowed=DECIDERS),
    f"POST {B}/projects/{{project}}/reject": Case(send=lambda w: w.reviewed(body={"reasons": "Too broad."}), allowed=DECIDERS),
    f"POST {B}/projects/{{project}}/suspend": Case(send=lambda w: w.active(), allowed=DECIDERS),
    f"POST {B}/projects/{{project}}/resume": Case(send=lambda w: w.suspended(), allowed=DECIDERS),
    f"POST {B}/projects/{{project}}/revoke": Case(send=lambda w: w.active(), allowed=DECIDERS),
    # permits
    f"GET {B}/permits": Case(send=lambda w: w.requested(), allowed=TEAM | DECIDERS | {"custodian", "auditor"}, listing=True),
    f"POST {B}/permits": Case(send=lambda w: w.approved(body=w.wish()), allowed=only("applicant")),
    f"GET {B}/permits/{{permit}}": Case(send=lambda w: w.requested(), allowed=TEAM | DECIDERS | {"custodian", "auditor"}),
    f"GET {B}/permits/{{permit}}/budget": Case(send=lambda w: w.requested(), allowed=TEAM | DECIDERS | {"custodian", "auditor"}),
    f"POST {B}/permits/{{permit}}/return": Case(send=lambda w: w.requested(body={"reasons": "Which months?"}), allowed=only("custodian")),
    f"POST {B}/permits/{{permit}}/revise": Case(send=lambda w: w.returned(), allowed=only("applicant")),
    f"POST {B}/permits/{{permit}}/grant": Case(send=lambda w: w.requested(body=w.grant()), allowed=only("custodian")),
    f"POST {B}/permits/{{permit}}/refuse": Case(send=lambda w: w.requested(), allowed=only("custodian")),
    f"POST {B}/permits/{{permit}}/suspend": Case(send=lambda w: w.held(), allowed=only("custodian")),
    f"POST {B}/permits/{{permit}}/resume": Case(send=lambda w: w.held(suspended=True), allowed=only("custodian")),
    f"POST {B}/permits/{{permit}}/revoke": Case(send=lambda w: w.held(), allowed=only("custodian")),
    # outputs
    f"GET {B}/projects/{{project}}/outputs": Case(send=lambda w: w.proposed(), allowed=TEAM | JUDGES, listing=True),
    f"POST {B}/projects/{{project}}/outputs": Case(send=lambda w: w.approved(body=w.words(kind="text")), allowed=TEAM),
    f"GET {B}/outputs/{{output}}": Case(send=lambda w: w.proposed(), allowed=TEAM | JUDGES),
    f"PUT {B}/outputs/{{output}}": Case(send=lambda w: w.written(body=w.words()), allowed=only("member")),
    f"POST {B}/outputs/{{output}}/propose": Case(send=lambda w: w.written(), allowed=only("member")),
    f"POST {B}/outputs/{{output}}/vote": Case(send=lambda w: w.proposed(body={"verdict": "approve"}), allowed=REVIEWERS),
    f"POST {B}/outputs/{{output}}/publish": Case(send=lambda w: w.voted(), allowed=DECIDERS),
    f"POST {B}/outputs/{{output}}/retract": Case(send=lambda w: w.voted(published=True), allowed=DECIDERS | {"member"}),
    # models
    f"GET {B}/models": Case(send=lambda w: w.trained(), allowed=TEAM | OVERSEERS | {"auditor"}, listing=True),
    f"GET {B}/models/{{model}}": Case(send=lambda w: w.trained(), allowed=TEAM | OVERSEERS | {"auditor"}),
    f"GET {B}/models/{{model}}/file": Case(send=lambda w: w.trained(*PUT), allowed=TEAM | OVERSEERS | {"auditor"}),
    f"PUT {B}/models/{{model}}/card": Case(send=lambda w: w.trained(described=False, body=dict(CARD)), allowed=TEAM),
    f"POST {B}/models/{{model}}/assess": Case(send=lambda w: w.trained(body={"reasons": "Read."}), allowed=OVERSEERS),
    f"POST {B}/models/{{model}}/revise": Case(send=lambda w: w.trained(*PUT), allowed=TEAM),
    f"POST {B}/models/{{model}}/register": Case(send=lambda w: w.trained(ModelEvent.ASSESS), allowed=TEAM),
    f"POST {B}/models/{{model}}/serve": Case(send=lambda w: w.trained(*PUT), allowed=OVERSEERS),
    f"POST {B}/models/{{model}}/suspend": Case(send=lambda w: w.trained(*PUT, ModelEvent.SERVE), allowed=OVERSEERS),
    f"POST {B}/models/{{model}}/resume": Case(send=lambda w: w.trained(*PUT, ModelEvent.SERVE, ModelEvent.SUSPEND), allowed=OVERSEERS),
    f"POST {B}/models/{{model}}/retire": Case(send=lambda w: w.trained(*PUT), allowed=TEAM | {"custodian"}),
    f"GET {B}/ai-systems.json": Case(send=lambda w: Sent(), allowed=PUBLIC),
    f"GET {B}/ai-systems.csv": Case(send=lambda w: Sent(), allowed=PUBLIC),
    f"GET {B}/ai-systems/{{model}}": Case(send=lambda w: in_register(w), allowed=PUBLIC),
    f"GET {B}/ai-systems/{{model}}/{{form}}": Case(send=lambda w: in_register(w), allowed=PUBLIC),
    # consultations
    f"GET {P}": Case(send=lambda w: Sent(), allowed=PUBLIC),
    f"POST {P}": Case(send=lambda w: begun(w), allowed=DECIDERS),
    f"GET {P}/{{plan}}/{{version}}": Case(send=lambda w: consulted(w), allowed=PUBLIC),
    f"GET {P}/{{plan}}/{{version}}/comments": Case(send=lambda w: consulted(w), allowed=PUBLIC),
    f"GET {P}/{{plan}}/{{version}}/answers": Case(send=lambda w: consulted(w), allowed=PUBLIC, then=frozenset({422})),
    f"POST {P}/{{plan}}/{{version}}/close": Case(send=lambda w: consulted(w, over=True), allowed=DECIDERS),
    f"GET {B}/programme/comments": Case(send=lambda w: commented(w), allowed=DECIDERS, listing=True),
    f"POST {B}/programme/comments/{{comment}}/moderation": Case(
        send=lambda w: commented(w, body={"decision": "withheld", "rule": "insult"}), allowed=DECIDERS
    ),
    f"POST {B}/programme/comments/{{comment}}/answer": Case(
        send=lambda w: commented(w, published=True, body={"outcome": "not_accepted", "reason": "No."}), allowed=DECIDERS | PLANNERS
    ),
    **{
        f"GET {each}": Case(send=lambda w: w.adopted(), allowed=PUBLIC)
        for each in (
            f"{B}/programme",
            "/programme.json",
            "/programme.csv",
            "/programme/feed.atom",
            "/programme/commitments/{name}/feed.atom",
            "/programme/commitments/{name}/badge.svg",
        )
    },
    # the programme
    f"POST {B}/programme/plan": Case(send=lambda w: Sent(body=w.plan(), thing=Node()), allowed=DECIDERS),
    f"POST {B}/programme/evidence": Case(send=lambda w: w.stated(), allowed=PLANNERS),
    f"POST {B}/programme/measurements": Case(send=lambda w: w.measured(), allowed=only("member")),
    f"GET {B}/programme/evidence": Case(send=lambda w: w.evidence(), allowed=only("verifier"), listing=True),
    f"GET {B}/programme/evidence/{{evidence}}": Case(send=lambda w: replace(w.evidence(), thing=None), allowed=PUBLIC),
    f"POST {B}/programme/evidence/{{evidence}}/verification": Case(
        send=lambda w: w.evidence(body={"verdict": "confirm", "reasons": "Page 4.", "sha256": SHA}), allowed=only("verifier")
    ),
    f"POST {B}/programme/commitments/{{commitment}}/drop": Case(
        send=lambda w: w.commitment(body={"reasons": "No money."}), allowed=DECIDERS
    ),
    f"POST {B}/programme/commitments/{{commitment}}/resume": Case(
        send=lambda w: w.commitment(dropped=True, body={"reasons": "There is money."}), allowed=DECIDERS
    ),
    # people
    f"POST {B}/organisations": Case(send=lambda w: Sent(body={"name": w.fresh(), "kind": "research"}), allowed=only("operator")),
    f"GET {B}/people": Case(send=lambda w: Sent(), allowed=DECIDERS | {"operator", "auditor"}),
    f"POST {B}/people": Case(
        send=lambda w: Sent(body={"name": "Amal", "organisation": "University", "language": "ar"}), allowed=only("operator")
    ),
    f"GET {B}/people/{{person}}": Case(send=lambda w: w.newcomer(thing=Node()), allowed=DECIDERS | {"operator", "auditor"}),
    f"POST {B}/people/{{person}}/disable": Case(send=lambda w: w.newcomer(), allowed=DECIDERS | {"operator"}),
    f"POST {B}/people/{{person}}/enable": Case(send=lambda w: w.newcomer(), allowed=DECIDERS),
    f"POST {B}/people/{{person}}/roles": Case(send=lambda w: w.newcomer(body={"role": "reviewer"}), allowed=DECIDERS),
    f"DELETE {B}/people/{{person}}/roles/{{role}}": Case(send=lambda w: w.newcomer(path={"role": "reviewer"}), allowed=DECIDERS),
    f"POST {B}/people/{{person}}/accreditations": Case(send=lambda w: w.newcomer(body={"valid_until": w.until}), allowed=DECIDERS),
    f"DELETE {B}/accreditations/{{accreditation}}": Case(send=lambda w: w.accreditation(), allowed=DECIDERS),
    # records
    f"GET {B}/audit": Case(send=lambda w: Sent(), allowed=only("auditor")),
    f"GET {B}/receipts": Case(send=lambda w: Sent(query={"of": "p-000000000000"}), allowed=PUBLIC),
    f"GET {B}/receipts/{{index}}": Case(send=lambda w: Sent(path={"index": "0"}), allowed=EVERYBODY),
    f"GET {B}/exports/public-register": Case(send=lambda w: Sent(), allowed=PUBLIC),
    f"GET {B}/exports/{{record}}": Case(send=lambda w: Sent(path={"record": "processing-record"}), allowed=only("auditor", "custodian")),
    f"GET {B}/tokens": Case(send=lambda w: Sent(), allowed=SIGNED),
    f"POST {B}/tokens": Case(send=lambda w: Sent(body={"label": "laptop", "scopes": ["read"], "days": 1}), allowed=SIGNED),
    f"DELETE {B}/tokens/{{token}}": Case(send=lambda w: w.token_of("member"), allowed=only("member", "operator")),
}
OPEN: dict[str, tuple[dict[str, Any], int]] = {
    f"GET {B}/me": ({}, 401),
    f"POST {B}/sign-in/link": ({"link": "guess"}, 403),
    f"POST {B}/sign-in/open": ({"link": "guess"}, 403),
    f"GET {B}/sign-in": ({}, 200),
    f"POST {B}/sign-in/passkey/begin": ({}, 200),
    f"POST {B}/sign-in/passkey/finish": ({"secret": "guess", "answer": "{}"}, 403),
    f"POST {B}/sign-in/step-up/begin": ({}, 401),
    f"POST {B}/sign-in/step-up/finish": ({"secret": "guess", "answer": "{}"}, 401),
    f"POST {B}/sign-in/oidc": ({"purpose": "sign-in"}, 403),
    f"POST {B}/sign-out": ({}, 204),
    f"POST {B}/sign-out/everywhere": ({}, 401),
    f"GET {B}/passkeys": ({}, 401),
    f"POST {B}/passkeys/begin": ({}, 401),
    f"POST {B}/passkeys": ({"secret": "guess", "answer": "{}", "label": "laptop"}, 403),
    f"DELETE {B}/passkeys/{{passkey}}": ({}, 401),
    "GET /sign-in/oidc": ({}, 403),
    "GET /sign-in": ({}, 200),
    "GET /static/{name}": ({}, 404),
    "GET /offline.js": ({}, 200),
    "GET /feeds/{secret}.atom": ({}, 404),
    "GET /healthz": ({}, 200),
    "POST /witness/add-checkpoint": ({}, 404),
    "GET /witness/vkey": ({}, 404),
    "GET /witness/forks": ({}, 404),
    "GET /log/checkpoint": ({}, 200),
    "GET /log/log.vkey": ({}, 200),
    "GET /log/policy": ({}, 200),
    "GET /log/archive/{day}": ({}, 404),
    "GET /log/tile/{place}": ({}, 404),
    "GET /log/document/{digest}": ({}, 404),
    "GET /log/entries/{index}": ({}, 422),
    "GET /log/proof/inclusion": ({}, 422),
    "GET /log/proof/consistency": ({}, 422),
    "GET /docs": ({}, 200),
    "GET /docs/{name}": ({}, 404),
    "GET /problems/{code}": ({}, 404),
    f"GET {B}/openapi.json": ({}, 200),
}
"""Routes on which no rule stands: what a stranger who guesses is told."""
DECLARED = {name: tuple(Action(action) for action in cast("list[str]", extra.get(ACTIONS, []))) for name, extra in ROUTES}
GUARDED = tuple(name for name in DECLARED if DECLARED[name])


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world_in(tmp_path_factory.mktemp("matrix") / "node") as made:
        yield made


def case_of(name: str) -> Case:
    assert name in CASES, f"{name} has no entry: say who may, and everybody else is refused"
    return CASES[name]


def test_every_route_has_an_entry_and_every_entry_a_route() -> None:
    assert set(CASES) == set(GUARDED)
    assert set(OPEN) == set(DECLARED) - set(GUARDED)


@pytest.mark.parametrize("name", GUARDED)
def test_whoever_is_not_named_is_refused_and_changes_nothing(world: World, name: str) -> None:
    case = case_of(name)
    sent = case.send(world)
    before = world.state()
    for who in ("anonymous", *NAMES):
        if who in case.allowed:
            continue
        status, found = world.request(name, sent, world.cookie(who))
        if case.listing and status == 200 and who != "gone":
            assert sent.id not in world.listed(found), f"{who} sees what is not hers"
        else:
            assert status in REFUSED, f"{who}: {status} {found}"
            assert status == 401 or who not in ("anonymous", "gone"), f"{who}: {status}"
    assert world.state() == before


@pytest.mark.parametrize("name", GUARDED)
def test_whoever_is_named_gets_through(world: World, name: str) -> None:
    case = case_of(name)
    for who in sorted(case.allowed):
        sent = case.send(world)
        status, found = world.request(name, sent, world.cookie(who))
        assert status in case.then, f"{who}: {status} {found}"
        assert not case.listing or sent.id in world.listed(found), who


@pytest.mark.parametrize("name", GUARDED)
def test_the_entry_says_what_the_rules_say(world: World, name: str) -> None:
    case, sent = case_of(name), case_of(name).send(world)
    if sent.thing is None:
        assert Who.ANYONE in RULES[DECLARED[name][0]].who or sent.id == "", "the thing is known"
        return
    by_rules = {
        who
        for who in ("anonymous", *NAMES)
        if any(may(action, world.asker(who), on=sent.thing, now=world.service.now()) for action in DECLARED[name])
    }
    assert by_rules == case.allowed


@pytest.mark.parametrize("name", GUARDED)
def test_a_token_opens_what_its_scope_names_and_nothing_else(world: World, name: str) -> None:
    case, rules = case_of(name), [RULES[action] for action in DECLARED[name]]
    who = min(case.allowed - {"anonymous", "gone"})
    for scope in Scope:
        sent, bearer = case.send(world), world.bearer(who, scope)
        before = world.state()
        status, found = world.request(name, sent, bearer)
        opened = any(Who.ANYONE in rule.who or rule.scope is scope for rule in rules)
        if case.listing and status == 200:
            assert (sent.id in world.listed(found)) == opened, scope
        elif opened:
            assert status in case.then or len(rules) > 1, f"{scope}: {status} {found}"
        else:
            assert status == 403, f"{scope}: {status} {found}"
            assert world.state() == before


@pytest.mark.parametrize("name", OPEN)
def test_a_stranger_who_guesses_learns_nothing_where_no_rule_stands(world: World, name: str) -> None:
    body, status = OPEN[name]
    before = world.state()
    found, _ = world.request(
        name, Sent(path=dict.fromkeys(("passkey", "name", "code", "day", "place", "index", "secret", "digest"), "guess"), body=body), {}
    )
    assert found == status
    assert world.state() == before


@pytest.mark.parametrize("name", [name for name in GUARDED if not name.startswith("GET ")])
def test_a_page_of_another_site_changes_nothing_in_a_signed_in_persons_name(world: World, name: str) -> None:
    case = case_of(name)
    if "anonymous" in case.allowed:
        return
    sent, who = case.send(world), min(case.allowed)
    before = world.state()
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}):
        status, found = world.request(name, replace(sent, headers={**sent.headers, **headers}), world.cookie(who))
        assert (status, found["name"]) == (403, "http.cross_site")
    assert world.state() == before


def test_a_cookie_that_was_made_up_is_nobody(world: World) -> None:
    for headers in ({"Cookie": f"{COOKIE}=guess"}, {"Authorization": "Bearer amana_guess"}, {"Authorization": "Basic x"}):
        status, found = world.request(f"GET {B}/me", Sent(), headers)
        assert (status, found["name"]) == (401, "sign_in.needed")
