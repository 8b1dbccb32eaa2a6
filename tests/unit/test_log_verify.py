"""What makes an entry wrong at its place: each rule of the public ledger broken once, and named with the first wrong entry."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from amana.log.entries import write_entry
from amana.log.entry_kinds import DatasetEntry, Entry, KeyEntry, OpenEntry, PermitEntry, PopulationEntry, RefusedEntry
from amana.log.note import read_note, sign_note
from amana.log.quorum import policy_of
from amana.log.read import FolderReader
from amana.log.seal import write_salt
from amana.log.tower import Tower, leaf_hashes
from amana.log.tree import Frontier, leaf_hash
from amana.log.verify import Replay, Verified, verify
from amana.log.violation import Violation
from amana.terms.ids import DeltaUnits, NanoRho, PermitId, PopulationName, VersionId
from amana.terms.use import UseEntry
from tests.log_folders import (
    ASKED,
    CAP,
    CAP_DELTA,
    KEY,
    ORIGIN,
    PERMIT,
    PROJECT,
    SALT,
    THIEF,
    VERSION,
    a_model,
    a_permit,
    a_project,
    a_use,
    at,
    beginning,
    small_world,
    write_log,
    written,
)

POLICY = policy_of(KEY.verifier)


def quiet(_done: int, _total: int) -> None:
    pass


def verified(folder: Path, entries: list[Entry]) -> Verified:
    write_log(folder, written(entries))
    return verify(FolderReader(folder), policy=POLICY, since=None, progress=quiet)


def swap(entries: list[Entry], index: int, **changes: object) -> list[Entry]:
    return [*entries[:index], replace(entries[index], **changes), *entries[index + 1 :]]  # type: ignore[type-var,arg-type]


def test_charges_may_stand_in_another_order_than_they_were_made(tmp_path: Path) -> None:
    one, two, three = (a_use(number) for number in (1, 2, 3))
    found = verified(tmp_path, [*beginning(), three, one, two])
    (total,) = found.totals
    assert (total.uses, total.spent_nrho, total.spent_delta, total.cap_nrho) == (3, 3_000, 3 * 2**10, CAP)


def test_a_charge_may_stand_in_no_entry(tmp_path: Path) -> None:
    assert verified(tmp_path, [*beginning(), a_use(5)]).totals[0].spent_nrho == 1_000


def test_an_answer_recalled_costs_nothing(tmp_path: Path) -> None:
    again = replace(a_use(1), verb="recall", cost_nrho=NanoRho(0), cost_delta=DeltaUnits(0))
    assert verified(tmp_path, [*beginning(), a_use(1), again, again]).totals[0].uses == 3


def test_the_custodian_on_the_nodes_own_machine_needs_no_life_of_a_permit(tmp_path: Path) -> None:
    own = replace(a_use(1), project="", permit=PermitId("custodian:clinic"))
    assert verified(tmp_path, [*beginning()[:3], own]).totals[0].uses == 1


def test_a_request_is_returned_and_made_anew_for_another_time(tmp_path: Path) -> None:
    anew = [a_permit("return", "returned"), replace(a_permit("revise", "requested"), until=date(2027, 6, 30))]
    granted = [replace(each, until=date(2027, 6, 30)) if isinstance(each, PermitEntry) else each for each in beginning()[7:]]
    assert verified(tmp_path, [*beginning()[:7], *anew, *granted, a_use(1)]).totals[0].uses == 1


def test_what_used_a_permit_up_was_paid_and_may_stand_after_that_end(tmp_path: Path) -> None:
    ended = a_permit("exhaust", "exhausted", hours=2)
    assert verified(tmp_path, [*beginning(), ended, a_use(1, hours=2)]).totals[0].uses == 1


def test_a_use_of_the_last_day_may_be_told_in_the_first_hours_of_the_next(tmp_path: Path) -> None:
    ends = [replace(each, until=date(2026, 11, 28)) if isinstance(each, PermitEntry) else each for each in beginning()]
    assert verified(tmp_path, [*ends, a_use(1, hours=3), a_use(2, hours=4), a_use(3, hours=5)]).totals[0].uses == 3


def test_hours_that_go_back_are_told_and_nothing_is_wrong(tmp_path: Path) -> None:
    assert verified(tmp_path / "back", [*beginning(), a_use(1, hours=30), a_use(2, hours=2)]).hour_back == 11
    assert verified(tmp_path / "little", [*beginning(), a_use(1, hours=12), a_use(2, hours=2)]).hour_back is None


def test_a_new_key_replaces_the_one_before(tmp_path: Path) -> None:
    entries = [*beginning(), KeyEntry(hour=at(2), vkey=THIEF.verifier.text, replaces=KEY.verifier.text)]
    write_log(tmp_path, written(entries))
    note = read_note((tmp_path / "checkpoint").read_bytes())
    (tmp_path / "policy").write_text(policy_of(KEY.verifier, THIEF.verifier).text)
    (tmp_path / "log.vkey").write_text(f"{THIEF.verifier.text}\n")
    with pytest.raises(Violation, match="key_differs"):  # a key that has not signed
        verify(FolderReader(tmp_path), policy=POLICY, since=None, progress=quiet)
    (tmp_path / "checkpoint").write_bytes(replace(note, signatures=(*note.signatures, sign_note(note.text, key=THIEF))).content)
    assert verify(FolderReader(tmp_path), policy=POLICY, since=None, progress=quiet).keys == (KEY.verifier, THIEF.verifier)


def trained() -> list[Entry]:
    """The small world with a use that trained a model, and one that did not."""
    return [*beginning(), replace(a_use(1), verb="train"), a_use(2)]


def test_a_model_lives_in_the_log_from_its_assessment_on(tmp_path: Path) -> None:
    life = [
        *(a_model("assess", "assessed"), a_model("revise", "trained"), a_model("assess", "assessed"), a_model("register", "registered")),
        *(a_model("serve", "in_service"), a_model("suspend", "suspended"), a_model("resume", "in_service"), a_model("retire", "retired")),
    ]
    assert verified(tmp_path, [*trained(), *life]).totals[0].uses == 2


def test_the_custodians_own_model_needs_no_project(tmp_path: Path) -> None:
    own = replace(a_use(1), project="", permit=PermitId("custodian:clinic"), verb="train")
    judged = replace(a_model("assess", "assessed"), project="", permit="custodian:clinic")
    assert verified(tmp_path, [*beginning(), own, judged]).totals[0].uses == 1


BROKEN: dict[str, tuple[Callable[[], list[Entry]], int, str]] = {
    "no key first": (lambda: beginning()[1:], 0, "key_missing"),
    "a key that replaces another than the last": (lambda: [*beginning(), KeyEntry(hour=at(1), vkey=THIEF.verifier.text, replaces="")], 10, "key_replaces"),
    "a key that is none": (lambda: [KeyEntry(hour=at(0), vkey=f"{ORIGIN}+00000000+AAAA", replaces="")], 0, "key_form"),
    "a promise changed": (lambda: [*beginning(), replace(beginning()[1], cap_nrho=2 * CAP)], 10, "promise_changed"),  # type: ignore[type-var]
    "data of people to whom nothing was promised": (lambda: [beginning()[0], beginning()[2]], 1, "population_unknown"),
    "a use of people to whom nothing was promised": (lambda: [*beginning(), replace(a_use(1), population=PopulationName("others"), permit=PermitId("custodian:c"), project="", version="1f" * 16)], 10, "version_unknown"),  # type: ignore[arg-type]
    "a profile of people to whom nothing was promised": (lambda: [*beginning(), replace(a_use(1), verb="profile", dataset="new", population=PopulationName("others"), permit=PermitId("custodian:c"), project="", version="1f" * 16)], 10, "population_unknown"),  # type: ignore[arg-type]
    "a profile of data under another budget": (lambda: [*beginning(), replace(a_use(1), verb="profile", population=PopulationName("others"), permit=PermitId("custodian:c"), project="", version="1f" * 16)], 10, "version_other"),  # type: ignore[arg-type]
    "a use of a version that was never told of": (lambda: [*beginning(), replace(a_use(1), version=VersionId("1f" * 16))], 10, "version_unknown"),
    "a use in a way that nobody knows": (lambda: [*beginning(), replace(a_use(1), verb="look")], 10, "version_unknown"),
    "data that begin again with another budget": (lambda: [*beginning(), replace(beginning()[1], population="others"), replace(beginning()[2], version="1f" * 16, replaces=VERSION, population="others")], 11, "version_other"),  # type: ignore[type-var]
    "a use in a project that was suspended": (lambda: [*beginning(), a_project("suspend", "suspended"), a_use(1)], 11, "project_not_active"),
    "a use in a project that was not active yet": (lambda: [*beginning()[:9], a_use(1)], 9, "project_not_active"),
    "a use for another purpose": (lambda: [*beginning(), replace(a_use(1), purposes=("HMB", "CC"))], 10, "purpose_other"),
    "a use of the hour in which its permit ended": (lambda: [*beginning(), a_permit("suspend", "suspended", hours=2), a_use(1, hours=2)], 11, "permit_not_active"),
    "a use of a version of other people": (lambda: [*beginning(), replace(a_use(1), population=PopulationName("others"))], 10, "version_other"),
    "a version twice": (lambda: [*beginning(), beginning()[2]], 10, "version_other"),
    "a use in another period": (lambda: [*beginning(), replace(a_use(1), period="2026")], 10, "period_wrong"),
    "more left than was promised": (lambda: [*beginning(), replace(a_use(1), left_nrho=NanoRho(CAP + 1))], 10, "left_above_cap"),
    "more delta left than was promised": (lambda: [*beginning(), replace(a_use(1), left_delta=DeltaUnits(CAP_DELTA + 1))], 10, "left_above_cap"),
    "a remainder that forgets a use": (lambda: [*beginning(), a_use(1), a_use(1)], 11, "account_overdrawn"),
    "a remainder that forgets delta": (lambda: [*beginning(), a_use(1), replace(a_use(2), left_delta=a_use(1).left_delta)], 11, "account_overdrawn"),
    "a use that does not lower the remainder": (lambda: [*beginning(), replace(a_use(1), left_nrho=NanoRho(CAP))], 10, "account_overdrawn"),
    "a use under an unknown permit": (lambda: [*beginning(), replace(a_use(1), permit=PermitId("m-ffffffffffff"))], 10, "permit_unknown"),
    "a custodian's own permit in a project's name": (lambda: [*beginning(), replace(a_use(1), permit=PermitId("custodian:clinic"))], 10, "permit_unknown"),
    "a use of other data than the permit's": (lambda: [*beginning(), replace(beginning()[2], dataset="school", version="1f" * 16), replace(a_use(1), dataset="school", version=VersionId("1f" * 16))], 11, "permit_other"),
    "a use before the permit was active": (lambda: [*beginning()[:8], a_use(1)], 8, "permit_not_active"),
    "a use long after the permit ended": (lambda: [*beginning(), a_permit("revoke", "revoked"), a_use(1, hours=2)], 11, "permit_not_active"),
    "a use after the permit's last day": (lambda: [*(swap(beginning(), 6, until=date(2026, 11, 28))[:7]), *(replace(each, until=date(2026, 11, 28)) for each in beginning()[7:9]), beginning()[9], a_use(1, hours=6)], 10, "permit_ended"),  # type: ignore[type-var]
    "a use beyond the permit": (lambda: [*beginning()[:7], a_permit("grant", "granted", cap=1_500), a_permit("activate", "active", cap=1_500), beginning()[9], a_use(1), a_use(2)], 11, "permit_overdrawn"),
    "a permit granted twice": (lambda: [*beginning(), a_permit("grant", "granted")], 10, "lifecycle"),
    "a permit granted while its request lay with the team": (lambda: [*beginning()[:7], a_permit("return", "returned"), a_permit("grant", "granted")], 8, "lifecycle"),
    "a return that moves the end": (lambda: [*beginning()[:7], replace(a_permit("return", "returned"), until=date(2029, 1, 1))], 7, "permit_changed"),
    "a request made anew with a cap": (lambda: [*beginning()[:7], a_permit("return", "returned"), replace(a_permit("revise", "requested"), cap_nrho=CAP)], 8, "permit_changed"),
    "a permit from nowhere": (lambda: [*beginning()[:6], a_permit("grant", "granted")], 6, "lifecycle"),
    "a permit requested twice": (lambda: [*beginning(), a_permit("request", "requested")], 10, "lifecycle"),
    "a state that the event does not lead to": (lambda: [*beginning()[:7], a_permit("grant", "active")], 7, "lifecycle"),
    "a permit of no project": (lambda: [*beginning()[:3], a_permit("request", "requested")], 3, "project_unknown"),
    "a permit widened by its suspension": (lambda: [*beginning(), a_permit("suspend", "suspended", cap=CAP)], 10, "permit_changed"),
    "a permit that wanders to another project": (lambda: [*beginning(), a_project_of("p-ffffffffffff"), replace(a_permit("suspend", "suspended"), project="p-ffffffffffff")], 11, "permit_changed"),
    "a project approved before it was submitted": (lambda: [*beginning()[:4], a_project("approve", "approved")], 4, "lifecycle"),
    "a project created twice": (lambda: [*beginning(), a_project("create", "draft")], 10, "lifecycle"),
    "a refusal under an unknown permit": (lambda: [*beginning(), RefusedEntry(hour=at(1), dataset="clinic", project=PROJECT, permit="m-ffffffffffff", code=301, sealed=ASKED)], 10, "permit_unknown"),
    "a refusal about other data": (lambda: [*beginning(), RefusedEntry(hour=at(1), dataset="school", project=PROJECT, permit=PERMIT, code=301, sealed=ASKED)], 10, "permit_other"),
    "a model registered that nobody assessed": (lambda: [*trained(), a_model("register", "registered")], 12, "lifecycle"),
    "a model that comes back from its end": (lambda: [*trained(), a_model("assess", "assessed"), a_model("retire", "retired"), a_model("serve", "in_service")], 14, "lifecycle"),
    "a model in another state than its event leads to": (lambda: [*trained(), a_model("assess", "registered")], 12, "lifecycle"),
    "a model that no use trained": (lambda: [*trained(), replace(a_model("assess", "assessed"), training=11)], 12, "model_training"),
    "a model of the use of other data": (lambda: [*trained(), replace(a_model("assess", "assessed"), dataset="school")], 12, "model_training"),
    "a model that changes what it was trained by": (lambda: [*trained(), replace(a_use(3), verb="train"), a_model("assess", "assessed"), replace(a_model("register", "registered"), training=12)], 14, "model_training"),
    "a disclosure of what comes later": (lambda: [*beginning(), disclosure(11)], 10, "open_wrong"),
    "a disclosure of another text": (lambda: [*beginning(), disclosure(9, value="other")], 10, "open_wrong"),
    "a disclosure with another salt": (lambda: [*beginning(), disclosure(9, salt=bytes(32))], 10, "open_wrong"),
    "a disclosure of what was never sealed": (lambda: [*beginning(), disclosure(1)], 10, "open_wrong"),
}  # fmt: skip


def a_project_of(name: str) -> Entry:
    return replace(a_project("create", "draft"), project=name)


def disclosure(index: int, *, value: str = "reasons of a test", salt: bytes = SALT) -> Entry:
    return OpenEntry(hour=at(1), index=index, field="reasons", salt=write_salt(salt), value=value)


@pytest.mark.parametrize("name", BROKEN)
def test_each_broken_rule_is_named_with_the_first_wrong_entry(tmp_path: Path, name: str) -> None:
    make, index, reason = BROKEN[name]
    with pytest.raises(Violation) as caught:
        verified(tmp_path, make())
    assert (caught.value.index, caught.value.reason) == (index, reason)
    assert caught.value.path.startswith("tile/entries/000")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda entry: entry[:-1], "entry_size"),
        (lambda entry: entry.replace(b'"kind":"use"', b'"kind":"usE"'), "entry_kind"),
        (lambda entry: entry.replace(b'"amana":1', b'"amana":2'), "entry_version"),
        (lambda entry: entry.replace(b'"cost_nrho":"1000"', b'"cost_nrho":"01000"').replace(b'"pad":"0', b'"pad":"'), "entry_member_wrong"),
        (lambda entry: entry.replace(b'{"amana"', b'{ "amana"').replace(b'"pad":"0', b'"pad":"'), "entry_not_canonical"),
        (lambda entry: b"\xff" * len(entry), "entry_not_text"),
    ],
)
def test_what_is_no_entry_is_named_though_it_is_signed(tmp_path: Path, change: Callable[[bytes], bytes], reason: str) -> None:
    entries = written([*beginning(), a_use(1), a_use(2), a_use(3)])
    entries[11] = change(entries[11])
    write_log(tmp_path, entries, days=["2026-11-28"] * len(entries))
    with pytest.raises(Violation) as caught:
        verify(FolderReader(tmp_path), policy=POLICY, since=None, progress=quiet)
    assert (caught.value.index, caught.value.reason) == (11, reason)


@pytest.mark.parametrize("period", ["year", "quarter", "month"])
def test_a_promise_for_a_period_begins_again_and_only_then(tmp_path: Path, period: str) -> None:
    """The last hour of November and the first of December, 2026."""
    names = {"year": ("2026", "2026"), "quarter": ("2026-Q4", "2026-Q4"), "month": ("2026-11", "2026-12")}[period]
    entries = swap(beginning(), 1, period=period)
    uses = [
        replace(a_use(number), hour=at(hours), period=name)
        for number, hours, name in zip((1, 1, 2), (51, 52, 52), (names[0], names[1], names[0]), strict=True)
    ]
    if names[0] == names[1]:
        assert verified(tmp_path, [*entries, uses[0], uses[2]]).totals[0].uses == 2
        return
    found = verified(tmp_path, [*entries, *uses])
    assert [(each.period, each.uses) for each in found.totals] == [("2026-11", 2), ("2026-12", 1)]
    with pytest.raises(Violation, match="period_wrong"):
        verified(tmp_path / "early", [*entries, replace(uses[0], hour=at(50), period="2026-12")])


def test_a_log_is_verified_on_from_where_it_was(tmp_path: Path) -> None:
    entries = written(small_world(700))
    write_log(tmp_path, entries[:300])
    replay = Replay(FolderReader(tmp_path), policy=POLICY)
    assert replay.advance(since=None, progress=quiet).checkpoint.size == 300
    read = list[int]()
    for size in (301, 511, 512, 700):
        write_log(tmp_path, entries[:size])
        found = replay.advance(since=None, progress=lambda done, total: read.append(done))
        assert found.checkpoint.size == size
    assert read == [301, 511, 512, 700]
    assert found == verify(FolderReader(tmp_path), policy=POLICY, since=None, progress=quiet)


def test_a_log_that_changed_what_was_verified_before_is_found(tmp_path: Path) -> None:
    entries = written(small_world(700))
    write_log(tmp_path, entries[:300])
    replay = Replay(FolderReader(tmp_path), policy=POLICY)
    replay.advance(since=None, progress=quiet)
    write_log(tmp_path / "other", [*entries[:288], *entries[289:]])
    again = Replay(FolderReader(tmp_path / "other"), policy=POLICY)
    again.tower, again.history = replay.tower, replay.history
    with pytest.raises(Violation) as caught:
        again.advance(since=None, progress=quiet)
    assert (caught.value.reason, caught.value.index) == ("entry_differs", 288)


def test_the_tower_has_the_roots_of_the_tree(tmp_path: Path) -> None:
    tower, frontier = Tower(), Frontier()
    assert tower.root() == frontier.root()
    for number in range(1_000):
        tiles = list(tower.add(leaf_hashes([bytes([number % 256])])))
        frontier.add(leaf_hash(bytes([number % 256])))
        assert tower.root() == frontier.root()
        assert [(tile.level, tile.index) for tile, _ in tiles] == ([(0, number // 256)] if number % 256 == 255 else [])
    assert [(tile.level, tile.index, tile.width) for tile, _ in tower.open_tiles()] == [(0, 3, 232), (1, 0, 3)]


def test_an_empty_log_holds(tmp_path: Path) -> None:
    assert verified(tmp_path, []).checkpoint.size == 0


def test_the_types_of_entries_that_are_tested_here_are_all_there_are() -> None:
    kinds = {type(each) for each in small_world(40)} | {KeyEntry, PopulationEntry, DatasetEntry, UseEntry}
    assert len(kinds) == 9 and all(write_entry(each) for each in small_world(40))
    assert at(1) - at(0) == timedelta(hours=1) and VERSION
