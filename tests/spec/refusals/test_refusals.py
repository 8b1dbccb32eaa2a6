"""Refusals, section 1: what is refused, with which code, and at which words of the question."""

import pytest

from amana.query.parse import placed
from amana.query.parse.text import CHARACTERS_MAX
from amana.terms.codes import CODES
from amana.terms.refusal import Refusal
from tests.spec.conftest import Refuse


def q(condition: str) -> str:
    return f"SELECT COUNT(*) FROM visits WHERE {condition}"


REFUSED: list[tuple[str, str, str | None]] = [
    # the text
    ("", "sql.empty", None),
    ("  -- nothing", "sql.empty", None),
    (";", "sql.empty", None),
    ("SELECT COUNT(* FROM visits", "sql.syntax", "FROM"),
    ("SELECT COUNT(*) FROM visits WHERE", "sql.syntax", None),
    ("SELECT 'never closed", "sql.syntax", None),
    ("SELECT COUNT(*) FROM visits; SELECT COUNT(*) FROM visits", "sql.not_one_select", None),
    ("DELETE FROM visits", "sql.not_one_select", "DELETE"),
    ("DROP TABLE visits", "sql.not_one_select", "DROP"),
    ("INSERT INTO visits VALUES (1)", "sql.not_one_select", "INSERT"),
    ("ATTACH 'other.db'", "sql.not_one_select", "ATTACH"),
    ("COPY visits TO 'file'", "sql.not_one_select", "COPY"),
    ("PRAGMA show_tables", "sql.not_one_select", "PRAGMA"),
    ("EXPLAIN SELECT COUNT(*) FROM visits", "sql.not_one_select", "EXPLAIN"),
    ("VALUES (1)", "sql.not_one_select", "VALUES"),
    ("SELECT COUNT(*)", "sql.no_from", None),
    # rows never leave
    ("SELECT * FROM visits", "sql.rows_asked", "*"),
    ("SELECT cost, day FROM visits", "sql.rows_asked", "cost"),
    ("SELECT ward FROM visits GROUP BY ward", "sql.rows_asked", "ward"),
    ("SELECT ward, COUNT(*) FROM visits", "sql.not_grouped", "ward"),
    ("SELECT ward, region, COUNT(*) FROM visits GROUP BY ward", "sql.not_grouped", "region"),
    ("SELECT year(day), COUNT(*) FROM visits GROUP BY month(day)", "sql.not_grouped", "year(day"),
    ("SELECT COUNT(*) FROM visits GROUP BY 'x'", "sql.group_constant", "'x'"),
    ("SELECT patient, COUNT(*) FROM visits GROUP BY patient", "plan.identifier_used", "patient"),
    ("SELECT visit, COUNT(*) FROM visits GROUP BY visit", "plan.identifier_used", "visit"),
    (q("patient = 17"), "plan.identifier_used", "patient = 17"),
    ("SELECT SUM(CASE WHEN patient = 17 THEN cost ELSE 0 END) FROM visits", "plan.identifier_used", "patient = 17"),
    ("SELECT MIN(patient) FROM visits", "plan.kinds_differ", "patient"),
    # names
    ("SELECT COUNT(*) FROM people", "sql.unknown_table", "people"),
    ("SELECT COUNT(*) FROM main.visits", "sql.unsupported", "main"),
    ("SELECT COUNT(*) FROM 'file.parquet'", "sql.unknown_table", "'file.parquet'"),
    ("SELECT COUNT(*) FROM read_parquet('file')", "sql.unsupported_function", "read_parquet('file'"),
    ("SELECT AVG(age) FROM visits", "sql.unknown_column", "age"),
    ("SELECT AVG(v.age) FROM visits v", "sql.unknown_column", "v.age"),
    ("SELECT AVG(visits.cost) FROM visits v", "sql.unknown_column", "visits.cost"),
    ("SELECT COUNT(region) FROM visits JOIN patients USING (patient)", "sql.ambiguous_column", "region"),
    ("SELECT COUNT(*) FROM visits JOIN patients USING (age)", "sql.unknown_column", "age"),
    ("SELECT COUNT(*) FROM visits JOIN visits USING (visit)", "sql.duplicate_name", "visits"),
    ("SELECT COUNT(*) AS a, SUM(cost) AS a FROM visits", "sql.duplicate_name", "SUM(cost) AS a"),
    ("WITH a AS (SELECT cost FROM visits), a AS (SELECT day FROM visits) SELECT COUNT(*) FROM a", "sql.duplicate_name", None),
    ("SELECT ward, COUNT(*) FROM visits GROUP BY 3", "sql.position", "3"),
    ("SELECT AVG(x) FROM (SELECT cost FROM visits) AS t (x, y)", "sql.column_names", None),
    # clauses that would be dropped if they were not read
    ("SELECT DISTINCT COUNT(*) FROM visits", "sql.distinct_at_top", None),
    ("SELECT DISTINCT ward FROM visits", "sql.rows_asked", None),
    ("SELECT FOO(cost) FROM visits", "sql.unsupported_function", "FOO(cost"),
    ("SELECT SUM(DISTINCT cost) FROM visits", "sql.distinct_place", "cost"),
    ("SELECT MEDIAN(DISTINCT cost) FROM visits", "sql.distinct_place", "cost"),
    ("SELECT COUNT(DISTINCT ward, region) FROM visits", "sql.distinct_columns", "ward, region"),
    ("SELECT COUNT(*) FROM visits LIMIT 5 OFFSET 2", "sql.offset", "2"),
    ("SELECT COUNT(*) FROM visits LIMIT 5%", "sql.unsupported", None),
    ("SELECT COUNT(*) FROM visits FETCH FIRST 5 ROWS ONLY", "sql.unsupported", "5"),
    ("SELECT ward, COUNT(*) FROM visits GROUP BY ward LIMIT cost", "sql.literal_needed", "cost"),
    ("SELECT COUNT(*) FROM visits TABLESAMPLE 10%", "sql.unsupported", "10"),
    ("SELECT COUNT(*) FROM visits USING SAMPLE 10", "sql.unsupported", "10"),
    ("SELECT ward, COUNT(*) FROM visits GROUP BY ward QUALIFY ROW_NUMBER() OVER (ORDER BY ward) = 1", "sql.unsupported", None),
    ("SELECT COUNT(*) FROM visits WINDOW w AS (PARTITION BY patient)", "sql.unsupported", None),
    ("SELECT COUNT(*) FROM visits PIVOT (COUNT(*) FOR ward IN ('eye'))", "sql.unsupported", None),
    ("SELECT COUNT(*) FROM visits FOR UPDATE", "sql.unsupported", None),
    ("SELECT COUNT(*) OVER () FROM visits", "sql.rows_asked", None),
    ("SELECT COUNT(*), SUM(cost) OVER () FROM visits", "sql.window_place", None),
    ("SELECT SUM(cost ORDER BY day) FROM visits", "sql.unsupported", None),
    ("SELECT COUNT(*) FROM visits WHERE note COLLATE nocase = 'a'", "sql.unsupported", None),
    ("SELECT COUNT(*) FROM visits v, LATERAL (SELECT 1) t", "sql.unsupported", None),
    ("SELECT COUNT(*) FROM visits v, UNNEST([1]) t", "sql.unsupported", None),
    ("SELECT COUNT(*) FROM (VALUES (1)) t", "sql.unsupported", None),
    ("SELECT AVG(cost) FROM (SELECT * EXCLUDE (day) FROM visits) AS t", "sql.unsupported", None),
    ("SELECT AVG(cost) FROM (SELECT * REPLACE (1 AS cost) FROM visits) AS t", "sql.unsupported", None),
    # joins
    ("SELECT COUNT(*) FROM visits v RIGHT JOIN patients p ON v.patient = p.patient", "sql.right_join", None),
    ("SELECT COUNT(*) FROM visits v FULL JOIN patients p ON v.patient = p.patient", "sql.right_join", None),
    ("SELECT COUNT(*) FROM visits NATURAL JOIN patients", "sql.join_kind", None),
    ("SELECT COUNT(*) FROM visits v ASOF JOIN patients p ON v.day >= p.birth", "sql.join_kind", None),
    ("SELECT COUNT(*) FROM visits POSITIONAL JOIN patients", "sql.join_kind", None),
    ("SELECT COUNT(*) FROM visits, patients", "sql.join_without_equality", "patients"),
    ("SELECT COUNT(*) FROM visits v LEFT JOIN patients p ON v.day > p.birth", "sql.join_without_equality", None),
    ("SELECT COUNT(*) FROM visits v JOIN patients p ON v.region = p.region", "plan.join_not_allowed", None),
    ("SELECT COUNT(*) FROM regions r LEFT JOIN visits v ON r.region = v.region", "plan.join_not_allowed", None),
    ("SELECT COUNT(*) FROM visits v JOIN regions r ON v.score = r.population", "plan.join_multiplicity", None),
    ("SELECT COUNT(*) FROM visits a JOIN visits b ON a.patient = b.patient JOIN visits c ON b.patient = c.patient JOIN visits d ON c.patient = d.patient", "plan.join_multiplies", None),
    ('SELECT COUNT(*) FROM (SELECT patient, COUNT(*) AS "#1" FROM visits GROUP BY patient, region) AS t', "sql.bad_character", "#"),
    ('SELECT COUNT(*) FROM (SELECT patient, visit AS "b.c" FROM visits) AS a', "sql.bad_character", "."),
    # subqueries
    (q("cost > (SELECT AVG(w.cost) FROM visits w WHERE w.ward = visits.ward)"), "sql.scalar_subquery", None),
    (q("cost > (SELECT cost FROM visits)"), "sql.scalar_subquery", None),
    (q("cost > (SELECT ward FROM visits GROUP BY ward)"), "sql.scalar_subquery", None),
    (q("cost > (SELECT AVG(cost) FROM visits GROUP BY ward)"), "sql.scalar_subquery", None),
    (q("cost > (SELECT AVG(cost), COUNT(*) FROM visits)"), "sql.scalar_subquery", None),
    (q(" AND ".join(["cost > (SELECT AVG(cost) FROM visits)"] * 9)), "sql.too_many_parts", None),
    ("SELECT COUNT(*), (SELECT COUNT(*) FROM patients) FROM visits", "sql.figure_operation", None),
    (q("urgent = ANY (SELECT urgent FROM visits)"), "sql.subquery_place", None),
    (q("urgent OR EXISTS (SELECT 1 FROM patients p WHERE p.patient = visits.patient)"), "sql.subquery_place", None),
    (q("urgent OR patient IN (SELECT patient FROM patients)"), "sql.subquery_place", None),
    (q("cost = ANY (SELECT cost FROM visits)"), "sql.subquery_place", None),
    (q("EXISTS (SELECT 1 FROM patients)"), "sql.exists_without_equality", None),
    (q("EXISTS (SELECT COUNT(*) FROM patients p WHERE p.patient = visits.patient)"), "sql.aggregate_place", None),
    (q("cost + 1 IN (SELECT population FROM regions)"), "sql.in_needs_columns", "cost + 1"),
    (q("(region, ward) IN (SELECT region FROM regions)"), "sql.subquery_columns", None),
    (("SELECT COUNT(*) FROM patients p WHERE EXISTS (SELECT 1 FROM visits v WHERE v.patient = p.patient AND EXISTS"
     " (SELECT 1 FROM prescriptions s WHERE s.visit = v.visit AND s.doses > p.weight))"), "sql.correlated_too_far", None),
    ("SELECT COUNT(*) FROM (SELECT cost FROM visits ORDER BY cost) AS t", "sql.order_in_subquery", None),
    ("SELECT COUNT(*) FROM (SELECT cost FROM visits LIMIT 5) AS t", "sql.order_in_subquery", "5"),
    ("WITH RECURSIVE a AS (SELECT cost FROM visits) SELECT COUNT(*) FROM a", "sql.recursive", None),
    ("SELECT COUNT(*) FROM visits UNION ALL SELECT COUNT(*) FROM patients", "sql.union_at_top", None),
    ("SELECT COUNT(*) FROM (SELECT day FROM visits UNION SELECT birth FROM patients) AS t", "sql.union_distinct", None),
    ("SELECT COUNT(*) FROM (SELECT day FROM visits EXCEPT SELECT birth FROM patients) AS t", "sql.union_distinct", None),
    ("SELECT COUNT(*) FROM (SELECT day, cost FROM visits UNION ALL SELECT birth FROM patients) AS t", "sql.union_columns", None),
    ("SELECT COUNT(*) FROM (SELECT day FROM visits UNION ALL BY NAME SELECT birth FROM patients) AS t", "sql.unsupported", None),
    ("SELECT COUNT(*) FROM (SELECT region FROM visits UNION ALL SELECT region FROM regions) AS t", "plan.not_unit_wise", None),
    # aggregation and windows inside units
    ("SELECT AVG(n) FROM (SELECT ward, COUNT(*) AS n FROM visits GROUP BY ward) AS t", "plan.not_unit_wise", "ward"),
    ("SELECT AVG(n) FROM (SELECT COUNT(*) AS n FROM visits) AS t", "plan.not_unit_wise", None),
    ("SELECT COUNT(*) FROM (SELECT DISTINCT ward FROM visits) AS t", "plan.not_unit_wise", None),
    ("SELECT COUNT(*) FROM (SELECT DISTINCT ON (patient) patient FROM visits) AS t", "sql.unsupported", None),
    ("SELECT AVG(n) FROM (SELECT v.patient, COUNT(*) AS n FROM patients p LEFT JOIN visits v USING (patient) GROUP BY v.patient) AS t",
     "plan.not_unit_wise", "v.patient"),
    ("SELECT AVG(n) FROM (SELECT patient, MEDIAN(cost) AS n FROM visits GROUP BY patient) AS t", "sql.unit_aggregate", "MEDIAN(cost"),
    ("SELECT AVG(n) FROM (SELECT patient, FIRST(cost) AS n FROM visits GROUP BY patient) AS t", "sql.unit_aggregate", None),
    ("SELECT AVG(n) FROM (SELECT patient, ward, COUNT(*) AS n FROM visits GROUP BY patient) AS t", "sql.not_grouped", "ward"),
    ("SELECT AVG(n) FROM (SELECT patient, SUM(cost) AS n FROM visits GROUP BY ROLLUP (patient)) AS t", "sql.levels_in_subquery", None),
    ("SELECT AVG(n) FROM (SELECT ROW_NUMBER() OVER (PARTITION BY ward ORDER BY day) AS n FROM visits) AS t", "sql.window_not_by_unit", None),
    ("SELECT AVG(n) FROM (SELECT ROW_NUMBER() OVER (ORDER BY day) AS n FROM visits) AS t", "sql.window_not_by_unit", None),
    ("SELECT AVG(n) FROM (SELECT ROW_NUMBER() OVER (PARTITION BY patient) AS n FROM visits) AS t", "sql.window_order", None),
    ("SELECT AVG(n) FROM (SELECT RANK() OVER (PARTITION BY patient ORDER BY day) AS n FROM visits) AS t", "sql.window_function", None),
    ("SELECT AVG(n) FROM (SELECT SUM(cost) OVER (PARTITION BY patient ORDER BY day ROWS 1 PRECEDING) AS n FROM visits) AS t",
     "sql.window_frame", None),
    ("SELECT AVG(n) FROM (SELECT LAG(cost IGNORE NULLS) OVER (PARTITION BY patient ORDER BY day) AS n FROM visits) AS t",
     "sql.window_function", None),
    ("SELECT AVG(n) FROM (SELECT LAG(cost, 1, 0) OVER (PARTITION BY patient ORDER BY day) AS n FROM visits) AS t", "sql.unsupported", "0"),
    ("SELECT AVG(n) FROM (SELECT SUM(cost) OVER w AS n FROM visits WINDOW w AS (PARTITION BY patient)) AS t", "sql.unsupported", None),
    ("SELECT AVG(n) FROM (SELECT LAG(cost) OVER (PARTITION BY patient ORDER BY day NULLS FIRST) AS n FROM visits) AS t",
     "sql.nulls_order", None),
    # expressions
    (q("cost"), "sql.not_a_condition", "cost"),
    (q("cost > 'much'"), "plan.kinds_differ", "cost > 'much'"),
    (q("cost + ward > 1"), "plan.kinds_differ", "cost + ward"),
    (q("cost > COUNT(*)"), "sql.aggregate_place", None),
    (q("soundex(note) = 'a'"), "sql.unsupported_function", None),
    (q("mystery(note) = 'a'"), "sql.unsupported_function", "mystery(note"),
    (q("note ILIKE 'a'"), "sql.pattern", None),
    (q("note LIKE 'a' ESCAPE '#'"), "sql.pattern", None),
    (q("note LIKE ward"), "sql.pattern", None),
    (q("regexp_matches(note, 'a')"), "sql.pattern", None),
    (q("score IN (1, NULL)"), "sql.null_in_list", None),
    (q("day > now()"), "sql.volatile", None),
    (q("day > current_date"), "sql.volatile", None),
    (q("random() > 0.5"), "sql.volatile", None),
    (q("day > '2024-02-30'"), "sql.bad_date", None),
    (q("day > DATE 'yesterday'"), "sql.bad_date", "'yesterday'"),
    (q("arrived > TIMESTAMP 'noon'"), "sql.bad_moment", None),
    (q("day > DATE '9999-01-01' + INTERVAL 1 YEAR"), "sql.bad_date", None),
    (q("day + INTERVAL 1 MONTH > '2024-01-01'"), "sql.interval_on_column", None),
    (q("day < '2024-01-01' + INTERVAL 1 MONTH"), "sql.interval_on_text", None),
    (q("day + INTERVAL (score) DAY > '2024-01-01'"), "sql.interval", None),
    (q("cost > 1e300"), "sql.bad_number", "1e300"),
    (q("cost > 0.1234567890123456789"), "sql.bad_number", None),
    (q("round(cost, score) > 1"), "sql.literal_needed", "score"),
    (q("substring(note, 0) = 'a'"), "sql.literal_needed", "0"),
    (q("CAST(cost AS BLOB) = 'a'"), "sql.cast_type", None),
    (q("week(day) = 5"), "sql.unsupported_function", None),
    (q("date_trunc('century', day) = '2000-01-01'"), "sql.date_part", None),
    (q("extract(epoch FROM day) > 5"), "sql.date_part", None),
    (q("cost BETWEEN SYMMETRIC 2 AND 1"), "sql.unsupported", None),
    (q("score IS NOT DISTINCT FROM 1"), "sql.unsupported", None),
    (q("trim(BOTH 'a' FROM note) = 'b'"), "sql.unsupported", None),
    (q("[1, 2][1] = 1"), "sql.unsupported", None),
    (q("cost = ?"), "sql.unsupported", None),
    # figures
    ("SELECT BOOL_OR(urgent) FROM visits", "sql.aggregate_unsupported", None),
    ("SELECT ANY_VALUE(cost) FROM visits", "sql.aggregate_unsupported", None),
    ("SELECT STRING_AGG(note, ',') FROM visits", "sql.aggregate_unsupported", None),
    ("SELECT ARG_MAX(cost, day) FROM visits", "sql.aggregate_unsupported", None),
    ("SELECT SUM(ward) FROM visits", "plan.kinds_differ", "ward"),
    ("SELECT MEDIAN(ward) FROM visits", "plan.kinds_differ", "ward"),
    ("SELECT SUM(COUNT(*)) FROM visits", "sql.aggregate_place", None),
    ("SELECT QUANTILE_CONT(cost, 2) FROM visits", "sql.quantile", "2"),
    ("SELECT QUANTILE_CONT(cost, [0.1, 0.9]) FROM visits", "sql.quantile", None),
    ("SELECT FLOOR(SUM(cost)) FROM visits", "sql.figure_operation", None),
    ("SELECT SUM(cost) // 2 FROM visits", "sql.figure_operation", None),
    ("SELECT SUM(cost) + ward FROM visits GROUP BY ward", "plan.kinds_differ", "ward"),
    ("SELECT HISTOGRAM(cost), SUM(cost) FROM visits", "sql.histogram", None),
    ("SELECT HISTOGRAM(cost), HISTOGRAM(score) FROM visits", "sql.histogram", None),
    ("SELECT HISTOGRAM(day) FROM visits", "plan.kinds_differ", "day"),
    ("SELECT ward, COUNT(*) FROM visits GROUP BY ward ORDER BY SUM(cost)", "sql.order_unknown", None),
    ("SELECT ward, COUNT(*) FROM visits GROUP BY ward ORDER BY ALL", "sql.order_unknown", None),
    ("SELECT ward, COUNT(*) FROM visits GROUP BY ward ORDER BY cost", "sql.order_unknown", "cost"),
    ("SELECT ward, COUNT(*) FROM visits GROUP BY ward ORDER BY nothing", "sql.order_unknown", "nothing"),
    ("SELECT ward, COUNT(*) FROM visits GROUP BY ward ORDER BY ward NULLS FIRST", "sql.nulls_order", None),
    ("SELECT ward, COUNT(*) FROM visits GROUP BY ward HAVING COUNT(*)", "plan.kinds_differ", None),
    ("SELECT ward, COUNT(*) FROM visits GROUP BY ward HAVING cost > 5", "sql.not_grouped", "cost"),
    ("SELECT GROUPING(ward), COUNT(*) FROM visits GROUP BY ROLLUP (ward)", "sql.aggregate_unsupported", None),
    ("SELECT MEDIAN(cost) FROM visits GROUP BY ROLLUP (ward)", "plan.rollup_needs_sums", None),
    ("SELECT COUNT(*) FROM visits GROUP BY CUBE (ward, region, urgent, note, score, day, cost)", "sql.too_many_levels", None),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "code", "marked"), REFUSED, ids=[f"{code}: {sql[:90]}" for sql, code, _ in REFUSED])
