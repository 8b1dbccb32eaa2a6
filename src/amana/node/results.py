"""An answer of the node as the value that every door and client shows."""

from dataclasses import replace

from amana.client.cost import Cost
from amana.client.receipt import receipt_of
from amana.client.result import Redraw, Result
from amana.node.answers import Answered
from amana.terms.answer import AnswerTable


def csv_of(answer: Answered) -> bytes:
    """The answer as the file that its reader gets, to which a receipt commits."""
    return result_of(answer, language="en").to_csv().encode()


def result_of(answer: Answered, *, language: str, redraw: Redraw | None = None) -> Result:
    """The answer with its cost and its receipt. `redraw`: how its reader gets simulations of it."""
    cost = Cost(
        loss_nrho=answer.cost_nrho,
        cap_nrho=answer.cap_nrho,
        spent_nrho=answer.spent_nrho,
        delta_units=answer.cost_delta_units,
        recalled=answer.recalled,
    )
    used = {"dataset": answer.dataset, "permit": answer.permit, "purpose": answer.purpose, "mechanism": answer.mechanism}
    more = used if answer.entry is None else {**used, "entry": answer.entry}
    return Result(
        table=answer.table,
        cost=cost,
        version=answer.version,
        digest=answer.digest,
        notes=answer.notes,
        receipt=receipt_of(cost, version=answer.version, digest=answer.digest, more=more),
        invented=answer.invented,
        language=language,
        redraw=redraw,
    )


def limited(result: Result, *, rows_max: int) -> Result:
    """The first rows of an answer. Those beyond are left off, and a note says so: they are paid for."""
    table, rows = result.table, len(result.table.rows)
    if rows <= rows_max:
        return result
    cut = AnswerTable(columns=table.columns, rows=table.rows[:rows_max], types=table.types)
    return replace(result, table=cut, notes=(*result.notes, ("note.rows_left_off", (("rows", rows), ("most", rows_max)))))
