"""Passkeys: registered by whom we know, and worth nothing for anybody or anything else."""

import json
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import cbor2
import pytest

from amana.node.ceremonies import OPEN_COUNT_MAX
from amana.node.passkeys import HELD_COUNT_MAX, Begun, PasskeyId
from amana.node.sessions import Method
from amana.terms.refusal import Refusal
from tests.authenticator import Authenticator, b64, enrol, not_accepted, sign_in
from tests.signing import AMAL, BADR, T0, Desk, at, desk_at


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


def test_whoever_was_invited_registers_a_passkey_and_signs_in_with_it(desk: Desk) -> None:
    device = Authenticator()
    enrol(desk, device)
    asker = desk.sign_in.by_session(sign_in(desk, device, minutes=5), now=at(minutes=6))
    assert asker.person.id == AMAL and asker.signed_in_at == at(minutes=5)
    assert asker.stepped_up(at(minutes=14)) and not asker.stepped_up(at(minutes=15))
    held = desk.sign_in.passkeys.held(asker)
    assert [(each.label, each.created_at, each.used_at) for each in held] == [("phone", T0, at(minutes=5))]


def test_no_name_is_asked_and_none_is_told_to_the_device_in_clear(desk: Desk) -> None:
    begun = desk.sign_in.passkeys.begin_sign_in(now=T0)
    asked = json.loads(begun.options)
    assert asked["allowCredentials"] == [] and asked["rpId"] == "data.example.org"
    options = json.loads(desk.sign_in.passkeys.begin_registration(desk.enrolment(), now=T0).options)
    assert b64(AMAL.encode()) not in options["user"]["id"] and options["attestation"] == "none"


def test_an_enrolment_is_over_with_its_first_passkey(desk: Desk) -> None:
    session, device = desk.enrolment(), Authenticator()
    first, second = (desk.sign_in.passkeys.begin_registration(session, now=T0) for _ in range(2))
    desk.sign_in.passkeys.finish_registration(session, first.secret.reveal(), device.create(first.options), label="a", now=T0)
    with pytest.raises(Refusal, match=r"sign_in\.needed"):
        desk.sign_in.passkeys.finish_registration(session, second.secret.reveal(), device.create(second.options), label="b", now=T0)


def test_a_challenge_is_answered_once_and_within_five_minutes(desk: Desk) -> None:
    device = Authenticator()
    enrol(desk, device)
    passkeys = desk.sign_in.passkeys
    begun = passkeys.begin_sign_in(now=T0)
    answer = device.get(begun.options)
    assert passkeys.finish_sign_in(begun.secret.reveal(), answer, now=at(seconds=299))
    assert not_accepted(lambda: passkeys.finish_sign_in(begun.secret.reveal(), answer, now=at(seconds=299)))
    late = passkeys.begin_sign_in(now=T0)
    assert not_accepted(lambda: passkeys.finish_sign_in(late.secret.reveal(), device.get(late.options), now=at(minutes=5)))
    early = passkeys.begin_sign_in(now=T0)
    assert not_accepted(lambda: passkeys.finish_sign_in(early.secret.reveal(), device.get(early.options), now=at(seconds=-1)))
    other, another = passkeys.begin_sign_in(now=T0), passkeys.begin_sign_in(now=T0)
    assert not_accepted(lambda: passkeys.finish_sign_in(other.secret.reveal(), device.get(another.options), now=T0))
    assert not_accepted(lambda: passkeys.finish_sign_in("x" * 43, device.get(another.options), now=T0))


def test_a_wrong_answer_uses_the_challenge_up(desk: Desk) -> None:
    device = Authenticator()
    enrol(desk, device)
    begun = desk.sign_in.passkeys.begin_sign_in(now=T0)
    for answer in ("{}", device.get(begun.options)):
        assert not_accepted(lambda answer=answer: desk.sign_in.passkeys.finish_sign_in(begun.secret.reveal(), answer, now=T0))  # type: ignore[misc]


