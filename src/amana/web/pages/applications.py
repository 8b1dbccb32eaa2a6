"""Her applications: the list, and the form in which one is written, with the custodians' questions inside."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import final

from fastapi import Response

from amana.catalog.schema import Dataset
from amana.policy.people import Role
from amana.policy.projects import Project
from amana.policy.purposes import Match, Outcome
from amana.policy.rights import Action, check
from amana.policy.things import Node
from amana.policy.transitions import ProjectEvent
from amana.terms.ids import ProjectId
from amana.terms.refusal import Refusal
from amana.web.access import doing
from amana.web.pages.drafts import PURPOSES, Draft, application_of, conditions, draft_of, new_draft, typed
from amana.web.pages.reader import Reader
from amana.web.pages.render import page
from amana.web.pages.route import Filled, Mine, gone_to, personal_pages
from amana.web.problems import status_of

router = personal_pages()
LIST = "/desk/applications"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """Whether a dataset may be used for what is written. `reasons`: sentences in the reader's language."""

    dataset: str
    outcome: str
    reasons: tuple[str, ...]


@router.get(LIST, openapi_extra=doing(Action.SEE_NOTICES))
def applications(reader: Mine) -> Response:
    """Hers, each with its stage."""
    check(Action.SEE_NOTICES, reader.who, on=Node(), now=reader.service.now())
    researcher = Role.RESEARCHER in reader.who.person.roles
    return page(reader, "applications.html", applications=reader.service.desk.applications(reader.who), researcher=researcher)


@router.get(f"{LIST}/new", openapi_extra=doing(Action.CREATE_PROJECT))
def new(reader: Mine, dataset: str = "") -> Response:
    """An empty form."""
    check(Action.CREATE_PROJECT, reader.who, on=Node(), now=reader.service.now())
    serving = reader.service.datasets()
    return _form(reader, new_draft(serving, dataset=dataset, now=reader.service.now()), serving)


@router.post(f"{LIST}/new", openapi_extra=doing(Action.CREATE_PROJECT))
def create(reader: Mine, form: Filled) -> Response:
    """A draft, made once for each form; or the form again, with what the datasets allow."""
    service, serving = reader.service, reader.service.datasets()
    draft = typed(form, serving)
    made: ProjectId | None = None
    try:
        application = application_of(draft, form)
        if form.text("do") == "check":
            return _form(reader, draft, serving, fits=_fits(reader, service.projects.fits(reader.who, application=application)))
        made = service.projects.create(reader.who, application=application, key=draft.key)
        if form.text("do") == "submit":
            service.projects.act(reader.who, project=made, event=ProjectEvent.SUBMIT)
    except Refusal as refusal:
        return _form(reader, draft, serving, refusal=refusal, project=made)
    return gone_to(reader, f"{LIST}/{made}")


@router.get(f"{LIST}/{{project}}/edit", openapi_extra=doing(Action.EDIT_PROJECT))
def again(reader: Mine, project: str) -> Response:
    """The form of a draft, or of a project that came back."""
    found, serving = _editable(reader, project), reader.service.datasets()
    return _form(reader, draft_of(found, serving), serving, project=found.id)


@router.post(f"{LIST}/{{project}}/edit", openapi_extra=doing(Action.EDIT_PROJECT))
def edit(reader: Mine, form: Filled, project: str) -> Response:
    """Write it anew, and submit it if so wished."""
    service, serving, name = reader.service, reader.service.datasets(), ProjectId(project)
    _editable(reader, project)
    draft = typed(form, serving)
    try:
        application = application_of(draft, form)
        if form.text("do") == "check":
            fits = _fits(reader, service.projects.fits(reader.who, application=application))
            return _form(reader, draft, serving, fits=fits, project=name)
        service.projects.edit(reader.who, project=name, application=application)
        if form.text("do") == "submit":
            service.projects.act(reader.who, project=name, event=ProjectEvent.SUBMIT)
    except Refusal as refusal:
        return _form(reader, draft, serving, refusal=refusal, project=name)
    return gone_to(reader, f"{LIST}/{project}")


def _editable(reader: Reader, project: str) -> Project:
    found = reader.service.projects.place(ProjectId(project))
    check(Action.EDIT_PROJECT, reader.who, on=found, now=reader.service.now())
    return found


def _form(
    reader: Reader,
    draft: Draft,
    serving: tuple[Dataset, ...],
    *,
    fits: tuple[Fit, ...] = (),
    refusal: Refusal | None = None,
    project: ProjectId | None = None,
) -> Response:
    """The form. `project`: the one that it writes anew."""
    languages = (reader.language, *(each for each in ("ar", "zgh", "fr", "en") if each != reader.language))
    place = None if project is None else draft_of(reader.service.projects.place(project), serving)
    base = "new" if place is None else hashlib.sha256(repr(place).encode()).hexdigest()[:16]
    filled = [each for each in languages if draft.title.get(each) or draft.lay_summary.get(each)]
    return page(
        reader, "apply.html", status=200 if refusal is None else status_of(refusal.code), draft=draft, datasets=serving,
        purposes=PURPOSES, conditions=conditions(serving, draft), fits=fits, base=base, refusal=refusal, project=project,
        languages=languages, filled=filled,
    )  # fmt: skip


def _fits(reader: Reader, found: Iterable[tuple[str, Match]]) -> tuple[Fit, ...]:
    def said(match: Match) -> tuple[str, ...]:
        catalogue = reader.catalogue
        return tuple(
            catalogue.say(each.code, **{"term": each.term, **dict(each.parameters)})
            for each in match.reasons
            if each.outcome is match.outcome or each.outcome is not Outcome.ALLOWED
        )

    return tuple(Fit(dataset=name, outcome=match.outcome.name.lower(), reasons=said(match)) for name, match in found)
