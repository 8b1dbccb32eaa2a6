"""What people say about a version of the plan that is open for comments: without an account by a letter that confirms it, else at once.

An address is kept in clear until its letter has left, two days at most; beside the comment stands a keyed digest of it, another for each
consultation, until that is closed. A comment that nobody confirmed is seen by nobody and counted nowhere.
"""

import hashlib
import hmac
import secrets
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from re import fullmatch
from typing import TYPE_CHECKING, final

from amana.client.text import LANGUAGES, load
from amana.node.audit import note
from amana.node.consultation_rows import CATEGORY_OF, COMMENT, Opened, PlanComment, comment_of, hold_opened, read_comment, read_opened
from amana.node.contacts import ADDRESS
from amana.node.people import find_organisation
from amana.node.post import Letter
from amana.node.secret import Kind, hash_of
from amana.policy.people import Asker
from amana.policy.rights import Action, check, may
from amana.policy.things import CommitmentOf, Node
from amana.programme.consultation import (
    ACCEPTED,
    CATEGORIES,
    DECISIONS,
    OUTCOMES,
    REASON_MAX,
    RULES,
    WHOLE,
    WITHHELD,
    WORDS_MAX,
    CommentAnswer,
    same_text,
)
from amana.programme.plan import Plan
from amana.programme.plan_file import NAME
from amana.terms.database import DuplicateError, Transaction, Value, moment, text, whole
from amana.terms.ids import PlanCommentId
from amana.terms.refusal import Refusal

if TYPE_CHECKING:
    from amana.node.service import Service