def test_refused(refusal: Refuse, sql: str, code: str, marked: str | None) -> None:
    found = refusal(sql)
    assert found.code == code
    if marked is not None:
        assert found.where is not None
        line = sql.split("\n")[found.where.line - 1]
        assert line[found.where.column - 1 : found.where.column - 1 + found.where.length] == marked


@pytest.mark.parametrize(
    ("sql", "code", "marked"),
    [
        (
            "SELECT COUNT(*) FROM visits v JOIN patients p ON v.region = p.region",
            "plan.join_not_allowed",
            "patients p ON v.region = p.region",
        ),
        ("SELECT MEDIAN(cost) FROM visits GROUP BY ROLLUP (ward)", "plan.rollup_needs_sums", "ward"),
        ("SELECT COUNT(*), SUM(cost) FROM visits", "plan.unbounded", None),
        ("SELECT COUNT(*) FROM visits", "sql.empty", None),
    ],
)
def test_a_refusal_of_a_whole_plan_points_at_its_clause_when_there_is_one(sql: str, code: str, marked: str | None) -> None:
    where = placed(Refusal(code), sql).where
    assert (None if where is None else sql[where.column - 1 : where.column - 1 + where.length]) == marked


def test_a_place_counts_lines_and_columns_from_one(refusal: Refuse) -> None:
    found = refusal("SELECT COUNT(*)\nFROM visits\n  WHERE age > 5")
    assert found.where is not None
    assert (found.where.line, found.where.column, found.where.length) == (3, 9, 3)


