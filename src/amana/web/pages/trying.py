"""`/datasets/{name}/try`: a question over invented rows, for anybody. Its text is sent in the body of a request, never in an address."""

from functools import partial

from anyio import to_thread
from fastapi import Response

from amana.catalog.schema import Dataset
from amana.client.precision import WITHIN
from amana.client.result import Result
from amana.node.results import result_of
from amana.node.service import Asked
from amana.policy.rights import Action
from amana.terms.refusal import Refusal
from amana.web.access import doing
from amana.web.pages.answer import answer_html
from amana.web.pages.columns import columns_html
from amana.web.pages.datasets import version_of
from amana.web.pages.first_question import first_question
from amana.web.pages.precisions import OFFERED
from amana.web.pages.reader import Reader
from amana.web.pages.render import page
from amana.web.pages.route import Filled, Read, public_pages
from amana.web.problems import status_of
from amana.web.questions import Limited

router = public_pages()


@router.get("/datasets/{name}/try", openapi_extra=doing(Action.DRY_RUN))
def trying(reader: Read, name: str) -> Response:
    """The page with a question that works."""
    dataset = version_of(reader.service, name).dataset
    return _page(reader, dataset, sql=first_question(reader.service, dataset), within=WITHIN)


@router.post("/datasets/{name}/try", openapi_extra=doing(Action.DRY_RUN))
async def tried(reader: Read, form: Filled, limits: Limited, name: str) -> Response:
    """The same page with the answer, or with what was wrong with the question."""
    service = reader.service
    dataset = (await to_thread.run_sync(partial(version_of, service, name))).dataset
    within = next((each for each, _ in OFFERED if each == form.text("within", most=10)), WITHIN)
    sql = form.text("sql")

    def answered() -> Response:
        found = service.dry_run(None, asked=Asked(sql=sql, within=within))
        return _page(reader, dataset, sql=sql, within=within, result=result_of(found, language=reader.language))

    try:
        return await limits.dry_runs.run(answered)
    except Refusal as refusal:
        return await to_thread.run_sync(partial(_page, reader, dataset, sql=sql, within=within, failure=refusal))


def _page(
    reader: Reader, dataset: Dataset, *, sql: str, within: str, result: Result | None = None, failure: Refusal | None = None
) -> Response:
    return page(
        reader,
        "trying.html",
        status=200 if failure is None else status_of(failure.code),
        dataset=dataset,
        sql=sql,
        within=within,
        precisions=OFFERED,
        answer=None if result is None else answer_html(reader, result),
        failure=failure,
        columns=partial(columns_html, reader, dataset),
    )
