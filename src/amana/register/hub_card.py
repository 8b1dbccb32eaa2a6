"""One system as a model card for hubs: metadata that programs load, and the same in words.

Source: the model card metadata of the Hugging Face hub (`README.md` with YAML between two lines of hyphens). The metadata is written as
JSON values, which YAML reads.
"""

import json
from typing import Final

from amana.register.ai_systems import AiSystem, attack_told, audit_told, energy_told, figure, text_in
from amana.register.listing import Json
from amana.terms.training_facts import FORECASTING

MEDIA: Final = "text/markdown"


def metadata(system: AiSystem) -> Json:
    """What a hub's programs read."""
    facts, name = system.facts, text_in(system.card.name, "en")
    kind, task = ("time-series", "time-series-forecasting") if facts.task == FORECASTING else ("tabular", f"tabular-{facts.task}")
    dataset = {"type": system.dataset, "name": text_in(system.dataset_title, "en") or system.dataset, "revision": system.version}
    metrics = [{"type": each.name, "value": each.value, "name": figure(each)} for each in facts.quality]
    carbon = {"emissions": facts.carbon_g, "source": "predicted", "training_type": "training"}
    results = [{"task": {"type": task}, "dataset": dataset, "metrics": metrics}] if metrics else []
    return {
        "language": [language for language, _ in system.card.name],
        "library_name": "amana",
        "pipeline_tag": task,
        "tags": ["differential-privacy", kind, facts.learner],
        "datasets": [system.dataset],
        "metrics": list(dict.fromkeys(each.name for each in facts.quality)),
        **({"co2_eq_emissions": carbon} if facts.carbon_g is not None else {}),
        **({"model-index": [{"name": name, "results": results}]} if results else {}),
    }


def hub_card(system: AiSystem, *, language: str) -> str:
    """The file. `language`: of what people said, else English; the headings are English, as hubs expect."""
    card, facts = system.card, system.facts
    head = "".join(f"{name}: {json.dumps(value, ensure_ascii=False)}\n" for name, value in metadata(system).items())
    sections = (
        ("What it is for", text_in(card.purpose, language)),
        ("What it decides", text_in(card.decides, language)),
        ("What was weighed", text_in(card.weighed, language)),
        ("Human oversight", text_in(card.oversight, language)),
        ("How to object", f"{text_in(card.objection, language)}\n\n{card.contact}"),
        ("Limits", text_in(card.limits, language)),
        ("Legal basis", text_in(card.legal_basis, language)),
        ("Who answers for it", f"Provider: {card.provider}. Deployer: {card.deployer or 'none'}. Data: {system.custodian}."),
        ("Training data", f"{system.dataset}, version {system.version}; at most {facts.rows_kept} rows of each {facts.unit}."),
        ("Privacy", f"rho {facts.cost_nrho / 1e9:.6g}: epsilon {system.epsilon:.3f} at delta {system.delta:g}, for each {facts.unit}."),
        ("Quality", "\n".join(f"- {figure(each)}" for each in (*facts.quality, *facts.groups)) or "Not measured."),
        ("Audit", audit_told(facts.audit)),
        ("Attacks", "\n".join(f"- {attack_told(each)}" for each in facts.attacks) or "None was made."),
        ("Energy", energy_told(facts) or "Not predicted."),
        ("Register", f"{system.page}, state {system.state}; training is entry {facts.entry} of the public log."),
    )
    body = "\n\n".join(f"## {title}\n\n{text}" for title, text in sections)
    return f"---\n{head}---\n# {text_in(card.name, language)}\n\n{body}\n"
