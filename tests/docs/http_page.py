"""The reference page of the HTTP API, made from the OpenAPI document."""

from pathlib import Path
from types import SimpleNamespace
from typing import cast

from amana.node.service import Service
from amana.node.settings import Settings
from amana.terms.codes import CODES
from amana.web.access import SPENDS
from amana.web.app import build
from amana.web.document import document
from amana.web.operations import Json, operations
from amana.web.problems import status_of

MANY = 20
"""Refusals of one status that are told by their kind."""


def http_document() -> Json:
    """The document of an application that has no node behind it."""
    return document(build(cast("Service", SimpleNamespace(settings=Settings(folder=Path("none"))))))


def http_page() -> str:
    """Every route: who may, what it does."""
    lines = ["# HTTP", "", "Made by `make docs` from the OpenAPI document, which a node serves at `/api/v1/openapi.json`, and as pages at"]
    lines += ["`/docs`. How to use it: [the HTTP API](../how-to/http.md).", "", "| route | who | what |", "|---|---|---|"]
    for each in operations(http_document()):
        who = "everybody" if each.public else ", ".join(f"`{action}`" for action in each.actions) or "whoever signed in"
        key = " Needs an `Idempotency-Key`." if each.written.get(SPENDS) else ""
        lines.append(f"| `{each.method} {each.path}` | {who} | {each.written['summary']}{key} |")
    lines += ["", "## Statuses of refusals", "", "| status | refusals |", "|---|---|"]
    by_status: dict[int, list[str]] = {}
    for name in CODES:
        by_status.setdefault(status_of(name), []).append(name)
    for status, names in sorted(by_status.items()):
        shown = sorted(names) if len(names) < MANY else sorted({f"{name.partition('.')[0]}.…" for name in names})
        lines.append(f"| {status} | {', '.join(f'`{name}`' for name in shown)} |")
    return "\n".join(lines) + "\n"
