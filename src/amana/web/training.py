"""`/models`, `/synthetic-tables` and `/forecasts`: foresee, train, make."""

from typing import Annotated, Any, Literal, TypeAlias, final

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field, JsonValue

from amana.client.precision import MODEL_SHARE
from amana.policy.rights import Action
from amana.terms.ids import PermitId
from amana.terms.training import Specification, Synthesis
from amana.web.access import doing
from amana.web.context import Caller, Here
from amana.web.questions import Limited
from amana.web.replies import json_response
from amana.web.routing import new_router
from amana.web.shapes import COST, CostOut, PermitName, shown

NAMES_MAX = 1_000
SQL_CHARACTERS_MAX = 20_000
ATTACK: JsonValue = {
    "attack": "linking", "excess": 0.02, "excess_low": -0.01, "excess_high": 0.05, "control_low": 0.77,
    "control_caught": True, "leaked": False,
}  # fmt: skip
AUDIT: JsonValue = {
    "attack": "canary", "claimed": 10.7, "lower_bound": 7.5, "delta": 1e-05, "confidence": 0.95, "control_caught": True,
}  # fmt: skip
PARQUET = "application/vnd.apache.parquet"
FILE: dict[int | str, dict[str, Any]] = {200: {"content": {PARQUET: {"schema": {"type": "string", "format": "binary"}}}}}
router: APIRouter = new_router("models")
Name: TypeAlias = Annotated[str, Field(max_length=200)]
Names: TypeAlias = Annotated[tuple[Name, ...], Field(max_length=NAMES_MAX)]
Rows: TypeAlias = Annotated[
    str, Field(max_length=SQL_CHARACTERS_MAX, description="instead of `table`: a SELECT that makes the rows, by joins, filters and windows")
]
Seed: TypeAlias = Annotated[int, Field(ge=0, lt=2**32, description="of public randomness: which splits are drawn, which rows of a table")]
PerUnit: TypeAlias = Annotated[
    int, Field(ge=0, le=1_000, description="rows used of each privacy unit at most; where 0 one, eight of attempts")
]
Share: TypeAlias = Annotated[str, Field(max_length=40, description="of the lifetime budget that it may take")]


@final
class ModelWanted(BaseModel):
    """What is to be predicted, from what, and how much it may cost. No code runs on rows."""

    model_config = shown({"dataset": "clinic", "target": "urgent", "features": ["region", "cost"], "share": "5%"}, closed=True)
    dataset: Name
    target: Annotated[Name, Field(description="the column to predict: a choice or a boolean, or a number")]
    table: Name = ""
    sql: Rows = ""
    positive: Annotated[Name, Field(description="for a choice: the member whose chance is predicted")] = ""
    features: Annotated[Names, Field(description="one text among them at most; all columns with a declared domain if none")] = ()
    learner: Literal["auto", "linear", "statistics", "glass-box", "trees", "performance-factors"] = "auto"
    groups: Annotated[Names, Field(max_length=8, description="columns for whose members quality is measured apart")] = ()
    skill: Annotated[Name, Field(description="where each row is an attempt at an exercise: the column of the skill it practises")] = ""
    order: Annotated[Name, Field(description="the column that says which attempt of a unit came first")] = ""
    rows_per_unit: PerUnit = 0
    seed: Seed = 0
    task: Annotated[Literal["", "classification", "regression"], Field(description="refuse a target of the other kind")] = ""
    within: Annotated[Name, Field(description="how well quality is to be known (half of its 95 % interval): it costs what that takes")] = ""
    share: Share = MODEL_SHARE
    permit: PermitName = None

    def wanted(self) -> Specification:
        """As a value."""
        return Specification(
            dataset=self.dataset,
            target=self.target,
            table=self.table,
            positive=self.positive,
            features=self.features,
            learner=self.learner,
            groups=self.groups,
            rows_per_unit=self.rows_per_unit,
            seed=self.seed,
            task=self.task,
            sql=self.sql,
            within=self.within,
            skill=self.skill,
            order=self.order,
        )


@final
class TableWanted(BaseModel):
    """Which columns a synthetic table is to have, and how much it may cost."""

    model_config = shown({"dataset": "clinic", "columns": ["region", "cost"], "rows": 1000, "share": "5%"}, closed=True)
    dataset: Name
    table: Name = ""
    sql: Rows = ""
    columns: Annotated[Names, Field(description="all with a declared domain where none is named")] = ()
    target: Annotated[Name, Field(description="the column whose relation to the others matters most")] = ""
    rows: Annotated[int, Field(ge=0, le=10_000_000, description="how many to make; as many as there are where 0")] = 0
    rows_per_unit: PerUnit = 0
    seed: Seed = 0
    share: Share = MODEL_SHARE
    permit: PermitName = None
    format: Annotated[Literal["csv", "parquet"], Field(description="what comes back: JSON with the CSV in it, or a Parquet file")] = "csv"

    def wanted(self) -> Synthesis:
        """As a value."""
        return Synthesis(
            dataset=self.dataset,
            table=self.table,
            columns=self.columns,
            target=self.target,
            rows=self.rows,
            rows_per_unit=self.rows_per_unit,
            seed=self.seed,
            sql=self.sql,
        )


@final
class ForeseenOut(BaseModel):
    """Before anything is spent."""

    model_config = shown({"cost": COST, "seconds": 9.4, "rounds": 24, "learner": "glass-box", "half": 0.012})
    cost: CostOut
    seconds: float
    rounds: int
    learner: str
    half: Annotated[float | None, Field(description="of the 95 % interval that the model's first score is foretold to have")] = None


