"""What is promised to the people in a dataset, in the terms of the public registry of deployments of differential privacy.

Source: the OpenDP Deployments Registry (registry.opendp.org), fields of its records; Bun & Steinke 2016, definition 8.1, for the measure.
Everything is made of the catalogue and the caps: nothing depends on what was asked. Fields that only people can fill (region, sector,
justification) are left out, and so are those of the registry's own work (status, tier, authors).
"""

from typing import Final

from amana.catalog.schema import Dataset, Population, Table
from amana.privacy.loss import DELTA_ONE, NANO, epsilon_of
from amana.register.listing import Json, Listed, Place
from amana.register.purposes import purpose_about
from amana.terms.ids import DeltaUnits

FORMAT: Final = "amana privacy statement 1"
TERMS: Final = "https://registry.opendp.org/deployments-registry/"
ACTORS: Final = (
    "The custodian, on the node's own machine, holds the tables and is trusted. Researchers, AI systems and the public see released "
    "figures only, and may all work together: one budget is shared by all users. Who keeps the public log need not be trusted."
)
POST_PROCESSING: Final = (
    "Figures, intervals, order and filters of an answer, redraws of it and the invented sample are computed from noisy sums and cost "
    "nothing."
)
COMPOSITION: Final = (
    "Adaptive sequential composition in zCDP: rho and delta of all releases about the population add up, over all users, questions "
    "and versions of its data, and each is charged before the data are touched. The caps are never passed; an answer that was given "
    "is given again free."
)
MECHANISMS: Final = (
    "Discrete Gaussian and discrete Laplace noise on bounded integer sums over privacy units (OpenDP), with a threshold on noisy "
    "counts where group keys are not declared. Bounds are kept by clamping and by truncating each unit's rows in a secret order. An "
    "answer leaves at a time that is fixed before the run from public facts."
)
TUNING: Final = (
    "Bounds and group keys are declared from cited public sources, or chosen from the private profile of the data, which is itself "
    "a charged release. No parameter is tuned on the data otherwise."
)
ACCESS: Final = (
    "SQL questions under a permit for a purpose, decided by people. The precision of each figure is asked for, the loss follows from "
    "it; a permit has a cap of its own within the one budget that all users share."
)


def promise(place: Place, listed: Listed) -> Json:
    """The statement: `deployment` in the registry's terms, `promise` in exact numbers."""
    dataset, population = listed.dataset, listed.dataset.population
    rho, delta = population.cap_nrho / NANO, delta_shown(population.cap_delta)
    epsilon = epsilon_of(nano_rho=population.cap_nrho, delta_units=population.cap_delta, delta=delta)
    return {
        "format": FORMAT,
        "terms": TERMS,
        "dataset": dataset.name,
        "version": listed.version.id,
        "deployment": {
            "product": _product(listed),
            "dp_flavor": _flavour(dataset),
            "privacy_loss": {
                "privacy_unit": f"{population.unit}-level",
                "privacy_unit_description": _unit(population),
                "privacy_parameters": {"epsilon": epsilon, "delta": delta, "rho": rho},
                "privacy_parameters_description": _parameters(population, epsilon=epsilon, delta=delta),
            },
            "model": {
                "model_name": "Central",
                "actors": ACTORS,
                "release_type": "Many releases",
                "release_type_description": _renewal(population),
                "access_type": "Interactive",
                "access_type_description": ACCESS,
            },
            "accounting": {"post_processing": POST_PROCESSING, "composition": COMPOSITION},
            "implementation": {"pre_processing_eda_hyperparameter_tuning": TUNING, "mechanisms": MECHANISMS},
            "resources": {"sources": [place.of(dataset.name, each) for each in ("", "/budget", "/profile")]},
        },
        "promise": {
            "population": population.name,
            "unit": population.unit,
            "period": _period(population),
            "cap_nrho": population.cap_nrho,
            "cap_delta_units": population.cap_delta,
            "profile_nrho": population.profile_nrho,
            "epsilon": epsilon,
            "delta": delta,
        },
    }


def delta_shown(cap_delta: DeltaUnits) -> float:
    """The delta at which epsilon is told: one in a million or, if that is more, ten times the cap's."""
    return max(1e-6, 10 * cap_delta / DELTA_ONE)


def _product(listed: Listed) -> Json:
    dataset = listed.dataset
    return {
        "name": dict(dataset.title).get("en", dataset.name),
        "data_curators": [dataset.custodian],
        "intended_use": "; ".join(purpose_about(each) for each in dataset.purposes),
        "data_product_type": "Summary statistics",
        "description": f"Answers to SQL questions, each figure with its interval. Tables: {_tables(dataset, private=True)}.",
        "publication_date": listed.issued_at.date().isoformat(),
    }


def _flavour(dataset: Dataset) -> Json:
    population = dataset.population
    public = _tables(dataset, private=False)
    return {
        "name": "Zero-concentrated DP",
        "input_metric": f"number of units ({population.unit}) by which two populations differ, one added or removed with all its rows",
        "bound_on_input_distance": "1",
        "output_measure": "delta-approximate rho-zCDP",
        "bound_on_output_distance": f"rho = {population.cap_nrho / NANO:g}, delta = {population.cap_delta / DELTA_ONE:.3g}",
        "data_domain": "; ".join(_shape(table) for table in dataset.schema.tables if table.private),
        "unprotected_quantities": "The schema, the declared bounds, members and keys of columns, and what each use costs. "
        + (f"Public tables, whose rows concern nobody: {public}." if public else "No table is public."),
    }


def _unit(population: Population) -> str:
    return (
        f"Two populations are neighbours if one has one {population.unit} more, with all its rows in every table and in every version of "
        "the data. Which unit a row belongs to is declared by the rules, never by a question."
    )


def _parameters(population: Population, *, epsilon: float, delta: float) -> str:
    period = "of all time" if population.period is None else f"of one {population.period.value}"
    return (
        f"The caps of the budget of the population {population.name}, for all releases {period} together: "
        f"rho = {population.cap_nrho / NANO:g} and delta = {population.cap_delta / DELTA_ONE:.3g}, which is epsilon = {epsilon:.4g} "
        f"at delta = {delta:.3g}. What is spent of them is public."
    )


def _renewal(population: Population) -> str:
    if population.period is None:
        return "Answers as they are asked for, until the budget is spent. The budget is for life: it never begins again."
    return f"Answers as they are asked for. The budget begins again each {population.period.value} (UTC): losses of several periods add up."


def _period(population: Population) -> str:
    return "life" if population.period is None else population.period.value


def _tables(dataset: Dataset, *, private: bool) -> str:
    return ", ".join(table.name for table in dataset.schema.tables if table.private is private)


def _shape(table: Table) -> str:
    return f"{table.name}({', '.join(column.name for column in table.columns)})"
