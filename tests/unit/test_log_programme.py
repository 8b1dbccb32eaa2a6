"""Entries about the programme, one after another: what the log refuses to have said."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from amana.log.documents import digest_of, publish_document, read_document
from amana.log.entries import write_entry
from amana.log.entry_kinds import Entry
from amana.log.history import HistoryError
from amana.log.programme_kinds import (
    AccreditationEntry,
    CommitmentEntry,
    EvidenceEntry,
    ListingEntry,
    PlanEntry,
    ReleaseEntry,
    TeamEntry,
    VerificationEntry,
)
from amana.log.read import FolderReader
from amana.log.violation import Violation
from tests.log_entries import history_of
from tests.log_folders import PROJECT, SEALED, VERSION, a_use, beginning

HOUR = datetime(2026, 12, 20, 5, tzinfo=UTC)
DAY = date(2026, 12, 10)
ADOPTED = PlanEntry(
    hour=HOUR, plan="small", version=1, event="adopt", digest="0" * 64, queries=("1" * 64,), until=DAY, organisation="Ministry", sealed=SEALED
)  # fmt: skip
OPENED, ANSWERED = replace(ADOPTED, event="consult"), replace(ADOPTED, event="answer")
BROUGHT = EvidenceEntry(
    hour=HOUR, evidence="e-1", plan="small", version=1, commitment="roads", indicator="km", on=DAY, basis="E3", digest="2" * 64, use="",
    organisation="Ministry", sealed=SEALED,
)  # fmt: skip
HOLDS = VerificationEntry(hour=HOUR, evidence="e-1", verdict="confirm", digest="3" * 64, organisation="Court", sealed=SEALED)
DROPPED = CommitmentEntry(
    hour=HOUR, plan="small", commitment="roads", event="drop", digest="4" * 64, organisation="Ministry", sealed=SEALED
)  # fmt: skip
TEAM = TeamEntry(hour=HOUR, project=PROJECT, organisation="o-1", category="company")
GRANTED = AccreditationEntry(hour=HOUR, accreditation="a-1", event="grant", category="research", until=DAY)
LISTED = ListingEntry(hour=HOUR, dataset="clinic", version=VERSION, themes=("health",))
RELEASED = ReleaseEntry(hour=HOUR, release="1.0", digest="5" * 64, languages=("ar",), findings=3)


def read(*entries: Entry) -> str:
    """What is wrong with a log that goes on so after its beginning, or nothing."""
    before = [*beginning()[1:], a_use()]
    try:
        history_of([write_entry(each) for each in (*before, *entries)])
    except HistoryError as error:
        assert error.index == len(before) + len(entries), "the last one is the first wrong one"
        return error.reason
    return ""


@pytest.mark.parametrize(
    "entries",
    [
        [ADOPTED, BROUGHT, HOLDS, DROPPED, replace(DROPPED, event="resume"), DROPPED],
        [OPENED, ANSWERED, ADOPTED, replace(OPENED, version=2), replace(ANSWERED, version=2), replace(ADOPTED, version=2)],
        [ADOPTED, replace(ADOPTED, version=5), replace(BROUGHT, version=5)],
        [ADOPTED, replace(BROUGHT, basis="E2", use="11"), replace(BROUGHT, evidence="e-2", basis="E4")],
        [TEAM, GRANTED, replace(GRANTED, event="revoke"), LISTED, RELEASED, RELEASED],
    ],
)
def test_what_may_be_said(entries: Sequence[Entry]) -> None:
    assert read(*entries) == ""


@pytest.mark.parametrize(
    ("entries", "reason"),
    [
        ([BROUGHT], "lifecycle"),
        ([ADOPTED, ADOPTED], "lifecycle"),
        ([replace(ADOPTED, version=2), ADOPTED], "lifecycle"),
        ([OPENED, ADOPTED], "lifecycle"),
        ([replace(OPENED, until=date(2026, 12, 20)), ANSWERED], "lifecycle"),
        ([ANSWERED], "lifecycle"),
        ([ADOPTED, OPENED], "lifecycle"),
        ([ADOPTED, replace(BROUGHT, version=2)], "lifecycle"),
        ([ADOPTED, replace(BROUGHT, plan="other")], "lifecycle"),
        ([ADOPTED, BROUGHT, BROUGHT], "lifecycle"),
        ([ADOPTED, replace(BROUGHT, basis="E2")], "evidence_use"),
        ([ADOPTED, replace(BROUGHT, use="3")], "evidence_use"),
        ([ADOPTED, replace(BROUGHT, basis="E2", use="99")], "evidence_use"),
        ([ADOPTED, BROUGHT, replace(HOLDS, organisation="Ministry")], "evidence_own"),
        ([ADOPTED, BROUGHT, HOLDS, replace(HOLDS, organisation="Bureau", verdict="reject")], "lifecycle"),
        ([ADOPTED, HOLDS], "lifecycle"),
        ([DROPPED], "lifecycle"),
        ([ADOPTED, DROPPED, DROPPED], "lifecycle"),
        ([ADOPTED, replace(DROPPED, event="resume")], "lifecycle"),
        ([TEAM, TEAM], "lifecycle"),
        ([replace(TEAM, project="p-99")], "project_unknown"),
        ([GRANTED, GRANTED], "lifecycle"),
        ([replace(GRANTED, event="revoke")], "lifecycle"),
        ([GRANTED, replace(GRANTED, event="revoke", category="company")], "lifecycle"),
        ([replace(LISTED, version="0" * 32)], "version_unknown"),
    ],
)
def test_what_may_not_be_said(entries: Sequence[Entry], reason: str) -> None:
    assert read(*entries) == reason


def test_a_document_is_published_whole_under_its_digest_and_twice_is_once(tmp_path: Path) -> None:
    root = tmp_path / "log"
    root.mkdir()
    content = '{"a":"ⴰ"}'.encode()
    for _ in range(2):
        publish_document(root, digest=digest_of(content), content=content)
    assert [each.name for each in root.rglob("*") if each.is_file()] == [digest_of(content)] and len(list(tmp_path.iterdir())) == 1
    reader = FolderReader(root)
    assert read_document(reader, digest=digest_of(content)) == content
    assert read_document(reader, digest="0" * 64) is None
    (root / "document" / digest_of(content)).write_bytes(content + b" ")
    with pytest.raises(Violation):
        read_document(reader, digest=digest_of(content))
