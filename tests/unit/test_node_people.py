"""Who there is on a node: who may enter whom, what the database itself forbids, and what is noted of it."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from amana.node.audit import MACHINE, notes
from amana.policy.people import Asker, OrganisationKind, Role
from amana.terms.ids import PersonId
from amana.terms.refusal import Refusal
from tests.governed import Governed, governed

pytestmark = pytest.mark.usefixtures("each_database")


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Governed]:
    with governed(tmp_path / "node.sqlite") as made:
        yield made


def test_an_operator_adds_people_and_a_decider_says_what_they_may_do(node: Governed) -> None:
    made = node.people.add_person(node.asker("operator"), name="Amal", organisation="university", language="ar")
    assert node.people.person(made).roles == ()
    with pytest.raises(Refusal, match="decider_needed"):
        node.people.give_role(node.asker("operator"), person=made, role=Role.RESEARCHER)
    node.people.give_role(node.asker("decider"), person=made, role=Role.RESEARCHER)
    node.people.give_role(node.asker("decider"), person=made, role=Role.RESEARCHER)
    assert node.people.person(made).roles == (Role.RESEARCHER,)
    node.people.revoke_role(node.asker("decider"), person=made, role=Role.RESEARCHER)
    assert node.people.person(made).roles == ()


def test_who_holds_the_data_folder_enters_the_first_people_and_it_is_noted_as_the_machine(node: Governed) -> None:
    assert {row[0] for row in node.audit()} == {MACHINE}
    entered = len(node.ids) + 6 + sum(1 for _ in node.rows("SELECT * FROM person_role")) + 3
    assert len(node.audit()) == entered, "one note for each organisation, person, role and accreditation"


def test_whoever_runs_the_machine_has_no_other_part(node: Governed) -> None:
    for by in (None, node.asker("decider")):
        for name, role in (("operator", Role.REVIEWER), ("reviewer", Role.OPERATOR)):
            with pytest.raises(Refusal, match="roles_conflict"):
                node.people.give_role(by, person=node.ids[name], role=role)


TOMORROW = timedelta(days=1)


@pytest.mark.parametrize(
    "change",
    [
        lambda node, me: node.people.give_role(me, person=me.person.id, role=Role.CUSTODIAN),
        lambda node, me: node.people.revoke_role(me, person=me.person.id, role=Role.DECIDER),
        lambda node, me: node.people.accredit(me, person=me.person.id, valid_until=node.clock.now() + TOMORROW),
        lambda node, me: node.people.disable(me, person=me.person.id),
        lambda node, me: node.people.enable(me, person=me.person.id),
    ],
)
def test_nobody_changes_her_own_standing(node: Governed, change: Callable[[Governed, Asker], object]) -> None:
    me, before = node.asker("decider"), node.audit()
    with pytest.raises(Refusal, match="not_self"):
        change(node, me)
    assert node.audit() == before, "what is refused leaves no note"


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO person_role (person, role, given_by) VALUES (:me, 'decider', :me)",
        "INSERT INTO accreditation (id, person, granted_by, valid_from, valid_until) VALUES ('a', :me, :me, '2025', '2026')",
        "INSERT INTO accreditation (id, person, granted_by, valid_from, valid_until) VALUES ('a', :me, :other, '2026', '2026')",
        "INSERT INTO person_role (person, role, given_by) VALUES (:me, 'owner', :other)",
        "INSERT INTO person_role (person, role, given_by) VALUES ('nobody', 'decider', :other)",
    ],
)
def test_the_database_itself_forbids_giving_oneself_rights(node: Governed, sql: str) -> None:
    values = {"me": node.ids["stranger"], "other": node.ids["decider"]}
    needed = {name: value for name, value in values.items() if f":{name}" in sql}
    with pytest.raises(Exception, match=r"(?i)constraint"), node.database.transaction() as run:
        run.change(sql, needed)


def test_a_person_is_stopped_and_let_in_again(node: Governed) -> None:
    node.people.disable(node.asker("operator"), person=node.ids["member"])
    assert node.people.person(node.ids["member"]).disabled_at == node.clock.now()
    node.people.disable(node.asker("operator"), person=node.ids["member"])
    with pytest.raises(Refusal, match="decider_needed"):
        node.people.enable(node.asker("operator"), person=node.ids["member"])
    node.people.enable(node.asker("decider"), person=node.ids["member"])
    assert node.people.person(node.ids["member"]).disabled_at is None
    actions = [row[1] for row in node.audit()]
    assert (actions.count("disable_person"), actions.count("enable_person")) == (1, 1), "what changes nothing is not noted"


def test_an_accreditation_ends_by_its_date_or_by_a_word(node: Governed) -> None:
    made = node.people.accredit(node.asker("decider"), person=node.ids["reviewer"], valid_until=node.clock.now() + timedelta(days=1))
    assert node.asker("reviewer").accredited(node.clock.now())
    node.clock.at_s += 86_400
    assert not node.asker("reviewer").accredited(node.clock.now())
    node.clock.at_s -= 86_400
    node.people.revoke_accreditation(node.asker("decider"), accreditation=made)
    assert not node.asker("reviewer").accredited(node.clock.now())


def test_what_is_wrong_is_said_and_nothing_is_kept(node: Governed) -> None:
    operator, decider = node.asker("operator"), node.asker("decider")
    before = node.audit()
    with pytest.raises(Refusal, match="name_taken"):
        node.people.add_organisation(operator, name="clinic", kind=OrganisationKind.RESEARCH)
    with pytest.raises(Refusal, match="not_found"):
        node.people.add_person(operator, name="Amal", organisation="nowhere", language="en")
    with pytest.raises(Refusal, match="bad_value"):
        node.people.add_person(operator, name="Amal", organisation="clinic", language="xx")
    for name in ("", "a\nb", " a", "a" * 201):
        with pytest.raises(Refusal, match="bad_value"):
            node.people.add_person(operator, name=name, organisation="clinic", language="en")
    with pytest.raises(Refusal, match="bad_value"):
        node.people.accredit(decider, person=node.ids["reviewer"], valid_until=node.clock.now())
    with pytest.raises(Refusal, match="not_found"):
        node.people.accredit(decider, person=PersonId("nobody"), valid_until=node.clock.now() + timedelta(days=1))
    assert node.audit() == before


def test_an_organisation_named_like_another_ones_id_takes_nothing_over(node: Governed) -> None:
    clinic = node.people.organisation("clinic")
    assert clinic is not None
    node.people.add_organisation(None, name=clinic.id, kind=OrganisationKind.COMPANY)
    assert node.people.organisation(clinic.id) == clinic


def test_people_and_notes_are_read_in_pages(node: Governed) -> None:
    first = node.people.people(limit=5)
    rest = node.people.people(after=first[-1].id)
    assert {each.id for each in (*first, *rest)} == set(node.ids.values())
    newest = notes(node.database, limit=3)
    older = notes(node.database, before=(newest[-1].at.isoformat(timespec="microseconds"), newest[-1].id), limit=1000)
    assert len(newest) + len(older) == len(node.audit())
    assert not {each.id for each in newest} & {each.id for each in older}