ADD = """INSERT INTO plan_comment (id, plan, version, statement, category, language, words, words_bytes, same, author, person, link,
written_at, confirmed_at, state) VALUES (:id, :plan, :version, :statement, :category, :language, :words, :bytes, :same, :author, :person,
:link, :at, :confirmed, :state)"""
ADD_LETTER = """INSERT INTO plan_comment_letter (comment, address, language, written_at, mail)
VALUES (:id, :address, :language, :at, 'waits')"""
OF_AUTHOR = """SELECT COUNT(*), COUNT(confirmed_at) FROM plan_comment WHERE plan = :plan AND version = :version AND author = :author"""
OF_ALL = """SELECT COUNT(*), COUNT(confirmed_at),
CAST(COALESCE(SUM(CASE WHEN confirmed_at IS NULL THEN 0 ELSE words_bytes END), 0) AS BIGINT)
FROM plan_comment WHERE plan = :plan AND version = :version"""
REASONS = "SELECT CAST(COALESCE(SUM(reason_bytes), 0) AS BIGINT) FROM plan_comment WHERE plan = :plan AND version = :version AND id <> :id"
BY_LINK = f"{COMMENT} WHERE link = :link"
CONFIRM = "UPDATE plan_comment SET state = 'waiting', confirmed_at = :at WHERE id = :id AND state = 'unconfirmed'"
FORGET_LETTER = "DELETE FROM plan_comment_letter WHERE comment = :id"
MODERATE = """UPDATE plan_comment SET state = :state, broken = :broken, moderated_by = :person
WHERE id = :id AND state <> 'unconfirmed' AND outcome IS NULL"""
ANSWER = """UPDATE plan_comment SET outcome = :outcome, changed = :changed, reason = :reason, reason_bytes = :bytes, answered_by = :person
WHERE id = :id AND state = 'published'"""
SHOWN = f"""{COMMENT} WHERE plan = :plan AND version = :version AND statement = :statement AND state = 'published'
ORDER BY confirmed_at, id LIMIT :limit OFFSET :skipped"""
PUBLISHED = f"""{COMMENT} WHERE plan = :plan AND version = :version AND state = 'published' AND id > :after ORDER BY id LIMIT :limit"""
NUMBERS = """SELECT statement, COUNT(*) FROM plan_comment WHERE plan = :plan AND version = :version AND state = 'published'
GROUP BY statement"""
OPEN = "(SELECT plan, version FROM consultation WHERE answers IS NULL)"
WAITING = f"""{COMMENT} WHERE (state = 'waiting' OR (state = 'published' AND outcome IS NULL)) AND (plan, version) IN {OPEN}
ORDER BY confirmed_at, id LIMIT :limit"""
OWN = f"{COMMENT} WHERE person = :person ORDER BY written_at DESC, id LIMIT :limit"
LETTERS = """SELECT comment, address, language, written_at FROM plan_comment_letter WHERE mail = 'waits' AND written_at > :since
ORDER BY written_at, comment LIMIT :limit"""
TAKE = "UPDATE plan_comment_letter SET mail = 'taken' WHERE comment = :comment AND mail = 'waits'"
CLOSE = """UPDATE plan_comment_letter SET mail = :mail, address = CASE WHEN :mail = 'waits' THEN address ELSE '' END
WHERE comment = :comment AND mail = 'taken'"""
OLD_LETTERS = "DELETE FROM plan_comment_letter WHERE written_at <= :before"
OLD_COMMENTS = "DELETE FROM plan_comment WHERE state = 'unconfirmed' AND written_at <= :before"
LINK_LASTS = timedelta(hours=48)
AUTHOR_MAX = 20
"""Comments of one address in one consultation."""
AUTHOR_WAITING_MAX = 3
"""Of these, so many that nobody confirmed: each sends a letter to somebody who may be another."""
COMMENTS_MAX, WORDS_BYTES_MAX, REASONS_BYTES_MAX = 3_000, 2**21, 2**20
"""Of one consultation, that its answers fit into one public document."""
UNCONFIRMED_MAX = 10_000
AWAITING_MAX = 200
PART_MAX = 200
CHANGED_MAX = 20


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What somebody says. `statement`: a commitment of the draft; empty: the plan as a whole. `category`, `address`: of somebody without
    an account; whoever has signed in is counted by her organisation, and gets no letter."""

    plan: str
    version: int
    statement: str
    language: str
    words: str
    category: str = ""
    address: str = ""


@final
class PlanComments:
    """Errors: what people with an account do raises the refusals of `policy.rights.check`, and node.not_found."""

    def __init__(self, service: "Service", *, digest_key: bytes, draft: Callable[[str], Plan]) -> None:
        """`draft`: the text of that digest."""
        self._database, self._now, self._key, self._draft = service.database, service.now, digest_key, draft
        self._public_url = service.settings.public_url
        self.mails = bool(service.settings.mail_host)
        """Whether somebody without an account can take part."""

    def write(self, asker: Asker | None, *, said: Said) -> PlanCommentId:
        """Take a comment; of somebody without an account, send the letter whose link confirms it.

        Errors: Refusal consultation.over, consultation.no_mail, consultation.too_many, consultation.confirm_first, consultation.same_text,
        consultation.full, node.bad_value.
        """
        at = self._now()
        if asker is not None:
            check(Action.COMMENT_PLAN, asker, on=Node(), now=at)
        made, words = PlanCommentId(f"k-{secrets.token_hex(6)}"), said.words.replace("\r\n", "\n").strip()
        _check_words(words, most=WORDS_MAX, field="words")
        if said.language not in LANGUAGES:
            raise Refusal("node.bad_value", field="language", wanted="word.one_of", known=", ".join(LANGUAGES))
        if asker is None:
            self._check_stranger(said)
        with self._database.transaction() as run:
            opened = hold_opened(run, said.plan, said.version)
            self._check_open(opened, said.statement, at=at)
            author = self._author(said, asker)
            named: dict[str, Value] = {"plan": said.plan, "version": said.version, "author": author}
            _check_room(run, named, stranger=asker is None)
            link = None if asker is not None else hash_of(Kind.COMMENT, self.code_of(made, said.address, moment(at)))
            values: dict[str, Value] = {
                **named, "id": made, "statement": said.statement, "category": _category(run, said, asker), "language": said.language,
                "words": words, "bytes": _written_bytes(words), "same": same_text(words), "link": link, "at": moment(at),
                "person": None if asker is None else asker.person.id, "confirmed": None if asker is None else moment(at),
                "state": "unconfirmed" if asker is None else "waiting",
            }  # fmt: skip
            try:
                run.change(ADD, values)
            except DuplicateError:
                raise Refusal("consultation.same_text") from None
            if asker is None:
                run.change(ADD_LETTER, {"id": made, "address": said.address, "language": said.language, "at": moment(at)})
            else:
                _note(run, asker, made, action="comment", was="", now_is="waiting", at=at)
        return made

    def confirm(self, secret: str) -> PlanComment:
        """Whoever reads the letters of the address wrote the comment. A second time changes nothing.

        Errors: Refusal consultation.link_void, consultation.over, consultation.full.
        """
        at = self._now()
        with self._database.transaction() as run:
            found = self._by_link(run, secret, at=at)
            if found.state == "unconfirmed":
                hold_opened(run, found.plan, found.version)
                _check_total(run, {"plan": found.plan, "version": found.version})
                run.change(CONFIRM, {"id": found.id, "at": moment(at)})
                run.change(FORGET_LETTER, {"id": found.id})
            return read_comment(run, found.id)

    def by_link(self, secret: str) -> PlanComment:
        """The comment of a letter, for its author. Errors: Refusal consultation.link_void."""
        with self._database.reading() as run:
            return self._by_link(run, secret, at=self._now())

    def moderate(self, asker: Asker | None, *, comment: str, decision: str, rule: str = "") -> PlanComment:
        """Publish a confirmed comment, or withhold it by a published rule; until it is answered that may be decided anew.

        Errors: Refusal consultation.own_comment, consultation.not_now, consultation.over, node.bad_value.
        """
        at = self._now()
        check(Action.MODERATE_COMMENT, asker, on=Node(), now=at)
        assert asker is not None
        if decision not in DECISIONS:
            raise Refusal("node.bad_value", field="decision", wanted="word.one_of", known=", ".join(DECISIONS))
        if (decision == WITHHELD) != (rule in RULES) or (decision != WITHHELD and rule):
            raise Refusal("node.bad_value", field="rule", wanted="word.one_of", known=", ".join(RULES))
        with self._database.transaction() as run:
            found = _others(run, comment, asker)
            values: dict[str, Value] = {"id": found.id, "state": decision, "broken": rule or None, "person": asker.person.id}
            if run.change(MODERATE, values) != 1:
                raise Refusal("consultation.not_now", comment=found.id)
            _note(run, asker, found.id, action=f"moderate {rule}".strip(), was=found.state, now_is=decision, at=at)
            return read_comment(run, found.id)

    def answer(self, asker: Asker | None, *, comment: str, answer: CommentAnswer) -> PlanComment:
        """Say what becomes of a published comment; until the consultation is closed that may be said anew.

        Errors: Refusal consultation.own_comment, consultation.not_now, consultation.over, consultation.full, node.bad_value.
        """
        at = self._now()
        _check_answer(answer)
        with self._database.transaction() as run:
            found = read_comment(run, comment)
            check(Action.ANSWER_COMMENT, asker, on=self._place(run, found), now=at)
            assert asker is not None
            _others(run, comment, asker)
            size = _written_bytes(answer.reason)
            ((before,),) = run.rows(REASONS, {"plan": found.plan, "version": found.version, "id": found.id})
            if whole(before) + size > REASONS_BYTES_MAX:
                raise Refusal("consultation.full", name=f"{found.plan}-{found.version}")
            values: dict[str, Value] = {"id": found.id, "outcome": answer.outcome, "changed": " ".join(answer.changed), "bytes": size}
            if run.change(ANSWER, {**values, "reason": answer.reason.strip(), "person": asker.person.id}) != 1:
                raise Refusal("consultation.not_now", comment=found.id)
            was = "" if found.answer is None else found.answer.outcome
            _note(run, asker, found.id, action="answer", was=was, now_is=answer.outcome, at=at)
            return read_comment(run, found.id)

    def shown(self, opened: Opened, *, statement: str, skipped: int, limit: int) -> tuple[PlanComment, ...]:
        """For everybody: published comments on a statement, the first ones first."""
        values: dict[str, Value] = {"statement": statement, "skipped": skipped, "limit": min(limit, PART_MAX)}
        with self._database.reading() as run:
            rows = run.rows(SHOWN, {"plan": opened.plan, "version": opened.version, **values})
            return tuple(map(comment_of, rows))

    def published(self, plan: str, version: int, *, after: str, limit: int) -> tuple[PlanComment, ...]:
        """For everybody: all of them, by their ids. Errors: Refusal node.not_found."""
        values: dict[str, Value] = {"plan": plan, "version": version, "after": after, "limit": min(limit, PART_MAX)}
        with self._database.reading() as run:
            read_opened(run, plan, version)
            return tuple(map(comment_of, run.rows(PUBLISHED, values)))

    def numbers(self, opened: Opened) -> dict[str, int]:
        """For everybody: how many comments are published on each statement."""
        with self._database.reading() as run:
            rows = run.rows(NUMBERS, {"plan": opened.plan, "version": opened.version})
            return {text(statement): whole(number) for statement, number in rows}

    def awaiting(self, asker: Asker | None) -> tuple[PlanComment, ...]:
        """Comments of others that wait for the asker to moderate or answer them, of the AWAITING_MAX that wait longest."""
        at = self._now()
        with self._database.reading() as run:
            found = [(each, self._place(run, each)) for each in map(comment_of, run.rows(WAITING, {"limit": AWAITING_MAX}))]
        if asker is None:
            raise Refusal("rights.sign_in_needed", action=Action.MODERATE_COMMENT.word)
        return tuple(
            each
            for each, place in found
            if each.person != asker.person.id
            and (
                may(Action.MODERATE_COMMENT, asker, on=Node(), now=at)
                if each.state == "waiting"
                else may(Action.ANSWER_COMMENT, asker, on=place, now=at)
            )
        )

    def own(self, asker: Asker) -> tuple[PlanComment, ...]:
        """What she said herself, the latest first."""
        with self._database.reading() as run:
            return tuple(map(comment_of, run.rows(OWN, {"person": asker.person.id, "limit": AWAITING_MAX})))

    def letters(self, limit: int) -> list[Letter]:
        """Those that wait, for `Post`."""
        with self._database.reading() as run:
            rows = run.rows(LETTERS, {"since": moment(self._now() - LINK_LASTS), "limit": limit})
            return [self._letter(*map(text, row)) for row in rows]

    def purge(self) -> None:
        """What nobody confirmed in time is forgotten, and so is every address."""
        before = {"before": moment(self._now() - LINK_LASTS)}
        with self._database.transaction() as run:
            run.change(OLD_LETTERS, before)
            run.change(OLD_COMMENTS, before)

    def code_of(self, comment: str, address: str, written_at: str) -> str:
        """The secret in a letter. It is not kept: it is worked out from the row of the letter and a key of the node."""
        return self._keyed(f"amana plan comment 1\n{comment}\n{address}\n{written_at}")[:48]

    def _letter(self, comment: str, address: str, language: str, written_at: str) -> Letter:
        code, catalogue = self.code_of(comment, address, written_at), load(language)
        link = f"{self._public_url}/{language}/programme/comments/{code}"
        return Letter(
            id=f"comment-{comment}", written_at=datetime.fromisoformat(written_at), language=language, address=address,
            subject=catalogue.say("mail.comment.subject"), body=catalogue.say("mail.comment.body", link=link), take=TAKE, close=CLOSE,
            row=(("comment", comment),),
        )  # fmt: skip

    def _author(self, said: Said, asker: Asker | None) -> str:
        who = f"address\n{said.address.casefold()}" if asker is None else f"person\n{asker.person.id}"
        return self._keyed(f"amana plan author 1\n{said.plan}\n{said.version}\n{who}")

    def _keyed(self, words: str) -> str:
        return hmac.new(self._key, words.encode(), hashlib.sha256).hexdigest()

    def _check_stranger(self, said: Said) -> None:
        if not self.mails:
            raise Refusal("consultation.no_mail")
        if len(said.address) > 254 or fullmatch(ADDRESS, said.address) is None:
            raise Refusal("node.bad_value", field="address", wanted="word.setting.address")
        if said.category not in CATEGORIES:
            raise Refusal("node.bad_value", field="category", wanted="word.one_of", known=", ".join(CATEGORIES))

    def _check_open(self, opened: Opened, statement: str, *, at: datetime) -> None:
        if not opened.open_on(at.astimezone(UTC).date()):
            raise Refusal("consultation.over", until=opened.until.isoformat())
        if statement and all(each.id != statement for each in self._draft(opened.draft).commitments):
            raise Refusal("node.not_found", thing="word.thing.commitment", name=statement[:80])

    def _by_link(self, run: Transaction, secret: str, *, at: datetime) -> PlanComment:
        rows = run.rows(BY_LINK, {"link": hash_of(Kind.COMMENT, secret)})
        found = comment_of(rows[0]) if rows else None
        if found is None or (found.state == "unconfirmed" and not timedelta(0) <= at - found.written_at < LINK_LASTS):
            raise Refusal("consultation.link_void")
        return found

    def _place(self, run: Transaction, comment: PlanComment) -> Node | CommitmentOf:
        """What its answer is about: the commitment of an owner, or the plan as a whole."""
        draft = self._draft(read_opened(run, comment.plan, comment.version).draft)
        about = next((each for each in draft.commitments if each.id == comment.statement), None)
        owner = None if about is None else find_organisation(run, about.owner)
        return Node() if about is None or owner is None else CommitmentOf(plan=draft.id, commitment=about.id, owner=owner.id)


def _written_bytes(words: str) -> int:
    """How long it is in a document of JSON, at most."""
    return len(words.encode()) + words.count("\n") + words.count('"') + words.count("\\")


def _category(run: Transaction, said: Said, asker: Asker | None) -> str:
    organisation = None if asker is None else find_organisation(run, asker.person.organisation)
    return said.category if organisation is None else CATEGORY_OF[organisation.kind]


def _check_words(words: str, *, most: int, field: str) -> None:
    if not words or any(unicodedata.category(each) in {"Cc", "Cs"} for each in words.replace("\n", "").replace("\t", "")):
        raise Refusal("node.bad_value", field=field, wanted="word.present")
    if len(words) > most:
        raise Refusal("node.bad_value", field=field, wanted="word.characters_at_most", number=most)


def _check_room(run: Transaction, named: dict[str, Value], *, stranger: bool) -> None:
    ((written, confirmed),) = run.rows(OF_AUTHOR, named)
    if whole(written) >= AUTHOR_MAX:
        raise Refusal("consultation.too_many", most=AUTHOR_MAX)
    if stranger and whole(written) - whole(confirmed) >= AUTHOR_WAITING_MAX:
        raise Refusal("consultation.confirm_first", most=AUTHOR_WAITING_MAX)
    _check_total(run, named)


def _check_total(run: Transaction, named: dict[str, Value]) -> None:
    ((written, confirmed, size),) = run.rows(OF_ALL, named)
    longest = 4 * WORDS_MAX
    if whole(confirmed) >= COMMENTS_MAX or whole(size) + longest > WORDS_BYTES_MAX or whole(written) - whole(confirmed) > UNCONFIRMED_MAX:
        raise Refusal("consultation.full", name=f"{named['plan']}-{named['version']}")


def _check_answer(answer: CommentAnswer) -> None:
    if answer.outcome not in OUTCOMES:
        raise Refusal("node.bad_value", field="outcome", wanted="word.one_of", known=", ".join(OUTCOMES))
    accepted, named = answer.outcome == ACCEPTED, answer.changed
    fit = all(each == WHOLE or NAME.fullmatch(each) for each in named) and len(named) <= CHANGED_MAX
    if accepted != bool(named) or not fit:
        raise Refusal("node.bad_value", field="changed", wanted="word.consultation.changed")
    if answer.reason.strip() or not accepted:
        _check_words(answer.reason.strip(), most=REASON_MAX, field="reason")


def _others(run: Transaction, comment: str, asker: Asker) -> PlanComment:
    """The comment of somebody else, while its consultation is held open."""
    found = read_comment(run, comment)
    hold_opened(run, found.plan, found.version)
    if found.person == asker.person.id:
        raise Refusal("consultation.own_comment", comment=found.id)
    return found


def _note(run: Transaction, asker: Asker, comment: str, *, action: str, was: str, now_is: str, at: datetime) -> None:
    note(run, at=at, actor=asker.person.id, action=action, thing="plan comment", subject=comment, was=was, now_is=now_is)