@final
class MetricOut(BaseModel):
    """A measured quality with its 95 % interval; `column`, `group`: of the people with this member, of all where empty."""

    name: str
    value: float
    low: float
    high: float
    column: str
    group: str


class UseOut(BaseModel):
    """What every use tells. `entry`: where the public log tells of it."""

    dataset: str
    version: str
    digest: str
    permit: str
    purpose: str
    entry: int
    cost: CostOut


class TrainingOut(UseOut):
    """A use from which something was learned. `rows_per_unit`: of each `unit`, at most; `rounds`: how often the data was passed over.

    `id`: in the register of AI systems, once it is described and assessed.
    """

    id: str
    unit: str
    rows_per_unit: int
    rounds: int


@final
class TrainedOut(TrainingOut):
    """A trained model. `model`: the model file, as text; `entry`: where the public log tells of it."""

    model_config = shown(
        {
            "id": "n-7d0a3f5bb2c1", "dataset": "clinic", "version": "4e4e10eef2924843e32f7a4d84ffc233", "digest": "0a1b",
            "unit": "patient", "rows_per_unit": 1, "permit": "m-5f0c1e", "purpose": "HMB", "rounds": 24, "entry": 812, "cost": COST,
            "metrics": [{"name": "auc", "value": 0.81, "low": 0.8, "high": 0.82, "column": "", "group": ""}], "model": "{…}",
        }
    )  # fmt: skip
    metrics: list[MetricOut]
    model: str


@final
class ErrorOut(BaseModel):
    """How far the joint distribution of these columns is estimated to be from that of the data: total variation, 0 to 1."""

    columns: list[str]
    error: float


@final
class InventedColumnOut(BaseModel):
    """A column of a synthetic table; `decimals`: digits after the point."""

    name: str
    type: Literal["text", "integer", "number", "boolean", "date"]
    decimals: int


@final
class AttackOut(BaseModel):
    """How much oftener an attack succeeded against people who were in the data, on invented stand-ins.

    Where `control_caught` is false it is no evidence.
    """

    attack: str
    excess: float
    excess_low: float
    excess_high: float
    control_low: float
    control_caught: bool
    leaked: bool


@final
class AuditOut(BaseModel):
    """What an attack on how it is made found, by who sees all noisy sums, on an invented stand-in.

    Epsilon that was surely lost, beside the one promised there. Where `control_caught` is false it is no evidence.
    """

    attack: str
    claimed: float
    lower_bound: float
    delta: float
    confidence: float
    control_caught: bool


@final
class SynthesisedOut(UseOut):
    """A synthetic table, as CSV text, to which its receipt commits. `report`: its errors, estimated without looking at the data again."""

    model_config = shown(
        {
            "dataset": "clinic", "version": "4e4e10eef2924843e32f7a4d84ffc233", "digest": "0a1b", "permit": "m-5f0c1e", "purpose": "HMB",
            "entry": 813, "cost": COST, "report": [{"columns": ["region", "cost"], "error": 0.021}], "csv": "region,cost\nnorth,12\n",
            "columns": [{"name": "region", "type": "text", "decimals": 0}, {"name": "cost", "type": "integer", "decimals": 0}],
            "receipt": {"amana_receipt": 1}, "attacks": [ATTACK], "audit": AUDIT,
        }
    )  # fmt: skip
    report: list[ErrorOut]
    attacks: list[AttackOut]
    audit: AuditOut | None
    columns: list[InventedColumnOut]
    receipt: dict[str, JsonValue]
    csv: str


@router.post("/models/preview", response_model=ForeseenOut, openapi_extra=doing(Action.PREVIEW))
async def foresee_model(here: Here, caller: Caller, limits: Limited, wanted: ModelWanted) -> Response:
    """What a model would cost and when it would be there; nothing is spent and no row is read."""
    found = await limits.questions.run(lambda: here.trainings.foresee(caller, wanted=wanted.wanted(), share=wanted.share))
    return json_response(found.to_wire())


@router.post("/models", response_model=TrainedOut, openapi_extra=doing(Action.ASK, spends=True))
async def train(here: Here, caller: Caller, limits: Limited, wanted: ModelWanted) -> Response:
    """A model that learned from noisy sums. It is charged once; the same specification again is free."""
    permit = None if wanted.permit is None else PermitId(wanted.permit)
    found = await limits.questions.run(lambda: here.trainings.train(caller, wanted=wanted.wanted(), share=wanted.share, permit=permit))
    return json_response(found.to_wire())


@router.post("/synthetic-tables/preview", response_model=ForeseenOut, openapi_extra=doing(Action.PREVIEW))
async def foresee_table(here: Here, caller: Caller, limits: Limited, wanted: TableWanted) -> Response:
    """What a synthetic table would cost and when it would be there; nothing is spent and no row is read."""
    found = await limits.questions.run(lambda: here.trainings.foresee(caller, wanted=wanted.wanted(), share=wanted.share))
    return json_response(found.to_wire())


@router.post("/synthetic-tables", response_model=SynthesisedOut, responses=FILE, openapi_extra=doing(Action.ASK, spends=True))
async def synthesise(here: Here, caller: Caller, limits: Limited, wanted: TableWanted) -> Response:
    """A table of invented rows with its receipt. It is charged once; the same again is free.

    As `parquet` the answer is the file, and all else that is told of it stands in the file's metadata under `amana`.
    """
    permit = None if wanted.permit is None else PermitId(wanted.permit)
    found = await limits.questions.run(lambda: here.trainings.synthesise(caller, wanted=wanted.wanted(), share=wanted.share, permit=permit))
    if wanted.format == "parquet":
        return Response(await limits.questions.run(found.parquet), media_type=PARQUET)
    return json_response(found.to_wire())
