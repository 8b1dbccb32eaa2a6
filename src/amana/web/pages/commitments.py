"""The desk of plan owners: the commitments of her organisation, what evidence they lack, and forms to bring it.

Whoever decides gives one up here. A document is named by its digest, which her browser computes or she types: the file stays with her.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import final

from anyio import to_thread
from fastapi import Response

from amana.node.desk import wanting
from amana.node.evidence_facts import Facts, facts_of
from amana.node.statements import REASONS_MAX, Stated
from amana.policy.rights import Action, check
from amana.policy.things import CommitmentOf, Node
from amana.programme.evidence import LINK_MAX, NOTE_MAX, TITLE_MAX, Shown
from amana.programme.plan import Document, Indicator, PrivateFigure, value_of
from amana.programme.status import Measure, Standing
from amana.terms.ids import PermitId
from amana.terms.refusal import Fault, Refusal
from amana.web.access import doing
from amana.web.pages.forms import DIGITS, Form
from amana.web.pages.precisions import Priced, priced
from amana.web.pages.purses import Purse, purses_of
from amana.web.pages.reader import Reader
from amana.web.pages.render import page
from amana.web.pages.route import Filled, Mine, gone_to, personal_pages
from amana.web.problems import status_of
from amana.web.questions import Limited

router = personal_pages()
LIST = "/desk/programme"
NAME_CHARACTERS_MAX = 80
OWNING = (Action.SUBMIT_EVIDENCE, Action.DROP_COMMITMENT, Action.RESUME_COMMITMENT)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A commitment in the list. `missing`: the indicators for which evidence is missing; `waits`: how much waits for its verification."""

    standing: Standing
    missing: tuple[Indicator, ...]
    waits: int


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """An indicator on the page of its commitment. `by`: where its figure comes from; `purses`: of a private figure, the permits that may
    pay; `refused`: whether the node asked for it again and was refused; `price`: what it would cost, where somebody asked."""

    measure: Measure
    by: str
    missing: bool
    purses: tuple[Purse, ...]
    refused: bool
    price: Priced | None


@router.get(LIST, openapi_extra=doing(Action.SEE_NOTICES))
def commitments(reader: Mine) -> Response:
    """Hers, in the order of the plan."""
    service = reader.service
    check(Action.SEE_NOTICES, reader.who, on=Node(), now=service.now())
    hers = {each.id for each in service.programme.own(reader.who)}
    standings = service.programme_state.evaluation().standings if hers else ()
    return page(reader, "desk_programme.html", lines=tuple(_line(each) for each in standings if each.commitment.id in hers))


@router.get(f"{LIST}/{{commitment}}", openapi_extra=doing(*OWNING))
def commitment(reader: Mine, commitment: str) -> Response:
    """One of them, with everything that was brought for it. Whoever sees it has seen the notices about it."""
    standing = _seen(reader, commitment)
    reader.service.notices.read_of_commitment(reader.who, commitment=standing.commitment.id)
    return _page(reader, standing)


@router.post(f"{LIST}/{{commitment}}/evidence", openapi_extra=doing(Action.SUBMIT_EVIDENCE))
def bring(reader: Mine, form: Filled, commitment: str) -> Response:
    """Bring a document or a claim: by the field `do`."""
    standing = _seen(reader, commitment, Action.SUBMIT_EVIDENCE)
    try:
        reader.service.programme.state(reader.who, stated=_stated(form, standing))
    except Refusal as refusal:
        return _page(reader, standing, failure=refusal, form=form)
    return gone_to(reader, f"{LIST}/{commitment}")


@router.post(f"{LIST}/{{commitment}}/figure", openapi_extra=doing(Action.SUBMIT_EVIDENCE, Action.ASK))
async def figure(reader: Mine, form: Filled, limits: Limited, commitment: str) -> Response:
    """Say what a private figure would cost, or ask for it and bring it: by the field `do`."""
    standing = await to_thread.run_sync(_seen, reader, commitment, Action.SUBMIT_EVIDENCE)

    def measured() -> Response:
        if form.text("do", most=20) != "measure":
            return _page(reader, standing, form=form, price=_price(reader, form, standing))
        named = _indicator(form, standing)
        permit = PermitId(form.text("permit", most=NAME_CHARACTERS_MAX, needed=True))
        reader.service.private_figures.measure(reader.who, indicator=named.id, permit=permit)
        return gone_to(reader, f"{LIST}/{commitment}")

    try:
        return await limits.questions.run(measured)
    except (Refusal, Fault) as failure:
        told = failure
        return await to_thread.run_sync(lambda: _page(reader, standing, failure=told, form=form))


@router.post(f"{LIST}/{{commitment}}/decide", openapi_extra=doing(Action.DROP_COMMITMENT, Action.RESUME_COMMITMENT))
def decide(reader: Mine, form: Filled, commitment: str) -> Response:
    """Give it up, or take it up again."""
    standing = _seen(reader, commitment, Action.DROP_COMMITMENT)
    programme = reader.service.programme
    try:
        act = programme.resume if form.text("do", most=20) == "resume" else programme.drop
        act(reader.who, commitment=commitment, reasons=form.text("reasons", most=REASONS_MAX, needed=True))
    except Refusal as refusal:
        return _page(reader, standing, failure=refusal, form=form)
    return gone_to(reader, f"{LIST}/{commitment}")


