"""The permits that somebody may ask under: what is left of each, and which one pays for a question."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import final

from amana.catalog.schema import Dataset
from amana.node.answers import Preview
from amana.node.service import Service
from amana.policy.people import Asker
from amana.policy.projects import PermitRecord
from amana.privacy.ledger import Balance
from amana.terms.ids import PermitId


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Purse:
    """A permit with its dataset. `title`: of the project, by language; `left`: of whichever is scarcer, 0 to 1."""

    record: PermitRecord
    dataset: Dataset
    title: tuple[tuple[str, str], ...]
    left: float

    @property
    def until(self) -> datetime:
        """Its last moment."""
        return self.record.valid_until

    def cost(self, preview: Preview) -> float:
        """What a question would take of the permit, 0 to 1 or more."""
        return max(preview.cost_nrho / max(1, self.record.cap_nrho), preview.cost_delta_units / max(1, self.record.cap_delta))

    def cost_of_budget(self, preview: Preview) -> float:
        """The same of the budget of everybody in the data."""
        population = self.dataset.population
        return max(preview.cost_nrho / max(1, population.cap_nrho), preview.cost_delta_units / max(1, population.cap_delta))


def purses_of(service: Service, asker: Asker) -> tuple[Purse, ...]:
    """All of the asker's."""
    serving = {dataset.name: dataset for dataset in service.datasets()}
    return tuple(
        Purse(
            record=each.record,
            dataset=serving[each.record.dataset],
            title=each.project.title,
            left=left_of(service.left(asker, permit=each.record.id)[1]),
        )
        for each in service.permits.usable(asker)
        if each.record.dataset in serving
    )


def left_of(balance: Balance) -> float:
    """What is left of whichever is scarcer, 0 to 1."""
    spent = max(balance.spent_nrho / max(1, balance.cap_nrho), balance.spent_delta / max(1, balance.cap_delta))
    return max(0.0, 1.0 - spent)


def paying(purses: tuple[Purse, ...], *, sql: str, chosen: str) -> PermitId | None:
    """The permit that was chosen, else the only one for the tables that the question names; None where the node has to say why not."""
    if chosen:
        return PermitId(chosen)
    words = {word.lower() for word in re.findall(r"\w+", sql)}
    named = {purse.record.id: sum(table.name.lower() in words for table in purse.dataset.schema.tables) for purse in purses}
    best = max(named.values(), default=0)
    fitting = [permit for permit, count in named.items() if count == best and best > 0]
    return fitting[0] if len(fitting) == 1 else None
