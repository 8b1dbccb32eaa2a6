"""The Python client of a node over HTTP: `amana.connect("https://node.example").sql("SELECT …", within=15)`."""

import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Literal, final
from urllib.parse import quote

from amana.client.address import read_address
from amana.client.explain import speaking
from amana.client.facts import (
    Assistant,
    Budget,
    DatasetCard,
    PermitBudget,
    Preview,
    TableProfile,
    read_assistant,
    read_budget,
    read_card,
    read_permit_budget,
    read_preview,
    read_profile,
)
from amana.client.http import Channel
from amana.client.job import Job
from amana.client.jobs import JobState, job_path, read_job, wait
from amana.client.precision import MODEL_SHARE, asked_precision
from amana.client.registers import read_register, read_system
from amana.client.result import Redraw, Result, read_result
from amana.client.sample import write_sample
from amana.client.summary import read_summary
from amana.client.text import choose_language, load
from amana.client.tokens import find_token
from amana.client.wire import Json, a_list, a_text, a_whole, an_object, misread, read_draws
from amana.terms.refusal import Refusal
from amana.terms.summary import TableSummary
from amana.terms.training import Forecasting, Specification, Synthesis

if TYPE_CHECKING:
    from amana.client.forecasted import ForecastMade
    from amana.client.trained import Foreseen, Synthesised, TrainedModel

TIMEOUT_S = 60.0
"""How long one request may be silent. A question that takes longer is a job, which is waited for."""
PAGES_MAX = 1_000


