"""Rows, section 1: what can be computed from one row, exactly."""

import pytest

from tests.spec.conftest import Ask
from tests.spec.notation import of_expr

NUMBERS = {
    "a number counts units of its grid": ("cost + 1", "(+ visits.cost 1)"),
    "decimals keep their scale and lose zeros at the end": ("cost * 1.50", "(* visits.cost 1.5)"),
    "a number may be written with an exponent": ("cost + 1e3", "(+ visits.cost 1000)"),
    "a small number may be written with an exponent": ("cost + 25e-3", "(+ visits.cost 0.025)"),
    "minus is an operation between numbers": ("cost - score", "(- visits.cost visits.score)"),
    "a negative literal is one literal": ("cost + -2", "(+ visits.cost -2)"),
    "minus before a column negates it": ("-cost", "(neg visits.cost)"),
    "division has six decimals": ("cost / 3", "(/ visits.cost 3)"),
    "double slash divides to a whole number": ("cost // 100", "(// visits.cost 100)"),
    "percent is the remainder": ("score % 2", "(% visits.score 2)"),
    "mod is the remainder": ("mod(score, 2)", "(% visits.score 2)"),
    "parentheses decide the order": ("(cost + 1) * 2", "(* (+ visits.cost 1) 2)"),
    "abs": ("abs(cost)", "(abs visits.cost)"),
    "sign": ("sign(cost)", "(sign visits.cost)"),
    "floor": ("floor(cost)", "(floor visits.cost)"),
    "ceil": ("ceil(cost)", "(ceil visits.cost)"),
    "ceiling is ceil": ("ceiling(cost)", "(ceil visits.cost)"),
    "round to whole numbers": ("round(cost)", "(round visits.cost 0)"),
    "round to decimals": ("round(cost, 1)", "(round visits.cost 1)"),
    "trunc drops the decimals": ("trunc(cost)", "(// visits.cost 1)"),
    "least": ("least(cost, 100)", "(least visits.cost 100)"),
    "greatest of several": ("greatest(cost, score, 1)", "(greatest visits.cost visits.score 1)"),
    "coalesce": ("coalesce(score, 0)", "(coalesce visits.score 0)"),
    "ifnull is coalesce": ("ifnull(score, 0)", "(coalesce visits.score 0)"),
    "nullif": ("nullif(score, 0)", "(case (= visits.score 0)→null else visits.score)"),
}
CHOICES = {
    "case with conditions": ("CASE WHEN cost > 5 THEN 1 ELSE 0 END", "(case (> visits.cost 5)→1 else 0)"),
    "case without else is null": ("CASE WHEN urgent THEN cost END", "(case visits.urgent→visits.cost else null)"),
    "case of a value compares it": ("CASE ward WHEN 'eye' THEN 1 WHEN 'heart' THEN 2 END",
                                    "(case (= visits.ward 'eye')→1 (= visits.ward 'heart')→2 else null)"),
    "if": ("if(urgent, cost, 0)", "(case visits.urgent→visits.cost else 0)"),
    "iif is if": ("iif(urgent, 1, 0)", "(case visits.urgent→1 else 0)"),
}  # fmt: skip
CASTS = {
    "a cast to a decimal type": ("CAST(score AS DECIMAL(10, 2))", "(to number visits.score 2)"),
    "a cast to integer rounds half away from zero": ("CAST(cost AS INTEGER)", "(to number visits.cost 0)"),
    "try_cast is the same, for casts never fail": ("TRY_CAST(cost AS BIGINT)", "(to number visits.cost 0)"),
    "double colon is a cast": ("cost::INT", "(to number visits.cost 0)"),
    "numbers are exact already: a cast to double changes nothing": ("CAST(cost AS DOUBLE)", "visits.cost"),
    "a whole number on its own grid is unchanged": ("CAST(score AS INTEGER)", "visits.score"),
    "what a type cannot hold is null": (
        "CAST(cost AS TINYINT)",
        "(case (<= (to number visits.cost 0) 127)→(to number visits.cost 0) else null)",
    ),
    "truth as a number": ("CAST(urgent AS INTEGER)", "(to number visits.urgent 0)"),
    "text as a number of any size": ("CAST(note AS DOUBLE)", "(to number visits.note 6)"),
}
TEXT = {
    "length counts characters": ("length(note)", "(length visits.note)"),
    "char_length is length": ("char_length(note)", "(length visits.note)"),
}


@pytest.mark.parametrize(("sql", "meaning"), [pytest.param(*pair, id=name) for name, pair in (NUMBERS | CHOICES | CASTS | TEXT).items()])
def test_numbers(clinic: Ask, sql: str, meaning: str) -> None:
    plan = clinic(f"SELECT SUM({sql}) FROM visits")
    assert of_expr(plan.sums[0].value) == meaning  # type: ignore[union-attr]


