"""Threads, killed processes and restored copies: nothing is spent twice, and nothing spent is forgotten."""

import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from amana.log.writer import TiledLog
from amana.node.logged import logged
from amana.privacy.kernel import Answer
from amana.privacy.ledger import Ledger
from amana.privacy.release import answer
from amana.terms.refusal import Refusal
from tests.crash.test_ledger_machine import asked, costing, rows
from tests.parts import (
    FakeClock,
    FakeEngine,
    WritingLog,
    asking,
    balance_of,
    connect,
    kernel,
    leave,
    ledger_at,
    log_at,
    nobody,
    rows_of,
    version,
)

pytestmark = pytest.mark.usefixtures("each_database")

THREADS = 16


class PatientClock(FakeClock):
    """Lets other threads run while somebody waits; time passes by itself."""

    def elapsed(self) -> float:
        return time.monotonic()

    def sleep_until(self, elapsed: float) -> None:
        time.sleep(0.002)


def in_threads(work: Sequence[Callable[[], object]]) -> list[BaseException]:
    failures: list[BaseException] = []

    def run(one: Callable[[], object]) -> None:
        try:
            one()
        except BaseException as failure:  # noqa: BLE001
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(one,)) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
    return failures


def test_a_question_asked_by_sixteen_threads_is_charged_once_and_gives_all_the_same_rows(tmp_path: Path) -> None:
    of = version()
    answers: list[Answer] = []
    with ledger_at(tmp_path / "ledger", of) as ledger:
        engine = FakeEngine(cells={(): (1000,)}, before=lambda: time.sleep(0.05))
        parts = kernel(ledger, engine, clock=PatientClock())
        assert in_threads([lambda: answers.append(answer(asking(of), parts))] * THREADS) == []
        balance = balance_of(ledger, of)
    assert len(engine.runs) == 1
    assert len({one.released.cells for one in answers}) == 1
    assert balance.spent_nrho == sum(one.cost_nrho for one in answers) == max(one.cost_nrho for one in answers)


def test_threads_that_ask_different_things_never_pass_the_cap(tmp_path: Path) -> None:
    of = version(cap_nrho=100)
    with ledger_at(tmp_path / "ledger", of) as ledger:
        work = [lambda i=i: ledger.charge(leave(of), costing(15), asked(str(i)), now=FakeClock().now()) for i in range(THREADS)]
        failures = in_threads(work)
        balance = balance_of(ledger, of)
    assert balance.spent_nrho == 90
    assert len(failures) == THREADS - 6
    assert {one.code for one in failures if isinstance(one, Refusal)} == {"budget.population_exhausted"}


CHARGING = """
import sys, itertools
from tests.crash.test_ledger_machine import asked, costing, rows
from tests.parts import balance_of, FakeClock, leave, ledger_at, nobody, version
of = version(cap_nrho=10**6)
with ledger_at(sys.argv[1], of) as ledger:
    ledger.recover(alive=nobody)
    print("ready", flush=True)
    for i in itertools.count():
        charge = ledger.charge(leave(of), costing(7, 1), asked(sys.argv[2] + str(i)), now=FakeClock().now())
        print("charged", flush=True)
        ledger.settle(charge, rows(i))
        print("settled", flush=True)
"""


@pytest.mark.parametrize("seed", range(4))
def test_a_killed_process_leaves_every_charge_accounted_for(tmp_path: Path, seed: int) -> None:
    path, luck, told_charged, told_settled = tmp_path / "ledger", random.Random(seed), 0, 0
    for life in range(3):
        command = [sys.executable, "-c", CHARGING, str(path), f"life {life} "]
        child = subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": "src:."}, cwd=Path(__file__).parents[2]
        )
        assert child.stdout is not None and child.stdout.readline() == "ready\n"
        time.sleep(luck.uniform(0, 0.25))
        child.send_signal(signal.SIGKILL)
        told = child.stdout.read().split()
        child.wait()
        told_charged, told_settled = told_charged + told.count("charged"), told_settled + told.count("settled")
    of = version(cap_nrho=10**6)
    with ledger_at(path, of) as ledger:
        open_before = ledger.recover(alive=nobody)
        balance = balance_of(ledger, of)
    states = dict(rows_of(path, "SELECT state, count(*) FROM charge GROUP BY state"))
    [(bare,)] = rows_of(path, "SELECT count(*) FROM charge WHERE released IS NOT NULL AND state <> 'settled'")
    charges = sum(states.values())
    assert "charged" not in states and bare == 0
    assert balance.spent_nrho == 7 * charges and balance.spent_delta == charges <= 10**6
    assert charges >= told_charged, "a charge that was told to anyone is never lost"
    assert states.get("settled", 0) >= told_settled, "rows that were told to be durable are never lost"
    assert open_before <= 1


def totals(log: TiledLog) -> dict[str, tuple[int, int]]:
    return logged(log, kept=Path(os.devnull))


def test_a_restored_old_ledger_refuses_service(tmp_path: Path, each_database: str) -> None:
    if each_database == "postgres":
        pytest.skip("a file is copied here; the check itself is the same, and tests/unit/test_ledger.py runs it on both")
    of = version()
    log = log_at(tmp_path / "log")
    with ledger_at(tmp_path / "ledger", of) as ledger:
        answer(asking(of), kernel(ledger, FakeEngine(cells={(): (5,)}), log=WritingLog(log)))  # type: ignore[arg-type]
    old = tmp_path / "old"
    shutil.copytree(tmp_path, old)
    with ledger_at(tmp_path / "ledger", of) as ledger:
        answer(asking(version(), plan=other_plan()), kernel(ledger, FakeEngine(cells={(): (5,)}), log=WritingLog(log)))  # type: ignore[arg-type]
        ledger.check_against_log(totals(log))
    restored = Ledger(connect(old / "ledger"), worker="other")
    earlier = log_at(old / "log")
    restored.check_against_log(totals(earlier))
    earlier.close()
    with pytest.raises(Refusal, match="ledger_behind_log"):
        restored.check_against_log(totals(log))
    restored.close()
    fresh = Ledger(connect(tmp_path / "fresh"), worker="other")
    with pytest.raises(Refusal, match="ledger_behind_log"):
        fresh.check_against_log(totals(log))
    fresh.close()


def other_plan():  # type: ignore[no-untyped-def]
    from dataclasses import replace

    from amana.query.expr import Column
    from amana.query.plan import RowSum
    from tests.parts import COUNT_VISITS

    return replace(COUNT_VISITS, sums=(RowSum(value=Column(name="v.stay")),))


def test_a_second_process_waits_for_the_first_ones_transaction(tmp_path: Path) -> None:
    of = version()
    with ledger_at(tmp_path / "ledger", of) as ledger, ledger_at(tmp_path / "ledger", of) as other:
        one = ledger.charge(leave(of), costing(10), asked("one"), now=FakeClock().now())
        two = other.charge(leave(of), costing(20), asked("two"), now=FakeClock().now())
        other.settle(two, rows(2))
        ledger.settle(one, rows(1))
        balance = balance_of(other, of)
    assert balance.spent_nrho == 30
