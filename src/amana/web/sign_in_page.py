"""The sign-in page and its two files: no inline script, nothing from elsewhere, the reader's language and direction."""

from html import escape
from importlib.resources import files
from string import Template

from fastapi import APIRouter, Request, Response

from amana.web.access import open_because
from amana.web.language import catalogue_of

router = APIRouter(include_in_schema=False)

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
RIGHT_TO_LEFT = frozenset({"ar"})
TEXTS = (
    "title", "no_script", "stranger", "with_passkey", "with_provider", "registering", "device", "register", "link_provider",
    "signed_in", "step_up", "step_up_provider", "waiting", "grant", "refuse", "resume", "publish", "token_label", "token_share",
    "make_token", "token_shown", "sign_out",
)  # fmt: skip
OUTCOMES = ("allowed", "needs_a_person", "forbidden")
FILES = {"sign-in.js": "text/javascript; charset=utf-8", "sign-in.css": "text/css; charset=utf-8"}
PUBLIC = open_because("it is the same page or file for everybody and holds nothing of anybody")


@router.get("/sign-in", openapi_extra=PUBLIC)
def page(request: Request) -> Response:
    """The page that a one-time link opens: what stands behind the `#` is never sent here."""
    catalogue = catalogue_of(request)
    texts = {name: escape(catalogue.say(f"page.sign_in.{name}")) for name in TEXTS}
    texts |= {outcome: escape(catalogue.word("outcome", outcome)) for outcome in OUTCOMES}
    direction = "rtl" if catalogue.language in RIGHT_TO_LEFT else "ltr"
    written = Template(_file("sign-in.html")).substitute(texts, language=catalogue.language, direction=direction)
    headers = {
        "Content-Security-Policy": POLICY,
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
        "Content-Language": catalogue.language,
        "Vary": "Accept-Language",
    }
    return Response(written, media_type="text/html; charset=utf-8", headers=headers)


@router.get("/static/sign-in.js", openapi_extra=PUBLIC)
def script() -> Response:
    """The script of the page."""
    return _sent("sign-in.js")


@router.get("/static/sign-in.css", openapi_extra=PUBLIC)
def style() -> Response:
    """The style of the page."""
    return _sent("sign-in.css")


def _sent(name: str) -> Response:
    headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "public, max-age=300"}
    return Response(_file(name), media_type=FILES[name], headers=headers)


def _file(name: str) -> str:
    return files("amana.web").joinpath("static", name).read_text("utf-8")
