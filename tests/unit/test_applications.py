"""What goes with an application: answers to custodians, one-time keys, comments, notices, and where it stands."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from pathlib import Path

import pytest

from amana.node.audit import Note, notes_of
from amana.node.comments import CHARACTERS_MAX, COMMENTS_MAX, Comments
from amana.node.notices import Notice, Notices
from amana.node.progress import Progress, progress
from amana.policy.projects import Verdict
from amana.policy.transitions import PermitEvent, ProjectEvent, ProjectState
from amana.terms.database import moment
from amana.terms.ids import PermitId, ProjectId
from amana.terms.refusal import Refusal
from tests.governed import Governed, governed

pytestmark = pytest.mark.usefixtures("each_database")
WHO = (("en", "Who will read the answers?"), ("fr", "Qui lira les réponses ?"))
WHY = (("en", "Why regions?"), ("fr", "Pourquoi des régions ?"))


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Governed]:
    with governed(tmp_path / "node.sqlite") as made:
        yield made


def asks(node: Governed, *questions: tuple[tuple[str, str], ...]) -> None:
    """Let the custodian of the clinic ask these from now on."""
    node.versions[0] = replace(node.versions[0], dataset=replace(node.versions[0].dataset, checklist=questions))


def notices(node: Governed, who: str) -> tuple[Notice, ...]:
    return Notices(node.database, node.clock.now).latest(node.asker(who), unread=True)


def kinds(node: Governed, who: str) -> Counter[str]:
    return Counter(each.kind for each in notices(node, who))


def comments(node: Governed) -> Comments:
    return Comments(node.database, node.clock.now)


def stands(node: Governed, project: ProjectId) -> Progress:
    with node.database.reading() as run:
        names = run.rows("SELECT id FROM permit WHERE project = :project", {"project": project})
        permits = [note for (name,) in names for note in notes_of(run, thing="permit", subject=str(name))]
        told = notes_of(run, thing="project", subject=project)
    return progress(node.projects.place(project), notes=told, permits=permits, now=node.clock.now())


def submit(node: Governed, project: ProjectId) -> None:
    node.projects.act(node.asker("applicant"), project=project, event=ProjectEvent.SUBMIT)


def test_what_the_custodian_asks_is_answered_before_a_project_is_submitted(node: Governed) -> None:
    asks(node, WHO, WHY)
    applicant = node.asker("applicant")
    project = node.projects.create(applicant, application=node.application(answers=(("clinic", ("The three of us.", " ")),)))
    with pytest.raises(Refusal) as caught:
        submit(node, project)
    assert caught.value.code == "project.unanswered"
    assert (caught.value.parameters["dataset"], caught.value.parameters["questions"]) == ("clinic", "2")
    node.projects.edit(applicant, project=project, application=node.application(answers=(("clinic", ("The three of us.", "For staff.")),)))
    submit(node, project)
    for reader in ("member", "reviewer", "decider"):
        if reader != "member":
            shown = node.projects.project(node.asker(reader), project=project).answers
            assert [(each.question, each.text) for each in shown] == [(WHO, "The three of us."), (WHY, "For staff.")]


def test_a_question_that_was_changed_is_answered_anew(node: Governed) -> None:
    asks(node, WHO)
    answered = node.application(answers=(("clinic", ("We.",)),))
    project = node.projects.create(node.asker("applicant"), application=answered)
    asks(node, WHY)
    with pytest.raises(Refusal) as caught:
        submit(node, project)
    assert caught.value.code == "project.unanswered"


def test_a_dataset_that_asks_nothing_needs_no_answer_and_takes_none(node: Governed) -> None:
    submit(node, node.draft())
    for answers in ((("clinic", ("I say all the same.",)),), (("other", ("x",)),)):
        with pytest.raises(Refusal) as caught:
            node.projects.create(node.asker("applicant"), application=node.application(answers=answers))
        assert caught.value.code in {"node.bad_value", "node.unknown_dataset"}


def test_a_form_that_is_sent_again_makes_no_other_project(node: Governed) -> None:
    applicant = node.asker("applicant")
    first = node.projects.create(applicant, application=node.application(), key="k1")
    assert node.projects.create(applicant, application=node.application(), key="k1") == first
    assert Counter(row[1] for row in node.audit() if row[3] == first)["edit"] == 0
    changed = node.application(title=(("en", "Another title"),))
    assert node.projects.create(applicant, application=changed, key="k1") == first
    assert node.projects.place(first).title == (("en", "Another title"),)
    assert node.projects.create(applicant, application=changed, key="k2") != first
    assert node.projects.create(node.asker("stranger"), application=changed, key="k1") != first
    assert len(node.rows("SELECT id FROM project")) == 3


def test_a_form_sent_again_after_its_project_was_submitted_changes_nothing(node: Governed) -> None:
    project = node.projects.create(node.asker("applicant"), application=node.application(), key="k1")
    submit(node, project)
    assert node.projects.create(node.asker("applicant"), application=node.application(), key="k1") == project
    with pytest.raises(Refusal) as caught:
        node.projects.create(node.asker("applicant"), application=node.application(title=(("en", "Late"),)), key="k1")
    assert caught.value.code == "lifecycle.not_possible"


def test_comments_are_read_by_whoever_sees_the_project_and_written_by_whoever_has_a_part_in_it(node: Governed) -> None:
    project, talk = node.submitted(), comments(node)
    for at, who in enumerate(("applicant", "member", "reviewer", "decider")):
        node.clock.at_s = at
        talk.add(node.asker(who), project=project, words=f"{who} says")
    for who in ("auditor", "stranger", "custodian", "operator"):
        with pytest.raises(Refusal):
            talk.add(node.asker(who), project=project, words="no")
    told = [(each.part, each.name, each.words) for each in talk.comments(node.asker("auditor"), project=project)]
    assert told == [
        ("member", "applicant", "applicant says"),
        ("member", "member", "member says"),
        ("reviewer", "", "reviewer says"),
        ("decider", "", "decider says"),
    ]
    with pytest.raises(Refusal):
        talk.comments(node.asker("stranger"), project=project)


def test_a_draft_is_talked_about_by_its_team_alone(node: Governed) -> None:
    project, talk = node.draft(), comments(node)
    talk.add(node.asker("applicant"), project=project, words="Shall we?")
    with pytest.raises(Refusal):
        talk.add(node.asker("reviewer"), project=project, words="no")


def test_a_custodian_talks_about_a_project_that_asked_for_her_permit(node: Governed) -> None:
    permit = node.requested()
    project = node.permits.place(permit).project.id
    comments(node).add(node.asker("custodian"), project=project, words="Until when?")
    with pytest.raises(Refusal):
        comments(node).add(node.asker("elsewhere"), project=project, words="no")


def test_a_comment_is_short_and_not_empty_and_sent_once(node: Governed) -> None:
    project, talk, asker = node.submitted(), comments(node), node.asker("applicant")
    talk.add(asker, project=project, words="x" * CHARACTERS_MAX, key="a")
    talk.add(asker, project=project, words="x" * CHARACTERS_MAX, key="a")
    assert len(talk.comments(asker, project=project)) == 1
    for words in ("", "  ", "x" * (CHARACTERS_MAX + 1), "a\0b"):
        with pytest.raises(Refusal) as caught:
            talk.add(asker, project=project, words=words)
        assert caught.value.code == "node.bad_value"


def test_a_project_holds_a_number_of_comments_and_no_more(node: Governed) -> None:
    project, talk, asker = node.submitted(), comments(node), node.asker("applicant")
    with node.database.transaction() as run:
        for number in range(COMMENTS_MAX):
            run.change(
                "INSERT INTO comment (id, project, person, part, words, key, written_at) "
                "VALUES (:id, :project, :person, 'member', 'x', :id, :at)",
                {"id": f"c-{number}", "project": project, "person": asker.person.id, "at": moment(node.clock.now())},
            )
    with pytest.raises(Refusal) as caught:
        talk.add(asker, project=project, words="one more")
    assert caught.value.code == "comment.too_many"


def test_everybody_whom_it_concerns_is_told_and_never_who_did_it(node: Governed) -> None:
    project = node.submitted()
    assert kinds(node, "reviewer") == kinds(node, "decider") == {"project_submit": 1}
    assert kinds(node, "applicant") == kinds(node, "member") == kinds(node, "custodian") == kinds(node, "auditor") == {}
    node.projects.review(node.asker("reviewer"), project=project, verdict=Verdict.APPROVE, reasons="clear")
    assert kinds(node, "applicant") == {"project_review": 1}
    assert kinds(node, "decider") == {"project_submit": 1, "project_review": 1}
    assert kinds(node, "reviewer") == {"project_submit": 1}
    node.projects.decide(node.asker("decider"), project=project, event=ProjectEvent.RETURN, reasons="which regions?")
    assert kinds(node, "member") == {"project_review": 1, "project_return": 1}
    assert kinds(node, "decider")["project_return"] == 0


def test_a_request_is_told_to_its_custodian_and_what_she_does_to_the_team(node: Governed) -> None:
    permit = node.requested()
    assert kinds(node, "custodian") == {"permit_request": 1}
    assert kinds(node, "elsewhere") == {}
    assert notices(node, "custodian")[0].path == "/desk/custodian"
    until = node.clock.now() + timedelta(days=60)
    node.permits.act(node.asker("custodian"), permit=permit, event=PermitEvent.RETURN, reasons="which months?")
    assert kinds(node, "applicant")["permit_return"] == kinds(node, "member")["permit_return"] == 1
    node.permits.revise(node.asker("applicant"), permit=permit, share=Fraction(1, 20), valid_until=until)
    assert kinds(node, "custodian") == {"permit_request": 2}
    node.permits.grant(node.asker("custodian"), permit=permit, share=Fraction(1, 20), valid_until=until)
    node.permits.act(node.asker("custodian"), permit=permit, event=PermitEvent.SUSPEND, reasons="")
    node.permits.act(node.asker("custodian"), permit=permit, event=PermitEvent.REVOKE, reasons="")
    told = kinds(node, "member")
    assert {"permit_grant": 1, "permit_suspend": 1, "permit_revoke": 1}.items() <= told.items()


def test_nobody_is_told_of_a_pause_after_faults(node: Governed) -> None:
    permit = node.granted()
    before = kinds(node, "member")
    node.permits.note_spending(permit, event=PermitEvent.PAUSE)
    node.permits.act(node.asker("custodian"), permit=permit, event=PermitEvent.RESUME)
    assert kinds(node, "member") == before


def test_a_talk_gives_one_notice_until_it_is_read(node: Governed) -> None:
    project, talk = node.submitted(), comments(node)
    for words in ("one", "two", "three"):
        talk.add(node.asker("reviewer"), project=project, words=words)
    assert kinds(node, "applicant")["comment"] == kinds(node, "member")["comment"] == 1
    Notices(node.database, node.clock.now).read(node.asker("applicant"), project=project)
    talk.add(node.asker("decider"), project=project, words="four")
    assert kinds(node, "applicant")["comment"] == 1
    assert kinds(node, "reviewer")["comment"] == 1, "she is in the talk"
    assert kinds(node, "second")["comment"] == 0, "she is not"


def test_a_project_that_is_taken_back_and_submitted_again_gives_its_judges_one_notice(node: Governed) -> None:
    project = node.submitted()
    for _ in range(3):
        node.projects.act(node.asker("applicant"), project=project, event=ProjectEvent.WITHDRAW)
        node.projects.act(node.asker("applicant"), project=project, event=ProjectEvent.SUBMIT)
    assert kinds(node, "reviewer")["project_submit"] == kinds(node, "decider")["project_submit"] == 1


def test_a_change_that_is_refused_tells_nobody(node: Governed) -> None:
    project = node.submitted()
    with pytest.raises(Refusal):
        node.projects.decide(node.asker("decider"), project=project, event=ProjectEvent.APPROVE, reasons="too soon")
    assert kinds(node, "applicant") == {}


def test_whoever_is_disabled_is_told_nothing_and_old_notices_are_forgotten(node: Governed) -> None:
    node.people.disable(None, person=node.ids["second"])
    node.submitted()
    assert node.rows("SELECT id FROM notice WHERE person = :person", person=node.ids["second"]) == []
    node.clock.at_s += 40 * 86_400
    told = Notices(node.database, node.clock.now)
    assert told.purge(older_than=timedelta(days=41)) == 0
    assert told.purge(older_than=timedelta(days=39)) > 0
    assert kinds(node, "reviewer") == {}


def test_an_application_shows_its_steps_with_the_days_that_each_took(node: Governed) -> None:
    day = 86_400
    project = node.draft()
    node.clock.at_s = 2.5 * day
    submit(node, project)
    node.clock.at_s = 5.6 * day
    node.projects.review(node.asker("reviewer"), project=project, verdict=Verdict.APPROVE, reasons="")
    node.clock.at_s = 9.7 * day
    found = stands(node, project)
    assert [(each.standing, each.days) for each in found.steps[:4]] == [("done", 2), ("done", 3), ("now", 4), ("later", None)]
    assert found.current is not None and (found.current.name, found.current.turn) == ("review_second", "reviewers")


def test_what_came_back_is_its_applicants_turn_again_and_needs_two_new_reviews(node: Governed) -> None:
    project = node.reviewed()
    node.clock.at_s = 86_400
    node.projects.decide(node.asker("decider"), project=project, event=ProjectEvent.RETURN, reasons="which?")
    node.clock.at_s = 3 * 86_400
    current = stands(node, project).current
    assert current is not None and (current.name, current.turn, current.days) == ("write", "applicant", 2)
    submit(node, project)
    current = stands(node, project).current
    assert current is not None and current.name == "review_first"


def test_a_request_that_came_back_is_the_teams_turn_whatever_happened_before_and_beside_it(node: Governed) -> None:
    project, at = node.approved(), node.clock.now()

    def note(action: str, permit: str, after_s: int) -> Note:
        when = at + timedelta(seconds=after_s)
        return Note(id=f"{after_s}", at=when, actor="", action=action, thing="permit", subject=permit, was="", now_is="")

    def turn(*permits: Note) -> tuple[str, str]:
        with node.database.reading() as run:
            told = notes_of(run, thing="project", subject=project)
        step = progress(node.projects.place(project), notes=told, permits=permits, now=at + timedelta(days=9)).current
        assert step is not None
        return step.name, step.turn

    before, back = note("request", "m-1", -9), note("return", "m-1", -8)
    assert turn(before, back) == ("request", "applicant")
    assert turn(before, back, note("revise", "m-1", 5)) == ("sign", "custodian")
    assert turn(before, back, note("revise", "m-1", 5), note("grant", "m-1", 6)) == ("ask", "team")
    both = note("request", "m-1", 1), note("request", "m-2", 2)
    assert turn(*both, note("return", "m-2", 3)) == ("sign", "custodian")
    assert turn(*both, note("return", "m-2", 3), note("return", "m-1", 4)) == ("request", "applicant")
    assert turn(*both, note("grant", "m-1", 3), note("return", "m-2", 4)) == ("ask", "team")


def test_after_the_decision_come_the_permit_and_the_questions(node: Governed) -> None:
    project = node.approved()
    turns = []

    def the_one() -> PermitId:
        return PermitId(str(node.rows("SELECT id FROM permit")[0][0]))

    def revise() -> None:
        until = node.clock.now() + timedelta(days=60)
        node.permits.revise(node.asker("applicant"), permit=the_one(), share=Fraction(1, 20), valid_until=until)

    def give_back() -> None:
        node.permits.act(node.asker("custodian"), permit=the_one(), event=PermitEvent.RETURN, reasons="which months?")

    for step in (lambda: None, lambda: node.requested(project), lambda: None, give_back, revise):
        node.clock.at_s += 86_400
        step()
        current = stands(node, project).current
        turns.append(None if current is None else (current.name, current.turn))
    until = node.clock.now() + timedelta(days=60)
    node.permits.grant(node.asker("custodian"), permit=the_one(), share=Fraction(1, 20), valid_until=until)
    last = stands(node, project).current
    assert turns == [("request", "applicant"), *2 * [("sign", "custodian")], ("request", "applicant"), ("sign", "custodian")]
    assert last is not None and last.name == "ask"
    node.projects.act(node.asker("applicant"), project=project, event=ProjectEvent.CLOSE)
    assert node.projects.place(project).state is ProjectState.CLOSED
    assert stands(node, project).current is None


def test_the_purposes_are_compared_before_anything_is_sent(node: Governed) -> None:
    ((name, match),) = node.projects.fits(node.asker("applicant"), application=node.application(purposes=("HMB",)))
    assert (name, match.outcome.name) == ("clinic", "ALLOWED")
    ((_, other),) = node.projects.fits(node.asker("applicant"), application=node.application(purposes=("NRES",)))
    assert other.outcome.name == "FORBIDDEN"
    assert node.rows("SELECT id FROM project") == []