CONDITIONS = {
    "equality": ("ward = 'eye'", "(= visits.ward 'eye')"),
    "a double equals sign is the same": ("ward == 'eye'", "(= visits.ward 'eye')"),
    "inequality": ("ward <> 'eye'", "(<> visits.ward 'eye')"),
    "inequality, as written elsewhere": ("ward != 'eye'", "(<> visits.ward 'eye')"),
    "less": ("cost < 5", "(< visits.cost 5)"),
    "at most": ("cost <= 5", "(<= visits.cost 5)"),
    "more": ("cost > 5", "(> visits.cost 5)"),
    "at least": ("cost >= 5", "(>= visits.cost 5)"),
    "columns compare with columns": ("cost > score", "(> visits.cost visits.score)"),
    "and": ("cost > 5 AND urgent", "(and (> visits.cost 5) visits.urgent)"),
    "or": ("cost > 5 OR urgent", "(or (> visits.cost 5) visits.urgent)"),
    "not": ("NOT urgent", "(not visits.urgent)"),
    "a truth column is a condition": ("urgent", "visits.urgent"),
    "a truth column compares with true": ("urgent = true", "(= visits.urgent true)"),
    "is true is never null": ("urgent IS TRUE", "(case visits.urgent→true else false)"),
    "is false is never null": ("urgent IS FALSE", "(case (not visits.urgent)→true else false)"),
    "is null": ("score IS NULL", "(is null visits.score)"),
    "is not null": ("score IS NOT NULL", "(not (is null visits.score))"),
    "between has both ends": ("cost BETWEEN 1 AND 2", "(and (>= visits.cost 1) (<= visits.cost 2))"),
    "not between": ("cost NOT BETWEEN 1 AND 2", "(not (and (>= visits.cost 1) (<= visits.cost 2)))"),
    "in a list": ("ward IN ('eye', 'heart')", "(in visits.ward 'eye' 'heart')"),
    "not in a list": ("ward NOT IN ('eye', 'heart')", "(not (in visits.ward 'eye' 'heart'))"),
    "a list may hold expressions": ("cost IN (score, 1)", "(or (= visits.cost visits.score) (= visits.cost 1))"),
    "a member that was never declared is false, and shows nothing": ("ward = 'moon'", "(= visits.ward 'moon')"),
    "like": ("note LIKE '%pain%'", "(like visits.note '%pain%')"),
    "not like": ("note NOT LIKE 'a_c'", "(not (like visits.note 'a_c'))"),
    "lower and like find any case": ("lower(note) LIKE 'pain'", "(like (lower visits.note) 'pain')"),
    "upper": ("upper(ward) = 'EYE'", "(= (upper visits.ward) 'EYE')"),
    "trim": ("trim(note) = 'ok'", "(= (trim visits.note) 'ok')"),
    "substring": ("substring(note, 2, 3) = 'abc'", "(= (substring visits.note 2 3) 'abc')"),
    "substring from for": ("substring(note FROM 2 FOR 3) = 'abc'", "(= (substring visits.note 2 3) 'abc')"),
    "substring to the end": ("substring(note, 2) = 'abc'", "(= (substring visits.note 2 1000000) 'abc')"),
    "left": ("left(note, 2) = 'ab'", "(= (substring visits.note 1 2) 'ab')"),
    "two pipes join texts": ("ward || region = 'eyeeast'", "(= (concat visits.ward visits.region) 'eyeeast')"),
    "two pipes turn numbers into text": ("ward || score = 'eye1'", "(= (concat visits.ward (to text visits.score)) 'eye1')"),
    "concat reads null as no text": (
        "concat(ward, score) = 'eye1'",
        "(= (concat visits.ward (coalesce (to text visits.score) '')) 'eye1')",
    ),
    "a cast to text": ("CAST(score AS VARCHAR) = '1'", "(= (to text visits.score) '1')"),
    "a number as a condition says what it is compared with": ("CAST(score AS BOOLEAN)", "(<> visits.score 0)"),
    "a quoted name": ("\"ward\" = 'eye'", "(= visits.ward 'eye')"),
    "names in any case": ("WARD = 'eye'", "(= visits.ward 'eye')"),
    "a name with its table": ("visits.ward = 'eye'", "(= visits.ward 'eye')"),
    "a comment means nothing": ("ward = /* the eye ward */ 'eye' -- indeed", "(= visits.ward 'eye')"),
}


@pytest.mark.parametrize(("sql", "meaning"), [pytest.param(*pair, id=name) for name, pair in CONDITIONS.items()])
def test_conditions(clinic: Ask, sql: str, meaning: str) -> None:
    plan = clinic(f"SELECT COUNT(*) FROM visits WHERE {sql}")
    assert of_expr(plan.source.predicate) == meaning  # type: ignore[union-attr]


def test_a_long_chain_of_or_becomes_a_shallow_tree(clinic: Ask) -> None:
    chain = " OR ".join(f"cost = {n}" for n in range(150))
    plan = clinic(f"SELECT COUNT(*) FROM visits WHERE {chain}")
    written = of_expr(plan.source.predicate)  # type: ignore[union-attr]
    assert written.count("(or ") == 149
    assert written.startswith("(or " * 8 + "(= visits.cost 0)")
