"""The forms in which things travel, with an example of each: what the OpenAPI document shows, and what requests are read into."""

from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias, cast, final

from pydantic import BaseModel, ConfigDict, Field, JsonValue

EXAMPLE_SQL = "SELECT region, COUNT(*) AS visits FROM visits GROUP BY region"
COST = {"loss_nrho": 52_000, "delta_units": 0, "cap_nrho": 2_000_000_000, "spent_nrho": 103_000_000}
NOTES: list[dict[str, object]] = [{"code": "note.truncation", "parameters": {"percent": "0.4"}}]


def shown(*examples: Mapping[str, object], closed: bool = False) -> ConfigDict:
    """The form with its examples; a closed one refuses fields that it does not know."""
    listed = cast("list[JsonValue]", list(examples))
    return ConfigDict(extra="forbid" if closed else "ignore", json_schema_extra={"examples": listed})


Sql: TypeAlias = Annotated[str, Field(description="one SELECT; its place and what is accepted stand in every refusal")]
Within: TypeAlias = Annotated[
    str | None,
    Field(max_length=40, description='how far each figure may be from the truth (95 %): "5%" of it, or in its own unit, "±15"; else "5%"'),
]
Share: TypeAlias = Annotated[
    str | None, Field(max_length=40, description='instead of `within`: the share of the budget that the answer may take, "1%"')
]
PermitName: TypeAlias = Annotated[str | None, Field(max_length=80, description="which permit pays, where you have several")]


@final
class Tried(BaseModel):
    """A question to try on invented rows."""

    model_config = shown({"sql": EXAMPLE_SQL, "within": "5%"}, closed=True)
    sql: Sql
    within: Within = None
    share: Share = None
    permit: PermitName = None


@final
class Question(BaseModel):
    """A question to the real tables."""

    model_config = shown({"sql": EXAMPLE_SQL, "within": "5%"}, {"sql": EXAMPLE_SQL, "share": "1%", "permit": "m-5f0c1e"}, closed=True)
    sql: Sql
    within: Within = None
    share: Share = None
    permit: PermitName = None


@final
class Redraws(BaseModel):
    """A question that was answered before, and how many redraws of its answer are wanted."""

    model_config = shown({"sql": EXAMPLE_SQL, "within": "5%", "draws": 200}, closed=True)
    sql: Sql
    within: Within = None
    share: Share = None
    permit: PermitName = None
    draws: Annotated[int, Field(ge=1, le=1_000_000)]


@final
class ColumnOut(BaseModel):
    name: str
    kind: Literal["key", "figure"]
    type: Literal["text", "integer", "number", "boolean", "date", "moment"]


@final
class FigureOut(BaseModel):
    """A released figure with its 95 % interval, for noise only."""

    value: float | None
    low: float | None
    high: float | None


@final
class CostOut(BaseModel):
    """Units: nano-ρ, and δ in 2**-64."""

    loss_nrho: int
    delta_units: int
    cap_nrho: int
    spent_nrho: int
    recalled: bool = False


@final
class NoteOut(BaseModel):
    code: str
    parameters: dict[str, str | int]


@final
class AnswerOut(BaseModel):
    """An answer. A cell of a key is a text, a number, a truth, or a date or moment as ISO 8601 text."""

    model_config = shown(
        {
            "columns": [{"name": "region", "kind": "key", "type": "text"}, {"name": "visits", "kind": "figure", "type": "number"}],
            "rows": [
                ["Atlas", {"value": 12345.0, "low": 12278.0, "high": 12412.0}],
                ["Coast", {"value": 9876.0, "low": 9809.0, "high": 9943.0}],
            ],
            "cost": {**COST, "recalled": False},
            "notes": NOTES,
            "version": "v-8d21",
            "digest": "0c5e…",
            "dry_run": False,
            "receipt": {"version": "v-8d21", "digest": "0c5e…", "dataset": "clinic", "permit": "m-5f0c1e", "purpose": "GRU"},
        }
    )
    columns: list[ColumnOut]
    rows: list[list[FigureOut | str | bool | int | float | None]]
    cost: CostOut
    notes: list[NoteOut]
    version: str
    digest: str
    dry_run: bool
    receipt: dict[str, object] | None


