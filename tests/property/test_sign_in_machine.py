"""Whatever happens to people, links, sessions and tokens, a secret is worth what a small model says; none is found in the folder.

The model knows of each secret from when to when it holds and whether something ended it. What was ended never holds again, whatever
follows: clocks that go back, people who are enabled again, the owner's other sessions.
"""

import logging
import shutil
import tempfile
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from amana.node.links import LASTS, LinkKind
from amana.node.secret import Kind, hash_of
from amana.node.sessions import ENROL_LASTS, SEEN_EVERY
from amana.node.sign_in import cut_off
from amana.policy.people import SESSION_LASTS, STEP_UP_LASTS, Scope
from amana.terms.ids import PersonId, TokenId
from amana.terms.refusal import Refusal
from tests.authenticator import Authenticator
from tests.signing import AMAL, BADR, OTMAN, T0, desk_at

PEOPLE = (AMAL, BADR)
IDLE = timedelta(hours=1)
pick = st.integers(0, 30)


@dataclass(eq=False)
class Model:
    """One secret. `kind`: link, session, enrol, token. `demo` sessions count as stepped up; others since `stepped`."""

    kind: str
    secret: str
    person: PersonId
    since: datetime
    until: datetime
    ended: bool = False
    demo: bool = False
    link: LinkKind | None = None
    id: str = ""
    seen: datetime = T0
    stepped: datetime | None = None

    def holds(self, now: datetime, disabled: set[PersonId]) -> bool:
        idle = self.kind in {"session", "enrol"} and now - self.seen >= IDLE
        return not self.ended and self.person not in disabled and self.since <= now < self.until and not idle

    def strong(self, now: datetime) -> bool:
        return self.demo or (self.stepped is not None and timedelta(0) <= now - self.stepped < STEP_UP_LASTS)


