"""A version of the plan is open for comments until a day; when each published comment has its answer, the answers are published, and the
text that came of them can be adopted."""

from datetime import UTC, date
from functools import lru_cache
from typing import TYPE_CHECKING, final

from amana.log.documents import DOCUMENT_BYTES_MAX
from amana.node.audit import note
from amana.node.consultation_rows import (
    COMMENT,
    DOCUMENT,
    LATEST,
    Consultation,
    Opened,
    comment_of,
    hold_opened,
    opened_of,
    read_counts,
    read_opened,
)
from amana.node.people import find_organisation
from amana.node.plan_comments import PlanComments
from amana.node.programme import VERSIONS, check_owners, check_version
from amana.node.programme_record import keep_document, note_plan
from amana.node.project_rows import swapped
from amana.policy.people import Asker
from amana.policy.rights import Action, check
from amana.policy.things import Node
from amana.programme.consultation import ACCEPTED, DAYS_MAX, DAYS_MIN, PUBLISHED, WHOLE, Answered, Answers, Counts, write_answers
from amana.programme.difference import Difference, diff, of_commitment
from amana.programme.plan import Plan
from amana.programme.plan_document import write_document
from amana.programme.plan_file import read_document, read_plan
from amana.terms.database import Transaction, Value, moment, text, whole
from amana.terms.refusal import Refusal

if TYPE_CHECKING:
    from amana.node.service import Service

OPEN_VERSION = """INSERT INTO plan_version (plan, version, digest, state, until, decided_at)
VALUES (:plan, :version, :digest, 'consulted', :until, :at)"""
OPEN = """INSERT INTO consultation (plan, version, draft, opened_at, opened_by, until)
VALUES (:plan, :version, :digest, :at, :person, :until)"""
ANSWERED = """UPDATE plan_version SET digest = :digest, state = 'answered', decided_at = :at
WHERE plan = :plan AND version = :version AND state = 'consulted'"""
CLOSE = """UPDATE consultation SET answers = :answers, closed_at = :at, closed_by = :person
WHERE plan = :plan AND version = :version AND answers IS NULL"""
PUBLISHED_ALL = f"{COMMENT} WHERE plan = :plan AND version = :version AND state = 'published' ORDER BY confirmed_at, id"
UNFINISHED = """SELECT COUNT(*) FROM plan_comment WHERE plan = :plan AND version = :version
AND (state = 'waiting' OR (state = 'published' AND outcome IS NULL))"""
FORGET_LETTERS = """DELETE FROM plan_comment_letter WHERE comment IN (
SELECT id FROM plan_comment WHERE plan = :plan AND version = :version)"""
FORGET_UNCONFIRMED = "DELETE FROM plan_comment WHERE plan = :plan AND version = :version AND state = 'unconfirmed'"
FORGET_AUTHORS = "UPDATE plan_comment SET author = id WHERE plan = :plan AND version = :version"
LATEST_MAX = 50
TEXTS_KEPT = 8


