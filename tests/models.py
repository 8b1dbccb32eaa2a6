"""A model with its facts and its card, for tests of models and of the register."""

import secrets
from dataclasses import replace
from datetime import UTC, datetime

from amana.client.model_file import write_model
from amana.node.models import NewModel
from amana.terms.ids import DeltaUnits, Digest, NanoRho, PermitId, ProjectId
from amana.terms.model import Effect, Feature, FeatureKind, Model, Task
from amana.terms.model_card import Card
from amana.terms.training_facts import FORECASTING, Attack, Audit, Metric, TrainingFacts

MODEL = Model(
    task=Task.CLASSIFICATION,
    learner="glass-box",
    target="readmitted",
    positive="yes",
    low=0,
    high=1,
    decimals=0,
    features=(
        Feature(name="age", kind=FeatureKind.NUMBER, edges=(20, 40, 65)),
        Feature(name="stay", kind=FeatureKind.CHOICE, members=("short", "<long>")),
    ),
    intercept=-900,
    parts=(Effect(features=(0,), values=(-400, -100, 200, 700, 0)), Effect(features=(1,), values=(-90, 110, 0))),
)
TEXT = write_model(MODEL)
"""As a node keeps it."""


def attack(*, caught: bool = True) -> Attack:
    return Attack(
        attack="membership", excess=-0.02, excess_low=-0.05, excess_high=0.01, control_low=0.35, control_caught=caught, leaked=False
    )


def facts(*, entry: int = 7, caught: bool = True) -> TrainingFacts:
    audit = Audit(attack="likelihood ratio", claimed=1.0, lower_bound=0.71, delta=1e-5, confidence=0.95, control_caught=caught)
    return TrainingFacts(
        learner="linear",
        specification='{"Specification":{"dataset":"clinic","target":"readmitted"}}',
        task="classification",
        target="readmitted",
        features=("age", "stay"),
        unit="patient",
        rows_kept=1,
        cost_nrho=NanoRho(25_000_000),
        cost_delta=DeltaUnits(0),
        quality=(Metric(name="auc", value=0.87, low=0.85, high=0.89), Metric(name="accuracy", value=0.81, low=0.8, high=0.82)),
        groups=(
            Metric(name="auc", value=0.86, low=0.82, high=0.9, column="sex", group="women"),
            Metric(name="auc", value=0.88, low=0.84, high=0.92, column="sex", group="men"),
        ),
        trained_at=datetime(2026, 3, 1, 12, tzinfo=UTC),
        entry=entry,
        receipt=Digest("0f" * 32),
        energy_wh=3.5,
        carbon_g=1.9,
        audit=audit,
        attacks=(attack(caught=caught),),
    )


def forecast_facts() -> TrainingFacts:
    """Of a forecaster, that is no better than the value one season ago a day ahead."""
    return replace(
        facts(),
        learner="forecast",
        task=FORECASTING,
        target="used",
        features=("used", "at"),
        unit="home",
        quality=(
            Metric(name="error", value=0.21, low=0.2, high=0.22, steps=1),
            Metric(name="error_seasonal", value=0.31, low=0.3, high=0.32, steps=1),
            Metric(name="error", value=0.3, low=0.29, high=0.31, steps=24),
            Metric(name="error_seasonal", value=0.3, low=0.29, high=0.31, steps=24),
        ),
        groups=(),
        attacks=(),
    )


def card() -> Card:
    return Card(
        name=(("en", "Return visits"), ("fr", "Retours à l'hôpital")),
        purpose=(("en", "Plans follow-up calls."), ("fr", "Prévoit les appels de suivi.")),
        decides=(("en", "Whom a nurse calls first."),),
        weighed=(("en", "Nurses call more people in time; a mistake costs one call."),),
        oversight=(("en", "A nurse decides on every call."),),
        objection=(("en", "Write to the clinic; a doctor answers within ten days."),),
        limits=(("en", "Not for children."),),
        legal_basis=(("en", "Health act, article 12."),),
        category="impactful",
        provider="University of Tests",
        contact="ai@clinic.example",
        deployer="Clinic of Tests",
    )


def new_model(
    *, project: ProjectId | None, permit: PermitId, dataset: str, version: str, custodian: str, entry: int = 7, caught: bool = True
) -> NewModel:
    """Of a training of its own: what the same training left is kept once."""
    made = replace(facts(entry=entry, caught=caught), receipt=Digest(secrets.token_hex(32)))
    return NewModel(project=project, permit=permit, dataset=dataset, version=version, custodian=custodian, model=TEXT, facts=made)
