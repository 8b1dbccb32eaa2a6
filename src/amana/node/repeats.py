"""Requests that are sent again under the same key: done once, answered as often as asked.

A key belongs to one person and one request. It is entered before the work begins and completed with the outcome after it. What a
crash leaves begun is taken over by the next repetition, which learns when the first attempt began: a question looks in the ledger
whether its charge fell into that time and lost its rows (`Node.lost`), and is then a fault for ever; otherwise it is asked again,
and what the first attempt did release is recalled, free. So one key never pays twice.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import TypeAlias, final

from amana.terms.canonical import keyed_digest
from amana.terms.database import Database, DuplicateError, Row, Value, moment, text
from amana.terms.ids import PersonId
from amana.terms.refusal import Refusal

ENTER = """INSERT INTO request_key (person, key, request, serving, worker, state, begun_at)
VALUES (:person, :key, :request, :serving, :worker, 'begun', :at)"""
FIND = "SELECT request, serving, worker, state, outcome, begun_at FROM request_key WHERE person = :person AND key = :key"
TAKE_OVER = """UPDATE request_key SET worker = :worker
WHERE person = :person AND key = :key AND state = 'begun' AND worker = :was"""
COMPLETE = """UPDATE request_key SET state = 'done', outcome = :outcome
WHERE person = :person AND key = :key AND state = 'begun' AND worker = :worker"""
PUT_DOWN = "UPDATE request_key SET worker = '' WHERE person = :person AND key = :key AND state = 'begun' AND worker = :worker"
BEGUN_BY = "SELECT person, key FROM request_key WHERE state = 'begun' AND worker = :worker"
FORGET = "DELETE FROM request_key WHERE person = :person AND key = :key AND state = 'begun' AND worker = :worker"
PURGE = "DELETE FROM request_key WHERE begun_at < :before"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class First:
    """Nobody sent this before: do it."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Interrupted:
    """An attempt that began then was cut off. `republished`: other versions serve now."""

    since: datetime
    republished: bool


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """An attempt is at work."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What came of it, as it was written down. `since`, `republished`: as of `Interrupted`."""

    outcome: str
    since: datetime
    republished: bool


Standing: TypeAlias = First | Interrupted | Running | Done


@final
class Repeats:
    """The keys of one node. `worker`: this process; `alive`: whether another one still runs."""

    def __init__(
        self, database: Database, now: Callable[[], datetime], *, worker: str, alive: Callable[[str], bool], digest_key: bytes
    ) -> None:
        self._database, self._now = database, now
        self._worker, self._alive, self._digest_key = worker, alive, digest_key
        self._running: set[tuple[PersonId, str]] = set()
        self._lock = Lock()

    def begin(self, person: PersonId, *, key: str, request: bytes, serving: str) -> Standing:
        """How a request stands; after `First` and `Interrupted` the caller does the work and tells how it ended.

        Errors: Refusal http.key_reused when the key belongs to another request.
        """
        named: dict[str, Value] = {"person": person, "key": key}
        digest = keyed_digest(("request", request.hex()), key=self._digest_key)
        while True:
            with self._database.reading() as run:
                found = run.rows(FIND, named)
            if found and found[0][0] != digest:
                raise Refusal("http.key_reused", key=key)
            if found and found[0][3] == "done":
                since = datetime.fromisoformat(text(found[0][5]))
                return Done(outcome=text(found[0][4]), since=since, republished=found[0][1] != serving)
            worker = text(found[0][2]) if found else ""
            if (worker not in {"", self._worker} and self._alive(worker)) or not self._claim(person, key):
                return Running()
            standing: Standing | None = None
            try:
                standing = self._entered({**named, "request": digest}, found[0] if found else None, serving=serving)
            finally:
                if standing is None:
                    self._release(person, key)
            if standing is not None:
                return standing

    def complete(self, person: PersonId, *, key: str, outcome: str) -> None:
        """It is done: every repetition gets this."""
        try:
            with self._database.transaction() as run:
                run.change(COMPLETE, {"person": person, "key": key, "worker": self._worker, "outcome": outcome})
        finally:
            self._release(person, key)

    def refuse(self, person: PersonId, *, key: str, after: Standing) -> None:
        """Nothing was done, so the key is free again; but what an earlier attempt may have done is not forgotten."""
        try:
            with self._database.transaction() as run:
                run.change(FORGET if isinstance(after, First) else PUT_DOWN, {"person": person, "key": key, "worker": self._worker})
        finally:
            self._release(person, key)

    def put_down(self, person: PersonId, *, key: str) -> None:
        """It is not known what was done: the next repetition finds out."""
        try:
            with self._database.transaction() as run:
                run.change(PUT_DOWN, {"person": person, "key": key, "worker": self._worker})
        finally:
            self._release(person, key)

    def recover(self) -> int:
        """Put down what this process began and works on no more: the database was lost when it ended, and others would wait for it."""
        with self._database.reading() as run:
            begun = [(PersonId(text(person)), text(key)) for person, key in run.rows(BEGUN_BY, {"worker": self._worker})]
        left = 0
        for person, key in begun:
            if self._claim(person, key):  # nobody here works on it, nor begins to before it is put down
                self.put_down(person, key=key)
                left += 1
        return left

    def purge(self, *, older_than: timedelta) -> int:
        """Forget keys of long ago."""
        with self._database.transaction() as run:
            return run.change(PURGE, {"before": moment(self._now() - older_than)})

    def _entered(self, named: dict[str, Value], found: Row | None, *, serving: str) -> Standing | None:
        """The request in the hands of this process; None when another was faster."""
        mine: dict[str, Value] = {"person": named["person"], "key": named["key"], "worker": self._worker}
        if found is None:
            try:
                with self._database.transaction() as run:
                    run.change(ENTER, {**named, "worker": self._worker, "serving": serving, "at": moment(self._now())})
            except DuplicateError:
                return None
            return First()
        with self._database.transaction() as run:
            if run.change(TAKE_OVER, {**mine, "was": found[2]}) != 1:
                return None
        return Interrupted(since=datetime.fromisoformat(text(found[5])), republished=found[1] != serving)

    def _claim(self, person: PersonId, key: str) -> bool:
        """One thread of this process works on a request."""
        with self._lock:
            if (person, key) in self._running:
                return False
            self._running.add((person, key))
            return True

    def _release(self, person: PersonId, key: str) -> None:
        with self._lock:
            self._running.discard((person, key))
