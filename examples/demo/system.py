"""An AI system in service: trained under the permit of the project that came before, described, assessed, registered.

So that whoever opens the register of the invented country finds one there. Its training waits most of its time, as every training does:
its result leaves when it was foreseen to leave, whatever the data are.
"""

import tomllib
from pathlib import Path
from typing import Any

from earlier import Earlier

from amana.node.service import open_service
from amana.policy.transitions import ModelEvent
from amana.terms.ids import ModelId
from amana.terms.model_card import TRANSLATED, Card
from amana.terms.training import Specification

CARD = Path(__file__).parent / "card.toml"
WANTED = Specification(
    dataset="school",
    table="pupils",
    target="repeats",
    features=("setting", "grade", "absent_days"),
    groups=("setting",),
    learner="linear",
)
SHARE = "2%"


def put_in_service(folder: Path, earlier: Earlier) -> str:
    """Train it, and take it through the hands that a register asks for. Gives its number."""
    service = open_service(folder)
    try:
        trained = service.trainings.train(earlier.applicant, wanted=WANTED, share=SHARE, permit=earlier.permit)
        model = ModelId(trained.id)
        service.models.describe(earlier.applicant, model=model, card=read_card())
        custodian, team = earlier.custodian, earlier.applicant
        service.models.act(custodian, model=model, event=ModelEvent.ASSESS, reasons="The words are true, and teachers decide.")
        service.models.act(team, model=model, event=ModelEvent.REGISTER)
        service.models.act(custodian, model=model, event=ModelEvent.SERVE, reasons="Ten schools begin with it.")
        return model
    finally:
        service.close()


def read_card() -> Card:
    """The words of `card.toml`."""
    written: dict[str, Any] = tomllib.loads(CARD.read_text(encoding="utf-8"))
    return Card(**{name: tuple(value.items()) if name in TRANSLATED else value for name, value in written.items()})
