"""The plain log: an entry is on disk before it counts, a torn line never counted, the sums are those of the entries."""

import os
from pathlib import Path

import pytest

from amana.log.entries import write_entry
from amana.log.plain import PlainLog
from amana.log.seal import seal
from amana.terms.ids import DeltaUnits, NanoRho, PermitId, PopulationName, VersionId
from amana.terms.refusal import Fault, Refusal
from amana.terms.use import UseEntry
from tests.parts import FakeClock


def entry(cost: int = 5, population: str = "people") -> bytes:
    used = UseEntry(
        verb="ask",
        hour=FakeClock().now().replace(minute=0),
        population=PopulationName(population),
        period="life",
        dataset="clinic",
        version=VersionId("0" * 32),
        custodian="c",
        permit=PermitId("custodian:clinic"),
        project="",
        purposes=(),
        mechanism="discrete gaussian",
        cost_nrho=NanoRho(cost),
        cost_delta=DeltaUnits(1),
        left_nrho=NanoRho(100),
        left_delta=DeltaUnits(100),
        sealed=tuple((name, seal(name, salt=bytes(32))) for name in ("person", "sql")),
    )
    return write_entry(used)


def test_entries_are_numbered_and_summed_by_population(tmp_path: Path) -> None:
    log = PlainLog(tmp_path / "log")
    assert [log.append(entry(n, who)).index for n, who in ((5, "a"), (7, "b"), (9, "a"))] == [0, 1, 2]
    assert log.totals() == {"a": (14, 2), "b": (7, 1)}
    log.close()
    again = PlainLog(tmp_path / "log")
    assert again.append(entry(1, "b")).index == 3 and again.totals() == {"a": (14, 2), "b": (8, 2)}
    again.close()


def test_a_line_torn_by_a_power_cut_is_cut_off(tmp_path: Path) -> None:
    log = PlainLog(tmp_path / "log")
    log.append(entry(5))
    log.close()
    whole = (tmp_path / "log").read_bytes()
    for cut in range(len(whole)):
        (tmp_path / "log").write_bytes(whole + whole[:cut])
        again = PlainLog(tmp_path / "log")
        assert again.totals() == {"people": (5, 1)} and again.append(entry(6)).index == 1
        again.close()


def test_an_entry_that_the_disk_does_not_take_leaves_nothing_and_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = PlainLog(tmp_path / "log")
    log.append(entry(5))
    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError("full")))
        with pytest.raises(Fault):
            log.append(entry(6))
    assert log.append(entry(7)).index == 1
    assert log.totals() == {"people": (12, 2)}
    log.close()


def test_entries_are_given_back_from_any_place(tmp_path: Path) -> None:
    log = PlainLog(tmp_path / "log")
    written = [entry(cost) for cost in range(5)]
    for each in written:
        log.append(each)
    assert log.size() == 5
    assert [list(log.entries(start)) for start in (0, 3, 5, 9)] == [written, written[3:], [], []]
    log.close()


def test_nobody_else_reads_the_log(tmp_path: Path) -> None:
    log = PlainLog(tmp_path / "log")
    log.append(entry())
    log.close()
    assert (tmp_path / "log").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("damage", [b'{"amana":\n', b"\xff\xfe\n", b"[]\n", b'{"amana":1,"kind":"use"}\n'])
def test_a_damaged_log_is_refused_by_its_line(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(damage)
    log = PlainLog(path)
    with pytest.raises(Refusal) as caught:
        log.totals()
    log.close()
    assert (caught.value.code, caught.value.parameters["line"]) == ("budget.log_damaged", 1)
