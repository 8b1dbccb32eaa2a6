"""The door for a program on the node's own machine: `amana.open(folder).sql("SELECT …", within="5%")`."""

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Literal, final

from amana.client.explain import speaking
from amana.client.precision import MODEL_SHARE, WITHIN, asked_precision, within_text
from amana.client.result import Redraw, Result
from amana.client.text import Catalogue, choose_language, load
from amana.terms.refusal import Refusal

if TYPE_CHECKING:
    from amana.catalog.profile import TableProfile
    from amana.client.forecasted import ForecastMade
    from amana.client.trained import Foreseen, Synthesised, TrainedModel
    from amana.node.answers import Answered, Budget, DatasetCard, Explanation, Preview
    from amana.node.ask import Node
    from amana.query.simulate import Draw
    from amana.terms.summary import TableSummary
    from amana.terms.training import Forecasting, Specification, Synthesis

FOLDER = "amana-data"
"""The data folder when neither an argument nor AMANA_FOLDER names one."""


@final
class Door:
    """Questions to the node of one data folder. Errors: every method raises `Refusal`, with its message as a note."""

    def __init__(self, node: "Node", *, catalogue: Catalogue) -> None:
        self._node = node
        self._catalogue = catalogue
        self._open = True

    def sql(self, sql: str, *, within: str | float | None = None, share: str | None = None) -> Result:
        """The answer to a question: private figures with intervals.

        `within`: how far each figure may be from the truth (95 %), as a share ("5%") or in its own unit ("±15", 15); 5 % if
        nothing is said. `share`: instead, the share of the lifetime budget that the answer may take ("1%").
        """
        with self._speaking(sql):
            width, part = asked_precision(within, share)
            answered = self._node.ask(sql, within=width, share=part)
            return self._result(answered, redraw=lambda n: self._redraw(sql, within=width, share=part, draws=n))

    def dry_run(self, sql: str, *, within: str | float | None = None, share: str | None = None) -> Result:
        """The question over invented rows: same refusals, columns and precision, but its figures mean nothing. Free, needs no permit."""
        with self._speaking(sql):
            width, part = asked_precision(within, share)
            return self._result(self._node.dry_run(sql, within=width, share=part), redraw=None)

    def _result(self, answer: "Answered", *, redraw: Redraw | None) -> Result:
        from amana.node.results import result_of

        return result_of(answer, language=self._catalogue.language, redraw=redraw)

    def _redraw(self, sql: str, *, within: str, share: str | None, draws: int) -> "Sequence[Draw]":
        with self._speaking(sql):
            if not self._open:
                raise Refusal("client.no_redraws")
            return self._node.simulate(sql, within=within, share=share, draws=draws).draws

    def preview(self, sql: str, *, within: str | float | None = None, share: str | None = None) -> "Preview":
        """What the question would cost and how precise each figure would be; free, and nothing is touched."""
        with self._speaking(sql):
            width, part = asked_precision(within, share)
            return self._node.preview(sql, within=width, share=part)

    def explain(self, sql: str, *, within: str | float = WITHIN) -> "Explanation":
        """Everything about how the question would be answered, except data."""
        with self._speaking(sql):
            return self._node.explain(sql, within=within_text(within))

    def train(self, wanted: "Specification", *, share: str = MODEL_SHARE, permit: str | None = None) -> "TrainedModel":  # noqa: ARG002 - as a node
        """A model of a dataset's rows, of which only noisy sums leave. `share`: of the lifetime budget, at most."""
        from amana.node.trained import trained_of

        with self._speaking(""):
            return trained_of(self._node.learning.train(wanted, share=share))

    def synthesise(self, wanted: "Synthesis", *, share: str = MODEL_SHARE, permit: str | None = None) -> "Synthesised":  # noqa: ARG002
        """A table of invented rows that looks like a dataset's, made of noisy sums alone."""
        from amana.node.trained import synthesised_of

        with self._speaking(""):
            return synthesised_of(self._node.learning.synthesise(wanted, share=share))

    def forecast(self, wanted: "Forecasting", *, share: str = MODEL_SHARE, permit: str | None = None) -> "ForecastMade":  # noqa: ARG002
        """A forecast of a number that is observed at even steps of time."""
        from amana.node.trained import forecast_of

        with self._speaking(""):
            return forecast_of(self._node.learning.forecast(wanted, share=share))

    def foresee(self, wanted: "Specification | Synthesis | Forecasting", *, share: str = MODEL_SHARE) -> "Foreseen":
        """What any of them would cost, and when it would be there; free, and nothing is touched."""
        from amana.node.trained import foreseen_of

        with self._speaking(""):
            return foreseen_of(self._node.learning.foresee(wanted, share=share))

    def budget(self, name: str) -> "Budget":
        """What is left of the lifetime budget of the people in that dataset."""
        with self._speaking(""):
            return self._node.budget(name)

    def datasets(self) -> "Sequence[DatasetCard]":
        """The datasets published here."""
        with self._speaking(""):
            return self._node.datasets()

    def profile(self, name: str) -> "Sequence[TableProfile]":
        """The private profile of that dataset: noisy figures that were paid for once and are free to read."""
        with self._speaking(""):
            return self._node.profile(name)

    def profile_summary(self, name: str) -> "Sequence[TableSummary]":
        """That profile in figures with intervals: missing values, quantiles, rows and groups of one unit."""
        with self._speaking(""):
            return self._node.profile_summary(name)

    def sample(
        self, name: str, *, folder: str | Path | None = None, table: str | None = None, form: Literal["csv", "parquet"] = "csv"
    ) -> "Sequence[Path]":
        """Write the invented tables of a dataset (or one of them) as files into `folder`, else ./NAME-sample; gives their paths."""
        with self._speaking(""):
            return self._node.sample(name, folder=Path(folder or f"{name}-sample"), table=table, form=form)

    def close(self) -> None:
        """Give the folder's files and locks back."""
        self._open = False
        self._node.close()

    def __enter__(self) -> "Door":
        return self

    def __exit__(self, *failure: object) -> None:
        self.close()

    def _speaking(self, sql: str) -> AbstractContextManager[None]:
        return speaking(sql, catalogue=self._catalogue)


def open_folder(folder: str | Path | None = None, *, language: str | None = None) -> Door:
    """The node whose data lie in `folder` (else AMANA_FOLDER, else ./amana-data). Errors: a refusal if there is none."""
    catalogue = load(choose_language(language, os.environ))
    try:
        from amana.node.ask import open_node
    except ModuleNotFoundError as missing:
        if (missing.name or "").startswith("amana"):
            raise
        raise Refusal("client.library_missing", library=missing.name or "?", extra="node") from None
    return Door(open_node(find_folder(folder)), catalogue=catalogue)


def find_folder(folder: str | Path | None) -> Path:
    """The data folder that is meant."""
    return Path(folder or os.environ.get("AMANA_FOLDER") or FOLDER)
