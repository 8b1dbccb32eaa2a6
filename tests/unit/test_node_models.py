"""Models: described by their team, assessed by others, registered, and never judged by who described them."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier

import pytest

from amana.log.entry_kinds import ModelEntry
from amana.policy.people import Role
from amana.policy.transitions import ModelEvent, ModelState
from amana.terms.ids import ModelId
from amana.terms.model_card import read_card, write_card
from amana.terms.refusal import Refusal
from amana.terms.training_facts import read_facts, write_facts
from tests.governed import Governed, governed
from tests.models import TEXT, card, facts, new_model
from tests.telling import Told, telling

pytestmark = pytest.mark.usefixtures("each_database")


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Governed]:
    with governed(tmp_path / "node.sqlite") as made:
        yield made


@pytest.fixture
def told(tmp_path: Path) -> Iterator[Told]:
    with telling(tmp_path) as made:
        yield made


def act(node: Governed, model: ModelId, event: ModelEvent, *, who: str, reasons: str = "") -> ModelState:
    return node.models.act(node.asker(who), model=model, event=event, reasons=reasons).state


def test_what_is_known_and_said_of_a_model_is_read_as_it_was_written() -> None:
    assert read_facts(write_facts(facts())) == facts()
    assert read_facts(write_facts(replace(facts(), audit=None, energy_wh=None))).audit is None
    assert read_card(write_card(card())) == card()


def test_a_model_goes_through_its_whole_life_and_each_step_is_noted(node: Governed) -> None:
    model = node.registered()
    assert act(node, model, ModelEvent.SERVE, who="decider") is ModelState.IN_SERVICE
    assert act(node, model, ModelEvent.SUSPEND, who="custodian") is ModelState.SUSPENDED
    assert act(node, model, ModelEvent.RESUME, who="custodian") is ModelState.IN_SERVICE
    assert act(node, model, ModelEvent.RETIRE, who="member") is ModelState.RETIRED
    steps = [row[1] for row in node.audit() if row[3] == model]
    assert steps == ["train", "describe", "assess", "register", "serve", "suspend", "resume", "retire"]
    shown = node.models.model(None, model=model)
    assert (shown.record.public, shown.card, replace(shown.facts, receipt=facts().receipt)) == (True, card(), facts())
    assert shown.registered_at is not None and shown.served_at is not None and shown.retired_at == shown.since


def test_nobody_outside_reads_a_model_before_it_is_registered_nor_its_file_after(node: Governed) -> None:
    model = node.described()
    with pytest.raises(Refusal, match="sign_in_needed"):
        node.models.model(None, model=model)
    assert node.models.public(None) == ()
    act(node, model, ModelEvent.ASSESS, who="custodian")
    act(node, model, ModelEvent.REGISTER, who="member")
    assert [each.record.id for each in node.models.public(None)] == [model]
    assert node.models.public(None, state="in_service") == node.models.public(None, dataset="other") == ()
    with pytest.raises(Refusal, match="sign_in_needed"):
        node.models.file(None, model=model)
    for who in ("member", "custodian", "auditor"):
        assert node.models.file(node.asker(who), model=model) == TEXT


def test_a_team_sees_its_models_and_a_stranger_those_of_the_register(node: Governed) -> None:
    model = node.trained()
    project = node.models.place(model).model.project
    assert project is not None
    assert [each.record.id for each in node.models.models(node.asker("member"))] == [model]
    assert [each.record.id for each in node.models.of_project(node.asker("applicant"), project=project)] == [model]
    assert node.models.models(node.asker("stranger")) == node.models.of_project(None, project=project) == ()


def test_a_card_that_says_too_little_is_refused_with_what_is_missing(node: Governed) -> None:
    model = node.trained()
    with pytest.raises(Refusal) as found:
        node.models.describe(node.asker("member"), model=model, card=replace(card(), objection=(), contact="", limits=(("en", ""),)))
    assert dict(found.value.parameters) == {"fields": "word.card.objection, word.card.limits, word.card.contact"}
    assert node.models.kept(model)[0].card is None


def test_words_change_only_while_nobody_has_judged_them(node: Governed) -> None:
    model = node.registered()
    with pytest.raises(Refusal, match="not_possible"):
        node.models.describe(node.asker("member"), model=model, card=card())
    assert act(node, model, ModelEvent.REVISE, who="member") is ModelState.TRAINED
    assert node.models.public(None) == ()
    node.models.describe(node.asker("member"), model=model, card=replace(card(), contact="other@clinic.example"))
    act(node, model, ModelEvent.ASSESS, who="decider")
    act(node, model, ModelEvent.REGISTER, who="applicant")
    found = node.models.model(None, model=model)
    assert found.card is not None and found.card.contact == "other@clinic.example"


@pytest.mark.parametrize(
    ("step", "code"),
    [
        (lambda node, model: act(node, model, ModelEvent.ASSESS, who="member"), "custodian_needed"),
        (lambda node, model: act(node, model, ModelEvent.ASSESS, who="elsewhere"), "custodian_needed"),
        (lambda node, model: act(node, model, ModelEvent.REGISTER, who="member"), "not_possible"),
        (lambda node, model: act(node, model, ModelEvent.SERVE, who="custodian"), "not_possible"),
        (lambda node, model: act(node, model, ModelEvent.RETIRE, who="stranger"), "member_needed"),
        (lambda node, model: node.models.describe(node.asker("custodian"), model=model, card=card()), "member_needed"),
        (lambda node, model: node.models.model(node.asker("stranger"), model=model), "member_needed"),
        (lambda node, _: node.models.model(node.asker("member"), model=ModelId("s-none")), "not_found"),
    ],
)
def test_a_step_that_fails_changes_and_notes_nothing(node: Governed, step: Callable[[Governed, ModelId], object], code: str) -> None:
    model = node.described()
    before = node.audit(), node.models.kept(model)
    with pytest.raises(Refusal, match=code):
        step(node, model)
    assert (node.audit(), node.models.kept(model)) == before


def test_a_member_who_is_a_custodian_too_does_not_assess_the_model_of_her_team(node: Governed) -> None:
    node.people.give_role(None, person=node.ids["applicant"], role=Role.DECIDER)
    model = node.described()
    with pytest.raises(Refusal, match="own_project"):
        act(node, model, ModelEvent.ASSESS, who="applicant")


def test_what_a_custodian_trained_itself_is_assessed_by_somebody_else(node: Governed) -> None:
    model = node.trained(project=False)
    node.models.describe(node.asker("custodian"), model=model, card=card())
    with pytest.raises(Refusal, match="own_words"):
        act(node, model, ModelEvent.ASSESS, who="custodian")
    assert act(node, model, ModelEvent.ASSESS, who="decider") is ModelState.ASSESSED
    assert act(node, model, ModelEvent.REGISTER, who="custodian") is ModelState.REGISTERED


def test_assessing_and_putting_in_service_need_a_fresh_sign_in(node: Governed) -> None:
    model = node.described()
    with pytest.raises(Refusal, match="step_up_needed"):
        node.models.act(replace(node.asker("custodian"), stepped_up_at=None), model=model, event=ModelEvent.ASSESS)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE model SET state = 'registered' WHERE id = :id",
        "UPDATE model SET state = 'assessed' WHERE id = :id",
        "UPDATE model SET public = 1 WHERE id = :id",
        "UPDATE model SET state = 'gone' WHERE id = :id",
        "UPDATE model SET card = '' WHERE id = :id",
        "UPDATE model SET state = 'assessed', assessed_by = described_by WHERE id = :id",
    ],
)
def test_the_database_itself_forbids_a_register_of_what_nobody_else_judged(node: Governed, sql: str) -> None:
    model = node.described()
    with pytest.raises(Exception, match="(?i)check|constraint"), node.database.transaction() as run:
        run.change(sql, {"id": model})


def test_the_log_is_told_of_each_decision_from_the_assessment_on(told: Told) -> None:
    node = told.node
    model = node.registered()
    for event, who in ((ModelEvent.SERVE, "custodian"), (ModelEvent.SUSPEND, "decider"), (ModelEvent.RETIRE, "member")):
        act(node, model, event, who=who, reasons="her secret reason")
    entries = [each for each in told.log.read("model") if isinstance(each, ModelEntry)]
    assert [(each.event, each.state) for each in entries] == [
        ("assess", "assessed"),
        ("register", "registered"),
        ("serve", "in_service"),
        ("suspend", "suspended"),
        ("retire", "retired"),
    ]
    assert {(each.model, each.dataset, each.custodian, each.training) for each in entries} == {(model, "clinic", "clinic", 7)}
    assert "secret" not in told.all() and node.ids["member"] not in told.all()


def test_the_log_is_told_nothing_of_a_model_that_nobody_assessed(told: Told) -> None:
    model = told.node.described()
    act(told.node, model, ModelEvent.RETIRE, who="member")
    assert told.log.read("model") == []
    again = told.node.described()
    act(told.node, again, ModelEvent.ASSESS, who="custodian")
    act(told.node, again, ModelEvent.REVISE, who="member")
    act(told.node, again, ModelEvent.RETIRE, who="member")
    assert [each.event for each in told.log.read("model") if isinstance(each, ModelEntry)] == ["assess", "revise", "retire"]


def test_two_who_keep_the_same_training_at_one_moment_keep_one_model(node: Governed) -> None:
    (of,) = node.versions
    permit = node.granted()
    project = node.permits.place(permit).project.id
    new = new_model(project=project, permit=permit, dataset="clinic", version=of.id, custodian=of.dataset.custodian)
    together = Barrier(4)

    def keep() -> ModelId:
        together.wait()
        return node.models.add(new)

    with ThreadPoolExecutor(max_workers=4) as threads:
        made = {each.result() for each in [threads.submit(keep) for _ in range(4)]}
    assert len(made) == len(node.models.of_project(node.asker("member"), project=project)) == 1


def test_what_the_same_training_left_is_kept_once(node: Governed) -> None:
    (of,) = node.versions
    permit = node.granted()
    project = node.permits.place(permit).project.id
    new = new_model(project=project, permit=permit, dataset="clinic", version=of.id, custodian=of.dataset.custodian)
    assert node.models.add(new) == node.models.add(new)
    other = new_model(project=project, permit=permit, dataset="clinic", version=of.id, custodian=of.dataset.custodian)
    assert node.models.add(other) != node.models.add(new)
