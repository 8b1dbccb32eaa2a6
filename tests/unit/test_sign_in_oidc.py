"""The organisation's identity provider: believed where its signature covers what it says, for a person who linked it before."""

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from amana.node.sessions import Method
from amana.node.sign_in import open_provider
from amana.terms.refusal import Refusal
from tests.provider import ISSUER, Provider, link, reason, sign_in, step_up
from tests.signing import AMAL, BADR, T0, URL, Desk, at, desk_at, settings_of


@pytest.fixture
def provider() -> Provider:
    return Provider()


@pytest.fixture
def desk(tmp_path: Path, each_database: str, provider: Provider) -> Iterator[Desk]:
    made = desk_at(tmp_path / "node", provider=provider.opened())
    yield made
    made.database.close()


@pytest.fixture
def lite(tmp_path: Path, provider: Provider) -> Iterator[Desk]:
    """For what is refused before the database is asked: one of them is enough. Amal has linked her identity."""
    made = desk_at(tmp_path / "node", provider=provider.opened())
    link(made, provider)
    yield made
    made.database.close()


def test_a_linked_identity_signs_in_and_is_not_stepped_up(desk: Desk, provider: Provider) -> None:
    assert link(desk, provider).session is None
    asker = desk.sign_in.by_session(sign_in(desk, provider, minutes=3), now=at(minutes=4))
    assert asker.person.id == AMAL and asker.signed_in_at == at(minutes=3) and not asker.stepped_up(at(minutes=4))
    assert [each.issuer for each in desk.sign_in.oidc.held(asker)] == [ISSUER]


def test_the_browser_is_sent_with_pkce_state_and_nonce_and_nothing_of_them_is_kept(desk: Desk, provider: Provider) -> None:
    link(desk, provider)
    sent = desk.sign_in.oidc.begin_sign_in(now=T0)
    provider.visit(sent.address, now=T0)
    asked = provider.asked
    assert (asked["response_type"], asked["code_challenge_method"], asked["scope"], asked["client_id"]) == (
        "code",
        "S256",
        "openid",
        "amana",
    )
    assert asked["redirect_uri"] == f"{URL}/sign-in/oidc" and "prompt" not in asked
    assert len({asked["state"], asked["nonce"], asked["code_challenge"], sent.secret.reveal()}) == 4
    kept = str(desk.rows("SELECT * FROM ceremony"))
    assert not any(each in kept for each in (asked["state"], asked["nonce"], asked["code_challenge"], sent.secret.reveal()))
    assert not any(each in repr(sent) for each in (sent.secret.reveal(),))


def test_an_identity_that_nobody_linked_opens_no_account(desk: Desk, provider: Provider) -> None:
    link(desk, provider)
    provider.subject, provider.claims = "somebody", {"email": "amal@example.org", "email_verified": True, "name": "amal"}
    with pytest.raises(Refusal, match=r"oidc\.unknown_identity"):
        sign_in(desk, provider)
    assert desk.rows("SELECT id FROM person ORDER BY id") == [("amal",), ("badr",), ("otman",)]
    assert desk.rows("SELECT id FROM session WHERE method = 'oidc'") == []


def test_an_enrolment_is_over_with_its_first_identity(desk: Desk, provider: Provider) -> None:
    session = desk.enrolment()
    sent = desk.sign_in.oidc.begin_link(session, now=T0)
    state, code = provider.visit(sent.address, now=T0)
    desk.sign_in.oidc.finish(sent.secret.reveal(), state=state, code=code, session=session, now=T0)
    for attempt in (desk.sign_in.oidc.begin_link, desk.sign_in.passkeys.begin_registration):
        with pytest.raises(Refusal, match=r"sign_in\.needed"):
            attempt(session, now=T0)


def test_an_identity_is_of_one_person(desk: Desk, provider: Provider) -> None:
    link(desk, provider)
    with pytest.raises(Refusal, match=r"oidc\.taken"):
        link(desk, provider, person=BADR)
    assert desk.rows("SELECT person FROM identity") == [("amal",)]
    provider.subject = "sub-badr"
    link(desk, provider, person=BADR, subject="sub-badr")
    assert desk.sign_in.by_session(sign_in(desk, provider), now=T0).person.id == BADR


