"""How a person is reached: the language of her messages, an e-mail address that she confirmed, a feed under a secret address.

An address is used once somebody who is signed in as her has opened the link that was sent to it. The link's code is not kept: it is
worked out from what the row says and a key of the node.
"""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from re import fullmatch
from typing import final

from amana.node.audit import note
from amana.node.notices import Notice, read_notices
from amana.node.people import read_person
from amana.node.secret import Kind, Secret, hash_of, new_secret
from amana.node.settings import LANGUAGES
from amana.policy.people import Asker, Person
from amana.policy.rights import Action, check
from amana.policy.things import Node
from amana.terms.database import Database, Transaction, moment, text, text_or_none
from amana.terms.ids import PersonId
from amana.terms.refusal import Refusal

CONTACT = "SELECT address, asked_at, asked, confirmed_at FROM contact WHERE person = :person"
ASK = """INSERT INTO contact (person, address, asked_at, asked) VALUES (:person, :address, :at, 'waits')
ON CONFLICT (person) DO UPDATE SET address = :address, asked_at = :at, asked = 'waits', confirmed_at = NULL"""
ASKED_BY = """SELECT at FROM audit WHERE thing = 'person' AND subject = :person AND action = 'keep settings: address' AND now_is = 'asked'
AND at > :since"""
CONFIRM = "UPDATE contact SET confirmed_at = :at WHERE person = :person AND address = :address AND asked_at = :asked_at"
FORGET = "DELETE FROM contact WHERE person = :person"
UNMAIL = "UPDATE notice SET mail = 'none' WHERE person = :person AND mail = 'waits'"
SPEAK = "UPDATE person SET language = :language WHERE id = :person"
FEED = "SELECT person FROM feed WHERE hash = :hash"
HAS_FEED = "SELECT 1 FROM feed WHERE person = :person"
MAKE_FEED = """INSERT INTO feed (person, hash, made_at) VALUES (:person, :hash, :at)
ON CONFLICT (person) DO UPDATE SET hash = :hash, made_at = :at"""
DROP_FEED = "DELETE FROM feed WHERE person = :person"
ADDRESS = r"[A-Za-z0-9._%+-]{1,64}@([A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,63}"
PAUSE = timedelta(minutes=1)
DAY = timedelta(days=1)
ASKED_A_DAY_MAX = 5
"""Letters that a person may have sent to addresses that nobody confirmed."""
"""Between two addresses of one person: each sends a letter to somebody who may be another."""
CODE_LASTS = timedelta(days=7)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """`sent`: whether the letter that asks her to confirm it has left."""

    address: str
    confirmed: bool
    sent: bool


