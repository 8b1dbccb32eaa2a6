"""`/healthz`: whether this process answers, and has its database."""

from fastapi import APIRouter

from amana.web.access import open_because
from amana.web.context import Here

router = APIRouter(tags=["health"])


@router.get("/healthz", openapi_extra=open_because("it tells nothing but that the process answers and has its database"))
def healthz(here: Here) -> dict[str, str]:
    """Whether requests can be answered: while the database is lost this is the refusal that says so, with status 503."""
    here.check()
    return {"state": "serving"}
