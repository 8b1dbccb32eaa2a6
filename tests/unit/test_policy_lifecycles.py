"""The tables of transitions: what is not in them cannot happen."""

from dataclasses import replace
from enum import Enum
from typing import Any

import pytest

from amana.client.text import LANGUAGES, load
from amana.policy.models import model_after
from amana.policy.people import Who
from amana.policy.projects import Verdict, event_of_votes, output_after, project_after, votes_shown
from amana.policy.transitions import (
    MODEL,
    OUTPUT,
    PERMIT,
    PROJECT,
    RUN,
    Machine,
    ModelEvent,
    ModelState,
    OutputEvent,
    OutputState,
    PermitEvent,
    PermitState,
    ProjectEvent,
    ProjectState,
    RunEvent,
    RunState,
    move,
)
from amana.terms.refusal import Refusal
from tests.people import model, output, pid, project, vote

MACHINES: list[tuple[Machine[Any, Any], type[Enum], type[Enum]]] = [
    (PROJECT, ProjectState, ProjectEvent),
    (PERMIT, PermitState, PermitEvent),
    (RUN, RunState, RunEvent),
    (OUTPUT, OutputState, OutputEvent),
    (MODEL, ModelState, ModelEvent),
]
IDS = [machine.name for machine, _, _ in MACHINES]


@pytest.mark.parametrize(("machine", "states", "events"), MACHINES, ids=IDS)
def test_every_state_can_be_reached_and_every_event_has_one_row(machine: Machine[Any, Any], states: type[Enum], events: type[Enum]) -> None:
    reached = {machine.start}
    for _ in states:
        reached |= {move(machine, state, event=event) for state in reached for event in machine.possible(state)}
    assert reached == set(states)
    assert sorted(each.event.value for each in machine.transitions) == sorted(event.value for event in events)


@pytest.mark.parametrize(("machine", "states", "events"), MACHINES, ids=IDS)
def test_an_event_that_is_not_in_the_table_is_refused_with_what_is(
    machine: Machine[Any, Any], states: type[Enum], events: type[Enum]
) -> None:
    for state in states:
        for event in set(events) - set(machine.possible(state)):
            with pytest.raises(Refusal) as caught:
                move(machine, state, event=event)
            assert caught.value.code == "lifecycle.not_possible"
            named = [each.event for each in machine.transitions if state in each.states and each.who != (Who.NODE,)]
            assert caught.value.parameters["possible"] == (", ".join(map(machine.word, named)) or "–")


def test_what_is_possible_is_said_in_the_readers_words() -> None:
    with pytest.raises(Refusal) as caught:
        move(PROJECT, ProjectState.SUBMITTED, event=ProjectEvent.ADD_MEMBER)
    said = {language: load(language).say(caught.value.code, **caught.value.parameters) for language in LANGUAGES}
    assert said["en"] == (
        'It is not possible to add a member now: this project is in the state "submitted". Possible from there: to take the project back, '
        "to review the project, to return the project to its applicant, to approve the project, to reject the project, to close the project."
    )
    assert "évaluer le projet, " in said["fr"] and "مراجعة المشروع، " in said["ar"]
    assert not [text for text in said.values() if "_" in text or "word." in text]


@pytest.mark.parametrize(("machine", "states", "events"), MACHINES, ids=IDS)
def test_whatever_a_person_does_has_a_word(machine: Machine[Any, Any], states: type[Enum], events: type[Enum]) -> None:
    words = [machine.word(each.event) for each in machine.transitions if each.who != (Who.NODE,)]
    assert [word for word in words if not load("en").has(word)] == []


@pytest.mark.parametrize(("machine", "states", "events"), MACHINES, ids=IDS)
def test_every_event_is_told_in_words(machine: Machine[Any, Any], states: type[Enum], events: type[Enum]) -> None:
    assert [event for event in events if not load("en").has(machine.text(event))] == []


def test_nothing_comes_back_from_an_end() -> None:
    ends = {
        PROJECT.name: (ProjectState.CLOSED, ProjectState.EXPIRED, ProjectState.REVOKED, ProjectState.REJECTED),
        PERMIT.name: (PermitState.REFUSED, PermitState.EXPIRED, PermitState.REVOKED),
        RUN.name: (RunState.REFUSED, RunState.CANCELLED, RunState.SETTLED),
        OUTPUT.name: (OutputState.REJECTED, OutputState.RETRACTED),
        MODEL.name: (ModelState.RETIRED,),
    }
    for machine, _, _ in MACHINES:
        assert [state for state in ends[machine.name] if machine.possible(state)] == []


def test_no_operator_moves_anything() -> None:
    assert not any(Who.OPERATOR in each.who for machine, _, _ in MACHINES for each in machine.transitions)


