"""`amana ask` and `amana explain`."""

import argparse
import sys
from typing import TYPE_CHECKING

from amana.cli.reach import node_of, open_node
from amana.cli.show import odds, tell, tell_cost, tell_notes, working, write_result, write_table
from amana.client.figures import digits_after, number, percent
from amana.client.odds import epsilon_of, odds_percent
from amana.client.result import Result
from amana.client.text import Catalogue
from amana.local.door import open_folder
from amana.terms.refusal import Refusal

if TYPE_CHECKING:
    from amana.client.connect import Connection
    from amana.client.facts import Preview as PreviewOfNode
    from amana.node.answers import Preview

SQL_CHARACTERS_MAX = 4_000_000
"""What is read from a pipe; the parser has its own, smaller limit and its own refusal."""


def ask(options: argparse.Namespace, catalogue: Catalogue) -> None:
    """Put the question, write the answer on stdout and its cost on stderr."""
    sql = read_sql(options)
    node = node_of(options)
    if node is not None or options.permit:
        with open_node(node, catalogue) as connection:
            if options.preview:
                preview = connection.preview(sql, within=options.within, share=options.share, permit=options.permit)
                _write_preview(preview, catalogue)
                return
            result = _asked_of_node(connection, options, sql)
    else:
        with open_folder(options.folder, language=catalogue.language) as door:
            if options.preview:
                _write_preview(door.preview(sql, within=options.within, share=options.share), catalogue)
                return
            with working(catalogue.say("ask.working")):
                dry = options.dry_run
                result = (door.dry_run if dry else door.sql)(sql, within=options.within, share=options.share)
    tell_answer(result, catalogue, shape=options.shape)


def tell_answer(result: Result, catalogue: Catalogue, *, shape: str | None) -> None:
    """The answer on stdout, what it cost on stderr."""
    _write(result, shape=shape)
    tell(catalogue.say("ask.interval"))
    tell_notes(result.notes, catalogue)
    if result.invented:
        cost = result.cost
        tell(catalogue.say("ask.dry_cost", share=percent(cost.share), spent=percent(cost.share_spent)))
        return
    tell_cost(result.cost, catalogue)


def _asked_of_node(connection: "Connection", options: argparse.Namespace, sql: str) -> Result:
    if options.dry_run:
        return connection.dry_run(sql, within=options.within, share=options.share)
    return connection.sql(sql, within=options.within, share=options.share, permit=options.permit)


def explain(options: argparse.Namespace, catalogue: Catalogue) -> None:
    """Everything about how a question would be answered, except data."""
    sql = read_sql(options)
    with open_folder(options.folder, language=catalogue.language) as door:
        lines = door.explain(sql, within=options.within).lines
    for part, text in lines:
        title = catalogue.say(f"explain.{part}")
        print(f"{title}\n{'-' * len(title)}\n{text}\n")


def read_sql(options: argparse.Namespace) -> str:
    """The question of the command line, or of stdin for `-`; kept in `options.sql` for refusals that point into it."""
    sql: str = options.sql
    if sql == "-":
        try:
            sql = sys.stdin.read(SQL_CHARACTERS_MAX)
        except UnicodeDecodeError:
            raise Refusal("cli.not_utf8") from None
    try:
        sql.encode()
    except UnicodeEncodeError:
        # Bytes of the command line that are no UTF-8 arrive as lone surrogates.
        options.sql = ""
        raise Refusal("cli.not_utf8") from None
    options.sql = sql
    return sql


def _write(result: Result, *, shape: str | None) -> None:
    match shape:
        case "json":
            print(result.to_json())
        case "csv":
            sys.stdout.write(result.to_csv())
        case "arrow":
            sys.stdout.buffer.write(result.to_arrow_bytes())
        case _:
            write_result(result)


def _write_preview(preview: "Preview | PreviewOfNode", catalogue: Catalogue) -> None:
    rows = [
        (name, f"± {number(half_width, digits_after(half_width))}", "–" if share is None else percent(share))
        for name, half_width, share in preview.figures
    ]
    columns = (catalogue.say("preview.figure"), catalogue.say("preview.interval"), catalogue.say("preview.relative"))
    write_table(columns, rows, numbers=(False, True, True))
    tell_notes(preview.notes, catalogue)
    tell(catalogue.say("preview.cost", share=percent(preview.share)))
    tell(catalogue.say("ask.odds", **odds(odds_percent(epsilon_of(preview.cost_nrho)))))
