"""The one place where loss is spent: charge before the data is touched, never refund, settle with the rows. Proof: `ledger.md`.

Every change is one conditional statement inside one transaction; the same conditions stand as CHECKs in `ledger.sql`.
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import TypeAlias, final

from amana.catalog.schema import Period, Population
from amana.policy.permit import Allowance, Permit
from amana.policy.projects import PermitRecord
from amana.privacy.price import Priced
from amana.privacy.rows import read_rows, write_rows
from amana.query.released import NoisyTable
from amana.terms.canonical import canonical_bytes
from amana.terms.database import Database, Row, Transaction, Value, moment, text, whole
from amana.terms.ids import ChargeId, DeltaUnits, Digest, NanoRho, PermitId, PopulationName
from amana.terms.refusal import Fault, Refusal

FAULTS_MAX = 2
"""A fault may carry a bit of the data; after this many the permit waits for a review (PRIVACY 7)."""

CLOCK_BACK_MAX = timedelta(minutes=5)
"""A clock that went back further spends nothing: it could open a period that is over."""

INTEGER_MAX = 2**63 - 1
MEET = """UPDATE population SET latest_at = CASE WHEN latest_at < :at THEN :at ELSE latest_at END
WHERE name = :population AND latest_at <= :latest"""
SPEND_POPULATION = """UPDATE account SET spent_nrho = spent_nrho + :nrho, spent_delta = spent_delta + :delta
WHERE name = :name AND kind = 'population' AND spent_nrho + :nrho <= cap_nrho AND spent_delta + :delta <= cap_delta"""
SPEND_OWN = """UPDATE account SET spent_nrho = spent_nrho + :nrho, spent_delta = spent_delta + :delta
WHERE name = :name AND population = :population AND spent_nrho + :nrho <= cap_nrho AND spent_delta + :delta <= cap_delta
AND faults < :faults_max"""
INSERT_CHARGE = """INSERT INTO charge (id, sequence, population, permit, allowance, question, digest, bounds, nrho, delta, events, worker,
state, charged_at) VALUES (:id, (SELECT COALESCE(MAX(sequence), 0) + 1 FROM charge WHERE question = :question), :population, :permit,
:allowance, :question, :digest, :bounds, :nrho, :delta, :events, :worker, 'charged', :at)"""
SETTLE = "UPDATE charge SET state = 'settled', released = :released WHERE id = :id AND state = 'charged'"
SETTLED = "SELECT 1 FROM charge WHERE id = :id AND state = 'settled'"
FAULT = "UPDATE charge SET state = 'faulted' WHERE id = :id AND state = 'charged'"
COUNT_FAULT = "UPDATE account SET faults = faults + 1 WHERE name = :permit"
FORGIVE_FAULTS = "UPDATE account SET faults = 0 WHERE name = :permit"
OPEN_CHARGES = "SELECT id, worker FROM charge WHERE state = 'charged'"
NEW_POPULATION = """INSERT INTO population (name, period, cap_nrho, cap_delta, latest_at)
VALUES (:population, :period, :nrho, :delta, '') ON CONFLICT DO NOTHING"""
ENTER = """INSERT INTO account (name, kind, population, cap_nrho, cap_delta) VALUES (:name, :kind, :population, :nrho, :delta)
ON CONFLICT (name) DO UPDATE SET cap_nrho = :nrho, cap_delta = :delta
WHERE account.population = :population AND account.cap_nrho <= :nrho AND account.cap_delta <= :delta"""
OPEN_PERIOD = """INSERT INTO account (name, kind, population, cap_nrho, cap_delta)
SELECT :name, 'population', name, cap_nrho, cap_delta FROM population WHERE name = :population ON CONFLICT DO NOTHING"""
PROMISE = "SELECT period, cap_nrho, cap_delta FROM population WHERE name = :population"
ACCOUNT = "SELECT cap_nrho, spent_nrho, cap_delta, spent_delta, faults FROM account WHERE name = :name"
BY_DIGEST = "SELECT state, released, bounds FROM charge WHERE digest = :digest AND state <> 'faulted'"
BY_QUESTION = "SELECT released, bounds FROM charge WHERE question = :question AND state = 'settled' ORDER BY sequence"
LOST = """SELECT id FROM charge WHERE question = :question AND state = 'faulted' AND charged_at >= :since"""
TOTALS = """SELECT population, CAST(SUM(spent_nrho) AS INTEGER), CAST(SUM(spent_delta) AS INTEGER) FROM account
WHERE kind = 'population' GROUP BY population"""
BY_PERMIT = """SELECT SUBSTR(charge.permit, 8), CAST(SUM(charge.nrho) AS INTEGER), CAST(SUM(charge.delta) AS INTEGER)
FROM charge JOIN account ON account.name = charge.population WHERE account.population = :population
GROUP BY charge.permit ORDER BY charge.permit"""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Keyed digests that tell one question from another (PRIVACY 10). `digest` includes the precision."""

    question: Digest
    digest: Digest
    bounds: Digest


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the public is told of a population's account: of which period it is, and what is left of it."""

    period: str
    left_nrho: NanoRho
    left_delta: DeltaUnits


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """The loss stands: only the ledger makes one. `standing`: of the population's account after it."""

    id: ChargeId
    nano_rho: NanoRho
    delta_units: DeltaUnits
    standing: Standing


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
class Spending:
    """What one permit took, over all its life."""

    permit: PermitId
    nano_rho: NanoRho
    delta_units: DeltaUnits


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
    """All spending of one node. Thread-safe; other processes are kept apart by the database's own transactions."""

    def __init__(self, database: Database, *, worker: str) -> None:
        """`worker`: the name of this process, by which others know whether its charges can still be settled."""
        self._database, self._worker = database, worker
        self._running: set[ChargeId] = set()
        self._lock = Lock()

    def open_population(self, population: Population) -> None:
        """Enter a population once; its promise is for life (PRIVACY 1).

        Errors: Refusal budget.cap_changed when another promise stands.
        """
        promise = (period_of(population.period), population.cap_nrho, population.cap_delta)
        row: dict[str, Value] = {"population": population.name, "period": promise[0], "nrho": promise[1], "delta": promise[2]}
        with self._database.transaction() as run:
            run.change(NEW_POPULATION, row)
            if run.rows(PROMISE, {"population": population.name}) != [promise]:
                raise Refusal("budget.cap_changed", population=population.name)

    def open_permit(self, permit: Permit) -> None:
        """Enter a permit, and the allowance of an assistant under it; entered again with larger caps, they are widened."""
        for name, kind, nrho, delta in _own_accounts(permit):
            self._enter(name, kind, permit.population, nrho, delta)

    def open_account(self, permit: PermitId, *, population: PopulationName, cap_nrho: NanoRho, cap_delta: DeltaUnits) -> None:
        """Enter or widen a permit that nobody uses yet."""
        self._enter(f"permit {permit}", "permit", population, cap_nrho, cap_delta)

    def recall(self, digest: Digest) -> Recalled:
        """What was released for that question and precision, if anything."""
        with self._database.reading() as run:
            found = run.rows(BY_DIGEST, {"digest": digest})
        if not found:
            return None
        state, released, bounds = found[0]
        return Pending() if state == "charged" else Earlier(released=read_rows(text(released)), bounds=Digest(text(bounds)))

    def earlier(self, question: Digest) -> tuple[Earlier, ...]:
        """All settled releases of the same plan and version, oldest first."""
        with self._database.reading() as run:
            found = run.rows(BY_QUESTION, {"question": question})
        return tuple(Earlier(released=read_rows(text(released)), bounds=Digest(text(bounds))) for released, bounds in found)

    def charge(self, permit: Permit, private: Priced, asked: Asked, *, now: datetime) -> Charge:
        """Spend what that costs from every account that it touches, or nothing at all. Durable when it returns.

        Errors: Refusal budget.population_exhausted, budget.permit_exhausted, budget.permit_paused, budget.clock_went_back;
        DuplicateError when the same question is charged already (the caller recalls again); Fault when it may stand (`recover` closes it).
        """
        made, cost = ChargeId(secrets.token_hex(16)), private.nano_rho
        if max(cost, private.delta_units) > INTEGER_MAX:
            raise _exhausted_population(permit, cost, left=0)
        spend: dict[str, Value] = {"nrho": cost, "delta": private.delta_units}
        with self._lock:
            self._running.add(made)
        try:
            with self._database.transaction() as run:
                population = self._meet(run, permit, cost, now=now)
                if run.change(SPEND_POPULATION, {**spend, "name": population}) != 1:
                    raise self._refuse_population(run, permit, cost, account=population)
                for name, *_ in _own_accounts(permit):
                    own = {**spend, "name": name, "population": permit.population, "faults_max": FAULTS_MAX}
                    if run.change(SPEND_OWN, own) != 1:
                        raise self._refuse_own(run, permit, cost, account=name)
                run.change(INSERT_CHARGE, {**spend, **self._row(made, permit, private, asked), "population": population, "at": moment(now)})
                standing = _standing(_held(run.rows(ACCOUNT, {"name": population})[0]), permit.population, account=population)
        except BaseException:
            self._over(made)
            raise
        return Charge(id=made, nano_rho=cost, delta_units=private.delta_units, standing=standing)

    def settle(self, charge: Charge, released: NoisyTable) -> None:
        """Make the noisy rows durable: after this they may leave, and every retry gives the same rows."""
        try:
            with self._database.transaction() as run:
                changed = run.change(SETTLE, {"id": charge.id, "released": write_rows(released)})
                assert changed == 1, "a charge is settled once"
        except Fault:  # the word of the commit was lost
            with self._database.reading() as run:
                if run.rows(SETTLED, {"id": charge.id}) != [(1,)]:
                    raise
        self._over(charge.id)

    def fault(self, charge: Charge, permit: Permit | None) -> None:
        """The run failed: the charge stands and its rows never come, unless it is settled. `permit`: whose faults it counts among."""
        self._over(charge.id)
        with self._database.transaction() as run:
            if run.change(FAULT, {"id": charge.id}) == 1 and permit is not None:
                run.change(COUNT_FAULT, {"permit": f"permit {permit.id}"})

    def abandon(self, charge: Charge) -> None:
        """The asker stopped the run: the charge stands and its rows never come, but no fault is counted."""
        self.fault(charge, None)

    def reviewed(self, permit: PermitId) -> None:
        """A person looked into the faults of that permit: it may be used again."""
        with self._database.transaction() as run:
            run.change(FORGIVE_FAULTS, {"permit": f"permit {permit}"})

    def recover(self, *, alive: Callable[[str], bool]) -> int:
        """Close the charges that nobody runs any more: they stand, and will never be drawn again.

        `alive`: whether that other worker may still settle its charges.
        """
        with self._database.reading() as run:
            open_now = [(ChargeId(text(name)), text(worker)) for name, worker in run.rows(OPEN_CHARGES, {})]
        with self._lock:  # looked at after the charges were read: what was running then is still in it, or closed
            lost = [name for name, worker in open_now if worker == self._worker and name not in self._running]
        living = {worker: alive(worker) for worker in {worker for _, worker in open_now} - {self._worker}}
        lost += [name for name, worker in open_now if not living.get(worker, True)]
        closed = 0
        for name in lost:
            with self._database.transaction() as run:
                closed += run.change(FAULT, {"id": name})
        return closed

    def balance(self, population: Population, *, now: datetime) -> Balance:
        """Cap and spending of a population in the period of that moment."""
        account = account_of(population.name, period_of(population.period), now=now)
        return self._balance(account, population.cap_nrho, population.cap_delta)

    def standing(self, population: Population, *, now: datetime) -> Standing:
        """What is left in the period of that moment, for a use that costs nothing."""
        account = account_of(population.name, period_of(population.period), now=now)
        return _standing(self.balance(population, now=now), population.name, account=account)

    def balance_of(self, of: Permit | PermitRecord | Allowance) -> Balance:
        """Cap and spending of a permit, or of an allowance under one."""
        kind = "allowance" if isinstance(of, Allowance) else "permit"
        return self._balance(f"{kind} {of.id}", of.cap_nrho, of.cap_delta)

    def spent_by_permit(self, population: str) -> tuple[Spending, ...]:
        """What each permit took from a population in all its life."""
        with self._database.reading() as run:
            found = run.rows(BY_PERMIT, {"population": population})
        return tuple(
            Spending(permit=PermitId(text(permit)), nano_rho=NanoRho(whole(nrho)), delta_units=DeltaUnits(whole(delta)))
            for permit, nrho, delta in found
        )

    def lost(self, question: Digest, *, since: datetime) -> bool:
        """Whether a charge for that plan and version, made since then under whichever permit, lost its rows."""
        values = {"question": question, "since": moment(since - CLOCK_BACK_MAX)}
        with self._database.reading() as run:
            return bool(run.rows(LOST, values))

    def close(self) -> None:
        """Give the database back."""
        self._database.close()

    def check_against_log(self, logged: Mapping[str, tuple[int, int]]) -> None:
        """Refuse service when the log knows of more spending than this ledger: a restored old copy (PRIVACY 12).

        Errors: Refusal budget.ledger_behind_log.
        """
        with self._database.reading() as run:
            spent = {name: (whole(nrho), whole(delta)) for name, nrho, delta in run.rows(TOTALS, {})}
        for population, (nrho, delta) in logged.items():
            have = spent.get(population, (0, 0))
            if have[0] < nrho or have[1] < delta:
                raise Refusal("budget.ledger_behind_log", population=population)

    def _enter(self, name: str, kind: str, population: PopulationName, nrho: int, delta: int) -> None:
        with self._database.transaction() as run:
            run.change(ENTER, {"name": name, "kind": kind, "population": population, "nrho": nrho, "delta": delta})

    def _balance(self, account: str, cap_nrho: NanoRho, cap_delta: DeltaUnits) -> Balance:
        with self._database.reading() as run:
            found = run.rows(ACCOUNT, {"name": account})
        if not found:  # nothing was ever spent from it
            return Balance(cap_nrho=cap_nrho, spent_nrho=NanoRho(0), cap_delta=cap_delta, spent_delta=DeltaUnits(0))
        return _held(found[0])

    def _meet(self, run: Transaction, permit: Permit, cost: NanoRho, *, now: datetime) -> str:
        """The population's account in the current period; its row is held until the transaction ends."""
        met = {"population": permit.population, "at": moment(now), "latest": moment(now + CLOCK_BACK_MAX)}
        promise = run.rows(PROMISE, met)
        if not promise:
            raise _exhausted_population(permit, cost, left=0)
        if run.change(MEET, met) != 1:
            raise Refusal("budget.clock_went_back", population=permit.population)
        account = account_of(permit.population, text(promise[0][0]), now=now)
        run.change(OPEN_PERIOD, {"name": account, "population": permit.population})
        return account

    def _row(self, charge: ChargeId, permit: Permit, private: Priced, asked: Asked) -> dict[str, Value]:
        return {
            "id": charge,
            "permit": f"permit {permit.id}",
            "allowance": None if permit.allowance is None else f"allowance {permit.allowance.id}",
            "question": asked.question,
            "digest": asked.digest,
            "bounds": asked.bounds,
            "events": canonical_bytes(private.events).decode(),
            "worker": self._worker,
        }

    def _over(self, charge: ChargeId) -> None:
        with self._lock:
            self._running.discard(charge)

    def _refuse_population(self, run: Transaction, permit: Permit, cost: NanoRho, *, account: str) -> Refusal:
        cap, spent = (whole(value) for value in run.rows(ACCOUNT, {"name": account})[0][:2])
        return _exhausted_population(permit, cost, left=cap - spent)

    def _refuse_own(self, run: Transaction, permit: Permit, cost: NanoRho, *, account: str) -> Refusal:
        found = run.rows(ACCOUNT, {"name": account})
        if found and whole(found[0][4]) >= FAULTS_MAX:
            return Refusal("budget.permit_paused", permit=permit.id)
        cap, spent = (whole(value) for value in found[0][:2]) if found else (0, 0)
        code = "budget.permit_exhausted" if account.startswith("permit ") else "budget.allowance_exhausted"
        asked, left = cost, cap - spent
        return Refusal(code, permit=permit.id, asked=asked, left=left, percent=_percent(asked, left))


