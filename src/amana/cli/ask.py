"""`amana ask` and `amana explain`."""

import argparse
import csv
import json
import sys
from typing import TYPE_CHECKING

from amana.cli.reach import node_of, open_node
from amana.cli.show import tell, tell_cost, tell_notes, working, write_result, write_table
from amana.client.arrow import arrow_stream, arrow_table
from amana.client.figures import digits_after, number, percent
from amana.client.odds import epsilon_of, odds, odds_percent
from amana.client.result import Result
from amana.client.text import Catalogue
from amana.local.door import open_folder
from amana.terms.answer import CellType
from amana.terms.refusal import Refusal

if TYPE_CHECKING:
    from amana.client.connect import Connection
    from amana.client.facts import Preview as PreviewOfNode
    from amana.node.answers import Preview

PREVIEWED = (("name", CellType.TEXT), ("half_width", CellType.FIGURE), ("relative", CellType.FIGURE))
"""A preview for the next program: a row for each figure, in these columns."""
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
                _write_preview(preview, catalogue, shape=options.shape)
                return
            result = _asked_of_node(connection, options, sql)
    else:
        with open_folder(options.folder, language=catalogue.language) as door:
            if options.preview:
                _write_preview(door.preview(sql, within=options.within, share=options.share), catalogue, shape=options.shape)
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


def _write_preview(preview: "Preview | PreviewOfNode", catalogue: Catalogue, *, shape: str | None) -> None:
    match shape:
        case "json":
            print(_preview_json(preview))
        case "csv":
            csv.writer(sys.stdout).writerows([[name for name, _ in PREVIEWED], *preview.figures])
        case "arrow":
            columns = [(name, kind, [figure[at] for figure in preview.figures]) for at, (name, kind) in enumerate(PREVIEWED)]
            sys.stdout.buffer.write(arrow_stream(arrow_table(columns, about={})))
        case _:
            rows = [
                (name, f"± {number(half_width, digits_after(half_width))}", "–" if share is None else percent(share))
                for name, half_width, share in preview.figures
            ]
            heads = [catalogue.say(f"preview.{name}") for name in ("figure", "interval", "relative")]
            write_table(heads, rows, numbers=(False, True, True))
    tell_notes(preview.notes, catalogue)
    tell(catalogue.say("preview.cost", share=percent(preview.share)))
    tell(catalogue.say("ask.odds", **odds(odds_percent(epsilon_of(preview.cost_nrho)))))


def _preview_json(preview: "Preview | PreviewOfNode") -> str:
    """An object with its figures, and the cost and notes as an answer has them."""
    figures = [dict(zip((name for name, _ in PREVIEWED), figure, strict=True)) for figure in preview.figures]
    odds_percent_max = odds_percent(epsilon_of(preview.cost_nrho))
    cost = {"loss_nrho": preview.cost_nrho, "share_of_budget": preview.share, "odds_percent_max": odds_percent_max}
    notes = [{"code": code, **dict(parameters)} for code, parameters in preview.notes]
    return json.dumps({"figures": figures, "cost": cost, "notes": notes}, ensure_ascii=False, indent=2, allow_nan=False)
