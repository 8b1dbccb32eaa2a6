"""The public registers of a node, as text."""

import json
import re
from typing import cast
from urllib.parse import quote

from amana.client.http import Channel, Reply
from amana.client.wire import an_object, misread

PARTS_MAX = 1_000_000
_NEXT = re.compile(r'[?&]after=([0-9]{1,15})[^>]*>; rel="next"')


def read_register(channel: Channel, register: str, *, name: str, shape: str, part: str) -> str:
    """That register, whole. Errors: Refusal client.not_understood; as of `Channel.get`."""
    if register == "uses":
        return _csv_uses(channel, part=part) if shape == "csv" else _json_uses(channel, part=part)
    if register == "ai" and shape == "csv":
        return _text(channel.get("/ai-systems.csv", accept="text/csv"))
    of = f"/datasets/{quote(name, safe='')}"
    path = {
        "dcat": "/catalog.ttl" if shape == "turtle" else "/catalog.jsonld",
        "croissant": f"{of}/croissant.json",
        "privacy": f"{of}/privacy.json",
        "ai": "/ai-systems.json",
    }[register]
    reply = channel.get(path, accept="*/*")
    return _text(reply) if shape == "turtle" else _indented(reply.json())


def read_system(channel: Channel, id: str, *, form: str, language: str) -> str:
    """An AI system of the register. `form`: as the node calls it, empty for its own JSON. Errors: as of `Channel.get`."""
    path = f"/ai-systems/{quote(id, safe='')}"
    if not form:
        return _indented(channel.get(path).json())
    reply = channel.get(f"{path}/{quote(form, safe='')}", query={"language": language}, accept="*/*")
    return _text(reply) if form in ("csv", "hub") else _indented(reply.json())


def _json_uses(channel: Channel, *, part: str) -> str:
    reply = channel.get("/uses.json", query={"part": part})
    found = an_object(reply.json(), "uses")
    if part == "projects":
        return _indented(found)
    uses: list[object] = []
    for _ in range(PARTS_MAX):
        uses += cast("list[object]", found["uses"]) if isinstance(found.get("uses"), list) else []
        after = _following(reply)
        if after is None:
            return _indented({**found, "uses": uses, "next": None})
        reply = channel.get("/uses.json", query={"part": part, "after": after})
        found = an_object(reply.json(), "uses")
    raise misread("uses")


def _csv_uses(channel: Channel, *, part: str) -> str:
    reply = channel.get("/uses.csv", query={"part": part}, accept="text/csv")
    written = [_text(reply)]
    for _ in range(PARTS_MAX):
        after = _following(reply)
        if after is None:
            return "".join(written)
        reply = channel.get("/uses.csv", query={"part": part, "after": after}, accept="text/csv")
        written.append(_text(reply).partition("\r\n")[2])  # each part has the names of the columns
    raise misread("uses")


def _following(reply: Reply) -> str | None:
    """Where the next part begins (RFC 8288)."""
    found = _NEXT.search(reply.headers.get("link", ""))
    return found[1] if found else None


def _text(reply: Reply) -> str:
    return reply.body.decode("utf-8", "replace")


def _indented(found: object) -> str:
    return json.dumps(found, ensure_ascii=False, indent=2) + "\n"