@final
class ExpectedOut(BaseModel):
    """`half_width`: of the 95 % interval expected in a typical group; `relative`: as a share of the predicted figure."""

    name: str
    half_width: float
    relative: float | None


@final
class PreviewOut(BaseModel):
    """What a question would cost and how precise it would be. `share`: of the budget."""

    model_config = shown(
        {
            "figures": [{"name": "visits", "half_width": 67.2, "relative": 0.0054}],
            "cost": {**COST, "recalled": False},
            "share": 0.000026,
            "notes": NOTES,
        }
    )
    figures: list[ExpectedOut]
    cost: CostOut
    share: float
    notes: list[NoteOut]


@final
class RedrawsOut(BaseModel):
    """Shapes: draws by rows by figures; figures of one draw belong together."""

    model_config = shown({"columns": ["visits"], "draws": [[[12331.0], [9890.0]], [[12360.0], [9871.0]]]})
    columns: list[str]
    draws: list[list[list[float | None]]]


@final
class CardOut(BaseModel):
    model_config = shown(
        {
            "name": "clinic",
            "title": {"en": "Clinic visits", "fr": "Visites en clinique", "ar": "زيارات العيادات", "zgh": "ⵜⵉⵔⵣⴰⴼ ⵖⵔ ⵜⴰⵙⴳⵏⴰⴼⵜ"},
            "unit": "patient",
            "tables": ["patients", "visits"],
            "custodian": "Ministry of Health",
            "version": "v-8d21",
        }
    )
    name: str
    title: dict[str, str]
    unit: str
    tables: list[str]
    custodian: str
    version: str


@final
class CardsOut(BaseModel):
    items: list[CardOut]
    next: str | None


@final
class PromiseOut(BaseModel):
    """What all uses together may ever reveal. `epsilon`: at `delta`, for display. `period`: life, or a calendar period."""

    population: str
    unit: str
    period: str
    cap_nrho: int
    cap_delta_units: int
    epsilon: float
    delta: float


@final
class DomainOut(BaseModel):
    """What a column may hold: public facts of the rules, never of rows."""

    model_config = ConfigDict(extra="allow")
    kind: str
    nullable: bool


@final
class SchemaColumnOut(BaseModel):
    name: str
    domain: DomainOut
    source: str


@final
class TableOut(BaseModel):
    name: str
    private: bool
    title: dict[str, str]
    key: list[str]
    parent: str | None
    rows_per_unit_max: int | None
    multiplicity: int | None
    columns: list[SchemaColumnOut]
    source: str


@final
class DatasetOut(BaseModel):
    """All that is public of a dataset."""

    name: str
    title: dict[str, str]
    custodian: str
    controller: str
    legal_basis: str
    purposes: list[str]
    retention: str
    checklist: list[dict[str, str]] = Field(description="what an applicant must answer, each in four languages")
    version: str
    promise: PromiseOut
    tables: list[TableOut]


@final
class SpendingOut(BaseModel):
    """`project`: null for the custodian's own uses, such as the private profile."""

    project: str | None
    loss_nrho: int
    delta_units: int


@final
class EntryOut(BaseModel):
    """An entry of the public log without its padding, and the proof for it as a `.tlog-proof`."""

    model_config = shown(
        {
            "index": 41,
            "entry": {"amana": 1, "kind": "use", "hour": "2026-11-29T05Z", "verb": "ask", "dataset": "clinic", "cost_nrho": "52000"},
            "proof": "c2sp.org/tlog-proof@v1\nindex 41\n…",
        }
    )
    index: int
    entry: dict[str, object]
    proof: str


