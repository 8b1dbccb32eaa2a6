"""All pages, in the order in which their paths are looked at."""

from fastapi import APIRouter, Response

from amana.terms.refusal import Refusal
from amana.web.access import open_because
from amana.web.pages import (
    about,
    ai,
    application,
    applications,
    asked,
    assets,
    commitments,
    consultations,
    consulting,
    custodian,
    custodian_dataset,
    custodian_rules,
    datasets,
    decisions,
    desk,
    feeds,
    home,
    log,
    models,
    offline,
    oversight,
    people,
    programme,
    programme_badge,
    programme_feed,
    programme_gauges,
    programme_map,
    projects,
    search,
    settings,
    sign_in,
    trying,
    uses,
    verifying,
    workbench,
)
from amana.web.pages.route import Read, public_pages

rest = public_pages()


@rest.get("/{path:path}", openapi_extra=open_because("it says that there is no such page"))
async def nothing(reader: Read) -> Response:
    """What is at no other address."""
    raise Refusal("http.no_route", path=reader.path[:80])


PUBLIC = (
    assets.router, home.front, home.router, datasets.router, trying.router, search.router, projects.router, uses.router, ai.router,
    programme.router, programme_gauges.router, programme_map.router, log.router, about.router, offline.worker, offline.router,
    sign_in.linked, sign_in.opening, sign_in.router, feeds.router, programme_feed.router, programme_badge.router,
    consultations.router, consultations.passing,
)  # fmt: skip
PERSONAL = (
    desk.router, applications.router, application.router, models.router, workbench.router, asked.router, custodian.router,
    custodian_dataset.router, custodian_rules.router, oversight.router, decisions.router, people.router, commitments.router,
    verifying.router, consulting.router, settings.router,
)  # fmt: skip
PAGES: tuple[APIRouter, ...] = (*PUBLIC, *PERSONAL, rest)
