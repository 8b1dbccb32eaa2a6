"""Bodies of responses."""

import json
from collections.abc import Mapping

from fastapi import Response


def json_response(
    found: Mapping[str, object], *, status: int = 200, headers: Mapping[str, str] | None = None, media: str = "application/json"
) -> Response:
    """JSON, in UTF-8."""
    body = json.dumps(found, ensure_ascii=False, allow_nan=False).encode()
    return Response(body, status_code=status, headers=dict(headers or {}), media_type=media)
