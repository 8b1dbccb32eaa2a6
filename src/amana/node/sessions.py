"""Sessions: a person in front of a browser, until she signs out, idles too long or half a day is over."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import NewType, final

from amana.node.askers import hold, read_asker, read_enabled
from amana.node.audit import note
from amana.node.secret import Kind, Secret, hash_of, new_secret
from amana.policy.people import SESSION_LASTS, STEP_UP_LASTS, Asker, Person
from amana.terms.database import Database, Transaction, moment, moment_or_none, text
from amana.terms.ids import PersonId
from amana.terms.refusal import Refusal

SessionId = NewType("SessionId", str)

ENROL_LASTS = timedelta(hours=1)
SEEN_EVERY = timedelta(minutes=1)
"""A request writes when the session was last seen only if that is longer ago: most requests only read."""

OPEN = """INSERT INTO session (id, hash, person, method, signed_in_at, stepped_up_at, seen_at, ends_at)
VALUES (:id, :hash, :person, :method, :now, :stepped_up, :now, :ends)"""
PURGE = "DELETE FROM session WHERE person = :person AND ends_at <= :now"
FIND = """SELECT id, person, method, signed_in_at, stepped_up_at, seen_at FROM session
WHERE hash = :hash AND ended_at IS NULL AND signed_in_at <= :now AND ends_at > :now AND seen_at > :idle_since"""
SEE = "UPDATE session SET seen_at = :now WHERE id = :id AND ended_at IS NULL AND seen_at < :now"
ROTATE = """UPDATE session SET hash = :hash, stepped_up_at = :now, seen_at = :now
WHERE hash = :old AND ended_at IS NULL AND ends_at > :now"""
END = "UPDATE session SET ended_at = :now WHERE id = :id AND ended_at IS NULL"
END_ALL = "UPDATE session SET ended_at = :now WHERE person = :person AND ended_at IS NULL AND ends_at > :now"


class Method(Enum):
    """How a session began. ENROL: with a link that only lets her register a way to sign in."""

    PASSKEY = "passkey"
    OIDC = "oidc"
    DEMO = "demo"
    ENROL = "enrol"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A session that holds at this request. Its secret is not here; `hash` names it."""

    id: SessionId
    hash: str
    person: PersonId
    method: Method
    signed_in_at: datetime
    stepped_up_at: datetime | None
    seen_at: datetime

    def stepped_up(self, now: datetime) -> bool:
        """Whether she signed in strongly just now. Source: the rule of `policy.people.Asker`."""
        return self.stepped_up_at is not None and timedelta(0) <= now - self.stepped_up_at < STEP_UP_LASTS


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """Somebody who came with an enrolment link: she may register a way to sign in and do nothing else. Not an Asker."""

    person: Person
    session: SessionId


