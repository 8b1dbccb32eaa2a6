"""The permits that somebody may ask under: what is left of each, and which one pays for a question."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import final

from amana.catalog.domains import BooleanDomain, ChoiceDomain, DateDomain, Domain, KeyDomain, MomentDomain, NumberDomain, TextDomain
from amana.catalog.schema import Dataset, Table
from amana.client.figures import number
from amana.client.text import Catalogue
from amana.node.answers import Preview
from amana.node.service import Service
from amana.policy.people import Asker
from amana.policy.projects import PermitRecord
from amana.privacy.ledger import Balance
from amana.terms.ids import PermitId

MEMBERS_SHOWN = 8
UNGROUPED = 10_000


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


def columns_of(table: Table, catalogue: Catalogue) -> tuple[tuple[str, str, tuple[str, ...], int], ...]:
    """Name, kind in words, what it may hold, and how many members more there are than are shown."""
    return tuple((column.name, *_told(column.domain, catalogue)) for column in table.columns)


def _told(domain: Domain, catalogue: Catalogue) -> tuple[str, tuple[str, ...], int]:
    match domain:
        case NumberDomain():
            low, high = (_written(end, scale=domain.scale) for end in (domain.low, domain.high))
            return catalogue.say("page.kind.number"), (f"{low} … {high}",), 0
        case DateDomain():
            return catalogue.say("page.kind.date"), (f"{domain.low.isoformat()} … {domain.high.isoformat()}",), 0
        case MomentDomain():
            return catalogue.say("page.kind.moment"), (f"{domain.low.isoformat(' ')} … {domain.high.isoformat(' ')}",), 0
        case BooleanDomain():
            return catalogue.say("page.kind.boolean"), (), 0
        case ChoiceDomain():
            members = domain.members
            return catalogue.say("page.work.choice"), members[:MEMBERS_SHOWN], max(0, len(members) - MEMBERS_SHOWN)
        case TextDomain():
            return catalogue.say("page.kind.text"), (), 0
        case KeyDomain():
            return catalogue.say("page.kind.identifier"), (), 0


def _written(count: int, *, scale: int) -> str:
    """A number on a grid of 10**-scale; years, and whatever is no longer than they are, without a gap."""
    return str(count) if scale == 0 and abs(count) < UNGROUPED else number(count / 10**scale, scale)
