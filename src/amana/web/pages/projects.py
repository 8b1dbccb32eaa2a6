"""Projects for everybody: what each is for, what it may use, what it has used, and what came of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, TypeAlias, cast, final

from fastapi import Query, Response
from markupsafe import Markup

from amana.log.look import entries_between
from amana.node.public_projects import PublicProject
from amana.node.service import Service
from amana.policy.rights import Action
from amana.terms.ids import ProjectId
from amana.web.access import doing
from amana.web.pages.log import reader_of, size_of, undamaged
from amana.web.pages.reader import Reader
from amana.web.pages.render import page
from amana.web.pages.route import Read, public_pages
from amana.web.pages.told import Known, Told, budget_part, dataset_named, hour_of_entry, known_of, members_of, purposes_named, sentence
from amana.web.pages.words import day_of

Row: TypeAlias = Mapping[str, object]
"""What one project did with one dataset, by the log: a row of `register.uses`."""
OUTPUTS_SHOWN = 20
BODY_CHARACTERS_SHOWN = 1_500
ENTRIES_SHOWN = 10
CARDS_SHOWN = 24
PAGE_NUMBER_MAX = 10_000
Number = Annotated[int, Query(alias="page", ge=1, le=PAGE_NUMBER_MAX)]
router = public_pages()


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What a project may do with a dataset, and has done. `until`, `last`: days, or empty; `share`: of the promise, in words."""

    dataset: Markup
    permit_state: str
    share: Markup
    until: str
    charged_count: int
    recalled_count: int
    refused_count: int
    cost: Markup
    last: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A project with everything of it in words."""

    project: PublicProject
    purposes: Markup
    datasets: tuple[Markup, ...]
    since: str
    ends: str
    answered_count: int
    works: tuple[Work, ...]


@router.get("/projects", openapi_extra=doing(Action.SEE_PUBLIC))
def projects(reader: Read, number: Number = 1) -> Response:
    """All of them, the newest first."""
    service = reader.service
    found = service.public_projects.projects(None, skipped=(number - 1) * CARDS_SHOWN, limit=CARDS_SHOWN)
    done, known = rows_done(service), known_of(service, [])
    cards = tuple(_card(reader, each, done=done, known=known) for each in found)
    return page(reader, "projects.html", cards=cards, number=number, more=len(found) == CARDS_SHOWN)


@router.get("/projects/{name}", openapi_extra=doing(Action.SEE_PUBLIC))
def project(reader: Read, name: str) -> Response:
    """One project."""
    service = reader.service
    found = service.public_projects.project(None, project=ProjectId(name))
    card = _card(reader, found, done=rows_done(service), known=known_of(service, []))
    outputs = service.outputs.outputs(None, project=found.id)
    entries = service.entries_of(found.id)
    return page(
        reader,
        "project.html",
        card=card,
        outputs=outputs[:OUTPUTS_SHOWN],
        outputs_count=len(outputs),
        body_max=BODY_CHARACTERS_SHOWN,
        entries=entries_told(reader, entries[-ENTRIES_SHOWN:]),
        entries_count=len(entries),
    )


def rows_done(service: Service) -> Sequence[Row]:
    """The register of uses, by project and dataset."""
    return cast("list[Row]", service.registers.uses()["projects"])


def entries_told(reader: Reader, indexes: Sequence[int]) -> tuple[Told, ...]:
    """Some entries in words, the newest first; those that are not published yet are left out."""
    files, found = reader_of(reader.service), list[tuple[int, Mapping[str, object]]]()
    size = size_of(files)
    with undamaged():
        for index in sorted(indexes, reverse=True):
            found += [(index, members_of(each)) for each in entries_between(files, low=index, high=index + 1, size=size)]
    known = known_of(reader.service, [each for _, each in found])
    return tuple(
        Told(index=index, hour=hour_of_entry(each), sentence=sentence(reader, each, known=known, linked=False)) for index, each in found
    )


def work_of(reader: Reader, row: Row, *, known: Known, populations: Mapping[str, str]) -> Work:
    """A row of the register in words. `populations`: of the datasets that serve."""
    population = populations.get(str(row["dataset"]), "")
    return Work(
        dataset=dataset_named(reader, str(row["dataset"]), known=known),
        permit_state=str(row["permit_state"]),
        share=budget_part(_whole(row, "permit_cap_nrho"), population, known=known),
        until=str(row["permit_until"]),
        charged_count=_whole(row, "charged_count"),
        recalled_count=_whole(row, "recalled_count"),
        refused_count=_whole(row, "refused_count"),
        cost=budget_part(_whole(row, "loss_nrho"), population, known=known),
        last=str(row["last_hour"]).partition("T")[0],
    )


def populations_of(service: Service) -> Mapping[str, str]:
    """The population of each dataset that serves."""
    return {each.name: each.population.name for each in service.datasets()}


def _card(reader: Reader, found: PublicProject, *, done: Sequence[Row], known: Known) -> Card:
    populations = populations_of(reader.service)
    works = tuple(work_of(reader, row, known=known, populations=populations) for row in done if row["project"] == found.id)
    return Card(
        project=found,
        purposes=purposes_named(reader, found.purposes),
        datasets=tuple(dataset_named(reader, each, known=known) for each in found.datasets),
        since="" if found.since is None else day_of(found.since),
        ends=day_of(found.ends_on),
        answered_count=sum(each.charged_count + each.recalled_count for each in works),
        works=works,
    )


def _whole(row: Row, name: str) -> int:
    return int(str(row[name]))