@final
class Contacts:
    """Errors: every method for an asker raises the refusals of `policy.rights.check`."""

    def __init__(self, database: Database, now: Callable[[], datetime], *, digest_key: bytes, mails: bool) -> None:
        """`mails`: whether this node sends e-mail at all."""
        self._database, self._now, self._digest_key, self.mails = database, now, digest_key, mails

    def contact(self, asker: Asker | None) -> Contact | None:
        """Where she is reached, if anywhere."""
        person = self._person(asker)
        with self._database.reading() as run:
            found = run.rows(CONTACT, {"person": person})
        return None if not found else Contact(address=text(found[0][0]), confirmed=found[0][3] is not None, sent=found[0][2] == "sent")

    def speak(self, asker: Asker | None, *, language: str) -> None:
        """The language of messages to her from now on. Errors: Refusal node.bad_value."""
        person = self._person(asker)
        if language not in LANGUAGES:
            raise Refusal("node.bad_value", field="language", wanted="word.one_of", known=", ".join(LANGUAGES))
        with self._database.transaction() as run:
            was = read_person(run, person).language
            run.change(SPEAK, {"person": person, "language": language})
            _note(run, person, at=self._now(), action="language", was=was, now_is=language)

    def ask_address(self, asker: Asker | None, *, address: str) -> None:
        """Send a letter there, whose link she opens. Errors: Refusal contact.no_mail, contact.too_soon, node.bad_value."""
        person, at = self._person(asker), self._now()
        if not self.mails:
            raise Refusal("contact.no_mail")
        if len(address) > 254 or fullmatch(ADDRESS, address) is None:
            raise Refusal("node.bad_value", field="address", wanted="word.setting.address")
        with self._database.transaction() as run:
            asked = [datetime.fromisoformat(text(each)) for (each,) in run.rows(ASKED_BY, {"person": person, "since": moment(at - DAY)})]
            if len(asked) >= ASKED_A_DAY_MAX or any(at - each < PAUSE for each in asked):
                raise Refusal("contact.too_soon")
            run.change(ASK, {"person": person, "address": address, "at": moment(at)})
            run.change(UNMAIL, {"person": person})
            _note(run, person, at=at, action="address", was="", now_is="asked")

    def confirm(self, asker: Asker | None, *, code: str) -> None:
        """The address is hers. Errors: Refusal contact.not_confirmed."""
        person, at = self._person(asker), self._now()
        with self._database.transaction() as run:
            found = run.rows(CONTACT, {"person": person})
            if not found:
                raise Refusal("contact.not_confirmed")
            address, asked_at = text(found[0][0]), text(found[0][1])
            good = hmac.compare_digest(self.code_of(person, address, asked_at).encode(), code.encode("utf-8", "surrogatepass"))
            if not good or not timedelta(0) <= at - datetime.fromisoformat(asked_at) < CODE_LASTS:
                raise Refusal("contact.not_confirmed")
            if text_or_none(found[0][3]) is None:
                run.change(CONFIRM, {"person": person, "address": address, "asked_at": asked_at, "at": moment(at)})
                _note(run, person, at=at, action="address", was="asked", now_is="confirmed")

    def forget_address(self, asker: Asker | None) -> None:
        """No more e-mail to her."""
        person = self._person(asker)
        with self._database.transaction() as run:
            if run.change(FORGET, {"person": person}):
                run.change(UNMAIL, {"person": person})
                _note(run, person, at=self._now(), action="address", was="", now_is="forgotten")

    def has_feed(self, asker: Asker | None) -> bool:
        """Whether she made one."""
        person = self._person(asker)
        with self._database.reading() as run:
            return bool(run.rows(HAS_FEED, {"person": person}))

    def make_feed(self, asker: Asker | None) -> Secret:
        """The secret of a new feed; the one before opens nothing any more."""
        person, at, made = self._person(asker), self._now(), new_secret(Kind.FEED)
        with self._database.transaction() as run:
            run.change(MAKE_FEED, {"person": person, "hash": hash_of(Kind.FEED, made.reveal()), "at": moment(at)})
            _note(run, person, at=at, action="feed", was="", now_is="made")
        return made

    def drop_feed(self, asker: Asker | None) -> None:
        """Nobody reads it any more."""
        person = self._person(asker)
        with self._database.transaction() as run:
            if run.change(DROP_FEED, {"person": person}):
                _note(run, person, at=self._now(), action="feed", was="made", now_is="dropped")

    def feed(self, secret: str) -> tuple[Person, tuple[Notice, ...]]:
        """Whose feed it is, and her notices. Errors: Refusal node.not_found, also when she is disabled."""
        with self._database.reading() as run:
            found = run.rows(FEED, {"hash": hash_of(Kind.FEED, secret)})
            person = read_person(run, PersonId(text(found[0][0]))) if found else None
            if person is None or person.disabled_at is not None:
                raise Refusal("node.not_found", thing="word.thing.feed", name=secret[:6])
            return person, read_notices(run, person.id)

    def code_of(self, person: str, address: str, asked_at: str) -> str:
        """What shows that somebody reads the letters of that address."""
        asked = f"amana address 1\n{person}\n{address}\n{asked_at}"
        return hmac.new(self._digest_key, asked.encode(), hashlib.sha256).hexdigest()[:40]

    def _person(self, asker: Asker | None) -> PersonId:
        check(Action.KEEP_SETTINGS, asker, on=Node(), now=self._now())
        assert asker is not None
        return asker.person.id


def _note(run: Transaction, person: PersonId, *, at: datetime, action: str, was: str, now_is: str) -> None:
    note(run, at=at, actor=person, action=f"keep settings: {action}", thing="person", subject=person, was=was, now_is=now_is)
