"""Differences between two plans, made in the document of the old one, give the document of the new one."""

from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amana.programme.difference import apply, diff, of_commitment
from amana.programme.plan import LANGUAGES, Commitment, Document, Indicator, Milestone, Plan, Target, Theme, Words, period_of
from amana.programme.plan_document import canonical, document_of
from amana.programme.plan_file import read_document, read_plan
from tests.programme import plan_text

BASE = read_plan(plan_text().encode())
SHORT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=3)
IDS = st.sampled_from(("a", "b", "c", "d-e", "f"))
WORDS: st.SearchStrategy[Words] = st.tuples(*(st.tuples(st.just(language), SHORT) for language in LANGUAGES))
DAYS = st.dates(min_value=date(2025, 1, 1), max_value=date(2030, 1, 1))
PERIODS = [found for name in ("2026", "2027", "2028-Q1") if (found := period_of(name)) is not None]
TARGETS = st.lists(st.builds(Target, period=st.sampled_from(PERIODS), value=st.integers(0, 9).map(Fraction)), max_size=3).map(tuple)
METHODS = st.one_of(
    st.builds(Document, shows=WORDS), st.sampled_from([indicator.method for _, indicator in BASE.indicators()])
)  # fmt: skip


def named(parts: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, ...]]:
    """Parts in any order, each with an id of its own."""
    return st.lists(parts, max_size=4, unique_by=lambda part: part.id).map(tuple)  # type: ignore[attr-defined]


INDICATORS = st.builds(
    Indicator, id=IDS, title=WORDS, unit=WORDS, direction=st.sampled_from(("up", "down")), baseline=st.integers(0, 9).map(Fraction),
    baseline_on=DAYS, targets=TARGETS, method=METHODS,
)  # fmt: skip
MILESTONES = st.builds(Milestone, id=IDS, title=WORDS, due=DAYS, indicator=IDS, value=st.integers(0, 9).map(Fraction))
COMMITMENTS = st.builds(
    Commitment, id=IDS, title=WORDS, summary=WORDS, theme=IDS, owner=SHORT, partners=st.lists(SHORT, max_size=2).map(tuple), due=DAYS,
    goals=st.lists(st.integers(1, 17), max_size=3).map(tuple), agreement=st.sampled_from(("", "a")), event=st.sampled_from(("", "b")),
    span=st.just(BASE.commitments[0].span), indicators=named(INDICATORS), milestones=named(MILESTONES),
)  # fmt: skip
PLANS = st.builds(
    lambda title, themes, commitments: replace(BASE, title=title, themes=themes, commitments=commitments),
    WORDS,
    named(st.builds(Theme, id=IDS, title=WORDS)),
    named(COMMITMENTS),
)


@given(old=PLANS, new=PLANS)
@settings(max_examples=300, deadline=None)
def test_made_in_the_old_document_they_give_the_new_one(old: Plan, new: Plan) -> None:
    found = diff(old, new)
    before = canonical(document_of(old))
    assert canonical(apply(document_of(old), found)) == canonical(document_of(new))
    assert canonical(document_of(old)) == before
    assert (found == ()) == (before == canonical(document_of(new)))
    assert canonical(apply(document_of(new), diff(new, old))) == before


@given(plan=PLANS, number=st.integers(0, 3), summary=WORDS)
@settings(max_examples=100, deadline=None)
def test_what_changes_in_one_commitment_is_said_of_that_one_and_of_no_other(plan: Plan, number: int, summary: Words) -> None:
    if number >= len(plan.commitments) or plan.commitments[number].summary == summary:
        return
    changed = replace(plan.commitments[number], summary=summary)
    new = replace(plan, commitments=tuple(changed if each.id == changed.id else each for each in plan.commitments))
    found = diff(plan, new)
    assert found == of_commitment(found, changed.id) != ()
    assert all(of_commitment(found, each.id) == () for each in plan.commitments if each.id != changed.id)


def test_a_real_plan_that_changed_is_read_again_from_its_differences() -> None:
    text = plan_text().replace("due = 2097-06-30", "due = 2096-06-30").replace('"40"', '"41"')
    new = read_plan(text.encode())
    assert read_document(canonical(apply(document_of(BASE), diff(BASE, new)))) == new


def test_differences_of_another_document_are_refused() -> None:
    first, *others = BASE.commitments
    changed = [replace(each, owner="Somebody") for each in others]
    with pytest.raises(KeyError):
        apply(document_of(replace(BASE, commitments=(first,))), diff(BASE, replace(BASE, commitments=(first, *changed))))
