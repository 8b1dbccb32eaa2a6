"""What every use tells its reader, whatever left the node under it: what it cost, of which data, and where the log tells of it."""

from dataclasses import dataclass
from typing import final

from amana.client.cost import Cost
from amana.client.wire import Json, a_text, a_whole, read_cost, write_cost


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """`entry`: where the public log tells of it. `receipt`: of the use, as JSON; it commits to what left. It travels with that."""

    cost: Cost
    dataset: str
    version: str
    digest: str
    permit: str
    purpose: str
    entry: int
    receipt: str = ""

    def to_wire(self) -> dict[str, object]:
        """As it travels, but for the receipt."""
        said = {name: getattr(self, name) for name in ("dataset", "version", "digest", "permit", "purpose", "entry")}
        return {**said, "cost": write_cost(self.cost)}


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingUse:
    """A use from which something was learned. `unit`: who is protected; `rows_per_unit`: how many rows of each were used at most;
    `rounds`: how often the data was passed over. `id`: in the node's register, empty where it keeps none of it."""

    use: Use
    unit: str
    rows_per_unit: int
    rounds: int
    id: str = ""

    def to_wire(self) -> dict[str, object]:
        """As it travels."""
        said = {name: getattr(self, name) for name in ("unit", "rows_per_unit", "rounds", "id")}
        return {**self.use.to_wire(), **said}


def read_use(found: Json, *, receipt: str) -> Use:
    """A use as it travelled. Errors: Refusal client.not_understood."""
    return Use(
        cost=read_cost(found.get("cost")),
        dataset=a_text(found.get("dataset"), "dataset"),
        version=a_text(found.get("version"), "version"),
        digest=a_text(found.get("digest"), "digest"),
        permit=a_text(found.get("permit"), "permit"),
        purpose=a_text(found.get("purpose"), "purpose"),
        entry=a_whole(found.get("entry"), "entry"),
        receipt=receipt,
    )


def read_training(found: Json, *, receipt: str) -> TrainingUse:
    """A training as it travelled. Errors: Refusal client.not_understood."""
    return TrainingUse(
        use=read_use(found, receipt=receipt),
        unit=a_text(found.get("unit"), "unit"),
        rows_per_unit=a_whole(found.get("rows_per_unit"), "rows_per_unit"),
        rounds=a_whole(found.get("rounds"), "rounds"),
        id=a_text(found.get("id"), "id"),
    )
