"""A clock that goes back an hour: nothing that was over holds again, nothing new is paid, and what was released is recalled."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from amana.node.wiring import SystemClock
from tests.doors.http_node import http_node, session_of

HOUR = timedelta(hours=1)


class Clock:
    ahead = timedelta()

    def now(self, *_: object) -> datetime:
        return datetime.now(UTC) + self.ahead


def question(cost: int) -> dict[str, str]:
    return {"sql": f"SELECT COUNT(*) AS n FROM visits WHERE cost < {cost}", "within": "30%"}


def test_a_clock_that_goes_back_an_hour_pays_nothing_and_revives_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(SystemClock, "now", lambda _: clock.now())
    with http_node(tmp_path / "node", settings="tend_ms = 3600000\nsession_idle_s = 1800\n") as node:

        def ask(cost: int, key: str) -> tuple[int, str]:
            reply = node.client.post("/api/v1/questions", json=question(cost), headers=node.headers(idempotency_key=key))
            return reply.status_code, str(reply.json().get("name", ""))

        secret = session_of(node.service, node.people["member"])
        clock.ahead = 3 * HOUR
        assert ask(20, "a") == (200, "")
        fresh = session_of(node.service, node.people["member"])
        session = {"Cookie": f"amana_session={secret}"}
        assert node.client.get("/api/v1/jobs", headers=session).status_code == 401, "it idled"

        clock.ahead = 2 * HOUR  # back an hour
        spent = node.spent()
        assert ask(21, "b") == (409, "budget.clock_went_back")
        assert node.spent() == spent
        assert ask(20, "a") == (200, "") and ask(20, "c") == (200, ""), "what was released is recalled"
        assert node.client.get("/api/v1/jobs", headers=session).status_code == 401, "what was over stays so"
        assert node.client.get("/api/v1/jobs", headers={"Cookie": f"amana_session={fresh}"}).status_code == 401, "not begun yet"
        node.service.tend()
        assert node.client.get(f"/api/v1/permits/{node.permit}", headers=node.headers()).json()["state"] == "active"

        clock.ahead = timedelta(days=61)
        node.service.tend()
        assert node.client.get(f"/api/v1/permits/{node.permit}", headers=node.headers("auditor")).status_code == 401, "tokens last 30 days"
        clock.ahead = 3 * HOUR
        assert node.client.get(f"/api/v1/permits/{node.permit}", headers=node.headers()).json()["state"] == "expired"
        assert ask(20, "d")[0] == 403, "a permit that was noted as over gives nothing any more"
