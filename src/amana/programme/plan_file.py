"""A plan as a file: TOML as people write it, and canonical JSON as it is published beside the log. Both hold the same fields.

Reference: docs/reference/programme-plan.md.
"""

import json
import re
import tomllib
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import cast

from amana.catalog.rules_fields import Fields, Problems, deep_in_toml, place_in_toml
from amana.programme.fold import read_query
from amana.programme.plan import (
    AGREEMENT_KINDS,
    CATEGORIES,
    DOWN,
    EVENT_KINDS,
    HIGH,
    LANGUAGES,
    LOW,
    UP,
    Agreement,
    Commitment,
    Count,
    Document,
    Event,
    Indicator,
    Method,
    Milestone,
    Plan,
    PrivateFigure,
    SourceSpan,
    SourceText,
    Target,
    Theme,
    Words,
    period_of,
    value_of,
)
from amana.programme.plan_document import write_document
from amana.programme.plan_whole import check_whole
from amana.terms.refusal import Place, Refusal

PLAN_BYTES_MAX = 2**21
FAMILY = "programme"
COMMITMENTS_MAX, INDICATORS_MAX, MILESTONES_MAX, TARGETS_MAX, PARTS_MAX, PARTIES_MAX = 200, 8, 12, 40, 100, 40
TITLE_MAX, SUMMARY_MAX, SQL_MAX = 300, 1_500, 20_000
NAME = re.compile("[a-z][a-z0-9-]{0,39}")
HEX = re.compile("[0-9a-f]{64}")
OFFSET_MAX = 10**9


def read_plan(content: bytes) -> Plan:
    """The plan of a TOML file. Errors: Refusal `programme.*` for the first thing that is wrong; `problems_of` gives all."""
    plan, problems = _of_toml(content)
    if plan is None:
        raise problems[0]
    return plan


def problems_of(content: bytes) -> tuple[Refusal, ...]:
    """Everything that is wrong with a TOML file; empty if it is right."""
    return _of_toml(content)[1]


def read_document(content: bytes) -> Plan:
    """The plan of a published document. Errors: Refusal, as of `read_plan`."""
    if len(content) > PLAN_BYTES_MAX:
        raise Refusal("programme.plan_too_long", bytes_max=PLAN_BYTES_MAX)
    try:
        values: object = json.loads(content)
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        raise Refusal("programme.not_toml", line=1, column=1)
    plan, problems = _read(cast("dict[str, object]", values), Problems("", family=FAMILY))
    if plan is None:
        raise problems[0]
    if write_document(plan) != content:  # the same plan written otherwise: another program might read another plan
        raise Refusal("programme.not_toml", line=1, column=1)
    return plan


def _of_toml(content: bytes) -> tuple[Plan | None, tuple[Refusal, ...]]:
    if len(content) > PLAN_BYTES_MAX:
        return None, (Refusal("programme.plan_too_long", bytes_max=PLAN_BYTES_MAX),)
    text = content.decode("utf-8", "replace")
    deep = deep_in_toml(text)
    if deep is not None:
        return None, (Refusal("programme.not_toml", where=Place(line=deep[0], column=deep[1]), line=deep[0], column=deep[1]),)
    try:
        values = tomllib.loads(text, parse_float=Decimal)
    except (tomllib.TOMLDecodeError, RecursionError, ArithmeticError, ValueError) as error:
        line, column = place_in_toml(text, error)
        return None, (Refusal("programme.not_toml", where=Place(line=line, column=column), line=line, column=column),)
    plan, problems = _read(values, Problems(text, family=FAMILY))
    if plan is not None and len(write_document(plan)) > PLAN_BYTES_MAX:  # JSON writes some characters longer than TOML does
        return None, (Refusal("programme.plan_too_long", bytes_max=PLAN_BYTES_MAX),)
    return plan, problems


def _read(values: Mapping[str, object], problems: Problems) -> tuple[Plan | None, tuple[Refusal, ...]]:
    root = Fields(values, "", problems)
    plan = Plan(
        id=_name(root, "plan"),
        version=root.whole("version", low=1, high=999_999) or 1,
        title=_words(root, "title"),
        sources=tuple(map(_source, root.parts("source", most=PARTS_MAX))),
        themes=tuple(map(_theme, root.parts("theme", most=PARTS_MAX))),
        events=tuple(map(_event, root.parts("event", most=PARTS_MAX))),
        agreements=tuple(map(_agreement, root.parts("agreement", most=PARTS_MAX))),
        commitments=tuple(map(_commitment, root.parts("commitment", most=COMMITMENTS_MAX))),
    )
    root.close()
    if not problems.found:
        check_whole(plan, problems)
    return (None, tuple(problems.found)) if problems.found else (plan, ())


