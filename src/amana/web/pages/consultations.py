"""Consultations for everybody: what is asked, what was said and answered, and a form that needs no account."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, cast, final

from fastapi import Query, Request, Response
from markupsafe import Markup

from amana.node.consultation_rows import Consultation, Opened, PlanComment
from amana.node.plan_comments import AUTHOR_MAX, Said
from amana.policy.rights import Action
from amana.programme.consultation import CATEGORIES, LINKS_MAX, RULES, WHOLE, WORDS_MAX, Counts
from amana.programme.difference import Difference, diff, of_commitment
from amana.programme.plan import LANGUAGES, Commitment, Plan
from amana.terms.refusal import Refusal
from amana.web.access import doing, open_because
from amana.web.guard import source_of
from amana.web.limits import Limits
from amana.web.pages.forms import Form
from amana.web.pages.reader import NAMES, Reader
from amana.web.pages.render import ltr, page
from amana.web.pages.route import Filled, Read, gone_to, public_pages
from amana.web.pages.words import day_of
from amana.web.problems import status_of

router = public_pages()
passing = public_pages(kept=False)
PATH = "/programme/consultations"
COMMENTS = "/programme/comments"
STATEMENTS_SHOWN, COMMENTS_SHOWN, DIFFERENCES_SHOWN = 12, 5, 20
VALUE_CHARACTERS_SHOWN = 400
PAGE_NUMBER_MAX = 10_000
TRAP = "website"
"""A field that people do not see, and programs that fill every form do."""
BY_LETTER = open_because("somebody without an account takes part by a letter that confirms it; the use case checks and limits it")
BY_LINK = open_because("the secret in the address was sent to the author alone; the use case looks it up")
Number = Annotated[int, Query(alias="page", ge=1, le=PAGE_NUMBER_MAX)]
Sent = Annotated[int, Query(alias="sent", ge=0, le=1)]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A consultation as its pages show it. `state`: of word.consultation; `closed`: the day of the answers, or empty."""

    draft: Plan
    opened: Opened
    counts: Counts
    state: str
    closed: str
    path: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A difference in the reader's words."""

    field: str
    before: Markup
    after: Markup


@router.get(PATH, openapi_extra=doing(Action.SEE_PUBLIC))
def consultations(reader: Read) -> Response:
    """All of them, the latest first."""
    service = reader.service
    today = service.now().date()
    found = [
        (opened, counts, service.consultations.one(opened.plan, opened.version).draft.title, state_of(opened, today=today))
        for opened, counts in service.consultations.consultations()
    ]
    return page(reader, "consultations.html", found=found)


@router.get(f"{PATH}/{{name}}", openapi_extra=doing(Action.SEE_PUBLIC))
def consultation(reader: Read, name: str, number: Number = 1) -> Response:
    """What is asked, a part of its statements, who took part, and what came of it."""
    found = found_by(reader, name)
    start = (number - 1) * STATEMENTS_SHOWN
    shown = found.draft.commitments[start : start + STATEMENTS_SHOWN]
    return page(
        reader, "consultation.html", seen=seen_of(reader, found), statements=shown, number=number,
        more=start + STATEMENTS_SHOWN < len(found.draft.commitments),
        numbers=reader.service.consultations.comments.numbers(found.opened), rules=RULES, links_max=LINKS_MAX,
    )  # fmt: skip


@router.get(f"{PATH}/{{name}}/{{statement}}", openapi_extra=doing(Action.SEE_PUBLIC))
def statement(reader: Read, name: str, statement: str, number: Number = 1, sent: Sent = 0) -> Response:
    """One statement with its comments, their answers and the form. `statement`: `-` for the plan as a whole."""
    return _statement(reader, found_by(reader, name), statement, number=number, sent=bool(sent))


@router.post(f"{PATH}/{{name}}/{{statement}}", openapi_extra=BY_LETTER)
def comment(reader: Read, form: Filled, request: Request, name: str, statement: str) -> Response:
    """Send a comment; or the form again, with what was typed."""
    found = found_by(reader, name)
    try:
        cast("Limits", request.app.state.limits).comments.take(source_of(request.scope))
        if form.text(TRAP):
            raise Refusal("http.bad_request", field=TRAP, where=None, wanted="word.absent")
        said = Said(
            plan=found.opened.plan, version=found.opened.version, statement="" if statement == WHOLE else statement,
            language=reader.language, words=form.text("words"), category=form.text("category", most=40),
            address=form.text("address", most=300),
        )  # fmt: skip
        reader.service.consultations.comments.write(None, said=said)
    except Refusal as refusal:
        return _statement(reader, found, statement, number=1, refusal=refusal, form=form)
    return gone_to(reader, f"{PATH}/{name}/{statement}?sent=1#say")


