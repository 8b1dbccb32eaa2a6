"""API tokens: less than their person may, for a time, shown once."""

from collections.abc import Iterator
from datetime import timedelta
from fractions import Fraction
from pathlib import Path

import pytest

from amana.node.sessions import Method
from amana.node.sign_in import cut_off
from amana.node.tokens import HELD_COUNT_MAX, Made
from amana.policy.people import Scope
from amana.terms.database import moment
from amana.terms.ids import TokenId
from amana.terms.refusal import Refusal
from tests.signing import AMAL, BADR, OTMAN, T0, Desk, at, desk_at


@pytest.fixture
def desk(tmp_path: Path, each_database: str) -> Iterator[Desk]:
    made = desk_at(tmp_path / "node")
    yield made
    made.database.close()


@pytest.fixture
def lite(tmp_path: Path) -> Iterator[Desk]:
    """For what is refused before the database is asked: one of them is enough."""
    made = desk_at(tmp_path / "node")
    yield made
    made.database.close()


def make(
    desk: Desk, *, days: int = 30, label: str = "notebook", allowance: str | None = None, scopes: tuple[Scope, ...] = (Scope.ASK,)
) -> Made:
    return desk.sign_in.tokens.make(desk.asker(), label=label, scopes=scopes, days=days, allowance=allowance, now=T0)


def test_a_token_speaks_for_its_person_within_its_scopes_and_is_never_stepped_up(desk: Desk) -> None:
    made = make(desk, scopes=(Scope.ASK, Scope.READ, Scope.ASK))
    assert made.secret.reveal().startswith("amana_") and len(made.secret.reveal()) == len("amana_") + 43
    asker = desk.sign_in.by_token(made.secret.reveal(), now=at(days=29))
    assert asker.token is not None and asker.token == made.held.token and asker.token.scopes == (Scope.READ, Scope.ASK)
    assert asker.person.id == AMAL and asker.signed_in(at(days=29)) and not asker.stepped_up(at(days=29))


def test_a_token_ends_when_it_was_said_to(desk: Desk) -> None:
    secret = make(desk, days=30).secret.reveal()
    assert desk.sign_in.by_token(secret, now=at(days=30) - timedelta(microseconds=1))
    for when in (at(days=30), at(days=300), at(seconds=-1)):
        with pytest.raises(Refusal, match=r"sign_in\.needed"):
            desk.sign_in.by_token(secret, now=when)


@pytest.mark.parametrize("days", [0, -1, 91, 10**30])
def test_a_token_lasts_no_longer_than_the_setting(lite: Desk, days: int) -> None:
    assert make(lite, days=90)
    with pytest.raises(Refusal, match=r"token\.bad_days"):
        make(lite, days=days)


def test_a_revoked_token_stops_at_the_next_request_and_stays_in_the_list(desk: Desk) -> None:
    one, two = make(desk), make(desk, label=" second ")
    desk.sign_in.tokens.revoke(desk.asker(), one.held.token.id, now=at(minutes=1))
    with pytest.raises(Refusal, match=r"sign_in\.needed"):
        desk.sign_in.by_token(one.secret.reveal(), now=at(minutes=1))
    assert desk.sign_in.by_token(two.secret.reveal(), now=at(minutes=1))
    held = {each.label: each.token.revoked_at for each in desk.sign_in.tokens.held(desk.asker())}
    assert held == {"notebook": at(minutes=1), "second": None}
    with pytest.raises(Refusal, match=r"token\.unknown"):
        desk.sign_in.tokens.revoke(desk.asker(), one.held.token.id, now=at(minutes=2))


def test_nobody_sees_or_revokes_the_tokens_of_another(desk: Desk) -> None:
    made = make(desk)
    badr = desk.asker(BADR)
    assert desk.sign_in.tokens.held(badr) == ()
    for token in (made.held.token.id, TokenId("x")):
        with pytest.raises(Refusal, match=r"token\.unknown"):
            desk.sign_in.tokens.revoke(badr, token, now=T0)
    assert desk.sign_in.by_token(made.secret.reveal(), now=T0)


def test_an_operator_ends_anybodys_token_by_its_id_and_the_audit_says_who(desk: Desk) -> None:
    made = make(desk)
    desk.sign_in.tokens.revoke(desk.asker(OTMAN), made.held.token.id, now=at(minutes=1))
    with pytest.raises(Refusal, match=r"sign_in\.needed"):
        desk.sign_in.by_token(made.secret.reveal(), now=at(minutes=1))
    noted = desk.rows("SELECT actor, action, subject, was, now_is FROM audit WHERE action = 'revoke'")
    assert noted == [("otman", "revoke", "amal", "valid", "revoked")]
    with pytest.raises(Refusal, match=r"token\.unknown"):
        desk.sign_in.tokens.revoke(desk.asker(OTMAN), made.held.token.id, now=at(minutes=2))


