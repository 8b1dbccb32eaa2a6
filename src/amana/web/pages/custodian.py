"""The custodian's desk: what is asked of her organisation, what it has granted, and each permit with everything she decides by."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import final

from fastapi import Response

from amana.catalog.schema import Dataset
from amana.node.desks import IN_FORCE, Asked
from amana.node.permits import ACTIONS
from amana.node.service import Service
from amana.policy.people import Asker, Role
from amana.policy.purposes import Reason
from amana.policy.rights import RULES, Action, check, offered, unfit
from amana.policy.things import PermitOf
from amana.policy.transitions import PermitEvent, PermitState
from amana.terms.ids import PermitId
from amana.terms.refusal import Refusal
from amana.web.access import doing
from amana.web.pages.forms import Form, read_percent
from amana.web.pages.reader import Reader
from amana.web.pages.render import page
from amana.web.pages.route import Filled, Mine, gone_to, personal_pages
from amana.web.pages.words import day_of, days_between, hour_of
from amana.web.problems import status_of

router = personal_pages()
DESK = "/desk/custodian"
REASONS_CHARACTERS_MAX = 4_000
READ_CHARACTERS_MAX = 200
EVENTS = {event.value: event for event in ACTIONS}
REASONED = frozenset({PermitEvent.RETURN, PermitEvent.REFUSE, PermitEvent.SUSPEND, PermitEvent.REVOKE})
DECISIONS = (Action.GRANT_PERMIT, Action.WIDEN_PERMIT, *ACTIONS.values())


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A permit as its desk shows it. `waits`: days since it was requested; `share`: of the budget, asked or granted; `promised`: what the
    permits in force hold of it, `with_it`: when this one is granted as asked; `used`: of the permit."""

    place: PermitOf
    waits: int | None
    share: float
    promised: float
    with_it: float
    used: float
    until: str

    @property
    def id(self) -> PermitId:
        """Of the permit."""
        return self.place.record.id

    @property
    def over(self) -> bool:
        """Whether more would be promised than there is."""
        return self.with_it > 1


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """A dataset of her organisation. `spent`, `promised`: shares of its budget."""

    dataset: Dataset
    spent: float
    promised: float


@router.get(DESK, openapi_extra=doing(Action.SEE_PERMIT))
def desk(reader: Mine) -> Response:
    """Everything at once: the queue, what is in force, her datasets."""
    service, asker = reader.service, reader.who
    found = service.desks.permits(asker)
    caps, promised = _caps(service), dict[str, float]()
    lines = [_line(service, each, caps=caps, promised=promised) for each in found]
    organisation = service.people.organisation(asker.person.organisation)
    return page(
        reader,
        "custodian.html",
        organisation="" if organisation is None else organisation.name,
        queue=[each for each in lines if each.place.record.state is PermitState.REQUESTED],
        returned=[each for each in lines if each.place.record.state is PermitState.RETURNED],
        held=[each for each in lines if each.place.record.state in IN_FORCE],
        own=own_datasets(service, asker),
        publishing=service.publishing.last(asker),
        hour=hour_of,
    )


@router.get(f"{DESK}/permits/{{permit}}", openapi_extra=doing(Action.SEE_PERMIT))
def permit(reader: Mine, permit: str) -> Response:
    """One permit, and what she may do with it."""
    return _permit_page(reader, PermitId(permit))


@router.post(
    f"{DESK}/permits/{{permit}}",
    openapi_extra=doing(*DECISIONS),
)
def decide(reader: Mine, form: Filled, permit: str) -> Response:
    """What she decided, by the field `do`."""
    try:
        _decide(reader, form, PermitId(permit))
    except Refusal as refusal:
        return _permit_page(reader, PermitId(permit), refusal=refusal, form=form)
    return gone_to(reader, f"{DESK}/permits/{permit}")


def own_datasets(service: Service, asker: Asker) -> tuple[Own, ...]:
    """The datasets that serve, of the asker's organisation. Errors: Refusal rights.custodian_needed."""
    if Role.CUSTODIAN not in asker.person.roles:
        raise unfit(RULES[Action.PUBLISH_DATASET])
    organisation = service.people.organisation(asker.person.organisation)
    return tuple(
        Own(
            dataset=each,
            spent=service.node.budget(each.name).share,
            promised=service.desks.promised_nrho(each.population.name) / each.population.cap_nrho,
        )
        for each in service.datasets()
        if organisation is not None and each.custodian in {organisation.name, organisation.id}
    )


