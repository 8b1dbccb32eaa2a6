"""Sessions and one-time links: who holds a secret is somebody, for a time, and nobody else is."""

from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from amana.node.links import LinkKind
from amana.node.sessions import Method
from amana.node.settings import Settings
from amana.node.sign_in import cut_off
from amana.policy.people import Role, Scope
from amana.terms.ids import PersonId
from amana.terms.refusal import Refusal
from tests.signing import AMAL, BADR, OTMAN, T0, URL, Desk, at, desk_at

ACCREDIT = """INSERT INTO accreditation (id, person, granted_by, valid_from, valid_until)
VALUES ('a1', 'amal', 'badr', '2025-01-01T00:00:00+00:00', '2025-07-01T10:00:00+00:00')"""

SCOPES = (Scope.READ, Scope.ASK)


@pytest.fixture
def desk(tmp_path: Path, each_database: str) -> Iterator[Desk]:
    made = desk_at(tmp_path / "node")
    yield made
    made.database.close()


def refused(desk: Desk, session: str, **later: float) -> bool:
    """Whether the session is worth nothing then."""
    try:
        desk.sign_in.by_session(session, now=at(**later))
    except Refusal as refusal:
        assert refusal.code == "sign_in.needed" and not refusal.parameters
        return True
    return False


def test_a_session_gives_the_person_as_the_database_has_her_now(desk: Desk) -> None:
    session = desk.session()
    asker = desk.sign_in.by_session(session, now=at(minutes=1))
    assert (asker.person.id, asker.person.roles, asker.person.language) == (AMAL, (Role.RESEARCHER,), "ar")
    assert asker.signed_in_at == T0 and asker.signed_in(at(minutes=1)) and asker.token is None
    desk.change("UPDATE person SET language = 'fr' WHERE id = 'amal'")
    desk.change("INSERT INTO person_role (person, role) VALUES ('amal', 'reviewer')")
    asker = desk.sign_in.by_session(session, now=at(minutes=2))
    assert (asker.person.language, asker.person.roles) == ("fr", (Role.RESEARCHER, Role.REVIEWER))


def test_a_disabled_person_stops_at_the_next_request(desk: Desk) -> None:
    session, token = desk.session(), desk.sign_in.tokens
    made = token.make(desk.asker(), label="a", scopes=SCOPES, days=1, allowance=None, now=T0)
    desk.change("UPDATE person SET disabled_at = '2030-01-01T00:00:00+00:00' WHERE id = 'amal'")
    assert refused(desk, session)
    with pytest.raises(Refusal, match=r"sign_in\.needed"):
        desk.sign_in.by_token(made.secret.reveal(), now=T0)


def test_an_accreditation_that_is_over_is_over_at_the_next_request(desk: Desk) -> None:
    desk.change(ACCREDIT)
    session = desk.session()
    assert desk.sign_in.by_session(session, now=at(minutes=59)).accredited(at(minutes=59))
    assert not desk.sign_in.by_session(session, now=at(minutes=60)).accredited(at(minutes=60))
    desk.change("UPDATE accreditation SET revoked_at = '2025-07-01T09:00:00+00:00'")
    assert not desk.sign_in.by_session(session, now=at(minutes=1)).accredited(at(minutes=1))


def test_a_session_ends_after_twelve_hours_however_busy_it_is(desk: Desk) -> None:
    session = desk.session()
    for half_hour in range(24):
        assert not refused(desk, session, hours=half_hour / 2)
    assert not refused(desk, session, hours=11, minutes=59, seconds=59)
    assert refused(desk, session, hours=12)


def test_an_idle_session_ends_and_a_used_one_does_not(desk: Desk) -> None:
    session, other = desk.session(), desk.session(BADR)
    assert not refused(desk, session, minutes=40)
    assert not refused(desk, session, minutes=80)
    assert refused(desk, other, minutes=60) and not refused(desk, other, minutes=59)
    assert refused(desk, session, minutes=80 + 60)


def test_a_request_writes_at_most_once_a_minute(desk: Desk) -> None:
    session = desk.session()
    refused(desk, session, seconds=59)
    assert desk.rows("SELECT seen_at FROM session") == [("2025-07-01T09:00:00.000000+00:00",)]
    refused(desk, session, seconds=60)
    assert desk.rows("SELECT seen_at FROM session") == [("2025-07-01T09:01:00.000000+00:00",)]


def test_a_clock_that_goes_back_before_the_sign_in_makes_the_session_none(desk: Desk) -> None:
    session = desk.session()
    assert refused(desk, session, seconds=-1)


