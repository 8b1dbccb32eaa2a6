"""Deny by default over HTTP: a route that declares no action, and does not say why it needs none, is a fault."""

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from fastapi.routing import iter_route_contexts

from amana.node.service import Service
from amana.node.settings import Settings
from amana.policy.rights import Action
from amana.web.access import ACTIONS, OPEN
from amana.web.app import build


def empty_service() -> Service:
    """A node with settings and nothing else: enough to build the application."""
    return cast("Service", SimpleNamespace(settings=Settings(folder=Path("none"))))


def routes() -> list[tuple[str, dict[str, object]]]:
    """Every route of the application, also those that the OpenAPI document does not show: method and path, what it declares."""
    app = build(empty_service())
    found: list[tuple[str, dict[str, object]]] = []
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        methods = getattr(context, "methods", None) or getattr(route, "methods", None) or {"?"}
        extra = dict(getattr(route, "openapi_extra", None) or {})
        path = context.path.replace(":path}", "}")  # as documents write a part that may hold slashes
        found += [(f"{method} {path}", extra) for method in sorted(methods) if method != "HEAD"]  # HEAD is as GET
    return found


ROUTES = routes()


@pytest.mark.parametrize(("name", "extra"), ROUTES, ids=[name for name, _ in ROUTES])
def test_every_route_declares_what_it_does(name: str, extra: dict[str, object]) -> None:
    assert ACTIONS in extra, f"{name}: openapi_extra=doing(Action.…), or open_because(…)"
    declared = cast("list[str]", extra[ACTIONS])
    assert all(action in {each.value for each in Action} for action in declared)
    assert declared or len(str(extra.get(OPEN, ""))) > 20, f"{name}: says why it needs no rule"


def test_the_walk_sees_every_path_of_the_document() -> None:
    app = build(empty_service())
    shown = {f"{method.upper()} {path}" for path, methods in app.openapi()["paths"].items() for method in methods}
    assert shown <= {name for name, _ in ROUTES}
