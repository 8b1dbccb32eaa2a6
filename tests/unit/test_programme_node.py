"""The programme on a node: what people do changes statuses, and a copy of the log says the same."""

import base64
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from amana.log.quorum import policy_of
from amana.log.read import FolderReader
from amana.log.verify import verify
from amana.log.violation import Violation
from amana.node.notices import FIGURE_REFUSED
from amana.policy.transitions import PermitEvent
from amana.programme.check import check_adopted
from amana.programme.copy import adopted_at, evaluate_copy
from amana.programme.evidence import Evidence, read_evidence
from amana.programme.fold import digest_of
from amana.programme.plan_document import queries_of
from amana.programme.plan_file import read_plan
from amana.terms.refusal import Refusal
from tests.doors.http_node import publish_visits
from tests.programme import LOG, Carried, carried, plan_text


@pytest.fixture
def world(tmp_path: Path):
    with carried(tmp_path / "node") as made:
        yield made


def copied(world: Carried, to: Path) -> FolderReader:
    shutil.copytree(world.node.service.settings.folder / "log", to)
    return FolderReader(to)


def evaluated(world: Carried, reader: FolderReader) -> dict[str, str]:
    service = world.node.service
    policy = policy_of(*service._wired.log.signed_by)
    found = evaluate_copy(reader, policy=policy, today=service.now().date())
    assert found.evaluation.standings == service.programme_state.evaluation().standings
    assert found.evaluation.size == found.verified.checkpoint.size
    assert base64.b64decode(found.evaluation.root) == found.verified.checkpoint.root
    return {each.commitment.id: each.status.value for each in found.evaluation.standings}


def test_a_status_follows_from_evidence_alone_and_a_copy_says_the_same(world: Carried, tmp_path: Path) -> None:
    world.adopt()
    assert world.statuses() == {"open-data": "done", "people-seen": "no_evidence", "training": "no_evidence"}
    world.state(40, shown=False)
    assert world.statuses()["training"] == "no_evidence", "a claim weighs nothing"
    report = world.state(25)
    assert world.statuses()["training"] == "no_evidence", "nobody has verified it"
    world.verify(report)
    assert world.statuses()["training"] == "on_track"
    world.measure()
    assert world.statuses()["people-seen"] == "done"
    assert evaluated(world, copied(world, tmp_path / "copy")) == world.statuses()


def test_the_owners_own_verifier_is_refused(world: Carried) -> None:
    world.adopt()
    report = world.state(40)
    for who in ("insider", "planner", "decider"):
        with pytest.raises(Refusal) as refused:
            world.verify(report, who=who)
        assert refused.value.code in {"programme.own_evidence", "rights.verifier_needed"}
    assert world.statuses()["training"] == "no_evidence"


def test_a_document_that_was_changed_is_found_and_one_that_is_missing_weighs_nothing(world: Carried, tmp_path: Path) -> None:
    world.adopt()
    world.verify(world.state(25))
    assert world.statuses()["training"] == "on_track"
    brought = world.node.service.programme_state.brought()
    ((_, entry),) = brought.evidence.values()
    reader = copied(world, tmp_path / "copy")
    file = reader.folder / "document" / entry.digest
    whole = file.read_bytes()
    policy = policy_of(*world.node.service._wired.log.signed_by)
    today = world.node.service.now().date()
    for changed in (whole.replace(b'"25"', b'"39"'), whole[:-1], whole + b" "):
        file.write_bytes(changed)
        with pytest.raises(Violation) as found:
            verify(reader, policy=policy, since=None, progress=lambda _done, _total: None)
        assert (found.value.path, found.value.reason) == (f"document/{entry.digest}", "document_differs")
        with pytest.raises(Violation):
            evaluate_copy(reader, policy=policy, today=today)
    file.unlink()
    copy = evaluate_copy(reader, policy=policy, today=today)
    assert copy.verified.documents_missing == (entry.digest,)
    standing = copy.evaluation.standing("training")
    assert standing is not None and standing.status.value == "no_evidence"
    assert [each.against for each in standing.measures[0].observations] == ["absent"]


