"""`amana jobs`: long questions on a node."""

import argparse
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from amana.cli.ask import tell_answer
from amana.cli.reach import node_of, open_node
from amana.cli.show import tell, write_table
from amana.client.figures import percent
from amana.client.text import Catalogue
from amana.terms.refusal import Refusal

if TYPE_CHECKING:
    from amana.client.jobs import JobState

SQL_WIDTH = 48


def jobs(options: argparse.Namespace, catalogue: Catalogue) -> None:
    """List them, show or cancel one, or wait for its answer."""
    if options.action != "list" and options.job is None:
        raise Refusal("node.bad_value", field="word.metavar.job", wanted="word.job_id")
    with open_node(node_of(options), catalogue) as connection:
        match options.action:
            case "show":
                _write([connection.job(options.job).state()], catalogue)
            case "cancel":
                connection.job(options.job).cancel()
                tell(catalogue.say("jobs.was_cancelled", id=options.job))
            case "answer":
                tell_answer(connection.job(options.job).result(), catalogue, shape=None)
            case _:
                _write(connection.jobs(), catalogue)


def _write(found: "Sequence[JobState]", catalogue: Catalogue) -> None:
    columns = tuple(catalogue.say(f"jobs.{name}") for name in ("id", "state", "progress", "ready_at", "sql"))
    rows = [
        (each.id, catalogue.word("state", each.state), percent(each.progress), _moment(each.ready_at), _beginning(each.sql))
        for each in found
    ]
    write_table(columns, rows, numbers=(False, False, True, False, False))


def _moment(written: str) -> str:
    """To the second: `2030-01-01 10:00:05 UTC`."""
    if not written:
        return "–"
    try:
        return f"{datetime.fromisoformat(written).astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    except ValueError:
        return written


def _beginning(sql: str) -> str:
    """Enough of a question to know it again, on one line."""
    line = " ".join(sql.split())
    return line if len(line) <= SQL_WIDTH else line[: SQL_WIDTH - 1] + "…"
