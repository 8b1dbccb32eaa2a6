"""Who reads a page: her language and, on a personal page, who she is."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import final

from fastapi import Request
from markupsafe import Markup, escape
from starlette.convertors import Convertor, register_url_convertor

from amana.client.text import LANGUAGES, Catalogue, load
from amana.node.service import Service
from amana.policy.people import Asker
from amana.terms.refusal import Refusal
from amana.web.language import catalogue_of

RIGHT_TO_LEFT = frozenset({"ar"})
NAMES = {"ar": "العربية", "zgh": "ⵜⴰⵎⴰⵣⵉⵖⵜ", "fr": "Français", "en": "English"}
"""Each language in itself, in the order in which the portal offers them."""
NONCE_BYTES = 16


@final
class LanguageConvertor(Convertor[str]):
    """The first part of the path of every page."""

    regex = "|".join(LANGUAGES)

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("language", LanguageConvertor())


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """`path`: of the page, after the language. `asker`: None on public pages, also for whoever is signed in. `secret`: of her session."""

    language: str
    path: str
    service: Service
    asker: Asker | None = None
    secret: str = ""

    @property
    def catalogue(self) -> Catalogue:
        """The sentences in her language."""
        return load(self.language)

    @property
    def direction(self) -> str:
        """Of her language: rtl or ltr."""
        return "rtl" if self.language in RIGHT_TO_LEFT else "ltr"

    @property
    def who(self) -> Asker:
        """Whoever asks for a personal page. Errors: Refusal sign_in.needed."""
        if self.asker is None:
            raise Refusal("sign_in.needed")
        return self.asker

    def at(self, path: str) -> str:
        """The address of another page in the same language; `path` begins with a slash."""
        return f"/{self.language}{path}"

    def tell(self, code: str, /, **parts: object) -> Markup:
        """A message that holds markup: its own words and the parts are escaped, but for those that are markup already."""
        filled = {name: part if isinstance(part, Markup) else escape(str(part)) for name, part in parts.items()}
        text = str(escape(self.catalogue.template(code)))
        text = re.sub(r"\{(\w+)\}", lambda found: str(filled.get(found[1], found[0])), text)  # once: a part may hold braces of its own
        return Markup(text)  # noqa: S704 - every part was escaped above

    def pick(self, texts: Iterable[tuple[str, str]]) -> Markup:
        """The text in her language, else in English, else in any, marked with the language that it is in. Shapes: (language, text)."""
        known = {language: text for language, text in texts if text}
        found = next((each for each in (self.language, "en", *known) if each in known), None)
        if found is None:
            return Markup()
        if found == self.language:
            return escape(known[found])
        direction = "rtl" if found in RIGHT_TO_LEFT else "ltr"
        return Markup('<span lang="{}" dir="{}">{}</span>').format(found, direction, known[found])

    def token(self) -> str:
        """What a form of this page brings back, to show that the page was given to her. It is another one each time, so that nobody
        learns it from the length of compressed pages. Source: OWASP, Cross-Site Request Forgery Prevention, HMAC-based token."""
        nonce = secrets.token_hex(NONCE_BYTES)
        return f"{nonce}{_signed(self.secret, nonce)}"


def same_page(secret: str, token: str) -> bool:
    """Whether a form came with a token of that session."""
    nonce, signature = token[: 2 * NONCE_BYTES], token[2 * NONCE_BYTES :]
    return bool(secret) and hmac.compare_digest(_signed(secret, nonce).encode(), signature.encode())


def public_reader(request: Request) -> Reader:
    """The reader of a public page: nobody in particular. Where the address names no language, in the one that the browser likes best."""
    language = str(request.path_params.get("language") or catalogue_of(request).language)
    return Reader(language=language, path=request.url.path.removeprefix(f"/{language}"), service=request.app.state.service)


def _signed(secret: str, nonce: str) -> str:
    return hmac.new(secret.encode(), f"amana form 1 {nonce}".encode(), hashlib.sha256).hexdigest()
