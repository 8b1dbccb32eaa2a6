"""E-mail of notices: to a confirmed address, sparse, at most once, and again after a connection that failed."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from re import search

import pytest

from amana.node.contacts import ASKED_A_DAY_MAX, Contacts
from amana.node.notices import KINDS, Notices
from amana.node.post import Post
from amana.node.settings import Settings
from amana.policy.transitions import ProjectEvent
from amana.terms.ids import ProjectId
from amana.terms.refusal import Refusal
from tests.governed import Governed, governed
from tests.mail_server import MailServer, mail_server

pytestmark = pytest.mark.usefixtures("each_database")


@dataclass
class Mailing:
    node: Governed
    contacts: Contacts
    post: Post
    server: MailServer
    settings: Settings

    def confirmed(self, who: str = "applicant", *, language: str = "en") -> None:
        """Give an address and open the link of the letter."""
        asker = self.node.asker(who)
        self.contacts.speak(asker, language=language)
        self.contacts.ask_address(self.node.asker(who), address=f"{who}@univ.example")
        assert self.post.send() == 1
        self.contacts.confirm(asker, code=self.code())
        self.server.letters.clear()
        self.node.clock.at_s += 61

    def code(self) -> str:
        found = search(r"code=([0-9a-f]+)", self.server.letters[-1].get_content())
        assert found is not None
        return found[1]

    def returned(self) -> ProjectId:
        """Something that the applicant is told of."""
        project = self.node.submitted()
        self.node.projects.decide(self.node.asker("decider"), project=project, event=ProjectEvent.RETURN, reasons="a secret reason")
        return project

    def states(self) -> list[object]:
        return [row[0] for row in self.node.rows("SELECT mail FROM notice WHERE mail <> 'none' ORDER BY at, id")]


@pytest.fixture
def mailing(tmp_path: Path) -> Iterator[Mailing]:
    with governed(tmp_path / "node.sqlite") as node, mail_server() as server:
        settings = Settings(
            folder=tmp_path, mail_host="127.0.0.1", mail_port=server.port, mail_tls="none", mail_from="amana@node.example",
            mail_wait_ms_max=2_000, public_url="https://node.example",
        )  # fmt: skip
        contacts = Contacts(node.database, node.clock.now, digest_key=b"k" * 32, mails=True)
        yield Mailing(
            node=node,
            contacts=contacts,
            post=Post(node.database, settings, node.clock.now, code_of=contacts.code_of),
            server=server,
            settings=settings,
        )


@pytest.mark.parametrize("language", ["ar", "fr", "zgh", "en"])
def test_a_letter_tells_the_kind_and_the_place_and_nothing_of_the_application(mailing: Mailing, language: str) -> None:
    mailing.confirmed(language=language)
    project = mailing.returned()
    assert mailing.post.send() == 1
    (letter,) = mailing.server.letters
    body = letter.get_content()
    assert f"https://node.example/{language}/desk/applications/{project}" in body
    assert letter["Content-Language"] == language and letter["To"] == "applicant@univ.example" and letter["From"] == "amana@node.example"
    for word in ("Visits and seasons", "secret reason", "clinic", "count visits"):
        assert word not in body and word not in letter["Subject"]
    assert mailing.post.send() == 0 and mailing.states() == ["sent"]


def test_nothing_is_sent_to_an_address_that_is_not_confirmed(mailing: Mailing) -> None:
    mailing.contacts.ask_address(mailing.node.asker("applicant"), address="applicant@univ.example")
    mailing.returned()
    assert mailing.post.send() == 1
    assert "code=" in mailing.server.letters[0].get_content()
    assert mailing.post.send() == 0


def test_a_code_fits_one_person_one_address_and_a_week(mailing: Mailing) -> None:
    node, contacts = mailing.node, mailing.contacts
    contacts.ask_address(node.asker("applicant"), address="applicant@univ.example")
    mailing.post.send()
    code = mailing.code()
    contacts.ask_address(node.asker("member"), address="applicant@univ.example")
    for who, tried in (("member", code), ("applicant", "guess"), ("applicant", ""), ("stranger", code)):
        with pytest.raises(Refusal) as caught:
            contacts.confirm(node.asker(who), code=tried)
        assert caught.value.code == "contact.not_confirmed"
    node.clock.at_s += 61
    contacts.ask_address(node.asker("applicant"), address="other@univ.example")
    with pytest.raises(Refusal):
        contacts.confirm(node.asker("applicant"), code=code)
    mailing.post.send()
    code = next(mailing.code() for letter in [mailing.server.letters[-1]] if letter["To"] == "other@univ.example")
    node.clock.at_s += 8 * 86_400
    with pytest.raises(Refusal):
        contacts.confirm(node.asker("applicant"), code=code)


def test_addresses_are_given_slowly_and_in_their_form(mailing: Mailing) -> None:
    asker = mailing.node.asker("applicant")
    for wrong in ("", "a@b", "a b@univ.example", "a@univ.example\r\nBcc: x@y.example", "<a@univ.example>", f"{'a' * 65}@univ.example"):
        with pytest.raises(Refusal) as caught:
            mailing.contacts.ask_address(asker, address=wrong)
        assert caught.value.code == "node.bad_value"
    mailing.contacts.ask_address(asker, address="a@univ.example")
    with pytest.raises(Refusal) as caught:
        mailing.contacts.ask_address(asker, address="b@univ.example")
    assert caught.value.code == "contact.too_soon"


def test_forgetting_an_address_makes_no_room_for_more_letters(mailing: Mailing) -> None:
    asker, contacts = mailing.node.asker("applicant"), mailing.contacts
    for number in range(ASKED_A_DAY_MAX):
        contacts.ask_address(asker, address=f"a{number}@univ.example")
        contacts.forget_address(asker)
        with pytest.raises(Refusal, match="contact.too_soon"):
            contacts.ask_address(asker, address="again@univ.example")
        mailing.node.clock.at_s += 61
    with pytest.raises(Refusal, match="contact.too_soon"):
        contacts.ask_address(asker, address="again@univ.example")
    mailing.node.clock.at_s += 86_400
    contacts.ask_address(mailing.node.asker("applicant"), address="again@univ.example")


def test_letters_that_ask_keep_no_notice_waiting_and_are_given_up(mailing: Mailing) -> None:
    mailing.confirmed()
    mailing.returned()
    for who in ("member", "reviewer", "second"):
        mailing.contacts.ask_address(mailing.node.asker(who), address=f"{who}@univ.example")
    mailing.post = Post(
        mailing.node.database, replace(mailing.settings, mail_turn_max=2), mailing.node.clock.now, code_of=mailing.contacts.code_of
    )
    assert mailing.post.send() == 2
    assert {letter["To"] for letter in mailing.server.letters} >= {"applicant@univ.example"}, "the notice is among the first two"
    mailing.server.silent_after = "MAIL"
    mailing.node.clock.at_s += 3 * 86_400
    mailing.post.send()
    assert {row[0] for row in mailing.node.rows("SELECT asked FROM contact")} == {"sent", "failed"}


def test_a_server_that_cannot_be_reached_is_asked_again(mailing: Mailing) -> None:
    mailing.confirmed()
    mailing.returned()
    mailing.server.silent_after = "MAIL"
    assert mailing.post.send() == 0 and mailing.states() == ["waits"]
    mailing.server.silent_after = ""
    assert mailing.post.send() == 1 and mailing.states() == ["sent"]
    assert len(mailing.server.letters) == 1


def test_a_letter_whose_text_was_handed_over_is_never_sent_again(mailing: Mailing) -> None:
    mailing.confirmed()
    mailing.returned()
    mailing.server.silent_after = "TEXT"
    assert mailing.post.send() == 0 and mailing.states() == ["taken"]
    mailing.server.silent_after = ""
    assert mailing.post.send() == 0
    assert len(mailing.server.letters) == 1


@pytest.mark.parametrize(("reply", "state"), [("450 later", "waits"), ("550 nobody", "failed")])
def test_a_refused_address_waits_or_fails_and_holds_up_nobody_else(mailing: Mailing, reply: str, state: str) -> None:
    mailing.confirmed("applicant")
    mailing.confirmed("member")
    mailing.returned()
    mailing.server.refuse["RCPT"] = reply
    assert mailing.post.send() == 0
    assert mailing.states() == [state, state]


def test_a_letter_that_nobody_takes_is_given_up(mailing: Mailing) -> None:
    mailing.confirmed()
    mailing.returned()
    mailing.server.refuse["RCPT"] = "450 later"
    mailing.post.send()
    mailing.node.clock.at_s += 3 * 86_400
    mailing.server.refuse.clear()
    assert mailing.post.send() == 0
    assert mailing.states() == ["failed"]


def test_whoever_wants_no_more_letters_gets_none(mailing: Mailing) -> None:
    mailing.confirmed()
    mailing.returned()
    mailing.contacts.forget_address(mailing.node.asker("applicant"))
    assert mailing.post.send() == 0 and mailing.server.letters == []
    assert mailing.contacts.contact(mailing.node.asker("applicant")) is None


def test_a_turn_sends_a_few_and_the_next_one_goes_on(mailing: Mailing) -> None:
    mailing.confirmed()
    for _ in range(3):
        mailing.returned()
    few = Post(
        mailing.node.database,
        Settings(
            folder=Path(), mail_host="127.0.0.1", mail_port=mailing.server.port, mail_tls="none", mail_from="a@node.example",
            mail_turn_max=2, public_url="https://node.example",
        ),
        mailing.node.clock.now,
        code_of=mailing.contacts.code_of,
    )  # fmt: skip
    assert [few.send(), few.send(), few.send()] == [2, 1, 0]


def test_a_node_without_a_mail_server_takes_no_address(mailing: Mailing) -> None:
    without = Contacts(mailing.node.database, mailing.node.clock.now, digest_key=b"k" * 32, mails=False)
    with pytest.raises(Refusal) as caught:
        without.ask_address(mailing.node.asker("applicant"), address="a@univ.example")
    assert caught.value.code == "contact.no_mail"


def test_a_feed_is_read_under_its_latest_secret_alone(mailing: Mailing) -> None:
    applicant = mailing.node.asker("applicant")
    first = mailing.contacts.make_feed(applicant).reveal()
    mailing.returned()
    person, notices = mailing.contacts.feed(first)
    assert person.id == applicant.person.id and [each.kind for each in notices] == ["project_return"]
    assert mailing.node.rows("SELECT 1 FROM feed WHERE hash = :secret", secret=first) == [], "only its hash is kept"
    second = mailing.contacts.make_feed(applicant).reveal()
    for gone in (first, "guess"):
        with pytest.raises(Refusal):
            mailing.contacts.feed(gone)
    mailing.node.people.disable(None, person=applicant.person.id)
    with pytest.raises(Refusal):
        mailing.contacts.feed(second)


def test_every_kind_of_notice_has_its_sentence() -> None:
    from amana.client.text import load

    assert [kind for kind in KINDS if not load("en").has(f"notice.{kind}")] == []
    assert Notices.__doc__
