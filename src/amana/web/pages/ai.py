"""The register of AI systems in words: which there are, and of each what it decides, who answers for it and how to object."""

from dataclasses import dataclass
from typing import Annotated, Literal, final

from fastapi import Query, Response
from markupsafe import Markup, escape

from amana.client.figures import number
from amana.policy.rights import Action
from amana.register.ai_systems import AiSystem
from amana.terms.ids import ModelId
from amana.terms.refusal import Refusal
from amana.terms.training_facts import Attack, Audit, Metric
from amana.web.access import doing
from amana.web.pages.projects import Number, entries_told
from amana.web.pages.reader import Reader
from amana.web.pages.render import amount, ltr, page
from amana.web.pages.route import Read, public_pages
from amana.web.pages.shapes import drawn, span_of
from amana.web.pages.told import budget_part, dataset_named, known_of, project_named

SHOWN = 24
SHAPES_SHOWN, SHAPES_PAGE = 3, 6
ENTRIES_SHOWN = 10
FIGURE_DIGITS = 3
STATES = ("registered", "in_service", "suspended", "retired")
FORMS = ("cyclonedx", "hub", "algoritmeregister", "atrs", "ai-act")
State = Annotated[Literal["registered", "in_service", "suspended", "retired"] | None, Query(alias="state")]
router = public_pages()


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A measure of quality in words. `whom`: empty for everybody; of a forecast, how many steps ahead."""

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
    shapes, groups = service.ai_register.shapes(None, model=ModelId(model)), found.facts.groups
    populations = {each.name: each.population.name for each in service.datasets()}
    return page(
        reader,
        "ai_system.html",
        system=found,
        card=found.card,
        facts=found.facts,
        dataset=dataset_named(reader, found.dataset, known=known),
        project=project_named(reader, found.project, known=known) if found.project else None,
        measures=tuple(measured(reader, each) for each in (*found.facts.quality, *(each for each in groups if each.compares))),
        measures_of_groups=tuple(measured(reader, each) for each in groups if not each.compares),
        cost=cost_told(reader, found, share=budget_part(found.facts.cost_nrho, populations.get(found.dataset, ""), known=known)),
        audit=audit_told(reader, found.facts.audit),
        attacks=tuple(_attack(reader, each) for each in found.facts.attacks),
        shapes=tuple(drawn(reader, each, span=span_of(shapes)) for each in shapes[:SHAPES_SHOWN]),
        shapes_more=len(shapes) > SHAPES_SHOWN,
        entries=entries_told(reader, found.entries[-ENTRIES_SHOWN:]),
        forms=FORMS,
        since=found.changed_at,
    )


@router.get("/ai/{model}/shapes", openapi_extra=doing(Action.SEE_PUBLIC))
def shapes(reader: Read, model: str, number: Number = 1) -> Response:
    """What each column adds to the score of one of them, drawn and as tables. Errors: Refusal node.not_found, beyond the last page."""
    register = reader.service.ai_register
    found, every = register.system(None, model=ModelId(model)), register.shapes(None, model=ModelId(model))
    here = every[(number - 1) * SHAPES_PAGE : number * SHAPES_PAGE]
    if number > 1 and not here:
        raise Refusal("node.not_found", thing="word.thing.model", name=f"{model[:80]}, {number}")
    return page(
        reader,
        "ai_shapes.html",
        system=found,
        facts=found.facts,
        shapes=tuple(drawn(reader, each, span=span_of(every)) for each in here),
        more=len(every) > number * SHAPES_PAGE,
        number=number,
    )


def measured(reader: Reader, metric: Metric) -> Measured:
    """A measure in words."""
    group = metric.whom if metric.compares else f"{metric.column}: {metric.group}" if metric.column else ""
    return Measured(
        name=reader.catalogue.word("metric", metric.name),
        whom=str(metric.steps) if metric.steps else group,
        value=amount(metric.value, FIGURE_DIGITS),
        interval=ltr(f"{amount(metric.low, FIGURE_DIGITS).striptags()} – {amount(metric.high, FIGURE_DIGITS).striptags()}"),
    )


def cost_told(reader: Reader, system: AiSystem, *, share: Markup) -> Markup:
    """What its training took of what may ever be learned."""
    unit = Markup("<bdi>{}</bdi>").format(system.facts.unit)
    return reader.tell("page.ai.cost_text", share=share, unit=unit, epsilon=amount(system.epsilon, 2), delta=ltr(f"{system.delta:g}"))


def audit_told(reader: Reader, audit: Audit | None) -> Markup:
    """What an attack showed; one whose control was missed is no evidence, whatever it found (PRIVACY 21)."""
    if audit is None:
        return escape(reader.catalogue.say("audit.none"))
    if not audit.control_caught:
        return escape(reader.catalogue.say("audit.missed"))
    code = "audit.held" if audit.lower_bound <= audit.claimed else "audit.broken"
    return reader.tell(code, bound=amount(audit.lower_bound, 2), claimed=amount(audit.claimed, 2))


def _attack(reader: Reader, found: Attack) -> str:
    """What an attack by whoever has the model found; one that a copy of the data withstood is no evidence (PRIVACY 21)."""
    name = reader.catalogue.word("attack", found.attack)
    if not found.control_caught:
        return reader.catalogue.say("attack.no_evidence", attack=name)
    points = (number(100 * each, 1) for each in (found.excess, found.excess_low, found.excess_high))
    told = dict(zip(("excess", "low", "high"), points, strict=True))
    return reader.catalogue.say("attack.leaks" if found.leaked else "attack.holds", attack=name, **told)
