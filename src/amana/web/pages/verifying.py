"""The desk of verifiers: documents of other organisations that wait, each with what is stated and what the plan says it must show. She
chooses the file that she was given; its digest, computed in her browser or typed, must be the one that was named."""

from dataclasses import replace

from fastapi import Response

from amana.node.evidence_facts import Facts, facts_of
from amana.node.statements import REASONS_MAX
from amana.policy.rights import Action, check
from amana.policy.things import Node
from amana.programme.plan import Commitment, Document, Indicator
from amana.terms.ids import EvidenceId
from amana.terms.refusal import Refusal
from amana.web.access import doing
from amana.web.pages.forms import Form
from amana.web.pages.reader import Reader
from amana.web.pages.render import page
from amana.web.pages.route import Filled, Mine, gone_to, personal_pages
from amana.web.problems import status_of

router = personal_pages()
LIST = "/desk/verify"
NAME_CHARACTERS_MAX = 80


@router.get(LIST, openapi_extra=doing(Action.SEE_NOTICES))
def waiting(reader: Mine) -> Response:
    """What has waited longest comes first. Whoever sees it has seen the notices about it."""
    service = reader.service
    check(Action.SEE_NOTICES, reader.who, on=Node(), now=service.now())
    service.notices.read_waiting(reader.who)
    found = [facts_of(service.programme_state, each) for each in service.programme.waiting(reader.who)]
    return page(reader, "desk_verify.html", lines=tuple((each, *_place(reader, each)) for each in found))


@router.get(f"{LIST}/{{evidence}}", openapi_extra=doing(Action.VERIFY_EVIDENCE))
def document(reader: Mine, evidence: str) -> Response:
    """One of them, with the form of the verdict."""
    return _page(reader, _seen(reader, evidence))


@router.post(f"{LIST}/{{evidence}}", openapi_extra=doing(Action.VERIFY_EVIDENCE))
def judge(reader: Mine, form: Filled, evidence: str) -> Response:
    """Confirm or reject it: by the field `do`."""
    found = _seen(reader, evidence)
    try:
        reader.service.programme.verify(
            reader.who,
            evidence=found.found.id,
            verdict=form.text("do", most=20),
            reasons=form.text("reasons", most=REASONS_MAX, needed=True),
            sha256=form.text("sha256", most=200, needed=True).lower(),
        )
    except Refusal as refusal:
        return _page(reader, found, refusal=refusal, form=form)
    return gone_to(reader, LIST)


def _seen(reader: Reader, evidence: str) -> Facts:
    """One that she may verify, once she has stepped up. Errors: as `policy.rights.check`, node.not_found."""
    service = reader.service
    found, now = service.programme.one(EvidenceId(evidence[:NAME_CHARACTERS_MAX])), service.now()
    check(Action.VERIFY_EVIDENCE, replace(reader.who, stepped_up_at=now), on=found.place, now=now)
    return facts_of(service.programme_state, found)


def _place(reader: Reader, facts: Facts) -> tuple[Commitment | None, Indicator | None]:
    """Where it belongs in the plan; nowhere, where a newer version has no such indicator."""
    plan = reader.service.programme_state.plan()
    for commitment, indicator in () if plan is None else plan.indicators():
        if indicator.id == facts.found.indicator:
            return commitment, indicator
    return None, None


def _page(reader: Reader, facts: Facts, *, refusal: Refusal | None = None, form: Form | None = None) -> Response:
    commitment, indicator = _place(reader, facts)
    return page(
        reader,
        "desk_evidence.html",
        status=200 if refusal is None else status_of(refusal.code),
        refusal=refusal,
        facts=facts,
        commitment=commitment,
        indicator=indicator,
        shows=indicator.method.shows if indicator is not None and isinstance(indicator.method, Document) else (),
        typed=form or Form(),
        reasons_most=REASONS_MAX,
    )
