"""Her settings: the language of messages, an e-mail address, a feed, signing out."""

from collections.abc import Callable
from dataclasses import replace

from fastapi import Request, Response

from amana.policy.rights import Action
from amana.terms.refusal import Refusal
from amana.web.access import doing
from amana.web.context import COOKIE
from amana.web.pages.forms import Form
from amana.web.pages.reader import Reader
from amana.web.pages.render import page
from amana.web.pages.route import Filled, Mine, gone_to, personal_pages
from amana.web.problems import status_of

router = personal_pages()
HERE = "/desk/settings"
HERS = doing(Action.KEEP_SETTINGS)


@router.get(HERE, openapi_extra=HERS)
def settings(reader: Mine, code: str = "") -> Response:
    """The page. `code`: of the link in a letter; it counts once she presses the button."""
    return _shown(reader, code=code[:80])


@router.post(f"{HERE}/language", openapi_extra=HERS)
def language(reader: Mine, form: Filled) -> Response:
    """The language of messages to her; the page comes back in it."""
    wished = form.text("language", most=10)
    return _done(reader, form, lambda: reader.service.contacts.speak(reader.who, language=wished), language=wished)


@router.post(f"{HERE}/address", openapi_extra=HERS)
def address(reader: Mine, form: Filled) -> Response:
    """Where e-mail goes, once it is confirmed; or nowhere any more."""
    contacts = reader.service.contacts
    if form.text("do") == "forget":
        return _done(reader, form, lambda: contacts.forget_address(reader.who))
    return _done(reader, form, lambda: contacts.ask_address(reader.who, address=form.text("address", most=254)))


@router.post(f"{HERE}/confirm", openapi_extra=HERS)
def confirm(reader: Mine, form: Filled) -> Response:
    """The address is hers."""
    return _done(reader, form, lambda: reader.service.contacts.confirm(reader.who, code=form.text("code", most=80)))


@router.post(f"{HERE}/feed", openapi_extra=HERS)
def feed(reader: Mine, form: Filled) -> Response:
    """A new feed, whose address is shown this once; or none any more."""
    if form.text("do") == "drop":
        return _done(reader, form, lambda: reader.service.contacts.drop_feed(reader.who))
    made = reader.service.contacts.make_feed(reader.who)
    return _shown(reader, feed_address=f"{reader.service.settings.public_url}/feeds/{made.reveal()}.atom")


@router.post(f"{HERE}/sign-out", openapi_extra=HERS)
def sign_out(request: Request, reader: Mine) -> Response:
    """End this session."""
    reader.service.sign_in.sessions.sign_out(request.cookies.get(COOKIE, ""), now=reader.service.now())
    response = gone_to(reader, "/")
    response.delete_cookie(COOKIE, path="/")
    return response


def _done(reader: Reader, form: Form, change: Callable[[], object], *, language: str = "") -> Response:
    try:
        change()
    except Refusal as refusal:
        return _shown(reader, refusal=refusal, form=form)
    return gone_to(replace(reader, language=language or reader.language), HERE)


def _shown(reader: Reader, *, code: str = "", feed_address: str = "", refusal: Refusal | None = None, form: Form | None = None) -> Response:
    contacts = reader.service.contacts
    return page(
        replace(reader, path=HERE), "settings.html", status=200 if refusal is None else status_of(refusal.code),
        contact=contacts.contact(reader.who), mails=contacts.mails, has_feed=contacts.has_feed(reader.who), code=code,
        feed_address=feed_address, refusal=refusal, typed=form or Form(),
    )  # fmt: skip
