"""Generated requests over the whole OpenAPI document: whatever is sent, no response is a failure of the node."""

import time
from collections import Counter
from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.doors.http_node import ROLES, HttpNode, http_node

WITNESS = "/witness/add-checkpoint"
"""Its answers are those of c2sp.org/tlog-witness, which has words of its own."""
SECONDS_MAX = 28.0
EXAMPLES_MIN, EXAMPLES_MAX = 8, 40


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpNode]:
    with http_node(tmp_path_factory.mktemp("schema") / "node", settings="jobs_open_max = 20\n") as made:
        yield made


@pytest.mark.slow
def test_no_generated_request_makes_the_node_fail(node: HttpNode) -> None:
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", node.client.app)
    operations = [found.ok() for found in schema.get_all_operations()]
    begun, seen, failed = time.monotonic(), Counter[int](), list[str]()
    for number, operation in enumerate(operations):
        share_s = (SECONDS_MAX - (time.monotonic() - begun)) / (len(operations) - number)
        for reply in sent(node, operation, until=time.monotonic() + share_s, number=number):
            seen[reply.status_code] += 1
            problem = reply.headers.get("content-type", [""])[0].startswith("application/problem+json")
            if reply.status_code >= 500 or (reply.status_code >= 400 and not problem and WITNESS not in str(reply.request.url)):
                request = reply.request
                failed.append(f"{request.method} {request.url} {request.body!r}: {reply.status_code} {reply.text[:300]}")
    assert not failed, failed[:5]
    assert sum(seen.values()) > 5 * len(operations) and seen[200] > 20 and seen[422] > 20, seen


def sent(node: HttpNode, operation: schemathesis.APIOperation, *, until: float, number: int) -> list[schemathesis.Response]:
    """Responses to generated requests of one operation, by people of every role, about things that exist or not."""
    replies: list[schemathesis.Response] = []
    real = {"project": node.project, "permit": node.permit, "name": "test", "person": node.people["outsider"]}

    @seed(number)
    @settings(max_examples=EXAMPLES_MAX, deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(), who=st.sampled_from([None, *ROLES]), known=st.booleans())
    def send(case: schemathesis.Case, who: str | None, known: bool) -> None:
        if time.monotonic() > until and len(replies) >= EXAMPLES_MIN:
            return
        if known:
            case.path_parameters = {name: real.get(name, value) for name, value in (case.path_parameters or {}).items()}
        if who is not None:
            case.headers = {**(case.headers or {}), "Authorization": f"Bearer {node.tokens[who]}"}
        replies.append(case.call(session=node.client))

    send()
    return replies
