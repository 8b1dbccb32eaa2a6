"""The queue of jobs: DBOS, which keeps who is next on disk and hands each job to a process. Loaded by servers only: it takes seconds.

DBOS may hand out a job twice, or have forgotten one; what a job's turn does is safe in both cases (`job_runs.py`). The table `job`
says what is to be done; the queue is brought in line with it at the start and every few seconds.
"""

import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import Any, final

import structlog
from dbos import DBOS, DBOSConfig, Serializer, SetWorkflowID

from amana.log.durable import OWNER_ONLY
from amana.terms.ids import JobId
from amana.terms.refusal import Refusal

NAME = "amana"
QUEUE = "jobs"
TURN = "turn"
VERSION = "1"
"""Of what a queued job means: only its id, so a newer program takes over what an older one queued."""
POLL_S = 0.2
TIDY_S = 3.0
CONNECTIONS_MAX = 5
WAITING = frozenset({"ENQUEUED", "DELAYED"})
HANDED_OUT = "PENDING"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where DBOS keeps its queue: the URL of a database, and the schema in it (PostgreSQL)."""

    url: str
    schema: str


def file_in(folder: Path) -> Place:
    """A file of its own beside the node's database."""
    path = folder / "jobs.sqlite"
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, OWNER_ONLY))
    return Place(url=f"sqlite:///{path.absolute()}", schema="")


@final
class PlainSerializer(Serializer):
    """What DBOS keeps is JSON, never pickles: who can write the queue shall not run code by it."""

    def serialize(self, data: Any) -> str:
        """As JSON; an error by its kind only."""
        return json.dumps(data, default=lambda other: type(other).__name__)

    def deserialize(self, serialized_data: str) -> Any:
        """From JSON."""
        return json.loads(serialized_data)

    def name(self) -> str:
        """By which DBOS tells it from others."""
        return "amana_json"


@final
class JobQueue:
    """The queue as one process sees it; one at a time in a process, since DBOS is one.

    `run`: brings a job to its end. `open_jobs`: all that are not over, the first first. `alive`: whether a process still runs.
    Errors: Refusal node.database_lost.
    """

    def __init__(
        self, place: Place, *, worker: str, running_max: int, run: Callable[[JobId], None], open_jobs: Callable[[], tuple[JobId, ...]],
        alive: Callable[[str], bool],
    ) -> None:  # fmt: skip
        self._run, self._open_jobs, self._alive, self._worker = run, open_jobs, alive, worker
        self._turns, self._without_turn, self._taking = set[str](), set[str](), Lock()
        config = DBOSConfig(
            name=NAME, system_database_url=place.url, executor_id=worker, application_version=VERSION, serializer=PlainSerializer(),
            log_level="CRITICAL", use_listen_notify=False, sys_db_pool_size=CONNECTIONS_MAX,
        )  # fmt: skip
        if place.schema:
            config["dbos_system_schema"] = place.schema
        DBOS(config=config)

        def turn(job: str) -> None:
            self._take(job)

        self._turn = DBOS.workflow(name=TURN, max_recovery_attempts=None)(turn)
        try:
            DBOS.launch()
            DBOS.register_queue(QUEUE, worker_concurrency=running_max, polling_interval_sec=POLL_S, on_conflict="always_update")
        except Exception as error:  # noqa: BLE001 - whatever the library says, its message may hold a password
            DBOS.destroy(destroy_registry=True)
            raise Refusal("node.database_lost", cause=type(error).__name__) from None
        self._new: SimpleQueue[JobId | None] = SimpleQueue()
        self.tidy()
        self._thread = Thread(target=self._keep, name="jobs", daemon=True)
        self._thread.start()

    def put(self, job: JobId) -> None:
        """A job that is in the table now. Nobody waits for the queue, which waits for its database if that is lost."""
        self._new.put(job)

    def tidy(self) -> None:
        """Bring the queue in line with the table of jobs: what a crash left comes again, what is over is forgotten."""
        found = {each.workflow_id: each for each in DBOS.list_workflows(name=TURN, load_input=False, load_output=False)}
        before, self._without_turn = self._without_turn, set[str]()
        open_jobs = self._open_jobs()  # read after the queue: a job that ended meanwhile is not open
        for job in open_jobs:
            held = found.pop(job, None)
            if held is None:
                self._hand_out(job)
            elif held.status == HANDED_OUT:
                if not self._is_taken(job, held.executor_id or "", before=before):
                    DBOS.resume_workflow(job, queue_name=QUEUE)
            elif held.status not in WAITING:  # its turn is over but the job is not: the database was lost, or another process had it
                DBOS.delete_workflow(job)
                self._hand_out(job)
        over = [name for name, each in found.items() if each.status not in WAITING and each.status != HANDED_OUT]
        if over:
            DBOS.delete_workflows(over)

    def close(self, *, seconds_max: float) -> None:
        """Take no more jobs, and wait for those that run; what waits stays in the queue."""
        self._new.put(None)
        self._thread.join(seconds_max)  # it may wait for a lost database
        DBOS.destroy(destroy_registry=True, workflow_completion_timeout_sec=ceil(seconds_max))

    def _is_taken(self, job: str, worker: str, *, before: set[str]) -> bool:
        """Whether the process that a job was handed out to has it. In this process a job has no turn at two looks in a row (`before`: the
        one before) if the database was lost when DBOS wrote that the turn begins or is over."""
        if worker != self._worker:
            return self._alive(worker)
        if job in self._turns:
            return True
        self._without_turn.add(job)
        return job not in before

    def _take(self, job: str) -> None:
        """One job's turn. It never raises: what could not be finished is handed out again."""
        with self._taking:
            if job in self._turns:  # handed out twice: its first turn is not over
                return
            self._turns.add(job)
        try:
            self._run(JobId(job))
        except Exception as error:  # noqa: BLE001 - a lost database, say; `tidy` comes back to it
            structlog.get_logger("amana.node").warning("job_turn", job=job, cause=_cause(error))
        finally:
            self._turns.discard(job)

    def _hand_out(self, job: JobId) -> None:
        """To whichever process is free first. Twice changes nothing."""
        with SetWorkflowID(job):
            DBOS.enqueue_workflow(QUEUE, self._turn, job)

    def _keep(self) -> None:
        tidy_at = time.monotonic() + TIDY_S
        while True:
            try:
                try:
                    job = self._new.get(timeout=max(0.0, tidy_at - time.monotonic()))
                except Empty:
                    tidy_at = time.monotonic() + TIDY_S
                    self.tidy()
                    continue
                if job is None:
                    return
                self._hand_out(job)
            except Exception as error:  # noqa: BLE001 - the database may answer the next time, and `tidy` finds the job
                structlog.get_logger("amana.node").warning("jobs_tidy", cause=_cause(error))


def _cause(error: Exception) -> str:
    return error.code if isinstance(error, Refusal) else type(error).__name__
