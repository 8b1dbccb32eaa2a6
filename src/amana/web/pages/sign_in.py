"""The page where somebody signs in. Its work is done in the browser (`static/sign-in.js`), for a passkey is kept by the device; without
JavaScript it takes a one-time link, and leads to the identity provider."""

import re
from typing import Annotated

from fastapi import Query, Request, Response
from fastapi.responses import RedirectResponse

from amana.client.text import LANGUAGES
from amana.node.links import LinkKind
from amana.terms.refusal import Refusal
from amana.web.access import open_because
from amana.web.context import COOKIE
from amana.web.pages.reader import Reader
from amana.web.pages.render import page
from amana.web.pages.route import Filled, Read, public_pages
from amana.web.problems import status_of
from amana.web.sign_in import begin_visit, remember

SAME = open_because("it is the same page for everybody and holds nothing of anybody")
HOW = open_because("it is how somebody whom the node does not know yet becomes known; the use case checks what she brings")
OWN_PAGE = re.compile(rf"/(?:{'|'.join(LANGUAGES)})/desk(?:/[\w.~/-]*)?(?:\?[\w=&.~%-]*)?")
"""Where a sign-in may lead: to a personal page of this node, and nowhere else."""
LINK_CHARACTERS_MAX = 2_000
NEXT_CHARACTERS_MAX = 300
router = public_pages()
opening = public_pages(kept=False)
"""The page itself, of which there are as many as pages that one may come from."""
linked = public_pages("", kept=False)
"""The address of one-time links, which know no language: what stands behind their `#` is never sent here."""
Next = Annotated[str, Query(alias="next")]
Strong = Annotated[str, Query()]


@opening.get("/sign-in", openapi_extra=SAME)
def sign_in(reader: Read, wanted: Next = "", strong: Strong = "") -> Response:
    """The page."""
    return _page(reader, wanted=wanted, strong=strong)


@linked.get("/sign-in", openapi_extra=SAME)
def by_link(reader: Read) -> Response:
    """The page in the language that the browser likes best."""
    return _page(reader)


@router.post("/sign-in", openapi_extra=HOW)
def open_link(reader: Read, form: Filled) -> Response:
    """A link that was pasted, where the browser runs no script: a session, and the desk in the language of its person."""
    service, wanted = reader.service, form.text("next", most=NEXT_CHARACTERS_MAX)
    provider = bool(service.settings.oidc_issuer)
    try:
        secret = form.text("link", most=LINK_CHARACTERS_MAX, needed=True).rpartition("#")[2]
        opened = service.sign_in.links.open(secret, now=service.now(), only=None if provider else LinkKind.DEMO)
    except Refusal as refusal:
        told = Refusal("sign_in.script_needed") if refusal.code == "sign_in.browser_needed" else refusal
        return _page(reader, wanted=wanted, refusal=told)
    if opened.kind is not LinkKind.DEMO:  # she links her identity next
        response = _page(reader, linking=True)
    else:
        person = service.sign_in.by_session(opened.session.reveal(), now=service.now()).person
        language = person.language if person.language in LANGUAGES else reader.language
        response = RedirectResponse(_own(wanted) or f"/{language}/desk", status_code=303)
    remember(response, opened.session, service=service)
    return response


@router.post("/sign-in/provider", openapi_extra=HOW)
def visit(reader: Read, form: Filled, request: Request) -> Response:
    """On to the identity provider. The page leads there by itself, for a form may not: the policy of pages keeps them on this node."""
    oidc, now, session = reader.service.sign_in.oidc, reader.service.now(), request.cookies.get(COOKIE, "")
    try:
        match form.text("purpose", most=20):
            case "link":
                sent = oidc.begin_link(session, now=now)
            case "step-up":
                sent = oidc.begin_step_up(session, now=now)
            case _:
                sent = oidc.begin_sign_in(now=now)
    except Refusal as refusal:
        return _page(reader, refusal=refusal)
    response = page(reader, "provider.html", address=sent.address)
    response.headers["Refresh"] = f"0; url={sent.address}"
    begin_visit(response, sent.secret, service=reader.service)
    return response


def _page(reader: Reader, *, wanted: str = "", strong: str = "", refusal: Refusal | None = None, linking: bool = False) -> Response:
    return page(
        reader,
        "sign_in.html",
        status=200 if refusal is None else status_of(refusal.code),
        refusal=refusal,
        wanted=_own(wanted),
        purpose="link" if linking else "step-up" if strong else "sign-in",
        linking=linking,
        provider=bool(reader.service.settings.oidc_issuer),
    )


def _own(wanted: str) -> str:
    return wanted if len(wanted) <= NEXT_CHARACTERS_MAX and OWN_PAGE.fullmatch(wanted) and "//" not in wanted else ""
