"""Files that pages need: styles, scripts, fonts. Each is named by its digest, so that a browser keeps it for good."""

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import final

from fastapi import APIRouter, Request, Response

from amana.terms.refusal import Refusal
from amana.web.access import open_because

PLACES = ("static", "vendor")
"""Folders of `amana.web`: what the house wrote, and what others did."""
TYPES: Mapping[str, str] = MappingProxyType(
    {
        ".css": "text/css; charset=utf-8",
        ".js": "text/javascript; charset=utf-8",
        ".svg": "image/svg+xml; charset=utf-8",
        ".woff2": "font/woff2",
    }
)
POLICY = "default-src 'none';frame-ancestors 'none';base-uri 'none'"
"""Short, for a page needs several files."""
KEPT = "max-age=31536000, immutable"
PUBLIC = open_because("it is the same file for everybody and holds nothing of anybody")
router = APIRouter(include_in_schema=False)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """A file as it is sent. `packed`: the same in gzip, None where that is not shorter."""

    body: bytes
    packed: bytes | None
    digest: str
    media: str


@cache
def assets() -> Mapping[str, Asset]:
    """Every file, by its name. In styles, `asset(name)` stands for the address of another file."""
    found: dict[str, Asset] = {}
    every = [file for place in PLACES for file in files("amana.web").joinpath(place).iterdir()]
    for file in sorted(every, key=lambda each: (each.name.endswith(".css"), each.name)):  # styles last: they name others
        kind = PurePosixPath(file.name).suffix
        if kind in TYPES:
            body = file.read_bytes()
            if kind == ".css":
                body = _addressed(body, found)
            packed = gzip.compress(body, 9, mtime=0)
            found[file.name] = Asset(
                body=body,
                packed=packed if len(packed) < len(body) else None,
                digest=hashlib.sha256(body).hexdigest()[:12],
                media=TYPES[kind],
            )
    return found


def address_of(name: str) -> str:
    """Where a file is got, for good: such as /static/portal.css?1b2c…"""
    return f"/static/{name}?{assets()[name].digest}"


@router.get("/static/{name}", openapi_extra=PUBLIC)
async def static(request: Request, name: str) -> Response:
    """One file. Under the address of another digest it is given all the same, and kept by nobody."""
    found = assets().get(name)
    if found is None:
        raise Refusal("http.no_route", path=f"/static/{name[:60]}")
    return sent(request, found, {"Cache-Control": KEPT if request.url.query == found.digest else "no-cache"})


def sent(request: Request, found: Asset, headers: Mapping[str, str]) -> Response:
    """A file, packed for whoever can read that."""
    told = {
        "Content-Security-Policy": POLICY,
        **headers,
        "Vary": "Accept-Encoding",
    }
    if found.packed is not None and takes_gzip(request):
        return Response(found.packed, media_type=found.media, headers={**told, "Content-Encoding": "gzip"})
    return Response(found.body, media_type=found.media, headers=told)


def takes_gzip(request: Request) -> bool:
    """Whether whoever asks can read gzip."""
    return "gzip" in request.headers.get("accept-encoding", "")


def _addressed(body: bytes, known: Mapping[str, Asset]) -> bytes:
    text = body.decode("utf-8")
    for name, asset in known.items():
        text = text.replace(f"asset({name})", f"url(/static/{name}?{asset.digest})")
    return text.encode()