@passing.get(f"{COMMENTS}/{{secret}}", openapi_extra=BY_LINK)
def own(reader: Read, secret: str) -> Response:
    """Her comment for its author: to confirm, or what became of it."""
    return _own(reader, reader.service.consultations.comments.by_link(secret), secret=secret)


@router.post(f"{COMMENTS}/{{secret}}", openapi_extra=BY_LINK)
def confirm(reader: Read, secret: str) -> Response:
    """She wrote it. A button, for programs that look into letters open every link."""
    reader.service.consultations.comments.confirm(secret)
    return gone_to(reader, f"{COMMENTS}/{secret}")


def found_by(reader: Reader, name: str) -> Consultation:
    """The consultation of an address such as `plan-2`. Errors: Refusal node.not_found."""
    plan, _, version = name[:80].rpartition("-")
    if not (version.isascii() and version.isdigit()) or len(version) > 6:
        raise Refusal("node.not_found", thing="word.thing.consultation", name=name[:80])
    return reader.service.consultations.one(plan, int(version))


def state_of(opened: Opened, *, today: object) -> str:
    """The word for where it stands."""
    if opened.answers is not None:
        return "answered"
    return "open" if str(today) <= opened.until.isoformat() else "over"


def seen_of(reader: Reader, found: Consultation) -> Seen:
    """What each of its pages shows."""
    closed = "" if found.opened.closed_at is None else day_of(found.opened.closed_at)
    state = state_of(found.opened, today=reader.service.now().date())
    return Seen(draft=found.draft, opened=found.opened, counts=found.counts, state=state, closed=closed, path=f"{PATH}/{found.opened.name}")


def changes_of(reader: Reader, differences: Sequence[Difference]) -> tuple[Changed, ...]:
    """Differences in words: of what stands in four languages, the reader's."""
    shown = [each for each in differences if each.parts[-1] not in LANGUAGES or each.parts[-1] == reader.language]
    return tuple(
        Changed(field=_field(reader, each), before=_value(each.before), after=_value(each.after)) for each in shown[:DIFFERENCES_SHOWN]
    )


def _field(reader: Reader, difference: Difference) -> str:
    names = difference.parts[2:] or difference.parts
    return " · ".join(NAMES.get(name) or reader.catalogue.word("plan_field", name) for name in names)


def _value(value: object) -> Markup:
    if value is None:
        return Markup()
    written = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    short = written if len(written) <= VALUE_CHARACTERS_SHOWN else f"{written[:VALUE_CHARACTERS_SHOWN]}…"
    return Markup("<bdi>{}</bdi>").format(short) if isinstance(value, str) else ltr(short)


def _commitment(found: Consultation, statement: str) -> Commitment | None:
    if statement == WHOLE:
        return None
    about = next((each for each in found.draft.commitments if each.id == statement), None)
    if about is None:
        raise Refusal("node.not_found", thing="word.thing.commitment", name=statement[:80])
    return about


def _statement(
    reader: Reader,
    found: Consultation,
    statement: str,
    *,
    number: int,
    sent: bool = False,
    refusal: Refusal | None = None,
    form: Form | None = None,
) -> Response:
    about, typed, comments = _commitment(found, statement), form or Form(), reader.service.consultations.comments
    skipped = (number - 1) * COMMENTS_SHOWN
    shown = comments.shown(found.opened, statement="" if about is None else about.id, skipped=skipped, limit=COMMENTS_SHOWN + 1)
    changed = of_commitment(diff(found.draft, found.text), statement) if found.opened.answers is not None else ()
    return page(
        reader, "consultation_statement.html", status=200 if refusal is None else status_of(refusal.code), refusal=refusal,
        seen=seen_of(reader, found), about=about, statement=statement, comments=shown[:COMMENTS_SHOWN], more=len(shown) > COMMENTS_SHOWN,
        number=number, sent=sent, mails=comments.mails, categories=CATEGORIES, words_max=WORDS_MAX, author_max=AUTHOR_MAX, trap=TRAP,
        changes=changes_of(reader, changed), titles=titles_of(found),
        typed={name: typed.fields.get(name, [""])[0][:WORDS_MAX] for name in ("words", "category", "address")},
    )  # fmt: skip


def titles_of(found: Consultation) -> dict[str, object]:
    """The titles of the commitments before and after, by their ids."""
    return {each.id: each.title for each in (*found.draft.commitments, *found.text.commitments)}


def _own(reader: Reader, comment: PlanComment, *, secret: str) -> Response:
    found = reader.service.consultations.one(comment.plan, comment.version)
    return page(
        reader, "plan_comment.html", seen=seen_of(reader, found), comment=comment, secret=secret, titles=titles_of(found),
        changes=changes_of(
            reader,
            [
                each
                for name in (comment.answer.changed if comment.answer is not None and found.opened.answers is not None else ())
                for each in of_commitment(diff(found.draft, found.text), name)
            ],
        ),
    )  # fmt: skip
