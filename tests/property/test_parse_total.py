"""Whatever the text, the parser gives a Plan or a Refusal, never another exception (CONVENTIONS 15)."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from amana.query.check import check
from amana.query.parse import parse
from amana.query.plan import Plan
from amana.terms.refusal import Refusal
from tests.spec.conftest import CLINIC, TPCH
from tests.spec.refusals.test_refusals import REFUSED

QUERIES = [path.read_text(encoding="utf-8") for path in sorted((Path(__file__).parents[1] / "spec" / "tpch").glob("*.sql"))]
SEEDS = [sql for sql, _, _ in REFUSED if sql] + QUERIES
WORDS = [
    *sorted({word for sql in SEEDS for word in sql.split()}),
    "(",
    ")",
    ",",
    "'",
    '"',
    ";",
    "--",
    "/*",
    "::",
    "[",
    "]",
    "{",
    "}",
    "$1",
    "\ud800",
    "é",
]


def asked(sql: str) -> None:
    for schema in (CLINIC, TPCH):
        try:
            plan = parse(sql, schema)
            assert isinstance(plan, Plan)
            check(plan, schema)
        except Refusal as refusal:
            assert refusal.where is None or (refusal.where.line >= 1 and refusal.where.column >= 1 and refusal.where.length >= 1)


@given(st.text(max_size=200))
def test_any_text_gives_a_plan_or_a_refusal(text: str) -> None:
    asked(text)
    asked("SELECT COUNT(*) FROM visits WHERE " + text)
    asked("SELECT " + text + " FROM visits")


@given(st.lists(st.sampled_from(WORDS), max_size=30))
def test_any_words_of_sql_give_a_plan_or_a_refusal(words: list[str]) -> None:
    asked(" ".join(words))
    asked("SELECT " + " ".join(words) + " FROM visits")


@given(st.data())
def test_a_changed_question_gives_a_plan_or_a_refusal(data: st.DataObject) -> None:
    words = data.draw(st.sampled_from(SEEDS)).split(" ")
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(words) - 1))
        change = data.draw(st.sampled_from(("drop", "put", "swap", "double")))
        if change == "put":
            words.insert(at, data.draw(st.sampled_from(WORDS)))
        elif change == "swap":
            words[at] = data.draw(st.sampled_from(WORDS))
        elif change == "double":
            words.insert(at, words[at])
        elif len(words) > 1:
            del words[at]
    asked(" ".join(words))


EXPRESSIONS = st.recursive(
    st.sampled_from(
        "cost day arrived score ward note urgent patient visit 1 0.5 -3 'eye' NULL TRUE COUNT(*) * v.cost DATE'2024-01-01' '2024-01-01'".split()  # noqa: SIM905
    ),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+ - * / // % = <> < AND OR || LIKE IS".split()), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),  # noqa: SIM905
        st.tuples(
            st.sampled_from(
                "ABS ROUND FLOOR LOWER TRIM LENGTH YEAR MONTH SUM AVG COUNT MIN MAX MEDIAN VARIANCE COALESCE GREATEST NOT HISTOGRAM SQRT".split()  # noqa: SIM905
            ),
            inner,
        ).map(lambda t: f"{t[0]}({t[1]})"),
        st.tuples(inner, inner, inner).map(lambda t: f"CASE WHEN {t[0]} THEN {t[1]} ELSE {t[2]} END"),
        st.tuples(inner, st.sampled_from("INT DATE DOUBLE VARCHAR BOOLEAN DECIMAL(4,2) TIMESTAMP TINYINT".split())).map(  # noqa: SIM905
            lambda t: f"CAST({t[0]} AS {t[1]})"
        ),
        st.tuples(inner, inner, inner).map(lambda t: f"({t[0]} BETWEEN {t[1]} AND {t[2]})"),
        st.tuples(inner, inner).map(lambda t: f"({t[0]} IN ({t[1]}, 1))"),
        st.tuples(st.sampled_from(("SUM", "ROW_NUMBER", "LAG")), inner, inner).map(
            lambda t: f"{t[0]}({t[1]}) OVER (PARTITION BY patient ORDER BY {t[2]})"
        ),
        inner.map(lambda e: f"({e} + INTERVAL 2 DAY)"),
        inner.map(lambda e: f"SUM({e}) FILTER (WHERE urgent)"),
    ),
    max_leaves=8,
)


@given(
    EXPRESSIONS,
    EXPRESSIONS,
    st.sampled_from(("", "GROUP BY 1", "GROUP BY ward", "GROUP BY patient", "GROUP BY ALL", "GROUP BY ROLLUP (ward)")),
)
def test_any_expression_in_any_clause_gives_a_plan_or_a_refusal(one: str, other: str, group: str) -> None:
    asked(f"SELECT {one} AS x, {other} FROM visits v WHERE urgent {group}")
    asked(f"SELECT SUM({one}) FROM visits v WHERE {other}")
    asked(f"SELECT COUNT(*) FROM visits v {group} HAVING {one} ORDER BY {other}")
    asked(f"SELECT COUNT(x), AVG(x) FROM (SELECT {one} AS x, {other} AS y FROM visits v {group}) AS t")
    asked(
        f"SELECT COUNT(*) FROM patients p JOIN visits v ON p.patient = v.patient AND {one} LEFT JOIN regions r ON r.region = v.region AND {other}"
    )
