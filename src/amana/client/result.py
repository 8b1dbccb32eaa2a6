"""What a question gives back: figures with their intervals, in the shape the reader works with."""

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias, final

from amana.client.arrow import arrow_file, arrow_stream, arrow_table
from amana.client.cost import Cost, Note
from amana.client.drawing import ROWS_SHOWN, cost_line, draw
from amana.client.figures import show
from amana.client.receipt import receipt_of
from amana.client.table import text_table
from amana.client.wire import Json, a_text, an_object, read_cost, read_notes, read_table, write_head
from amana.terms.answer import AnswerTable, CellType, Estimate
from amana.terms.refusal import Refusal

if TYPE_CHECKING:
    import pandas
    import polars

__all__ = ["Cost", "Plain", "Redraw", "Result"]

Plain: TypeAlias = str | int | float | bool | date | None
"""A cell of a flat table (`datetime` is a `date`)."""
Redraw: TypeAlias = Callable[[int], Sequence[Sequence[Sequence[float | None]]]]
"""Asks the node for so many redraws. Shapes: draws by rows by figures."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """An answer. `notes` are codes of remarks and their parameters, translated by the reader's door; `receipt` is what can be
    kept as a proof of what was done; `invented`: the rows are invented, for trying a question out."""

    table: AnswerTable
    cost: Cost
    version: str
    digest: str
    notes: tuple[Note, ...] = ()
    receipt: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}), compare=False)
    invented: bool = False
    language: str = field(default="en", compare=False)
    redraw: Redraw | None = field(default=None, compare=False)

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

    def typed(self) -> list[tuple[str, CellType, list[Plain]]]:
        """Flat columns with their types; a figure `x` has three: `x`, `x_lo` and `x_hi`, the ends of its 95 % interval."""
        columns: list[tuple[str, CellType, list[Plain]]] = []
        for index, (name, kind) in enumerate(zip(self.table.columns, self.table.types, strict=True)):
            cells = [row[index] for row in self.table.rows]
            columns.append((name, kind, [cell.value if isinstance(cell, Estimate) else cell for cell in cells]))
            if kind is CellType.FIGURE:
                ends = [(cell.low, cell.high) if isinstance(cell, Estimate) else (None, None) for cell in cells]
                columns.append((self._free(f"{name}_lo"), kind, [low for low, _ in ends]))
                columns.append((self._free(f"{name}_hi"), kind, [high for _, high in ends]))
        return columns

    def flat(self) -> dict[str, list[Plain]]:
        """Columns by name; a figure `x` has three: `x`, `x_lo` and `x_hi`, the ends of its 95 % interval."""
        return {name: cells for name, _, cells in self.typed()}

    def _free(self, name: str) -> str:
        """The name, longer by `_` while a figure of the question bears it."""
        while name in self.table.columns:
            name += "_"
        return name

    def simulate(self, n: int) -> list[dict[str, list[Plain]]]:
        """`n` plausible redraws of the whole answer: its keys, and its figures as other noise on the same sums would have made
        them. Figures of one draw belong together: compute from them, draw by draw, what you derive from several figures, and the
        spread over the draws is its uncertainty. Free; it reveals nothing new.

        Errors: Refusal client.no_redraws, ask.too_many_draws.
        """
        if self.redraw is None:
            raise Refusal("client.no_redraws")
        columns = list(zip(self.table.columns, self.table.types, strict=True))
        figures = [name for name, kind in columns if kind is CellType.FIGURE]
        made: list[dict[str, list[Plain]]] = []
        for rows in self.redraw(n):
            drawn = {name: [row[index] for row in rows] for index, name in enumerate(figures)}
            made.append(
                {
                    name: [*drawn[name]] if kind is CellType.FIGURE else [_plain(row[index]) for row in self.table.rows]
                    for index, (name, kind) in enumerate(columns)
                }
            )
        return made

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
        names = {CellType.FIGURE: "float64", CellType.NUMBER: "float64", CellType.MOMENT: "datetime64[us]"}
        names |= {CellType.INTEGER: "Int64" if self._lacks(CellType.INTEGER) else "int64"}
        names |= {CellType.BOOLEAN: "boolean" if self._lacks(CellType.BOOLEAN) else "bool"}
        untyped: Any = pandas
        made: pandas.DataFrame = untyped.DataFrame(
            {name: untyped.Series(cells, dtype=names.get(kind, "object")) for name, kind, cells in self.typed()}
        )
        return made

    def _lacks(self, kind: CellType) -> bool:
        """Whether any column of that type holds NULL, which NumPy has no place for."""
        return any(None in cells for _, of, cells in self.typed() if of is kind)

    def to_polars(self) -> "polars.DataFrame":
        """A polars frame of the flat columns. Errors: a refusal that says what to install."""
        try:
            import polars
        except ImportError:
            raise Refusal("client.library_missing", library="polars", extra="polars") from None
        types = {
            CellType.TEXT: polars.String(), CellType.INTEGER: polars.Int64(), CellType.BOOLEAN: polars.Boolean(),
            CellType.DATE: polars.Date(), CellType.MOMENT: polars.Datetime("us"),
        }  # fmt: skip
        typed = self.typed()
        schema = {name: types.get(kind, polars.Float64()) for name, kind, _ in typed}
        return polars.DataFrame({name: cells for name, _, cells in typed}, schema=schema, strict=False)

    def to_arrow(self) -> Any:
        """An `arro3.core.Table` of the flat columns, which every Arrow library reads by the PyCapsule interface; all of the answer
        but its rows stands in the schema's metadata. Errors: a refusal that says what to install."""
        return arrow_table(self.typed(), about=self.head())

    def to_arrow_bytes(self) -> bytes:
        """The Arrow table as an IPC stream."""
        return arrow_stream(self.to_arrow())

    def to_parquet_bytes(self) -> bytes:
        """The Arrow table as a Parquet file. Errors: a refusal that says what to install."""
        return arrow_file(self.to_arrow())

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        """The Arrow PyCapsule interface, so that any Arrow library reads a result without a copy."""
        return self.to_arrow().__arrow_c_stream__(requested_schema)

    def head(self) -> dict[str, object]:
        """All of the answer but its rows, as it travels."""
        return write_head(
            self.table,
            cost=self.cost,
            notes=self.notes,
            version=self.version,
            digest=self.digest,
            receipt=self.receipt,
            invented=self.invented,
        )

    def _repr_html_(self) -> str:
        return draw(self.table, cost=self.cost, notes=self.notes, language=self.language)

    def __repr__(self) -> str:
        shown = self.table.rows[:ROWS_SHOWN]
        numbers = [kind is not CellType.TEXT for kind in self.table.types]
        lines = text_table(self.table.columns, [[show(cell) for cell in row] for row in shown], numbers=numbers)
        left = len(self.table.rows) - len(shown)
        return "\n".join([*lines, *([f"… +{left}"] if left else []), cost_line(self.cost, language=self.language)])


def read_result(found: Json, *, language: str, redraw: Redraw | None = None) -> Result:
    """An answer as it travelled, or was kept. Errors: Refusal client.not_understood."""
    cost, receipt = read_cost(found.get("cost")), found.get("receipt")
    version, digest = a_text(found.get("version"), "version"), a_text(found.get("digest"), "digest")
    more = an_object({} if receipt is None else receipt, "receipt")
    invented = found.get("dry_run") is True
    return Result(
        table=read_table(found),
        cost=cost,
        version=version,
        digest=digest,
        notes=read_notes(found.get("notes")),
        receipt=receipt_of(cost, version=version, digest=digest, more=more),
        invented=invented,
        language=language,
        redraw=None if invented else redraw,
    )


def _plain(cell: object) -> Plain:
    assert cell is None or isinstance(cell, (str, int, float, bool, date))
    return cell
