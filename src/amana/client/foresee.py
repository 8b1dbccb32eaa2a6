"""What comes next for one meter or zone, from the last rows of its own file: no node, no network, standard library only."""

import csv
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TextIO, final

from amana.client.predict import Value, named, units_of
from amana.client.predict_rows import header_of, rows_of
from amana.terms.forecast import Ahead, Forecast
from amana.terms.refusal import Refusal

COLUMNS = ("steps", "forecast", "low_80", "high_80", "low_95", "high_95", "seasonal_naive")
UNEVEN = 1.5
"""A step so many times as long as the shortest has a row missing; months are less uneven."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    line: int
    at: date
    units: int | None


def foresee(forecast: Forecast, rows: Iterable[Mapping[str, Value]]) -> tuple[Ahead, ...]:
    """What is foreseen after the last of these rows of one unit, in order of time: mappings from column to value.

    Errors: Refusal predict.column_missing, forecast.history_short, forecast.history_wrong.
    """
    needed = deque[_Known](maxlen=forecast.rows_needed)
    for line, row in enumerate(rows, start=1):
        missing = [name for name in (forecast.time, forecast.value) if name not in row]
        if missing:
            raise Refusal("predict.column_missing", columns=named(missing), needed=named((forecast.time, forecast.value)))
        needed.append(_known(forecast, row[forecast.time], row[forecast.value], line=line, name="rows"))
    return _ahead(forecast, needed, name="rows")


def foresee_file(forecast: Forecast, source: TextIO, *, name: str) -> tuple[Ahead, ...]:
    """The same from a CSV file. `name`: of the source, for refusals. Errors: also Refusal predict.line_wrong, predict.column_twice."""
    header, delimiter = header_of((forecast.time, forecast.value), source, name=name)
    time, value = header.index(forecast.time), header.index(forecast.value)
    needed = deque[_Known](maxlen=forecast.rows_needed)
    for line, row in rows_of(source, name=name, delimiter=delimiter, width=len(header)):
        needed.append(_known(forecast, row[time], row[value], line=line, name=name))
    return _ahead(forecast, needed, name=name)


def write_ahead(ahead: Sequence[Ahead], out: TextIO) -> None:
    """One row for each horizon."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for each in ahead:
        figures = (each.forecast, each.low_80, each.high_80, each.low_95, each.high_95, each.seasonal)
        writer.writerow([each.steps, *map(repr, figures)])


def _known(forecast: Forecast, time: Value, value: Value, *, line: int, name: str) -> _Known:
    at = _time(time, dates=forecast.dates)
    if at is None:
        raise _wrong(name, line, "word.history.time")
    return _Known(line=line, at=at, units=None if value is None else units_of(value, forecast.decimals))


def _time(value: Value, *, dates: bool) -> date | None:
    """A date or a moment without a zone, as the series has it."""
    try:
        found = value if isinstance(value, date) else datetime.fromisoformat(str(value).strip())
    except ValueError:
        return None
    if dates:
        return found.date() if isinstance(found, datetime) else found
    return found.replace(tzinfo=None) if isinstance(found, datetime) else datetime(found.year, found.month, found.day)


def _ahead(forecast: Forecast, known: Sequence[_Known], *, name: str) -> tuple[Ahead, ...]:
    if len(known) < forecast.rows_needed:
        raise Refusal("forecast.history_short", file=name[:400], rows=len(known), needed=forecast.rows_needed)
    steps = [(other.at - one.at).total_seconds() for one, other in zip(known, list(known)[1:], strict=False)]
    shortest = min((step for step in steps if step > 0), default=0.0)
    for step, after in zip(steps, list(known)[1:], strict=True):
        if step <= 0:
            raise _wrong(name, after.line, "word.history.order")
        if step > UNEVEN * shortest:
            raise _wrong(name, after.line, "word.history.gap")
    past: dict[int, int] = {}
    for lag in {*forecast.lags, *(horizon.seasonal for horizon in forecast.horizons)}:
        one = known[-1 - lag]
        if one.units is None:
            raise _wrong(name, one.line, "word.history.value")
        past[lag] = one.units
    return forecast.ahead(past, at=known[-1].at)


def _wrong(name: str, line: int, reason: str) -> Refusal:
    return Refusal("forecast.history_wrong", file=name[:400], line=line, reason=reason)
