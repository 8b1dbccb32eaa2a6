"""The leave to ask: the only builder of `Permit`, the value that the kernel requires."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from typing import final

from amana.catalog.purposes import UseTerm
from amana.catalog.schema import Dataset, Population
from amana.policy.people import Asker
from amana.policy.projects import PermitRecord, Project
from amana.policy.rights import Action, check, may
from amana.policy.things import PermitOf
from amana.terms.ids import DeltaUnits, NanoRho, PermitId, PopulationName, ProjectId
from amana.terms.refusal import Refusal

NO_PROJECT = ProjectId("")
LOCAL_PURPOSE = "local use by the custodian"


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
    """Leave to ask one dataset for the purposes of one project, under caps of its own. `project`: empty for the custodian's own uses on
    the node's machine, which have no purposes but hers."""

    id: PermitId
    dataset: str
    population: PopulationName
    project: ProjectId
    purposes: tuple[UseTerm, ...]
    cap_nrho: NanoRho
    cap_delta: DeltaUnits
    allowance: Allowance | None = None

    @property
    def purpose(self) -> str:
        """What for, in one line."""
        return f"{self.project}: {', '.join(map(str, self.purposes))}" if self.project else LOCAL_PURPOSE


def permit(asker: str, dataset: Dataset) -> Permit:
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
        project=NO_PROJECT,
        purposes=(),
        cap_nrho=population.cap_nrho,
        cap_delta=population.cap_delta,
    )


def caps_of(population: Population, *, share: Fraction) -> tuple[NanoRho, DeltaUnits]:
    """That share of a population's caps, rounded down."""
    return NanoRho(int(population.cap_nrho * share)), DeltaUnits(int(population.cap_delta * share))


def leave(asker: Asker | None, *, project: Project, record: PermitRecord, dataset: Dataset, now: datetime) -> Permit:
    """Leave to ask this dataset at this moment, within a project; asked again before each run, also of a queued one.

    The person is enabled and accredited, her session or token holds and may ask, she is a member of the project; project and
    permit are active and not past their end; the dataset is the permit's, the purposes are those that it was granted for.
    Errors: Refusal rights.*, project.*, permit.*: each says what to do.
    """
    check(Action.ASK, asker, on=PermitOf(record=record, project=project), now=now)
    if (record.dataset, record.population) != (dataset.name, dataset.population.name):
        raise Refusal("permit.other_dataset", permit=record.id, dataset=record.dataset, asked=dataset.name)
    return Permit(
        id=record.id,
        dataset=dataset.name,
        population=record.population,
        project=project.id,
        purposes=project.purposes,
        cap_nrho=record.cap_nrho,
        cap_delta=record.cap_delta,
    )


def allowance_of(of: Permit | PermitRecord, *, token: str, share: Fraction) -> Allowance:
    """What a program may spend of a permit with its token: that share, rounded down."""
    return Allowance(id=f"{token} {of.id}", cap_nrho=NanoRho(int(of.cap_nrho * share)), cap_delta=DeltaUnits(int(of.cap_delta * share)))


def within_allowance(given: Permit, *, token: str, share: Fraction) -> Permit:
    """The same leave, of which a program may use a share."""
    return replace(given, allowance=allowance_of(given, token=token, share=share))


def permits_of(
    asker: Asker | None, *, projects: Mapping[ProjectId, Project], records: Iterable[PermitRecord], now: datetime
) -> tuple[PermitRecord, ...]:
    """The permits under which this asker may ask at this moment."""
    held = ((record, projects.get(record.project)) for record in records)
    return tuple(
        record
        for record, project in held
        if project is not None and may(Action.ASK, asker, on=PermitOf(record=record, project=project), now=now)
    )
