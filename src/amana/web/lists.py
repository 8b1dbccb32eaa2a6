"""Pages of lists: {"items": […], "next": cursor | null}."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, final

from fastapi import Depends, Query

from amana.terms.refusal import Refusal

LIMIT = 50
LIMIT_MAX = 200
CURSOR_CHARACTERS_MAX = 400


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Which part of a list: at most `limit` items after the one named `after` (empty: from the beginning)."""

    limit: int
    after: str


async def page_of(
    limit: Annotated[int, Query(ge=1, le=LIMIT_MAX, description="items of one page")] = LIMIT,
    cursor: Annotated[
        str | None, Query(max_length=CURSOR_CHARACTERS_MAX, description="`next` of the page before; nothing else has a meaning")
    ] = None,
) -> Page:
    """Errors: Refusal http.bad_request for a cursor that no page gave."""
    return Page(limit=limit, after="" if cursor is None else _opened(cursor))


Paged = Annotated[Page, Depends(page_of)]


def listed(items: Sequence[object], *, page: Page, last: str | None) -> dict[str, object]:
    """A page as it travels. `last`: the name of its last item, after which the next page begins."""
    more = last is not None and len(items) >= page.limit
    return {"items": list(items), "next": _closed(last) if more and last is not None else None}


def _closed(name: str) -> str:
    return base64.urlsafe_b64encode(name.encode()).decode().rstrip("=")


def _opened(cursor: str) -> str:
    try:
        return base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except (ValueError, binascii.Error):
        raise Refusal("http.bad_request", field="cursor", wanted="word.next_before") from None