def test_signing_out_ends_this_session_and_signing_out_everywhere_ends_all_of_hers(desk: Desk) -> None:
    one, two, three, other = desk.session(), desk.session(), desk.session(), desk.session(BADR)
    desk.sign_in.sessions.sign_out(one, now=T0)
    desk.sign_in.sessions.sign_out(one, now=T0)
    assert refused(desk, one) and not refused(desk, two)
    assert desk.sign_in.sessions.sign_out_everywhere(two, now=T0) == 2
    assert refused(desk, two) and refused(desk, three) and not refused(desk, other)
    with pytest.raises(Refusal, match=r"sign_in\.needed"):
        desk.sign_in.sessions.sign_out_everywhere(two, now=T0)


def test_a_session_has_a_new_secret_after_a_step_up_and_the_old_one_is_dead(desk: Desk) -> None:
    with desk.database.transaction() as run:
        old = desk.sign_in.sessions.open(run, AMAL, method=Method.OIDC, stepped_up=None, now=T0).reveal()
    assert not desk.sign_in.by_session(old, now=at(minutes=1)).stepped_up(at(minutes=1))
    with desk.database.transaction() as run:
        found = desk.sign_in.sessions.full(run, old, now=at(minutes=1))
        new = desk.sign_in.sessions.step_up(run, found, now=at(minutes=1)).reveal()
        with pytest.raises(Refusal, match=r"sign_in\.needed"):
            desk.sign_in.sessions.step_up(run, found, now=at(minutes=1))
    assert refused(desk, old, minutes=1)
    asker = desk.sign_in.by_session(new, now=at(minutes=2))
    assert asker.stepped_up(at(minutes=10, seconds=59)) and not asker.stepped_up(at(minutes=11)) and asker.signed_in_at == T0
    assert refused(desk, new, hours=12)


def test_a_demo_session_counts_as_stepped_up_and_stops_when_the_node_is_no_demo_any_more(desk: Desk, tmp_path: Path) -> None:
    session = desk.demo()
    assert desk.sign_in.by_session(session, now=at(minutes=50)).stepped_up(at(minutes=50))
    sober = desk_at(tmp_path / "node", sign_in_links="enrol")
    assert refused(sober, session, minutes=51)
    with pytest.raises(Refusal, match=r"sign_in\.links_off"):
        sober.sign_in.links.invite(AMAL, kind=LinkKind.DEMO, actor="node", now=T0)
    link = desk.sign_in.links.invite(AMAL, kind=LinkKind.DEMO, actor="node", now=T0).reveal()
    with pytest.raises(Refusal, match=r"sign_in\.link_void"):
        sober.sign_in.links.open(link, now=T0)
    assert not refused(desk, desk.sign_in.links.open(link, now=T0).session.reveal())
    sober.database.close()


def test_the_node_gives_no_demo_links_unless_told() -> None:
    assert Settings(folder=Path("x")).sign_in_links == "enrol"


def test_an_enrolment_is_nobody_who_asks_and_an_asker_is_no_enrolment(desk: Desk) -> None:
    enrolling, session = desk.enrolment(), desk.session()
    assert desk.sign_in.enrolment(enrolling, now=at(minutes=59)).person.id == AMAL
    assert refused(desk, enrolling)
    for secret, minutes in ((session, 0), (enrolling, 60), ("", 0)):
        with pytest.raises(Refusal, match=r"sign_in\.needed"):
            desk.sign_in.enrolment(secret, now=at(minutes=minutes))
    with pytest.raises(Refusal, match=r"sign_in\.needed"):
        desk.sign_in.sessions.sign_out_everywhere(enrolling, now=T0)


def test_a_link_opens_once(desk: Desk) -> None:
    link = desk.sign_in.links.invite(AMAL, kind=LinkKind.DEMO, actor="node", now=T0)
    assert desk.sign_in.links.address(link) == f"{URL}/sign-in#{link.reveal()}"
    assert desk.sign_in.links.open(link.reveal(), now=at(minutes=1)).kind is LinkKind.DEMO
    refusals = []
    for secret, moment in (
        (link.reveal(), at(minutes=2)),  # used
        ("x" * 43, T0),  # wrong
        (desk.sign_in.links.invite(BADR, kind=LinkKind.DEMO, actor="node", now=T0).reveal(), at(days=7)),  # old
        (desk.sign_in.links.invite(OTMAN, kind=LinkKind.ENROL, actor="node", now=T0).reveal(), at(hours=24)),
        (desk.sign_in.links.invite(AMAL, kind=LinkKind.ENROL, actor="node", now=T0).reveal(), at(seconds=-1)),  # not made yet
    ):
        with pytest.raises(Refusal) as refusal:
            desk.sign_in.links.open(secret, now=moment)
        refusals.append((refusal.value.code, dict(refusal.value.parameters)))
    assert refusals == [("sign_in.link_void", {})] * 5


