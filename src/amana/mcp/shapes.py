"""What the tools take and give, as JSON: the schemas that an assistant reads are made from these."""

from typing import Annotated, TypeAlias, final

from pydantic import BaseModel, ConfigDict, Field


class Closed(BaseModel):
    """No field but those that are named."""

    model_config = ConfigDict(extra="forbid", frozen=True)


# --- what they take ---

Named: TypeAlias = Annotated[str, Field(min_length=1, max_length=200)]


@final
class Nothing(Closed):
    """A tool that is asked for nothing in particular."""


@final
class OfDataset(Closed):
    dataset: Named


class Tried(Closed):
    """A question. A precision (`within`) or a price (`share`)."""

    sql: Annotated[str, Field(min_length=1)]
    within: Annotated[str | None, Field(max_length=40)] = None
    share: Annotated[str | None, Field(max_length=40)] = None
    first_row: Annotated[int, Field(ge=1)] = 1


@final
class Priced(Closed):
    """A question whose price is looked at."""

    sql: Annotated[str, Field(min_length=1)]
    within: Annotated[str | None, Field(max_length=40)] = None
    share: Annotated[str | None, Field(max_length=40)] = None
    permit: Annotated[str | None, Field(max_length=80)] = None


@final
class Asked(Tried):
    """A question that somebody pays for."""

    permit: Annotated[str | None, Field(max_length=80)] = None


# --- what they give ---


@final
class Figure(Closed):
    """A private figure and the ends of its 95 % interval."""

    value: float | None
    low: float | None
    high: float | None


Cell: TypeAlias = Figure | bool | int | float | str | None


@final
class DatasetLine(Closed):
    name: str
    title: str
    unit: str
    tables: list[str]


@final
class DatasetList(Closed):
    datasets: list[DatasetLine]


@final
class ColumnFacts(Closed):
    """`kind`: number, date, moment, choice, text, boolean or key. The others: what a column of that kind may hold."""

    name: str
    kind: str
    nullable: bool
    low: float | str | None = None
    high: float | str | None = None
    step: float | str | None = None
    members: list[str] | None = None
    members_count: int | None = None


@final
class TableFacts(Closed):
    """`private`: its rows belong to a privacy unit; else it is public and answered exactly."""

    name: str
    title: str
    private: bool
    rows_per_unit_max: int | None
    columns: list[ColumnFacts]


@final
class DatasetFacts(Closed):
    name: str
    title: str
    custodian: str
    unit: str
    purposes: list[str]
    tables: list[TableFacts]


@final
class QuantileFacts(Closed):
    """`share` of the values are no larger than `value`."""

    share: float
    value: float | str | None
    low: float | str | None
    high: float | str | None


@final
class MemberFacts(Closed):
    value: str
    share: Figure


@final
class ColumnProfile(Closed):
    """`missing`: the share of NULLs. `members`: the most frequent first."""

    name: str
    missing: Figure | None
    quantiles: list[QuantileFacts]
    members: list[MemberFacts]


@final
class TableProfile(Closed):
    table: str
    units: float
    rows: float
    columns: list[ColumnProfile]


@final
class ProfileFacts(Closed):
    dataset: str
    tables: list[TableProfile]


@final
class FigureExpected(Closed):
    """`half_width`: half of the 95 % interval expected; `relative`: that as a share of the predicted figure."""

    name: str
    half_width: float
    relative: float | None


@final
class PreviewFacts(Closed):
    """`share_of_budget`: of the lifetime budget of these people, 0 to 1; compare `left_of_budget` of the tool `budget`."""

    figures: list[FigureExpected]
    share_of_budget: float
    notes: list[str]


@final
class Figures(Closed):
    """Rows `first_row` to `last_row` of `rows_count`; `next_row`: where the rest begins. `invented`: the figures mean nothing."""

    columns: list[str]
    rows: list[list[Cell]]
    first_row: int
    last_row: int
    rows_count: int
    next_row: int | None
    share_of_budget: float
    share_of_budget_spent: float
    recalled: bool
    invented: bool
    notes: list[str]


@final
class PermitLeft(Closed):
    """Shares of the permit, and of what the assistant may spend of it; `left_of_budget`: the latter as a share of the lifetime budget."""

    permit: str
    project: str
    permit_left: float
    allowance_left: float | None
    left_of_budget: float | None


@final
class BudgetFacts(Closed):
    """`spent`: the share of the lifetime budget that all answers together have used."""

    dataset: str
    unit: str
    spent: float
    permits: list[PermitLeft]


@final
class Refused(Closed):
    """A no: `message` says what to write instead; `line` and `column` point into the SQL, from 1."""

    code: str
    name: str
    message: str
    line: int | None
    column: int | None