def test_every_document_that_the_log_names_is_published_and_no_other(world: Carried, tmp_path: Path) -> None:
    world.adopt()
    world.verify(world.state(25), verdict="reject")
    world.node.service.programme.drop(world.asker("decider"), commitment="training", reasons="No money was found.")
    reader = copied(world, tmp_path / "copy")
    verified = verify(reader, policy=policy_of(*world.node.service._wired.log.signed_by), since=None, progress=lambda _done, _total: None)
    assert verified.documents_missing == () and len(list((reader.folder / "document").iterdir())) == 4
    (reader.folder / "document" / ("0" * 64)).write_bytes(b"something else")
    with pytest.raises(Violation):
        verify(reader, policy=policy_of(*world.node.service._wired.log.signed_by), since=None, progress=lambda _done, _total: None)


def test_a_private_figure_is_the_answer_to_the_plans_own_question_and_names_nobody(world: Carried) -> None:
    world.adopt()
    spent = world.node.spent()
    world.measure()
    assert world.node.spent() > spent
    service = world.node.service
    ((_, entry),) = service.programme_state.brought().evidence.values()
    document = service.programme_state.document(entry.digest)
    assert document is not None
    for secret in (*world.ids.values(), '\\"field\\": \\"person\\"', "Planner"):
        assert str(secret) not in document.decode()
    standing = service.programme_state.evaluation().standing("people-seen")
    assert standing is not None
    current = standing.measures[0].current
    assert current is not None and current.low is not None and current.value is not None and current.high is not None
    assert current.low < current.value < current.high and {name for name, *_ in current.regions} == {"Atlas", "Coast", "Desert"}
    assert sum(value for _, value, _, _ in current.regions) == current.value


@pytest.mark.parametrize(
    ("change", "against"),
    [
        (lambda one: replace(one, answer=one.answer.replace(one.answer.splitlines()[1], "Atlas,9,8,10")), "receipt"),
        (lambda one: replace(one, receipt=one.receipt.replace("discrete", "discreet")), "receipt"),
        (lambda one: replace(one, receipt="{}"), "receipt"),
    ],
)
def test_a_figure_that_its_receipt_does_not_show_weighs_nothing(
    world: Carried, change: Callable[[Evidence], Evidence], against: str
) -> None:  # fmt: skip
    world.adopt()
    world.measure()
    service = world.node.service
    ((_, entry),) = service.programme_state.brought().evidence.values()
    document = service.programme_state.document(entry.digest)
    assert document is not None
    forged = replace(change(read_evidence(document)), organisation="")
    service.programme.bring(world.asker("planner"), forged, use=int(entry.use))
    standing = service.programme_state.evaluation().standing("people-seen")
    assert standing is not None
    assert [each.against for each in standing.measures[0].observations] == ["", against]


def test_an_answer_to_another_question_weighs_nothing(world: Carried) -> None:
    world.adopt()
    world.measure()
    world.adopt(plan_text(version=2, sql="SELECT region, COUNT(*) AS visits FROM visits WHERE cost > 1 GROUP BY region"))
    assert world.statuses()["people-seen"] == "no_evidence"
    standing = world.node.service.programme_state.evaluation().standing("people-seen")
    assert standing is not None and [each.against for each in standing.measures[0].observations] == ["question"]


def test_a_figure_is_asked_again_for_a_new_version_of_its_data_and_only_then(world: Carried, tmp_path: Path) -> None:
    service = world.node.service
    world.adopt()
    world.measure()
    assert service.private_figures.measure_again() == 0
    publish_visits(service.settings.folder, rows=2000)
    assert service.private_figures.measure_again() == 1
    assert service.private_figures.measure_again() == 0
    standing = service.programme_state.evaluation().standing("people-seen")
    assert standing is not None
    earlier, later = standing.measures[0].observations
    assert earlier.value is not None and later.value is not None and later.value < earlier.value
    assert standing.measures[0].current == later
    assert evaluated(world, copied(world, tmp_path / "copy")) == world.statuses()