class SignInMachine(RuleBasedStateMachine):
    @initialize()
    def start(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="amana"))
        self.said = StringIO()
        self.log = logging.StreamHandler(self.said)
        logging.getLogger().addHandler(self.log)
        self.desk = desk_at(self.folder / "node.sqlite")
        self.sign_in = self.desk.sign_in
        self.now = T0
        self.disabled: set[PersonId] = set()
        self.known: list[Model] = []
        self.devices = {person: Authenticator() for person in PEOPLE}

    def one(self, kind: str, number: int) -> Model | None:
        found = [each for each in self.known if each.kind == kind]
        return found[-1 - number % len(found)] if found else None

    def holds(self, model: Model) -> bool:
        return model.holds(self.now, self.disabled)

    def new(self, made: Model) -> None:
        """A session or token was made: those of the person that are over are forgotten, and no clock brings them back."""
        kinds = {"token"} if made.kind == "token" else {"session", "enrol"}
        for each in self.known:
            if each.kind in kinds and each.person == made.person and each.until <= self.now:
                each.ended = True
        self.known.append(made)

    def session(self, secret: str, person: PersonId, *, demo: bool = False, stepped: datetime | None = None) -> Model:
        until = self.now + SESSION_LASTS
        return Model("session", secret, person, self.now, until, demo=demo, seen=self.now, stepped=stepped)

    @rule(person=st.sampled_from(PEOPLE), kind=st.sampled_from(LinkKind))
    def invite(self, person: PersonId, kind: LinkKind) -> None:
        try:
            secret = self.sign_in.links.invite(person, kind=kind, actor=OTMAN, now=self.now)
        except Refusal as refusal:
            assert refusal.code == "sign_in.unknown_person" and person in self.disabled
            return
        assert person not in self.disabled
        self.say(secret)
        for each in self.known:
            if each.kind == "link" and each.person == person and each.link is kind:
                each.ended = True
        self.known.append(Model("link", secret.reveal(), person, self.now, self.now + LASTS[kind], link=kind))

    @rule(number=pick)
    def open_link(self, number: int) -> None:
        model = self.one("link", number)
        if model is None:
            return
        try:
            opened = self.sign_in.links.open(model.secret, now=self.now)
        except Refusal as refusal:
            assert refusal.code == "sign_in.link_void" and not self.holds(model)
            return
        assert self.holds(model) and opened.kind is model.link
        model.ended = True
        self.say(opened)
        if model.link is LinkKind.DEMO:
            self.new(self.session(opened.session.reveal(), model.person, demo=True))
        else:
            self.new(Model("enrol", opened.session.reveal(), model.person, self.now, self.now + ENROL_LASTS, seen=self.now))

    @rule(number=pick)
    def enrol(self, number: int) -> None:
        model = self.one("enrol", number)
        if model is None:
            return
        try:
            begun = self.sign_in.passkeys.begin_registration(model.secret, now=self.now)
            answer = self.devices[model.person].create(begun.options)
            self.sign_in.passkeys.finish_registration(model.secret, begun.secret.reveal(), answer, label="x", now=self.now)
        except Refusal as refusal:
            assert refusal.code == "passkey.too_many" or (refusal.code == "sign_in.needed" and not self.holds(model))
            return
        assert self.holds(model)
        model.ended = True

    @rule(person=st.sampled_from(PEOPLE))
    def passkey(self, person: PersonId) -> None:
        if not self.devices[person].keys:
            return
        begun = self.sign_in.passkeys.begin_sign_in(now=self.now)
        try:
            secret = self.sign_in.passkeys.finish_sign_in(
                begun.secret.reveal(), self.devices[person].get(begun.options), now=self.now
            ).reveal()
        except Refusal:
            assert person in self.disabled
            return
        assert person not in self.disabled
        self.new(self.session(secret, person, stepped=self.now))

    @rule(number=pick)
    def step_up(self, number: int) -> None:
        model = self.one("session", number)
        if model is None or not self.devices[model.person].keys:
            return
        try:
            begun = self.sign_in.passkeys.begin_step_up(model.secret, now=self.now)
            answer = self.devices[model.person].get(begun.options)
            secret = self.sign_in.passkeys.finish_step_up(model.secret, begun.secret.reveal(), answer, now=self.now)
        except Refusal as refusal:
            assert refusal.code == "sign_in.needed" and not self.holds(model)
            return
        assert self.holds(model)
        model.ended = True
        self.known.append(
            Model("session", secret.reveal(), model.person, model.since, model.until, demo=model.demo, seen=self.now, stepped=self.now)
        )

    @rule(number=pick, days=st.integers(1, 90))
    def make_token(self, number: int, days: int) -> None:
        model = self.one("session", number)
        if model is None or not self.ask(model):
            return
        asker = self.sign_in.by_session(model.secret, now=self.now)
        try:
            made = self.sign_in.tokens.make(asker, label="x", scopes=(Scope.READ,), days=days, allowance=None, now=self.now)
        except Refusal as refusal:
            assert refusal.code == "token.too_many" or (refusal.code == "sign_in.step_up_needed" and not model.strong(self.now))
            return
        assert model.strong(self.now)
        self.say(made)
        until = self.now + timedelta(days=days)
        self.new(Model("token", made.secret.reveal(), model.person, self.now, until, id=made.held.token.id))

    @rule(number=pick, other=pick)
    def revoke(self, number: int, other: int) -> None:
        model, token = self.one("session", number), self.one("token", other)
        if model is None or token is None or not self.ask(model):
            return
        try:
            self.sign_in.tokens.revoke(self.sign_in.by_session(model.secret, now=self.now), TokenId(token.id), now=self.now)
        except Refusal as refusal:
            assert refusal.code == "token.unknown" and (token.ended or token.person != model.person)
            return
        assert not token.ended and token.person == model.person
        token.ended = True

    @rule(number=pick, everywhere=st.booleans())
    def sign_out(self, number: int, everywhere: bool) -> None:
        model = self.one("session", number)
        if model is None:
            return
        if not everywhere:
            self.sign_in.sessions.sign_out(model.secret, now=self.now)
            model.ended = model.ended or model.holds(self.now, set())
        elif self.holds(model):
            self.sign_in.sessions.sign_out_everywhere(model.secret, now=self.now)
            self.end_sessions(model.person)

    @rule(person=st.sampled_from(PEOPLE))
    def disable(self, person: PersonId) -> None:
        with self.desk.database.transaction() as run:
            run.change("UPDATE person SET disabled_at = '2025-01-01T00:00:00+00:00' WHERE id = :id", {"id": person})
            cut_off(run, person, actor=OTMAN, now=self.now)
        self.disabled.add(person)
        self.end_sessions(person)
        for each in self.known:
            if each.person == person and each.kind in {"link", "token"}:
                each.ended = True

    @precondition(lambda self: self.disabled)
    @rule()
    def enable(self) -> None:
        person = self.disabled.pop()
        self.desk.change("UPDATE person SET disabled_at = NULL WHERE id = :id", {"id": person})

    @rule(minutes=st.sampled_from([0.5, 1, 5, 10, 30, 59, 60, 300, 60 * 24, 60 * 24 * 30]))
    def wait(self, minutes: float) -> None:
        self.now += timedelta(minutes=minutes)

    @rule(minutes=st.sampled_from([1, 30, 60 * 24 * 7]))
    def clock_goes_back(self, minutes: int) -> None:
        self.now = max(T0, self.now - timedelta(minutes=minutes))

    @invariant()
    def every_secret_is_worth_what_the_model_says(self) -> None:
        for model in self.known:
            if model.kind != "link":  # a link is tried by opening it
                assert self.ask(model) == self.holds(model), model.kind

    def ask(self, model: Model) -> bool:
        """Whether the secret is somebody, of its own kind and of no other."""
        held = self.holds(model)
        ways = {"session": self.sign_in.by_session, "enrol": self.sign_in.enrolment, "token": self.sign_in.by_token}
        answers = {}
        for kind, way in ways.items():
            try:
                found = way(model.secret, now=self.now)
                assert found.person.id == model.person
                answers[kind] = True
                self.say(found)
            except Refusal as refusal:
                assert (refusal.code, dict(refusal.parameters)) == ("sign_in.needed", {})
                answers[kind] = False
                self.say(refusal)
        if held and model.kind == "session" and self.now - model.seen >= SEEN_EVERY:
            model.seen = self.now
        assert not any(answers[kind] for kind in ways if kind != model.kind)
        return answers[model.kind]

    def end_sessions(self, person: PersonId) -> None:
        for each in self.known:
            if each.person == person and each.kind in {"session", "enrol"} and self.now < each.until:
                each.ended = True

    def say(self, thing: object) -> None:
        with redirect_stdout(self.said), redirect_stderr(self.said):
            print(repr(thing), thing, file=self.said)

    def teardown(self) -> None:
        if not hasattr(self, "desk"):
            return
        logging.getLogger().removeHandler(self.log)
        files = b"".join(path.read_bytes() for path in self.folder.rglob("*") if path.is_file())
        self.desk.database.close()
        shutil.rmtree(self.folder)
        said = self.said.getvalue()
        for model in self.known:
            bare = model.secret.removeprefix("amana_")
            assert len(bare) == 43 and bare.encode() not in files and bare not in said
        assert not self.known or b"sign_in_link" in files


TestSignIn = SignInMachine.TestCase
TestSignIn.settings = settings(stateful_step_count=30, max_examples=settings().max_examples // 4 or 1)


def test_the_machine_finds_a_secret_that_is_kept() -> None:
    """The look into the folder sees what is there: the hash of a secret is found, the secret is not."""
    folder = Path(tempfile.mkdtemp(prefix="amana"))
    desk = desk_at(folder / "node.sqlite")
    session = desk.session()
    files = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert hash_of(Kind.SESSION, session).encode() in files and session.encode() not in files
    desk.database.close()
    shutil.rmtree(folder)
