"""What a model or a synthetic table is asked for: declared, typed, public. No code of a researcher runs on rows."""

from dataclasses import dataclass
from typing import final

AUTO = "auto"
LEARNERS = ("linear", "statistics", "glass-box", "trees")
SEQUENCES = "performance-factors"
"""The learner of sequences of exercises: chosen by "auto" where `skill` and `order` are named."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Specification:
    """Of a model. `table`: private, the dataset's only one where nothing is said; or `sql`, a SELECT that makes the rows: joins,
    filters, windows over the rows of one privacy unit, one row a unit. `target`: the column to predict. `positive`: for a choice,
    the member whose chance is predicted. `features`: columns to predict from, one text among
    them at most; all that have a domain where none is named.
    `learner`: one of `LEARNERS`, `SEQUENCES`, or "auto". `groups`: of the features, those for whose members quality is measured apart.
    `skill`, `order`: where each row is an attempt at an exercise, the column of what it practises, and the one that says which came
    first; then it is predicted from the skill and from how often the same unit was right and wrong at it before.
    `rows_per_unit`: rows kept of each privacy unit; where 0 one, eight of attempts. `seed`: of public randomness, such as which
    splits are drawn.
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
    skill: str = ""
    order: str = ""


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


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Forecasting:
    """Of forecasts of a number that is observed at even steps of time, one row a step of each privacy unit: a meter, a zone.
    `value`: the number; `time`: the date or moment that orders the rows of a unit; `table`, `sql`: as of a model. Units, in steps:
    `horizons`, how far ahead; `season`, after which values are alike (24 for hours); `lags`, how far back to look from the last known
    row, which is 0, by a public rule where none is named. `rows_per_unit`: rows kept of each unit, likewise where 0."""

    dataset: str
    value: str
    time: str
    horizons: tuple[int, ...]
    season: int
    table: str = ""
    lags: tuple[int, ...] = ()
    rows_per_unit: int = 0
    sql: str = ""
