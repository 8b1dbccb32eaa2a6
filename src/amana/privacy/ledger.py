"""The one place where loss is spent: charge before the data is touched, never refund, settle with the rows. Proof: `ledger.md`.

Every change is one conditional statement inside one transaction; the same conditions stand as CHECKs in `ledger.sql`.
"""

import json
import secrets
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from threading import RLock
from typing import TypeAlias, cast, final

from amana.catalog.schema import Population
from amana.policy.permit import Permit
from amana.privacy.price import PrivatePlan
from amana.query.plan import KeyValue
from amana.query.released import NoiseKind, NoisyCell, NoisyTable, SumNoise
from amana.terms.canonical import canonical_bytes
from amana.terms.ids import ChargeId, DeltaUnits, Digest, NanoRho
from amana.terms.refusal import Refusal

FAULTS_MAX = 2
"""A fault may carry a bit of the data; after this many the permit waits for a review (PRIVACY 7)."""

INTEGER_MAX = 2**63 - 1
SPEND_POPULATION = """UPDATE population SET spent_nrho = spent_nrho + :nrho, spent_delta = spent_delta + :delta
WHERE name = :name AND spent_nrho + :nrho <= cap_nrho AND spent_delta + :delta <= cap_delta"""
SPEND_PERMIT = """UPDATE permit SET spent_nrho = spent_nrho + :nrho, spent_delta = spent_delta + :delta
WHERE id = :name AND spent_nrho + :nrho <= cap_nrho AND spent_delta + :delta <= cap_delta AND faults < :faults_max"""
INSERT_CHARGE = """INSERT INTO charge (id, population, permit, question, digest, bounds, nrho, delta, events, state, charged_at)
VALUES (:id, :population, :permit, :question, :digest, :bounds, :nrho, :delta, :events, 'charged', :at)"""
SETTLE = "UPDATE charge SET state = 'settled', released = :released WHERE id = :id AND state = 'charged'"
FAULT = "UPDATE charge SET state = 'faulted' WHERE id = :id AND state = 'charged'"
COUNT_FAULT = "UPDATE permit SET faults = faults + 1 WHERE id = :permit"
RECOVER = "UPDATE charge SET state = 'faulted' WHERE state = 'charged'"
NEW_POPULATION = "INSERT INTO population (name, cap_nrho, cap_delta) VALUES (:name, :nrho, :delta) ON CONFLICT DO NOTHING"
NEW_PERMIT = "INSERT INTO permit (id, population, cap_nrho, cap_delta) VALUES (:id, :population, :nrho, :delta) ON CONFLICT DO NOTHING"
SAME_CAP = "SELECT 1 FROM population WHERE name = :name AND cap_nrho = :nrho AND cap_delta = :delta"
BALANCE = "SELECT cap_nrho, spent_nrho, cap_delta, spent_delta FROM population WHERE name = ?"
PERMIT_STATE = "SELECT cap_nrho - spent_nrho, cap_delta - spent_delta, faults FROM permit WHERE id = ?"
BY_DIGEST = "SELECT state, released, bounds FROM charge WHERE digest = ? AND state <> 'faulted'"
BY_QUESTION = "SELECT released, bounds FROM charge WHERE question = ? AND state = 'settled' ORDER BY rowid"
TOTALS = "SELECT name, spent_nrho, spent_delta FROM population"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Keyed digests that tell one question from another (PRIVACY 10). `digest` includes the precision."""

    question: Digest
    digest: Digest
    bounds: Digest


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """The loss stands: only the ledger makes one."""

    id: ChargeId
    nano_rho: NanoRho
    delta_units: DeltaUnits


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """A settled release and the digest of its bounds."""

    released: NoisyTable
    bounds: Digest


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """Somebody's charge for the same question, not settled yet."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    cap_nrho: NanoRho
    spent_nrho: NanoRho
    cap_delta: DeltaUnits
    spent_delta: DeltaUnits


Recalled: TypeAlias = Earlier | Pending | None


