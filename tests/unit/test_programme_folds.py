"""Queries over the log: each gives what the plain reading of its words gives, on any log, and nothing else can be asked."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amana.catalog.rules_fields import Fields, Problems
from amana.log.entries import read_bundle, write_entry
from amana.log.entry_kinds import Entry, PermitEntry, RefusedEntry
from amana.log.programme_kinds import ReleaseEntry, TeamEntry
from amana.log.quorum import policy_of
from amana.programme.evaluate import Evaluator
from amana.programme.fold import Query, digest_of, plain_of, read_query
from amana.programme.folding import Folding
from amana.programme.plan import period_of
from amana.programme.plan_file import read_plan
from tests.log_folders import ASKED, KEY, SEALED, a_use, beginning, written
from tests.programme import plan_text

TODAY = date(2026, 11, 30)
COMPANIES = {
    "fold": "count_distinct",
    "member": "organisation",
    "of": "team",
    "where": {"category": ["company"]},
    "with": [
        {"of": "permit", "on": {"project": "project"}, "last_of": "permit", "where": {"state": ["active"], "until": {"from": "today"}}}
    ],
}


def query(written: dict[str, object]) -> Query:
    problems = Problems("", family="programme")
    found = read_query(Fields(written, "log", problems))
    assert found is not None and not problems.found, problems.found
    return found


def wrong(written: dict[str, object]) -> list[str]:
    problems = Problems("", family="programme")
    assert read_query(Fields(written, "log", problems)) is None or problems.found
    return [f"{each.code} {each.parameters['path']}" for each in problems.found]


def value(written: dict[str, object], entries: Sequence[Entry], *, on: date = TODAY, period: str = "2026") -> Fraction | None:
    asked = query(written)
    folding = Folding([asked])
    for index, line in enumerate(read_bundle([write_entry(each) for each in entries])):
        folding.add(index, line)
    return folding.figure(asked, on=on, period=period_of(period)).value


def hour(day: int) -> datetime:
    return datetime(2026, 1 + day // 28, 1 + day % 28, 5, tzinfo=UTC)


def permit(number: int, state: str, *, day: int = 0, until: date = date(2030, 1, 1), project: int = 0) -> PermitEntry:
    return PermitEntry(
        hour=hour(day), permit=f"m-{number:x}", project=f"p-{project:x}", dataset="clinic", population="people", custodian="C", event="grant",
        state=state, cap_nrho=0, cap_delta=0, until=until, sealed=SEALED,
    )  # fmt: skip


def team(project: int, *, organisation: int, category: str = "company") -> TeamEntry:
    return TeamEntry(hour=hour(0), project=f"p-{project:x}", organisation=f"o-{organisation:x}", category=category)


def test_startups_with_an_active_permit_are_counted_once_each_while_a_permit_of_theirs_lives() -> None:
    teams = [team(1, organisation=1), team(2, organisation=1), team(3, organisation=3), team(4, organisation=4, category="research")]
    active = [permit(each, "active", project=each) for each in (1, 2, 3, 4)]
    assert value(COMPANIES, [*teams, *active]) == 2
    assert value(COMPANIES, [*teams, *active, permit(3, "suspended", project=3)]) == 1
    assert value(COMPANIES, [*teams, *active], on=date(2030, 1, 2)) == 0, "their last day is over"
    assert value(COMPANIES, teams) == 0


def test_a_share_has_no_value_where_the_whole_is_empty() -> None:
    share = {"part": {"fold": "count", "of": "refused"}, "whole": {"fold": "count", "of": "permit"}}
    refused = RefusedEntry(hour=hour(1), dataset="clinic", project="p-1", permit="m-1", code=301, sealed=ASKED)
    assert value(share, [refused]) is None
    assert value(share, [permit(1, "active"), permit(2, "active"), refused]) == 50


def test_the_latest_release_says_how_many_languages_are_whole() -> None:
    def release(day: int, *languages: str, findings: int = 3) -> ReleaseEntry:
        return ReleaseEntry(hour=hour(day), release=f"0.{day}", digest="0" * 64, languages=languages, findings=findings)

    entries = [release(1, "ar", "en", "fr", "zgh"), release(2, "en", "fr", findings=0)]
    assert value({"fold": "latest", "member": "languages", "of": "release"}, entries) == 2
    assert value({"fold": "latest", "member": "findings", "of": "release"}, entries) == 0
    assert value({"fold": "sum", "member": "findings", "of": "release"}, entries) == 3
    assert value({"fold": "latest", "member": "findings", "of": "release"}, []) is None


def test_only_entries_of_the_period_count_where_that_is_asked() -> None:
    entries = [permit(each, "active", day=each) for each in (0, 30, 60)]
    counted = {"fold": "count", "of": "permit", "in_period": True}
    assert [value(counted, entries, period=each) for each in ("2026-01", "2026-02", "2026-Q1", "2025")] == [1, 1, 3, 0]
    assert value(counted, entries, period="2026-Q1", on=date(2026, 2, 10)) == 2, "what comes later is not there yet"


@st.composite
def logs(draw: st.DrawFn) -> list[Entry]:
    """Permits in any state, and teams."""
    states = st.sampled_from(("requested", "granted", "active", "revoked"))
    permits = st.builds(
        permit,
        st.integers(0, 4),
        states,
        day=st.integers(0, 90),
        until=st.sampled_from((date(2026, 1, 1), date(2027, 1, 1))),
        project=st.integers(0, 3),
    )
    teams = st.builds(team, st.integers(0, 3), organisation=st.integers(0, 2), category=st.sampled_from(("company", "research")))
    return draw(st.lists(permits | teams, max_size=25))


@given(entries=logs(), on=st.dates(date(2026, 1, 1), date(2026, 12, 31)))
def test_a_fold_is_what_its_words_say(entries: list[Entry], on: date) -> None:
    last: dict[str, PermitEntry] = {each.permit: each for each in entries if isinstance(each, PermitEntry)}
    living = {each.project for each in last.values() if each.state == "active" and each.until >= on}
    teams = [each for each in entries if isinstance(each, TeamEntry)]
    assert value(COMPANIES, entries, on=on) == len(
        {each.organisation for each in teams if each.category == "company" and each.project in living}
    )
    assert value({"fold": "count", "of": "permit", "last_of": "permit", "where": {"state": ["active", "granted"]}}, entries, on=on) == sum(
        each.state in {"active", "granted"} for each in last.values()
    )
    assert value({"fold": "count", "of": "permit"}, entries, on=on) == sum(isinstance(each, PermitEntry) for each in entries)


@given(entries=logs(), cut=st.integers(0, 25))
def test_a_figure_does_not_hang_on_how_the_log_came_in(entries: list[Entry], cut: int) -> None:
    asked = query(COMPANIES)
    folding, lines = Folding([asked]), read_bundle([write_entry(each) for each in entries])
    for index, line in enumerate(lines):
        if index == cut:
            folding.figure(asked, on=TODAY, period=None)  # a look in the middle changes nothing
        folding.add(index, line)
    assert folding.figure(asked, on=TODAY, period=None).value == value(COMPANIES, entries)


def test_a_query_reads_again_as_it_was_written_and_its_digest_is_of_what_it_says() -> None:
    asked = query(COMPANIES)
    assert query(plain_of(asked)) == asked
    other = query({**COMPANIES, "where": {"category": ["company", "research"]}})
    assert digest_of(asked) == digest_of(query(dict(reversed(COMPANIES.items())))) != digest_of(other)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ({"fold": "average", "of": "permit"}, "programme.bad_value log.fold"),
        ({"fold": "count", "of": "person"}, "programme.bad_value log.of"),
        ({"fold": "count_distinct", "of": "permit"}, "programme.missing_field log.member"),
        ({"fold": "count_distinct", "of": "use", "member": "sealed"}, "programme.bad_value log.member"),
        ({"fold": "count_distinct", "of": "use", "member": "hour"}, "programme.bad_value log.member"),
        ({"fold": "sum", "of": "permit", "member": "state"}, "programme.bad_value log.member"),
        ({"fold": "count", "of": "permit", "where": {"state": ["actve"]}}, "programme.bad_value log.where.state"),
        ({"fold": "count", "of": "permit", "where": {"state": []}}, "programme.bad_value log.where.state"),
        ({"fold": "count", "of": "permit", "where": {"person": ["x"]}}, "programme.bad_value log.where.person"),
        ({"fold": "count", "of": "permit", "where": {"until": {"from": "tomorrow"}}}, "programme.bad_value log.where.until.from"),
        ({"fold": "count", "of": "permit", "where": {"until": {}}}, "programme.bad_value log.where.until"),
        ({"fold": "count", "of": "permit", "where": {"state": {"from": "a"}}}, "programme.bad_value log.where.state.from"),
        ({"fold": "count", "of": "permit", "last_of": "permit", "in_period": True}, "programme.bad_value log.in_period"),
        ({"fold": "count", "of": "permit", "with": [{"of": "use", "on": {}}]}, "programme.bad_value log.with.1.on"),
        (
            {"fold": "count", "of": "permit", "with": [{"of": "use", "on": {"permit": "person"}}]},
            "programme.bad_value log.with.1.on.permit",
        ),
        ({"fold": "count", "of": "permit", "having": "x"}, "programme.unknown_field log.having"),
        ({"part": {"fold": "count", "of": "use"}}, "programme.missing_field log.whole"),
    ],
)
def test_what_is_no_fold_is_refused_at_its_place(written: dict[str, object], expected: str) -> None:
    assert expected in wrong(written)


@pytest.mark.parametrize(
    ("first", "second", "day", "expected"),
    [
        (3, 4, "2026-12-31", "on_track"),  # 6 in 2026 are enough for 2026, and nothing for 2027
        (3, 4, "2027-01-01", "started"),
        (3, 4, "2027-10-01", "started"),  # 3 in 2027 by then
        (3, 3, "2027-10-01", "done"),
        (3, 3, "2029-06-01", "no_evidence"),  # a log that nobody goes on with
        (3, 3, "2028-06-01", "done"),  # what a year has seen stays
        (3, 4, "2028-01-01", "late"),
        (7, 7, "2026-12-31", "started"),
        (7, 7, "2027-10-01", "late"),
    ],
)
def test_a_count_within_periods_is_compared_with_the_target_of_its_own_period(first: int, second: int, day: str, expected: str) -> None:
    text = plan_text(log='{ fold = "count", of = "use", in_period = true }').replace(
        'targets = [ { period = "2098", value = "1" } ]',
        f'targets = [ {{ period = "2026", value = "{first}" }}, {{ period = "2027", value = "{second}" }} ]',
    )  # fmt: skip
    evaluator = Evaluator(read_plan(text.encode()), read=lambda _digest: None)
    uses = [*(a_use(number, hours=number) for number in range(1, 7)), *(a_use(number, hours=7_200 + number) for number in range(7, 10))]
    for index, entry in enumerate([*written(beginning()), *map(write_entry, uses)]):
        evaluator.add(index, entry, until=date.max)
    standing = evaluator.evaluation(today=date.fromisoformat(day), policy=policy_of(KEY.verifier)).standing("open-data")
    assert standing is not None and standing.status.value == expected