@final
class Connection:
    """Questions to a node, as the user whose token it was given. Errors: every method raises `Refusal`, with its message as a
    note, or `Fault`."""

    def __init__(self, channel: Channel, *, language: str, permit: str | None = None) -> None:
        self._channel = channel
        self._language = language
        self._permit = permit
        self.address = channel.address

    # --- asking ---

    def sql(
        self,
        sql: str,
        *,
        within: str | float | None = None,
        share: str | None = None,
        permit: str | None = None,
        follow: Callable[[JobState], None] | None = None,
    ) -> Result:
        """The answer to a question: private figures with intervals. A long one is waited for, with a bar where somebody watches.

        `within`: how far each figure may be from the truth (95 %), as a share ("5%") or in its own unit ("±15", 15); 5 % if
        nothing is said. `share`: instead, the share of the budget that the answer may take ("1%"). `permit`: which, where you have several.
        `follow`: is told how far a long question is, in place of the bar.
        """
        with self._speaking(sql):
            body = _question(sql, within=within, share=share, permit=permit or self._permit)
            reply = self._channel.post("/questions", body, key=secrets.token_hex(16))
            found, redraw = an_object(reply.json(), "answer"), self._redraw_of(body)
            if reply.status == 202:
                return self.wait_for(a_text(an_object(found.get("job"), "job").get("id"), "job.id"), redraw=redraw, follow=follow)
            return self._result(found, redraw=redraw)

    def preview(self, sql: str, *, within: str | float | None = None, share: str | None = None, permit: str | None = None) -> Preview:
        """What the question would cost and how precise each figure would be; free, and nothing is touched."""
        with self._speaking(sql):
            body = _question(sql, within=within, share=share, permit=permit or self._permit)
            return read_preview(an_object(self._channel.post("/questions/preview", body, repeatable=True).json(), "preview"))

    def dry_run(self, sql: str, *, within: str | float | None = None, share: str | None = None) -> Result:
        """The answer on invented rows: for writing a question before there is a permit. Same checks, same refusals, no charge."""
        with self._speaking(sql):
            body = _question(sql, within=within, share=share, permit=None)
            found = an_object(self._channel.post("/questions/dry-run", body, repeatable=True).json(), "answer")
            return self._result(found, redraw=None)

    # --- learning ---

    def train(self, wanted: Specification, *, share: str = MODEL_SHARE, permit: str | None = None) -> "TrainedModel":
        """A model of a dataset's rows, of which only noisy sums leave the node. `share`: of the lifetime budget, at most."""
        from amana.client.trained import read_trained

        with self._speaking(""):
            return read_trained(self._wanted("/models", wanted, share=share, permit=permit, key=secrets.token_hex(16)))

    def synthesise(self, wanted: Synthesis, *, share: str = MODEL_SHARE, permit: str | None = None) -> "Synthesised":
        """A table of invented rows that looks like a dataset's, made of noisy sums alone."""
        from amana.client.trained import read_synthesised

        with self._speaking(""):
            return read_synthesised(self._wanted("/synthetic-tables", wanted, share=share, permit=permit, key=secrets.token_hex(16)))

    def forecast(self, wanted: Forecasting, *, share: str = MODEL_SHARE, permit: str | None = None) -> "ForecastMade":
        """A forecast of a number that is observed at even steps of time."""
        from amana.client.forecasted import read_made

        with self._speaking(""):
            return read_made(self._wanted("/forecasts", wanted, share=share, permit=permit, key=secrets.token_hex(16)))

    def foresee(self, wanted: Specification | Synthesis | Forecasting, *, share: str = MODEL_SHARE) -> "Foreseen":
        """What any of them would cost, and when it would be there; free, and nothing is touched."""
        from amana.client.trained import read_foreseen

        places = {Specification: "/models", Synthesis: "/synthetic-tables", Forecasting: "/forecasts"}
        with self._speaking(""):
            return read_foreseen(self._wanted(f"{places[type(wanted)]}/preview", wanted, share=share, permit=None, key=None))

    def _wanted(
        self, path: str, wanted: Specification | Synthesis | Forecasting, *, share: str, permit: str | None, key: str | None
    ) -> Json:
        paying = permit or self._permit
        body = {**asdict(wanted), "share": share, **({} if paying is None else {"permit": paying})}
        return an_object(self._channel.post(path, body, key=key, repeatable=key is None).json(), path)

    # --- looking ---

    def datasets(self) -> tuple[DatasetCard, ...]:
        """The datasets of the node."""
        with self._speaking(""):
            return tuple(map(read_card, self._items("/datasets")))

    def dataset(self, name: str) -> Json:
        """All that is public of one dataset."""
        return self._object(f"/datasets/{quote(name, safe='')}")

    def profile(self, name: str) -> tuple[TableProfile, ...]:
        """The private profile of a dataset: noisy figures that were paid for once and are free to read."""
        with self._speaking(""):
            return read_profile(self._object(f"/datasets/{quote(name, safe='')}/profile"))

    def profile_summary(self, name: str) -> tuple[TableSummary, ...]:
        """That profile in figures with intervals: missing values, quantiles, rows and groups of one unit."""
        with self._speaking(""):
            return read_summary(self._object(f"/datasets/{quote(name, safe='')}/profile"))

    def sample(
        self, name: str, *, folder: str | Path | None = None, table: str | None = None, form: Literal["csv", "parquet"] = "csv"
    ) -> tuple[Path, ...]:
        """Write the invented tables of a dataset (or one of them) as files into `folder`, else ./NAME-sample; gives their paths."""
        with self._speaking(""):
            path = f"/datasets/{quote(name, safe='')}"
            known = read_card(an_object(self._channel.get(path).json(), path)).tables
            wanted = [each for each in known if table is None or each.lower() == table.lower()] or [str(table)]

            def read(each: str) -> bytes:
                return self._channel.get(f"{path}/sample", query={"table": each, "form": form}, accept="*/*").body

            return write_sample(Path(folder or f"{name}-sample"), wanted, form=form, read=read)

    def budget(self, name: str) -> Budget:
        """What is left of the lifetime budget of the people in that dataset."""
        with self._speaking(""):
            return read_budget(self._object(f"/datasets/{quote(name, safe='')}/budget"))

    def summary(self, name: str) -> Json:
        """The private profile of a dataset as the node tells it: also missing shares, quantiles and members, with intervals."""
        return self._object(f"/datasets/{quote(name, safe='')}/profile")

    def permit_budgets(self, dataset: str) -> tuple[PermitBudget, ...]:
        """What is left of each permit under which you may ask that dataset; for an AI assistant's token, also of its allowance."""
        with self._speaking(""):
            usable = [a_text(one.get("id"), "permits.id") for one in self._items("/permits") if _usable(one, dataset)]
            return tuple(read_permit_budget(self._object(f"/permits/{quote(id, safe='')}/budget")) for id in usable)

    def me(self) -> Json:
        """Who the node takes you for."""
        return self._object("/me")

    def assistant(self) -> Assistant | None:
        """What your token allows an AI assistant, if it is one for that."""
        with self._speaking(""):
            return read_assistant(self.me())

    def export(self, record: str = "processing-record", *, shape: str = "json") -> str:
        """A record for the regulator, or for everybody (`public-register`), as JSON or CSV text."""
        with self._speaking(""):
            accept = "text/csv" if shape == "csv" else "application/json"
            return self._channel.get(f"/exports/{quote(record, safe='')}", accept=accept).body.decode("utf-8", "replace")

    def receipts_of(self, thing: str) -> Sequence[int]:
        """The entries of the node's public log that tell of a project, a permit or a job, by its id: one for each decision."""
        with self._speaking(""):
            found = an_object(self._channel.get("/receipts", query={"of": thing}).json(), "receipts")
        return [a_whole(entry, "items") for entry in a_list(found.get("items"), "items")]

    def receipt(self, entry: int) -> str:
        """The receipt of an entry of the node's public log, as the JSON text that `amana receipt verify` checks offline. An answer tells
        its entry in `result.receipt["entry"]`."""
        with self._speaking(""):
            return self._channel.get(f"/receipts/{int(entry)}", accept="application/json").body.decode("utf-8", "replace")

    def register(self, register: str, *, name: str = "", shape: str = "json", part: str = "projects") -> str:
        """A public register as text: `dcat`, `croissant`, `uses`, `privacy` or `ai`. `name`: of the dataset, for croissant and privacy.
        `shape`: json, turtle or csv. `part`, of uses: `projects`, or `uses` for one after the other."""
        with self._speaking(""):
            return read_register(self._channel, register, name=name, shape=shape, part=part)

    def ai_system(self, id: str, *, form: str = "") -> str:
        """A system of the register as text: in JSON, or in a `form` of `GET /ai-systems/{model}/{form}`, in your language."""
        with self._speaking(""):
            return read_system(self._channel, id, form=form, language=self._language)

    # --- applying ---

    def projects(self) -> Sequence[Json]:
        """The projects you may see."""
        return self._list("/projects")

    def permits(self) -> Sequence[Json]:
        """The permits you may see."""
        return self._list("/permits")

    def apply(self, project: Mapping[str, object]) -> Json:
        """Describe a project and submit it: its fields are those of `POST /projects`. Gives the project as submitted."""
        with self._speaking(""):
            made = an_object(self._channel.post("/projects", dict(project)).json(), "project")
            return self.move("projects", a_text(made.get("id"), "project.id"), "submit")

    def outputs(self, project: str) -> Sequence[Json]:
        """The outputs of a project that you may see."""
        return self._list(f"/projects/{quote(project, safe='')}/outputs")

    def models(self) -> Sequence[Json]:
        """The models that you may see."""
        return self._list("/models")

    def read(self, kind: str, id: str) -> Json:
        """One project, permit, output or model ("projects", "permits", "outputs", "models"), with what you may do with it; or one piece of
        "programme/evidence"."""
        return self._object(f"/{quote(kind)}/{quote(id, safe='')}")

    def evidence(self) -> Sequence[Json]:
        """The evidence for the national programme that waits for your verification."""
        return self._list("/programme/evidence")

    def make(self, path: str, about: Mapping[str, object], *, key: str | None = None) -> Json:
        """Something new, such as a permit: the fields are those of `POST path`. `key`: for what spends, new for each request."""
        with self._speaking(""):
            return an_object(self._channel.post(path, dict(about), key=key).json(), path)

    def rewrite(self, kind: str, id: str, about: Mapping[str, object], *, part: str = "") -> Json:
        """Write a project or an output anew, or the "/card" of a model."""
        with self._speaking(""):
            return an_object(self._channel.put(f"/{quote(kind, safe='')}/{quote(id, safe='')}{part}", dict(about)).json(), kind)

    def remove(self, path: str) -> None:
        """Take something away, such as a member."""
        with self._speaking(""):
            self._channel.delete(path)

    def move(self, kind: str, id: str, transition: str, *, about: Mapping[str, object] | None = None) -> Json:
        """Take a project or permit ("projects", "permits") through a transition, such as `submit` or `grant`."""
        with self._speaking(""):
            path = "/".join(quote(part, safe="") for part in (kind, id, transition))
            return an_object(self._channel.post(f"/{path}", dict(about or {})).json(), kind)

    # --- jobs ---

    def jobs(self) -> Sequence[JobState]:
        """Your jobs."""
        with self._speaking(""):
            return [read_job(found) for found in self._items("/jobs")]

    def job(self, id: str) -> Job:
        """A job by its id, also one of an earlier session."""
        return Job(self, id)

    def read_state(self, id: str) -> JobState:
        """How far a job is."""
        return read_job(self._object(job_path(id)))

    def wait_for(self, id: str, *, redraw: Redraw | None, follow: Callable[[JobState], None] | None = None) -> Result:
        """The answer of a job, waited for. `follow`: as of `sql`."""
        with self._speaking(""):
            return self._result(wait(self._channel, id, language=self._language, follow=follow), redraw=redraw)

    def cancel(self, id: str) -> None:
        """Stop a job that has not touched data."""
        with self._speaking(""):
            self._channel.delete(job_path(id))

    # --- the connection itself ---

    def close(self) -> None:
        """Give the connection back."""
        self._channel.close()

    def __repr__(self) -> str:
        """Where it leads; never who asks, whose token is a secret."""
        return f"<amana.connect {self.address}{'' if self._permit is None else f', permit {self._permit}'}>"

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *failure: object) -> None:
        self.close()

    def _result(self, found: Json, *, redraw: Redraw | None) -> Result:
        return read_result(found, language=self._language, redraw=redraw)

    def _redraw_of(self, body: Mapping[str, object]) -> Redraw:
        def redraw(draws: int) -> Sequence[Sequence[Sequence[float | None]]]:
            with self._speaking(str(body["sql"])):
                found = self._channel.post("/questions/simulate", {**body, "draws": draws}, repeatable=True).json()
                return read_draws(an_object(found, "draws").get("draws"))

        return redraw

    def _object(self, path: str) -> Json:
        with self._speaking(""):
            return an_object(self._channel.get(path).json(), path)

    def _list(self, path: str) -> Sequence[Json]:
        with self._speaking(""):
            return self._items(path)

    def _items(self, path: str) -> list[Json]:
        """All pages of a list."""
        items: list[Json] = []
        query: dict[str, str] = {}
        for _ in range(PAGES_MAX):
            page = an_object(self._channel.get(path, query=query).json(), path)
            items += [an_object(one, path) for one in a_list(page.get("items"), f"{path} items")]
            if page.get("next") is None:
                return items
            query = {"cursor": a_text(page.get("next"), f"{path} next")}
        raise misread(f"{path} next")

    def _speaking(self, sql: str) -> AbstractContextManager[None]:
        return speaking(sql, catalogue=load(self._language))


