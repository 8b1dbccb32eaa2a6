"""Consultations at the desk: whoever has an account comments in her organisation's name; moderators publish or withhold, deciders and the
owners of commitments answer, and a decider opens and closes."""

from fastapi import Response

from amana.node.consultation_rows import PlanComment
from amana.node.plan_comments import Said
from amana.policy.rights import Action, check, offered
from amana.policy.things import Node
from amana.programme.consultation import (
    NOT_ACCEPTED,
    OUTCOMES,
    PUBLISHED,
    REASON_MAX,
    RULES,
    WHOLE,
    WITHHELD,
    WORDS_MAX,
    CommentAnswer,
    noticed,
)
from amana.programme.plan_file import PLAN_BYTES_MAX
from amana.terms.refusal import Refusal
from amana.web.access import doing
from amana.web.pages.consultations import found_by, state_of
from amana.web.pages.forms import Form
from amana.web.pages.reader import Reader
from amana.web.pages.render import page
from amana.web.pages.route import Filled, Mine, gone_to, personal_pages
from amana.web.problems import status_of

router = personal_pages()
PATH = "/desk/consultation"
SHOWN = 20
"""Comments that wait for somebody, at once."""


@router.get(PATH, openapi_extra=doing(Action.COMMENT_PLAN))
def consulting(reader: Mine) -> Response:
    """What she may do about consultations, and what waits for her."""
    check(Action.COMMENT_PLAN, reader.who, on=Node(), now=reader.service.now())
    return _page(reader)


@router.post(PATH, openapi_extra=doing(Action.OPEN_CONSULTATION))
def begin(reader: Mine, form: Filled) -> Response:
    """Open a version of the plan for comments."""
    try:
        until = form.day("until").date()
        reader.service.consultations.open(reader.who, content=_content(form), until=until)
    except Refusal as refusal:
        return _page(reader, refusal=refusal, form=form)
    return gone_to(reader, PATH)


@router.post(f"{PATH}/{{name}}/close", openapi_extra=doing(Action.CLOSE_CONSULTATION))
def close(reader: Mine, form: Filled, name: str) -> Response:
    """Publish the answers; an empty field leaves the draft as it is."""
    found = found_by(reader, name).opened
    try:
        content = _content(form) or None
        reader.service.consultations.close(reader.who, plan=found.plan, version=found.version, content=content)
    except Refusal as refusal:
        return _page(reader, refusal=refusal, form=form)
    return gone_to(reader, PATH)


@router.post(f"{PATH}/{{name}}/comment", openapi_extra=doing(Action.COMMENT_PLAN))
def comment(reader: Mine, form: Filled, name: str) -> Response:
    """Say something about a statement."""
    found, about = found_by(reader, name).opened, form.text("statement", most=60)
    said = Said(
        plan=found.plan, version=found.version, statement="" if about == WHOLE else about, language=reader.language,
        words=form.text("words"),
    )  # fmt: skip
    try:
        reader.service.consultations.comments.write(reader.who, said=said)
    except Refusal as refusal:
        return _page(reader, refusal=refusal, form=form)
    return gone_to(reader, PATH)


@router.post(f"{PATH}/comments/{{comment}}/moderate", openapi_extra=doing(Action.MODERATE_COMMENT))
def moderate(reader: Mine, form: Filled, comment: str) -> Response:
    """Publish it, or withhold it by a rule."""
    rule = form.text("rule", most=40)
    try:
        decision = WITHHELD if rule else PUBLISHED
        reader.service.consultations.comments.moderate(reader.who, comment=comment, decision=decision, rule=rule)
    except Refusal as refusal:
        return _page(reader, refusal=refusal, form=form)
    return gone_to(reader, PATH)


@router.post(f"{PATH}/comments/{{comment}}/answer", openapi_extra=doing(Action.ANSWER_COMMENT))
def answer(reader: Mine, form: Filled, comment: str) -> Response:
    """Say what becomes of it."""
    outcome = form.text("outcome", most=40)
    changed = () if outcome == NOT_ACCEPTED else tuple(form.text("changed").split())  # the form proposes the commitment itself
    made = CommentAnswer(outcome=outcome, changed=changed, reason=form.text("reason"))
    try:
        reader.service.consultations.comments.answer(reader.who, comment=comment, answer=made)
    except Refusal as refusal:
        return _page(reader, refusal=refusal, form=form)
    return gone_to(reader, PATH)


def _content(form: Form) -> bytes:
    return form.text("content", most=PLAN_BYTES_MAX).encode()


def _page(reader: Reader, *, refusal: Refusal | None = None, form: Form | None = None) -> Response:
    service, typed = reader.service, form or Form()
    now = service.now()
    found = [
        (service.consultations.one(opened.plan, opened.version), state_of(opened, today=now.date()))
        for opened, _ in service.consultations.consultations()
        if opened.answers is None
    ]
    waiting = service.consultations.comments.awaiting(reader.who)
    titles = {each.opened.name: {one.id: one.title for one in each.draft.commitments} for each, _ in found}
    return page(
        reader, "consulting.html", status=200 if refusal is None else status_of(refusal.code), refusal=refusal, found=found,
        to_read=_first(waiting, "waiting"), to_answer=_first(waiting, PUBLISHED), noticed=noticed, titles=titles,
        may=[each.value for each in offered(reader.who, on=Node(), now=now)], own=service.consultations.comments.own(reader.who)[:SHOWN],
        rules=RULES, outcomes=OUTCOMES, words_max=WORDS_MAX, reason_max=REASON_MAX, whole=WHOLE,
        typed={name: typed.text(name, most=PLAN_BYTES_MAX) for name in ("words", "content", "reason", "changed", "until")},
    )  # fmt: skip


def _first(waiting: tuple[PlanComment, ...], state: str) -> list[PlanComment]:
    return [each for each in waiting if each.state == state][:SHOWN]
