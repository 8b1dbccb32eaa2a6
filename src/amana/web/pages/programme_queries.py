"""Queries over the public log in words: what is counted, which entries, under what conditions. The words are closed, as the queries are."""

from dataclasses import dataclass
from typing import final

from markupsafe import Markup, escape

from amana.programme.fold import COUNT, TODAY, Companion, Condition, Fold, Query, folds_of
from amana.web.pages.reader import Reader
from amana.web.pages.render import comma_of, ltr
from amana.web.pages.told import isolated

_WORDS = {"state": "state", "verb": "log.verb", "themes": "theme", "category": "category", "basis": "basis", "period": "log.period"}
"""Members whose values are words of the catalogue, by the name of the words."""
_LIFECYCLES = frozenset({"project", "permit", "run", "model"})
_PEOPLE_WROTE = frozenset({"custodian", "organisation", "unit"})


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class FoldTold:
    """A fold: what it counts, and what its entries must be."""

    sentence: Markup
    conditions: tuple[Markup, ...]


def query_told(reader: Reader, query: Query) -> tuple[FoldTold, ...]:
    """The folds of a query in words: of a share, the part and the whole."""
    return tuple(_fold(reader, each) for each in folds_of(query))


def _fold(reader: Reader, fold: Fold) -> FoldTold:
    code = f"page.programme.query.{fold.fold}"
    member = {} if fold.fold == COUNT else {"member": _member(reader, fold.member)}
    conditions = _restrictions(reader, fold.of, last_of=fold.last_of, where=fold.where)
    if fold.in_period:
        conditions.append(escape(reader.catalogue.say("page.programme.query.in_period")))
    conditions += [_companion(reader, each) for each in fold.companions]
    return FoldTold(sentence=reader.tell(code, kind=_kind(reader, fold.of), **member), conditions=tuple(conditions))


def _companion(reader: Reader, companion: Companion) -> Markup:
    """That another entry exists, and in parentheses what it must be."""
    same = comma_of(reader, (_member(reader, own) for own, _ in companion.on))
    told = reader.tell("page.programme.query.with", kind=_kind(reader, companion.of), members=same)
    more = _restrictions(reader, companion.of, last_of=companion.last_of, where=companion.where)
    return Markup("{} ({})").format(told, comma_of(reader, more)) if more else told


def _restrictions(reader: Reader, kind: str, *, last_of: str, where: tuple[Condition, ...]) -> list[Markup]:
    last = [reader.tell("page.programme.query.last_of", member=_member(reader, last_of))] if last_of else []
    return [*last, *(_condition(reader, kind, each) for each in where)]


def _condition(reader: Reader, kind: str, condition: Condition) -> Markup:
    member = _member(reader, condition.member)
    if condition.among:
        values = comma_of(reader, (_value(reader, kind, condition.member, each) for each in condition.among))
        return reader.tell("page.programme.query.among", member=member, values=values)
    ends = {name: _end(reader, value) for name, value in (("low", condition.low), ("high", condition.high)) if value}
    code = "between" if len(ends) > 1 else "from" if "low" in ends else "to"
    return reader.tell(f"page.programme.query.{code}", member=member, **ends)


def _end(reader: Reader, value: str) -> Markup:
    return escape(reader.catalogue.say("page.programme.query.today")) if value == TODAY else ltr(value)


def _value(reader: Reader, kind: str, member: str, value: str) -> Markup:
    if member in _WORDS:
        return escape(reader.catalogue.word(_WORDS[member], value))
    match member:
        case "verdict":
            return escape(reader.catalogue.say(f"page.entry.verdict.{value}"))
        case "event" if kind in _LIFECYCLES:
            code = "page.entry.create" if value == "create" else "page.entry.receive" if value == "receive" else _step(kind, value)
            return escape(reader.catalogue.say(code).rstrip("."))
        case "event":
            return escape(reader.catalogue.word("programme.event", value))
        case _ if member in _PEOPLE_WROTE:
            return isolated(value)
        case _:
            return ltr(value)


def _step(kind: str, event: str) -> str:
    return "lifecycle.project.request_permit" if event == "request" else f"lifecycle.{kind}.{event}"


def _kind(reader: Reader, kind: str) -> str:
    return reader.catalogue.word("log.kind", kind)


def _member(reader: Reader, member: str) -> str:
    if member == "project":  # the page of an entry calls it by who asked
        return reader.catalogue.word("thing", member)
    return reader.catalogue.say(f"page.entry.member.{member}")
