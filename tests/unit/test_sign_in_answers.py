"""Answers of browsers that are not what they should be: accepted by nobody, and never another exception."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amana.terms.refusal import Refusal
from tests.authenticator import PRESENT, VERIFIED, Authenticator, b64, enrol, not_accepted, sign_in
from tests.signing import T0, Desk, desk_at


@pytest.fixture
def lite(tmp_path: Path) -> Iterator[Desk]:
    """For what is refused before the database is asked: one of them is enough."""
    made = desk_at(tmp_path / "node")
    yield made
    made.database.close()


BENT = {
    "another origin": {"origin": "https://data.example.org.evil.test"},
    "the right host unencrypted": {"origin": "http://data.example.org"},
    "another host": {"host": "example.org"},
    "no check of the user": {"flags": PRESENT},
    "nobody present": {"flags": VERIFIED},
    "a frame of another site": {"foreign_frame": True},
}


@pytest.mark.parametrize("bent", BENT.values(), ids=BENT)
def test_a_bent_answer_neither_registers_nor_signs_in(lite: Desk, bent: dict[str, object]) -> None:
    assert not_accepted(lambda: enrol(lite, Authenticator(**bent)))  # type: ignore[arg-type]
    device = Authenticator()
    enrol(lite, device)
    for name, value in bent.items():
        setattr(device, name, value)
    assert not_accepted(lambda: sign_in(lite, device))
    assert lite.rows("SELECT method FROM session WHERE method = 'passkey'") == []


LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.binary(max_size=80).map(b64)
TREES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4), max_leaves=8
)
FIELDS = ("id", "rawId", "type", "response", "clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle")


@given(name=st.sampled_from(FIELDS), value=TREES, register=st.booleans())
def test_whatever_a_browser_answers_is_accepted_or_refused(name: str, value: object, register: bool) -> None:
    desk, device = desk_at(":memory:"), Authenticator()
    session = desk.session()
    begun = desk.sign_in.passkeys.begin_registration(session, now=T0)
    good = device.create(begun.options)
    if not register:
        desk.sign_in.passkeys.finish_registration(session, begun.secret.reveal(), good, label="x", now=T0)
        begun = desk.sign_in.passkeys.begin_sign_in(now=T0)
        good = device.get(begun.options)
    answer = json.loads(good)
    place = answer if name in answer else answer["response"]
    read = name not in ({"authenticatorData", "signature", "userHandle"} if register else {"attestationObject"})
    changed = place.get(name) != value
    place[name] = value
    secret, text = begun.secret.reveal(), json.dumps(answer)
    try:
        if register:
            desk.sign_in.passkeys.finish_registration(session, secret, text, label="x", now=T0)
        else:
            desk.sign_in.passkeys.finish_sign_in(secret, text, now=T0)
    except Refusal as refusal:
        assert refusal.code == "passkey.not_accepted"
    else:
        assert not (changed and read)
    finally:
        desk.database.close()


@pytest.mark.parametrize("answer", ["", "[]", "null", "{", "1" * 70_000, "[" * 50_000, '{"id": "\\ud800"}'])
def test_what_is_no_answer_of_a_browser_is_refused(lite: Desk, answer: str) -> None:
    begun = lite.sign_in.passkeys.begin_sign_in(now=T0)
    assert not_accepted(lambda: lite.sign_in.passkeys.finish_sign_in(begun.secret.reveal(), answer, now=T0))
