"""One system as a CycloneDX bill of materials for machine learning.

Source: ECMA-424 (CycloneDX 1.6), `modelCard` and `data` of a component. What the node does not know is left out.
"""

from typing import Final
from uuid import NAMESPACE_URL, uuid5

from amana.register.ai_systems import AiSystem, attack_told, audit_told, text_in
from amana.register.listing import Json
from amana.terms.training_facts import Metric

MEDIA: Final = "application/vnd.cyclonedx+json"
SPECIFICATION: Final = "1.6"


def ml_bom(system: AiSystem) -> Json:
    """The document: the model as its one component, the dataset as what it was made of."""
    changed = system.changed_at.isoformat()
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": SPECIFICATION,
        "serialNumber": f"urn:uuid:{uuid5(NAMESPACE_URL, f'{system.page}#{changed}')}",
        "version": 1,
        "metadata": {"timestamp": changed, "component": _component(system)},
    }


def _component(system: AiSystem) -> Json:
    card, facts = system.card, system.facts
    return {
        "type": "machine-learning-model",
        "bom-ref": system.id,
        "name": text_in(card.name, "en"),
        "version": system.version,
        "description": text_in(card.purpose, "en"),
        "supplier": {"name": card.provider},
        "publisher": card.provider,
        "externalReferences": [
            {"type": "model-card", "url": system.page},
            *([{"type": "website", "url": card.website}] if card.website else []),
        ],
        "modelCard": {
            "bom-ref": f"{system.id}-card",
            "modelParameters": {
                "approach": {"type": "supervised"},
                "task": facts.task,
                "architectureFamily": facts.learner,
                "datasets": [_dataset(system)],
                "inputs": [{"format": f"column {name}"} for name in facts.features],
                "outputs": [{"format": f"prediction of {facts.target}"}],
            },
            "quantitativeAnalysis": {"performanceMetrics": [_measured(each) for each in (*facts.quality, *facts.groups)]},
            "considerations": _considerations(system),
            "properties": [{"name": f"amana:{name}", "value": value} for name, value in _properties(system)],
        },
    }


def _dataset(system: AiSystem) -> Json:
    return {
        "type": "dataset",
        "name": text_in(system.dataset_title, "en") or system.dataset,
        "classification": "protected by differential privacy",
        "description": f"{system.dataset}, version {system.version}: at most {system.facts.rows_kept} rows of each {system.facts.unit}",
        "governance": {"custodians": [{"organization": {"name": system.custodian}}]},
    }


def _measured(metric: Metric) -> Json:
    found: Json = {
        "type": metric.name,
        "value": f"{metric.value:.6g}",
        "confidenceInterval": {"lowerBound": f"{metric.low:.6g}", "upperBound": f"{metric.high:.6g}"},
    }
    return found | ({"slice": metric.whom} if metric.whom else {})


def _considerations(system: AiSystem) -> Json:
    card = system.card
    groups = dict.fromkeys(each.whom for each in system.facts.groups if not each.compares)
    return {
        "users": [each for each in (card.deployer, card.provider) if each][:1],
        "useCases": [text_in(card.purpose, "en"), text_in(card.decides, "en")],
        "technicalLimitations": [text_in(card.limits, "en")],
        "ethicalConsiderations": [
            {"name": "human oversight", "mitigationStrategy": text_in(card.oversight, "en")},
            {"name": "objection", "mitigationStrategy": f"{text_in(card.objection, 'en')} {card.contact}"},
        ],
        "fairnessAssessments": [{"groupAtRisk": each, "mitigationStrategy": "quality is measured apart"} for each in groups],
    }


def _properties(system: AiSystem) -> tuple[tuple[str, str], ...]:
    facts = system.facts
    return (
        ("state", system.state),
        ("privacy_unit", facts.unit),
        ("cost_nrho", str(facts.cost_nrho)),
        ("cost_delta", str(facts.cost_delta)),
        ("epsilon", f"{system.epsilon:.4f}"),
        ("delta", f"{system.delta:g}"),
        ("audit", audit_told(facts.audit)),
        *(("attack", attack_told(each)) for each in facts.attacks),
        ("legal_basis", text_in(system.card.legal_basis, "en")),
        ("log_entry", str(facts.entry)),
        *((("energy_wh", f"{facts.energy_wh:g}"),) if facts.energy_wh is not None else ()),
        *((("carbon_g", f"{facts.carbon_g:g}"),) if facts.carbon_g is not None else ()),
    )