def test_a_link_that_two_open_at_once_opens_for_one(desk: Desk) -> None:
    link = desk.sign_in.links.invite(AMAL, kind=LinkKind.ENROL, actor="node", now=T0).reveal()
    opened: list[bool] = []

    def open_it() -> None:
        try:
            desk.sign_in.links.open(link, now=T0)
            opened.append(True)
        except Refusal:
            opened.append(False)

    threads = [Thread(target=open_it) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(opened) == [False] * 7 + [True]


def test_the_newest_link_of_a_kind_is_the_only_one(desk: Desk) -> None:
    one = desk.sign_in.links.invite(AMAL, kind=LinkKind.ENROL, actor="node", now=T0).reveal()
    demo = desk.sign_in.links.invite(AMAL, kind=LinkKind.DEMO, actor="node", now=T0).reveal()
    two = desk.sign_in.links.invite(AMAL, kind=LinkKind.ENROL, actor="node", now=T0).reveal()
    with pytest.raises(Refusal, match=r"sign_in\.link_void"):
        desk.sign_in.links.open(one, now=T0)
    assert {desk.sign_in.links.open(each, now=T0).kind for each in (two, demo)} == {LinkKind.ENROL, LinkKind.DEMO}


def test_nobody_is_invited_who_is_not_there_or_is_disabled(desk: Desk) -> None:
    link = desk.sign_in.links.invite(BADR, kind=LinkKind.ENROL, actor="node", now=T0).reveal()
    desk.change("UPDATE person SET disabled_at = '2025-01-01T00:00:00+00:00' WHERE id = 'badr'")
    for person in (BADR, PersonId("nobody")):
        with pytest.raises(Refusal, match=r"sign_in\.unknown_person"):
            desk.sign_in.links.invite(person, kind=LinkKind.ENROL, actor="node", now=T0)
    with pytest.raises(Refusal, match=r"sign_in\.link_void"):
        desk.sign_in.links.open(link, now=T0)


def test_who_is_cut_off_has_nothing_left_when_she_is_enabled_again(desk: Desk) -> None:
    session, enrolling, other = desk.session(), desk.enrolment(), desk.session(BADR)
    token = desk.sign_in.tokens.make(desk.asker(), label="a", scopes=SCOPES, days=9, allowance=None, now=T0)
    link = desk.sign_in.links.invite(AMAL, kind=LinkKind.ENROL, actor="node", now=T0).reveal()
    with desk.database.transaction() as run:
        cut_off(run, AMAL, actor=OTMAN, now=at(minutes=1))
    assert refused(desk, session, minutes=2) and not refused(desk, other, minutes=2)
    for attempt in (
        lambda: desk.sign_in.enrolment(enrolling, now=at(minutes=2)),
        lambda: desk.sign_in.by_token(token.secret.reveal(), now=at(minutes=2)),
        lambda: desk.sign_in.links.open(link, now=at(minutes=2)),
    ):
        with pytest.raises(Refusal):
            attempt()


def test_sessions_that_are_over_are_forgotten_at_the_next_sign_in(desk: Desk) -> None:
    desk.session()
    desk.session(BADR)
    desk.session(now=at(hours=13))
    assert desk.rows("SELECT person FROM session ORDER BY person") == [("amal",), ("badr",)]


def test_every_change_is_audited_with_who_did_it_to_whom(desk: Desk) -> None:
    link = desk.sign_in.links.invite(AMAL, kind=LinkKind.DEMO, actor=OTMAN, now=T0)
    session = desk.sign_in.links.open(link.reveal(), now=T0).session.reveal()
    asker = desk.sign_in.by_session(session, now=T0)
    made = desk.sign_in.tokens.make(asker, label="a", scopes=SCOPES, days=1, allowance=None, now=T0)
    desk.sign_in.tokens.revoke(asker, made.held.token.id, now=T0)
    desk.sign_in.sessions.sign_out(session, now=T0)
    desk.session(BADR)
    noted = desk.rows("SELECT actor, action, subject, now_is FROM audit ORDER BY at, id")
    assert noted[:6] == [
        ("otman", "invite", "amal", "demo"),
        ("amal", "open", "amal", "used"),
        ("amal", "sign in", "amal", "demo"),
        ("amal", "make", "amal", '["read", "ask"]'),
        ("amal", "revoke", "amal", "revoked"),
        ("amal", "sign out", "amal", "ended"),
    ]


def test_a_session_may_be_shorter_by_a_setting(tmp_path: Path) -> None:
    desk = desk_at(tmp_path / "node", session_idle_s=60)
    session = desk.session()
    assert refused(desk, session, seconds=60) and not refused(desk, session, seconds=59)
    desk.database.close()
