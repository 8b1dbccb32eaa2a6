"""What is left of budgets, and who spent a population's: by project, which is public."""

from dataclasses import dataclass
from typing import final

from amana.node.asking import Note, Open
from amana.policy.permit import Permit
from amana.privacy.ledger import Balance, Ledger
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


def balance_of(opened: Open) -> Balance:
    """Cap and spending of the population of a version, now."""
    kernel = opened.kernel
    return kernel.ledger.balance(opened.version.dataset.population, now=kernel.clock.now())


def beyond(opened: Open, permit: Permit, *, cost_nrho: int, cost_delta: int) -> tuple[Note, ...]:
    """That a question could not be paid, now, by the population's budget, the permit's or an assistant's."""
    balances = {"population": balance_of(opened), "permit": opened.kernel.ledger.balance_of(permit)}
    if permit.allowance is not None:
        balances["allowance"] = opened.kernel.ledger.balance_of(permit.allowance)
    for name, balance in balances.items():
        left_nrho, left_delta = balance.cap_nrho - balance.spent_nrho, balance.cap_delta - balance.spent_delta
        if cost_nrho > left_nrho or cost_delta > left_delta:
            return ((f"note.beyond_{name}", (("left", f"{100 * max(0, left_nrho) / max(1, balance.cap_nrho):.3g}"),)),)
    return ()
