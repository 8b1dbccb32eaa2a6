"""What a model or a synthetic table is asked for: declared, typed, public. No code of a researcher runs on rows."""

from dataclasses import dataclass
from typing import final

AUTO = "auto"
LEARNERS = ("linear", "glass-box", "trees")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Specification:
    """Of a model. `table`: private, the dataset's only one where nothing is said; or `sql`, a SELECT that makes the rows: joins,
    filters, windows over the rows of one privacy unit, one row a unit. `target`: the column to predict. `positive`: for a choice,
    the member whose chance is predicted. `features`: columns to predict from; all that have a domain where none is named.
    `learner`: one of `LEARNERS`, or "auto". `groups`: of the features, those for whose members quality is measured apart.
    `rows_per_unit`: rows kept of each privacy unit; one where 0. `seed`: of public randomness, such as which splits are drawn.
    `task`: "classification" or "regression", where whoever asks can use only one of them. `within`: how well the first measure of
    quality is to be known, as half of its 95 % interval ("2%" is 0.02); the model then costs what that takes, as far as public facts
    foretell it, and not all that it may."""

    dataset: str
    target: str
    table: str = ""
    positive: str = ""
    features: tuple[str, ...] = ()
    learner: str = AUTO
    groups: tuple[str, ...] = ()
    rows_per_unit: int = 0
    seed: int = 0
    task: str = ""
    sql: str = ""
    within: str = ""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Synthesis:
    """Of a synthetic table. `table`, `sql`, `rows_per_unit`, `seed`: as of a model. `columns`: all that have a domain where none is
    named. `target`: a column whose relation to the others matters most. `rows`: how many to make; as many as there are, by the
    profile, where 0."""

    dataset: str
    table: str = ""
    columns: tuple[str, ...] = ()
    target: str = ""
    rows: int = 0
    rows_per_unit: int = 0
    seed: int = 0
    sql: str = ""