def _source(fields: Fields) -> SourceText:
    made = SourceText(id=_name(fields, "id"), sha256=_digest(fields, "sha256"), title=_words(fields, "title"), on=_day(fields, "date"))
    fields.close()
    return made


def _theme(fields: Fields) -> Theme:
    made = Theme(id=_name(fields, "id"), title=_words(fields, "title"))
    fields.close()
    return made


def _event(fields: Fields) -> Event:
    made = Event(
        id=_name(fields, "id"),
        kind=fields.word("kind", EVENT_KINDS) or "",
        title=_words(fields, "title"),
        first=_day(fields, "first"),
        last=_day(fields, "last"),
        figures=tuple(map(_count, fields.parts("figure", most=PARTS_MAX))),
    )
    fields.close()
    return made


def _count(fields: Fields) -> Count:
    made = Count(
        category=fields.word("category", CATEGORIES) or "",
        count=fields.whole("count", low=0, high=10**9) or 0,
        at_least=bool(fields.truth("at_least", default=False)),
        span=_span(fields, "span") if fields.has("span") else None,
    )
    fields.close()
    return made


def _agreement(fields: Fields) -> Agreement:
    made = Agreement(
        id=_name(fields, "id"),
        kind=fields.word("kind", AGREEMENT_KINDS) or "",
        title=_words(fields, "title"),
        parties=tuple(_all_of(each) for each in fields.parts("party", most=PARTIES_MAX)),
        signed_on=_day(fields, "signed_on"),
        event=_named(fields, "event"),
        document=_digest(fields, "document", required=False),
        span=_span(fields, "span"),
    )
    fields.close()
    return made


def _commitment(fields: Fields) -> Commitment:
    goals = fields.raw("sdg")
    numbers = cast("list[object]", goals) if isinstance(goals, list) else [] if goals is None else [0]
    if not all(type(each) is int and 1 <= each <= 17 for each in numbers) or len(set(map(str, numbers))) != len(numbers):
        fields.bad("sdg", "word.programme.goals")
        numbers = []
    made = Commitment(
        id=_name(fields, "id"),
        title=_words(fields, "title"),
        summary=_words(fields, "summary", length_max=SUMMARY_MAX),
        theme=_named(fields, "theme", required=True),
        owner=fields.text("owner", example="Ministry of Health") or "",
        partners=fields.texts("partners"),
        due=_day(fields, "due"),
        goals=tuple(cast("list[int]", numbers)),
        agreement=_named(fields, "agreement"),
        event=_named(fields, "event"),
        span=_span(fields, "span"),
        indicators=tuple(map(_indicator, fields.parts("indicator", most=INDICATORS_MAX))),
        milestones=tuple(map(_milestone, fields.parts("milestone", most=MILESTONES_MAX))),
    )
    fields.close()
    return made


def _indicator(fields: Fields) -> Indicator:
    baseline = fields.part("baseline")
    targets = fields.parts("targets", most=TARGETS_MAX)
    made = Indicator(
        id=_name(fields, "id"),
        title=_words(fields, "title"),
        unit=_words(fields, "unit"),
        direction=fields.word("direction", (UP, DOWN)) or UP,
        baseline=Fraction(0) if baseline is None else _value(baseline, "value"),
        baseline_on=date.min if baseline is None else _day(baseline, "on"),
        targets=tuple(found for each in targets if (found := _target(each)) is not None),
        method=_method(fields.part("method")),
    )
    if baseline is not None:
        baseline.close()
    fields.close()
    return made


def _target(fields: Fields) -> Target | None:
    written, value = fields.text("period", example="2026", length_max=20) or "", _value(fields, "value")
    period = period_of(written)
    if written and period is None:
        fields.bad("period", "word.programme.period")
    fields.close()
    return None if period is None else Target(period=period, value=value)


