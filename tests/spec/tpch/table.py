"""The 22 queries of TPC-H: answered, or refused with the reason. Writes docs/reference/tpch.md:

python -m tests.spec.tpch.table
"""

from dataclasses import dataclass
from pathlib import Path

from amana.query.plan import Plan
from amana.terms.refusal import Refusal
from tests.spec.conftest import TPCH, read

FOLDER = Path(__file__).parent
PAGE = Path(__file__).parents[3] / "docs" / "reference" / "tpch.md"

REASONS = {
    2: "lists rows of public tables (parts, suppliers) with a minimum for each; only figures are answered",
    3: "its groups are single orders, each of one customer; the form by day of order is answered",
    10: "lists customers; the form by nation is answered",
    15: "joins a supplier to the largest of all revenues before any noise; ordering the released revenues is answered",
    17: "compares each row with a mean over other customers, before any noise; with the mean as a constant it is answered",
    18: "lists customers and their orders; the number, the customers and the worth of such orders are answered",
    20: "lists public suppliers by a sum over many customers' rows, before any noise",
}
"""Why a query is refused, for those that are."""


@dataclass(frozen=True)
class Row:
    number: int
    answered: bool
    code: str
    equivalent: bool


def ask(name: str) -> Plan:
    """The plan of one file of this folder."""
    return read((FOLDER / f"{name}.sql").read_text(encoding="utf-8"), TPCH)


def rows() -> list[Row]:
    """What happens to each query as the specification writes it."""
    found: list[Row] = []
    for number in range(1, 23):
        equivalent = (FOLDER / f"q{number:02}_equivalent.sql").exists()
        try:
            ask(f"q{number:02}")
            found.append(Row(number, True, "", equivalent))
        except Refusal as refusal:
            found.append(Row(number, False, f"AMA-{refusal.number} {refusal.code}", equivalent))
    return found


def page() -> str:
    """The page of the reference."""
    found = rows()
    answered, equivalent = sum(row.answered for row in found), sum(row.equivalent for row in found)
    lines = [
        "# TPC-H, query by query",
        "",
        "The privacy unit is the customer: `customer`, `orders` and `lineitem` are private; `nation`, `region`, `supplier`, `part` and",
        "`partsupp` are public. Q11 and Q16 read public tables only: their figures are exact and free. The mean in Q22 is a question of its own,",
        "answered first. The text of each query is in `tests/spec/tpch`; this page is written by `python -m tests.spec.tpch.table`, and a test",
        "fails when it is out of date.",
        "",
        f"**{answered} of 22 are answered as the specification writes them; {equivalent} more in another form that asks for figures instead",
        "of rows** (a changed question, not the same one: its file says what it asks). The others are refused:",
        "",
        "| query | as written | another form | why |",
        "|---|---|---|---|",
    ]
    for row in found:
        form = f"[answered](../../tests/spec/tpch/q{row.number:02}_equivalent.sql)" if row.equivalent else ""
        lines.append(f"| Q{row.number} | {'answered' if row.answered else row.code} | {form} | {REASONS.get(row.number, '')} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
