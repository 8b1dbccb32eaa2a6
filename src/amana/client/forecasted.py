"""A forecast as its reader gets it, and how it travels: the forecast itself, and what it cost."""

from dataclasses import dataclass
from pathlib import Path
from typing import final

from amana.client.cost import Cost
from amana.client.forecast_file import read_signed_forecast, write_forecast
from amana.client.trained import read_audit, write_audit
from amana.client.use import TrainingUse, read_training
from amana.client.wire import Json, a_text
from amana.terms.forecast import Forecast
from amana.terms.training_facts import Audit


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastMade:
    """The receipt of its training, as canonical JSON, commits to the file without it. `audit`: what an attack on how forecasts are made
    found, on an invented stand-in."""

    forecast: Forecast
    training: TrainingUse
    audit: Audit | None = None

    @property
    def cost(self) -> Cost:
        """What it took."""
        return self.training.use.cost

    @property
    def rows_per_unit(self) -> int:
        """How many rows of each privacy unit were used at most."""
        return self.training.rows_per_unit

    @property
    def id(self) -> str:
        """In the node's register, empty where it keeps none of it."""
        return self.training.id

    def save(self, path: str | Path) -> Path:
        """Write the file with its receipt, which `amana predict` reads without a network."""
        target = Path(path)
        target.write_text(self._file(), encoding="utf-8")
        return target

    def to_wire(self) -> dict[str, object]:
        """As it travels."""
        return {**self.training.to_wire(), "audit": write_audit(self.audit), "forecast": self._file()}

    def _file(self) -> str:
        return write_forecast(self.forecast, receipt=self.training.use.receipt)


def read_made(found: Json) -> ForecastMade:
    """A forecast as it travelled. Errors: Refusal client.not_understood, or of the forecast's file."""
    signed = read_signed_forecast(a_text(found.get("forecast"), "forecast"))
    return ForecastMade(
        forecast=signed.forecast,
        training=read_training(found, receipt=signed.receipt),
        audit=read_audit(found.get("audit")),
    )
