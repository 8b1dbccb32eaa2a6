"""Consultations over HTTP: open a version for comments, moderate and answer them, publish the answers; and everybody reads."""

from datetime import date
from typing import Annotated, Literal

from fastapi import Response
from pydantic import ConfigDict, Field, StringConstraints

from amana.node.consultation_rows import Opened, PlanComment
from amana.node.plan_comments import CHANGED_MAX
from amana.policy.rights import Action
from amana.programme.consultation import REASON_MAX, CommentAnswer, Counts
from amana.programme.plan_file import PLAN_BYTES_MAX
from amana.terms.refusal import Refusal
from amana.web.access import doing
from amana.web.bodies import PLAIN, Closed, Id
from amana.web.context import Caller, Here
from amana.web.examples_of_consultations import ANSWERS
from amana.web.lists import Paged, listed
from amana.web.registers import as_media
from amana.web.routing import BASE, new_router
from amana.web.shown import moment_shown

router = new_router("programme")
PATH = "/programme/consultations/{plan}/{version}"
Content = Annotated[str, StringConstraints(max_length=PLAN_BYTES_MAX, pattern=PLAIN), Field(description="a plan file (TOML)")]


class Begun(Closed):
    model_config = ConfigDict(json_schema_extra={"examples": [{"content": 'plan = "ai"\nversion = 2\n…', "until": "2030-09-30"}]})
    content: Content
    until: date = Field(description="the last day for comments, in UTC")


class Decided(Closed):
    """`rule`: of a comment that is withheld, by which published rule."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"decision": "withheld", "rule": "personal_data"}]})
    decision: Literal["published", "withheld"]
    rule: Literal["", "off_topic", "personal_data", "insult", "duplicate", "unlawful"] = ""


class Said(Closed):
    """`changed`: of an accepted comment, the commitments whose text it changes; `-` for the plan as a whole."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"outcome": "accepted", "changed": ["rural-health"], "reason": ""}]})
    outcome: Literal["accepted", "not_accepted"]
    changed: list[Annotated[str, StringConstraints(min_length=1, max_length=40)]] = Field(default_factory=list, max_length=CHANGED_MAX)
    reason: Annotated[str, StringConstraints(max_length=REASON_MAX, pattern=PLAIN)] = ""


class Closing(Closed):
    """`content`: what came of the comments; without it the draft stays as it is."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"content": None}]})
    content: Content | None = None


@router.get("/programme/consultations", openapi_extra=doing(Action.SEE_PUBLIC))
def consultations(service: Here) -> dict[str, object]:
    """Versions of the plan that are or were open for comments, the latest first, with what was counted."""
    return {"items": [shown(opened, counts) for opened, counts in service.consultations.consultations()], "next": None}


@router.post("/programme/consultations", status_code=201, openapi_extra=doing(Action.OPEN_CONSULTATION))
def begin(body: Begun, response: Response, service: Here, caller: Caller) -> dict[str, object]:
    """Ask everybody about a version of the plan until the end of a day."""
    made = service.consultations.open(caller, content=body.content.encode(), until=body.until)
    response.headers["Location"] = f"{BASE}/programme/consultations/{made.plan}/{made.version}"
    return shown(made, service.consultations.one(made.plan, made.version).counts)


@router.get(PATH, openapi_extra=doing(Action.SEE_PUBLIC))
def consultation(plan: Id, version: int, service: Here) -> dict[str, object]:
    """One consultation with what was counted."""
    found = service.consultations.one(plan, _number(plan, version))
    return shown(found.opened, found.counts)


@router.get(f"{PATH}/comments", openapi_extra=doing(Action.SEE_PUBLIC))
def comments(plan: Id, version: int, page: Paged, service: Here) -> dict[str, object]:
    """The published comments with their answers."""
    found = service.consultations.comments.published(plan, _number(plan, version), after=page.after, limit=page.limit)
    return listed([comment_shown(each) for each in found], page=page, last=found[-1].id if found else None)


@router.get(
    f"{PATH}/answers", response_class=Response, responses=as_media("application/json", ANSWERS), openapi_extra=doing(Action.SEE_PUBLIC)
)
def answers(plan: Id, version: int, service: Here) -> Response:
    """The document of all answers, byte by byte as the public log names it by its SHA-256."""
    content = service.consultations.answers(plan, _number(plan, version))
    return Response(content, media_type="application/json")


@router.get("/programme/comments", openapi_extra=doing(Action.MODERATE_COMMENT, Action.ANSWER_COMMENT))
def awaiting(service: Here, caller: Caller) -> dict[str, object]:
    """Comments that wait for you to moderate or answer them."""
    return {"items": [comment_shown(each) for each in service.consultations.comments.awaiting(caller)], "next": None}


@router.post("/programme/comments/{comment}/moderation", openapi_extra=doing(Action.MODERATE_COMMENT))
def moderate(comment: Id, body: Decided, service: Here, caller: Caller) -> dict[str, object]:
    """Publish a comment, or withhold it by a published rule."""
    return comment_shown(service.consultations.comments.moderate(caller, comment=comment, decision=body.decision, rule=body.rule))


@router.post("/programme/comments/{comment}/answer", openapi_extra=doing(Action.ANSWER_COMMENT))
def answer(comment: Id, body: Said, service: Here, caller: Caller) -> dict[str, object]:
    """Say what becomes of a published comment."""
    made = CommentAnswer(outcome=body.outcome, changed=tuple(body.changed), reason=body.reason)
    return comment_shown(service.consultations.comments.answer(caller, comment=comment, answer=made))


@router.post(f"{PATH}/close", openapi_extra=doing(Action.CLOSE_CONSULTATION))
def close(plan: Id, version: int, body: Closing, service: Here, caller: Caller) -> dict[str, object]:
    """Publish the answers when the last day is over and each published comment has one; then the text can be adopted."""
    content = None if body.content is None else body.content.encode()
    made = service.consultations.close(caller, plan=plan, version=_number(plan, version), content=content)
    return shown(made, service.consultations.one(made.plan, made.version).counts)


def shown(opened: Opened, counts: Counts) -> dict[str, object]:
    """A consultation as responses show it."""
    return {
        "plan": opened.plan,
        "version": opened.version,
        "until": opened.until.isoformat(),
        "opened_at": moment_shown(opened.opened_at),
        "closed_at": None if opened.closed_at is None else moment_shown(opened.closed_at),
        "draft": opened.draft,
        "text": opened.text,
        "answers": opened.answers,
        "published": dict(counts.published),
        "withheld": dict(counts.withheld),
        "waiting": counts.waiting,
        "answered": counts.answered,
    }


def comment_shown(comment: PlanComment) -> dict[str, object]:
    """A comment as responses show it: nothing of who wrote it but the category."""
    answer = comment.answer
    return {
        "id": comment.id,
        "plan": comment.plan,
        "version": comment.version,
        "statement": comment.statement,
        "category": comment.category,
        "language": comment.language,
        "words": comment.words,
        "state": comment.state,
        "rule": comment.broken,
        "answer": None if answer is None else {"outcome": answer.outcome, "changed": list(answer.changed), "reason": answer.reason},
    }


def _number(plan: str, version: int) -> int:
    """A version that a plan can have. Errors: Refusal node.not_found."""
    if not 1 <= version <= 999_999:
        raise Refusal("node.not_found", thing="word.thing.consultation", name=f"{plan[:60]}-{str(version)[:10]}")
    return version
