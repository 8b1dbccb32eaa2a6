"""The register of AI systems in words: which there are, and of each what it decides, who answers for it and how to object."""

from dataclasses import dataclass
from typing import Annotated, Literal, final

from fastapi import Query, Response
from markupsafe import Markup, escape

from amana.policy.rights import Action
from amana.register.ai_systems import AiSystem
from amana.terms.ids import ModelId
from amana.terms.training_facts import Audit, Metric
from amana.web.access import doing
from amana.web.pages.projects import Number, entries_told
from amana.web.pages.reader import Reader
from amana.web.pages.render import amount, ltr, page
from amana.web.pages.route import Read, public_pages
from amana.web.pages.told import budget_part, dataset_named, known_of, project_named

SHOWN = 24
ENTRIES_SHOWN = 10
FIGURE_DIGITS = 3
STATES = ("registered", "in_service", "suspended", "retired")
FORMS = ("cyclonedx", "hub", "algoritmeregister", "atrs", "ai-act")
State = Annotated[Literal["registered", "in_service", "suspended", "retired"] | None, Query(alias="state")]
router = public_pages()


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A measure of quality in words. `whom`: empty for everybody."""

    name: str
    whom: str
    value: Markup
    interval: Markup


@router.get("/ai", openapi_extra=doing(Action.SEE_PUBLIC))
def systems(reader: Read, number: Number = 1, state: State = None) -> Response:
    """AI systems that learned from the data, the newest first; `state`: those in it."""
    found = reader.service.ai_register.systems(None, state=state or "", skipped=(number - 1) * SHOWN, limit=SHOWN + 1)
    return page(
        reader, "ai.html", systems=found[:SHOWN], more=len(found) > SHOWN, number=number, state=state or "", states=STATES
    )  # fmt: skip


@router.get("/ai/{model}", openapi_extra=doing(Action.SEE_PUBLIC))
def system(reader: Read, model: str) -> Response:
    """One of them: its card."""
    service = reader.service
    found = service.ai_register.system(None, model=ModelId(model))
    known = known_of(service, [{"project": found.project}] if found.project else [])
    populations = {each.name: each.population.name for each in service.datasets()}
    return page(
        reader,
        "ai_system.html",
        system=found,
        card=found.card,
        facts=found.facts,
        dataset=dataset_named(reader, found.dataset, known=known),
        project=project_named(reader, found.project, known=known) if found.project else None,
        measures=tuple(_measured(reader, each) for each in (*found.facts.quality, *found.facts.groups)),
        cost=_cost(reader, found, share=budget_part(found.facts.cost_nrho, populations.get(found.dataset, ""), known=known)),
        audit=_audit(reader, found.facts.audit),
        entries=entries_told(reader, found.entries[-ENTRIES_SHOWN:]),
        forms=FORMS,
        since=found.changed_at,
    )


def _measured(reader: Reader, metric: Metric) -> Measured:
    return Measured(
        name=reader.catalogue.word("metric", metric.name),
        whom=f"{metric.column}: {metric.group}" if metric.column else "",
        value=amount(metric.value, FIGURE_DIGITS),
        interval=ltr(f"{amount(metric.low, FIGURE_DIGITS).striptags()} – {amount(metric.high, FIGURE_DIGITS).striptags()}"),
    )


def _cost(reader: Reader, system: AiSystem, *, share: Markup) -> Markup:
    unit = Markup("<bdi>{}</bdi>").format(system.facts.unit)
    return reader.tell("page.ai.cost_text", share=share, unit=unit, epsilon=amount(system.epsilon, 2), delta=ltr(f"{system.delta:g}"))


def _audit(reader: Reader, audit: Audit | None) -> Markup:
    """What an attack showed; one whose control was missed is no evidence, whatever it found (PRIVACY 21)."""
    if audit is None:
        return escape(reader.catalogue.say("page.ai.audit.none"))
    if not audit.control_caught:
        return escape(reader.catalogue.say("page.ai.audit.missed"))
    code = "page.ai.audit.held" if audit.lower_bound <= audit.claimed else "page.ai.audit.broken"
    return reader.tell(code, bound=amount(audit.lower_bound, 2), claimed=amount(audit.claimed, 2))
