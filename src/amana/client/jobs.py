"""Long questions: the node works, the client waits, and either may leave and come back."""

import http.client
import json
import sys
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import final
from urllib.parse import quote

from amana.client.http import Channel
from amana.client.progress import Bar
from amana.client.text import load
from amana.client.wire import Json, a_number, a_text, an_object
from amana.terms.refusal import Refusal

ENDED = ("done", "failed", "cancelled")
POLL_FIRST_S = 0.5
POLL_MAX_S = 10.0


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class JobState:
    """`progress`: 0 to 1, by schedule. `ready_at`: when the answer will be there, as the node wrote it."""

    id: str
    state: str
    stage: str
    progress: float
    ready_at: str
    sql: str = ""


def read_job(found: Json) -> JobState:
    """A job as the node tells of it. Errors: Refusal client.not_understood."""
    return JobState(
        id=a_text(found.get("id"), "job.id"),
        state=a_text(found.get("state"), "job.state"),
        stage=str(found.get("stage") or ""),
        progress=a_number(found.get("progress") or 0, "job.progress"),
        ready_at=str(found.get("ready_at") or ""),
        sql=str(found.get("sql") or ""),
    )


def job_path(id: str, part: str = "") -> str:
    return f"/jobs/{quote(id, safe='')}{part}"


def wait(channel: Channel, id: str, *, language: str, follow: Callable[[JobState], None] | None = None) -> Json:
    """The answer of a job, once it is there; a bar on stderr tells how far it is, or `follow` is told.

    Errors: Refusal client.job_stopped, or what the node refuses with; KeyboardInterrupt leaves the job running.
    """
    bar, catalogue = Bar(), load(language)
    last = "queued"
    try:
        for now in _states(channel, id):
            last = now.state
            if follow is None:
                bar.update(now.progress, catalogue.word("state", now.stage or now.state))
            else:
                follow(now)
    except KeyboardInterrupt:
        bar.clear()
        print(catalogue.say("client.job_left", id=id), file=sys.stderr)
        raise
    finally:
        bar.clear()
    if last == "cancelled":
        raise Refusal("client.job_stopped", id=id, state=f"word.state.{last}")
    found = an_object(channel.get(job_path(id, "/answer")).json(), "answer")  # of a failed job, the node's own fault or refusal
    if "rows" not in found:
        raise Refusal("client.job_stopped", id=id, state=f"word.state.{last}")
    return found


def _states(channel: Channel, id: str) -> Generator[JobState, None, None]:
    """The job's states up to its end: told by the node as they change, else asked for from time to time."""
    try:
        with channel.lines(job_path(id, "/events")) as lines:
            for line in lines:
                if line.startswith("data:"):
                    now = read_job(an_object(json.loads(line.removeprefix("data:")), "job"))
                    yield now
                    if now.state in ENDED:
                        return
    except (OSError, http.client.HTTPException, ValueError, Refusal):
        pass  # a proxy may not let streams through
    wait_s = POLL_FIRST_S
    while True:
        now = read_job(an_object(channel.get(job_path(id)).json(), "job"))
        yield now
        if now.state in ENDED:
            return
        channel.sleep(wait_s)
        wait_s = min(2 * wait_s, POLL_MAX_S)