def test_a_figure_that_may_not_be_asked_again_is_noted_and_not_tried_on_and_on(world: Carried) -> None:
    service = world.node.service
    world.adopt()
    world.measure()
    service.permits.act(world.asker("custodian"), permit=world.node.permit, event=PermitEvent.REVOKE, reasons="enough")
    publish_visits(service.settings.folder, rows=2000)
    spent = world.node.spent()
    assert [service.private_figures.measure_again() for _ in range(3)] == [0, 0, 0]
    assert world.node.spent() == spent
    assert world.statuses()["people-seen"] == "done", "what was shown before still stands"
    assert service.private_figures.refused("small") == {"seen"}
    told = [each for each in service.notices.latest(world.asker("planner")) if each.kind == FIGURE_REFUSED]
    assert [each.path for each in told] == ["/desk/programme/people-seen"], "she is told once, and where to look"


def test_a_dropped_figure_waits_and_is_asked_again_once_it_is_taken_up(world: Carried) -> None:
    service, decider = world.node.service, world.asker("decider")
    world.adopt()
    world.measure()
    service.programme.drop(decider, commitment="people-seen", reasons="No money.")
    publish_visits(service.settings.folder, rows=2000)
    assert service.private_figures.measure_again() == 0 and not service.private_figures.refused("small")
    service.programme.resume(decider, commitment="people-seen", reasons="Some money.")
    assert service.private_figures.measure_again() == 1


def test_nothing_is_charged_for_whoever_may_bring_no_evidence(world: Carried) -> None:
    world.adopt()
    spent = world.node.spent()
    for who in ("member", "stranger", "verifier", "decider"):
        with pytest.raises(Refusal):
            world.measure(who=who)
    assert world.node.spent() == spent


def test_a_plan_is_adopted_in_versions_that_grow_and_for_owners_that_are_known(world: Carried) -> None:
    world.adopt()
    world.verify(world.state(25))
    for text, code in ((plan_text(), "programme.not_later"), (plan_text(version=2, owner="Nobody"), "programme.owner_unknown")):
        with pytest.raises(Refusal) as refused:
            world.adopt(text)
        assert refused.value.code == code
    with pytest.raises(Refusal):
        world.adopt(plan_text(version=2), who="planner")
    world.adopt(plan_text(version=3, open_target="2"))
    assert world.statuses() == {"open-data": "on_track", "people-seen": "no_evidence", "training": "on_track"}, (
        "evidence outlives a version"
    )


def test_a_dropped_commitment_takes_no_evidence_until_it_is_taken_up_again(world: Carried, tmp_path: Path) -> None:
    programme = world.node.service.programme
    world.adopt()
    programme.drop(world.asker("decider"), commitment="training", reasons="No money was found.")
    assert world.statuses()["training"] == "dropped"
    for attempt in (lambda: world.state(25), lambda: programme.drop(world.asker("decider"), commitment="training", reasons="Again.")):
        with pytest.raises(Refusal) as refused:
            attempt()
        assert refused.value.code == "programme.dropped"
    with pytest.raises(Refusal):
        programme.resume(world.asker("planner"), commitment="training", reasons="We want it.")
    programme.resume(world.asker("decider"), commitment="training", reasons="Money was found.")
    world.verify(world.state(40))
    assert world.statuses()["training"] == "done"
    assert [each.status for each in reversed(world.node.service.programme_state.changes("small")) if each.commitment == "training"] == [
        "no_evidence", "dropped", "no_evidence", "done",
    ]  # fmt: skip
    assert evaluated(world, copied(world, tmp_path / "copy")) == world.statuses()


