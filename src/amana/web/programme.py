"""The national programme over HTTP: adopt a plan, bring evidence, verify it, give up a commitment. Nobody sets a status."""

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Response
from pydantic import BeforeValidator, Field, StringConstraints

from amana.log.documents import digest_of
from amana.node.evidence_facts import facts_of
from amana.node.statements import Stated
from amana.policy.rights import Action
from amana.programme.evidence import LINK_MAX, NOTE_MAX, TITLE_MAX, Shown
from amana.programme.plan import value_of
from amana.programme.plan_document import write_document
from amana.programme.plan_file import PLAN_BYTES_MAX
from amana.terms.database import moment
from amana.terms.ids import EvidenceId, PermitId
from amana.terms.refusal import Refusal
from amana.web.access import doing
from amana.web.bodies import PLAIN, Closed, Id
from amana.web.context import Caller, Here
from amana.web.examples import ADOPTING, CLAIM, DROPPING, JUDGING, MEASURING, STATED
from amana.web.lists import Paged, listed
from amana.web.questions import Limited
from amana.web.replies import json_response
from amana.web.routing import new_router
from amana.web.shapes import shown as example
from amana.web.shown import evidence_shown

router: APIRouter = new_router("programme")
DIGEST = r"^[0-9a-f]{64}$"


def _written(day: object) -> object:
    """A day as a text; a number would be taken for one, too."""
    if not isinstance(day, str) or len(day) != len("2026-11-30"):
        raise ValueError("no day")
    return day


Day = Annotated[date, BeforeValidator(_written)]
Digest = Annotated[str, StringConstraints(pattern=DIGEST), Field(description="SHA-256 of the file, which stays where it is")]
Why = Annotated[str, StringConstraints(min_length=1, max_length=2_000, pattern=PLAIN), Field(description="public, with the decision")]


class PlanIn(Closed):
    """A plan file."""

    model_config = example(ADOPTING, closed=True)
    plan: Annotated[str, StringConstraints(max_length=PLAN_BYTES_MAX, pattern=PLAIN), Field(description="the TOML text of the file")]


class DocumentIn(Closed):
    """A document that shows a figure: named, never sent."""

    sha256: Digest
    title: Annotated[str, StringConstraints(min_length=1, max_length=TITLE_MAX, pattern=PLAIN)]
    link: Annotated[str, StringConstraints(max_length=LINK_MAX, pattern=r"^(?:https?://[!-~]+)?$")] = ""


class StatedIn(Closed):
    """A figure that a document shows; without one it is a claim, which weighs nothing."""

    model_config = example(STATED, CLAIM, closed=True)
    indicator: Id
    on: Day
    value: Annotated[str, StringConstraints(pattern=r"^-?[0-9]{1,18}(?:\.[0-9]{1,9})?$"), Field(description="a decimal number as a text")]
    document: DocumentIn | None = None
    note: Annotated[str, StringConstraints(max_length=NOTE_MAX, pattern=PLAIN)] = ""


class MeasuredIn(Closed):
    """Which private figure, and which permit pays for its question."""

    model_config = example(MEASURING, closed=True)
    indicator: Id
    permit: Id


class VerdictIn(Closed):
    """What a verifier found when she compared the very file."""

    model_config = example(JUDGING, closed=True)
    verdict: Literal["confirm", "reject"]
    reasons: Why
    sha256: Digest


class WhyIn(Closed):
    """Why somebody decides so."""

    model_config = example(DROPPING, closed=True)
    reasons: Why


@router.post("/programme/plan", status_code=201, openapi_extra=doing(Action.ADOPT_PLAN))
def adopt(body: PlanIn, service: Here, caller: Caller) -> dict[str, object]:
    """Make a plan file the plan of this node, in the place of the version before."""
    plan = service.programme.adopt(caller, content=body.plan.encode())
    counted = {"commitments": len(plan.commitments), "indicators": len(plan.indicators())}
    return {"plan": plan.id, "version": plan.version, "title": dict(plan.title), "digest": digest_of(write_document(plan)), **counted}