@final
class Sessions:
    """Every request brings its secret; what it is worth is read anew each time."""

    def __init__(self, database: Database, *, idle: timedelta, demo: bool) -> None:
        """`demo`: whether sessions of demo links hold at all on this node."""
        self._database, self._idle, self._demo = database, idle, demo

    def by_session(self, secret: str, *, now: datetime) -> Asker:
        """Who asks. Errors: Refusal sign_in.needed, whatever is the matter with the secret or the person."""
        with self._database.reading() as run:
            session = self.find(run, secret, now=now)
            asker = None if session is None or session.method is Method.ENROL else _asker(run, session)
        if session is None or asker is None:
            raise Refusal("sign_in.needed")
        self._see(session, now=now)
        return asker

    def enrolment(self, secret: str, *, now: datetime) -> Enrolment:
        """Who came to enrol. Errors: Refusal sign_in.needed."""
        with self._database.reading() as run:
            session = self.find(run, secret, now=now)
            person = None if session is None or session.method is not Method.ENROL else read_enabled(run, session.person)
        if session is None or person is None:
            raise Refusal("sign_in.needed")
        return Enrolment(person=person, session=session.id)

    def sign_out(self, secret: str, *, now: datetime) -> None:
        """End this session. Whoever has none any more is signed out already."""
        with self._database.transaction() as run:
            session = self.find(run, secret, now=now)
            if session is not None:
                self.end(run, session, now=now)

    def sign_out_everywhere(self, secret: str, *, now: datetime) -> int:
        """End all sessions of the person, this one too; how many there were. Errors: Refusal sign_in.needed."""
        with self._database.transaction() as run:
            session = self.full(run, secret, now=now)
            return end_all(run, session.person, actor=session.person, now=now)

    def find(self, run: Transaction, secret: str, *, now: datetime) -> Session | None:
        """The session of that secret if it holds now. A demo session counts as stepped up all the time."""
        hashed = hash_of(Kind.SESSION, secret)
        found = run.rows(FIND, {"hash": hashed, "now": moment(now), "idle_since": moment(now - self._idle)})
        if not found:
            return None
        name, person, method, signed_in_at, stepped_up_at, seen_at = found[0]
        session = Session(
            id=SessionId(text(name)),
            hash=hashed,
            person=PersonId(text(person)),
            method=Method(method),
            signed_in_at=datetime.fromisoformat(text(signed_in_at)),
            stepped_up_at=now if Method(method) is Method.DEMO else moment_or_none(stepped_up_at),
            seen_at=datetime.fromisoformat(text(seen_at)),
        )
        return None if session.method is Method.DEMO and not self._demo else session

    def full(self, run: Transaction, secret: str, *, now: datetime) -> Session:
        """A session that may do things, of a person who is not disabled, held until the transaction ends.

        Errors: Refusal sign_in.needed.
        """
        session = self.find(run, secret, now=now)
        if session is None or session.method is Method.ENROL or not hold(run, session.person):
            raise Refusal("sign_in.needed")
        return session

    def enrolling(self, run: Transaction, secret: str, *, now: datetime) -> Session:
        """A session that may add a way to sign in: of an enrolment link, or stepped up; not of a demo link, which it would outlive.

        Errors: Refusal sign_in.needed, sign_in.not_in_demo, sign_in.step_up_needed.
        """
        session = self.find(run, secret, now=now)
        if session is None or not hold(run, session.person):
            raise Refusal("sign_in.needed")
        if session.method is Method.DEMO:
            raise Refusal("sign_in.not_in_demo")
        if session.method is not Method.ENROL and not session.stepped_up(now):
            raise Refusal("sign_in.step_up_needed")
        return session

    def open(self, run: Transaction, person: PersonId, *, method: Method, stepped_up: datetime | None, now: datetime) -> Secret:
        """A new session, whose secret nobody has seen before; those that are over are forgotten."""
        made, name = new_secret(Kind.SESSION), secrets.token_hex(16)
        run.change(PURGE, {"person": person, "now": moment(now)})
        row = {
            "id": name,
            "hash": hash_of(Kind.SESSION, made.reveal()),
            "person": person,
            "method": method.value,
            "stepped_up": None if stepped_up is None else moment(stepped_up),
            "ends": moment(now + (ENROL_LASTS if method is Method.ENROL else SESSION_LASTS)),
            "now": moment(now),
        }
        run.change(OPEN, row)
        note(run, at=now, actor=person, action="sign in", thing=f"session {name}", subject=person, was="", now_is=method.value)
        return made

    def step_up(self, run: Transaction, session: Session, *, now: datetime) -> Secret:
        """The same session under a new secret, stepped up. Errors: Refusal sign_in.needed when the old one is gone meanwhile."""
        made = new_secret(Kind.SESSION)
        if run.change(ROTATE, {"hash": hash_of(Kind.SESSION, made.reveal()), "old": session.hash, "now": moment(now)}) != 1:
            raise Refusal("sign_in.needed")
        thing = f"session {session.id}"
        note(run, at=now, actor=session.person, action="step up", thing=thing, subject=session.person, was="", now_is="stepped up")
        return made

    def end(self, run: Transaction, session: Session, *, now: datetime) -> None:
        """Nothing more comes of this session."""
        if run.change(END, {"id": session.id, "now": moment(now)}) == 1:
            thing = f"session {session.id}"
            was = session.method.value
            note(run, at=now, actor=session.person, action="sign out", thing=thing, subject=session.person, was=was, now_is="ended")

    def _see(self, session: Session, *, now: datetime) -> None:
        if now - session.seen_at >= SEEN_EVERY:
            with self._database.transaction() as run:
                run.change(SEE, {"id": session.id, "now": moment(now)})


def _asker(run: Transaction, session: Session) -> Asker | None:
    demo = session.method is Method.DEMO
    at, strong = session.signed_in_at, session.stepped_up_at
    return read_asker(run, session.person, signed_in_at=at, stepped_up_at=strong, token=None, demo=demo)


def end_all(run: Transaction, person: PersonId, *, actor: str, now: datetime) -> int:
    """End every session of a person; how many there were."""
    ended = run.change(END_ALL, {"person": person, "now": moment(now)})
    if ended:
        note(run, at=now, actor=actor, action="sign out", thing="every session", subject=person, was=str(ended), now_is="ended")
    return ended
