"""`/datasets` and `/datasets/{name}`: what the public may know of data about people, in plain words."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import cast, final

from fastapi import Response

from amana.catalog.domains import KeyDomain
from amana.catalog.schema import Dataset, Version
from amana.client.odds import right_of_100
from amana.node.answers import Budget
from amana.node.public_projects import LISTED_MAX
from amana.node.service import Service
from amana.policy.rights import Action
from amana.register.listing import FORMS
from amana.terms.refusal import Refusal
from amana.web.access import doing
from amana.web.pages.first_question import ordinary
from amana.web.pages.profile import MEMBERS_MAX, profile_shown
from amana.web.pages.purposes import purpose
from amana.web.pages.render import page
from amana.web.pages.route import Read, public_pages

router = public_pages()
Titles = tuple[tuple[str, str], ...]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A dataset in the list. `spent`: of the budget, 0 to 1."""

    dataset: Dataset
    spent: float


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Odds:
    """Of 100 who guess about one unit, how many can be right at most: by everything that may ever leave, and by what has left so far."""

    ever: int
    now: int


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What one project does with the data. `title`: empty where the node does not tell it; `until`: a day, empty without a permit."""

    project: str
    title: Titles
    state: str
    purposes: tuple[str, ...]
    answered: int
    until: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What one project took of the budget, as a share of it. `project`: None for the custodian's own uses."""

    project: str | None
    title: Titles
    share: float


@router.get("/datasets", openapi_extra=doing(Action.SEE_PUBLIC))
def datasets(reader: Read) -> Response:
    """Every dataset that serves."""
    service = reader.service
    lines = [Line(dataset=each, spent=service.node.budget(each.name).share) for each in service.datasets()]
    return page(reader, "datasets.html", lines=sorted(lines, key=lambda line: line.dataset.name), purpose=partial(purpose, reader))


@router.get("/datasets/{name}", openapi_extra=doing(Action.SEE_PUBLIC))
def dataset(reader: Read, name: str) -> Response:
    """All that is public of one dataset."""
    service = reader.service
    version = version_of(service, name)
    found, budget = version.dataset, service.node.budget(version.dataset.name)
    titles: dict[str, Titles] = {each.id: each.title for each in service.public_projects.projects(None, limit=LISTED_MAX)}
    tables = found.schema.tables
    return page(
        reader,
        "dataset.html",
        dataset=found,
        version=version.id,
        budget=budget,
        odds=odds_of(budget),
        ordinary=ordinary(service, found, budget),
        uses=uses_of(service, found.name, titles),
        taken=taken_of(service, budget, titles),
        private=[table for table in tables if table.private],
        public=[table for table in tables if not table.private],
        keys=sorted({column.name for table in tables if table.private for column in table.columns if isinstance(column.domain, KeyDomain)}),
        profile=profile_shown(reader, service, found),
        members_max=MEMBERS_MAX,
        forms=tuple(FORMS),
        purpose=partial(purpose, reader),
    )


def version_of(service: Service, name: str) -> Version:
    """The version of that dataset that serves. Errors: Refusal node.unknown_dataset."""
    versions = {each.dataset.name: each for each in service.versions()}
    if name not in versions:
        raise Refusal("node.unknown_dataset", name=name[:80], names=", ".join(versions))
    return versions[name]


def odds_of(budget: Budget) -> Odds:
    """By the whole budget, which is the promise, and by what is spent of it in its period."""
    return Odds(ever=right_of_100(budget.cap_nrho), now=right_of_100(budget.spent_nrho))


def uses_of(service: Service, name: str, titles: Mapping[str, Titles]) -> tuple[Used, ...]:
    """The projects that hold or held a permit, by the public register."""
    rows = cast("list[dict[str, object]]", service.registers.uses()["projects"])
    return tuple(
        Used(
            project=str(row["project"]),
            title=titles.get(str(row["project"]), ()),
            state=str(row["project_state"]),
            purposes=tuple(cast("list[str]", row["purposes"])),
            answered=int(str(row["charged_count"])),
            until=str(row["permit_until"])[:10],
        )
        for row in rows
        if row["dataset"] == name and row["project"]
    )


def taken_of(service: Service, budget: Budget, titles: Mapping[str, Titles]) -> tuple[Taken, ...]:
    """Who spent it, the largest first; a dataset shares its budget with all others about the same people."""
    cap = max(1, budget.cap_nrho)
    return tuple(
        Taken(project=each.project, title=titles.get(each.project or "", ()), share=each.nano_rho / cap)
        for each in service.spending(budget.population)
    )
