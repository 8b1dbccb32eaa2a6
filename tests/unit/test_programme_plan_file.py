"""Plan files: what is right is read and written again the same; what is wrong is named with its place, and never a traceback."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amana.programme.check import Text, check_sources
from amana.programme.plan_document import canonical, document_of, write_document
from amana.programme.plan_file import problems_of, read_document, read_plan
from amana.terms.refusal import Refusal
from tests.programme import SOURCE, plan_text, words

SHIPPED = Path(__file__).parent.parent.parent / "examples" / "programme" / "plan.toml"


@pytest.mark.parametrize("content", [plan_text().encode(), SHIPPED.read_bytes()], ids=["small", "shipped"])
def test_a_plan_is_the_same_as_a_file_and_as_a_document(content: bytes) -> None:
    plan = read_plan(content)
    assert read_document(write_document(plan)) == plan
    assert canonical(document_of(plan)) == write_document(plan)


@pytest.mark.parametrize(
    ("change", "code", "path"),
    [
        (('status = "done"', "title = {title}"), "programme.unknown_field", "status"),
        (("version = 0", "version = 1"), "programme.bad_value", "version"),
        (('theme = "nothing"', 'theme = "data"'), "programme.unknown_name", "commitment.1.theme"),
        (('id = "people-seen"', 'id = "training"'), "programme.twice", "commitment"),
        (('period = "soon"', 'period = "2097"'), "programme.bad_value", "commitment.3.indicator.1.targets.1.period"),
        (('value = "a lot"', 'value = "20" }}, {{ period'), "programme.bad_value", "commitment.3.indicator.1.targets.1.value"),
        (("due = 2099-13-01", "due = 2099-12-31"), "programme.not_toml", ""),
        (('due = "later"', "due = 2099-12-31"), "programme.bad_value", "commitment.1.due"),
        (("sdg = [18]", "sdg = [9, 16]"), "programme.bad_value", "commitment.1.sdg"),
        (('direction = "sideways"', 'direction = "up"'), "programme.bad_value", "commitment.1.indicator.1.direction"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(change: tuple[str, str], code: str, path: str) -> None:
    new, old = change
    text = plan_text()
    if old == "title = {title}":
        text = text.replace("version = 1", f"version = 1\n{new}", 1)
    elif "}}, {{" in old:
        text = text.replace('value = "20" }, { period', f"{new} }}, {{ period", 1)
    else:
        assert old in text
        text = text.replace(old, new, 1)
    found = [(each.code, str(each.parameters.get("path", ""))) for each in problems_of(text.encode())]
    assert (code, path) in found


@pytest.mark.parametrize(
    ("extra", "code"),
    [
        ("", None),
        (f'[[agreement]]\nid = "alone"\nkind = "agreement"\nsigned_on = 2025-07-02\nspan = {{ source = "speech", from = 0, to = 1, sha256 = "{"0" * 64}" }}\ntitle = {words("x")}\nparty = [ {words("one")} ]', "programme.too_few"),
        (f'[[event]]\nid = "back"\nkind = "meeting"\nfirst = 2025-07-02\nlast = 2025-07-01\ntitle = {words("x")}', "programme.not_after"),
        (f'[[agreement]]\nid = "lost"\nkind = "agreement"\nsigned_on = 2025-07-02\nspan = {{ source = "song", from = 0, to = 1, sha256 = "{"0" * 64}" }}\ntitle = {words("x")}\nparty = [ {words("one")}, {words("two")} ]', "programme.unknown_name"),
    ],
)  # fmt: skip
def test_what_does_not_hold_together_is_named(extra: str, code: str | None) -> None:
    found = [each.code for each in problems_of(plan_text(extra=extra).encode())]
    assert found == ([] if code is None else [code])


def test_targets_that_go_back_are_refused() -> None:
    text = plan_text().replace('{ period = "2098", value = "40" }', '{ period = "2098", value = "10" }')
    assert [each.code for each in problems_of(text.encode())] == ["programme.backwards"]


@given(content=st.binary(max_size=200))
def test_any_bytes_are_a_plan_or_refused(content: bytes) -> None:
    for read in (read_plan, read_document):
        with pytest.raises(Refusal):
            read(content)


@given(data=st.data())
def test_any_plan_with_a_piece_taken_out_or_doubled_is_a_plan_or_refused(data: st.DataObject) -> None:
    text = plan_text()
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start, min(len(text), start + 60)))
    piece = text[start:end] * data.draw(st.sampled_from((0, 2)))
    content = (text[:start] + piece + text[end:]).encode()
    problems = problems_of(content)
    if problems:
        with pytest.raises(Refusal):
            read_plan(content)
    else:
        assert read_document(write_document(read_plan(content))) == read_plan(content)


def test_a_source_that_was_not_given_is_no_success_and_another_one_is_told() -> None:
    plan = read_plan(plan_text().encode())
    digest = plan.sources[0].sha256
    assert [each.code for each in check_sources(plan, {})] == ["programme.source_absent"]
    other = Text(sha256="f" * 64, text=SOURCE)
    assert [each.code for each in check_sources(plan, {other.sha256: other})] == ["programme.source_differs"]
    assert check_sources(plan, {digest: Text(sha256=digest, text=SOURCE)}) == ()


@given(data=st.data())
def test_a_changed_character_inside_a_span_is_found(data: st.DataObject) -> None:
    plan = read_plan(plan_text().encode())
    span = data.draw(st.sampled_from([span for _, span in plan.spans()]))
    place = data.draw(st.integers(span.start, span.end - 1))
    changed = SOURCE[:place] + ("x" if SOURCE[place] != "x" else "y") + SOURCE[place + 1 :]
    text = Text(sha256=plan.sources[0].sha256, text=changed)
    found = check_sources(plan, {text.sha256: text})
    assert found and all(each.code == "programme.span_differs" for each in found)


def test_no_field_of_a_plan_can_hold_a_status() -> None:
    def names(value: object) -> set[str]:
        if isinstance(value, dict):
            return set(value) | {name for each in value.values() for name in names(each)}
        return {name for each in value for name in names(each)} if isinstance(value, list) else set()

    assert not {name for name in names(document_of(read_plan(SHIPPED.read_bytes()))) if re.search("status|state|progress|done$", name)} - {
        "state"
    }
