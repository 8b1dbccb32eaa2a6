"""The HTTP door: one application over one node."""

from fastapi import APIRouter, FastAPI

import amana
from amana.node.service import Service
from amana.web import datasets, jobs, problems, questions
from amana.web.guard import Guard
from amana.web.health import router as health
from amana.web.limits import Limits
from amana.web.routing import BASE

ROUTERS: tuple[APIRouter, ...] = (datasets.router, questions.router, jobs.router)
"""Under `/api/v1`, in the order of the documentation."""


def build(service: Service) -> FastAPI:
    """The application. Errors: every response that is none of a route is `application/problem+json`."""
    app = FastAPI(title="Amana", version=amana.__version__, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.service = service
    app.state.language = service.settings.language
    app.state.limits = Limits(service.settings)
    app.add_middleware(Guard, limits=app.state.limits)
    problems.install(app)
    for router in ROUTERS:
        app.include_router(router, prefix=BASE)
    app.include_router(health)
    return app
