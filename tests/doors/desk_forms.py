"""A signed-in browser without scripts: what it sees of a desk's pages, and forms that it sends from them."""

import re
from dataclasses import dataclass

from httpx2 import Response

from amana.web.context import COOKIE
from tests.doors.http_node import HttpNode, session_of

TOKEN = re.compile(r'name="form" value="([0-9a-f]+)"')


@dataclass(frozen=True, kw_only=True)
class Browser:
    """Of one session. `cookie`: its secret."""

    node: HttpNode
    cookie: str

    def get(self, path: str, *, language: str = "en") -> Response:
        return self.node.client.get(f"/{language}{path}", headers={"Cookie": f"{COOKIE}={self.cookie}"}, follow_redirects=False)

    def token(self, path: str) -> str:
        """Of a form on that page."""
        found = TOKEN.search(self.get(path).text)
        assert found is not None, f"no form on {path}"
        return found[1]

    def send(self, path: str, *, token: str | None = None, seen_on: str = "", **fields: str | list[str]) -> Response:
        """The form of the page `seen_on`, or of the path itself; `token`: another than the page's own."""
        held = {"form": self.token(seen_on or path) if token is None else token, **fields}
        return self.node.client.post(
            f"/en{path}", data=held, headers={"Cookie": f"{COOKIE}={self.cookie}"}, follow_redirects=False
        )  # fmt: skip

    def forget_step_up(self) -> None:
        """As if everybody had signed in with a passkey some time ago, and not confirmed it since."""
        with self.node.service.database.transaction() as run:
            run.change("UPDATE session SET method = 'passkey', stepped_up_at = NULL WHERE ended_at IS NULL", {})


def browser_of(node: HttpNode, who: str) -> Browser:
    """Signed in as that person, freshly."""
    return Browser(node=node, cookie=session_of(node.service, node.people[who]))
