"""An example of each response about consultations; a test compares them with real ones."""

from collections.abc import Mapping
from typing import Final

Example = Mapping[str, object]

ANSWER: Final[Example] = {"outcome": "accepted", "changed": ["rural-health"], "reason": ""}
PLAN_COMMENT: Final[Example] = {
    "id": "k-5d0c1f2a3b4e", "plan": "ai", "version": 2, "statement": "rural-health", "category": "citizen", "language": "fr",
    "words": "Trois ans, c’est trop long.", "state": "published", "rule": "", "answer": ANSWER,
}  # fmt: skip
_PUBLISHED: Final[Example] = {"citizen": 1, "research": 0, "company": 0, "association": 0, "authority": 0, "other": 0}
_WITHHELD: Final[Example] = {"off_topic": 0, "personal_data": 1, "insult": 0, "duplicate": 0, "unlawful": 0}
CONSULTATION: Final[Example] = {
    "plan": "ai", "version": 2, "until": "2030-09-30", "opened_at": "2030-06-01T09:00:00+00:00", "closed_at": None, "draft": "5c" * 32,
    "text": "5c" * 32, "answers": None, "published": _PUBLISHED, "withheld": _WITHHELD, "waiting": 0, "answered": 1,
}  # fmt: skip
ANSWERS: Final[Example] = {
    "plan": "ai", "version": 2, "draft": "5c" * 32, "text": "7e" * 32, "until": "2030-09-30", "published": _PUBLISHED,
    "withheld": _WITHHELD,
    "comment": [
        {
            "id": "k-5d0c1f2a3b4e", "statement": "rural-health", "category": "citizen", "language": "fr",
            "text": "Trois ans, c’est trop long.", "answer": {"outcome": "accepted", "changed": ["rural-health"]},
        }
    ],
    "difference": [{"path": "/commitment/rural-health/due", "before": "2029-12-31", "after": "2028-12-31"}],
}  # fmt: skip