def account_of(population: str, period: str, *, now: datetime) -> str:
    """The name of the account that a population spends from at that moment. Source: periods of the Gregorian calendar in UTC."""
    now = now.astimezone(UTC)
    suffix = {"life": "", "year": f" {now:%Y}", "quarter": f" {now:%Y}-Q{(now.month + 2) // 3}", "month": f" {now:%Y-%m}"}
    return f"population {population}{suffix[period]}"


def period_of(period: Period | None) -> str:
    """The word of the ledger for a promise: for life where there is no period."""
    return "life" if period is None else period.value


def _held(row: Row) -> Balance:
    nrho, spent, delta, spent_delta = (whole(value) for value in row[:4])
    return Balance(cap_nrho=NanoRho(nrho), spent_nrho=NanoRho(spent), cap_delta=DeltaUnits(delta), spent_delta=DeltaUnits(spent_delta))


def _standing(balance: Balance, population: PopulationName, *, account: str) -> Standing:
    return Standing(
        period=account.removeprefix(f"population {population}").lstrip() or "life",
        left_nrho=NanoRho(balance.cap_nrho - balance.spent_nrho),
        left_delta=DeltaUnits(balance.cap_delta - balance.spent_delta),
    )


def _exhausted_population(permit: Permit, asked: NanoRho, *, left: int) -> Refusal:
    code, population, percent = "budget.population_exhausted", permit.population, _percent(asked, left)
    return Refusal(code, population=population, dataset=permit.dataset, asked=asked, left=left, percent=percent)


def _percent(asked: int, left: int) -> str:
    """What is asked as a share of what is left, for people: twice the width costs a quarter, so they know what to ask for."""
    return f"{-(-100 * asked // left)}" if left > 0 else "∞"


def _own_accounts(permit: Permit) -> tuple[tuple[str, str, int, int], ...]:
    """(name, kind, cap in nano-rho, cap in 2**-64) of the permit and of the allowance under it."""
    own = (f"permit {permit.id}", "permit", permit.cap_nrho, permit.cap_delta)
    if permit.allowance is None:
        return (own,)
    allowance = permit.allowance
    return (own, (f"allowance {allowance.id}", "allowance", allowance.cap_nrho, allowance.cap_delta))
