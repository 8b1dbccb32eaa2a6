"""The workbench of a researcher: her permits, a question, a try on invented rows, its price, and its answer.

Nothing of a question stands in an address that reaches the server: forms bring it, and a browser with scripts keeps it behind the `#`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import final

from anyio import to_thread
from fastapi import APIRouter, Response

from amana.client.precision import WITHIN
from amana.node.results import limited, result_of
from amana.node.service import Asked
from amana.policy.rights import Action
from amana.terms.refusal import Fault, Refusal
from amana.web.access import doing
from amana.web.limits import Limits
from amana.web.pages.answer import answer_html
from amana.web.pages.columns import columns_html
from amana.web.pages.forms import Form
from amana.web.pages.precisions import Priced, offered, priced
from amana.web.pages.purses import paying, purses_of
from amana.web.pages.reader import Reader
from amana.web.pages.render import page
from amana.web.pages.route import Filled, Mine, gone_to, personal_pages
from amana.web.pages.words import day_of
from amana.web.problems import status_of
from amana.web.questions import Limited

WITHIN_CHARACTERS_MAX = 40
PERMIT_CHARACTERS_MAX = 80
router: APIRouter = personal_pages()


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What stands in the form. `other`: a precision that was typed; `permit`: empty where the tables that are named tell which one."""

    sql: str = ""
    choice: str = WITHIN
    other: str = ""
    permit: str = ""

    @property
    def within(self) -> str:
        """The precision that is meant."""
        return (self.other or WITHIN) if self.choice == "other" else self.choice


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of it. `tried`: markup."""

    tried: str = ""
    prices: tuple[Priced, ...] = ()
    failure: Refusal | Fault | None = None


@router.get("/desk/work", openapi_extra=doing(Action.PREVIEW))
def workbench(reader: Mine) -> Response:
    """The page with an empty box."""
    return bench(reader, Draft())


@router.post("/desk/work", openapi_extra=doing(Action.DRY_RUN, Action.PREVIEW, Action.ASK))
async def work(reader: Mine, form: Filled, limits: Limited) -> Response:
    """What one of the buttons does with the question."""
    draft = read_draft(form)
    acts: dict[str, Callable[[], Response]] = {
        "try": lambda: bench(reader, draft, tried(reader, draft, limits)),
        "preview": lambda: bench(reader, draft, previewed(reader, draft)),
        "run": lambda: gone_to(reader, f"/desk/work/{put(reader, draft)}"),
    }
    act = form.text("act", most=20)
    gate = limits.dry_runs if act == "try" else limits.questions
    try:
        return await gate.run(acts[act]) if act in acts else await to_thread.run_sync(bench, reader, draft)
    except (Refusal, Fault) as failure:
        outcome = Outcome(failure=failure)
        return await to_thread.run_sync(bench, reader, draft, outcome)


def read_draft(form: Form) -> Draft:
    """Errors: Refusal http.bad_request for what is too long."""
    return Draft(
        sql=form.text("sql"),
        choice=form.text("within", most=WITHIN_CHARACTERS_MAX) or WITHIN,
        other=form.text("other", most=WITHIN_CHARACTERS_MAX),
        permit=form.text("permit", most=PERMIT_CHARACTERS_MAX),
    )


def tried(reader: Reader, draft: Draft, limits: Limits) -> Outcome:
    """The answer over invented rows. Errors: as `Service.dry_run`."""
    answer = reader.service.dry_run(reader.who, asked=Asked(sql=present(draft), within=draft.within))
    return Outcome(tried=answer_html(reader, limited(result_of(answer, language=reader.language), rows_max=limits.rows_max)))


def previewed(reader: Reader, draft: Draft) -> Outcome:
    """What each precision would cost. Errors: as `Service.preview`."""
    purses = purses_of(reader.service, reader.who)
    permit = paying(purses, sql=draft.sql, chosen=draft.permit)
    other = draft.other if draft.choice == "other" else ""
    return Outcome(prices=priced(reader.service, reader.who, sql=present(draft), permit=permit, purses=purses, withins=offered(other)))


def put(reader: Reader, draft: Draft) -> str:
    """Ask it, and give the id of the page of its answer. Errors: as `History.ask`."""
    permit = paying(purses_of(reader.service, reader.who), sql=draft.sql, chosen=draft.permit)
    return reader.service.history.ask(reader.who, asked=Asked(sql=present(draft), within=draft.within, permit=permit))


def present(draft: Draft) -> str:
    """The question. Errors: Refusal http.bad_request where there is none."""
    if not draft.sql:
        raise Refusal("http.bad_request", field="sql", where=None, wanted="word.present")
    return draft.sql


def bench(reader: Reader, draft: Draft, outcome: Outcome | None = None) -> Response:
    """The page."""
    found = outcome or Outcome()
    purses = purses_of(reader.service, reader.who)

    datasets = {purse.dataset.name: purse.dataset for purse in purses}
    status = 200 if found.failure is None else status_of(found.failure.code) if isinstance(found.failure, Refusal) else 500
    return page(
        reader,
        "work.html",
        status=status,
        draft=draft,
        outcome=found,
        purses=purses,
        datasets=tuple(datasets.values()),
        columns=partial(columns_html, reader, insert=True),
        offered=offered(draft.other if draft.choice == "other" and found.prices else ""),
        day_of=day_of,
    )
