"""What a model or a synthetic table is asked for: declared, typed, public. No code of a researcher runs on rows."""

from dataclasses import dataclass
from typing import final

AUTO = "auto"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Specification:
    """Of a model. `table`: private, the dataset's only one where nothing is said. `target`: the column to predict. `positive`: for
    a choice, the member whose chance is predicted. `features`: columns to predict from; all that have a domain where none is
    named. `learner`: "auto", "linear", "glass-box" or "trees". `groups`: columns for whose members quality is measured apart.
    `rows_per_unit`: rows kept of each privacy unit; by rule where 0. `seed`: of public randomness, such as which splits are drawn."""

    dataset: str
    target: str
    table: str = ""
    positive: str = ""
    features: tuple[str, ...] = ()
    learner: str = AUTO
    groups: tuple[str, ...] = ()
    rows_per_unit: int = 0
    seed: int = 0


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Synthesis:
    """Of a synthetic table. `columns`: all that have a domain where none is named. `target`: a column whose relation to the others
    matters most. `rows`: how many to make, as many as there are units or rows by the profile where 0."""

    dataset: str
    table: str = ""
    columns: tuple[str, ...] = ()
    target: str = ""
    rows: int = 0
    rows_per_unit: int = 0
    seed: int = 0
