"""Who spent a population's budget: by project, which is public."""

from dataclasses import dataclass
from typing import final

from amana.privacy.ledger import Ledger
from amana.terms.database import Database, text
from amana.terms.ids import DeltaUnits, NanoRho, ProjectId

PROJECTS = "SELECT id, project FROM permit WHERE population = :population"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectSpending:
    """What one project took in all the population's life. `project`: None for the custodian's own uses, such as the profile."""

    project: ProjectId | None
    nano_rho: NanoRho
    delta_units: DeltaUnits


def spent_by_project(database: Database, ledger: Ledger, *, population: str) -> tuple[ProjectSpending, ...]:
    """The largest first."""
    with database.reading() as run:
        projects = {text(permit): ProjectId(text(project)) for permit, project in run.rows(PROJECTS, {"population": population})}
    sums: dict[ProjectId | None, tuple[int, int]] = {}
    for spending in ledger.spent_by_permit(population):
        project = projects.get(spending.permit)
        nrho, delta = sums.get(project, (0, 0))
        sums[project] = (nrho + spending.nano_rho, delta + spending.delta_units)
    return tuple(
        ProjectSpending(project=project, nano_rho=NanoRho(nrho), delta_units=DeltaUnits(delta))
        for project, (nrho, delta) in sorted(sums.items(), key=lambda item: (-item[1][0], item[0] or ""))
    )
