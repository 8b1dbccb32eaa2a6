"""From a draft that a person confirmed to the beginning of a plan, whose spans hold."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amana.programme.check import Text, check_sources
from amana.programme.plan_begun import begin_plan
from amana.programme.plan_file import problems_of, read_plan
from amana.programme.proposal_file import write_draft
from amana.programme.reading import propose
from amana.programme.source import read_source
from amana.terms.refusal import Refusal
from tests.programme import words
from tests.programme_sources import ours

INDICATOR = f"""indicator = [ {{ id = "i-NUMBER", direction = "up", title = {words("x")}, unit = {words("x")}, baseline = {{ value = "0",
on = 2025-07-02 }}, targets = [ {{ period = "2026", value = "1" }} ], method = {{ log = {{ fold = "count", of = "use" }} }} }} ]""".replace(
    "\n", " "
)
WHAT_PEOPLE_SAY = {
    "source": ["date = 2025-07-02"],
    "event": ["first = 2025-07-01", "last = 2025-07-02"],
    "agreement": ["signed_on = 2025-07-02", f"party = [ {words('one')}, {words('two')} ]"],
    "commitment": ['theme = "all"', 'owner = "Ministry"', "due = 2030-12-31", f"summary = {words('short')}", INDICATOR],
}


def confirmed(language: str) -> tuple[bytes, Text]:
    source = read_source(ours(language))
    draft = write_draft(propose(source)).replace("confirmed = false", "confirmed = true")
    for each in ("ar", "fr", "en", "zgh"):
        draft = draft.replace(f'{each} = ""', f'{each} = "x {each}"')
    return draft.encode(), Text(sha256=source.sha256, text=source.text)


@pytest.mark.parametrize("language", ["ar", "fr", "en"])
def test_a_plan_that_people_went_on_with_comes_from_the_source(language: str) -> None:
    draft, text = confirmed(language)
    begun = begin_plan(draft, source="speech")
    assert begun.left == 0 and begun.taken > 12
    missing = {str(each.parameters["path"]).rpartition(".")[2] for each in problems_of(begun.text.encode()) if "missing" in each.code}
    assert {"owner", "theme", "due"} <= missing, "nobody but people can say that"
    plan = read_plan(gone_on(begun.text).encode())
    assert check_sources(plan, {text.sha256: text}) == ()
    assert len(plan.commitments) == len(tomllib.loads(draft.decode())["recommendation"])
    assert len(plan.agreements) == len(tomllib.loads(draft.decode())["agreement"])


def gone_on(text: str) -> str:
    """What people add: a theme, and every field that a source does not say."""
    made, number = [], 0
    skipping = False
    for line in text.splitlines():
        if line.startswith("["):
            skipping = line == "[[agreement.party]]"
        if skipping:
            continue
        made.append(line.replace('= ""', '= "written"'))
        name = line.strip("[]")
        if line.startswith("[[") and name in WHAT_PEOPLE_SAY:
            number += 1
            made += [each.replace("NUMBER", str(number)) for each in WHAT_PEOPLE_SAY[name]]
    return "\n".join([*made, "[[theme]]", 'id = "all"', f"title = {words('all')}"])


def test_only_what_a_person_confirmed_is_taken() -> None:
    draft, _ = confirmed("en")
    some = draft.replace(b"\nconfirmed = true", b"\nconfirmed = false", 3)
    assert begin_plan(some, source="speech").left == 3
    with pytest.raises(Refusal) as refused:
        begin_plan(draft.replace(b"confirmed = true", b"confirmed = false"), source="speech")
    assert refused.value.code == "programme.draft_unconfirmed"


@given(data=st.data())
def test_a_damaged_draft_is_refused_and_nothing_else(data: st.DataObject) -> None:
    draft, _ = confirmed("en")
    start = data.draw(st.integers(0, len(draft) - 1))
    end = data.draw(st.integers(start, min(len(draft), start + 80)))
    try:
        begun = begin_plan(draft[:start] + draft[end:], source="speech")
    except Refusal as refusal:
        assert refusal.code.startswith("programme.")
    else:
        tomllib.loads(begun.text)