def _decide(reader: Reader, form: Form, permit: PermitId) -> None:
    """Errors: Refusal, as of the use cases, and http.bad_request."""
    service, asker, do = reader.service, reader.who, form.text("do", most=20, needed=True)
    record = service.desks.permit(asker, permit).place.record
    event = EVENTS.get(do)
    reasons = form.text("reasons", most=REASONS_CHARACTERS_MAX, needed=event in REASONED)
    if event is not None:
        service.permits.act(asker, permit=permit, event=event, reasons=reasons)
        return
    if do not in {"grant", "change"}:
        raise Refusal("http.bad_request", field="do", where=None, wanted="word.present")
    share, until = record.share_asked, record.valid_until
    if do == "change":
        share = read_percent(form.text("share", most=40, needed=True))
        day = form.day("until")
        if day.date() != until.astimezone(UTC).date():  # the day itself is the last one
            until = day + timedelta(days=1, seconds=-1)
    read = form.text("read", most=READ_CHARACTERS_MAX) or None
    service.permits.grant(asker, permit=permit, share=share, valid_until=until, reasons=reasons, read=read)


def _permit_page(reader: Reader, permit: PermitId, *, refusal: Refusal | None = None, form: Form | None = None) -> Response:
    service, asker = reader.service, reader.who
    asked = service.desks.permit(asker, permit)
    line = _line(service, asked, caps=_caps(service), promised={})
    place = line.place
    may = {each.value for each in offered(asker, on=place, now=service.now())} & {each.value for each in DECISIONS}
    known = {each.dataset.name: each.dataset for each in service.versions()}
    applicant = service.people.organisation(place.project.organisation)
    return page(
        reader,
        "custodian_permit.html",
        status=200 if refusal is None else status_of(refusal.code),
        refusal=refusal,
        line=line,
        may=may,
        hindrance=_hindrance(asker, place, now=service.now()) if place.record.state is PermitState.REQUESTED else None,
        dataset=known.get(place.record.dataset),
        spent=service.node.budget(place.record.dataset).share if place.record.dataset in known else None,
        applicant="" if applicant is None else applicant.name,
        why=[reason_in_words(reader, each) for each in place.record.match.reasons],
        typed=_typed(form, line),
    )


def reason_in_words(reader: Reader, reason: Reason) -> tuple[str, str]:
    """One step of the comparison of purposes: its outcome, and the sentence."""
    return reason.outcome.name.lower(), reader.catalogue.say(reason.code, term=reason.term, **dict(reason.parameters))


def _typed(form: Form | None, line: Line) -> Mapping[str, str]:
    """What the fields hold: what was typed, else what is asked or granted."""
    held = {"do": "", "share": f"{100 * line.share:.6g}", "until": line.until, "reasons": ""}
    return held if form is None else {name: form.text(name) or value for name, value in held.items()}


def _hindrance(asker: Asker, place: PermitOf, *, now: datetime) -> Refusal | None:
    """Why a request cannot be granted by her even after a fresh sign-in; None where it can."""
    try:
        check(Action.GRANT_PERMIT, replace(asker, stepped_up_at=now), on=place, now=now)
    except Refusal as refusal:
        return refusal
    return None


def _caps(service: Service) -> Mapping[str, int]:
    """What each population may lose. Units: nano-ρ."""
    return {each.dataset.population.name: each.dataset.population.cap_nrho for each in service.versions()}


def _line(service: Service, asked: Asked, *, caps: Mapping[str, int], promised: dict[str, float]) -> Line:
    """`promised`: remembers, by population, what was looked up."""
    record, population = asked.place.record, asked.place.record.population
    cap = max(1, caps.get(population, 0))
    if population not in promised:
        promised[population] = service.desks.promised_nrho(population) / cap if population in caps else 0.0
    waiting, granted = record.state is PermitState.REQUESTED, record.granted_by is not None
    share = record.cap_nrho / cap if granted and population in caps else float(record.share_asked)
    return Line(
        place=asked.place,
        waits=None if asked.since is None else days_between(asked.since, service.now()),
        share=share,
        promised=promised[population],
        with_it=promised[population] + (share if waiting else 0.0),
        used=service.permits.used(record) if granted and record.cap_nrho else 0.0,
        until=day_of(record.valid_until),
    )