def test_a_counter_that_does_not_grow_is_of_a_copied_key(desk: Desk) -> None:
    device = Authenticator()
    enrol(desk, device)
    device.keys[0].counter = 7
    sign_in(desk, device)
    for step in (0, -3, -8):
        device.step = step
        assert not_accepted(lambda: sign_in(desk, device))
        device.keys[0].counter = 8
    device.step = 1
    assert sign_in(desk, device)


def test_a_device_without_a_counter_signs_in_again_and_again(desk: Desk) -> None:
    device = Authenticator(step=0)
    enrol(desk, device)
    assert len({sign_in(desk, device) for _ in range(3)}) == 3


def test_a_copied_key_that_signs_at_the_same_moment_gets_in_once(desk: Desk) -> None:
    device = Authenticator()
    enrol(desk, device)
    ceremonies = [desk.sign_in.passkeys.begin_sign_in(now=T0) for _ in range(4)]
    answers = []
    for begun in ceremonies:
        device.keys[0].counter = 41
        answers.append(device.get(begun.options))
    got: list[bool] = []

    def finish(begun: Begun, answer: str) -> None:
        try:
            desk.sign_in.passkeys.finish_sign_in(begun.secret.reveal(), answer, now=T0)
            got.append(True)
        except Refusal:
            got.append(False)

    threads = [Thread(target=finish, args=each) for each in zip(ceremonies, answers, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == [False, False, False, True]


def test_a_key_signs_in_its_own_person_only(desk: Desk) -> None:
    amal, badr = Authenticator(), Authenticator()
    enrol(desk, amal)
    enrol(desk, badr, BADR)
    assert desk.sign_in.by_session(sign_in(desk, badr), now=T0).person.id == BADR
    badr.keys[0].handle = amal.keys[0].handle
    assert not_accepted(lambda: sign_in(desk, badr))
    amal.with_handle = False
    assert not_accepted(lambda: sign_in(desk, amal))
    stolen_name = Authenticator(keys=[badr.keys[0]])
    stolen_name.keys[0].id, stolen_name.keys[0].handle = amal.keys[0].id, amal.keys[0].handle
    assert not_accepted(lambda: sign_in(desk, stolen_name))


def test_a_step_up_takes_her_own_passkey_in_her_own_session(desk: Desk) -> None:
    amal, badr, passkeys = Authenticator(), Authenticator(), desk.sign_in.passkeys
    enrol(desk, amal)
    enrol(desk, badr, BADR)
    session, other = sign_in(desk, amal), sign_in(desk, badr)
    later = at(minutes=30)
    assert not desk.sign_in.by_session(session, now=later).stepped_up(later)

    begun = passkeys.begin_step_up(session, now=later)
    assert [each["id"] for each in json.loads(begun.options)["allowCredentials"]] == [b64(amal.keys[0].id)]
    assert not_accepted(lambda: passkeys.finish_step_up(session, begun.secret.reveal(), badr.get(begun.options), now=later))
    begun = passkeys.begin_step_up(session, now=later)
    assert not_accepted(lambda: passkeys.finish_step_up(other, begun.secret.reveal(), badr.get(begun.options), now=later))
    begun = passkeys.begin_step_up(session, now=later)
    assert not_accepted(lambda: passkeys.finish_sign_in(begun.secret.reveal(), amal.get(begun.options), now=later))
    begun = passkeys.begin_sign_in(now=later)
    assert not_accepted(lambda: passkeys.finish_step_up(session, begun.secret.reveal(), amal.get(begun.options), now=later))

    amal.with_handle, amal.keys[0].counter = False, 40
    begun = passkeys.begin_step_up(session, now=later)
    raised = passkeys.finish_step_up(session, begun.secret.reveal(), amal.get(begun.options), now=later).reveal()
    assert desk.sign_in.by_session(raised, now=later).stepped_up(later)
    with pytest.raises(Refusal, match=r"sign_in\.needed"):
        desk.sign_in.by_session(session, now=later)
    amal.with_handle, amal.keys[0].counter = True, 40  # a copy of the key as it was before
    assert not_accepted(lambda: sign_in(desk, amal))


def test_a_registration_belongs_to_the_session_that_began_it(desk: Desk) -> None:
    amal, badr, device, passkeys = desk.enrolment(), desk.enrolment(BADR), Authenticator(), desk.sign_in.passkeys
    begun = passkeys.begin_registration(amal, now=T0)
    assert not_accepted(lambda: passkeys.finish_registration(badr, begun.secret.reveal(), device.create(begun.options), label="x", now=T0))
    for wrong in ("nobody", ""):
        with pytest.raises(Refusal, match=r"sign_in\.needed"):
            passkeys.begin_registration(wrong, now=T0)
    assert desk.rows("SELECT id FROM passkey") == []


def test_what_was_begun_to_register_does_not_step_up_and_the_other_way_round(desk: Desk) -> None:
    device, passkeys = Authenticator(), desk.sign_in.passkeys
    enrol(desk, device)
    session = sign_in(desk, device)
    begun = passkeys.begin_registration(session, now=T0)
    asked = json.dumps({**json.loads(begun.options), "userVerification": "required"})
    assert not_accepted(lambda: passkeys.finish_step_up(session, begun.secret.reveal(), device.get(asked), now=T0))
    pattern = json.loads(passkeys.begin_registration(session, now=T0).options)
    begun = passkeys.begin_step_up(session, now=T0)
    asked = json.dumps({**pattern, "challenge": json.loads(begun.options)["challenge"]})
    assert not_accepted(lambda: passkeys.finish_registration(session, begun.secret.reveal(), device.create(asked), label="x", now=T0))


def test_whoever_is_disabled_meanwhile_enrols_nothing(desk: Desk) -> None:
    session, device, passkeys = desk.enrolment(), Authenticator(), desk.sign_in.passkeys
    begun = passkeys.begin_registration(session, now=T0)
    desk.change("UPDATE person SET disabled_at = '2025-01-01T00:00:00+00:00' WHERE id = 'amal'")
    with pytest.raises(Refusal, match=r"sign_in\.needed"):
        passkeys.begin_registration(session, now=T0)
    with pytest.raises(Refusal, match=r"sign_in\.needed"):
        passkeys.finish_registration(session, begun.secret.reveal(), device.create(begun.options), label="x", now=T0)


def test_another_passkey_needs_a_fresh_sign_in(desk: Desk) -> None:
    device, passkeys = Authenticator(), desk.sign_in.passkeys
    enrol(desk, device)
    session = sign_in(desk, device)
    options = json.loads(passkeys.begin_registration(session, now=at(minutes=9)).options)
    assert [each["id"] for each in options["excludeCredentials"]] == [b64(device.keys[0].id)]
    with pytest.raises(Refusal, match=r"sign_in\.step_up_needed"):
        passkeys.begin_registration(session, now=at(minutes=10))


def test_a_passkey_is_registered_once(desk: Desk) -> None:
    device = Authenticator()
    enrol(desk, device)
    session = desk.session(BADR)
    begun = desk.sign_in.passkeys.begin_registration(session, now=T0)
    again = Authenticator()
    answer = json.loads(again.create(begun.options))
    known = device.keys[0].id
    again.keys[0].id = known
    data = again.data(again.keys[0], 0x40) + bytes(16) + len(known).to_bytes(2, "big") + known + again.keys[0].cose
    answer["id"] = answer["rawId"] = b64(known)
    answer["response"]["attestationObject"] = b64(cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data}))
    with pytest.raises(Refusal, match=r"passkey\.taken"):
        desk.sign_in.passkeys.finish_registration(session, begun.secret.reveal(), json.dumps(answer), label="x", now=T0)
    assert desk.rows("SELECT person FROM passkey") == [("amal",)]


