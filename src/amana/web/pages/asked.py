"""What somebody asked: the answer with its drawing, its price and what is left, finer precisions, files, and the list of all."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from anyio import to_thread
from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse

from amana.client.result import Result
from amana.node.history import LATEST, PAGE_MAX, AskedRecord
from amana.node.jobs import JobView
from amana.policy.rights import Action
from amana.terms.ids import PermitId
from amana.terms.refusal import Refusal
from amana.web.access import doing
from amana.web.pages.answer import answer_html
from amana.web.pages.precisions import Priced, finer, priced
from amana.web.pages.purses import left_of, purses_of
from amana.web.pages.reader import Reader
from amana.web.pages.render import page
from amana.web.pages.route import Mine, gone_to, personal_pages
from amana.web.pages.words import hour_of
from amana.web.questions import Limited

FILES: Mapping[str, tuple[str, Callable[[Result], bytes]]] = MappingProxyType(
    {
        "csv": ("text/csv; charset=utf-8", lambda result: result.to_csv().encode()),
        "json": ("application/json", lambda result: result.to_json().encode()),
        "arrow": ("application/vnd.apache.arrow.stream", lambda result: result.to_arrow_bytes()),
        "parquet": ("application/vnd.apache.parquet", lambda result: result.to_parquet_bytes()),
    }
)
"""How an answer is written in each form. The CSV is the very text that the receipt commits to, so no cell is changed in it."""
SQL_SHOWN = 160
router: APIRouter = personal_pages()


@router.get("/desk/work/history", openapi_extra=doing(Action.SEE_JOB))
def history(reader: Mine, before: str = "") -> Response:
    """A page of her questions, the latest first."""
    at, _, id = before[:80].partition("~")
    found = reader.service.history.page(reader.who, before=(at, id) if id else LATEST)
    more = "~".join(found[-1].place) if len(found) == PAGE_MAX else ""
    return page(reader, "work_history.html", records=found, more=more, hour_of=hour_of, sql_shown=SQL_SHOWN)


@router.get("/desk/work/{id}.{form}", openapi_extra=doing(Action.SEE_JOB))
def file(reader: Mine, id: str, form: str) -> Response:
    """The answer as a file."""
    result = reader.service.history.read(reader.who, id=id).result(language=reader.language)
    if form not in FILES or result is None:
        raise Refusal("http.no_route", path=reader.path[:80])
    media, write = FILES[form]
    named = {"Content-Disposition": f'attachment; filename="amana-{id}.{form}"'}
    return StreamingResponse(iter([write(result)]), media_type=media, headers=named)


@router.get("/desk/work/{id}", openapi_extra=doing(Action.SEE_JOB, Action.PREVIEW))
async def asked(reader: Mine, id: str, limits: Limited) -> Response:
    """The answer, or how far it is."""
    record, view = await to_thread.run_sync(lambda: reader.service.history.looked(reader.who, id=id))
    prices: tuple[Priced, ...] = ()
    if record.answer is not None:
        try:
            prices = await limits.questions.run(lambda: finer_prices(reader, record))
        except Refusal:  # too busy, or she may ask no more: the answer is shown all the same
            prices = ()
    return await to_thread.run_sync(lambda: shown(reader, record, view, prices))


@router.post("/desk/work/{id}/again", openapi_extra=doing(Action.ASK))
async def again(reader: Mine, id: str, limits: Limited) -> Response:
    """Get the answer that is not here."""
    await limits.questions.run(lambda: reader.service.history.again(reader.who, id=id))
    return gone_to(reader, f"/desk/work/{id}")


@router.post("/desk/work/{id}/cancel", openapi_extra=doing(Action.CANCEL_JOB))
def cancel(reader: Mine, id: str) -> Response:
    """Take a question back before its turn."""
    record = reader.service.history.read(reader.who, id=id)
    if record.job is not None:
        reader.service.jobs.cancel(reader.who, job=record.job)
    return gone_to(reader, f"/desk/work/{id}")


def finer_prices(reader: Reader, record: AskedRecord) -> tuple[Priced, ...]:
    """What a more precise answer would cost, where the data are still the same. Errors: as `Service.preview`."""
    if record.permit is None or not reader.service.history.serves(record):
        return ()
    purses = purses_of(reader.service, reader.who)
    return priced(reader.service, reader.who, sql=record.sql, permit=record.permit, purses=purses, withins=finer(record.within))


def shown(reader: Reader, record: AskedRecord, view: JobView | None, prices: tuple[Priced, ...]) -> Response:
    """The page."""
    result = record.result(language=reader.language)
    return page(
        reader,
        "work_asked.html",
        record=record,
        view=view,
        failure=None if view is None else view.record.refusal,
        fault=None if view is None else view.record.fault,
        serves=reader.service.history.serves(record),
        result=result,
        answer="" if result is None else answer_html(reader, result),
        entry=None if result is None else result.receipt.get("entry"),
        left=None if record.permit is None else _left(reader, record.permit),
        spent=None if result is None else _spent(reader, str(result.receipt.get("dataset", ""))),
        prices=prices,
        python=python_of(record, address=reader.service.settings.public_url),
        hour_of=hour_of,
        forms=tuple(FILES),
    )


def python_of(record: AskedRecord, *, address: str) -> str:
    """The same question in Python."""
    plain = '"""' not in record.sql and "\\" not in record.sql and not record.sql.endswith('"')
    sql = f'"""{record.sql}"""' if plain else repr(record.sql)
    permit = "" if record.permit is None else f", permit={record.permit!r}"
    lines = (
        "import amana", "", f"node = amana.connect({address!r})", "result = node.sql(", f"    {sql},",
        f"    within={record.within!r}{permit},", ")", "print(result)",
    )  # fmt: skip
    return "\n".join(lines)


def _left(reader: Reader, permit: PermitId) -> float | None:
    """What is left of a permit, where she still sees it."""
    try:
        return left_of(reader.service.left(reader.who, permit=permit)[1])
    except Refusal:
        return None


def _spent(reader: Reader, dataset: str) -> float | None:
    """What is spent of the budget of a dataset, where it still serves."""
    try:
        return reader.service.node.budget(dataset).share
    except Refusal:
        return None