@final
class Ledger:
    """All spending of one node. Thread-safe; other processes are kept out by the node's lock and by BEGIN IMMEDIATE."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """`connection`: autocommit (isolation_level None), usable from several threads; made durable here."""
        self._connection, self._lock = connection, RLock()
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "busy_timeout = 10000"):
            connection.execute(f"PRAGMA {pragma}")
        connection.executescript(files("amana.privacy").joinpath("ledger.sql").read_text("utf-8"))

    def open_population(self, population: Population) -> None:
        """Enter a population once; its caps are for life (PRIVACY 1).

        Errors: Refusal budget.cap_changed when another cap stands.
        """
        row = {"name": population.name, "nrho": population.cap_nrho, "delta": population.cap_delta}
        with self._transaction() as run:
            run.execute(NEW_POPULATION, row)
            if run.execute(SAME_CAP, row).fetchone() is None:
                raise Refusal("budget.cap_changed", population=population.name)

    def open_permit(self, permit: Permit) -> None:
        """Enter a permit once."""
        row = {"id": permit.id, "population": permit.population, "nrho": permit.cap_nrho, "delta": permit.cap_delta}
        with self._transaction() as run:
            run.execute(NEW_PERMIT, row)

    def recall(self, digest: Digest) -> Recalled:
        """What was released for that question and precision, if anything."""
        with self._lock:
            found = self._connection.execute(BY_DIGEST, (digest,)).fetchone()
        if found is None:
            return None
        return Pending() if found[0] == "charged" else Earlier(released=_read(found[1]), bounds=found[2])

    def earlier(self, question: Digest) -> tuple[Earlier, ...]:
        """All settled releases of the same plan and version, oldest first."""
        with self._lock:
            found = self._connection.execute(BY_QUESTION, (question,)).fetchall()
        return tuple(Earlier(released=_read(released), bounds=bounds) for released, bounds in found)

    def charge(self, permit: Permit, private: PrivatePlan, asked: Asked, *, now: datetime) -> Charge:
        """Spend on the population and on the permit, both currencies, or on neither.

        Errors: Refusal budget.population_exhausted, budget.permit_exhausted, budget.permit_paused;
        sqlite3.IntegrityError when the same question is charged already (the caller recalls again).
        """
        made = Charge(id=ChargeId(secrets.token_hex(16)), nano_rho=private.nano_rho, delta_units=private.delta_units)
        spend = {"nrho": made.nano_rho, "delta": made.delta_units, "faults_max": FAULTS_MAX}
        with self._transaction() as run:
            if max(made.nano_rho, made.delta_units) > INTEGER_MAX:  # more than any cap can be
                raise self._refuse_population(permit, made)
            if run.execute(SPEND_POPULATION, {**spend, "name": permit.population}).rowcount != 1:
                raise self._refuse_population(permit, made)
            if run.execute(SPEND_PERMIT, {**spend, "name": permit.id}).rowcount != 1:
                raise self._refuse_permit(permit, made)
            run.execute(
                INSERT_CHARGE,
                {
                    "id": made.id,
                    "population": permit.population,
                    "permit": permit.id,
                    "at": now.isoformat(),
                    "question": asked.question,
                    "digest": asked.digest,
                    "bounds": asked.bounds,
                    "nrho": made.nano_rho,
                    "delta": made.delta_units,
                    "events": canonical_bytes(private.events).decode(),
                },
            )
        return made

    def settle(self, charge: Charge, released: NoisyTable) -> None:
        """Make the noisy rows durable: after this they may leave, and every retry gives the same rows."""
        with self._transaction() as run:
            changed = run.execute(SETTLE, {"id": charge.id, "released": _write(released)}).rowcount
            assert changed == 1, "a charge is settled once"

    def fault(self, charge: Charge, permit: Permit) -> None:
        """The run failed: the charge stands, its rows never come, and the permit's faults are counted."""
        with self._transaction() as run:
            run.execute(FAULT, {"id": charge.id})
            run.execute(COUNT_FAULT, {"permit": permit.id})

    def abandon(self, charge: Charge) -> None:
        """The asker stopped the run: the charge stands and its rows never come, but no fault is counted."""
        with self._transaction() as run:
            run.execute(FAULT, {"id": charge.id})

    def recover(self) -> int:
        """At start, with the node's lock held: charges that a crash left open stand, and will never be drawn again."""
        with self._transaction() as run:
            return run.execute(RECOVER).rowcount

    def balance(self, population: str) -> Balance | None:
        """Cap and spending of a population."""
        with self._lock:
            row = self._connection.execute(BALANCE, (population,)).fetchone()
        return row and Balance(cap_nrho=row[0], spent_nrho=row[1], cap_delta=row[2], spent_delta=row[3])

    def close(self) -> None:
        """Give the connection back."""
        with self._lock:
            self._connection.close()

    def check_against_log(self, logged: dict[str, tuple[int, int]]) -> None:
        """Refuse service when the log knows of more spending than this ledger: a restored old copy (PRIVACY 12).

        Errors: Refusal budget.ledger_behind_log.
        """
        with self._lock:
            spent = {name: (nrho, delta) for name, nrho, delta in self._connection.execute(TOTALS)}
        for population, (nrho, delta) in logged.items():
            have = spent.get(population, (0, 0))
            if have[0] < nrho or have[1] < delta:
                raise Refusal("budget.ledger_behind_log", population=population)

    def _refuse_population(self, permit: Permit, charge: Charge) -> Refusal:
        row = self._connection.execute(BALANCE, (permit.population,)).fetchone()
        left = 0 if row is None else row[0] - row[1]
        return Refusal("budget.population_exhausted", population=permit.population, asked=charge.nano_rho, left=left)

    def _refuse_permit(self, permit: Permit, charge: Charge) -> Refusal:
        row = self._connection.execute(PERMIT_STATE, (permit.id,)).fetchone()
        if row is not None and row[2] >= FAULTS_MAX:
            return Refusal("budget.permit_paused", permit=permit.id)
        return Refusal("budget.permit_exhausted", permit=permit.id, asked=charge.nano_rho, left=0 if row is None else row[0])

    @contextmanager
    def _transaction(self) -> Generator[sqlite3.Connection]:
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise


def _write(released: NoisyTable) -> str:
    noise = [[n.kind.value, n.scale, n.decimals] for n in released.noise]
    return json.dumps({"keys": released.keys, "cells": released.cells, "noise": noise}, separators=(",", ":"))


def _read(text: str) -> NoisyTable:
    stored = cast("dict[str, list[list[object]]]", json.loads(text))
    noise = tuple(SumNoise(kind=NoiseKind(n[0]), scale=cast("float", n[1]), decimals=cast("int", n[2])) for n in stored["noise"])
    return NoisyTable(
        keys=tuple(tuple(cast("list[KeyValue]", key)) for key in stored["keys"]),
        cells=tuple(tuple(_cell(cell) for cell in row) for row in stored["cells"]),
        noise=noise,
    )


def _cell(cell: object) -> NoisyCell:
    if isinstance(cell, list):
        return tuple(tuple(level) for level in cast("list[list[float | None]]", cell))
    return cast("float", cell)