def test_a_long_question_is_refused_before_it_is_read(refusal: Refuse) -> None:
    found = refusal("SELECT COUNT(*) FROM visits WHERE note = '" + "x" * 1_000_000 + "'")
    assert found.code == "sql.too_long"
    assert found.parameters["length_max"] == CHARACTERS_MAX


@pytest.mark.parametrize("inner", ["(" * 500 + "1" + ")" * 500, "abs(" * 500 + "1" + ")" * 500, "CASE WHEN urgent THEN " * 500 + "1" + " END" * 500,
                                   "-" * 500 + "cost", "- " * 500 + "cost", "NOT " * 500 + "urgent", "cost" + " + 1" * 3_000])  # fmt: skip
def test_a_question_nested_too_deep_is_refused(refusal: Refuse, inner: str) -> None:
    assert refusal(f"SELECT SUM({inner}) FROM visits").code in {"sql.too_deep", "plan.no_private_table", "sql.syntax", "sql.empty"}


def test_subqueries_nested_too_deep_are_refused(refusal: Refuse) -> None:
    assert refusal("SELECT COUNT(*) FROM " + "(SELECT * FROM " * 500 + "visits" + ")" * 500).code == "sql.too_deep"


def test_with_names_cannot_multiply_without_end(refusal: Refuse) -> None:
    doubled = ", ".join(f"t{n} AS (SELECT day FROM t{n - 1} UNION ALL SELECT day FROM t{n - 1})" for n in range(1, 30))
    assert refusal(f"WITH t0 AS (SELECT day FROM visits), {doubled} SELECT COUNT(*) FROM t29").code == "sql.too_many_parts"


@pytest.mark.parametrize("character", ["\ud800", "\x00", "\x1b"])
def test_broken_characters_are_refused(refusal: Refuse, character: str) -> None:
    found = refusal(f"SELECT COUNT(*) FROM visits\nWHERE note = '{character}'")
    assert found.code == "sql.bad_character"
    assert found.where is not None
    assert (found.where.line, found.where.column) == (2, 15)


def test_every_code_of_the_parser_has_an_example_here() -> None:
    elsewhere = {"sql.too_long", "sql.too_deep", "sql.star_place"}
    assert {code for code in CODES if code.startswith("sql.")} - {code for _, code, _ in REFUSED} == elsewhere


@pytest.mark.parametrize(
    "sql", ["SELECT COUNT(*) FROM visits GROUP BY visits.*", "SELECT SUM(*) FROM visits", "SELECT *, COUNT(*) FROM visits"]
)
def test_a_star_stands_for_columns_in_subqueries_only(refusal: Refuse, sql: str) -> None:
    assert refusal(sql).code == "sql.star_place"