def _seen(reader: Reader, commitment: str, *actions: Action) -> Standing:
    """One for which she may do one of these. Errors: as `policy.rights.check`, node.not_found, programme.none_adopted."""
    service = reader.service
    on = service.programme.commitment(commitment[:NAME_CHARACTERS_MAX])[1]
    if not set(actions or OWNING) & set(service.programme.may(reader.who, on.commitment)):
        check((actions or OWNING)[0], reader.who, on=on, now=service.now())
    return _standing(reader, on)


def _standing(reader: Reader, on: CommitmentOf) -> Standing:
    found = reader.service.programme_state.evaluation().standing(on.commitment)
    assert found is not None, "every commitment of the plan stands somewhere"
    return found


def _line(standing: Standing) -> Line:
    waits = sum(one.against == "unverified" for each in standing.measures for one in each.observations)
    return Line(standing=standing, missing=tuple(each.indicator for each in wanting(standing)), waits=waits)


def _indicator(form: Form, standing: Standing) -> Indicator:
    """Of this commitment: the page names no other. Errors: Refusal node.not_found."""
    name = form.text("indicator", most=NAME_CHARACTERS_MAX, needed=True)
    for each in standing.commitment.indicators:
        if each.id == name:
            return each
    raise Refusal("node.not_found", thing="word.thing.indicator", name=name)


def _stated(form: Form, standing: Standing) -> Stated:
    """Errors: Refusal http.bad_request, node.bad_value, node.not_found."""
    value = value_of(form.text("value", most=40, needed=True).translate(DIGITS).replace(",", ".").replace(" ", ""))
    if value is None:
        raise Refusal("node.bad_value", field="value", wanted="word.programme.value")
    return Stated(
        indicator=_indicator(form, standing).id,
        on=form.day("on").date(),
        value=Fraction(value),
        shown=_document(form) if form.text("do", most=20) == "document" else None,
        note=form.text("note", most=NOTE_MAX),
    )


def _document(form: Form) -> Shown:
    return Shown(
        sha256=form.text("sha256", most=200, needed=True).lower(),
        title=form.text("title", most=TITLE_MAX, needed=True),
        link=form.text("link", most=LINK_MAX),
    )


def _price(reader: Reader, form: Form, standing: Standing) -> tuple[str, Priced]:
    """What the question of an indicator would cost now. Errors: as `Service.preview`."""
    named = _indicator(form, standing)
    method = named.method
    if not isinstance(method, PrivateFigure):
        raise Refusal("programme.evidence_wrong", reason="word.evidence.other_basis")
    purses = _purses(reader, method)
    permit = PermitId(form.text("permit", most=NAME_CHARACTERS_MAX, needed=True))
    found = priced(
        reader.service, reader.who, sql=method.sql, permit=permit, purses=purses, withins=((method.within, ""),)
    )  # fmt: skip
    return named.id, found[0]


def _purses(reader: Reader, method: PrivateFigure) -> tuple[Purse, ...]:
    return tuple(each for each in purses_of(reader.service, reader.who) if each.dataset.name == method.dataset)


def _rows(reader: Reader, standing: Standing, price: tuple[str, Priced] | None) -> tuple[Row, ...]:
    missing = {each.indicator.id for each in wanting(standing)}
    refused = reader.service.private_figures.refused(reader.service.programme_state.evaluation().plan.id)

    def row(measure: Measure) -> Row:
        method = measure.indicator.method
        by = "private" if isinstance(method, PrivateFigure) else "document" if isinstance(method, Document) else "log"
        cost = price[1] if price is not None and price[0] == measure.indicator.id else None
        purses = _purses(reader, method) if isinstance(method, PrivateFigure) else ()
        name = measure.indicator.id
        return Row(measure=measure, by=by, missing=name in missing, purses=purses, refused=name in refused, price=cost)

    return tuple(map(row, standing.measures))


def _brought(reader: Reader, standing: Standing) -> tuple[Facts, ...]:
    service = reader.service
    return tuple(facts_of(service.programme_state, each) for each in service.programme.brought(standing.commitment.id))


def _page(
    reader: Reader,
    standing: Standing,
    *,
    failure: Refusal | Fault | None = None,
    form: Form | None = None,
    price: tuple[str, Priced] | None = None,
) -> Response:
    service = reader.service
    may = service.programme.may(reader.who, standing.commitment.id)
    return page(
        reader,
        "desk_commitment.html",
        status=200 if failure is None else status_of(failure.code) if isinstance(failure, Refusal) else 500,
        refusal=failure,
        standing=standing,
        rows=_rows(reader, standing, price),
        brought=_brought(reader, standing),
        titles={each.id: each.title for each in standing.commitment.indicators},
        bringing=Action.SUBMIT_EVIDENCE in may and standing.dropped is None,
        deciding=Action.DROP_COMMITMENT in may,
        typed=form or Form(),
        datasets={each.name: each.title for each in service.datasets()},
        today=service.now().date().isoformat(),
        most={"note": NOTE_MAX, "title": TITLE_MAX, "link": LINK_MAX, "reasons": REASONS_MAX},
    )
