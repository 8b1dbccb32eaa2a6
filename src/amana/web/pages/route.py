"""What every page does around its own work.

Public pages are the same for everybody: they are written once for a short time, however many ask, and may be kept. Personal ones are
kept by nobody; what is sent to them comes from a page that was given to the same session. Either way a refusal is a page, too.
"""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any, TypeAlias, cast
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Request, Response
from fastapi.dependencies.utils import get_flat_params
from fastapi.exceptions import RequestValidationError
from fastapi.params import Query
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute

from amana.policy.people import Asker
from amana.terms.refusal import Fault, Refusal
from amana.web.context import COOKIE, SAFE, caller_of, from_own_page
from amana.web.pages.assets import takes_gzip
from amana.web.pages.forms import TOKEN, Form, read_form
from amana.web.pages.reader import Reader, public_reader, same_page
from amana.web.pages.render import packed, page
from amana.web.pages.shelf import Shelf, kept_response
from amana.web.problems import misread, status_of, unforeseen

Handler: TypeAlias = Callable[[Request], Coroutine[Any, Any, Response]]
PREFIX = "/{language:language}"


def public_pages(prefix: str = PREFIX, *, kept: bool = True) -> APIRouter:
    """A router for pages that are the same for everybody. `prefix`: "" for addresses that name no language. `kept`: False for those of
    which there are as many as readers can think of."""
    return APIRouter(prefix=prefix, route_class=PublicRoute if kept else PassingRoute, include_in_schema=False)


def personal_pages() -> APIRouter:
    """A router for pages of whoever is signed in: their paths begin with /desk."""
    return APIRouter(prefix=PREFIX, route_class=PersonalRoute, include_in_schema=False)


class PublicRoute(APIRoute):
    """A page for everybody."""

    def get_route_handler(self) -> Handler:
        """GET from the shelf; POST as it is."""
        handle = super().get_route_handler()
        heard = [each.alias for each in get_flat_params(self.dependant) if isinstance(each.field_info, Query)]

        async def sent_to(request: Request) -> Response:
            from_own_page(request)
            request.state.form = read_form(await request.body())
            return await handle(request)

        async def public(request: Request) -> Response:
            reader = public_reader(request)

            async def write() -> Response:
                return await _failing(request, handle, reader=reader)

            if request.method not in SAFE:
                return _sent(request, await _failing(request, sent_to, reader=reader), keep="no-store")
            asked = urlencode([(name, value) for name in heard for value in request.query_params.getlist(name)])
            named, address = "language" in request.path_params, f"{request.url.path}?{asked}"
            shelf = cast("Shelf", request.app.state.shelf)
            found = await shelf.get(address if named else f"{reader.language} {address}", write)
            return kept_response(found, request.headers, vary="Accept-Encoding" if named else "Accept-Encoding, Accept-Language")

        return public


class PassingRoute(APIRoute):
    """A page for everybody that is written for each request: the answer to what somebody typed."""

    def get_route_handler(self) -> Handler:
        """As it is; neither the node nor the browser keeps it."""
        handle = super().get_route_handler()

        async def passing(request: Request) -> Response:
            return _sent(request, await _failing(request, handle, reader=public_reader(request)), keep="no-store")

        return passing


class PersonalRoute(APIRoute):
    """A page for whoever is signed in, who is led to the sign-in page otherwise."""

    def get_route_handler(self) -> Handler:
        """With its form read and its token looked at, where there is one."""
        handle = super().get_route_handler()

        async def personal(request: Request) -> Response:
            reader = public_reader(request)
            try:
                asker = None if "authorization" in request.headers else await caller_of(request)  # tokens are for programs
            except Refusal as refusal:
                if refusal.code != "sign_in.needed":
                    return _sent(request, refused(reader, refusal), keep="no-store")
                asker = None
            if asker is None:
                query = f"?{request.url.query}" if request.url.query else ""
                entrance = f"{reader.at('/sign-in')}?next={quote(request.url.path + query)}"
                return RedirectResponse(entrance, status_code=303, headers={"Cache-Control": "no-store"})
            request.state.form = Form()
            if request.method not in SAFE:
                try:
                    from_own_page(request)
                    request.state.form = read_form(await request.body())
                    if not same_page(request.cookies.get(COOKIE, ""), request.state.form.text(TOKEN, most=200)):
                        raise Refusal("http.cross_site")
                except Refusal as refusal:
                    return _sent(request, refused(reader, refusal), keep="no-store")
            return _sent(request, await _failing(request, handle, reader=reader), keep="no-store")

        return personal


def personal_reader(request: Request) -> Reader:
    """The reader of a personal page: whoever is signed in."""
    bare, asker = public_reader(request), cast("Asker", request.state.asker)
    return Reader(language=bare.language, path=bare.path, service=bare.service, asker=asker, secret=request.cookies.get(COOKIE, ""))


Read = Annotated[Reader, Depends(public_reader)]
"""Of a public page."""
Mine = Annotated[Reader, Depends(personal_reader)]
"""Of a personal page."""


def form_of(request: Request) -> Form:
    """What a form brought."""
    return cast("Form", request.state.form)


Filled = Annotated[Form, Depends(form_of)]
"""The form that was sent to a page."""


def refused(reader: Reader, failure: Refusal | Fault) -> Response:
    """A page that says no, or that something failed."""
    status = status_of(failure.code) if isinstance(failure, Refusal) else 500
    return page(reader, "refused.html", status=status, failure=failure)


def gone_to(reader: Reader, path: str) -> Response:
    """After a change: the page that shows it. Going back or loading anew changes nothing again."""
    return RedirectResponse(reader.at(path), status_code=303)


async def _failing(request: Request, handle: Handler, *, reader: Reader) -> Response:
    try:
        return await handle(request)
    except (Refusal, Fault) as failure:
        return refused(reader, failure)
    except RequestValidationError as error:
        return refused(reader, misread(error))
    except Exception as error:  # noqa: BLE001 - the last place where it can still become a page
        return refused(reader, unforeseen(error))


def _sent(request: Request, response: Response, *, keep: str) -> Response:
    response.headers.setdefault("Cache-Control", keep)
    response.headers["Vary"] = "Accept-Encoding, Cookie"
    body = packed(response) if takes_gzip(request) and "content-encoding" not in response.headers and hasattr(response, "body") else None
    if body is not None:
        response.body = body
        response.headers["Content-Encoding"] = "gzip"
        response.headers["Content-Length"] = str(len(body))
    return response
