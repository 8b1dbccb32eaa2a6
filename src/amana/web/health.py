"""`/healthz`: whether this process answers, has its database, and room for its log."""

from fastapi import APIRouter

from amana.web.access import open_because
from amana.web.context import Here

HEALTH = "/healthz"
router = APIRouter(tags=["health"])


@router.get(HEALTH, openapi_extra=open_because("it tells nothing but that the process answers, has its database and can write"))
def healthz(here: Here) -> dict[str, str]:
    """Whether requests can be answered: if the database is lost or the disk is full, this is the refusal that says so, with status 503."""
    here.check()
    return {"state": "serving"}
