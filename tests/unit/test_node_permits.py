"""Permits in the database and their accounts in the ledger: granted once, widened, spent, stopped, ended."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from pathlib import Path

import pytest

from amana.catalog.schema import Dataset
from amana.node.permits import Permits
from amana.policy.people import Asker, Role
from amana.policy.permit import Permit
from amana.policy.transitions import PermitEvent, PermitState, ProjectEvent, ProjectState
from amana.privacy.ledger import Ledger
from amana.terms.ids import DeltaUnits, NanoRho, PermitId, PopulationName
from amana.terms.refusal import Refusal
from tests.crash.test_ledger_machine import asked, costing
from tests.governed import Governed, governed
from tests.parts import version

pytestmark = pytest.mark.usefixtures("each_database")
DAY = 86_400


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Governed]:
    with governed(tmp_path / "node.sqlite") as made:
        yield made


def dataset(node: Governed) -> Dataset:
    return node.versions[0].dataset


def leave(node: Governed, who: str = "member", permit: PermitId | None = None) -> Permit:
    return node.permits.leave(node.asker(who), dataset=dataset(node), permit=permit)


def state(node: Governed, permit: PermitId) -> PermitState:
    return node.permits.permit(node.asker("custodian"), permit=permit).record.state


def noted(node: Governed, permit: PermitId) -> Counter[object]:
    return Counter(row[1] for row in node.audit() if row[3] == permit)


def account(node: Governed, permit: PermitId) -> list[tuple[object, ...]]:
    sql = "SELECT cap_nrho, cap_delta, spent_nrho FROM account WHERE name = :name"
    return list(node.rows(sql, name=f"permit {permit}"))


def test_a_granted_permit_has_an_account_of_its_share_and_lets_its_members_ask(node: Governed) -> None:
    permit = node.granted()
    found = node.permits.permit(node.asker("custodian"), permit=permit)
    assert (found.record.state, found.project.state) == (PermitState.ACTIVE, ProjectState.ACTIVE)
    assert found.record.granted_by == node.ids["custodian"]
    population = dataset(node).population
    assert account(node, permit) == [(population.cap_nrho // 20, population.cap_delta // 20, 0)]
    given = leave(node)
    assert (given.id, given.cap_nrho) == (permit, population.cap_nrho // 20)
    assert noted(node, permit) == Counter({"request": 1, "grant": 1, "activate": 1})


def test_each_word_of_the_custodian_is_noted_once_and_holds_at_the_next_question(node: Governed) -> None:
    permit = node.granted()
    for event, code in ((PermitEvent.SUSPEND, "permit.suspended"), (PermitEvent.RESUME, None), (PermitEvent.REVOKE, "permit.revoked")):
        node.permits.act(node.asker("custodian"), permit=permit, event=event, reasons="because")
        if code is None:
            assert leave(node).id == permit
        else:
            with pytest.raises(Refusal, match=code):
                leave(node)
    assert noted(node, permit)["suspend"] == noted(node, permit)["resume"] == noted(node, permit)["revoke"] == 1


def test_a_request_is_refused_and_asked_again(node: Governed) -> None:
    project = node.approved()
    permit = node.requested(project)
    with pytest.raises(Refusal, match="permit.held"):
        node.requested(project)
    assert node.permits.act(node.asker("custodian"), permit=permit, event=PermitEvent.REFUSE).record.state is PermitState.REFUSED
    assert state(node, node.requested(project)) is PermitState.REQUESTED


def stop_person(node: Governed) -> None:
    node.people.disable(node.asker("operator"), person=node.ids["member"])


def end_accreditation(node: Governed) -> None:
    found = node.people.accreditations(node.ids["member"])
    node.people.revoke_accreditation(node.asker("decider"), accreditation=found[0].id)


def leave_project(node: Governed) -> None:
    project = node.projects.projects(node.asker("member"))[0].id
    node.projects.remove_member(node.asker("applicant"), project=project, person=node.ids["member"])


def suspend_project(node: Governed) -> None:
    project = node.projects.projects(node.asker("member"))[0].id
    node.projects.decide(node.asker("decider"), project=project, event=ProjectEvent.SUSPEND, reasons="")


def change_purpose(node: Governed) -> None:
    project = node.projects.projects(node.asker("member"))[0].id
    node.projects.act(node.asker("applicant"), project=project, event=ProjectEvent.CHANGE_PURPOSE)


@pytest.mark.parametrize(
    ("stop", "code"),
    [
        (stop_person, "person_disabled"),
        (end_accreditation, "not_accredited"),
        (leave_project, "member_needed|permit.none"),
        (suspend_project, "project.suspended"),
        (change_purpose, "project.waiting"),
    ],
)
def test_what_stops_a_person_stops_her_at_the_next_question(node: Governed, stop: Callable[[Governed], None], code: str) -> None:
    permit = node.granted()
    assert leave(node).id == permit
    stop(node)
    for named in (permit, None):
        with pytest.raises(Refusal, match=code):
            leave(node, permit=named)


def test_time_alone_stops_an_accreditation_and_a_permit_before_anything_is_noted(node: Governed) -> None:
    permit = node.granted()
    node.clock.at_s += 61 * DAY
    assert state(node, permit) is PermitState.ACTIVE
    with pytest.raises(Refusal, match="permit.expired"):
        leave(node)
    assert node.permits.expire() == 1
    assert node.permits.expire() == 0
    assert (state(node, permit), noted(node, permit)["expire"]) == (PermitState.EXPIRED, 1)
    other = node.granted(node.approved())
    node.clock.at_s += 30 * DAY
    assert leave(node, permit=other).id == other
    for who in ("member", "applicant"):
        for each in node.people.accreditations(node.ids[who]):
            node.people.revoke_accreditation(node.asker("decider"), accreditation=each.id)
    with pytest.raises(Refusal, match="not_accredited"):
        leave(node, permit=other)


def test_a_stranger_learns_only_that_she_has_no_permit(node: Governed) -> None:
    permit = node.granted()
    with pytest.raises(Refusal, match="permit.none"):
        leave(node, "stranger")
    with pytest.raises(Refusal, match="member_needed"):
        leave(node, "stranger", permit)
    with pytest.raises(Refusal, match="sign_in_needed"):
        node.permits.leave(None, dataset=dataset(node), permit=None)


def test_a_permit_says_why_it_cannot_be_used_also_when_nobody_named_it(node: Governed) -> None:
    permit = node.granted()
    node.permits.note_spending(permit, event=PermitEvent.EXHAUST)
    with pytest.raises(Refusal, match="permit.exhausted"):
        leave(node)


def test_of_several_permits_one_must_be_named(node: Governed) -> None:
    first, second = node.granted(node.approved()), node.granted(node.approved())
    with pytest.raises(Refusal, match="permit.several"):
        leave(node)
    assert leave(node, permit=second).id == second
    node.permits.act(node.asker("custodian"), permit=first, event=PermitEvent.SUSPEND)
    assert leave(node).id == second, "one that cannot be used is no choice"


def test_a_permit_is_widened_and_never_narrowed(node: Governed) -> None:
    permit = node.granted()
    until = node.clock.now() + timedelta(days=60)
    custodian = node.asker("custodian")
    for share, day in ((Fraction(1, 21), 60), (Fraction(1, 10), 59), (Fraction(0), 60), (Fraction(2), 60), (Fraction(1, 10), -1)):
        with pytest.raises(Refusal, match="bad_value"):
            node.permits.grant(custodian, permit=permit, share=share, valid_until=node.clock.now() + timedelta(days=day))
    node.permits.note_spending(permit, event=PermitEvent.EXHAUST)
    node.permits.grant(custodian, permit=permit, share=Fraction(1, 10), valid_until=until + timedelta(days=1))
    assert state(node, permit) is PermitState.ACTIVE
    assert account(node, permit)[0][0] == dataset(node).population.cap_nrho // 10
    assert noted(node, permit)["widen"] == 1


def test_a_permit_ends_with_its_project_at_the_latest(node: Governed) -> None:
    permit = node.requested()
    far = node.clock.now() + timedelta(days=3000)
    found = node.permits.grant(node.asker("custodian"), permit=permit, share=Fraction(1, 20), valid_until=far)
    assert found.record.valid_until == found.project.ends_on


@pytest.mark.parametrize(
    ("dataset", "share", "days", "code"),
    [
        ("clinic", Fraction(0), 1, "bad_value"),
        ("clinic", Fraction(101, 100), 1, "bad_value"),
        ("clinic", Fraction(1, 2), -1, "bad_value"),
        ("school", Fraction(1, 2), 1, "project.other_dataset"),
        ("nowhere", Fraction(1, 2), 1, "unknown_dataset"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused_in_words(node: Governed, dataset: str, share: Fraction, days: int, code: str) -> None:
    node.versions.append(version(name="school"))
    project = node.approved()
    before, until = node.audit(), node.clock.now() + timedelta(days=days)
    with pytest.raises(Refusal, match=code):
        node.permits.request(node.asker("applicant"), project=project, dataset=dataset, share=share, valid_until=until)
    assert node.audit() == before


def test_a_dataset_whose_custodian_nobody_entered_grants_nothing(node: Governed) -> None:
    held = node.versions[0]
    node.versions[0] = replace(held, dataset=replace(held.dataset, custodian="nobody"))
    with pytest.raises(Refusal, match="custodian_unknown"):
        node.requested()


@pytest.mark.parametrize("who", ["elsewhere", "decider", "reviewer", "applicant", "operator", "auditor"])
def test_only_the_custodian_of_the_dataset_signs(node: Governed, who: str) -> None:
    permit = node.requested()
    with pytest.raises(Refusal, match="custodian_needed"):
        node.permits.grant(node.asker(who), permit=permit, share=Fraction(1, 20), valid_until=node.clock.now() + timedelta(days=1))
    with pytest.raises(Refusal, match="custodian_needed"):
        node.permits.act(node.asker(who), permit=permit, event=PermitEvent.REFUSE)


def test_signing_needs_a_fresh_sign_in(node: Governed) -> None:
    permit = node.requested()
    stale = replace(node.asker("custodian"), stepped_up_at=None)
    with pytest.raises(Refusal, match="step_up_needed"):
        node.permits.grant(stale, permit=permit, share=Fraction(1, 20), valid_until=node.clock.now() + timedelta(days=1))


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE permit SET state = 'granted', granted_by = :applicant WHERE id = :permit",
        "UPDATE permit SET applicant = :other WHERE id = :permit",
        "UPDATE permit SET state = 'active' WHERE id = :permit",
        "UPDATE permit SET granted_by = :other WHERE id = :permit",
        "UPDATE permit SET cap_nrho = -1 WHERE id = :permit",
    ],
)
def test_the_database_itself_forbids_granting_to_oneself(node: Governed, sql: str) -> None:
    values = {"permit": node.requested(), "applicant": node.ids["applicant"], "other": node.ids["custodian"]}
    needed = {name: value for name, value in values.items() if f":{name}" in sql}
    with pytest.raises(Exception, match=r"(?i)constraint"), node.database.transaction() as run:
        run.change(sql, needed)


def test_of_two_custodians_at_once_one_signs(node: Governed) -> None:
    permit = node.requested()
    second = node.people.add_person(None, name="second custodian", organisation="clinic", language="en")
    node.people.give_role(None, person=second, role=Role.CUSTODIAN)
    node.ids["colleague"] = second
    outcomes: list[str] = []
    start = threading.Barrier(2)

    def run(step: Callable[[], object]) -> None:
        start.wait()
        try:
            step()
            outcomes.append("won")
        except Refusal as refusal:
            outcomes.append(refusal.code)

    until = node.clock.now() + timedelta(days=60)
    first, other = node.asker("custodian"), node.asker("colleague")
    steps: tuple[Callable[[], object], ...] = (
        lambda: node.permits.grant(first, permit=permit, share=Fraction(1, 20), valid_until=until),
        lambda: node.permits.act(other, permit=permit, event=PermitEvent.REFUSE),
    )
    threads = [threading.Thread(target=run, args=(step,)) for step in steps]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(outcomes) == ["lifecycle.not_possible", "won"]
    assert noted(node, permit)["grant"] + noted(node, permit)["refuse"] == 1


class StoppedError(Exception):
    """The machine stops here."""


def test_what_a_crash_left_granted_is_finished_at_the_next_start(node: Governed, monkeypatch: pytest.MonkeyPatch) -> None:
    permit = node.requested()
    until = node.clock.now() + timedelta(days=60)

    def die(*_: object, **__: object) -> None:
        raise StoppedError

    with monkeypatch.context() as broken:
        broken.setattr(Ledger, "open_account", die)
        with pytest.raises(StoppedError):
            node.permits.grant(node.asker("custodian"), permit=permit, share=Fraction(1, 20), valid_until=until)
    assert (state(node, permit), account(node, permit)) == (PermitState.GRANTED, [])
    with pytest.raises(Refusal, match="project.waiting"):
        leave(node, permit=permit)
    assert node.permits.activate() == 1
    assert (state(node, permit), len(account(node, permit))) == (PermitState.ACTIVE, 1)
    node.permits.activate()
    assert noted(node, permit) == Counter({"request": 1, "grant": 1, "activate": 1}), "once, however often it starts"
    with monkeypatch.context() as broken:
        broken.setattr(Ledger, "open_account", die)
        with pytest.raises(StoppedError):
            node.permits.grant(node.asker("custodian"), permit=permit, share=Fraction(1, 10), valid_until=until)
    node.permits.activate()
    assert account(node, permit)[0][0] == dataset(node).population.cap_nrho // 10


def test_a_node_starts_although_a_permits_dataset_serves_no_more(node: Governed) -> None:
    permit = node.granted()
    node.versions.clear()
    assert node.permits.activate() == 0
    assert state(node, permit) is PermitState.ACTIVE


def test_a_dataset_may_be_opened_while_a_permit_is_read(node: Governed) -> None:
    """The first look at a version enters its population in the same database: never inside another transaction."""
    permit = node.granted()

    def opening() -> tuple[Dataset, ...]:
        node.ledger.open_population(dataset(node).population)
        return node.datasets()

    permits = Permits(node.database, node.clock.now, ledger=node.ledger, datasets=opening)
    until = node.clock.now() + timedelta(days=60)
    permits.grant(node.asker("custodian"), permit=permit, share=Fraction(1, 10), valid_until=until)
    permits.act(node.asker("custodian"), permit=permit, event=PermitEvent.SUSPEND)
    permits.note_spending(permit, event=PermitEvent.EXPIRE)
    assert [each.record.id for each in permits.permits(node.asker("custodian"))] == [permit]


def test_resuming_a_permit_that_faults_had_paused_forgives_them(node: Governed) -> None:
    permit = node.granted()
    given = leave(node)
    for number in range(2):
        charge = node.ledger.charge(given, costing(1), asked(f"q{number}"), now=node.clock.now())
        node.ledger.fault(charge, given)
    with pytest.raises(Refusal, match="permit_paused"):
        node.ledger.charge(given, costing(1), asked("q3"), now=node.clock.now())
    node.permits.note_spending(permit, event=PermitEvent.PAUSE)
    node.permits.note_spending(permit, event=PermitEvent.PAUSE)
    assert (state(node, permit), noted(node, permit)["pause"]) == (PermitState.SUSPENDED, 1)
    node.permits.act(node.asker("custodian"), permit=permit, event=PermitEvent.RESUME)
    node.ledger.charge(leave(node), costing(1), asked("q4"), now=node.clock.now())


def test_an_assistant_spends_no_more_than_its_part_of_the_permit(node: Governed) -> None:
    node.granted()
    given = node.permits.leave(node.asker("member"), dataset=dataset(node), permit=None, allowance=("assistant", Fraction(1, 4)))
    assert given.allowance is not None
    assert given.allowance.cap_nrho == given.cap_nrho // 4
    with pytest.raises(Refusal, match="allowance_exhausted"):
        node.ledger.charge(given, costing(given.cap_nrho // 4 + 1), asked("q"), now=node.clock.now())
    node.ledger.charge(given, costing(given.cap_nrho // 4), asked("q"), now=node.clock.now())


def test_a_permit_of_another_population_of_the_same_name_is_none(node: Governed) -> None:
    permit = node.granted()
    other = replace(dataset(node), population=replace(dataset(node).population, name=PopulationName("others")))
    with pytest.raises(Refusal, match="permit.other_dataset"):
        node.permits.leave(node.asker("member"), dataset=other, permit=permit)


def test_a_share_so_small_that_nothing_is_left_of_it_is_not_granted(node: Governed) -> None:
    permit, tomorrow = node.requested(), node.clock.now() + timedelta(days=1)
    with pytest.raises(Refusal, match="bad_value"):
        node.permits.grant(node.asker("custodian"), permit=permit, share=Fraction(1, 10**12), valid_until=tomorrow)


def test_everybody_sees_her_own_permits(node: Governed) -> None:
    made = [node.granted(node.approved()) for _ in range(3)]
    seen: dict[str, set[PermitId]] = {
        who: {each.record.id for each in node.permits.permits(node.asker(who))}
        for who in ("applicant", "custodian", "elsewhere", "decider", "reviewer", "stranger")
    }
    every, none = set(made), set[PermitId]()
    assert seen == {
        "applicant": every, "custodian": every, "decider": every, "elsewhere": none, "reviewer": none, "stranger": none,
    }  # fmt: skip
    first = node.permits.permits(node.asker("custodian"), limit=2)
    assert len(node.permits.permits(node.asker("custodian"), after=first[-1].record.id)) == 1


def test_caps_are_whole_amounts_of_both_currencies(node: Governed) -> None:
    asker: Asker = node.asker("custodian")
    found = node.permits.grant(asker, permit=node.requested(), share=Fraction(1, 3), valid_until=node.clock.now() + timedelta(days=1))
    assert found.record.cap_nrho == NanoRho(10**9 // 3)
    assert found.record.cap_delta == DeltaUnits(2**40 // 3)