def _method(fields: Fields | None) -> Method:
    nothing = Document(shows=())
    if fields is None:
        return nothing
    written = [name for name in ("log", "private", "document") if fields.has(name)]
    if len(written) != 1:
        fields.problems.add("programme.one_method", fields.path)
        fields.allow("log", "private", "document")
        fields.close()
        return nothing
    part = fields.part(written[0])
    fields.close()
    if part is None:
        return nothing
    match written[0]:
        case "log":
            return read_query(part) or nothing
        case "private":
            return _private(part)
        case _:
            return Document(shows=_all_of(part))


def _private(fields: Fields) -> PrivateFigure:
    row = fields.part("row", required=False)
    made = PrivateFigure(
        dataset=fields.name("dataset", example="clinic") or "",
        sql=fields.text("sql", example="SELECT COUNT(*) AS visits FROM visits", length_max=SQL_MAX) or "",
        within=fields.text("within", example="5%", length_max=40) or "",
        figure=fields.text("figure", example="visits", required=not fields.has("part")) or "",
        part=fields.text("part", example="seen", required=False) or "",
        whole=fields.text("whole", example="patients", required=fields.has("part")) or "",
        by=fields.text("by", example="region", required=False) or "",
        row=() if row is None else tuple(sorted((name, row.text(name, example="Adrar") or "") for name in row.names())),
    )
    for column in filter(None, (made.figure, made.part, made.whole)):
        # The ends of an interval are the engine's to name: a question that names them itself could make up a figure without noise.
        written = [end for end in (f"{column}{LOW}", f"{column}{HIGH}") if end.lower() in made.sql.lower()]
        if written:
            fields.bad("sql", "word.programme.not_both", other=written[0])
    if made.figure and made.part:
        fields.bad("part", "word.programme.not_both", other="figure")
    fields.close()
    return made


def _milestone(fields: Fields) -> Milestone:
    rule = fields.part("done_when")
    made = Milestone(
        id=_name(fields, "id"),
        title=_words(fields, "title"),
        due=_day(fields, "due"),
        indicator="" if rule is None else _named(rule, "indicator", required=True),
        value=Fraction(0) if rule is None else _value(rule, "value"),
    )
    if rule is not None:
        rule.close()
    fields.close()
    return made


def _span(fields: Fields, key: str) -> SourceSpan:
    part = fields.part(key)
    if part is None:
        return SourceSpan(source="", start=0, end=1, sha256="")
    made = SourceSpan(
        source=_named(part, "source", required=True),
        start=part.whole("from", low=0, high=OFFSET_MAX) or 0,
        end=part.whole("to", low=1, high=OFFSET_MAX) or 1,
        sha256=_digest(part, "sha256"),
    )
    if made.start >= made.end:
        part.bad("to", "word.whole", low=made.start + 1, high=OFFSET_MAX)
    part.close()
    return made


def _words(fields: Fields, key: str, *, length_max: int = TITLE_MAX) -> Words:
    part = fields.part(key)
    return () if part is None else _all_of(part, length_max=length_max)


def _all_of(part: Fields, *, length_max: int = TITLE_MAX) -> Words:
    """The same in each of the four languages."""
    found = tuple((language, part.text(language, example="…", length_max=length_max) or "") for language in LANGUAGES)
    part.close()
    return found


def _name(fields: Fields, key: str) -> str:
    return _named(fields, key, required=True)


def _named(fields: Fields, key: str, *, required: bool = False) -> str:
    value = fields.text(key, example="rural-health", required=required, length_max=40) or ""
    if value and NAME.fullmatch(value) is None:
        fields.bad(key, "word.programme.name")
    return value


def _digest(fields: Fields, key: str, *, required: bool = True) -> str:
    if not required and fields.raw(key) == "":
        return ""
    value = fields.text(key, example="0" * 64, required=required, length_max=64) or ""
    if value and HEX.fullmatch(value) is None:
        fields.bad(key, "word.programme.digest")
    return value


def _day(fields: Fields, key: str) -> date:
    value = fields.raw(key)
    if value is None:
        fields.missing(key, "2027-12-31")
        return date.min
    if isinstance(value, str):  # of a published document
        try:
            value = date.fromisoformat(value)
        except ValueError:
            value = None
    if type(value) is not date:
        fields.bad(key, "word.programme.day")
        return date.min
    return value


def _value(fields: Fields, key: str) -> Fraction:
    value = value_of(fields.text(key, example="100", length_max=30) or "0")
    if value is None:
        fields.bad(key, "word.programme.value")
        return Fraction(0)
    return value
