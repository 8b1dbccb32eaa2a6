"""`/healthz`: whether this process answers."""

from fastapi import APIRouter

from amana.web.access import open_because

router = APIRouter(tags=["health"])


@router.get("/healthz", openapi_extra=open_because("it tells nothing but that the process answers"))
async def healthz() -> dict[str, str]:
    """Whether the process answers."""
    return {"state": "serving"}
