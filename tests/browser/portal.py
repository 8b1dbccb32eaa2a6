"""A served portal, and what every test of its pages looks at."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from amana.node.service import open_service
from amana.terms.ids import PermitId, PersonId, ProjectId
from amana.web.context import COOKIE
from tests.doors.http_node import lay_down, populate, session_of

LANGUAGES = ("ar", "fr", "zgh", "en")
WIDTHS = (360, 1280)
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")


@dataclass(frozen=True, kw_only=True)
class Portal:
    """`people`, `sessions`: by the names of `http_node.ROLES`."""

    address: str
    folder: Path
    people: Mapping[str, PersonId]
    sessions: Mapping[str, str]
    project: ProjectId
    permit: PermitId

    def at(self, path: str, *, language: str = "en") -> str:
        return f"{self.address}/{language}{path}"

    def sign_in(self, page: Page, who: str) -> None:
        """Make the page's browser that person's, without the sign-in page."""
        page.context.add_cookies([{"name": COOKIE, "value": self.sessions[who], "url": self.address}])


@contextmanager
def portal(folder: Path, *, settings: str = "") -> Iterator[Portal]:
    """A node in a process of its own, with people, a project and a permit."""
    with socket.create_server(("localhost", 0)) as free:
        port = free.getsockname()[1]
    address = f"http://localhost:{port}"
    lay_down(folder / "node", settings=f'public_url = "{address}"\n{settings}')
    service = open_service(folder / "node")
    people, _, project, permit = populate(service)
    sessions = {name: session_of(service, person) for name, person in people.items()}
    service.close()
    command = [sys.executable, "-m", "amana", "serve", "--folder", str(folder / "node"), "--host", "localhost", "--port", str(port)]
    server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        assert server.stderr is not None and "http://" in server.stderr.readline()
        yield Portal(address=address, folder=folder / "node", people=people, sessions=sessions, project=project, permit=permit)
    finally:
        server.terminate()
        server.wait(30)


def check_page(page: Page) -> None:
    """Errors: AssertionError names what axe-core finds wrong with the page, or that it scrolls sideways."""
    options = json.dumps({"runOnly": {"type": "tag", "values": list(RULES)}, "resultTypes": ["violations"]})
    page.wait_for_load_state("networkidle")
    page.evaluate(_axe())
    found = page.evaluate(f"axe.run(document, {options})")
    told = [
        f"{each['id']}: {node['html'][:160]} ({node['failureSummary'][:300]})" for each in found["violations"] for node in each["nodes"]
    ]
    assert told == [], "\n".join(told)
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), "the page scrolls sideways"


def bytes_of(page: Page, address: str) -> int:
    """What a first view takes on the wire: heads and bodies of everything that the page fetches. Source: Chrome DevTools Protocol,
    Network.loadingFinished."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    sizes: list[int] = []

    def finished(event: dict[str, Any]) -> None:
        sizes.append(int(event["encodedDataLength"]))

    session.on("Network.loadingFinished", finished)
    page.goto(address, wait_until="networkidle")
    session.detach()
    return sum(sizes)


@cache
def _axe() -> str:
    return files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