def test_a_run_that_is_charged_always_settles() -> None:
    for state in (RunState.RESERVED, RunState.RUNNING, RunState.DONE, RunState.FAILED):
        assert RUN.possible(state)
        assert not {RunEvent.REFUSE, RunEvent.CANCEL} & set(RUN.possible(state))


@pytest.mark.parametrize(
    ("first", "second", "event"),
    [
        (Verdict.APPROVE, Verdict.APPROVE, OutputEvent.APPROVE),
        (Verdict.REJECT, Verdict.REJECT, OutputEvent.REJECT),
        (Verdict.APPROVE, Verdict.REJECT, OutputEvent.RETURN),
        (Verdict.APPROVE, Verdict.RETURN, OutputEvent.RETURN),
        (Verdict.RETURN, Verdict.RETURN, OutputEvent.RETURN),
        (Verdict.REJECT, Verdict.RETURN, OutputEvent.RETURN),
    ],
)
def test_two_votes_decide_and_a_difference_goes_back_to_the_author(first: Verdict, second: Verdict, event: OutputEvent) -> None:
    assert event_of_votes(output(OutputState.CHECKING, vote("reviewer", first), vote("second", second)), project=project()) is event


def test_one_vote_decides_nothing_nor_do_votes_of_an_earlier_round() -> None:
    assert event_of_votes(output(OutputState.CHECKING, vote("reviewer")), project=project()) is None
    assert event_of_votes(output(OutputState.CHECKING, vote("reviewer", round=0), vote("second")), project=project()) is None


def test_a_vote_is_blind_until_both_are_cast() -> None:
    one = output(OutputState.CHECKING, vote("reviewer"))
    assert votes_shown(one, project=project(), to=pid("second")) == ()
    assert votes_shown(one, project=project(), to=pid("member")) == ()
    assert votes_shown(one, project=project(), to=pid("reviewer")) == one.votes
    both = output(OutputState.CHECKING, vote("reviewer"), vote("second"))
    assert votes_shown(both, project=project(), to=pid("second")) == votes_shown(both, project=project(), to=pid("member")) == both.votes


def test_the_votes_of_an_earlier_round_are_no_secret_and_those_of_this_one_are() -> None:
    again = output(OutputState.CHECKING, vote("reviewer", round=0), vote("second", round=0), vote("second"))
    assert votes_shown(again, project=project(), to=pid("reviewer")) == again.votes[:2]


def test_the_vote_of_somebody_who_joined_the_project_counts_no_more() -> None:
    both = output(OutputState.CHECKING, vote("reviewer"), vote("second"))
    joined = replace(project(), former=(pid("second"),))
    assert event_of_votes(both, project=joined) is None
    assert votes_shown(both, project=joined, to=pid("second")) == both.votes[1:]


def test_a_project_sent_again_is_a_new_version_and_an_output_proposed_again_a_new_round() -> None:
    returned = project(ProjectState.RETURNED)
    again = project_after(returned, event=ProjectEvent.SUBMIT)
    assert (again.state, again.version) == (ProjectState.SUBMITTED, 2)
    assert project_after(returned, event=ProjectEvent.EDIT) == returned
    proposed = output_after(output(OutputState.RETURNED, vote("reviewer"), vote("second")), event=OutputEvent.PROPOSE)
    assert (proposed.state, proposed.round, proposed.votes_now()) == (OutputState.CHECKING, 2, ())
    assert output_after(proposed, event=OutputEvent.RETURN).round == 2


def test_a_model_is_public_from_its_registration_to_the_end_and_not_while_its_words_change() -> None:
    judged = model_after(model(), event=ModelEvent.ASSESS, actor=pid("custodian"))
    registered = model_after(judged, event=ModelEvent.REGISTER, actor=pid("member"))
    assert (model().public, judged.public, registered.public) == (False, False, True)
    served = model_after(registered, event=ModelEvent.SERVE, actor=pid("custodian"))
    retired = model_after(served, event=ModelEvent.RETIRE, actor=pid("member"))
    assert (served.public, retired.public, retired.state) == (True, True, ModelState.RETIRED)
    again = model_after(registered, event=ModelEvent.REVISE, actor=pid("member"))
    assert (again.state, again.public, again.assessed_by) == (ModelState.TRAINED, False, None)
    assert not model_after(judged, event=ModelEvent.RETIRE, actor=pid("member")).public


def test_what_was_in_service_is_not_taken_back() -> None:
    for state in (ModelState.IN_SERVICE, ModelState.SUSPENDED, ModelState.RETIRED):
        assert not {ModelEvent.REVISE, ModelEvent.DESCRIBE} & set(MODEL.possible(state))
