"""The HTTP door: one application over one node."""

import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from importlib.metadata import version

import structlog
from anyio import to_thread
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

from amana.node.service import Service
from amana.terms.refusal import Refusal
from amana.web import (
    ai_systems,
    audit,
    consultations,
    datasets,
    docs,
    forecasts,
    jobs,
    log,
    models,
    outputs,
    people,
    permits,
    problems,
    programme,
    programme_figures,
    projects,
    questions,
    receipts,
    registers,
    sign_in,
    training,
    witness,
)
from amana.web.guard import Guard
from amana.web.health import router as health
from amana.web.limits import Limits
from amana.web.pages.portal import PAGES
from amana.web.pages.shelf import Front, Shelf
from amana.web.routing import BASE

ROUTERS: tuple[APIRouter, ...] = (
    datasets.router,
    questions.router,
    training.router,
    forecasts.router,
    jobs.router,
    projects.router,
    permits.router,
    outputs.router,
    models.router,
    programme.router,
    people.router,
    audit.router,
    receipts.router,
    registers.router,
    ai_systems.router,
    consultations.router,
    programme_figures.router,
    sign_in.router,
)
"""Under `/api/v1`, in the order of the documentation."""


def build(service: Service) -> FastAPI:
    """The application. Errors: every response that is none of a route is `application/problem+json`."""
    app = FastAPI(
        title="Amana",
        version=version("amana"),
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        lifespan=_lifespan,
        generate_unique_id_function=_named,
    )
    app.state.service = service
    app.state.language = service.settings.language
    app.state.limits = Limits(service.settings)
    app.state.shelf = Shelf()
    app.add_middleware(Front, shelf=app.state.shelf)
    app.add_middleware(Guard, limits=app.state.limits, encrypted=service.settings.public_url.startswith("https://"))
    problems.install(app)
    for router in ROUTERS:
        app.include_router(router, prefix=BASE)
    for router in (docs.router, health, log.router, programme_figures.files, witness.router, sign_in.callback):
        app.include_router(router)
    for router in PAGES:
        app.include_router(router)
    return app


def _named(route: APIRoute) -> str:
    """Such as get-datasets-name-budget."""
    path = route.path.removeprefix(BASE).replace(":path}", "").replace(":language}", "").replace("{", "").replace("}", "")
    words = path.replace("_", "-").replace(".", "-").split("/")
    return "-".join([min(route.methods or {"get"}).lower(), *(word for word in words if word)])


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncGenerator[None]:
    """As long as the application serves: its threads, and one of them looks for what has come to its end."""
    service: Service = app.state.service
    to_thread.current_default_thread_limiter().total_tokens = service.settings.http_threads_max
    over = threading.Event()
    tending = threading.Thread(target=_tend, args=(service, over), name="tend")
    tending.start()
    try:
        yield
    finally:
        over.set()
        await to_thread.run_sync(tending.join)


def _tend(service: Service, over: threading.Event) -> None:
    _safely(lambda: [service.node.budget(each.name) for each in service.datasets()])  # what it loads takes a second: not the first reader's
    while not over.wait(service.settings.tend_ms / 1e3):
        _safely(service.tend)
        _safely(service.verification.tend)


def _safely(act: Callable[[], object]) -> None:
    try:
        act()
    except Exception as error:  # noqa: BLE001 - a database that is lost now may be back at the next look
        told = error.code if isinstance(error, Refusal) else type(error).__name__
        structlog.get_logger("amana.web").error("tend", cause=told)
