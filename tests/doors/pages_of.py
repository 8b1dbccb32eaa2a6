"""Pages of the portal without a browser: who is signed in, the token of her forms, and what a form sends."""

import re
from dataclasses import dataclass

from httpx import Response

from amana.web.context import COOKIE
from tests.doors.http_node import HttpNode, session_of


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """Somebody who is signed in, and the language that she reads."""

    node: HttpNode
    secret: str
    language: str = "en"

    def get(self, path: str) -> Response:
        return self.node.client.get(f"/{self.language}{path}", headers=self.cookie, follow_redirects=False)

    def post(self, path: str, *, token: str | None = None, **fields: str) -> Response:
        sent = {"form": self.token() if token is None else token, **fields}
        return self.node.client.post(f"/{self.language}{path}", data=sent, headers=self.cookie, follow_redirects=False)

    def token(self) -> str:
        """Of a page that was given to her."""
        found = re.search(r'name="form" value="([0-9a-f]+)"', self.get("/desk/work").text)
        assert found is not None
        return found[1]

    @property
    def cookie(self) -> dict[str, str]:
        return {"Cookie": f"{COOKIE}={self.secret}"}


def visitor(node: HttpNode, who: str = "member", *, language: str = "en") -> Visitor:
    """One of the people of `http_node.ROLES`, signed in."""
    return Visitor(node=node, secret=session_of(node.service, node.people[who]), language=language)
