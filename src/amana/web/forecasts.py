"""`/forecasts`: foresee what one costs, and make it."""

from typing import Annotated, TypeAlias, final

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from amana.client.precision import MODEL_SHARE
from amana.policy.rights import Action
from amana.terms.ids import PermitId
from amana.terms.training import Forecasting
from amana.web.access import doing
from amana.web.context import Caller, Here
from amana.web.questions import Limited
from amana.web.replies import json_response
from amana.web.routing import new_router
from amana.web.shapes import COST, PermitName, shown
from amana.web.training import AUDIT, AuditOut, ForeseenOut, Name, Rows, Share, TrainingOut

LISTED_MAX = 100
"""So that a long list is not read; how many count, the refusal `learn.series_steps` says."""
router: APIRouter = new_router("models")
Steps: TypeAlias = Annotated[tuple[int, ...], Field(max_length=LISTED_MAX)]


@final
class ForecastWanted(BaseModel):
    """A number that is observed at even steps, one row a step of each privacy unit, and how far ahead it is to be foreseen."""

    model_config = shown({"dataset": "grid", "value": "used", "time": "at", "horizons": [1, 24], "season": 24, "share": "5%"}, closed=True)
    dataset: Name
    value: Annotated[Name, Field(description="the number to foresee")]
    time: Annotated[Name, Field(description="the date or moment that orders the rows of a privacy unit")]
    horizons: Annotated[Steps, Field(description="how far ahead, in steps")]
    season: Annotated[int, Field(description="after how many steps values are alike: 24 for hours")]
    table: Name = ""
    sql: Rows = ""
    lags: Annotated[
        Steps, Field(description="how far back to look, in steps from the last known row, which is 0; by a public rule where none is named")
    ] = ()
    rows_per_unit: Annotated[
        int, Field(ge=0, le=10_000, description="rows used of each privacy unit at most; by a public rule where 0")
    ] = 0
    share: Share = MODEL_SHARE
    permit: PermitName = None

    def wanted(self) -> Forecasting:
        """As a value."""
        return Forecasting(
            dataset=self.dataset,
            value=self.value,
            time=self.time,
            horizons=self.horizons,
            season=self.season,
            table=self.table,
            sql=self.sql,
            lags=self.lags,
            rows_per_unit=self.rows_per_unit,
        )


@final
class ForecastOut(TrainingOut):
    """A forecast. `forecast`: the file that predicts without a network, as text; `entry`: where the public log tells of it."""

    model_config = shown(
        {
            "id": "s-3c5d0f61a2b7", "dataset": "grid", "version": "4e4e10eef2924843e32f7a4d84ffc233", "digest": "0a1b", "unit": "home",
            "rows_per_unit": 200, "permit": "m-5f0c1e", "purpose": "HMB", "rounds": 3, "entry": 814, "cost": COST, "audit": AUDIT,
            "forecast": "{…}",
        }
    )  # fmt: skip
    audit: AuditOut | None
    forecast: str


@router.post("/forecasts/preview", response_model=ForeseenOut, openapi_extra=doing(Action.PREVIEW))
async def foresee_forecast(here: Here, caller: Caller, limits: Limited, wanted: ForecastWanted) -> Response:
    """What a forecast would cost and when it would be there; nothing is spent and no row is read."""
    found = await limits.questions.run(lambda: here.trainings.foresee(caller, wanted=wanted.wanted(), share=wanted.share))
    return json_response(found.to_wire())


@router.post("/forecasts", response_model=ForecastOut, openapi_extra=doing(Action.ASK, spends=True))
async def forecast(here: Here, caller: Caller, limits: Limited, wanted: ForecastWanted) -> Response:
    """A forecast with intervals, and the value one season ago beside it. It is charged once; the same again is free.

    The node keeps it as it keeps a model, so that it can be described, assessed and registered.
    """
    permit = None if wanted.permit is None else PermitId(wanted.permit)
    found = await limits.questions.run(lambda: here.trainings.forecast(caller, wanted=wanted.wanted(), share=wanted.share, permit=permit))
    return json_response(found.to_wire())