def connect(
    url: str | None = None,
    token: str | None = None,
    *,
    permit: str | None = None,
    language: str | None = None,
    timeout_s: float = TIMEOUT_S,
) -> Connection:
    """A connection to the node at `url` (else AMANA_NODE), with `token` (else AMANA_TOKEN, else the one `amana login` kept).

    `permit`: of its questions, unless they name another.
    Errors: Refusal client.no_node, client.bad_address, client.token_unprotected, client.tokens_damaged.
    """
    chosen = choose_language(language, os.environ)
    with speaking("", catalogue=load(chosen)):
        node = url or os.environ.get("AMANA_NODE")
        if not node:
            raise Refusal("client.no_node")
        address = read_address(node)
        kept = find_token(address, given=token, environment=os.environ)
        return Connection(Channel(address, token=kept, language=chosen, timeout_s=timeout_s), language=chosen, permit=permit)


def _usable(permit: Json, dataset: str) -> bool:
    return permit.get("dataset") == dataset and "ask" in a_list(permit.get("may", []), "permits.may")


def _question(sql: str, *, within: str | float | None, share: str | None, permit: str | None) -> dict[str, object]:
    """A question as it travels: `share` stands in place of `within`."""
    width, part = asked_precision(within, share)
    named = {"within": width} if part is None else {"share": part}
    return {"sql": sql, **named, **({} if permit is None else {"permit": permit})}