def test_evidence_is_verified_once_with_the_very_file_and_by_a_verifier(world: Carried) -> None:
    world.adopt()
    report = world.state(25)
    with pytest.raises(Refusal) as refused:
        world.verify(report, sha256="0" * 64)
    assert refused.value.code == "programme.other_document"
    world.verify(report, verdict="reject")
    with pytest.raises(Refusal) as refused:
        world.verify(report)
    assert refused.value.code == "programme.verified"
    assert world.statuses()["training"] == "no_evidence"


def test_evidence_is_stale_after_twelve_months_and_none_is_of_a_day_to_come(world: Carried, tmp_path: Path) -> None:
    world.adopt()
    today = world.node.service.now().date()
    old = world.state(25, on=today - timedelta(days=366))
    world.verify(old)
    assert world.statuses()["training"] == "no_evidence"
    world.verify(world.state(25, on=today - timedelta(days=364)))
    assert world.statuses()["training"] == "on_track"
    with pytest.raises(Refusal):
        world.state(25, on=today + timedelta(days=1))
    policy = policy_of(*world.node.service._wired.log.signed_by)
    later = evaluate_copy(copied(world, tmp_path / "copy"), policy=policy, today=today + timedelta(days=400)).evaluation
    assert {each.status.value for each in later.standings} == {"no_evidence"}, "a log that nobody goes on with shows nothing of today"


def test_the_log_tells_the_digest_of_every_query_and_a_changed_one_is_found(world: Carried, tmp_path: Path) -> None:
    world.adopt()
    plan = read_plan(plan_text().encode())
    reader = copied(world, tmp_path / "copy")
    index, entry = adopted_at(reader, name="small")
    assert index == world.node.service.programme_state.evaluation().adopted
    assert entry.queries == (digest_of(dict(queries_of(plan))["datasets"]),) and check_adopted(plan, entry) == ()
    other = read_plan(plan_text(log=LOG.replace("profile", "ask")).encode())
    assert {each.code for each in check_adopted(other, entry)} == {"programme.plan_differs", "programme.queries_differ"}
    assert [each.code for each in check_adopted(replace(plan, version=2), entry)] == ["programme.other_version"]


def test_a_plan_can_be_tried_on_a_log_that_never_adopted_it(world: Carried, tmp_path: Path) -> None:
    reader, today = copied(world, tmp_path / "copy"), world.node.service.now().date()
    policy = policy_of(*world.node.service._wired.log.signed_by)
    with pytest.raises(Refusal) as refused:
        evaluate_copy(reader, policy=policy, today=today)
    assert refused.value.code == "programme.no_plan"
    tried = evaluate_copy(reader, policy=policy, today=today, plan=read_plan(plan_text().encode())).evaluation
    assert tried.adopted is None and tried.standings[0].status.value == "done"


def test_data_that_are_a_year_old_do_not_become_fresh_by_being_asked_again(world: Carried) -> None:
    service = world.node.service
    world.adopt()
    first, spent = world.measure(), world.node.spent()
    assert world.measure() == first, "of the same data it is one figure"
    with service.database.transaction() as run:
        run.change("UPDATE evidence SET held_on = :on WHERE id = :id", {"on": "2020-01-01", "id": first})
    with pytest.raises(Refusal) as refused:
        world.measure()
    assert refused.value.parameters["reason"] == "word.evidence.same_data" and world.node.spent() == spent
    publish_visits(service.settings.folder, rows=2000)
    assert world.measure() != first


def test_what_the_node_does_now_and_then_measures_again_and_keeps_what_became_of_it(world: Carried) -> None:
    service = world.node.service
    world.adopt()
    world.measure()
    publish_visits(service.settings.folder, rows=2000)
    service.tend()
    standing = service.programme_state.evaluation().standing("people-seen")
    assert standing is not None and len(standing.measures[0].observations) == 2
    assert [each.status for each in service.programme_state.changes("small") if each.commitment == "people-seen"] == ["done", "no_evidence"]
