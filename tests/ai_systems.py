"""A registered AI system for tests."""

from dataclasses import replace
from datetime import UTC, datetime

from amana.register.ai_systems import AiSystem
from tests.models import card, facts


def system(*, caught: bool = True, **changed: object) -> AiSystem:
    made = AiSystem(
        id="s-0123456789ab",
        state="in_service",
        card=card(),
        facts=facts(caught=caught),
        dataset="clinic",
        dataset_title=(("en", "Clinic visits"), ("fr", "Visites")),
        version="0f" * 16,
        custodian="Ministry of Health",
        project="p-0123456789ab",
        permit="m-0123456789ab",
        entries=(8, 9, 12),
        page="https://node.example/en/ai/s-0123456789ab",
        delta=1e-5,
        changed_at=datetime(2026, 3, 4, 9, tzinfo=UTC),
        registered_at=datetime(2026, 3, 2, 9, tzinfo=UTC),
        served_at=datetime(2026, 3, 4, 9, tzinfo=UTC),
    )
    return replace(made, **changed)  # type: ignore[arg-type]
