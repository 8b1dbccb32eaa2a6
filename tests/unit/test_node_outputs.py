"""Outputs: two blinded votes by people outside the team, then a decider publishes."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from amana.node.notices import Notice, Notices
from amana.node.outputs import BODY_LENGTH_MAX
from amana.policy.people import Role
from amana.policy.projects import OutputKind, Verdict
from amana.policy.transitions import OutputEvent, OutputState
from amana.terms.ids import OutputId, ProjectId
from amana.terms.refusal import Refusal
from tests.governed import PARTS, Governed, governed

pytestmark = pytest.mark.usefixtures("each_database")


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Governed]:
    with governed(tmp_path / "node.sqlite") as made:
        yield made


def vote(node: Governed, output: OutputId, *, who: str, verdict: Verdict = Verdict.APPROVE) -> OutputState:
    return node.outputs.vote(node.asker(who), output=output, verdict=verdict, reasons=f"{who} read it").state


def noted(node: Governed, output: OutputId) -> Counter[object]:
    return Counter(row[1] for row in node.audit() if row[3] == output)


def test_an_output_is_proposed_voted_on_twice_published_and_retracted(node: Governed) -> None:
    output = node.proposed()
    assert vote(node, output, who="reviewer") is OutputState.CHECKING
    assert vote(node, output, who="second") is OutputState.APPROVED
    with pytest.raises(Refusal, match="sign_in_needed"):
        node.outputs.output(None, output=output)
    assert node.outputs.act(node.asker("decider"), output=output, event=OutputEvent.PUBLISH).state is OutputState.PUBLISHED
    public = node.outputs.output(None, output=output)
    assert public.title == "Visits" and public.votes == (), "what is published, everybody may read, but not who judged it and why"
    assert len(node.outputs.output(node.asker("member"), output=output).votes) == 2
    assert node.outputs.act(node.asker("member"), output=output, event=OutputEvent.RETRACT).state is OutputState.RETRACTED
    with pytest.raises(Refusal, match="sign_in_needed"):
        node.outputs.output(None, output=output)
    expected = {"add": 1, "propose": 1, "vote": 2, "approve": 1, "publish": 1, "retract": 1}
    assert noted(node, output) == Counter(expected)


@pytest.mark.parametrize(
    ("first", "second", "then"),
    [
        (Verdict.REJECT, Verdict.REJECT, OutputState.REJECTED),
        (Verdict.APPROVE, Verdict.REJECT, OutputState.RETURNED),
        (Verdict.RETURN, Verdict.APPROVE, OutputState.RETURNED),
    ],
)
def test_two_votes_decide_together(node: Governed, first: Verdict, second: Verdict, then: OutputState) -> None:
    output = node.proposed()
    vote(node, output, who="reviewer", verdict=first)
    assert vote(node, output, who="second", verdict=second) is then


def test_a_vote_is_blind_until_both_are_cast(node: Governed) -> None:
    output = node.proposed()
    vote(node, output, who="reviewer")
    assert node.outputs.output(node.asker("second"), output=output).votes == ()
    assert node.outputs.output(node.asker("member"), output=output).votes == ()
    assert [each.voter for each in node.outputs.output(node.asker("reviewer"), output=output).votes] == [node.ids["reviewer"]]
    vote(node, output, who="second")
    assert len(node.outputs.output(node.asker("member"), output=output).votes) == 2


def test_what_came_back_is_rewritten_and_voted_on_anew(node: Governed) -> None:
    output = node.proposed()
    for who in ("reviewer", "second"):
        vote(node, output, who=who, verdict=Verdict.RETURN)
    before = node.outputs.output(node.asker("member"), output=output).output.digest
    node.outputs.rewrite(node.asker("member"), output=output, title="Visits", body="Fewer in July, with intervals.")
    again = node.outputs.act(node.asker("member"), output=output, event=OutputEvent.PROPOSE)
    assert (again.round, again.digest != before) == (2, True)
    assert vote(node, output, who="reviewer") is OutputState.CHECKING
    assert vote(node, output, who="third") is OutputState.APPROVED


def test_the_vote_of_somebody_who_joined_the_team_afterwards_counts_no_more(node: Governed) -> None:
    output = node.proposed()
    node.people.give_role(None, person=node.ids["third"], role=Role.RESEARCHER)
    vote(node, output, who="third")
    project = node.outputs.output(node.asker("member"), output=output).output.project
    node.projects.add_member(node.asker("applicant"), project=project, person=node.ids["third"])
    assert vote(node, output, who="reviewer") is OutputState.CHECKING
    assert vote(node, output, who="second") is OutputState.APPROVED


@pytest.mark.parametrize(
    ("step", "code"),
    [
        (lambda node, output: vote(node, output, who="reviewer"), "output.voted"),
        (lambda node, output: vote(node, output, who="member"), "reviewer_needed"),
        (lambda node, output: vote(node, output, who="stranger"), "reviewer_needed"),
        (lambda node, output: node.outputs.act(node.asker("decider"), output=output, event=OutputEvent.PUBLISH), "not_possible"),
        (lambda node, output: node.outputs.act(node.asker("reviewer"), output=output, event=OutputEvent.PUBLISH), "decider_needed"),
        (lambda node, output: node.outputs.act(node.asker("applicant"), output=output, event=OutputEvent.PROPOSE), "author_needed"),
        (lambda node, output: node.outputs.rewrite(node.asker("member"), output=output, title="", body=""), "not_possible"),
        (lambda node, output: node.outputs.output(node.asker("stranger"), output=output), "member_needed"),
        (lambda node, _: node.outputs.output(node.asker("member"), output=OutputId("x-none")), "not_found"),
    ],
)
def test_a_step_that_fails_changes_and_notes_nothing(node: Governed, step: Callable[[Governed, OutputId], object], code: str) -> None:
    output = node.proposed()
    vote(node, output, who="reviewer")
    before = node.audit(), node.outputs.output(node.asker("member"), output=output)
    with pytest.raises(Refusal, match=code):
        step(node, output)
    assert (node.audit(), node.outputs.output(node.asker("member"), output=output)) == before


def test_a_member_who_is_a_reviewer_too_does_not_vote_on_her_own_team(node: Governed) -> None:
    node.people.give_role(None, person=node.ids["applicant"], role=Role.REVIEWER)
    output = node.proposed()
    with pytest.raises(Refusal, match="own_project"):
        vote(node, output, who="applicant")


def test_publishing_needs_a_fresh_sign_in(node: Governed) -> None:
    output = node.proposed()
    for who in ("reviewer", "second"):
        vote(node, output, who=who)
    with pytest.raises(Refusal, match="step_up_needed"):
        node.outputs.act(replace(node.asker("decider"), stepped_up_at=None), output=output, event=OutputEvent.PUBLISH)


@pytest.mark.parametrize(
    "sql",
    [
        """INSERT INTO vote (output, author, round, place, voter, verdict, reasons, given_at)
        VALUES (:output, :author, 1, 1, :author, 'approve', '', '2025')""",
        """INSERT INTO vote (output, author, round, place, voter, verdict, reasons, given_at)
        VALUES (:output, :other, 1, 1, :author, 'approve', '', '2025')""",
        """INSERT INTO vote (output, author, round, place, voter, verdict, reasons, given_at)
        VALUES (:output, :author, 1, 2, :voter, 'approve', '', '2025')""",
        "UPDATE output SET state = 'true' WHERE id = :output",
    ],
)
def test_the_database_itself_forbids_voting_for_oneself_or_twice(node: Governed, sql: str) -> None:
    output = node.proposed()
    vote(node, output, who="reviewer")
    values = {"output": output, "author": node.ids["member"], "other": node.ids["stranger"], "voter": node.ids["reviewer"]}
    needed = {name: value for name, value in values.items() if f":{name}" in sql}
    with pytest.raises(Exception, match=r"(?i)constraint|^$"), node.database.transaction() as run:  # a DuplicateError says nothing
        run.change(sql, needed)


def test_an_output_is_not_seen_outside_the_team_before_it_is_proposed(node: Governed) -> None:
    project = node.approved()
    output = node.outputs.add(node.asker("member"), project=project, kind=OutputKind.CODE, title="Script", body="SELECT 1")
    assert [each.output.id for each in node.outputs.outputs(node.asker("applicant"), project=project)] == [output]
    for who in ("reviewer", "decider", "stranger"):
        assert node.outputs.outputs(node.asker(who), project=project) == ()


def test_an_output_has_a_largest_length_and_a_project(node: Governed) -> None:
    project = node.approved()
    with pytest.raises(Refusal, match="bad_value"):
        node.outputs.add(node.asker("member"), project=project, kind=OutputKind.TEXT, title="", body="x" * (BODY_LENGTH_MAX + 1))
    with pytest.raises(Refusal, match="not_found"):
        node.outputs.add(node.asker("member"), project=ProjectId("p-none"), kind=OutputKind.TEXT, title="", body="")


def test_a_draft_has_no_outputs_and_a_project_no_more_than_its_number(node: Governed, monkeypatch: pytest.MonkeyPatch) -> None:
    def add(project: ProjectId) -> None:
        node.outputs.add(node.asker("applicant"), project=project, kind=OutputKind.TEXT, title="Visits", body="Many.")

    with pytest.raises(Refusal, match="waiting"):
        add(node.draft())
    monkeypatch.setattr("amana.node.outputs.OUTPUTS_MAX", 2)
    project = node.approved()
    add(project)
    add(project)
    with pytest.raises(Refusal, match="too_many"):
        add(project)


def told(node: Governed, who: str) -> tuple[Notice, ...]:
    """What she is told of outputs."""
    latest = Notices(node.database, node.clock.now).latest(node.asker(who), unread=True)
    return tuple(each for each in latest if each.kind.startswith("output_"))


def test_what_becomes_public_is_told_to_the_team_and_the_custodian_and_to_nobody_else(node: Governed) -> None:
    output = node.proposed()
    for who in ("reviewer", "second"):
        vote(node, output, who=who)
    assert {who for who in PARTS if told(node, who)} == set(), "until it is published"
    node.outputs.act(node.asker("decider"), output=output, event=OutputEvent.PUBLISH)
    assert {who for who in PARTS if told(node, who)} == {"applicant", "member", "custodian"}
    project = node.outputs.place(output).project.id
    (one,) = told(node, "custodian")
    assert (one.kind, one.project, one.permit, one.path) == ("output_publish", project, None, f"/desk/applications/{project}#outputs")
    node.outputs.act(node.asker("member"), output=output, event=OutputEvent.RETRACT)
    assert [each.kind for each in told(node, "member")] == ["output_publish"], "she took it back herself"
    for who in ("applicant", "custodian"):
        assert sorted(each.kind for each in told(node, who)) == ["output_publish", "output_retract"]


def test_a_notice_of_an_output_holds_no_word_of_it_and_of_nobody(node: Governed) -> None:
    output = node.proposed()
    for who in ("reviewer", "second"):
        vote(node, output, who=who)
    node.outputs.act(node.asker("decider"), output=output, event=OutputEvent.PUBLISH)
    kept = node.rows("SELECT * FROM notice WHERE kind = 'output_publish'")
    assert len(kept) == 3
    written = " ".join(str(value) for row in kept for value in row)
    assert not [word for word in ("Visits", "Fewer", output, node.ids["decider"], node.ids["reviewer"]) if word in written]


def test_a_custodian_who_granted_nothing_and_a_step_that_fails_are_told_nothing(node: Governed) -> None:
    output = node.proposed()
    with pytest.raises(Refusal, match="not_possible"):
        node.outputs.act(node.asker("decider"), output=output, event=OutputEvent.PUBLISH)
    with node.database.transaction() as run:
        run.change("UPDATE permit SET granted_by = NULL, state = 'refused'", {})
    for who in ("reviewer", "second"):
        vote(node, output, who=who)
    node.outputs.act(node.asker("decider"), output=output, event=OutputEvent.PUBLISH)
    assert {who for who in PARTS if told(node, who)} == {"applicant", "member"}
