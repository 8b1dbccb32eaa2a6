"""A database that is lost at moments that a test chooses: before a commit, or between a commit and its word."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from amana.terms.database import Database, Row, Transaction, Value
from amana.terms.refusal import Fault, Refusal

Moment = Literal["before", "at", "after"]
"""Refused before the commit; no word of it, and it was undone; no word of it, and it stands."""
LOST = "node.database_lost"


@dataclass
class Losing:
    """`when`: told the first word of each statement that changes something and its table; gives when the server is lost, if it is.
    `away`: for so many uses afterwards nobody is there."""

    database: Database
    when: Callable[[str, str], Moment | None]
    away: int = 0
    lost: int = field(default=0)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        self._there()
        noted: list[Moment] = []
        with self.database.transaction() as run:
            yield _Noting(run, self.when, noted)
            if "before" in noted:
                self.lost = self.away
                raise Refusal(LOST, cause="Test")
            if "at" in noted:
                self.lost = self.away
                raise Fault(id="commit")
        if "after" in noted:
            self.lost = self.away
            raise Fault(id="commit")

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        self._there()
        with self.database.reading() as run:
            yield run

    def close(self) -> None:
        self.database.close()

    def _there(self) -> None:
        if self.lost > 0:
            self.lost -= 1
            raise Refusal(LOST, cause="Test")


@dataclass
class _Noting:
    run: Transaction
    when: Callable[[str, str], Moment | None]
    noted: list[Moment]

    def rows(self, sql: str, values: dict[str, Value]) -> list[Row]:
        return self.run.rows(sql, values)

    def change(self, sql: str, values: dict[str, Value]) -> int:
        words = sql.split()
        verb = words[0].lower()
        moment = self.when(verb, words[1] if verb == "update" else words[2])
        if moment is not None:
            self.noted.append(moment)
        return self.run.change(sql, values)


def once(verb: str, table: str, moment: Moment) -> Callable[[str, str], Moment | None]:
    """Lost at the first such statement only."""
    left = [moment]

    def when(said: str, of: str) -> Moment | None:
        return left.pop() if left and (said, of) == (verb, table) else None

    return when
