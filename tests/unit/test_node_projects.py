"""The life of a project in the database: every step checked, noted once, and taken by one person only."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from amana.node.projects import Projects
from amana.policy.people import Role
from amana.policy.projects import Verdict
from amana.policy.transitions import ProjectEvent, ProjectState
from amana.terms.ids import ProjectId
from amana.terms.refusal import Refusal
from tests.governed import Governed, governed

pytestmark = pytest.mark.usefixtures("each_database")


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Governed]:
    with governed(tmp_path / "node.sqlite") as made:
        yield made


def state(node: Governed, project: ProjectId) -> ProjectState:
    return node.projects.project(node.asker("applicant"), project=project).state


def noted(node: Governed, project: ProjectId) -> Counter[object]:
    return Counter(row[1] for row in node.audit() if row[3] == project)


def test_a_project_is_written_reviewed_decided_suspended_and_closed(node: Governed) -> None:
    project = node.approved()
    node.granted(project)
    assert state(node, project) is ProjectState.ACTIVE
    for event in (ProjectEvent.SUSPEND, ProjectEvent.RESUME):
        node.projects.decide(node.asker("deputy"), project=project, event=event, reasons="a question")
    done = node.projects.act(node.asker("applicant"), project=project, event=ProjectEvent.CLOSE)
    assert done.state is ProjectState.CLOSED
    events = ("create", "add_member", "submit", "approve", "activate", "suspend", "resume", "close")
    assert noted(node, project) == Counter({**dict.fromkeys(events, 1), "review": 2})


def test_a_returned_project_is_mended_and_reviewed_again(node: Governed) -> None:
    project = node.reviewed()
    node.projects.decide(node.asker("decider"), project=project, event=ProjectEvent.RETURN, reasons="say which months")
    node.projects.edit(node.asker("member"), project=project, application=node.application(lay_summary=(("en", "Visits in July."),)))
    again = node.projects.act(node.asker("applicant"), project=project, event=ProjectEvent.SUBMIT)
    assert (again.version, again.reviewers()) == (2, ())
    with pytest.raises(Refusal, match="too_few"):
        node.projects.decide(node.asker("decider"), project=project, event=ProjectEvent.APPROVE, reasons="")
    for name in ("reviewer", "second"):
        node.projects.review(node.asker(name), project=project, verdict=Verdict.APPROVE, reasons="clear")
    assert (
        node.projects.decide(node.asker("decider"), project=project, event=ProjectEvent.APPROVE, reasons="").state is ProjectState.APPROVED
    )


def test_words_that_were_withdrawn_and_changed_keep_no_review(node: Governed) -> None:
    project = node.reviewed()
    node.projects.act(node.asker("applicant"), project=project, event=ProjectEvent.WITHDRAW)
    unread = node.application(purposes=("dpv:CommercialResearch",))
    node.projects.edit(node.asker("applicant"), project=project, application=unread)
    node.projects.act(node.asker("applicant"), project=project, event=ProjectEvent.SUBMIT)
    with pytest.raises(Refusal, match="too_few"):
        node.projects.decide(node.asker("decider"), project=project, event=ProjectEvent.APPROVE, reasons="")


@pytest.mark.parametrize(
    ("second", "event", "needed"),
    [
        (Verdict.REJECT, ProjectEvent.APPROVE, True),
        (Verdict.RETURN, ProjectEvent.APPROVE, True),
        (Verdict.APPROVE, ProjectEvent.APPROVE, False),
        (Verdict.REJECT, ProjectEvent.REJECT, True),
    ],
)
def test_whoever_decides_against_a_reviewer_says_why(node: Governed, second: Verdict, event: ProjectEvent, needed: bool) -> None:
    project = node.submitted()
    node.projects.review(node.asker("reviewer"), project=project, verdict=Verdict.APPROVE, reasons="")
    node.projects.review(node.asker("second"), project=project, verdict=second, reasons="Too broad.")
    if needed:
        with pytest.raises(Refusal, match="reasons_needed"):
            node.projects.decide(node.asker("decider"), project=project, event=event, reasons=" ")
    reasons = "Narrowed on the phone." if needed else ""
    assert node.projects.decide(node.asker("decider"), project=project, event=event, reasons=reasons).state.value.startswith(
        event.value[:6]
    )


def test_a_draft_is_written_anew_without_a_new_version(node: Governed) -> None:
    project = node.draft()
    node.projects.edit(node.asker("applicant"), project=project, application=node.application(purposes=("HMB",)))
    found = node.projects.project(node.asker("applicant"), project=project)
    assert (found.version, [str(each) for each in found.purposes]) == (0, ["HMB"])


def test_a_change_of_purpose_is_a_draft_whose_submission_is_a_new_version(node: Governed) -> None:
    project = node.approved()
    changed = node.projects.act(node.asker("applicant"), project=project, event=ProjectEvent.CHANGE_PURPOSE)
    assert (changed.state, changed.version) == (ProjectState.DRAFT, 1)
    assert node.projects.act(node.asker("applicant"), project=project, event=ProjectEvent.SUBMIT).version == 2


@pytest.mark.parametrize(
    ("step", "code"),
    [
        (lambda node, project: node.projects.review(node.asker("reviewer"), project=project, verdict=Verdict.REJECT, reasons=""), "already_given"),
        (lambda node, project: node.projects.review(node.asker("applicant"), project=project, verdict=Verdict.APPROVE, reasons=""), "reviewer_needed"),
        (lambda node, project: node.projects.decide(node.asker("reviewer"), project=project, event=ProjectEvent.APPROVE, reasons=""), "decider_needed"),
        (lambda node, project: node.projects.decide(node.asker("decider"), project=project, event=ProjectEvent.SUSPEND, reasons=""), "not_possible"),
        (lambda node, project: node.projects.act(node.asker("member"), project=project, event=ProjectEvent.WITHDRAW), "applicant_needed"),
        (lambda node, project: node.projects.edit(node.asker("applicant"), project=project, application=node.application()), "not_possible"),
        (lambda node, project: node.projects.add_member(node.asker("applicant"), project=project, person=node.ids["stranger"]), "not_possible"),
        (lambda node, project: node.projects.remove_member(node.asker("member"), project=project, person=node.ids["member"]), "applicant_needed"),
        (lambda node, project: node.projects.project(node.asker("stranger"), project=project), "member_needed"),
        (lambda node, project: node.projects.project(None, project=project), "sign_in_needed"),
        (lambda node, _: node.projects.project(node.asker("applicant"), project=ProjectId("p-none")), "not_found"),
        (lambda node, _: node.projects.create(node.asker("reviewer"), application=node.application()), "researcher_needed"),
        (lambda node, _: node.projects.create(node.asker("applicant"), application=node.application(purposes=("WHIM",))), "unknown_purpose"),
        (lambda node, _: node.projects.create(node.asker("applicant"), application=node.application(datasets=("klinic",))), "unknown_dataset"),
    ],
)  # fmt: skip
def test_a_step_that_fails_changes_and_notes_nothing(node: Governed, step: Callable[[Governed, ProjectId], object], code: str) -> None:
    project = node.reviewed()
    before = node.audit(), node.projects.project(node.asker("decider"), project=project)
    with pytest.raises(Refusal, match=code):
        step(node, project)
    assert (node.audit(), node.projects.project(node.asker("decider"), project=project)) == before


def test_whoever_judged_a_project_never_joins_it_and_whoever_was_in_it_never_judges_it(node: Governed) -> None:
    project = node.reviewed()
    for name in ("reviewer", "stranger"):
        node.people.give_role(node.asker("decider"), person=node.ids[name], role=Role.RESEARCHER)
        node.people.give_role(node.asker("decider"), person=node.ids[name], role=Role.REVIEWER)
    node.projects.act(node.asker("applicant"), project=project, event=ProjectEvent.WITHDRAW)
    with pytest.raises(Refusal, match="member_judged"):
        node.projects.add_member(node.asker("applicant"), project=project, person=node.ids["reviewer"])
    node.projects.add_member(node.asker("applicant"), project=project, person=node.ids["stranger"])
    node.projects.remove_member(node.asker("applicant"), project=project, person=node.ids["stranger"])
    node.projects.act(node.asker("applicant"), project=project, event=ProjectEvent.SUBMIT)
    with pytest.raises(Refusal, match="own_project"):
        node.projects.review(node.asker("stranger"), project=project, verdict=Verdict.APPROVE, reasons="")
    node.projects.act(node.asker("applicant"), project=project, event=ProjectEvent.WITHDRAW)
    with pytest.raises(Refusal, match="applicant_stays"):
        node.projects.remove_member(node.asker("applicant"), project=project, person=node.ids["applicant"])


@pytest.mark.parametrize(
    "sql",
    [
        """INSERT INTO review (id, project, applicant, version, reviewer, verdict, reasons, given_at)
        VALUES ('r', :project, :me, 1, :me, 'approve', '', '2025')""",
        """INSERT INTO review (id, project, applicant, version, reviewer, verdict, reasons, given_at)
        VALUES ('r', :project, :other, 1, :me, 'approve', '', '2025')""",
        """INSERT INTO decision (id, project, applicant, version, decider, event, reasons, decided_at)
        VALUES ('d', :project, :me, 1, :me, 'approve', '', '2025')""",
        """INSERT INTO decision (id, project, applicant, version, decider, event, reasons, decided_at)
        VALUES ('d', :project, :other, 1, :me, 'approve', '', '2025')""",
        "UPDATE project SET state = 'blessed' WHERE id = :project",
        "UPDATE project SET version = -1 WHERE id = :project",
    ],
)
def test_the_database_itself_forbids_judging_ones_own_project(node: Governed, sql: str) -> None:
    values = {"project": node.submitted(), "me": node.ids["applicant"], "other": node.ids["stranger"]}
    needed = {name: value for name, value in values.items() if f":{name}" in sql}
    with pytest.raises(Exception, match=r"(?i)constraint"), node.database.transaction() as run:
        run.change(sql, needed)


def test_of_two_deciders_at_once_one_wins(node: Governed) -> None:
    project = node.reviewed()
    outcomes: list[str] = []
    start = threading.Barrier(2)

    def decide(name: str, event: ProjectEvent) -> None:
        who = node.asker(name)
        start.wait()
        try:
            node.projects.decide(who, project=project, event=event, reasons="We read it.")
            outcomes.append("won")
        except Refusal as refusal:
            outcomes.append(refusal.code)

    threads = [threading.Thread(target=decide, args=pair) for pair in (("decider", ProjectEvent.APPROVE), ("deputy", ProjectEvent.REJECT))]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(outcomes) == ["lifecycle.not_possible", "won"]
    assert len(node.rows("SELECT id FROM decision WHERE project = :project", project=project)) == 1
    assert noted(node, project)["approve"] + noted(node, project)["reject"] == 1


def test_a_reviewer_and_an_applicant_at_once_never_leave_a_judge_inside(node: Governed) -> None:
    """She reviews while she is let in: one of the two comes first, and the other is refused or does not count."""
    node.people.give_role(None, person=node.ids["reviewer"], role=Role.RESEARCHER)
    project = node.submitted()
    start = threading.Barrier(2)

    def run(step: Callable[[], object]) -> None:
        start.wait()
        try:
            step()
        except Refusal:
            pass

    def let_in() -> None:
        node.projects.act(node.asker("applicant"), project=project, event=ProjectEvent.WITHDRAW)
        node.projects.add_member(node.asker("applicant"), project=project, person=node.ids["reviewer"])

    steps = (let_in, lambda: node.projects.review(node.asker("reviewer"), project=project, verdict=Verdict.APPROVE, reasons=""))
    threads = [threading.Thread(target=run, args=(step,)) for step in steps]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    found = node.projects.project(node.asker("applicant"), project=project)
    assert not (found.involves(node.ids["reviewer"]) and found.judged_by(node.ids["reviewer"]))


def test_a_project_whose_day_has_come_is_noted_once_by_whoever_looks_first(node: Governed) -> None:
    project = node.approved()
    node.clock.at_s += 301 * 86_400
    other = Projects(node.database, node.clock.now, datasets=node.datasets)
    assert (node.projects.expire(), other.expire()) == (1, 0)
    assert noted(node, project)["expire"] == 1
    assert [row[0] for row in node.audit() if row[1] == "expire"] == ["node"]


def test_a_list_holds_what_one_may_see_page_by_page(node: Governed) -> None:
    made = [node.submitted() for _ in range(3)]
    draft = node.draft()
    assert {each.id for each in node.projects.projects(node.asker("reviewer"))} == set(made)
    assert {each.id for each in node.projects.projects(node.asker("applicant"))} == {*made, draft}
    assert node.projects.projects(node.asker("stranger")) == ()
    first = node.projects.projects(node.asker("applicant"), limit=2)
    rest = node.projects.projects(node.asker("applicant"), after=first[-1].id, limit=10)
    assert [each.id for each in (*first, *rest)] == sorted((*made, draft))


def test_an_application_that_nobody_could_judge_is_not_submitted(node: Governed) -> None:
    blank = node.application(title=(("en", " "),), datasets=(), ends_on=node.clock.now() - timedelta(days=1))
    project = node.projects.create(node.asker("applicant"), application=blank)
    with pytest.raises(Refusal, match="incomplete") as caught:
        node.projects.act(node.asker("applicant"), project=project, event=ProjectEvent.SUBMIT)
    assert caught.value.parameters["fields"] == "title, datasets, ends_on"


def test_a_custodian_reads_the_project_whose_permit_she_is_asked_for_and_no_other(node: Governed) -> None:
    project = node.approved()
    with pytest.raises(Refusal, match="member_needed"):
        node.projects.project(node.asker("custodian"), project=project)
    node.requested(project)
    assert node.projects.project(node.asker("custodian"), project=project).lay_summary
    assert [each.id for each in node.projects.projects(node.asker("custodian"))] == [project]
    with pytest.raises(Refusal, match="member_needed"):
        node.projects.project(node.asker("elsewhere"), project=project)
    assert node.projects.projects(node.asker("elsewhere")) == ()