@router.post("/programme/evidence", status_code=201, openapi_extra=doing(Action.SUBMIT_EVIDENCE))
def submit(body: StatedIn, service: Here, caller: Caller) -> dict[str, object]:
    """Bring a document, or a claim, for an indicator of a commitment of your organisation."""
    value, held = value_of(body.value), body.document
    assert value is not None, "its form was read at the door"
    named = None if held is None else Shown(sha256=held.sha256, title=held.title, link=held.link)
    stated = Stated(indicator=body.indicator, on=body.on, value=value, shown=named, note=body.note)
    return _shown(service.programme.state(caller, stated=stated), service)


@router.post(
    "/programme/measurements", status_code=201, openapi_extra=doing(Action.SUBMIT_EVIDENCE, Action.ASK, spends=True)
)  # fmt: skip
async def measure(body: MeasuredIn, service: Here, caller: Caller, limits: Limited) -> Response:
    """Ask the plan's own question under a permit, and bring its answer as evidence; it is asked again for each new version of the data."""

    def measured() -> dict[str, object]:
        made = service.private_figures.measure(caller, indicator=body.indicator, permit=PermitId(body.permit))
        return _shown(made, service)

    return json_response(await limits.questions.run(measured), status=201)


@router.get("/programme/evidence", openapi_extra=doing(Action.VERIFY_EVIDENCE))
def waiting(service: Here, caller: Caller, page: Paged) -> dict[str, object]:
    """The documents that wait for your verification: never those of your own organisation. What has waited longest comes first."""
    at, _, name = page.after.partition(" ")
    found = service.programme.waiting(caller, after=(at, name), limit=page.limit)
    last = f"{moment(found[-1].submitted_at)} {found[-1].id}" if found else None
    return listed([evidence_shown(facts_of(service.programme_state, each)) for each in found], page=page, last=last)


@router.get("/programme/evidence/{evidence}", openapi_extra=doing(Action.SEE_PUBLIC))
def one(evidence: Id, service: Here) -> dict[str, object]:
    """What is public of a piece of evidence: figure, document, verdict, and where the log tells of it."""
    return _shown(EvidenceId(evidence), service)


@router.post("/programme/evidence/{evidence}/verification", openapi_extra=doing(Action.VERIFY_EVIDENCE))
def verify(evidence: Id, body: VerdictIn, service: Here, caller: Caller) -> dict[str, object]:
    """Say whether a document shows what is stated, as somebody of another organisation who has the very file."""
    made = EvidenceId(evidence)
    service.programme.verify(caller, evidence=made, verdict=body.verdict, reasons=body.reasons, sha256=body.sha256)
    return _shown(made, service)


@router.post("/programme/commitments/{commitment}/drop", openapi_extra=doing(Action.DROP_COMMITMENT))
def drop(commitment: Id, body: WhyIn, service: Here, caller: Caller) -> dict[str, object]:
    """Give a commitment up, in public and with reasons."""
    service.programme.drop(caller, commitment=commitment, reasons=body.reasons)
    return _standing(commitment, service)


@router.post("/programme/commitments/{commitment}/resume", openapi_extra=doing(Action.RESUME_COMMITMENT))
def resume(commitment: Id, body: WhyIn, service: Here, caller: Caller) -> dict[str, object]:
    """Take up again what was dropped."""
    service.programme.resume(caller, commitment=commitment, reasons=body.reasons)
    return _standing(commitment, service)


def _shown(evidence: EvidenceId, service: Here) -> dict[str, object]:
    return evidence_shown(facts_of(service.programme_state, service.programme.one(evidence)))


def _standing(commitment: str, service: Here) -> dict[str, object]:
    found = service.programme_state.evaluation().standing(commitment)
    if found is None:
        raise Refusal("node.not_found", thing="word.thing.commitment", name=commitment)
    return {"id": commitment, "status": found.status.value, "dropped": found.dropped}
