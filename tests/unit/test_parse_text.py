"""Places, limits and constants of the parser."""

import logging
import time

import pytest
from sqlglot import exp, parse_one

from amana.query.expr import Fixed, Literal
from amana.query.parse import parse
from amana.query.parse.expressions import READERS
from amana.query.parse.literals import number_of
from amana.query.parse.nodes import only
from amana.query.parse.text import CHARACTERS_MAX, NESTING_MAX, place_of, tree_of
from amana.terms.refusal import Place, Refusal
from tests.spec.conftest import CLINIC


def test_a_place_covers_a_whole_expression_on_one_line() -> None:
    tree = tree_of("SELECT a,\n  sum(b.c) + 1\nFROM t")
    assert place_of(tree.expressions[1]) == Place(line=2, column=3, length=12)


def test_a_place_of_an_expression_over_lines_is_its_first_word() -> None:
    tree = tree_of("SELECT abcd +\n  2 FROM t")
    assert place_of(tree.expressions[0]) == Place(line=1, column=8, length=4)


def test_tabs_and_letters_beyond_ascii_count_as_one_column() -> None:
    with pytest.raises(Refusal) as caught:
        parse("SELECT COUNT(*) FROM visits WHERE note = 'é→ع' AND\tnope", CLINIC)
    assert caught.value.where == Place(line=1, column=52, length=4)


@pytest.mark.parametrize(
    ("text", "units", "scale"),
    [("1", 1, 0), ("1.50", 15, 1), ("100", 100, 0), ("0.05", 5, 2), (".5", 5, 1), ("5.", 5, 0), ("1e3", 1000, 0), ("1.5e1", 15, 0),
     ("2500e-2", 25, 0), ("0.000", 0, 0), ("0e999", 0, 0), ("1_000", 1000, 0), ("12345678901234567890", 12345678901234567890, 0)],
)  # fmt: skip
def test_numbers_are_exact(text: str, units: int, scale: int) -> None:
    assert number_of(exp.Literal.number(text), text=text) == Literal(value=Fixed(units=units, scale=scale))


@pytest.mark.parametrize("text", ["1e300", "1e-19", "0.1234567890123456789", "9" * 40, "0x1F", "e5", "1e99999"])
def test_numbers_that_cannot_be_exact_are_refused(text: str) -> None:
    with pytest.raises(Refusal) as caught:
        number_of(exp.Literal.number(text), text=text)
    assert caught.value.code == "sql.bad_number"


def test_the_deepest_question_allowed_is_read_and_one_deeper_is_refused() -> None:
    parse(f"SELECT COUNT({'(' * (NESTING_MAX - 1)}cost{')' * (NESTING_MAX - 1)}) FROM visits", CLINIC)
    with pytest.raises(Refusal) as caught:
        parse(f"SELECT COUNT({'(' * NESTING_MAX}cost{')' * NESTING_MAX}) FROM visits", CLINIC)
    assert caught.value.code == "sql.too_deep"


def test_the_longest_question_allowed_is_read() -> None:
    sql = "SELECT COUNT(*) FROM visits"
    parse(sql + " " * (CHARACTERS_MAX - len(sql)), CLINIC)
    with pytest.raises(Refusal):
        parse(sql + " " * (CHARACTERS_MAX - len(sql) + 1), CLINIC)


def test_no_question_takes_long_to_refuse() -> None:
    hard = ["SELECT " + "(" * 31 * n for n in (1, 20)]
    hard += ["SELECT COUNT(*) FROM visits WHERE " + " OR ".join(f"cost = {n}" for n in range(1_200))]
    hard += ["SELECT " + "+".join(["cost"] * 4_000) + " FROM visits", "SELECT " + ",".join(["SUM(cost)"] * 1_900) + " FROM visits"]
    hard += ["WITH " + ",".join(f"a{n} AS (SELECT cost FROM visits)" for n in range(500)) + " SELECT COUNT(*) FROM a1"]
    start = time.perf_counter()
    for sql in hard:
        try:
            parse(sql, CLINIC)
        except Refusal:
            continue
    assert time.perf_counter() - start < 20


def test_a_literal_never_enters_a_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), pytest.raises(Refusal):
        parse("SELECT COUNT(*) FROM visits WHERE note = secret('patient 17') PIVOT", CLINIC)
    assert "17" not in caplog.text


@pytest.mark.parametrize("kind", sorted(READERS, key=lambda kind: kind.__name__), ids=lambda kind: kind.__name__)
def test_a_part_that_no_reader_reads_is_refused(kind: type[exp.Expr]) -> None:
    names, _ = READERS[kind]
    for name in kind.arg_types:
        if name in names:
            continue
        for part in (exp.Literal.number(1), True, [exp.Literal.number(1)], "text"):
            with pytest.raises(Refusal):
                only(kind(**{name: part}), *names)


@pytest.mark.parametrize("sql", ["SUM(DISTINCT cost)", "SUM(cost ORDER BY day)", "LAG(cost IGNORE NULLS) OVER ()", "SUM(cost) OVER ()"])
def test_the_library_keeps_what_must_not_be_dropped(sql: str) -> None:
    """If a new release of the library dropped one of these while reading, refusing it here would no longer help."""
    written = parse_one(f"SELECT {sql}", read="duckdb").sql(dialect="duckdb").upper()
    for word in ("DISTINCT", "ORDER BY", "IGNORE NULLS", "OVER"):
        assert (word in sql) == (word in written)
