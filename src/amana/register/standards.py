"""One system under the field names of three public standards.

Sources: the publication standard 1.0 of the Dutch Algorithm Register, as its interface names the fields; the Algorithmic Transparency
Recording Standard of the United Kingdom, version 3; Regulation (EU) 2024/1689, annex VIII, section A. A field that the node does not know
is left out, also where a form asks for it: whoever hands it in adds it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, final

from amana.register.ai_systems import AiSystem, attacks_told, audit_told, figure, text_in
from amana.register.listing import Json
from amana.terms.model_card import Texts


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """A field of a standard, and what of ours it is made of. `of`: its value in a language; an empty one is left out."""

    name: str
    members: tuple[str, ...]
    of: Callable[[AiSystem, str], object]


_LANGUAGES: Final = MappingProxyType({"en": "ENG", "fr": "FRA", "ar": "ARA", "zgh": "ZGH"})
_DUTCH_STATES: Final = MappingProxyType({"registered": "In ontwikkeling", "in_service": "In gebruik"})
_DUTCH_CATEGORIES: Final = MappingProxyType(
    {"high_risk": "Hoog-risico AI-systeem", "impactful": "Impactvolle algoritmes", "other": "Overige algoritmes"}
)
_PHASES: Final = MappingProxyType(
    {"registered": "Pre-deployment", "in_service": "Production", "suspended": "Suspended", "retired": "Retired"}
)
_MARKET: Final = MappingProxyType({"in_service": "in service", "suspended": "no longer in service", "retired": "no longer in service"})


def _said(name: str, *, as_name: str) -> Mapped:
    def of(system: AiSystem, language: str) -> object:
        texts: Texts | str = getattr(system.card, name)
        return texts if isinstance(texts, str) else text_in(texts, language)

    return Mapped(name=as_name, members=(name,), of=of)


def _answers(system: AiSystem, _: str) -> str:
    return system.card.deployer or system.card.provider


def _description(system: AiSystem, language: str) -> str:
    return f"{text_in(system.card.purpose, language)} {text_in(system.card.decides, language)}"


def _data(system: AiSystem, language: str) -> str:
    facts = system.facts
    title = text_in(system.dataset_title, language) or system.dataset
    return (
        f"{title} ({system.dataset}, version {system.version}, {system.custodian}). At most {facts.rows_kept} rows of each {facts.unit}. "
        f"Columns: {', '.join(facts.features)}; predicted: {facts.target}."
    )


def _method(system: AiSystem, _: str) -> str:
    facts = system.facts
    return (
        f"{facts.learner} ({facts.task}), trained on noisy sums with differential privacy: epsilon {system.epsilon:.3f} at delta "
        f"{system.delta:g} for each {facts.unit} (rho {facts.cost_nrho / 1e9:.6g})."
    )


def _quality(system: AiSystem, _: str) -> str:
    return "; ".join(figure(each) for each in (*system.facts.quality, *system.facts.groups))


def _risks(system: AiSystem, language: str) -> str:
    attacks = f" Attacks: {attacks_told(system.facts)}." if system.facts.attacks else ""
    return f"{text_in(system.card.limits, language)} Privacy audit: {audit_told(system.facts.audit)}.{attacks}"


def _month(system: AiSystem, _: str) -> str:
    return "" if system.served_at is None else f"{system.served_at:%Y-%m}"


def _ended(system: AiSystem, _: str) -> str:
    return "" if system.retired_at is None else f"{system.retired_at:%Y-%m}"


DUTCH: Final = (
    _said("name", as_name="name"),
    Mapped(name="organization", members=("deployer", "provider"), of=_answers),
    Mapped(name="description_short", members=("purpose", "decides"), of=lambda system, language: _description(system, language)[:500]),
    Mapped(name="publication_category", members=("category",), of=lambda system, _: _DUTCH_CATEGORIES[system.card.category]),
    Mapped(name="status", members=("state",), of=lambda system, _: _DUTCH_STATES.get(system.state, "Buiten gebruik")),
    Mapped(name="begin_date", members=("served_on",), of=_month),
    Mapped(name="end_date", members=("retired_on",), of=_ended),
    _said("contact", as_name="contact_email"),
    _said("website", as_name="website"),
    Mapped(name="url", members=("page",), of=lambda system, _: system.page),
    _said("purpose", as_name="goal"),
    _said("weighed", as_name="proportionality"),
    _said("oversight", as_name="human_intervention"),
    Mapped(name="risks", members=("limits", "audit", "attacks"), of=_risks),
    _said("legal_basis", as_name="lawful_basis"),
    _said("assessment", as_name="impacttoetsen"),
    Mapped(name="source_data", members=("dataset", "version", "custodian", "unit", "rows_kept", "features", "target"), of=_data),
    Mapped(
        name="methods_and_models",
        members=("learner", "task", "epsilon", "delta", "quality", "groups"),
        of=lambda system, language: f"{_method(system, language)} {_quality(system, language)}",
    ),
    _said("provider", as_name="provider"),
    Mapped(name="source_id", members=("id",), of=lambda system, _: system.id),
    Mapped(name="lang", members=(), of=lambda _, language: _LANGUAGES.get(language, "ENG")),
    Mapped(name="standard_version", members=(), of=lambda _system, _language: "1.0"),
)
BRITISH: Final = (
    _said("name", as_name="Name"),
    Mapped(name="Description", members=("purpose", "decides"), of=_description),
    Mapped(name="Website URL", members=("website", "page"), of=lambda system, _: system.card.website or system.page),
    _said("contact", as_name="Contact email"),
    Mapped(name="Phase", members=("state",), of=lambda system, _: _PHASES.get(system.state, system.state)),
    Mapped(name="Organisation or department", members=("deployer", "provider"), of=_answers),
    _said("provider", as_name="External supplier"),
    Mapped(name="Detailed description", members=("learner", "task", "epsilon", "delta"), of=_method),
    _said("weighed", as_name="Benefits"),
    _said("decides", as_name="Process integration"),
    Mapped(name="Provided information", members=("target",), of=lambda system, _: f"A prediction of {system.facts.target}."),
    _said("oversight", as_name="Human decisions and review"),
    _said("objection", as_name="Appeals and review"),
    Mapped(name="Model name", members=("id",), of=lambda system, _: system.id),
    Mapped(name="Model version", members=("version",), of=lambda system, _: system.version),
    Mapped(name="Model task", members=("task",), of=lambda system, _: system.facts.task),
    Mapped(name="Model input", members=("features",), of=lambda system, _: ", ".join(system.facts.features)),
    Mapped(name="Model output", members=("target",), of=lambda system, _: system.facts.target),
    Mapped(name="Model architecture", members=("learner",), of=lambda system, _: system.facts.learner),
    Mapped(name="Model performance", members=("quality", "groups"), of=_quality),
    Mapped(name="Datasets and their purposes", members=("dataset", "version", "custodian", "unit", "rows_kept"), of=_data),
    _said("assessment", as_name="Impact assessments"),
    Mapped(name="Risks and mitigations", members=("limits", "audit", "attacks"), of=_risks),
    _said("legal_basis", as_name="Legal basis"),
)
EUROPEAN: Final = (
    Mapped(
        name="1 provider",
        members=("provider", "contact"),
        of=lambda system, _: {"name": system.card.provider, "contact": system.card.contact},
    ),
    Mapped(
        name="4 trade name and reference",
        members=("name", "id"),
        of=lambda system, language: f"{text_in(system.card.name, language)} ({system.id})",
    ),
    Mapped(name="5 intended purpose", members=("purpose", "decides"), of=_description),
    Mapped(
        name="6 information used and operating logic",
        members=("dataset", "version", "custodian", "unit", "rows_kept", "features", "target", "learner", "task", "epsilon", "delta"),
        of=lambda system, language: f"{_data(system, language)} {_method(system, language)}",
    ),
    Mapped(name="7 status", members=("state",), of=lambda system, _: _MARKET.get(system.state, "not yet in service")),
    Mapped(
        name="12 instructions for use",
        members=("oversight", "limits", "objection"),
        of=lambda system, language: " ".join(
            text_in(each, language) for each in (system.card.oversight, system.card.limits, system.card.objection)
        ),
    ),
    Mapped(name="13 additional information", members=("page",), of=lambda system, _: system.page),
)
STANDARDS: Final[Mapping[str, tuple[Mapped, ...]]] = MappingProxyType({"algoritmeregister": DUTCH, "atrs": BRITISH, "ai-act": EUROPEAN})
"""By the name under which a system is exported. Points of the annex that are not here (representatives, certificates, declarations,
member states) are for whoever hands it in."""


def under_standard(system: AiSystem, *, standard: str, language: str) -> Json:
    """A system under the names of that standard. What people said is in that language, else in English."""
    found = {each.name: each.of(system, language) for each in STANDARDS[standard]}
    return {name: value for name, value in found.items() if value not in ("", None)}
