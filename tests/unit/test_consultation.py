"""A version of the plan is open for comments: confirmed by a letter, moderated by rule, answered, adopted, and the log holds."""

import secrets
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest

from amana.log.documents import digest_of
from amana.log.entries import entry_of, read_bundle, write_entry
from amana.log.programme_kinds import PlanEntry
from amana.log.programme_lives import ProgrammeLives
from amana.log.spent import LedgerError
from amana.node.database import open_database
from amana.node.plan_comments import AUTHOR_MAX, AUTHOR_WAITING_MAX, Said
from amana.policy.people import Role
from amana.programme.consultation import ACCEPTED, CATEGORIES, NOT_ACCEPTED, RULES, CommentAnswer, noticed
from amana.programme.difference import apply, diff
from amana.programme.plan_document import canonical, document_of
from tests.consultation import ACCEPT, ADDRESS, CHANGED, REFUSE, Asked, consulted, refused, today
from tests.programme import carried, plan_text


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Asked]:
    with consulted(tmp_path, monkeypatch) as made:
        yield made


def test_the_whole_life_from_a_draft_to_an_adopted_text_verifies_in_the_log(asked: Asked) -> None:
    live(asked)


@pytest.mark.slow
def test_the_same_life_is_lived_on_postgresql(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgres: str) -> None:
    schema = f"t{secrets.token_hex(8)}"
    url = f"{postgres}{'&' if '?' in postgres else '?'}options=-csearch_path%3D{schema}"
    with closing(open_database(url, folder=Path())) as database, database.alone() as run:
        run.script(f"CREATE SCHEMA {schema}")
    monkeypatch.setenv("AMANA_DATABASE", url)
    with consulted(tmp_path, monkeypatch) as asked:
        live(asked)
        refused(lambda: asked.comments.write(None, said=asked.said("Late.")), "consultation.over")
        asked.comments.purge()


def live(asked: Asked) -> None:
    """From the draft to the adopted text."""
    asked.verified()
    first = asked.published("Every ministry should open its data.")
    second = asked.published("Drop it.", statement="training", address="other@town.example")
    whole = asked.confirmed("Thank you.", statement="", address="third@town.example", category="association")
    asked.comments.moderate(asked.world.asker("decider"), comment=whole, decision="withheld", rule="off_topic")
    asked.answer(first, ACCEPT)
    asked.answer(second, REFUSE, who="planner")
    asked.pass_days(11)
    closed = asked.close(CHANGED)
    assert closed.answers is not None and closed.text != closed.draft
    refused(lambda: asked.world.adopt(plan_text()), "consultation.other_text")
    asked.world.adopt(CHANGED)
    asked.verified()
    document = asked.document()
    assert document["published"] == {**dict.fromkeys(CATEGORIES, 0), "citizen": 2}
    assert document["withheld"] == {**dict.fromkeys(RULES, 0), "off_topic": 1}
    assert [each["answer"] for each in document["comment"]] == [  # type: ignore[attr-defined]
        {"outcome": "accepted", "changed": ["open-data"]},
        {"outcome": "not_accepted", "reason": "It costs too much."},
    ]
    assert document["difference"] == [
        {
            "path": f"/commitment/open-data/summary/{language}",
            "before": f"{script} open data, in short",
            "after": f"{script} open data of every ministry",
        }
        for language, script in (("en", "text"),)
    ]
    published = asked.world.node.service.settings.folder / "log" / "document" / closed.answers
    assert digest_of(published.read_bytes()) == closed.answers
    assert asked.comments.published("small", 1, after="", limit=1)[0].id == min(first, second)
    assert asked.comments.numbers(closed) == {"open-data": 1, "training": 1}


def test_nobody_sees_or_counts_a_comment_that_was_not_confirmed(asked: Asked) -> None:
    made = asked.comments.write(None, said=asked.said("A secret opinion."))
    assert asked.counts().waiting == 0 and asked.counts().published_count == 0
    assert asked.comments.awaiting(asked.world.asker("decider")) == ()
    assert asked.comments.shown(asked.opened, statement="open-data", skipped=0, limit=50) == ()
    refused(
        lambda: asked.comments.moderate(asked.world.asker("decider"), comment=made, decision="published"), "consultation.not_now"
    )  # fmt: skip
    asked.pass_days(11)
    asked.close()
    assert asked.document()["comment"] == []
    with asked.world.node.service.database.reading() as run:
        assert run.rows("SELECT id FROM plan_comment", {}) == []