@final
class ForksOut(BaseModel):
    """Proofs of forks, each two signed checkpoints of one size and different roots."""

    model_config = shown({"forks": []})
    forks: list[str]


@final
class ProofOut(BaseModel):
    """The hashes of a proof in base64, for the tree of `size` entries."""

    model_config = shown({"size": 700, "hashes": ["/Bb8Z+TTfR4jVbIF88x9Y0/NVndNZBB0bS9AKdNb1rU="]})
    size: int
    hashes: list[str]


@final
class BudgetOut(BaseModel):
    """The budget of the dataset's population: one for all users. `spent`, `left`: of the current `period` (life, year, quarter, month).
    `by`: over all its life, the largest first."""

    model_config = shown(
        {
            "population": "patients", "unit": "patient", "period": "life",
            "cap_nrho": 2_000_000_000, "spent_nrho": 103_000_000, "left_nrho": 1_897_000_000,
            "cap_delta_units": 18_446_744_073, "spent_delta_units": 0, "left_delta_units": 18_446_744_073, "epsilon_of_cap": 12.5,
            "delta_shown": 1e-6, "by": [{"project": None, "loss_nrho": 100_000_000, "delta_units": 0},
                                        {"project": "p-19ac", "loss_nrho": 3_000_000, "delta_units": 0}],
        }
    )  # fmt: skip
    population: str
    unit: str
    period: str
    cap_nrho: int
    spent_nrho: int
    left_nrho: int
    cap_delta_units: int
    spent_delta_units: int
    left_delta_units: int
    epsilon_of_cap: float
    delta_shown: float
    by: list[SpendingOut]


@final
class PlaceOut(BaseModel):
    """Where in the sender's own text. Units: line and column start at 1, length in characters."""

    line: int
    column: int
    length: int


@final
class ProblemOut(BaseModel):
    """A refusal (with `code`, `name`, `parameters`, `where`) or a fault (with `fault`, its id). Source: RFC 9457."""

    model_config = shown(
        {
            "type": "/problems/AMA-104", "title": "There is no table \"visit\"…", "status": 422, "code": "AMA-104",
            "name": "sql.unknown_table", "parameters": {"name": "visit"}, "where": {"line": 1, "column": 15, "length": 5},
        },
        {"type": "/problems/fault", "title": "Something failed on the node…", "status": 500, "fault": "9f2c44d0a1b2c3d4"},
    )  # fmt: skip
    type: str
    title: str
    status: int
    code: str | None = None
    name: str | None = None
    parameters: dict[str, str | int] | None = None
    where: PlaceOut | None = None
    fault: str | None = None


JOB: dict[str, JsonValue] = {
    "id": "j-4be1", "state": "running", "stage": "running", "progress": 0.42, "ready_at": "2031-01-01T09:00:41+00:00",
    "position": None, "made_at": "2031-01-01T09:00:00+00:00", "over_at": None, "dataset": "clinic", "permit": "m-5f0c1e",
    "sql": EXAMPLE_SQL, "within": "5%", "share": None, "problem": None,
}  # fmt: skip


@final
class JobOut(BaseModel):
    """A long question. `progress`: 0 to 1, by schedule and never by data; `ready_at`: when its answer leaves, known once its cost is
    charged; `position`: in the queue, from 1, while it waits; `problem`: why it failed."""

    model_config = shown(JOB)
    id: str
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    stage: Literal["queued", "checking", "reserved", "running", "released", "stopped"]
    progress: float
    ready_at: str | None
    position: int | None
    made_at: str
    over_at: str | None
    dataset: str
    permit: str
    sql: str
    within: str | None
    share: str | None
    problem: ProblemOut | None


@final
class JobsOut(BaseModel):
    items: list[JobOut]
    next: str | None


@final
class AcceptedOut(BaseModel):
    """The question takes long: it is in the queue, and `Location` names where to look."""

    job: JobOut
