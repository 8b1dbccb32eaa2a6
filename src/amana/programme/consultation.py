"""What a consultation is made of: who takes part, by which rules comments are withheld, what a comment may hold, and its answer.

The document of all answers is public and holds no person and no address: comments by category, and what was done about each.
"""

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, final

from amana.programme.difference import Difference
from amana.programme.plan_document import canonical

CATEGORIES: Final = ("citizen", "research", "company", "association", "authority", "other")
"""What a participant says that she is; of whoever has signed in, what her organisation is."""
RULES: Final = ("off_topic", "personal_data", "insult", "duplicate", "unlawful")
"""The published reasons for which a comment is withheld. There is no other."""
ACCEPTED, NOT_ACCEPTED = "accepted", "not_accepted"
OUTCOMES: Final = (ACCEPTED, NOT_ACCEPTED)
PUBLISHED, WITHHELD = "published", "withheld"
WHOLE: Final = "-"
"""The plan as a whole, where a commitment could be named."""
DECISIONS: Final = (PUBLISHED, WITHHELD)
DAYS_MIN, DAYS_MAX = 7, 180
"""For so long a version may be open for comments, in days."""
WORDS_MAX = 2_000
"""Characters of a comment."""
REASON_MAX = 2_000
LINKS_MAX = 2
"""With more links than these a comment looks like an advertisement, and the moderator is told so."""
_DIGITS = {ord(digit): str(place % 10) for place, digit in enumerate("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹")}
_LINK = re.compile(r"https?://|\bwww\.", re.IGNORECASE)
_ADDRESS = re.compile(r"[^\s@]{1,64}@[^\s@]{1,190}\.[^\s@.]{2,}")
_PHONE = re.compile(r"(?<!\d)\+?\d(?:[\s().-]{0,2}\d){8,14}(?!\d)")
_DAY = re.compile(r"(?<!\d)\d{4}-\d{2}-\d{2}(?!\d)")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class CommentAnswer:
    """`changed`: of an accepted comment, the commitments whose text it changed. `reason`: of one that was not accepted, why."""

    outcome: str
    changed: tuple[str, ...]
    reason: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A published comment with its answer. `statement`: the commitment that it is about; empty: the plan as a whole."""

    id: str
    statement: str
    category: str
    language: str
    words: str
    answer: CommentAnswer


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Confirmed comments. `published`: by category; `withheld`: by rule; `waiting`: that nobody has looked at yet."""

    published: tuple[tuple[str, int], ...]
    withheld: tuple[tuple[str, int], ...]
    waiting: int
    answered: int

    @property
    def published_count(self) -> int:
        """Of all categories."""
        return sum(number for _, number in self.published)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """All answers of one consultation. `draft`, `text`: digests of what was asked about and of what came of it."""

    plan: str
    version: int
    draft: str
    text: str
    until: date
    counts: Counts
    comments: tuple[Answered, ...]
    differences: tuple[Difference, ...]


def noticed(words: str) -> tuple[str, ...]:
    """The rules that a comment may break, as far as a program can see: a person is told, and decides.

    >>> noticed("Call me: 0600 00 00 00"), noticed("More nurses by 2027-12-31, please.")
    (('personal_data',), ())
    """
    plain = _DAY.sub("", unicodedata.normalize("NFKC", words).translate(_DIGITS))
    found: list[str] = []
    if _ADDRESS.search(plain) or _PHONE.search(plain):
        found.append("personal_data")
    if len(_LINK.findall(plain)) > LINKS_MAX:
        found.append("off_topic")
    return tuple(found)


def same_text(words: str) -> str:
    """What two comments share that say the same, whatever their spaces and capitals. It is a digest, in hexadecimal."""
    plain = " ".join(unicodedata.normalize("NFKC", words).casefold().split())
    return hashlib.sha256(plain.encode()).hexdigest()


def counts_of(published: Iterable[str], withheld: Iterable[str], *, waiting: int, answered: int) -> Counts:
    """Count categories and rules; those that nobody fell under stand there, too."""
    categories, rules = Counter(published), Counter(withheld)
    return Counts(
        published=tuple((each, categories[each]) for each in CATEGORIES),
        withheld=tuple((each, rules[each]) for each in RULES),
        waiting=waiting,
        answered=answered,
    )


def write_answers(answers: Answers) -> bytes:
    """The document that the log names: canonical JSON."""
    counts = answers.counts
    return canonical(
        {
            "plan": answers.plan,
            "version": answers.version,
            "draft": answers.draft,
            "text": answers.text,
            "until": answers.until.isoformat(),
            "published": dict(counts.published),
            "withheld": dict(counts.withheld),
            "comment": [_written(each) for each in answers.comments],
            "difference": [_changed(each) for each in answers.differences],
        }
    )


def _written(comment: Answered) -> dict[str, object]:
    answer = comment.answer
    about: dict[str, object] = {"statement": comment.statement} if comment.statement else {}
    reason: dict[str, object] = {"reason": answer.reason} if answer.reason else {}
    changed: dict[str, object] = {"changed": list(answer.changed)} if answer.changed else {}
    return {
        "id": comment.id,
        **about,
        "category": comment.category,
        "language": comment.language,
        "text": comment.words,
        "answer": {"outcome": answer.outcome, **changed, **reason},
    }


def _changed(difference: Difference) -> dict[str, object]:
    sides: Sequence[tuple[str, object]] = (("before", difference.before), ("after", difference.after))
    return {"path": difference.path, **{name: value for name, value in sides if value is not None}}
