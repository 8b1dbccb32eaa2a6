"""A server killed at random moments while 200 questions are in flight: the budget, the log and every answer hold."""

import json
import os
import random
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from amana.node.asking import Constants, asking_of, cap_of, digests_of
from amana.node.service import Asked, Service, open_service
from tests.clinic import database_of, rows
from tests.crash.running import PythonQuestioner, Questioner, Running, ask_at_once, running, wait_for
from tests.doors.http_node import lay_down, populate
from tests.parts import logged_entries

SETTINGS = "job_after_ms = 700\njobs_running_max = 8\ntend_ms = 500\n"
"""Medians are jobs; all else is answered at once."""
ALONE, SHARED, JOBS, BY_CLIENT = 120, 40, 16, 24
QUESTIONS = ALONE + SHARED + JOBS + BY_CLIENT
CHARGES = "SELECT id, question, digest, state, nrho, delta, permit, population FROM charge ORDER BY charged_at"
ACCOUNTS = "SELECT name, kind, cap_nrho, spent_nrho, cap_delta, spent_delta FROM account"
AT_WORK = "SELECT id FROM charge WHERE state = 'charged'"
JOB_ROWS = "SELECT id, state, over_at, digest FROM job"
OVER = {"done", "settled", "failed", "refused"}


@dataclass(frozen=True, kw_only=True)
class Place:
    """A published folder with people, and the token and permit of a member."""

    folder: Path
    token: str
    permit: str