def test_a_link_confirms_for_two_days_and_shows_what_became_of_the_comment(asked: Asked) -> None:
    asked.comments.write(None, said=asked.said("More trees."))
    (secret,) = asked.send()
    assert asked.comments.by_link(secret).state == "unconfirmed"
    refused(lambda: asked.comments.confirm(secret[:-1] + ("0" if secret[-1] != "0" else "1")), "consultation.link_void")
    made = asked.comments.confirm(secret)
    assert asked.comments.confirm(secret).state == "waiting", "a second time changes nothing"
    asked.comments.moderate(asked.world.asker("decider"), comment=made.id, decision="withheld", rule="insult")
    assert asked.comments.by_link(secret).broken == "insult"
    asked.comments.write(None, said=asked.said("More trees, and soon."))
    (late,) = asked.send()
    asked.pass_days(2)
    refused(lambda: asked.comments.confirm(late), "consultation.link_void")
    asked.comments.purge()
    assert asked.comments.by_link(secret).broken == "insult", "what was confirmed stays"
    with asked.world.node.service.database.reading() as run:
        assert len(run.rows("SELECT id FROM plan_comment", {})) == 1
        assert run.rows("SELECT comment FROM plan_comment_letter", {}) == []


def test_an_address_stands_in_clear_until_its_letter_has_left_and_nowhere_else(asked: Asked) -> None:
    def addresses() -> list[object]:
        with asked.world.node.service.database.reading() as run:
            return [row[0] for row in run.rows("SELECT address FROM plan_comment_letter", {})]

    asked.server.refuse["RCPT"] = "451 later"
    asked.comments.write(None, said=asked.said("Water first."))
    assert asked.send() == [] and addresses() == [ADDRESS], "the server may take it later"
    asked.server.refuse.clear()
    (secret,) = asked.send()
    assert addresses() == [""]
    asked.comments.confirm(secret)
    assert addresses() == []
    asked.comments.moderate(asked.world.asker("decider"), comment=asked.comments.by_link(secret).id, decision="published")
    asked.answer(asked.comments.by_link(secret).id, REFUSE)
    seen = [
        asked.world.node.client.get(path).text
        for path in (
            "/en/programme/consultations", "/en/programme/consultations/small-1", "/en/programme/consultations/small-1/open-data",
            f"/en/programme/comments/{secret}", "/api/v1/programme/consultations", "/api/v1/programme/consultations/small/1/comments",
        )
    ]  # fmt: skip
    asked.pass_days(11)
    asked.close()
    asked.world.adopt()
    folder = asked.world.node.service.settings.folder
    public = [path.read_bytes() for path in (folder / "log").rglob("*") if path.is_file()]
    journals = [path.read_bytes() for path in folder.rglob("*.log") if path.is_file()]
    with asked.world.node.service.database.reading() as run:
        rows = [str(run.rows(f"SELECT * FROM {table}", {})) for table in ("plan_comment", "audit", "document", "consultation")]
        assert run.rows("SELECT author FROM plan_comment WHERE author <> id", {}) == [], "its digest goes when the answers are published"
    for found in (*seen, *rows, *(each.decode("utf-8", "replace") for each in (*public, *journals))):
        assert "village.example" not in found.lower()


def test_one_address_makes_so_many_comments_and_the_same_one_once(asked: Asked) -> None:
    asked.confirmed("Say 0.")
    refused(lambda: asked.comments.write(None, said=asked.said("  say\n 0. ")), "consultation.same_text")
    refused(
        lambda: asked.comments.write(None, said=asked.said("SAY 0.", address=ADDRESS.lower())), "consultation.same_text"
    )  # fmt: skip
    for number in range(AUTHOR_WAITING_MAX):
        asked.comments.write(None, said=asked.said(f"Wait {number}."))
    refused(lambda: asked.comments.write(None, said=asked.said("One more.")), "consultation.confirm_first")
    for secret in asked.send():
        asked.comments.confirm(secret)
    for number in range(1 + AUTHOR_WAITING_MAX, AUTHOR_MAX):
        asked.confirmed(f"Say {number}.")
    refused(lambda: asked.comments.write(None, said=asked.said("One too many.")), "consultation.too_many")
    asked.confirmed("Say 0.", address="other@town.example")


