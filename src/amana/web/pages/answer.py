"""An answer on a page: its drawing, its table, its notes."""

from markupsafe import Markup

from amana.client.figures import number, show
from amana.client.result import Result
from amana.terms.answer import CellType
from amana.web.pages.chart import charts_of
from amana.web.pages.reader import Reader
from amana.web.pages.render import part

ROWS_SHOWN_MAX = 200
"""A page shows so many rows; the files hold all."""
NUMBERS = frozenset({CellType.FIGURE, CellType.INTEGER, CellType.NUMBER})


def answer_html(reader: Reader, result: Result) -> Markup:
    """What a page shows of an answer, for templates to place as it is."""
    table = result.table
    numbers = tuple(kind in NUMBERS for kind in table.types)
    notes = tuple(reader.catalogue.say(code, **dict(parameters)) for code, parameters in result.notes)
    return part(
        reader,
        "answer.html",
        charts=charts_of(table),
        columns=tuple(zip(table.columns, numbers, strict=True)),
        rows=tuple(tuple(zip(row, numbers, strict=True)) for row in table.rows[:ROWS_SHOWN_MAX]),
        rows_count=len(table.rows),
        rows_shown_max=ROWS_SHOWN_MAX,
        notes=notes,
        result=result,
        show=show,
        short=short,
    )


def short(value: float) -> str:
    """A figure in a sentence: three digits, or all before the point."""
    size = abs(value)
    return number(value, 0 if size >= 100 or float(value).is_integer() else 1 if size >= 10 else 2)
