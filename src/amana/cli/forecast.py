"""`amana forecast`: from meters that nobody sees to a file that says what comes next, with intervals."""

import argparse
from typing import TYPE_CHECKING

from amana.cli.reach import reach
from amana.cli.show import tell, tell_cost, working, write_table
from amana.cli.train import audit_told, tell_foreseen
from amana.client.figures import digits_after, number
from amana.client.text import Catalogue
from amana.local.door import open_folder
from amana.terms.training import Forecasting

if TYPE_CHECKING:
    from amana.client.forecasted import ForecastMade
    from amana.terms.forecast import Error, Forecast, Horizon


def forecast(options: argparse.Namespace, catalogue: Catalogue) -> None:
    """The errors at each horizon on stdout, beside those of the season; the forecast in a file."""
    wanted = Forecasting(
        dataset=options.name,
        value=options.value,
        time=options.time,
        horizons=options.horizons,
        season=options.season,
        table=options.table or "",
        lags=options.lags,
        rows_per_unit=options.rows_per_unit,
        sql=options.sql,
    )
    with reach(options, catalogue, open_folder=open_folder) as door:
        if options.preview:
            tell_foreseen(door.foresee(wanted, share=options.share), catalogue)
            return
        with working(catalogue.say("forecast.working")):
            made = door.forecast(wanted, share=options.share, permit=options.permit)
    target = made.save(options.output or f"{options.name}-{options.value}.forecast.json")
    _tell(made, catalogue)
    print(target)


def _tell(made: "ForecastMade", catalogue: Catalogue) -> None:
    """How far off it was, and what it cost."""
    heads = tuple(catalogue.say(f"forecast.{name}") for name in ("steps", "error", "seasonal", "interval"))
    rows = [_row(horizon, made.forecast) for horizon in made.forecast.horizons]
    write_table(heads, rows, numbers=(True, True, True, True))
    tell(catalogue.say("forecast.read", value=made.forecast.value))
    tell(audit_told(made.audit, catalogue))
    tell_cost(made.cost, catalogue)
    tell(catalogue.say("train.entry", entry=made.training.use.entry))


def _row(horizon: "Horizon", forecast: "Forecast") -> tuple[str, ...]:
    low, high = (forecast.in_value(end) for end in (horizon.low_80, horizon.high_80))
    digits = digits_after((high - low) / 20)
    return str(horizon.steps), _error(horizon.error), _error(horizon.error_seasonal), f"{number(low, digits)} … +{number(high, digits)}"


def _error(error: "Error") -> str:
    width = (error.high - error.low) / 2
    digits = digits_after(width)
    return f"{number(error.value, digits)} ± {number(width, digits)}"
