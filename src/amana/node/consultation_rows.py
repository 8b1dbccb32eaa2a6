"""Consultations and their comments as the database holds them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, final

from amana.policy.people import OrganisationKind
from amana.programme.consultation import CommentAnswer, Counts, counts_of
from amana.programme.plan import Plan
from amana.terms.database import Row, Transaction, text, text_or_none, whole
from amana.terms.ids import PersonId, PlanCommentId
from amana.terms.refusal import Refusal

CONSULTATION = """SELECT consultation.plan, consultation.version, draft, consultation.until, opened_at, answers, closed_at,
plan_version.digest FROM consultation JOIN plan_version USING (plan, version)"""
ONE = f"{CONSULTATION} WHERE plan = :plan AND version = :version"
LATEST = f"{CONSULTATION} ORDER BY opened_at DESC, plan, version LIMIT :limit"
HOLD = "UPDATE consultation SET until = until WHERE plan = :plan AND version = :version AND answers IS NULL"
TALLY = """SELECT category, broken, state, outcome, COUNT(*) FROM plan_comment WHERE plan = :plan AND version = :version
AND state <> 'unconfirmed' GROUP BY category, broken, state, outcome"""
COMMENT = """SELECT id, plan, version, statement, category, language, words, person, written_at, confirmed_at, state, broken, outcome,
changed, reason FROM plan_comment"""
BY_ID = f"{COMMENT} WHERE id = :id"
DOCUMENT = "SELECT content FROM document WHERE digest = :digest"

CATEGORY_OF: Final[Mapping[OrganisationKind, str]] = {
    OrganisationKind.CUSTODIAN: "authority",
    OrganisationKind.RESEARCH: "research",
    OrganisationKind.COMPANY: "company",
    OrganisationKind.AUTHORITY: "authority",
    OrganisationKind.OPERATOR: "authority",
}
"""Among which participants somebody is counted who speaks from an organisation of that kind."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A consultation without its texts. `draft`, `text`, `answers`: digests; `text`: what is to be adopted, the draft while it is open."""

    plan: str
    version: int
    draft: str
    text: str
    until: date
    opened_at: datetime
    answers: str | None
    closed_at: datetime | None

    @property
    def name(self) -> str:
        """As addresses hold it."""
        return f"{self.plan}-{self.version}"

    def open_on(self, day: date) -> bool:
        """Whether comments may still come on that day."""
        return self.answers is None and day <= self.until


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Consultation:
    """One consultation with its draft and what was counted. `text`: what came of it, the draft itself while it is open."""

    opened: Opened
    draft: Plan
    text: Plan
    counts: Counts


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class PlanComment:
    """`person`: None for somebody without an account. `broken`: the rule for which it is withheld, or empty."""

    id: PlanCommentId
    plan: str
    version: int
    statement: str
    category: str
    language: str
    words: str
    person: PersonId | None
    written_at: datetime
    state: str
    broken: str
    answer: CommentAnswer | None


def read_opened(run: Transaction, plan: str, version: int) -> Opened:
    """Errors: Refusal node.not_found."""
    found = run.rows(ONE, {"plan": plan, "version": version})
    if not found:
        raise Refusal("node.not_found", thing="word.thing.consultation", name=f"{plan[:60]}-{version}")
    return opened_of(found[0])


def hold_opened(run: Transaction, plan: str, version: int) -> Opened:
    """The same, held until the transaction is over. Errors: Refusal consultation.over where it was answered; node.not_found."""
    held = run.change(HOLD, {"plan": plan, "version": version})
    found = read_opened(run, plan, version)
    if held != 1:
        raise Refusal("consultation.over", until=found.until.isoformat())
    return found


def opened_of(row: Row) -> Opened:
    """A row of CONSULTATION."""
    plan, version, draft, until, opened_at, answers, closed_at, digest = row
    closed = text_or_none(closed_at)
    return Opened(
        plan=text(plan), version=whole(version), draft=text(draft), text=text(digest), until=date.fromisoformat(text(until)),
        opened_at=datetime.fromisoformat(text(opened_at)), answers=text_or_none(answers),
        closed_at=None if closed is None else datetime.fromisoformat(closed),
    )  # fmt: skip


def read_comment(run: Transaction, comment: str) -> PlanComment:
    """Errors: Refusal node.not_found."""
    found = run.rows(BY_ID, {"id": comment})
    if not found:
        raise Refusal("node.not_found", thing="word.thing.comment", name=comment[:80])
    return comment_of(found[0])


def comment_of(row: Row) -> PlanComment:
    """A row of COMMENT."""
    name, plan, version, statement, category, language, words, person, written_at, _, state, broken, outcome, changed, reason = row
    writer, answered = text_or_none(person), text_or_none(outcome)
    return PlanComment(
        id=PlanCommentId(text(name)), plan=text(plan), version=whole(version), statement=text(statement), category=text(category),
        language=text(language), words=text(words), person=None if writer is None else PersonId(writer),
        written_at=datetime.fromisoformat(text(written_at)), state=text(state), broken=text_or_none(broken) or "",
        answer=None if answered is None else CommentAnswer(outcome=answered, changed=tuple(text(changed).split()), reason=text(reason)),
    )  # fmt: skip


def read_counts(run: Transaction, plan: str, version: int) -> Counts:
    """Of confirmed comments alone."""
    published, withheld, waiting, answered = list[str](), list[str](), 0, 0
    for category, broken, state, outcome, number in run.rows(TALLY, {"plan": plan, "version": version}):
        times = whole(number)
        match text(state):
            case "published":
                published += [text(category)] * times
                answered += 0 if outcome is None else times
            case "withheld":
                withheld += [text(broken)] * times
            case _:
                waiting += times
    return counts_of(published, withheld, waiting=waiting, answered=answered)
