"""Who may ask: pure decisions from values. Until people and projects exist, the local custodian permits herself."""

from dataclasses import dataclass
from typing import final

from amana.catalog.schema import Dataset
from amana.terms.ids import DeltaUnits, NanoRho, PermitId, PopulationName
from amana.terms.refusal import Refusal


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What a program, such as an assistant, may spend under somebody's permit."""

    id: str
    cap_nrho: NanoRho
    cap_delta: DeltaUnits


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """Leave to ask one dataset for one purpose, under caps of its own."""

    id: PermitId
    dataset: str
    population: PopulationName
    purpose: str
    cap_nrho: NanoRho
    cap_delta: DeltaUnits
    allowance: Allowance | None = None


def permit(asker: str, dataset: Dataset, *, purpose: str) -> Permit:
    """The local custodian's own permit: the whole of the population's cap, for whoever runs this node's folder.

    Errors: Refusal permit.not_admitted for anyone else.
    """
    if asker != "custodian":
        raise Refusal("permit.not_admitted", asker=asker[:40], dataset=dataset.name)
    population = dataset.population
    return Permit(
        id=PermitId(f"custodian:{dataset.name}"),
        dataset=dataset.name,
        population=population.name,
        purpose=purpose,
        cap_nrho=population.cap_nrho,
        cap_delta=population.cap_delta,
    )
