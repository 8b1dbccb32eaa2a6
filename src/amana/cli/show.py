"""What people see: tables on stdout, everything else on stderr."""

import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from amana.client.cost import Cost
from amana.client.explain import clean
from amana.client.figures import percent, show
from amana.client.odds import odds
from amana.client.result import Result
from amana.client.table import text_table
from amana.client.text import Catalogue

if TYPE_CHECKING:
    from amana.node.publish import Stage


INTERRUPTED = 130
"""As a shell reports a process that Ctrl-C ended."""


def tell(text: str) -> None:
    """A line for the person, not for the next program."""
    print(text, file=sys.stderr, flush=True)


def write_table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: Sequence[bool]) -> None:
    """A table on stdout: drawn with lines on a terminal, aligned by spaces elsewhere. `numbers`: columns set to the right.

    Names, titles and keys are text from somebody: they move no cursor.
    """
    columns, rows = [clean(name) for name in columns], [[clean(cell) for cell in row] for row in rows]
    if sys.stdout.isatty() and _draw(columns, rows, numbers):
        return
    print("\n".join(text_table(columns, rows, numbers=numbers)))


def write_result(result: Result) -> None:
    """The answer as a table on stdout."""
    rows = [[show(cell) for cell in row] for row in result.table.rows]
    numbers = [all(not isinstance(row[index], str) for row in result.table.rows) for index in range(len(result.columns))]
    write_table(result.columns, rows, numbers=numbers)


def tell_cost(cost: Cost, catalogue: Catalogue) -> None:
    """What the answer took: the share of the lifetime budget, and what it can change in anyone's guess."""
    if cost.recalled:
        tell(catalogue.say("ask.recalled", spent=percent(cost.share_spent)))
        return
    tell(catalogue.say("ask.cost", share=percent(cost.share), spent=percent(cost.share_spent)))
    tell(catalogue.say("ask.odds", **odds(cost.odds_percent)))


def tell_notes(notes: Sequence[tuple[str, Sequence[tuple[str, str | int]]]], catalogue: Catalogue) -> None:
    """Remarks of the node, such as rows that a bound leaves out."""
    for code, parameters in notes:
        tell(catalogue.say(code, **dict(parameters)))


@contextmanager
def working(text: str) -> Generator[None, None, None]:
    """A moving sign on stderr while something runs, where a person watches; nothing that depends on data (PRIVACY 8)."""
    if not sys.stderr.isatty():
        yield
        return
    try:
        from rich.console import Console
    except ImportError:
        tell(text)
        yield
        return
    with Console(stderr=True).status(text):
        yield


@contextmanager
def stages(say: Callable[["Stage"], str], text: str) -> Generator["Callable[[Stage], None] | None", None, None]:
    """A bar on stderr that moves with the stages it is told of, where a person watches; else None. `say`: the words of a stage."""
    if not sys.stderr.isatty():
        yield None
        return
    try:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
    except ImportError:
        tell(text)
        yield None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(text, total=None)

        def move(stage: "Stage") -> None:
            bar.update(task, description=say(stage), total=stage.count, completed=stage.number - 1 + (stage.share or 0.0))

        yield move
        bar.update(task, description=text, total=1, completed=1)


def _draw(columns: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[bool]) -> bool:
    try:
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text
    except ImportError:
        return False
    table = Table()
    for name, right in zip(columns, numbers, strict=True):
        table.add_column(Text(name), justify="right" if right else "left")
    for row in rows:
        table.add_row(*map(Text, row))
    Console().print(table)
    return True
