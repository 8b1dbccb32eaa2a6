"""The first page: what this is, the datasets with what is done with each, and the log as it stands now."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast, final

from fastapi import Response

from amana.log.look import published_now
from amana.log.read import CHECKPOINT, FolderReader
from amana.log.violation import Violation
from amana.node.service import Service
from amana.policy.rights import Action
from amana.register.listing import Listed
from amana.web.access import doing
from amana.web.pages.programme import overview
from amana.web.pages.render import page
from amana.web.pages.route import Read, public_pages
from amana.web.pages.words import hour_of, written_at

router = public_pages()
front = public_pages("")
"""The address of the node itself."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A dataset on the first page. `projects`: that hold or held a permit; `uses`: questions answered; `spent`: of the budget, 0 to 1."""

    name: str
    title: tuple[tuple[str, str], ...]
    custodian: str
    projects: int
    uses: int
    spent: float


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The log as it is published now."""

    size: int
    at: str


@front.get("/", openapi_extra=doing(Action.SEE_PUBLIC))
@router.get("/", openapi_extra=doing(Action.SEE_PUBLIC))
def home(reader: Read) -> Response:
    """The first page."""
    service = reader.service
    return page(reader, "home.html", themes=by_theme(service), head=head_of(service), programme=overview(reader))


def by_theme(service: Service) -> Sequence[tuple[str, Sequence[Card]]]:
    """The datasets of each theme, by the word for it; a dataset of two themes stands under both."""
    done = cast("list[Mapping[str, object]]", service.registers.uses()["projects"])
    found: dict[str, list[Card]] = {}
    for listed in service.listed():
        card = _card(service, listed, done)
        for theme in listed.dataset.themes or ("other",):
            found.setdefault(theme, []).append(card)
    return sorted(found.items())


def head_of(service: Service) -> Head | None:
    """The published checkpoint, and when it was made; None before the first."""
    folder = service.settings.folder / "log"
    try:
        _, checkpoint = published_now(FolderReader(folder))
        return Head(size=checkpoint.size, at=hour_of(written_at(folder / CHECKPOINT)))
    except (Violation, OSError):
        return None


def _card(service: Service, listed: Listed, done: Iterable[Mapping[str, object]]) -> Card:
    dataset = listed.dataset
    rows = [row for row in done if row["dataset"] == dataset.name]
    return Card(
        name=dataset.name,
        title=dataset.title,
        custodian=dataset.custodian,
        projects=sum(1 for row in rows if row["project"]),
        uses=sum(int(str(row["charged_count"])) for row in rows if row["project"]),
        spent=service.node.budget(dataset.name).share,
    )
