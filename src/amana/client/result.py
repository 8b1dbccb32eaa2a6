"""What a question gives back: figures with their intervals, in the shape the reader works with."""

import csv
import html
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, TypeAlias, final

from amana.client.figures import show
from amana.client.odds import epsilon_of, odds_percent
from amana.terms.answer import AnswerTable, Estimate
from amana.terms.refusal import Refusal

if TYPE_CHECKING:
    import pandas
    import polars

Plain: TypeAlias = str | int | float | bool | date | None
"""A cell of a flat table (`datetime` is a `date`)."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one answer took from the lifetime budget of its people. `recalled`: asked before, so nothing was taken.

    Units: losses in nano-ρ (zero-concentrated differential privacy), `delta_units` in 2**-64.
    """

    loss_nrho: int
    cap_nrho: int
    spent_nrho: int
    delta_units: int
    recalled: bool

    @property
    def share(self) -> float:
        """The part of the lifetime budget that this answer took, 0 to 1."""
        return self.loss_nrho / self.cap_nrho if self.cap_nrho else 0.0

    @property
    def share_spent(self) -> float:
        """The part of the lifetime budget that all answers together took, 0 to 1."""
        return self.spent_nrho / self.cap_nrho if self.cap_nrho else 0.0

    @property
    def odds_percent(self) -> float:
        """Even odds about one unit's presence become at most this through this answer. Units: per cent."""
        return odds_percent(epsilon_of(self.loss_nrho))


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """An answer. `notes` are codes of remarks and their parameters, translated by the reader's door."""

    table: AnswerTable
    cost: Cost
    version: str
    digest: str
    notes: tuple[tuple[str, tuple[tuple[str, str | int], ...]], ...] = ()
    dry_run: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns asked for."""
        return self.table.columns

    @property
    def rows(self) -> list[dict[str, object]]:
        """One mapping for each row: a key as its value, a figure as an `Estimate(value, low, high)`."""
        return [dict(zip(self.table.columns, row, strict=True)) for row in self.table.rows]

    def __len__(self) -> int:
        return len(self.table.rows)

    def __iter__(self) -> Iterator[dict[str, object]]:
        return iter(self.rows)

    def flat(self) -> dict[str, list[Plain]]:
        """Columns by name; a figure `x` has three: `x`, `x_lo` and `x_hi`, the ends of its 95 % interval."""
        columns: dict[str, list[Plain]] = {}
        for index, name in enumerate(self.table.columns):
            cells = [row[index] for row in self.table.rows]
            if not any(isinstance(cell, Estimate) for cell in cells):
                columns[name] = [cell for cell in cells if not isinstance(cell, Estimate)]
                continue
            columns[name] = [cell.value if isinstance(cell, Estimate) else cell for cell in cells]
            columns[self._free(f"{name}_lo")] = [cell.low if isinstance(cell, Estimate) else None for cell in cells]
            columns[self._free(f"{name}_hi")] = [cell.high if isinstance(cell, Estimate) else None for cell in cells]
        return columns

    def _free(self, name: str) -> str:
        """The name, longer by `_` while a figure of the question bears it."""
        while name in self.table.columns:
            name += "_"
        return name

    def to_csv(self) -> str:
        """Comma-separated text with a header, intervals as `_lo` and `_hi` (RFC 4180)."""
        out = io.StringIO()
        columns = self.flat()
        writer = csv.writer(out)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
        return out.getvalue()

    def to_json(self) -> str:
        """An object with `rows`, their cost, and what was asked of which version."""
        columns = self.flat()
        rows = [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]
        cost = {
            "loss_nrho": self.cost.loss_nrho,
            "share_of_budget": self.cost.share,
            "share_spent": self.cost.share_spent,
            "odds_percent_max": self.cost.odds_percent,
            "recalled": self.cost.recalled,
        }
        notes = [{"code": code, **dict(parameters)} for code, parameters in self.notes]
        answer = {"rows": rows, "cost": cost, "version": self.version, "digest": self.digest, "notes": notes}
        return json.dumps(answer, ensure_ascii=False, indent=2, default=str, allow_nan=False)

    def to_pandas(self) -> "pandas.DataFrame":
        """A pandas frame of the flat columns. Errors: a refusal that says what to install."""
        try:
            import pandas
        except ImportError:
            raise Refusal("client.library_missing", library="pandas", extra="pandas") from None
        return pandas.DataFrame(self.flat())

    def to_polars(self) -> "polars.DataFrame":
        """A polars frame of the flat columns. Errors: a refusal that says what to install."""
        try:
            import polars
        except ImportError:
            raise Refusal("client.library_missing", library="polars", extra="polars") from None
        return polars.DataFrame(self.flat(), strict=False)

    def to_arrow(self) -> Any:
        """A `pyarrow.Table` of the flat columns (pyarrow has no types). Errors: a refusal that says what to install."""
        try:
            import pyarrow
        except ImportError:
            raise Refusal("client.library_missing", library="pyarrow", extra="arrow") from None
        untyped: Any = pyarrow
        return untyped.table(self.flat())

    def to_arrow_bytes(self) -> bytes:
        """The Arrow table as an IPC stream."""
        table = self.to_arrow()
        import pyarrow.ipc

        untyped: Any = pyarrow.ipc
        out = io.BytesIO()
        with untyped.new_stream(out, table.schema) as writer:
            writer.write_table(table)
        return out.getvalue()

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        """The Arrow PyCapsule interface, so that any Arrow library reads a result without a copy."""
        return self.to_arrow().__arrow_c_stream__(requested_schema)

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{html.escape(name)}</th>" for name in self.table.columns)
        body = "".join("<tr>" + "".join(f"<td>{html.escape(show(cell))}</td>" for cell in row) + "</tr>" for row in self.table.rows)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