def test_whoever_has_an_account_is_counted_by_her_organisation_and_judges_no_word_of_her_own(asked: Asked) -> None:
    made = asked.comments.write(asked.world.asker("decider"), said=asked.said("We agree.", category="citizen", address=""))
    refused(
        lambda: asked.comments.moderate(asked.world.asker("decider"), comment=made, decision="published"), "consultation.own_comment"
    )  # fmt: skip
    assert asked.comments.awaiting(asked.world.asker("decider")) == ()
    other = asked.world.node.service.people.add_person(None, name="Deputy", organisation="Inspectorate", language="en")
    asked.world.ids["deputy"] = other
    asked.world.node.service.people.give_role(None, person=other, role=Role.DECIDER)
    asked.comments.moderate(asked.world.asker("deputy"), comment=made, decision="published")
    assert dict(asked.counts().published) == {**dict.fromkeys(CATEGORIES, 0), "research": 1}
    refused(lambda: asked.answer(made, REFUSE), "consultation.own_comment")
    asked.answer(made, REFUSE, who="deputy")


def test_an_owner_answers_about_her_own_commitment_and_nobody_else_moderates(asked: Asked) -> None:
    made = asked.confirmed("Open more.")
    for who in ("planner", "stranger", "member", "operator"):
        refused(
            lambda who=who: asked.comments.moderate(asked.world.asker(who), comment=made, decision="published"), "rights.decider_needed"
        )  # fmt: skip
    asked.comments.moderate(asked.world.asker("decider"), comment=made, decision="published")
    for who in ("stranger", "member"):
        refused(lambda who=who: asked.answer(made, REFUSE, who=who), "rights.decider_needed")
    asked.answer(made, REFUSE, who="planner")
    refused(
        lambda: asked.comments.moderate(asked.world.asker("decider"), comment=made, decision="withheld", rule="insult"),
        "consultation.not_now",
    )
    asked.answer(made, ACCEPT, who="planner")
    whole = asked.published("All of it.", statement="")
    refused(lambda: asked.answer(whole, REFUSE, who="planner"), "rights.decider_needed")


def test_a_comment_is_withheld_by_a_published_rule_or_not_at_all(asked: Asked) -> None:
    made = asked.confirmed("A word.")
    for decision, rule in (("withheld", ""), ("withheld", "boring"), ("published", "insult"), ("deleted", ""), ("", "")):
        refused(
            lambda decision=decision, rule=rule: asked.comments.moderate(
                asked.world.asker("decider"), comment=made, decision=decision, rule=rule
            ),
            "node.bad_value",
        )
    assert asked.counts().waiting == 1


def test_an_answer_names_a_change_or_a_reason(asked: Asked) -> None:
    made = asked.published("A word.")
    for answer in (
        CommentAnswer(outcome=ACCEPTED, changed=(), reason="Yes."),
        CommentAnswer(outcome=NOT_ACCEPTED, changed=(), reason="  "),
        CommentAnswer(outcome=NOT_ACCEPTED, changed=("open-data",), reason="No."),
        CommentAnswer(outcome=ACCEPTED, changed=("Open Data",), reason=""),
        CommentAnswer(outcome="perhaps", changed=(), reason="Later."),
        CommentAnswer(outcome=NOT_ACCEPTED, changed=(), reason="x" * 2_001),
    ):
        refused(lambda answer=answer: asked.answer(made, answer), "node.bad_value")
    assert asked.counts().answered == 0


def test_answers_are_published_when_all_are_there_and_the_text_shows_what_was_accepted(asked: Asked) -> None:
    first = asked.published("Open all.")
    waiting = asked.confirmed("And this?")
    refused(asked.close, "consultation.not_over")
    asked.pass_days(11)
    assert refused(asked.close, "consultation.unanswered").parameters["number"] == 2
    refused(lambda: asked.world.adopt(), "consultation.open")
    asked.comments.moderate(asked.world.asker("decider"), comment=waiting, decision="withheld", rule="duplicate")
    asked.answer(first, ACCEPT)
    assert refused(asked.close, "consultation.not_changed").parameters["commitment"] == "open-data"
    elsewhere = plan_text().replace("text training, in short", "text training for all")
    refused(lambda: asked.close(elsewhere), "consultation.not_changed")
    refused(lambda: asked.close(plan_text(version=2)), "consultation.other_plan")
    asked.close(CHANGED)
    refused(lambda: asked.close(CHANGED), "consultation.over")
    refused(lambda: asked.answer(first, REFUSE), "consultation.over")


