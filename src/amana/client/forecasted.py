"""A forecast as its reader gets it, and how it travels: the forecast itself, and what it cost."""

from dataclasses import dataclass
from pathlib import Path
from typing import final

from amana.client.cost import Cost
from amana.client.forecast_file import read_signed_forecast, write_forecast
from amana.client.trained import read_audit, write_audit
from amana.client.wire import Json, a_text, a_whole, read_cost, write_cost
from amana.terms.forecast import Forecast
from amana.terms.training_facts import Audit

PLAIN = ("dataset", "version", "digest", "unit", "permit", "purpose", "rows_per_unit", "rounds", "entry")
"""Fields that travel as they are."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastMade:
    """`entry`: where the public log tells of it, as of a training. `rows_per_unit`: how many rows of each privacy unit were used at
    most; `rounds`: how often the data was passed over. `receipt`: of the training, as canonical JSON; it commits to the
    forecast without it. `audit`: what an attack on how forecasts are made found, on an invented stand-in."""

    forecast: Forecast
    cost: Cost
    dataset: str
    version: str
    digest: str
    unit: str
    permit: str
    purpose: str
    rows_per_unit: int
    rounds: int
    entry: int
    receipt: str = ""
    audit: Audit | None = None

    def save(self, path: str | Path) -> Path:
        """Write the file with its receipt, which `amana predict` reads without a network."""
        target = Path(path)
        target.write_text(write_forecast(self.forecast, receipt=self.receipt), encoding="utf-8")
        return target

    def to_wire(self) -> dict[str, object]:
        """As it travels."""
        said = {name: getattr(self, name) for name in PLAIN}
        file = write_forecast(self.forecast, receipt=self.receipt)
        return {**said, "cost": write_cost(self.cost), "audit": write_audit(self.audit), "forecast": file}


def read_made(found: Json) -> ForecastMade:
    """A forecast as it travelled. Errors: Refusal client.not_understood, or of the forecast's file."""
    signed = read_signed_forecast(a_text(found.get("forecast"), "forecast"))
    return ForecastMade(
        forecast=signed.forecast,
        receipt=signed.receipt,
        cost=read_cost(found.get("cost")),
        dataset=a_text(found.get("dataset"), "dataset"),
        version=a_text(found.get("version"), "version"),
        digest=a_text(found.get("digest"), "digest"),
        unit=a_text(found.get("unit"), "unit"),
        permit=a_text(found.get("permit"), "permit"),
        purpose=a_text(found.get("purpose"), "purpose"),
        rows_per_unit=a_whole(found.get("rows_per_unit"), "rows_per_unit"),
        rounds=a_whole(found.get("rounds"), "rounds"),
        entry=a_whole(found.get("entry"), "entry"),
        audit=read_audit(found.get("audit")),
    )