def test_a_passkey_is_removed_but_never_the_last_way_in(desk: Desk) -> None:
    device, passkeys = Authenticator(), desk.sign_in.passkeys
    first = enrol(desk, device)
    session = sign_in(desk, device)
    with pytest.raises(Refusal, match=r"sign_in\.last_way"):
        passkeys.remove(session, first, now=T0)
    begun = passkeys.begin_registration(session, now=T0)
    second = passkeys.finish_registration(session, begun.secret.reveal(), device.create(begun.options), label="key", now=T0)
    with pytest.raises(Refusal, match=r"passkey\.unknown"):
        passkeys.remove(desk.session(BADR), first, now=T0)
    with pytest.raises(Refusal, match=r"sign_in\.step_up_needed"):
        passkeys.remove(session, first, now=at(minutes=10))
    passkeys.remove(session, first, now=T0)
    assert not_accepted(lambda: sign_in(desk, device))
    with pytest.raises(Refusal, match=r"sign_in\.last_way"):
        passkeys.remove(session, second, now=T0)
    assert desk.rows("SELECT action FROM audit WHERE thing LIKE 'passkey%' ORDER BY at, id") == [("add",), ("add",), ("remove",)]


def test_two_passkeys_removed_at_once_leave_one(desk: Desk) -> None:
    device, passkeys = Authenticator(), desk.sign_in.passkeys
    first = enrol(desk, device)
    session = sign_in(desk, device)
    begun = passkeys.begin_registration(session, now=T0)
    second = passkeys.finish_registration(session, begun.secret.reveal(), device.create(begun.options), label="key", now=T0)

    def remove(passkey: PasskeyId) -> None:
        try:
            passkeys.remove(session, passkey, now=T0)
        except Refusal:
            pass

    threads = [Thread(target=remove, args=(each,)) for each in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(desk.rows("SELECT id FROM passkey")) == 1


def test_a_person_holds_a_limited_number_of_passkeys(lite: Desk) -> None:
    device, session, passkeys = Authenticator(), lite.session(), lite.sign_in.passkeys
    waiting = passkeys.begin_registration(session, now=T0)
    for _ in range(HELD_COUNT_MAX):
        begun = passkeys.begin_registration(session, now=T0)
        passkeys.finish_registration(session, begun.secret.reveal(), device.create(begun.options), label="x", now=T0)
    for attempt in (
        lambda: passkeys.begin_registration(session, now=T0),
        lambda: passkeys.finish_registration(session, waiting.secret.reveal(), device.create(waiting.options), label="x", now=T0),
    ):
        with pytest.raises(Refusal, match=r"passkey\.too_many"):
            attempt()


def test_a_disabled_person_does_not_sign_in_with_her_passkey(desk: Desk) -> None:
    device = Authenticator()
    enrol(desk, device)
    desk.change("UPDATE person SET disabled_at = '2025-01-01T00:00:00+00:00' WHERE id = 'amal'")
    assert not_accepted(lambda: sign_in(desk, device))


def test_ceremonies_that_nobody_finishes_are_forgotten_and_limited(lite: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("amana.node.ceremonies.OPEN_COUNT_MAX", 3)
    for _ in range(3):
        lite.sign_in.passkeys.begin_sign_in(now=T0)
    with pytest.raises(Refusal, match=r"sign_in\.busy"):
        lite.sign_in.passkeys.begin_sign_in(now=at(minutes=4))
    lite.sign_in.passkeys.begin_sign_in(now=at(minutes=5))
    assert len(lite.rows("SELECT hash FROM ceremony")) == 1 < OPEN_COUNT_MAX


def test_a_step_up_by_passkey_ends_with_the_session_meanwhile(desk: Desk) -> None:
    device = Authenticator()
    enrol(desk, device)
    session = sign_in(desk, device)
    begun = desk.sign_in.passkeys.begin_step_up(session, now=T0)
    desk.sign_in.sessions.sign_out(session, now=T0)
    with pytest.raises(Refusal, match=r"sign_in\.needed"):
        desk.sign_in.passkeys.finish_step_up(session, begun.secret.reveal(), device.get(begun.options), now=T0)


def test_a_session_that_no_passkey_began_is_stepped_up_by_one(desk: Desk) -> None:
    device = Authenticator()
    enrol(desk, device)
    with desk.database.transaction() as run:
        session = desk.sign_in.sessions.open(run, AMAL, method=Method.OIDC, stepped_up=None, now=T0).reveal()
    begun = desk.sign_in.passkeys.begin_step_up(session, now=T0)
    raised = desk.sign_in.passkeys.finish_step_up(session, begun.secret.reveal(), device.get(begun.options), now=T0).reveal()
    assert desk.sign_in.by_session(raised, now=T0).stepped_up(T0)
