"""Estimators as scikit-learn has them, whose rows stay where they are: `fit` names a dataset, and gets a model back.

They follow scikit-learn's conventions (parameters in `__init__`, results with a trailing underscore, `get_params`), so that
they can be cloned and compared; they do not import it.
"""

import csv
from collections.abc import Iterable, Mapping, Sequence
from io import StringIO
from itertools import islice
from typing import Any, ClassVar, Protocol, Self, TypeAlias, final

from amana.client.precision import MODEL_SHARE, within_text
from amana.client.predict import Value, cells_of, predict
from amana.client.trained import Synthesised, TrainedModel
from amana.terms.model import Task
from amana.terms.training import AUTO, Specification, Synthesis


class Trainer(Protocol):
    """A node over HTTP, or a data folder."""

    def train(self, wanted: Specification, *, share: str, permit: str | None) -> TrainedModel: ...


class Synthesiser(Protocol):
    """A node over HTTP, or a data folder."""

    def synthesise(self, wanted: Synthesis, *, share: str, permit: str | None) -> Synthesised: ...


class Frame(Protocol):
    """A pandas frame, as far as it is used here."""

    def to_dict(self, orient: str) -> Any: ...


Table: TypeAlias = Iterable[Mapping[str, Value]] | Frame


class Parameters:
    """What scikit-learn expects of the parameters of a constructor."""

    _names: ClassVar[tuple[str, ...]]

    def get_params(self, deep: bool = True) -> dict[str, Any]:  # noqa: ARG002, FBT001, FBT002 - scikit-learn's form
        """The parameters, by name."""
        return {name: getattr(self, name) for name in self._names}

    def set_params(self, **params: Any) -> Self:
        """Change parameters."""
        for name, value in params.items():
            if name not in self._names:
                raise ValueError(name)
            setattr(self, name, value)
        return self


class _Estimator(Parameters):
    _names = ("node", "learner", "features", "groups", "positive", "rows_per_unit", "seed", "skill", "order")
    _task: Task

    def __init__(
        self,
        node: Trainer,
        *,
        learner: str = AUTO,
        features: Sequence[str] = (),
        groups: Sequence[str] = (),
        positive: str = "",
        rows_per_unit: int = 0,
        seed: int = 0,
        skill: str = "",
        order: str = "",
    ) -> None:
        self.node, self.learner, self.features, self.groups = node, learner, features, groups
        self.positive, self.rows_per_unit, self.seed = positive, rows_per_unit, seed
        self.skill, self.order = skill, order

    def fit(
        self,
        *,
        dataset: str,
        target: str,
        table: str = "",
        sql: str = "",
        within: str | float | None = None,
        share: str = MODEL_SHARE,
        permit: str | None = None,
    ) -> Self:
        """Learn `target` of that dataset, from the rows of a table or from those that a SELECT makes. `within`: how well the first
        measure of quality is to be known, as half of its 95 % interval ("2%" or 0.02): the model costs what that takes. `share`: of
        the lifetime budget, what it may take at most, and takes where `within` is not said. The same again is free.

        Errors: Refusal, also learn.other_task where the target is of the other kind, learn.not_within; Fault.
        """
        wanted = Specification(
            dataset=dataset,
            target=target,
            table=table,
            positive=self.positive,
            features=tuple(self.features),
            learner=self.learner,
            groups=tuple(self.groups),
            rows_per_unit=self.rows_per_unit,
            seed=self.seed,
            task=self._task.value,
            sql=sql,
            within="" if within is None else within_text(within),
            skill=self.skill,
            order=self.order,
        )
        self.trained_ = self.node.train(wanted, share=share, permit=permit)
        self.model_, self.metrics_, self.cost_ = self.trained_.model, self.trained_.metrics, self.trained_.cost
        return self

    def _scored(self, rows: Table) -> list[float]:
        listed: Iterable[Mapping[str, Value]] = rows if isinstance(rows, Iterable) and not hasattr(rows, "to_dict") else _records(rows)
        return predict(self.model_, [cells_of(self.model_, row) for row in listed])


@final
class PrivateClassifier(_Estimator):
    """The chance of a member of a column. Predictions are made here, without the node."""

    _task = Task.CLASSIFICATION

    def predict_proba(self, rows: Table) -> list[tuple[float, float]]:
        """(chance of not, chance of it) for each row: mappings from column to value, or a pandas frame.

        Errors: Refusal predict.column_missing.
        """
        return [(1 - chance, chance) for chance in self._scored(rows)]

    def predict(self, rows: Table) -> list[bool]:
        """Whether the chance is at least one half."""
        return [chance >= 0.5 for chance in self._scored(rows)]


@final
class PrivateRegressor(_Estimator):
    """The value of a column, in its own unit. Predictions are made here, without the node."""

    _task = Task.REGRESSION

    def predict(self, rows: Table) -> list[float]:
        """For each row: mappings from column to value, or a pandas frame. Errors: Refusal predict.column_missing."""
        return self._scored(rows)


@final
class PrivateSynthesiser(Parameters):
    """A table of invented rows that has the joint distributions of the data, as far as noisy counts tell them."""

    _names = ("node", "columns", "rows", "rows_per_unit", "seed")

    def __init__(self, node: Synthesiser, *, columns: Sequence[str] = (), rows: int = 0, rows_per_unit: int = 0, seed: int = 0) -> None:
        self.node, self.columns, self.rows, self.rows_per_unit, self.seed = node, columns, rows, rows_per_unit, seed

    def fit(
        self, *, dataset: str, target: str = "", table: str = "", sql: str = "", share: str = MODEL_SHARE, permit: str | None = None
    ) -> Self:
        """Make the rows of that dataset's twin. `target`: the column whose relation to the others matters most. The same again is free.

        Errors: Refusal; Fault.
        """
        wanted = Synthesis(
            dataset=dataset,
            table=table,
            columns=tuple(self.columns),
            target=target,
            rows=self.rows,
            rows_per_unit=self.rows_per_unit,
            seed=self.seed,
            sql=sql,
        )
        self.synthesised_ = self.node.synthesise(wanted, share=share, permit=permit)
        self.report_, self.cost_ = self.synthesised_.report, self.synthesised_.cost
        return self

    def sample(self, rows: int | None = None) -> list[dict[str, str]]:
        """The first so many of the invented rows, all where nobody says how many: each a mapping from column to text, empty for NULL."""
        return list(islice(csv.DictReader(StringIO(self.synthesised_.csv)), rows))


def _records(frame: Any) -> Iterable[Mapping[str, Value]]:
    """The rows of a pandas frame."""
    records: list[dict[str, Value]] = frame.to_dict("records")
    return records
