"""What the oversight authority's desk shows of witnesses, of forks, and of more incidents than a page holds."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from amana.log.checkpoint import read_checkpoint
from amana.log.cosignature import cosign
from amana.log.note import KeyKind, Note, SigningKey, read_note
from amana.log.quorum import LogKey, Policy, WitnessKey
from amana.node.verification import Finding
from amana.policy.transitions import PermitEvent
from amana.web.pages.oversight import INCIDENTS
from tests.doors.desk_forms import Browser, browser_of
from tests.doors.http_node import HttpNode, http_node
from tests.unit.test_log_witness import OTHERS, body, new

DESK = "/desk/oversight"
NEAR = SigningKey(name="near.example/witness", kind=KeyKind.COSIGNATURE, secret=b"n" * 32)
FAR = SigningKey(name="far.example/witness", kind=KeyKind.COSIGNATURE, secret=b"f" * 32)
DAY, DAY_S = "2020-01-02", 1_577_934_245
MET, MISSED = "Enough witnesses have signed", "Too few witnesses have signed"


@pytest.fixture
def node(tmp_path: Path) -> Iterator[HttpNode]:
    with http_node(tmp_path / "node", settings="log_verify_minutes = 0\n") as made:
        yield made


@pytest.fixture
def auditor(node: HttpNode) -> Browser:
    return browser_of(node, "auditor")


def seen(page: str) -> str:
    return re.sub(r"</?bdi[^>]*>", "", page)


def row_of(page: str, key: SigningKey) -> list[str]:
    """The cells beside a witness."""
    return re.findall(r"<td[^>]*>(.*?)</td>", seen(page).partition(f">{key.name}</th>")[2].partition("</tr>")[0])


def watched(node: HttpNode, monkeypatch: pytest.MonkeyPatch) -> None:
    """The log of the node has two witnesses from now on, the near one of which must have seen what is published."""
    known = node.service.log_policy().logs[0].key
    witnesses = tuple(WitnessKey(name=each.name, key=each.verifier, url=f"https://{each.name}") for each in (NEAR, FAR))
    policy = Policy(logs=(LogKey(key=known),), witnesses=witnesses, groups=(), quorum=NEAR.name)
    monkeypatch.setattr(node.service, "log_policy", lambda: policy)


def sign(log: Path, *, time_s: int) -> tuple[bytes, int]:
    """The published checkpoint with the signature of the near witness, and its size."""
    held = read_note((log / "checkpoint").read_bytes())
    checkpoint = read_checkpoint(held.text)
    signed = Note(text=held.text, signatures=(*held.signatures, cosign(checkpoint, key=NEAR, time_s=time_s)))
    return signed.content, checkpoint.size


def test_a_witness_that_lags_is_shown_with_how_far_it_is_behind(node: HttpNode, auditor: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    service, log = node.service, node.service.settings.folder / "log"
    assert "witness" in auditor.get(DESK).text and MISSED not in auditor.get(DESK).text
    watched(node, monkeypatch)
    assert MISSED in auditor.get(DESK).text
    assert row_of(auditor.get(DESK).text, NEAR) == ["in no kept checkpoint", "–"] == row_of(auditor.get(DESK).text, FAR)
    content, before = sign(log, time_s=DAY_S)
    (log / "archive").mkdir(exist_ok=True)
    (log / "archive" / DAY).write_bytes(content)
    custodian = service.sign_in.by_session(browser_of(node, "custodian").cookie, now=service.now())
    service.permits.act(custodian, permit=node.permit, event=PermitEvent.SUSPEND, reasons="")
    after = max(service.entries_of(node.permit)) + 1
    assert after > before
    page = auditor.get(DESK).text
    assert MISSED in page and MET not in page and 'class="refused"' in page
    at, behind = row_of(page, NEAR)
    assert DAY in at and behind == str(after - before)
    (log / "checkpoint").write_bytes(sign(log, time_s=DAY_S + 60)[0])
    page = auditor.get(DESK).text
    assert MET in page and MISSED not in page and row_of(page, NEAR)[1] == "0"
    assert row_of(page, FAR) == ["in no kept checkpoint", "–"]


def test_a_fork_that_this_node_saw_as_a_witness_is_shown(node: HttpNode, auditor: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "/witness/forks" not in auditor.get(DESK).text, "it is nobody's witness"
    witness = new(node.service.settings.folder / "seen")
    monkeypatch.setattr(node.service, "witness", witness)
    witness.add_checkpoint(body(0, 20))
    page = auditor.get(DESK).text
    assert "/witness/forks" in page and "showed two histories" not in page
    assert witness.add_checkpoint(body(20, 20, OTHERS)).status == 409
    page = seen(auditor.get(DESK).text)
    assert re.search(r'<p class="refused">As a witness, this node caught 1 log that showed two histories\.', page)


@pytest.mark.parametrize(
    ("finding", "told"),
    [
        ({"holds": False, "path": "tile/0/000", "index": 3, "reason": "leaf_hash"}, "Entry 3 of the log is not as it must be"),
        ({"holds": False, "path": "checkpoint", "reason": "signature_wrong"}, "checkpoint"),
        ({"holds": None, "reason": "PermissionError"}, "PermissionError"),
        ({"holds": True, "size": 9, "hour_back": 4, "days_missing": 2}, "/en/log/4"),
    ],
)
def test_whatever_the_last_look_found_is_shown(
    node: HttpNode, auditor: Browser, monkeypatch: pytest.MonkeyPatch, finding: dict[str, object], told: str
) -> None:
    found = Finding(at=node.service.now(), **finding)  # type: ignore[arg-type]
    monkeypatch.setattr(node.service.verification, "last", lambda: found)
    part = seen(auditor.get(DESK).text).partition('id="verification"')[2].partition("</section>")[0]
    assert told in part
    assert ('class="good"' in part) is (found.holds is True) and ('role="alert"' in part or "refused" in part) is (found.holds is not True)


def test_incidents_are_paged_without_leaving_any_out(node: HttpNode, auditor: Browser) -> None:
    service, times = node.service, 2 * INCIDENTS + 3
    decider = service.sign_in.by_session(browser_of(node, "decider").cookie, now=service.now())
    for _ in range(times):
        service.people.disable(decider, person=node.people["outsider"])
        service.people.enable(decider, person=node.people["outsider"])
    path, pages = DESK, list[int]()
    for _ in range(6):
        page = auditor.get(path).text
        part = page.partition('id="incidents"')[2].partition("<h3>")[0]
        pages.append(part.partition("<tbody>")[2].count("<tr>"))
        older = re.search(r'rel="next" href="/en([^"#]+)#incidents">Older ones</a>', part)
        if older is None:
            break
        path = older[1].replace("&amp;", "&")
    assert pages == [INCIDENTS, INCIDENTS, 4], "her token was revoked, too"