def test_whoever_shows_a_good_token_of_a_disabled_person_is_told_so_and_nobody_else(desk: Desk) -> None:
    good, ended, old = make(desk), make(desk, label="ended"), make(desk, label="old", days=1)
    desk.sign_in.tokens.revoke(desk.asker(), ended.held.token.id, now=at(minutes=1))
    with desk.database.transaction() as run:
        run.change("UPDATE person SET disabled_at = :at WHERE id = 'amal'", {"at": moment(at(days=2))})
        cut_off(run, AMAL, actor="node", now=at(days=2))
    later = at(days=2, minutes=1)
    with pytest.raises(Refusal, match=r"rights\.person_disabled"):
        desk.sign_in.by_token(good.secret.reveal(), now=later)
    for secret in (ended.secret.reveal(), old.secret.reveal(), "amana_guess", ""):
        with pytest.raises(Refusal, match=r"sign_in\.needed"):
            desk.sign_in.by_token(secret, now=later)
    desk.change("UPDATE person SET disabled_at = NULL WHERE id = 'amal'")
    with pytest.raises(Refusal, match=r"sign_in\.needed"):
        desk.sign_in.by_token(good.secret.reveal(), now=later)


def test_a_token_makes_lists_and_revokes_no_token(desk: Desk) -> None:
    made = make(desk, scopes=tuple(Scope))
    program = desk.sign_in.by_token(made.secret.reveal(), now=T0)
    for attempt in (
        lambda: desk.sign_in.tokens.make(program, label="more", scopes=(Scope.READ,), days=1, allowance=None, now=T0),
        lambda: desk.sign_in.tokens.held(program),
        lambda: desk.sign_in.tokens.revoke(program, made.held.token.id, now=T0),
        lambda: desk.sign_in.passkeys.held(program),
        lambda: desk.sign_in.oidc.held(program),
    ):
        with pytest.raises(Refusal, match=r"token\.not_by_token"):
            attempt()


def test_a_token_is_made_only_after_a_fresh_sign_in(desk: Desk) -> None:
    with desk.database.transaction() as run:
        session = desk.sign_in.sessions.open(run, AMAL, method=Method.OIDC, stepped_up=None, now=T0).reveal()
    with pytest.raises(Refusal, match="step_up_needed"):
        desk.sign_in.tokens.make(desk.sign_in.by_session(session, now=T0), label="a", scopes=(Scope.READ,), days=1, allowance=None, now=T0)


@pytest.mark.parametrize(
    ("written", "share"), [("10%", "1/10"), (" 0.1 ", "1/10"), ("1/3", "1/3"), ("100%", "1"), ("33.3%", "333/1000"), ("1", "1")]
)
def test_an_allowance_is_an_exact_share(lite: Desk, written: str, share: str) -> None:
    made = make(lite, allowance=written)
    assert made.held.allowance == Fraction(share) == lite.sign_in.tokens.allowance(made.held.token.id)
    assert lite.sign_in.tokens.held(lite.asker())[0].allowance == Fraction(share)


@pytest.mark.parametrize("written", ["", "0", "0%", "101%", "-1", "1/0", "2/1", "1e-3", "١٠%", "10 %", "nan", "1.", "1/2%"])
def test_what_is_no_share_is_no_allowance(lite: Desk, written: str) -> None:
    with pytest.raises(Refusal, match=r"token\.bad_allowance"):
        make(lite, allowance=written)


def test_a_token_without_allowance_has_none_and_a_forgotten_one_is_refused(desk: Desk) -> None:
    assert desk.sign_in.tokens.allowance(make(desk).held.token.id) is None
    with pytest.raises(Refusal, match=r"sign_in\.needed"):
        desk.sign_in.tokens.allowance(TokenId("forgotten"))


@pytest.mark.parametrize("label", ["", "   ", "a\nb", "x" * 101, "\u202edeb"])
def test_a_label_is_a_name_that_can_be_read(lite: Desk, label: str) -> None:
    with pytest.raises(Refusal, match=r"token\.bad_label"):
        make(lite, label=label)


def test_a_token_is_for_something(lite: Desk) -> None:
    with pytest.raises(Refusal, match=r"token\.no_scope"):
        make(lite, scopes=())


def test_a_person_holds_a_limited_number_of_valid_tokens(desk: Desk) -> None:
    first = make(desk, days=1)
    for _ in range(HELD_COUNT_MAX - 1):
        make(desk)
    with pytest.raises(Refusal, match=r"token\.too_many"):
        make(desk)
    desk.sign_in.tokens.revoke(desk.asker(), first.held.token.id, now=T0)
    assert make(desk)


def test_whoever_is_disabled_meanwhile_makes_no_token(desk: Desk) -> None:
    asker = desk.asker()
    desk.change("UPDATE person SET disabled_at = '2025-07-01T09:00:00+00:00' WHERE id = 'amal'")
    with pytest.raises(Refusal, match=r"sign_in\.needed"):
        desk.sign_in.tokens.make(asker, label="a", scopes=(Scope.READ,), days=1, allowance=None, now=T0)
    assert desk.rows("SELECT id FROM token") == []