@final
class Consultations:
    """Errors: what changes something raises the refusals of `policy.rights.check`, and node.not_found. `comments`: what people say."""

    def __init__(self, service: "Service", *, digest_key: bytes) -> None:
        self._database, self._now = service.database, service.now
        self._text = lru_cache(maxsize=TEXTS_KEPT)(self._read_text)
        self.comments = PlanComments(service, digest_key=digest_key, draft=self._text)

    def open(self, asker: Asker | None, *, content: bytes, until: date) -> Opened:
        """Ask everybody about a plan file until the end of a day (UTC).

        Errors: Refusal programme.* of the file; programme.owner_unknown, programme.not_later, consultation.open, consultation.days.
        """
        at = self._now()
        check(Action.OPEN_CONSULTATION, asker, on=Node(), now=at)
        assert asker is not None
        plan, days = read_plan(content), (until - at.astimezone(UTC).date()).days
        if not DAYS_MIN <= days <= DAYS_MAX:
            raise Refusal("consultation.days", least=DAYS_MIN, most=DAYS_MAX, given=days)
        with self._database.transaction() as run:
            check_owners(run, plan)
            states = {whole(version): text(state) for version, state, _ in run.rows(VERSIONS, {"plan": plan.id})}
            check_version(plan, states)
            if states and plan.version <= max(states):
                raise Refusal("consultation.version_used", version=plan.version, latest=max(states))
            digest = keep_document(run, write_document(plan))
            values: dict[str, Value] = {"plan": plan.id, "version": plan.version, "digest": digest, "until": until.isoformat()}
            values |= {"at": moment(at), "person": asker.person.id}
            run.change(OPEN_VERSION, values)
            run.change(OPEN, values)
            self._tell(run, asker, plan, event="consult", digest=digest, until=until)
            return read_opened(run, plan.id, plan.version)

    def close(self, asker: Asker | None, *, plan: str, version: int, content: bytes | None) -> Opened:
        """Publish the answers. `content`: the plan file that came of the comments; None: the draft stays as it is.

        Errors: Refusal programme.* of the file; consultation.not_over, consultation.unanswered, consultation.other_plan,
        consultation.not_changed, consultation.too_large, consultation.over.
        """
        at = self._now()
        check(Action.CLOSE_CONSULTATION, asker, on=Node(), now=at)
        assert asker is not None
        given = None if content is None else read_plan(content)
        today = at.astimezone(UTC).date()
        named: dict[str, Value] = {"plan": plan, "version": version}
        with self._database.transaction() as run:
            opened = hold_opened(run, plan, version)
            if today <= opened.until:
                raise Refusal("consultation.not_over", until=opened.until.isoformat())
            ((unfinished,),) = run.rows(UNFINISHED, named)
            if unfinished:
                raise Refusal("consultation.unanswered", number=whole(unfinished))
            draft = read_document(_document(run, opened.draft))
            made = given or draft
            if (made.id, made.version) != (plan, version):
                raise Refusal("consultation.other_plan", name=opened.name)
            check_owners(run, made)
            said = _answered(run, opened)
            differences = diff(draft, made)
            _check_changes(said, differences)
            digest = keep_document(run, write_document(made))
            answers = _written(opened, said, counts=read_counts(run, plan, version), text=digest, differences=differences)
            values: dict[str, Value] = {**named, "answers": keep_document(run, answers), "digest": digest, "at": moment(at)}
            for forget in (FORGET_LETTERS, FORGET_UNCONFIRMED, FORGET_AUTHORS):
                run.change(forget, named)
            swapped(run.change(ANSWERED, values))
            swapped(run.change(CLOSE, {**values, "person": asker.person.id}))
            self._tell(run, asker, made, event="answer", digest=str(values["answers"]), until=today)
            return read_opened(run, plan, version)

    def consultations(self, *, limit: int = LATEST_MAX) -> tuple[tuple[Opened, Counts], ...]:
        """For everybody: the latest first."""
        with self._database.reading() as run:
            found = [opened_of(row) for row in run.rows(LATEST, {"limit": min(limit, LATEST_MAX)})]
            return tuple((each, read_counts(run, each.plan, each.version)) for each in found)

    def one(self, plan: str, version: int) -> Consultation:
        """For everybody. Errors: Refusal node.not_found."""
        with self._database.reading() as run:
            opened, counts = read_opened(run, plan, version), read_counts(run, plan, version)
        return Consultation(opened=opened, draft=self._text(opened.draft), text=self._text(opened.text), counts=counts)

    def answers(self, plan: str, version: int) -> bytes:
        """For everybody: the document of all answers. Errors: Refusal consultation.still_open, node.not_found."""
        with self._database.reading() as run:
            opened = read_opened(run, plan, version)
            if opened.answers is None:
                raise Refusal("consultation.still_open", until=opened.until.isoformat())
            return _document(run, opened.answers)

    def _read_text(self, digest: str) -> Plan:
        with self._database.reading() as run:
            return read_document(_document(run, digest))

    def _tell(self, run: Transaction, asker: Asker, plan: Plan, *, event: str, digest: str, until: date) -> None:
        at, person = self._now(), asker.person
        organisation = find_organisation(run, person.organisation)
        assert organisation is not None
        note(run, at=at, actor=person.id, action=event, thing="plan", subject=plan.id, was="", now_is=str(plan.version))
        note_plan(
            run, plan, event=event, digest=digest, until=until, organisation=organisation.name, actor=person.id, reasons="", at=at
        )  # fmt: skip


def _document(run: Transaction, digest: str) -> bytes:
    ((content,),) = run.rows(DOCUMENT, {"digest": digest})
    return text(content).encode()


def _answered(run: Transaction, opened: Opened) -> tuple[Answered, ...]:
    found = list[Answered]()
    for each in map(comment_of, run.rows(PUBLISHED_ALL, {"plan": opened.plan, "version": opened.version})):
        assert each.answer is not None and each.state == PUBLISHED, "unanswered ones were counted"
        found.append(
            Answered(
                id=each.id, statement=each.statement, category=each.category, language=each.language, words=each.words, answer=each.answer
            )
        )  # fmt: skip
    return tuple(found)


def _check_changes(comments: tuple[Answered, ...], differences: tuple[Difference, ...]) -> None:
    """What an accepted comment is said to have changed has changed."""
    for each in comments:
        if each.answer.outcome != ACCEPTED:
            continue
        for name in each.answer.changed:
            if not (differences if name == WHOLE else of_commitment(differences, name)):
                raise Refusal("consultation.not_changed", comment=each.id, commitment=name)


def _written(opened: Opened, comments: tuple[Answered, ...], *, counts: Counts, text: str, differences: tuple[Difference, ...]) -> bytes:
    made = write_answers(
        Answers(
            plan=opened.plan, version=opened.version, draft=opened.draft, text=text, until=opened.until, counts=counts,
            comments=comments, differences=differences,
        )
    )  # fmt: skip
    if len(made) > DOCUMENT_BYTES_MAX:
        raise Refusal("consultation.too_large", bytes_max=DOCUMENT_BYTES_MAX)
    return made
