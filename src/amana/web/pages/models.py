"""Models at the desk: those of her projects and those that she judges, what is known and said of each, and what she may do with it."""

import hashlib
from dataclasses import dataclass
from typing import final

from fastapi import Response
from markupsafe import Markup

from amana.node.models import ACTIONS, Shown
from amana.policy.rights import Action, check, offered
from amana.policy.things import Node
from amana.policy.transitions import ModelEvent
from amana.terms.ids import ModelId
from amana.terms.model_card import CATEGORIES, PLAIN, TRANSLATED
from amana.terms.refusal import Refusal
from amana.web.access import doing
from amana.web.pages.ai import audit_told, cost_told, measured
from amana.web.pages.cards import CardDraft, card_draft, card_of, most_of, typed_card
from amana.web.pages.forms import Form
from amana.web.pages.projects import populations_of
from amana.web.pages.reader import Reader
from amana.web.pages.render import page
from amana.web.pages.route import Filled, Mine, gone_to, personal_pages
from amana.web.pages.told import budget_part, known_of
from amana.web.pages.words import day_of
from amana.web.problems import status_of

router = personal_pages()
LIST = "/desk/models"
SHOWN = 30
REASONS_CHARACTERS_MAX = 10_000
EVENTS = {event.value: event for event in ACTIONS}
REASONED = frozenset({ModelEvent.SUSPEND, ModelEvent.RETIRE})
GRAVE = frozenset({"suspend", "retire"})
ORDER = ("assess", "register", "serve", "resume", "revise", "suspend", "retire")
HINTED = frozenset({"decides", "weighed", "oversight", "objection", "limits", "deployer"})
SAID = ("purpose", "decides", "weighed", "oversight", "objection", "limits", "legal_basis")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A model in a list. `next`: the code of what it waits for."""

    model: Shown
    next: str
    since: str


@router.get(LIST, openapi_extra=doing(Action.SEE_NOTICES))
def models(reader: Mine, after: str = "") -> Response:
    """Hers, by their numbers."""
    check(Action.SEE_NOTICES, reader.who, on=Node(), now=reader.service.now())
    found = reader.service.models.models(reader.who, after=after[:80], limit=SHOWN + 1, public=False)
    return page(
        reader, "models.html", lines=lines_of(found[:SHOWN]), older=found[SHOWN - 1].record.id if len(found) > SHOWN else ""
    )  # fmt: skip


@router.get(f"{LIST}/{{model}}", openapi_extra=doing(Action.SEE_MODEL))
def model(reader: Mine, model: str) -> Response:
    """One of them. Whoever sees it has seen the notices about its project."""
    found = _seen(reader, model)
    if found.record.project is not None:
        reader.service.notices.read(reader.who, project=found.record.project)
    return _model_page(reader, found)


@router.post(f"{LIST}/{{model}}", openapi_extra=doing(*ACTIONS.values()))
def act(reader: Mine, form: Filled, model: str) -> Response:
    """Assess it, register it, put it in service, stop it: by the field `do`."""
    try:
        event = EVENTS.get(form.text("do", most=20))
        if event is None:
            raise Refusal("http.bad_request", field="do", where=None, wanted="word.one_of", known=", ".join(EVENTS))
        check(ACTIONS[event], reader.who, on=reader.service.models.place(ModelId(model)), now=reader.service.now())
        reasons = form.text("reasons", most=REASONS_CHARACTERS_MAX, needed=event in REASONED)
        reader.service.models.act(reader.who, model=ModelId(model), event=event, reasons=reasons)
    except Refusal as refusal:
        return _model_page(reader, _seen(reader, model), refusal=refusal, form=form)
    return gone_to(reader, f"{LIST}/{model}")


@router.get(f"{LIST}/{{model}}/card", openapi_extra=doing(Action.DESCRIBE_MODEL))
def card(reader: Mine, model: str) -> Response:
    """The form in which its team says what it is."""
    found = _describable(reader, model)
    return _form(reader, found, card_draft(found.card))


@router.post(f"{LIST}/{{model}}/card", openapi_extra=doing(Action.DESCRIBE_MODEL))
def describe(reader: Mine, form: Filled, model: str) -> Response:
    """Keep what was written; or show the form again, with why not and with all that was typed."""
    found = _describable(reader, model)
    draft = typed_card(form)
    try:
        reader.service.models.describe(reader.who, model=found.record.id, card=card_of(draft))
    except Refusal as refusal:
        return _form(reader, found, draft, refusal=refusal)
    return gone_to(reader, f"{LIST}/{model}")


def lines_of(found: tuple[Shown, ...]) -> tuple[Line, ...]:
    """Models as a list shows them."""
    return tuple(Line(model=each, next=next_of(each), since=day_of(each.since)) for each in found)


def next_of(found: Shown) -> str:
    """What a model waits for: its state, but for one that nobody described."""
    return "undescribed" if found.card is None and found.record.state.value == "trained" else found.record.state.value


def _seen(reader: Reader, model: str) -> Shown:
    """One that she sees as one of its team or of those who judge it. Errors: as `policy.rights.check`, node.not_found."""
    service = reader.service
    check(Action.SEE_MODEL, reader.who, on=service.models.place(ModelId(model)), now=service.now())
    return service.models.model(reader.who, model=ModelId(model))


def _describable(reader: Reader, model: str) -> Shown:
    found = _seen(reader, model)
    check(Action.DESCRIBE_MODEL, reader.who, on=found.place, now=reader.service.now())
    return found


def _model_page(reader: Reader, found: Shown, *, refusal: Refusal | None = None, form: Form | None = None) -> Response:
    service = reader.service
    system = service.ai_register.shown(found)
    may = {each.value for each in offered(reader.who, on=found.place, now=service.now())}
    return page(
        reader,
        "model.html",
        status=200 if refusal is None else status_of(refusal.code),
        refusal=refusal,
        model=found,
        record=found.record,
        card=found.card,
        facts=found.facts,
        next=next_of(found),
        since=day_of(found.since),
        said=SAID,
        describing="describe_model" in may,
        steps=tuple(each for each in ORDER if f"{each}_model" in may),
        reasoned={event.value for event in REASONED},
        grave=GRAVE,
        typed=form or Form(),
        project=found.place.project,
        measures=tuple(measured(reader, each) for each in (*found.facts.quality, *found.facts.groups)),
        cost=None if system is None else cost_told(reader, system, share=_share(reader, found)),
        audit=audit_told(reader, found.facts.audit),
        titles={each.name: each.title for each in service.datasets()},
    )


def _share(reader: Reader, found: Shown) -> Markup:
    populations = populations_of(reader.service)
    known = known_of(reader.service, [])
    return budget_part(found.facts.cost_nrho, populations.get(found.record.dataset, ""), known=known)


def _form(reader: Reader, found: Shown, draft: CardDraft, *, refusal: Refusal | None = None) -> Response:
    languages = (reader.language, *(each for each in ("ar", "zgh", "fr", "en") if each != reader.language))
    return page(
        reader,
        "model_card.html",
        status=200 if refusal is None else status_of(refusal.code),
        refusal=refusal,
        model=found.record,
        draft=draft,
        base=hashlib.sha256(f"{found.revision} {found.card}".encode()).hexdigest()[:16],
        languages=languages,
        said=TRANSLATED,
        plain=tuple(each for each in PLAIN if each != "category"),
        categories=CATEGORIES,
        most_of=most_of,
        hinted=HINTED,
    )