def test_a_disabled_person_does_not_sign_in_with_her_identity(desk: Desk, provider: Provider) -> None:
    link(desk, provider)
    desk.change("UPDATE person SET disabled_at = '2025-01-01T00:00:00+00:00' WHERE id = 'amal'")
    with pytest.raises(Refusal, match=r"oidc\.unknown_identity"):
        sign_in(desk, provider)


def test_an_answer_is_used_once_and_in_the_browser_that_began(desk: Desk, provider: Provider) -> None:
    link(desk, provider)
    oidc = desk.sign_in.oidc
    sent = oidc.begin_sign_in(now=T0)
    state, code = provider.visit(sent.address, now=T0)
    other = oidc.begin_sign_in(now=T0)
    assert reason(lambda: oidc.finish(other.secret.reveal(), state=state, code=code, session="", now=T0)) == "state"
    assert reason(lambda: oidc.finish("", state=state, code=code, session="", now=T0)) == "state"
    assert oidc.finish(sent.secret.reveal(), state=state, code=code, session="", now=T0).session
    assert reason(lambda: oidc.finish(sent.secret.reveal(), state=state, code=code, session="", now=T0)) == "state"
    late = oidc.begin_sign_in(now=T0)
    state, code = provider.visit(late.address, now=T0)
    assert reason(lambda: oidc.finish(late.secret.reveal(), state=state, code=code, session="", now=at(minutes=5))) == "state"


def test_a_visit_that_brings_no_code_is_refused_and_used_up(desk: Desk, provider: Provider) -> None:
    link(desk, provider)
    sent = desk.sign_in.oidc.begin_sign_in(now=T0)
    state, code = provider.visit(sent.address, now=T0)
    for given, why in (("", "code"), (code, "state")):
        assert (
            reason(lambda given=given: desk.sign_in.oidc.finish(sent.secret.reveal(), state=state, code=given, session="", now=T0)) == why
        )  # type: ignore[misc]


def test_a_code_of_another_visit_is_worth_nothing(desk: Desk, provider: Provider) -> None:
    link(desk, provider)
    mine, stolen = desk.sign_in.oidc.begin_sign_in(now=T0), desk.sign_in.oidc.begin_sign_in(now=T0)
    _, code = provider.visit(stolen.address, now=T0)
    state, _ = provider.visit(mine.address, now=T0)
    assert reason(lambda: desk.sign_in.oidc.finish(mine.secret.reveal(), state=state, code=code, session="", now=T0)) == "http_400"


def test_a_passkeys_ceremony_is_no_visit(lite: Desk) -> None:
    begun = lite.sign_in.passkeys.begin_sign_in(now=T0)
    sent = lite.sign_in.oidc.begin_sign_in(now=T0)
    with pytest.raises(Refusal, match="not_accepted"):
        lite.sign_in.oidc.finish(begun.secret.reveal(), state="x", code="x", session="", now=T0)
    with pytest.raises(Refusal, match=r"passkey\.not_accepted"):
        lite.sign_in.passkeys.finish_sign_in(sent.secret.reveal(), "{}", now=T0)


def test_a_step_up_is_a_fresh_proof_at_the_provider(desk: Desk, provider: Provider) -> None:
    link(desk, provider)
    session = sign_in(desk, provider)
    assert reason(lambda: step_up(desk, provider, session, minutes=20)) == "auth_time"
    assert (provider.asked["prompt"], provider.asked["max_age"]) == ("login", "0")
    for stale in (at(minutes=18, seconds=59), at(minutes=21, seconds=1)):
        provider.auth_at = stale
        assert reason(lambda: step_up(desk, provider, session, minutes=20)) == "auth_time"
    provider.auth_at = at(minutes=20)
    raised = step_up(desk, provider, session, minutes=20)
    assert desk.sign_in.by_session(raised, now=at(minutes=21)).stepped_up(at(minutes=21))
    with pytest.raises(Refusal, match=r"sign_in\.needed"):
        desk.sign_in.by_session(session, now=at(minutes=21))


