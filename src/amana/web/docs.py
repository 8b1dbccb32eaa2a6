"""Pages about the API, made here and whole without scripts: `/docs`, `/docs/{operation}`, `/problems/AMA-nnn`; and the document itself."""

import json
from collections.abc import Iterable
from html import escape

from fastapi import Request, Response
from fastapi.responses import HTMLResponse

from amana.client.text import LANGUAGES, Catalogue, load
from amana.terms.codes import CODES
from amana.terms.refusal import Refusal
from amana.web.access import SPENDS, open_because
from amana.web.document import document
from amana.web.language import catalogue_of
from amana.web.operations import Json, Operation, example_of, operations
from amana.web.problems import status_of
from amana.web.routing import BASE, new_router

RIGHT_TO_LEFT = frozenset({"ar"})
EXAMPLE_CHARACTERS_MAX = 4_000
STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#16211d;background:#fdfcf8}"
    "a{color:#0b5d4b}code,pre{font:14px/1.45 ui-monospace,monospace;direction:ltr;unicode-bidi:isolate}"
    "pre{background:#f1eee4;padding:.8rem;overflow:auto;white-space:pre-wrap;text-align:left}"
    "table{border-collapse:collapse;width:100%}"
    "td,th{text-align:start;padding:.25rem .6rem;border-bottom:1px solid #ddd6c4;vertical-align:top}"
    "section pre{direction:inherit;text-align:start}"
    "@media(prefers-color-scheme:dark){body{color:#e8e6df;background:#141a18}a{color:#7fd1bb}"
    "pre{background:#1f2724}td,th{border-color:#33403b}}"
)
router = new_router("documentation")


@router.get(f"{BASE}/openapi.json", openapi_extra=open_because("the description of the API holds no data of anybody"))
async def described(request: Request) -> Response:
    """This description: OpenAPI 3.1."""
    return Response(json.dumps(document(request.app), ensure_ascii=False).encode(), media_type="application/json")


@router.get("/docs", include_in_schema=False, openapi_extra=open_because("the description of the API holds no data of anybody"))
async def index(request: Request) -> Response:
    """Every route of the API, on one page."""
    say, found = catalogue_of(request).say, document(request.app)
    groups: dict[str, list[Operation]] = {}
    for operation in operations(found):
        groups.setdefault(operation.group, []).append(operation)
    parts = [f"<h1>{_text(say('docs.title'))}</h1><p>{_text(say('docs.about'))}</p><p><a href='{BASE}/openapi.json'>openapi.json</a></p>"]
    for group, members in groups.items():
        rows = "".join(
            f"<tr><td><a href='/docs/{each.name}'><code>{each.method} {_text(each.path)}</code></a>"
            f"<td lang=en dir=ltr>{_text(each.written['summary'])}"
            for each in members
        )
        parts.append(f"<h2 lang=en>{_text(group)}</h2><table>{rows}</table>")
    return _page(say("docs.title"), parts, catalogue=catalogue_of(request))


@router.get("/docs/{name}", include_in_schema=False, openapi_extra=open_because("the description of the API holds no data of anybody"))
async def one(request: Request, name: str) -> Response:
    """One route: who may, what it takes, what it gives."""
    catalogue, found = catalogue_of(request), document(request.app)
    operation = next((each for each in operations(found) if each.name == name), None)
    if operation is None:
        raise Refusal("http.no_route", path=f"/docs/{name}"[:80])
    say, written = catalogue.say, operation.written
    who = say("docs.everybody") if operation.public else say("docs.signed_in", actions=", ".join(operation.actions) or "–")
    parts = [f"<p><a href=/docs>{_text(say('docs.title'))}</a></p><h1><code>{operation.method} {_text(operation.path)}</code></h1>"]
    parts += [f"<p lang=en dir=ltr>{_text(written.get('description', written['summary']))}</p><p>{_text(who)}</p>"]
    parts += [f"<p>{_text(say('docs.spends'))}</p>"] if written.get(SPENDS) else []
    rows = "".join(_parameter(each) for each in written["parameters"])
    parts.append(f"<h2>{_text(say('docs.parameters'))}</h2><table>{rows}</table>")
    parts += _examples(say("docs.request"), written.get("requestBody", {}).get("content", {}), found)
    for status, response in operation.responses(found):
        title = say("docs.response", status=status)
        parts += _examples(title, response.get("content", {}), found, told=str(response.get("description", "")))
    return _page(f"{operation.method} {operation.path}", parts, catalogue=catalogue)


@router.get("/problems/{code}", include_in_schema=False, openapi_extra=open_because("it says what a code means, which is public"))
async def problem(request: Request, code: str) -> Response:
    """What a refusal means, in every language."""
    catalogue = catalogue_of(request)
    if code == "fault":
        return _page("fault", _spoken("cli.fault"), catalogue=catalogue)
    names = {f"AMA-{each.number}": name for name, each in CODES.items()}
    name = names.get(code.upper())
    if name is None:
        raise Refusal("http.no_route", path=f"/problems/{code}"[:80])
    parts = [f"<h1><code>{_text(code.upper())}</code></h1><p><code>{name}</code> · HTTP {status_of(name)}</p>", *_spoken(name)]
    return _page(code.upper(), parts, catalogue=catalogue)


def _spoken(name: str) -> list[str]:
    return [
        f"<section lang={language} dir={_direction(language)}><pre>{_text(load(language).template(name))}</pre></section>"
        for language in LANGUAGES
    ]


def _parameter(found: Json) -> str:
    needed = "*" if found.get("required") else ""
    name, told = _text(found["name"]), _text(found.get("description", ""))
    return f"<tr><td><code>{name}{needed}</code><td>{_text(found['in'])}<td lang=en dir=ltr>{told}"


def _examples(title: str, content: Json, found: Json, *, told: str = "") -> Iterable[str]:
    yield f"<h2>{_text(title)}</h2><p lang=en dir=ltr>{_text(told)}</p>" if content or told else ""
    for media, each in content.items():
        shown = example_of(each, found)
        many = [value["value"] for value in each.get("examples", {}).values()]
        for example in many or ([] if shown is None else [shown]):
            written = example if isinstance(example, str) else json.dumps(example, ensure_ascii=False, indent=1)
            yield f"<p><code>{_text(media)}</code></p><pre>{_text(written[:EXAMPLE_CHARACTERS_MAX])}</pre>"


def _page(title: str, parts: Iterable[str], *, catalogue: Catalogue) -> Response:
    language = catalogue.language
    head = (
        f"<!doctype html><html lang={language} dir={_direction(language)}><meta charset=utf-8><title>{_text(title)}</title>"
        f"<meta name=viewport content='width=device-width'><style>{STYLE}</style>"
    )
    return HTMLResponse(head + "".join(parts), headers={"Content-Language": language})


def _direction(language: str) -> str:
    return "rtl" if language in RIGHT_TO_LEFT else "ltr"


def _text(value: object) -> str:
    return escape(str(value))