def test_a_comment_comes_in_time_and_about_what_is_asked(asked: Asked) -> None:
    refused(lambda: asked.comments.write(None, said=asked.said("x", statement="elsewhere")), "node.not_found")
    for said in (
        asked.said(" \n "), asked.said("x" * 2_001), asked.said("x\0"), asked.said("x", address="nobody"), asked.said("x", category="king"),
    ):  # fmt: skip
        refused(lambda said=said: asked.comments.write(None, said=said), "node.bad_value")
    asked.pass_days(10)
    late = asked.comments.write(None, said=asked.said("On the last day."))
    (secret,) = asked.send()
    asked.pass_days(1)
    refused(lambda: asked.comments.write(None, said=asked.said("Too late.")), "consultation.over")
    assert asked.comments.confirm(secret).id == late, "it was written in time"
    asked.comments.moderate(asked.world.asker("decider"), comment=late, decision="withheld", rule="off_topic")
    asked.close()
    refused(lambda: asked.comments.write(None, said=asked.said("Much too late.")), "consultation.over")


def test_a_consultation_lasts_a_week_at_least_and_half_a_year_at_most(asked: Asked) -> None:
    service, world = asked.world.node.service, asked.world
    other = plan_text().replace('plan = "small"', 'plan = "other"').encode()
    for days in (-1, 0, 6, 181):
        until = today(world) + timedelta(days=days)
        refused(lambda until=until: service.consultations.open(world.asker("decider"), content=other, until=until), "consultation.days")
    week = today(world) + timedelta(days=7)
    for who in ("planner", "operator", "member"):
        refused(
            lambda who=who: service.consultations.open(world.asker(who), content=other, until=week), "rights.decider_needed"
        )  # fmt: skip
    refused(
        lambda: service.consultations.open(world.asker("decider"), content=plan_text(version=2).encode(), until=week), "consultation.open"
    )  # fmt: skip
    unknown = plan_text(owner="Nobody").replace('plan = "small"', 'plan = "other"').encode()
    refused(lambda: service.consultations.open(world.asker("decider"), content=unknown, until=week), "programme.owner_unknown")
    service.consultations.open(world.asker("decider"), content=other, until=week)
    asked.pass_days(11)
    asked.close()
    refused(
        lambda: service.consultations.open(world.asker("decider"), content=plan_text().encode(), until=week + timedelta(days=11)),
        "consultation.version_used",
    )


def test_without_a_mail_server_only_people_with_an_account_comment(tmp_path: Path) -> None:
    with carried(tmp_path / "node") as world:
        service = world.node.service
        service.consultations.open(world.asker("decider"), content=plan_text().encode(), until=today(world) + timedelta(days=7))
        said = Said(plan="small", version=1, statement="", language="en", words="Hello.", category="citizen", address=ADDRESS)
        refused(lambda: service.consultations.comments.write(None, said=said), "consultation.no_mail")
        service.consultations.comments.write(world.asker("member"), said=said)
        assert service.consultations.one("small", 1).counts.waiting == 1


def test_a_log_in_which_a_version_is_adopted_before_its_answers_is_found(asked: Asked) -> None:
    lines = read_bundle(list(asked.world.node.service._wired.log.entries(0)))
    (consult,) = [line for line in lines if line[0] == "plan"]
    (adopt,) = read_bundle([write_entry(replace(cast("PlanEntry", entry_of(consult)), event="adopt"))])
    lives = ProgrammeLives()
    lives.plan(consult[1])
    with pytest.raises(LedgerError):
        lives.plan(adopt[1])


@pytest.mark.parametrize(
    ("words", "rules"),
    [
        ("Write to me@home.example", ("personal_data",)),
        ("اتصلوا بي على ٠٦٦١٢٣٤٥٦٧", ("personal_data",)),
        ("+212 6 61 23 45 67", ("personal_data",)),
        ("https://a.example http://b.example www.c.example", ("off_topic",)),
        ("By 2027-12-31 there are 14000 nurses, 3.5 for each thousand.", ()),
        ("See https://a.example and https://b.example", ()),
    ],
)
def test_a_program_notices_what_a_person_should_look_at(words: str, rules: tuple[str, ...]) -> None:
    assert noticed(words) == rules


def test_the_differences_of_the_answers_lead_from_the_draft_to_the_adopted_text(asked: Asked) -> None:
    asked.pass_days(11)
    asked.close(CHANGED)
    found = asked.world.node.service.consultations.one("small", 1)
    assert canonical(apply(document_of(found.draft), diff(found.draft, found.text))) == canonical(document_of(found.text))