def test_a_step_up_is_by_the_same_person_in_the_same_session(desk: Desk, provider: Provider) -> None:
    link(desk, provider)
    link(desk, provider, subject="sub-badr", person=BADR)
    provider.subject, provider.auth_at = "sub-amal", T0
    session, second, other = sign_in(desk, provider), sign_in(desk, provider), desk.session(BADR)
    provider.subject = "sub-badr"
    assert reason(lambda: step_up(desk, provider, session, minutes=0)) == "sub"
    provider.subject = "sub-amal"
    sent = desk.sign_in.oidc.begin_step_up(session, now=T0)
    state, code = provider.visit(sent.address, now=T0)
    assert reason(lambda: desk.sign_in.oidc.finish(sent.secret.reveal(), state=state, code=code, session=other, now=T0)) == "sub"
    sent = desk.sign_in.oidc.begin_step_up(session, now=T0)
    state, code = provider.visit(sent.address, now=T0)
    assert reason(lambda: desk.sign_in.oidc.finish(sent.secret.reveal(), state=state, code=code, session=second, now=T0)) == "sub"
    sent = desk.sign_in.oidc.begin_step_up(session, now=T0)
    state, code = provider.visit(sent.address, now=T0)
    with pytest.raises(Refusal, match=r"sign_in\.needed"):
        desk.sign_in.oidc.finish(sent.secret.reveal(), state=state, code=code, session="", now=T0)


def test_a_step_up_may_need_a_class_of_proof(tmp_path: Path, provider: Provider) -> None:
    desk = desk_at(tmp_path / "node", provider=provider.opened(acr="gold"), oidc_step_up_acr="gold")
    link(desk, provider)
    session, provider.auth_at = sign_in(desk, provider), T0
    for acr in (None, "silver"):
        provider.acr = acr
        assert reason(lambda: step_up(desk, provider, session, minutes=0)) == "acr"
    assert provider.asked["acr_values"] == "gold"
    provider.acr = "gold"
    assert step_up(desk, provider, session, minutes=0)
    desk.database.close()


def test_a_further_identity_needs_a_fresh_sign_in_and_its_own_session(desk: Desk, provider: Provider) -> None:
    link(desk, provider)
    session = sign_in(desk, provider)
    with pytest.raises(Refusal, match=r"sign_in\.step_up_needed"):
        desk.sign_in.oidc.begin_link(session, now=T0)
    one, two = desk.session(), desk.session(BADR)
    sent = desk.sign_in.oidc.begin_link(one, now=T0)
    provider.subject = "second"
    state, code = provider.visit(sent.address, now=T0)
    assert reason(lambda: desk.sign_in.oidc.finish(sent.secret.reveal(), state=state, code=code, session=two, now=T0)) == "state"
    assert desk.rows("SELECT subject FROM identity") == [("sub-amal",)]


def test_an_identity_is_removed_but_never_the_last_way_in(desk: Desk, provider: Provider) -> None:
    link(desk, provider)
    session = desk.session()
    first = desk.sign_in.oidc.held(desk.asker())[0].id
    with pytest.raises(Refusal, match=r"sign_in\.last_way"):
        desk.sign_in.oidc.remove(session, first, now=T0)
    sent, provider.subject = desk.sign_in.oidc.begin_link(session, now=T0), "second"
    state, code = provider.visit(sent.address, now=T0)
    desk.sign_in.oidc.finish(sent.secret.reveal(), state=state, code=code, session=session, now=T0)
    with pytest.raises(Refusal, match=r"oidc\.unknown"):
        desk.sign_in.oidc.remove(desk.session(BADR), first, now=T0)
    with desk.database.transaction() as run:
        weak = desk.sign_in.sessions.open(run, AMAL, method=Method.OIDC, stepped_up=None, now=T0).reveal()
    with pytest.raises(Refusal, match=r"sign_in\.step_up_needed"):
        desk.sign_in.oidc.remove(weak, first, now=T0)
    desk.sign_in.oidc.remove(session, first, now=T0)
    provider.subject = "sub-amal"
    with pytest.raises(Refusal, match=r"oidc\.unknown_identity"):
        sign_in(desk, provider)
    assert [each for (each,) in desk.rows("SELECT action FROM audit WHERE thing LIKE 'identity%' ORDER BY at, id")] == [
        "link",
        "link",
        "remove",
    ]


def test_a_node_without_a_provider_says_so(tmp_path: Path) -> None:
    desk = desk_at(tmp_path / "node")
    for attempt in (
        lambda: desk.sign_in.oidc.begin_sign_in(now=T0),
        lambda: desk.sign_in.oidc.finish("x", state="x", code="x", session="", now=T0),
    ):
        with pytest.raises(Refusal, match=r"oidc\.not_set"):
            attempt()
    assert open_provider(settings_of(), httpx.Client(), elapsed=time.monotonic) is None
    desk.database.close()
