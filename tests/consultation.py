"""A node on which version 1 of the small plan is open for comments, with a clock that goes forward and a mail server."""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from amana.log.quorum import policy_of
from amana.log.read import FolderReader
from amana.log.verify import verify
from amana.node.clocks import SystemClock
from amana.node.consultation_rows import Opened
from amana.node.plan_comments import Said
from amana.programme.consultation import ACCEPTED, NOT_ACCEPTED, CommentAnswer
from amana.terms.refusal import Refusal
from tests.mail_server import MailServer, mail_server
from tests.programme import Carried, carried, plan_text

ADDRESS = "Reader@Village.example"
ACCEPT = CommentAnswer(outcome=ACCEPTED, changed=("open-data",), reason="")
REFUSE = CommentAnswer(outcome=NOT_ACCEPTED, changed=(), reason="It costs too much.")
CHANGED = plan_text(version=1).replace("text open data, in short", "text open data of every ministry")


class Forward(SystemClock):
    """The machine's clock, some days ahead."""

    ahead = timedelta(0)

    def now(self) -> datetime:
        return super().now() + self.ahead


@dataclass
class Asked:
    """A node with version 1 of the small plan open for ten days."""

    world: Carried
    server: MailServer
    folder: Path
    opened: Opened

    @property
    def comments(self):
        return self.world.node.service.consultations.comments

    def said(self, words: str, *, statement: str = "open-data", address: str = ADDRESS, category: str = "citizen") -> Said:
        return Said(plan="small", version=1, statement=statement, language="fr", words=words, category=category, address=address)

    def send(self) -> list[str]:
        """Send what waits; the secrets of the links in it."""
        self.server.letters.clear()
        self.world.node.service._post.send()
        return [
            found[1]
            for letter in self.server.letters
            if (found := re.search(r"/programme/comments/([0-9a-f]+)", letter.get_content())) is not None
        ]

    def confirmed(self, words: str, *, statement: str = "open-data", address: str = ADDRESS, category: str = "citizen") -> str:
        """A comment by letter, confirmed; its id."""
        made = self.comments.write(None, said=self.said(words, statement=statement, address=address, category=category))
        (secret,) = self.send()
        assert self.comments.confirm(secret).id == made
        return made

    def published(self, words: str, *, statement: str = "open-data", address: str = ADDRESS) -> str:
        made = self.confirmed(words, statement=statement, address=address)
        self.comments.moderate(self.world.asker("decider"), comment=made, decision="published")
        return made

    def answer(self, comment: str, answer: CommentAnswer, *, who: str = "decider") -> None:
        self.comments.answer(self.world.asker(who), comment=comment, answer=answer)

    def pass_days(self, days: float) -> None:
        Forward.ahead += timedelta(days=days)

    def close(self, content: str | None = None) -> Opened:
        found = self.world.node.service.consultations
        given = None if content is None else content.encode()
        return found.close(self.world.asker("decider"), plan="small", version=1, content=given)

    def counts(self):
        return self.world.node.service.consultations.one("small", 1).counts

    def document(self) -> dict[str, object]:
        return json.loads(self.world.node.service.consultations.answers("small", 1))

    def verified(self) -> None:
        """A copy of the log holds."""
        service = self.world.node.service
        copy = self.folder / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(service.settings.folder / "log", copy)
        found = verify(FolderReader(copy), policy=policy_of(*service._wired.log.signed_by), since=None, progress=lambda *_: None)
        assert found.documents_missing == ()


def today(world: Carried) -> date:
    return world.node.service.now().date()


def refused(act: Callable[[], object], code: str) -> Refusal:
    with pytest.raises(Refusal) as caught:
        act()
    assert caught.value.code == code, caught.value
    return caught.value


@contextmanager
def consulted(folder: Path, patch: pytest.MonkeyPatch) -> Iterator[Asked]:
    """The consultation."""
    patch.setattr("amana.node.wiring.SystemClock", Forward)
    patch.setattr(Forward, "ahead", timedelta(0))
    with mail_server() as server:
        mail = (
            f'mail_host = "127.0.0.1"\nmail_port = {server.port}\nmail_tls = "none"\nmail_from = "amana@node.example"\ntend_ms = 3600000\n'
        )
        with carried(folder / "node", settings=mail) as world:
            until = today(world) + timedelta(days=10)
            opened = world.node.service.consultations.open(world.asker("decider"), content=plan_text().encode(), until=until)
            yield Asked(world=world, server=server, folder=folder, opened=opened)