@pytest.fixture
def place(tmp_path: Path, each_database: str, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setenv("AMANA_DATABASE", database_of(os.environ.get("AMANA_TEST_DATABASE", "sqlite")))
    folder = tmp_path / "node"
    lay_down(folder, settings=SETTINGS)
    service = open_service(folder)
    _, tokens, _, permit = populate(service)
    service.close()
    return Place(folder=folder, token=tokens["member"], permit=permit)


def questioners(url: str, place: Place, *, share: str) -> list[Questioner]:
    """One each for most questions, two for some, long ones, and some with the client that users have."""
    who = {"url": url, "token": place.token, "share": share, "permit": place.permit}
    made = [Questioner(sql=f"SELECT COUNT(*) AS n FROM visits WHERE cost < {n / 2 + 5}", **who) for n in range(ALONE)]
    made += [
        Questioner(sql=f"SELECT region, SUM(cost) AS s FROM visits WHERE cost < {n // 2 + 5} GROUP BY region", **who) for n in range(SHARED)
    ]
    made += [Questioner(sql=f"SELECT MEDIAN(cost) AS m FROM visits WHERE cost < {n + 50}", **who) for n in range(JOBS)]
    made += [PythonQuestioner(sql=f"SELECT AVG(cost) AS a FROM visits WHERE cost < {n + 50}", **who) for n in range(BY_CLIENT)]
    random.Random(3).shuffle(made)
    return made


def killed_at_random(server: Running, *, seed: int, groups: Sequence[bool]) -> None:
    """Each time at a random moment after a question is at work: all processes at once, or the first alone."""
    chance = random.Random(seed)
    for group in groups:
        until = time.monotonic() + 10
        while not rows(server.folder, AT_WORK) and time.monotonic() < until:
            time.sleep(0.05)
        time.sleep(chance.uniform(0, 0.6))
        server.kill(group=group)
        server.start()


@pytest.mark.slow
def test_200_questions_at_once_survive_kills(place: Place) -> None:
    with running(place.folder) as server:
        asking = questioners(server.url, place, share="0.2%")
        ask_at_once(asking)
        killed_at_random(server, seed=5, groups=(True, True, True))
        wait_for(asking, seconds_max=40)
        assert server.stop() == 0
    check_all(place, asking)
    outcomes = Counter(each.outcome.status for each in asking if each.outcome is not None)
    assert set(outcomes) <= {200, 500}
    assert outcomes[200] > QUESTIONS // 4
    assert ("faulted",) in {row[3:4] for row in rows(place.folder, CHARGES)}, "a kill came while a question ran"


@pytest.mark.slow
def test_a_cap_that_is_reached_between_kills_is_never_passed_by_one_worker_or_two(place: Place) -> None:
    workers = 1 if os.environ["AMANA_DATABASE"] == "sqlite" else 2
    with running(place.folder, workers=workers) as server:
        asking = questioners(server.url, place, share="1%")
        ask_at_once(asking)
        killed_at_random(server, seed=6, groups=(True, False))  # with the first alone, the others must end by themselves
        wait_for(asking, seconds_max=40)
        assert server.stop() == 0
    check_all(place, asking)
    refused = Counter(each.outcome.name for each in asking if each.outcome is not None and each.outcome.name)
    assert set(refused) <= {"budget.permit_exhausted", "permit.exhausted"}
    assert sum(refused.values()) > QUESTIONS // 4
    permit = next(row for row in rows(place.folder, ACCOUNTS) if row[0] == f"permit {place.permit}")
    assert 0.9 * float(permit[2] or 0) <= float(permit[3] or 0) <= float(permit[2] or 0), "it was reached"


def check_all(place: Place, asking: Sequence[Questioner]) -> None:
    """All that must hold, from the database, the log and the questioners' notes, once no server runs."""
    service = open_service(place.folder)  # it recovers
    try:
        charges = rows(place.folder, CHARGES)
        check_money(place, charges)
        check_questions(service, asking, charges)
        check_jobs(place, asking)
        check_recalled(service, place, asking)
    finally:
        service.close()


def check_money(place: Place, charges: Sequence[Sequence[Any]]) -> None:
    accounts = {str(row[0]): [int(value or 0) for value in row[2:]] for row in rows(place.folder, ACCOUNTS)}
    assert {row[3] for row in charges} <= {"settled", "faulted"}, "every charge has a run or a fault"
    spent: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for _, _, _, _, nrho, delta, permit, population in charges:
        for account in (permit, population):
            spent[account][0] += nrho
            spent[account][1] += delta
    for name, (cap_nrho, spent_nrho, cap_delta, spent_delta) in accounts.items():
        assert spent_nrho <= cap_nrho and spent_delta <= cap_delta, name
        assert [spent_nrho, spent_delta] == spent[name], name
    written = logged_entries(place.folder)
    logged = [entry for entry in written if entry["kind"] == "use"]
    (population,) = {row[7] for row in charges}
    assert sum(int(entry["cost_nrho"]) for entry in logged) <= spent[population][0]
    assert sum(int(entry["cost_delta"]) for entry in logged) <= spent[population][1]
    settled = [row for row in charges if row[3] == "settled"]
    assert sum(entry["verb"] != "recall" for entry in logged) >= len(settled), "every release stands in the log"


def check_questions(service: Service, asking: Sequence[Questioner], charges: Sequence[Sequence[Any]]) -> None:
    """`charges` of a question: no more than it had keys, at most one that is not faulted, and behind every answer."""
    by_question: Mapping[str, list[Sequence[Any]]] = defaultdict(list)
    for row in charges:
        by_question[row[1]].append(row)
    by_sql: Mapping[str, list[Questioner]] = defaultdict(list)
    for each in asking:
        by_sql[each.sql].append(each)
    for sql, askers in by_sql.items():
        made = by_question[digest_of(service, sql, share=askers[0].share)]
        keys = sum(each.tries if isinstance(each, PythonQuestioner) else 1 for each in askers)
        assert len(made) <= keys, f"charged {len(made)} times under {keys} keys: {sql}"
        settled = [row for row in made if row[3] == "settled"]
        assert len(settled) <= 1, sql
        answers = [each.answer for each in askers if each.answer is not None]
        assert not answers or {answer["digest"] for answer in answers} == {settled[0][2]}, "no answer without a charge"
        assert len({json.dumps(answer["rows"]) for answer in answers}) <= 1, "the same question has the same figures"


def digest_of(service: Service, sql: str, *, share: str) -> str:
    """By which the ledger knows the question, whatever its precision."""
    (opened,) = service._wired.opened()
    constants = Constants(within="", target=cap_of(share, opened, uses=1))
    opened, plan = service.node._read(sql, constants)
    return digests_of(asking_of(plan, opened, constants)[1], opened).question


def check_jobs(place: Place, asking: Sequence[Questioner]) -> None:
    found = {row[0]: row for row in rows(place.folder, JOB_ROWS)}
    for each in asking:
        if each.job is not None:
            _, state, over_at, digest = found.pop(each.job)
            assert state in OVER and over_at is not None, f"{each.job} is stuck: {state}"
            assert (digest is None) == (each.answer is None), each.outcome
    assert not found, "every job is somebody's"


def check_recalled(service: Service, place: Place, asking: Sequence[Questioner]) -> None:
    """Nothing lost: who was answered finds the same rows again, for nothing."""
    with service.database.reading():
        asker = service.sign_in.by_token(place.token, now=service.now())
    for each in [each for each in asking if each.answer is not None][::10]:
        again = service.ask(asker, asked=Asked(sql=each.sql, within="", share=each.share, permit=None))
        assert again.recalled and each.answer is not None and again.digest == each.answer["digest"]
