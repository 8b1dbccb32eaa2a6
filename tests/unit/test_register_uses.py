"""The register of uses: sums of what the log tells, each entry once, in its order; nothing that a spreadsheet would run."""

import csv
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amana.register.uses import ROW_COLUMNS, USE_COLUMNS, Row, Tally, rows_as_csv, rows_as_json, tally, use_of, uses_as_csv, uses_as_json
from amana.terms.table import FORMULA
from tests.register_parts import LATER_PERMIT, OTHER, PERMIT, PROJECT, hour, permit, project, published, read, refused, use

LIFE = [
    published(),
    use("profile", at=0, cost=500, of=""),
    project(),
    project("submit", state="submitted"),
    project("approve", state="approved"),
    permit("request", state="requested", cap=0),
    permit("grant", state="granted"),
    permit("activate", state="active"),
    use(at=3, cost=30),
    use(at=5, cost=12, delta=4),
    use("recall", at=7, cost=0),
    refused(),
]


def row(entries: list[dict[str, Any]], name: str = PROJECT) -> Row:
    (found,) = [each for each in tally(entries).rows() if each.project == name]
    return found


def test_one_row_tells_what_a_project_did_with_a_dataset() -> None:
    assert row(LIFE) == Row(
        project=PROJECT, dataset="clinic", custodian="=Ministry", purposes=("HMB",), project_state="approved", permit=PERMIT,
        permit_state="active", permit_until="2027-01-01", permit_cap_nrho=100, permit_cap_delta=7, first_hour="2026-11-29T03Z",
        last_hour="2026-11-29T07Z", charged_count=2, recalled_count=1, refused_count=1, loss_nrho=42, loss_delta=4,
    )  # fmt: skip


def test_what_the_custodian_used_on_the_nodes_own_machine_has_a_row_without_a_project() -> None:
    own = row(LIFE, "")
    assert (own.dataset, own.charged_count, own.loss_nrho, own.permit, own.purposes) == ("clinic", 1, 500, "", ())


def test_a_permit_that_was_never_used_has_a_row_too() -> None:
    found = row(LIFE[2:6])
    assert (found.permit_state, found.first_hour, found.charged_count, found.loss_nrho) == ("requested", "", 0, 0)


def test_rows_follow_the_project_and_the_permit_that_was_requested_last() -> None:
    after = [
        *LIFE,
        permit("request", state="requested", name=LATER_PERMIT),
        permit("expire", state="expired"),
        project("close", state="closed"),
    ]
    found = row(after)
    assert (found.permit, found.permit_state, found.project_state) == (LATER_PERMIT, "requested", "closed")
    assert found.loss_nrho == 42, "what was used under the earlier permit stays used"


def test_each_project_and_each_dataset_has_its_own_row_in_an_order_that_says_nothing() -> None:
    entries = [*LIFE, use(of=OTHER), use(dataset="school")]
    found = tally(entries).rows()
    assert [(each.dataset, each.project) for each in found] == [("clinic", ""), ("clinic", OTHER), ("clinic", PROJECT), ("school", PROJECT)]


def test_hours_are_the_first_and_the_last_whatever_the_order_of_the_log() -> None:
    found = row([use(at=9), use(at=4), use(at=6)])
    assert (found.first_hour, found.last_hour) == ("2026-11-29T04Z", "2026-11-29T09Z")


def test_purposes_are_those_of_the_project_as_it_is_now() -> None:
    assert row([use()]).purposes == ("GRU",), "the log tells nothing else"
    assert row([*LIFE, project("change_purpose", purposes=("NRES",)), use()]).purposes == ("NRES",)


costs = st.lists(st.tuples(st.sampled_from([PROJECT, OTHER, ""]), st.integers(0, 2**62), st.integers(0, 2**62)), max_size=30)


@given(costs, st.integers(0, 30))
def test_every_use_is_added_once_however_the_log_is_read(uses: list[tuple[str, int, int]], cut: int) -> None:
    entries = [use("ask" if cost or delta else "recall", cost=cost, delta=delta, of=of) for of, cost, delta in uses]
    whole, parts = tally(entries), Tally()
    for part in (entries[:cut], entries[cut:]):
        assert parts.size <= len(entries)
        for entry in part:
            parts.add(entry)
    assert parts.rows() == whole.rows() and parts.size == whole.size == len(entries)
    assert sum(each.loss_nrho for each in whole.rows()) == sum(cost for _, cost, _ in uses)
    assert sum(each.loss_delta for each in whole.rows()) == sum(delta for *_, delta in uses)
    assert sum(each.charged_count + each.recalled_count for each in whole.rows()) == len(uses)


def test_the_listing_shows_each_use_with_its_place_in_the_log() -> None:
    shown = [use_of(entry, index=index) for index, entry in enumerate(LIFE) if entry["kind"] == "use"]
    assert [each.index for each in shown] == [1, 8, 9, 10]
    assert shown[1].hour == "2026-11-29T03Z" and shown[1].left_nrho == 2**60 and shown[1].permit == PERMIT
    with pytest.raises(AssertionError):
        use_of(refused(), index=0)


def test_no_sealed_member_is_shown() -> None:
    shown: Any = uses_as_json([use_of(use(), index=0)], after=None)
    assert set(shown["uses"][0]) == set(USE_COLUMNS) and "sealed" not in USE_COLUMNS


def test_json_writes_amounts_as_texts_that_no_program_rounds() -> None:
    found: Any = rows_as_json(tally([use(cost=2**62 + 1)]))
    assert found["projects"][0]["loss_nrho"] == str(2**62 + 1) and found["size"] == 1
    assert set(found["projects"][0]) == set(ROW_COLUMNS)


def test_csv_says_the_same_and_runs_in_no_spreadsheet() -> None:
    counted = tally(LIFE)
    head, *lines = csv.reader(io.StringIO(rows_as_csv(counted.rows()), newline=""))
    assert tuple(head) == ROW_COLUMNS and len(lines) == 2
    assert [line[2] for line in lines] == ["'=Ministry", "'=Ministry"]
    head, *lines = csv.reader(io.StringIO(uses_as_csv([use_of(use(), index=3)]), newline=""))
    assert tuple(head) == USE_COLUMNS and lines[0][0] == "3" and lines[0][USE_COLUMNS.index("custodian")] == "'=Ministry"
    assert not any(cell.startswith(FORMULA) for line in lines for cell in line)


def test_entries_are_those_of_the_log_and_no_others() -> None:
    assert {entry["kind"] for entry in LIFE} == {"dataset", "use", "project", "permit", "refused"}
    assert hour(3).isoformat()[:13] + "Z" == use()["hour"] and callable(read)
