"""Deny by default, page by page: whoever is not named for a personal page is refused there, and nothing changes; public pages are the
same for everybody.

The routes come from the application: a page without an entry fails, and so does an entry without a page.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from amana.web.context import COOKIE
from amana.web.pages.reader import Reader
from tests.doors.matrix_world import PEOPLE, SIGNED, World, world_in
from tests.house.test_routes import ROUTES

LANGUAGE = "{language:language}"
NAMES = tuple(PEOPLE)
PAGES = tuple(name for name, _ in ROUTES if LANGUAGE in name or name in {"GET /", "GET /sign-in"})
PERSONAL = tuple(name for name in PAGES if f"/{LANGUAGE}/desk" in name)
REFUSED = frozenset({401, 403, 404})


@dataclass(frozen=True, kw_only=True)
class Visit:
    """What fills the address, and what a form brings."""

    path: dict[str, str] = field(default_factory=dict)
    form: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Case:
    """`visit`: of a thing in the state in which the page makes sense. `allowed`: who may; None: everybody, and all see the same.

    `then`: what whoever may is answered."""

    visit: Callable[[World], Visit]
    allowed: frozenset[str] | None = None
    then: frozenset[int] = frozenset({200, 303})


CASES: dict[str, Case] = {}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world_in(tmp_path_factory.mktemp("matrix") / "node") as made:
        yield made


def test_every_page_has_an_entry_and_every_entry_a_page() -> None:
    assert set(CASES) == set(PAGES)
    assert {name for name, case in CASES.items() if case.allowed is not None} == set(PERSONAL)


def send(world: World, name: str, visit: Visit, *, who: str | None, token: bool = True) -> tuple[int, str]:
    """The status and the page."""
    method, address = name.split(" ")
    address = address.replace(LANGUAGE, "en")
    for part, value in visit.path.items():
        address = re.sub(rf"{{{part}(:\w+)?}}", value, address)
    cookie = world.cookie(who)["Cookie"] if who is not None else ""
    form = dict(visit.form)
    if token and who is not None:
        secret = cookie.removeprefix(f"{COOKIE}=")
        form["form"] = Reader(language="en", path="/", service=world.service, secret=secret).token()
    headers = {"Cookie": cookie} if cookie else {}
    reply = world.client.request(method, address, data=form if method == "POST" else None, headers=headers, follow_redirects=False)
    return reply.status_code, reply.text


@pytest.mark.parametrize("name", [name for name in PAGES if name not in PERSONAL])
def test_a_public_page_is_the_same_for_everybody(world: World, name: str) -> None:
    case = CASES[name]
    visit = case.visit(world)
    status, shown = send(world, name, visit, who=None)
    assert status in case.then, shown
    if name.startswith("GET "):
        for who in NAMES:
            assert send(world, name, visit, who=who) == (status, shown), who


@pytest.mark.parametrize("name", PERSONAL)
def test_a_stranger_is_led_to_the_sign_in_page(world: World, name: str) -> None:
    visit, before = CASES[name].visit(world), world.state()
    for who in (None, "gone"):
        assert send(world, name, visit, who=who)[0] == 303
    assert world.state() == before


@pytest.mark.parametrize("name", PERSONAL)
def test_whoever_is_not_named_is_refused_and_changes_nothing(world: World, name: str) -> None:
    case = CASES[name]
    assert case.allowed is not None
    visit, before = case.visit(world), world.state()
    for who in sorted(SIGNED - case.allowed):
        status, shown = send(world, name, visit, who=who)
        assert status in REFUSED, f"{who}: {status} {shown}"
    assert world.state() == before


@pytest.mark.parametrize("name", PERSONAL)
def test_whoever_is_named_gets_through(world: World, name: str) -> None:
    case = CASES[name]
    assert case.allowed is not None
    for who in sorted(case.allowed):
        status, shown = send(world, name, case.visit(world), who=who)
        assert status in case.then, f"{who}: {status} {shown}"


@pytest.mark.parametrize("name", [name for name in PERSONAL if name.startswith("POST ")])
def test_a_form_without_the_token_of_its_own_session_changes_nothing(world: World, name: str) -> None:
    case = CASES[name]
    assert case.allowed
    who = min(case.allowed)
    visit, before = case.visit(world), world.state()
    stolen = Reader(language="en", path="/", service=world.service, secret="another session").token()
    for form in ({}, {"form": ""}, {"form": stolen}, {"form": "x" * 96}):
        status, _ = send(world, name, Visit(path=visit.path, form={**visit.form, **form}), who=who, token=False)
        assert status == 403
    assert world.state() == before
