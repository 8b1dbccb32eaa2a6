"""How every route of the API is made: `router = new_router("permits")`."""

from fastapi import APIRouter

from amana.web.route import Route

BASE = "/api/v1"


def new_router(name: str) -> APIRouter:
    """A router for one kind of thing. Paths begin after `/api/v1`; every route declares its action (`web.access`)."""
    return APIRouter(route_class=Route, tags=[name])
