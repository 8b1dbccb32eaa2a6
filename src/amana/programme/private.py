"""A private figure (E2): taken out of an answer whose receipt shows that it is the answer to the plan's own question.

Nobody types the figure: it is read from the rows that the log's key has committed to, and the question is opened from its seal.
"""

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import final

from amana.log.note import NoteError
from amana.log.quorum import Policy
from amana.log.receipt import ReceiptError, read_receipt, verify_receipt
from amana.log.tree import Hash, ProofError, leaf_hash
from amana.programme.evidence import Evidence, EvidenceError
from amana.programme.plan import HIGH, LOW, PrivateFigure

ROWS_MAX = 5_000
_NUMBER = re.compile(r"-?[0-9]{1,40}(?:\.[0-9]{1,40})?(?:[eE][+-]?[0-9]{1,2})?")
"""How an answer writes its numbers; of any other form none is read: Fraction would take "1e999999999" for one."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A figure and its 95 % interval, for noise only (PRIVACY 20)."""

    value: Fraction
    low: Fraction
    high: Fraction


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The figure of the country, and those of its regions."""

    whole: Interval
    regions: tuple[tuple[str, Interval], ...]


def prove(evidence: Evidence, *, method: PrivateFigure, use: int, leaf: Hash | None, policy: Policy) -> Measured:
    """What the evidence shows. `use`: the index that its entry names; `leaf`: what stands in the log there, None for nothing;
    `policy`: whose signatures count.

    Errors: EvidenceError `receipt` where the receipt does not hold, `question` where it is of another question, `differs` where the use is
    of another day, `answer` where the rows do not hold the figure.
    """
    try:
        receipt = read_receipt(evidence.receipt.encode())
        proven = verify_receipt(receipt, policy=policy, csv=evidence.answer.encode())
    except (ReceiptError, NoteError, ProofError):
        raise EvidenceError("receipt") from None
    asked = {each.field: each.value for each in receipt.openings}
    # A key that was replaced, or one of another log, may have signed another tree: only this log's own entry counts.
    if proven.index != use or leaf != leaf_hash(receipt.entry) or proven.rows != "opened" or proven.entry.get("kind") != "use":
        raise EvidenceError("receipt")
    if asked.get("sql") != method.sql or proven.entry.get("dataset") != method.dataset:
        raise EvidenceError("question")
    if day_of(proven.entry) != evidence.on:
        raise EvidenceError("differs")
    return measured(evidence.answer, method=method)


def day_of(entry: Mapping[str, object]) -> date:
    """The day of an entry, which is that of its figure: an old answer is no figure of today."""
    return date.fromisoformat(str(entry["hour"])[:10])


def without_person(receipt: str) -> str:
    """The receipt with nothing opened but the question: who asked stays sealed. Errors: EvidenceError `receipt`."""
    try:
        whole = json.loads(receipt)
        whole["openings"] = [each for each in whole["openings"] if each["field"] == "sql"]
    except (ValueError, KeyError, TypeError):
        raise EvidenceError("receipt") from None
    return json.dumps(whole, ensure_ascii=False, sort_keys=True)


def measured(answer: str, *, method: PrivateFigure) -> Measured:
    """The figures of an answer as CSV. Errors: EvidenceError `answer`."""
    rows = _rows(answer)
    chosen = [row for row in rows if all(row.get(name) == value for name, value in method.row)]
    regions = tuple((row[method.by], _interval([row], method=method)) for row in rows) if method.by and method.by in rows[0] else ()
    if not chosen or (len(chosen) > 1 and not method.by) or (method.by and not regions):
        raise EvidenceError("answer")
    return Measured(whole=_interval(chosen, method=method), regions=regions)


def _rows(answer: str) -> list[dict[str, str]]:
    try:
        header, *lines = csv.reader(io.StringIO(answer, newline=""), strict=True)
    except (csv.Error, ValueError):
        raise EvidenceError("answer") from None
    # Of two columns of one name nobody knows which is meant.
    if not 0 < len(lines) <= ROWS_MAX or len(set(header)) != len(header) or any(len(line) != len(header) for line in lines):
        raise EvidenceError("answer")
    return [dict(zip(header, line, strict=True)) for line in lines]


def _interval(rows: Sequence[Mapping[str, str]], *, method: PrivateFigure) -> Interval:
    """Of several rows the sum; its interval is as wide as all of theirs together, so at least as wide as it must be."""
    if method.figure:
        return _sum(rows, method.figure)
    part, whole = _sum(rows, method.part), _sum(rows, method.whole)
    if whole.low <= 0 or part.low < 0 > part.value:
        raise EvidenceError("answer")
    return Interval(
        value=100 * part.value / whole.value, low=100 * max(part.low, Fraction(0)) / whole.high, high=100 * part.high / whole.low
    )


def _sum(rows: Sequence[Mapping[str, str]], column: str) -> Interval:
    try:
        value, low, high = (
            sum((_number(row[name]) for row in rows), Fraction(0)) for name in (column, f"{column}{LOW}", f"{column}{HIGH}")
        )
    except KeyError:
        raise EvidenceError("answer") from None
    return Interval(value=value, low=low, high=high)


def _number(written: str) -> Fraction:
    if _NUMBER.fullmatch(written) is None:
        raise EvidenceError("answer")
    return Fraction(written)
