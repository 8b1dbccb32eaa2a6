"""The language of the reader of one response."""

from fastapi import Request

from amana.client.text import Catalogue, choose_language, load

WISHES_MAX = 20


def catalogue_of(request: Request) -> Catalogue:
    """The sentences in the language that the reader likes best, of those that there are. Source: RFC 9110, 12.5.4."""
    wishes: list[tuple[float, int, str]] = []
    for place, wish in enumerate(request.headers.get("accept-language", "").split(",")[:WISHES_MAX]):
        name, _, written = wish.partition(";q=")
        wishes.append((-_quality(written), place, name.strip()))
    default = str(getattr(request.app.state, "language", "en"))
    for negative, _, name in sorted(wishes):
        found = choose_language(name, {})
        if negative < 0 and (found != "en" or name.lower().startswith("en")):
            return load(found)
    return load(default)


def _quality(text: str) -> float:
    try:
        return min(1.0, max(0.0, float(text))) if text else 1.0
    except ValueError:
        return 0.0
