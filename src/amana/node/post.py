"""E-mail that waits: letters that tell of a notice, or ask somebody to confirm her address or comment. Nothing of an application stands in
one.

A letter is taken by one process before it is sent, so that two never send it. As long as the server has not been handed its text, it
is put back and tried again, for two days. Once the text was handed over, it is never sent again, whatever became of the server's
reply: each letter arrives at most once. It bears the same Message-ID however often it is tried.
"""

import smtplib
import ssl
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from typing import final
from urllib.parse import urlsplit

import structlog

from amana.client.text import load
from amana.node.notices import path_of
from amana.node.settings import Settings
from amana.terms.database import Database, Value, moment, text

NOTICES = """SELECT notice.id, notice.at, notice.kind, COALESCE(notice.project, ''), COALESCE(notice.commitment, ''), person.language,
contact.address FROM notice
JOIN person ON person.id = notice.person JOIN contact ON contact.person = notice.person
WHERE notice.mail = 'waits' AND contact.confirmed_at IS NOT NULL AND person.disabled_at IS NULL
ORDER BY COALESCE(notice.mailed_at, ''), notice.at LIMIT :limit"""
TAKE = "UPDATE notice SET mail = 'taken', mailed_at = :at WHERE id = :id AND mail = 'waits'"
CLOSE = "UPDATE notice SET mail = :mail, mailed_at = :at WHERE id = :id AND mail = 'taken'"
GIVE_UP = "UPDATE notice SET mail = 'failed' WHERE mail = 'waits' AND at < :before"
ASKED = """SELECT contact.person, contact.asked_at, person.language, contact.address FROM contact
JOIN person ON person.id = contact.person WHERE contact.asked = 'waits' AND person.disabled_at IS NULL
ORDER BY contact.asked_at LIMIT :limit"""
TAKE_ASKED = "UPDATE contact SET asked = 'taken' WHERE person = :person AND asked_at = :asked_at AND asked = 'waits'"
CLOSE_ASKED = "UPDATE contact SET asked = :mail WHERE person = :person AND asked_at = :asked_at AND asked = 'taken'"
GIVE_UP_ASKED = "UPDATE contact SET asked = 'failed' WHERE asked = 'waits' AND asked_at < :before"
TRIED_FOR = timedelta(days=2)
LATER = range(400, 500)
"""Replies of a server that may take the letter another time. Source: RFC 5321, 4.2.1."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """`take`, `close`: statements, with the values that name its row."""

    id: str
    written_at: datetime
    language: str
    address: str
    subject: str
    body: str
    take: str
    close: str
    row: tuple[tuple[str, Value], ...]


@final
class Post:
    """The letters of one node."""

    def __init__(
        self, database: Database, settings: Settings, now: Callable[[], datetime], *, code_of: Callable[[str, str, str], str],
        others: Callable[[int], list[Letter]] = lambda _: [],
    ) -> None:  # fmt: skip
        """`code_of`: of `Contacts`. `others`: letters of another kind that wait, at most so many."""
        self._database, self._settings, self._now, self._code_of, self._others = database, settings, now, code_of, others

    def send(self) -> int:
        """Send what waits, at most `mail_turn_max` letters; how many were handed over. A server that does not answer is asked again at the
        next turn. Errors: Refusal node.database_lost."""
        if not self._settings.mail_host:
            return 0
        letters, sent = self._letters(), 0
        if not letters:
            return 0
        with self._database.transaction() as run:
            before = moment(self._now() - TRIED_FOR)
            run.change(GIVE_UP, {"before": before})
            run.change(GIVE_UP_ASKED, {"before": before})
        try:
            with self._server() as server:
                for letter in letters:
                    if self._taken(letter):
                        sent += self._handed(server, letter)
        except (OSError, smtplib.SMTPException) as error:
            structlog.get_logger("amana.node").warning("mail", cause=type(error).__name__)
        return sent

    def _letters(self) -> list[Letter]:
        most = self._settings.mail_turn_max
        with self._database.reading() as run:
            asked = [tuple(map(text, row)) for row in run.rows(ASKED, {"limit": most})]
            told = [tuple(map(text, row)) for row in run.rows(NOTICES, {"limit": most})]
        shared = asked if len(told) < most // 2 else asked[: max(1, most // 2)]  # neither kind waits for the other for ever
        found = [self._asking(person, asked_at, language, address) for person, asked_at, language, address in shared]
        found += [
            self._telling(name, at, path_of(kind, project=project, commitment=commitment), kind, *to)
            for name, at, kind, project, commitment, *to in told
        ]
        others = self._others(most)
        return [*others[: max(1, most // 2)], *found][:most] if len(found) > most // 2 else [*others, *found][:most]

    def _asking(self, person: str, asked_at: str, language: str, address: str) -> Letter:
        code, catalogue = self._code_of(person, address, asked_at), load(language)
        link = f"{self._settings.public_url}/{language}/desk/settings?code={code}"
        return Letter(
            id=f"address-{code[:16]}", written_at=datetime.fromisoformat(asked_at), language=language, address=address,
            subject=catalogue.say("mail.confirm.subject"), body=catalogue.say("mail.confirm.body", link=link), take=TAKE_ASKED,
            close=CLOSE_ASKED, row=(("person", person), ("asked_at", asked_at)),
        )  # fmt: skip

    def _telling(self, name: str, at: str, path: str, kind: str, language: str, address: str) -> Letter:
        catalogue, home = load(language), f"{self._settings.public_url}/{language}"
        subject, what = catalogue.say("mail.notice.subject"), catalogue.say(f"notice.{kind}")
        body = catalogue.say("mail.notice.body", what=what, link=home + path, settings=f"{home}/desk/settings")
        return Letter(
            id=name, written_at=datetime.fromisoformat(at), language=language, address=address, subject=subject, body=body, take=TAKE,
            close=CLOSE, row=(("id", name),),
        )  # fmt: skip

    def _taken(self, letter: Letter) -> bool:
        with self._database.transaction() as run:
            return run.change(letter.take, {**dict(letter.row), "at": moment(self._now())}) == 1

    def _closed(self, letter: Letter, mail: str) -> None:
        with self._database.transaction() as run:
            run.change(letter.close, {**dict(letter.row), "at": moment(self._now()), "mail": mail})

    def _handed(self, server: smtplib.SMTP, letter: Letter) -> int:
        """Hand one letter over. Errors: what the library raises when the connection is lost; the letter waits again if that was before its
        text was handed over."""
        try:
            code, _ = server.mail(self._settings.mail_from)
            if code == 250:
                code, _ = server.rcpt(letter.address)
        except (OSError, smtplib.SMTPException):
            self._closed(letter, "waits")
            raise
        if code not in {250, 251}:
            self._closed(letter, "waits" if code in LATER else "failed")
            server.rset()
            return 0
        try:
            code, _ = server.data(self._written(letter))
        except smtplib.SMTPDataError as refused:  # before the text
            code = refused.smtp_code
        self._closed(letter, "sent" if code == 250 else "waits" if code in LATER else "failed")
        return 1 if code == 250 else 0

    def _written(self, letter: Letter) -> bytes:
        made = EmailMessage(policy=SMTP)
        made.set_content(letter.body, cte="base64")  # first: it clears what else is said of the content
        made["From"], made["To"], made["Subject"] = self._settings.mail_from, letter.address, letter.subject
        made["Date"] = format_datetime(letter.written_at)
        made["Message-ID"] = f"<{letter.id}@{urlsplit(self._settings.public_url).hostname}>"
        made["Content-Language"], made["Auto-Submitted"] = letter.language, "auto-generated"
        return made.as_bytes()

    @contextmanager
    def _server(self) -> Generator[smtplib.SMTP]:
        settings, wait_s = self._settings, self._settings.mail_wait_ms_max / 1e3
        secured = ssl.create_default_context()
        if settings.mail_tls == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(settings.mail_host, settings.mail_port, timeout=wait_s, context=secured)
        else:
            server = smtplib.SMTP(settings.mail_host, settings.mail_port, timeout=wait_s)
        with server:
            server.ehlo()
            if settings.mail_tls == "starttls":
                server.starttls(context=secured)
                server.ehlo()
            if settings.mail_user:
                password = Path(settings.mail_password_file).read_text("utf-8").strip() if settings.mail_password_file else ""
                server.login(settings.mail_user, password)
            yield server
