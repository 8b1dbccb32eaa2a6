"""The public register of AI systems: what each decides, who answers for it, what it learned from, what that cost, how well it does.

What people say of a system is their card; everything else is filled from its training and the public log. Amounts are texts: other
programs lose digits of large numbers. `standards.py` gives the same under the names of three public standards.
"""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final, TypeAlias, cast, final

from amana.client.text import LANGUAGES
from amana.privacy.loss import NANO, epsilon_of
from amana.register.listing import Json
from amana.terms.model_card import PLAIN, TRANSLATED, Card, Texts
from amana.terms.table import write_csv
from amana.terms.training_facts import Attack, Audit, Metric, TrainingFacts

FORMAT: Final = "amana register of AI systems 1"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class AiSystem:
    """A registered system. `entries`: of the public log, its decisions in order. `page`: where people read it. `delta`: at which epsilon is
    told. `registered_at`, `served_at`, `retired_at`: None before."""

    id: str
    state: str
    card: Card
    facts: TrainingFacts
    dataset: str
    dataset_title: Texts
    version: str
    custodian: str
    project: str
    permit: str
    entries: tuple[int, ...]
    page: str
    delta: float
    changed_at: datetime
    registered_at: datetime | None = None
    served_at: datetime | None = None
    retired_at: datetime | None = None

    @property
    def epsilon(self) -> float:
        """What its training may tell of one unit, at `delta`."""
        return epsilon_of(nano_rho=self.facts.cost_nrho, delta_units=self.facts.cost_delta, delta=self.delta)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One member of a system in the register's documents. `said`: by its team, else it is filled by the node."""

    name: str
    about: str
    of: Callable[[AiSystem], object]
    said: bool = False


Row: TypeAlias = tuple[object, ...]
_SAID: Final = {
    "name": "what it is called",
    "purpose": "what it is for",
    "decides": "what it says, about whom, and what follows for them",
    "weighed": "why it is used, and what was weighed against that",
    "oversight": "what a human being does before anything follows",
    "objection": "how somebody objects",
    "limits": "what it must not be used for, and its risks",
    "legal_basis": "the law under which it is used",
    "category": "high_risk by the law on AI, impactful for people all the same, or other",
    "provider": "who made it",
    "contact": "where to ask",
    "deployer": "who uses it; empty while nobody does",
    "assessment": "where the assessment of its impact is found; empty where there is none",
    "website": "more about it; may be empty",
}


def _day(at: datetime | None) -> str | None:
    return None if at is None else at.date().isoformat()


def _metric(metric: Metric) -> Json:
    found: Json = {"name": metric.name, "value": metric.value, "low": metric.low, "high": metric.high}
    if metric.steps:
        return found | {"steps": metric.steps}
    return found | ({"column": metric.column, "group": metric.group} if metric.column else {})


def _audit(audit: Audit | None) -> Json | None:
    return None if audit is None else {**asdict(audit), "evidence": audit.control_caught}


def _words(name: str) -> Field:
    if name in TRANSLATED:
        return Field(name=name, about=f"{_SAID[name]}, by language", of=lambda system: dict(getattr(system.card, name)), said=True)
    return Field(name=name, about=_SAID[name], of=lambda system: getattr(system.card, name), said=True)


FIELDS: Final = (
    Field(name="id", about="its name in this register and in the public log", of=lambda system: system.id),
    Field(name="state", about="registered, in_service, suspended or retired", of=lambda system: system.state),
    *(_words(name) for name in (*TRANSLATED, *PLAIN)),
    Field(name="learner", about="the method", of=lambda system: system.facts.learner),
    Field(name="task", about="classification, regression or forecasting", of=lambda system: system.facts.task),
    Field(name="target", about="the column that it predicts", of=lambda system: system.facts.target),
    Field(name="features", about="the columns that it predicts from", of=lambda system: list(system.facts.features)),
    Field(name="specification", about="what was asked for, as canonical JSON", of=lambda system: system.facts.specification),
    Field(name="dataset", about="what it learned from", of=lambda system: system.dataset),
    Field(name="dataset_title", about="the same in words, by language", of=lambda system: dict(system.dataset_title)),
    Field(name="version", about="which version of the dataset", of=lambda system: system.version),
    Field(name="custodian", about="who answers for the data", of=lambda system: system.custodian),
    Field(name="unit", about="who is protected", of=lambda system: system.facts.unit),
    Field(name="rows_kept", about="rows of each unit that were used, at most", of=lambda system: system.facts.rows_kept),
    Field(
        name="quality",
        about="private measures with their 95 % intervals, for noise only; of a forecast `error`, the mean absolute error so many `steps` "
        "ahead, and `error_seasonal`, that of the value one season ago, both in the unit of the column",
        of=lambda system: [_metric(each) for each in system.facts.quality],
    ),
    Field(
        name="groups",
        about="the same for the members of declared columns, and fairlearn's comparisons of them, whose `group` is *: their interval "
        "reaches to the worst where of some member nothing could be told",
        of=lambda system: [_metric(each) for each in system.facts.groups],
    ),
    Field(name="cost_nrho", about="nano-rho that the training took", of=lambda system: str(system.facts.cost_nrho)),
    Field(name="cost_delta", about="delta that it took, in 2**-64", of=lambda system: str(system.facts.cost_delta)),
    Field(name="rho", about="the cost as rho of zCDP", of=lambda system: system.facts.cost_nrho / NANO),
    Field(name="epsilon", about="the cost as epsilon at `delta`", of=lambda system: round(system.epsilon, 4)),
    Field(name="delta", about="at which epsilon is told", of=lambda system: system.delta),
    Field(name="energy_wh", about="predicted energy of the training; null: not predicted", of=lambda system: system.facts.energy_wh),
    Field(
        name="carbon_g",
        about="grams of carbon dioxide of that energy; null: not predicted",
        of=lambda system: system.facts.carbon_g,
    ),
    Field(
        name="audit",
        about="an attack on the mechanism; where `evidence` is false, its control was missed and it shows nothing; null: none was made",
        of=lambda system: _audit(system.facts.audit),
    ),
    Field(
        name="attacks",
        about="attacks by whoever has the model, on invented people: how much oftener they succeed against those in the data; where "
        "`evidence` is false, a copy of the data was not caught and it shows nothing",
        of=lambda system: [{**asdict(each), "evidence": each.control_caught} for each in system.facts.attacks],
    ),
    Field(name="trained_on", about="day of the training", of=lambda system: _day(system.facts.trained_at)),
    Field(name="registered_on", about="day of the registration", of=lambda system: _day(system.registered_at)),
    Field(name="served_on", about="day on which it first went into service; null: not yet", of=lambda system: _day(system.served_at)),
    Field(name="retired_on", about="day on which it was retired; null: not yet", of=lambda system: _day(system.retired_at)),
    Field(name="changed_on", about="day of its latest step", of=lambda system: _day(system.changed_at)),
    Field(name="project", about="in which project; empty: the custodian itself", of=lambda system: system.project),
    Field(name="permit", about="under which permit", of=lambda system: system.permit),
    Field(name="training_entry", about="index of its training in the public log", of=lambda system: system.facts.entry),
    Field(name="receipt", about="keyed digest of the training, however often it is given", of=lambda system: system.facts.receipt),
    Field(name="entries", about="indexes of the decisions about it in the public log", of=lambda system: list(system.entries)),
    Field(name="page", about="where people read it", of=lambda system: system.page),
)
"""Every member, in the order of the documents."""


