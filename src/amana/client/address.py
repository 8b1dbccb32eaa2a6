"""Where a node is: its address, read once into a value."""

import ipaddress
from dataclasses import dataclass
from typing import final
from urllib.parse import urlsplit

from amana.terms.refusal import Refusal

_PORTS = {"http": 80, "https": 443}


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """`path`: what stands before `/api/v1`, without a slash at its end."""

    secure: bool
    host: str
    port: int
    path: str

    def __str__(self) -> str:
        scheme = "https" if self.secure else "http"
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _PORTS[scheme] else f":{self.port}"
        return f"{scheme}://{host}{port}{self.path}"

    @property
    def keeps_secrets(self) -> bool:
        """Whether what is sent there can be read by nobody on the way."""
        return self.secure or _is_loopback(self.host)


def read_address(text: str) -> Address:
    """The address of a node.

    >>> str(read_address("HTTPS://Node.Example:443/"))
    'https://node.example'

    Errors: Refusal client.bad_address.
    """
    try:
        parts = urlsplit(text.strip())
        port = parts.port
    except ValueError:
        raise Refusal("client.bad_address", node=text[:200]) from None
    scheme, host = parts.scheme.lower(), parts.hostname or ""
    whole = f"{host}{parts.path}"
    if scheme not in _PORTS or not host or parts.query or parts.fragment or parts.username is not None or not whole.isprintable():
        raise Refusal("client.bad_address", node=text[:200])
    if not whole.isascii() or " " in whole:
        raise Refusal("client.bad_address", node=text[:200])
    return Address(secure=scheme == "https", host=host, port=port or _PORTS[scheme], path=parts.path.rstrip("/"))


def read_link(link: str, *, node: str | None) -> tuple[Address, str]:
    """The node that a one-time link is for, and its secret, which goes nowhere else. `node`: as somebody names it besides; it is needed
    where `link` is the secret alone.

    >>> [str(part) for part in read_link("https://node.example/sign-in#nTRc3", node=None)]
    ['https://node.example', 'nTRc3']

    Errors: Refusal client.no_node, client.bad_address, client.other_node.
    """
    before, _, secret = link.strip().rpartition("#")
    if not before and node is None:
        raise Refusal("client.no_node")
    named = None if node is None else read_address(node)
    meant = read_address(before.removesuffix("/sign-in")) if before else named
    assert meant is not None, "one of them tells"
    if named is not None and named != meant:
        raise Refusal("client.other_node", link=str(meant), node=str(named))
    return meant, secret


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