def as_json(systems: Iterable[AiSystem]) -> Json:
    """The register."""
    return {"format": FORMAT, "systems": [plain(each) for each in systems]}


def one_as_json(system: AiSystem) -> Json:
    """One system."""
    return {"format": FORMAT, "system": plain(system)}


def plain(system: AiSystem) -> Json:
    """A system with every member of FIELDS."""
    return {field.name: field.of(system) for field in FIELDS}


def as_csv(systems: Iterable[AiSystem]) -> str:
    """One line for each system; what is said in several languages has a column for each."""
    columns = [column for field in FIELDS for column in _columns(field)]
    return write_csv(columns, ([cell for field in FIELDS for cell in _cells(field, system)] for system in systems))


def text_in(texts: Texts, language: str) -> str:
    """The text in that language, else in English, else in the first that there is."""
    found = dict(texts)
    return found.get(language) or found.get("en") or next(iter(found.values()), "")


def figure(metric: Metric) -> str:
    """Such as `auc 0.87 [0.85, 0.89]`, `error (24 ahead) 0.31 [0.3, 0.32]`."""
    whom = f" ({metric.whom})" if metric.whom else ""
    return f"{metric.name}{whom} {metric.value:.4g} [{metric.low:.4g}, {metric.high:.4g}]"


def _columns(field: Field) -> tuple[str, ...]:
    return tuple(f"{field.name}_{language}" for language in LANGUAGES) if _by_language(field) else (field.name,)


def _cells(field: Field, system: AiSystem) -> Row:
    value = field.of(system)
    match field.name:
        case _ if _by_language(field):
            texts = cast("dict[str, str]", value)
            return tuple(texts.get(language, "") for language in LANGUAGES)
        case "quality":
            return ("; ".join(figure(each) for each in system.facts.quality),)
        case "groups":
            return ("; ".join(figure(each) for each in system.facts.groups),)
        case "audit":
            return (audit_told(system.facts.audit),)
        case "attacks":
            return ("; ".join(attack_told(each) for each in system.facts.attacks),)
        case "features" | "entries":
            return (" ".join(str(each) for each in cast("list[object]", value)),)
        case _:
            return ("" if value is None else value,)


def energy_told(facts: TrainingFacts) -> str:
    """Energy and carbon of a training in English; empty where nothing predicts them."""
    if facts.energy_wh is None:
        return ""
    carbon = "" if facts.carbon_g is None else f", {facts.carbon_g:.3g} g of carbon dioxide"
    return f"at most {facts.energy_wh:.3g} Wh{carbon}, predicted from public facts"


def audit_told(audit: Audit | None) -> str:
    """An audit in one English sentence; one whose control was missed is no evidence (PRIVACY 21)."""
    if audit is None:
        return "none was made"
    if not audit.control_caught:
        return f"no evidence: the test of {audit.attack} did not catch the control with half the noise"
    return (
        f"{audit.attack}: epsilon is at least {audit.lower_bound:.3g} with confidence {audit.confidence:.3g}, claimed "
        f"{audit.claimed:.3g} at delta {audit.delta:.3g}; the control with half the noise was caught"
    )


def attack_told(found: Attack) -> str:
    """An attack in one English sentence; one whose control was missed is no evidence."""
    if not found.control_caught:
        return f"no evidence: the attack {found.attack} did not catch a copy of the data"
    judged = "LEAKS: " if found.leaked else ""
    return (
        f"{judged}{found.attack} succeeds {100 * found.excess:.1f} points oftener [{100 * found.excess_low:.1f}, "
        f"{100 * found.excess_high:.1f}] against invented people who were in the data; a copy of the data was caught"
    )


def attacks_told(facts: TrainingFacts) -> str:
    """All of them, empty where there was none."""
    return "; ".join(attack_told(each) for each in facts.attacks)


def _by_language(field: Field) -> bool:
    return field.name in TRANSLATED or field.name == "dataset_title"
