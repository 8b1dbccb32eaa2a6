"""Queries over the public log (E1): a closed set of folds that gives the same figure on every copy (docs/reference/programme-folds.md).

A fold counts, or adds up, entries of one kind: all of them, or the last one about each thing; those that meet conditions; those that an
entry of another kind goes with. There is nothing else: no text, no arithmetic but a share in per cent.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias, final

from amana.catalog.rules_fields import Fields
from amana.log.entry_forms import Amount, Count, Day, Form, Hour, Seals, Several, Text, Written
from amana.log.entry_kinds import KINDS

COUNT, COUNT_DISTINCT, SUM, LATEST = "count", "count_distinct", "sum", "latest"
FOLDS = (COUNT, COUNT_DISTINCT, SUM, LATEST)
TODAY = "today"
CONDITIONS_MAX, VALUES_MAX, COMPANIONS_MAX = 8, 50, 4


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What a member must be: one of `among`; else not below `low` and not above `high`, days or whole numbers as texts, or "today"."""

    member: str
    among: tuple[str, ...] = ()
    low: str = ""
    high: str = ""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Companion:
    """An entry of another kind that must exist. `on`: pairs (own member, its member) that are equal; the rest as of a fold."""

    of: str
    on: tuple[tuple[str, str], ...]
    last_of: str = ""
    where: tuple[Condition, ...] = ()


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """`member`: what is counted once, added up or shown; empty for "count". `last_of`: only the last entry for each of its values counts.
    `in_period`: only entries of the period that is asked about."""

    fold: str
    of: str
    member: str = ""
    last_of: str = ""
    where: tuple[Condition, ...] = ()
    companions: tuple[Companion, ...] = ()
    in_period: bool = False


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A part of a whole in per cent."""

    part: Fold
    whole: Fold


Query: TypeAlias = Fold | Share


def folds_of(query: Query) -> tuple[Fold, ...]:
    """The folds that a query is made of."""
    return (query,) if isinstance(query, Fold) else (query.part, query.whole)


def read_query(fields: Fields) -> Query | None:
    """A query as a plan writes it; None once what is wrong with it is noted."""
    if not fields.has("part") and not fields.has("whole"):
        return _fold(fields)
    halves = [fields.part(name) for name in ("part", "whole")]
    fields.close()
    part, whole = (None if each is None else _fold(each) for each in halves)
    return None if part is None or whole is None else Share(part=part, whole=whole)


def plain_of(query: Query) -> dict[str, object]:
    """The query as JSON holds it, which `read_query` reads again."""
    if isinstance(query, Share):
        return {"part": plain_of(query.part), "whole": plain_of(query.whole)}
    written: dict[str, object] = {"fold": query.fold, "of": query.of, **({"member": query.member} if query.member else {})}
    written |= _restricted(query.last_of, query.where)
    if query.companions:
        written["with"] = [{"of": each.of, "on": dict(each.on), **_restricted(each.last_of, each.where)} for each in query.companions]
    return written | ({"in_period": True} if query.in_period else {})


def written_query(query: Query) -> str:
    """The query in canonical JSON."""
    return json.dumps(plain_of(query), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest_of(query: Query) -> str:
    """SHA-256 of the query in canonical JSON, in hexadecimal: what the log tells when a plan with it is adopted."""
    return hashlib.sha256(written_query(query).encode()).hexdigest()


def forms_of(kind: str) -> Mapping[str, Form]:
    """The members of a kind that a query may name."""
    return {name: form for name, form in KINDS[kind].forms if not isinstance(form, Seals | Hour)}


def _restricted(last_of: str, where: tuple[Condition, ...]) -> dict[str, object]:
    conditions: dict[str, object] = {}
    for each in where:
        ends = {name: value for name, value in (("from", each.low), ("to", each.high)) if value}
        conditions[each.member] = list(each.among) if each.among else ends
    return {**({"last_of": last_of} if last_of else {}), **({"where": conditions} if conditions else {})}


def _fold(fields: Fields) -> Fold | None:
    before = len(fields.problems.found)
    fold, of = fields.word("fold", FOLDS), fields.word("of", tuple(KINDS))
    member = fields.text("member", example="project", required=fold not in {None, COUNT}) or ""
    in_period = bool(fields.truth("in_period", default=False))
    if of is None or fold is None:
        fields.allow("last_of", "where", "with")
        fields.close()
        return None
    _check_member(fields, "member", member, of=of, forms=_FORMS[fold])
    last_of = _last_of(fields, of=of)
    where = _conditions(fields, of=of)
    companions = tuple(found for each in fields.parts("with", most=COMPANIONS_MAX) if (found := _companion(each, of=of)) is not None)
    if in_period and last_of:
        fields.bad("in_period", "word.programme.not_both", other="last_of")
    fields.close()
    made = Fold(fold=fold, of=of, member=member, last_of=last_of, where=where, companions=companions, in_period=in_period)
    return made if len(fields.problems.found) == before else None


def _companion(fields: Fields, *, of: str) -> Companion | None:
    before = len(fields.problems.found)
    kind, pairs = fields.word("of", tuple(KINDS)), fields.part("on")
    if kind is None or pairs is None:
        fields.allow("last_of", "where")
        fields.close()
        return None
    on = list[tuple[str, str]]()
    for own in pairs.names():
        its = pairs.text(own, example="project") or ""
        _check_member(pairs, own, own, of=of, forms=_PLAIN)
        _check_member(pairs, own, its, of=kind, forms=_PLAIN)
        on.append((own, its))
    if not on:
        fields.bad("on", "word.rules.part", part=f"[{fields.at('on')}]")
    last_of, where = _last_of(fields, of=kind), _conditions(fields, of=kind)
    fields.close()
    made = Companion(of=kind, on=tuple(sorted(on)), last_of=last_of, where=where)
    return made if len(fields.problems.found) == before else None


_PLAIN: tuple[type, ...] = (Text, Written, Count, Amount, Day)
_FORMS: Mapping[str, tuple[type, ...]] = {
    COUNT: (), COUNT_DISTINCT: _PLAIN, SUM: (Count, Amount), LATEST: (Count, Amount, Several)
}  # fmt: skip


def _check_member(fields: Fields, key: str, member: str, *, of: str, forms: tuple[type, ...]) -> None:
    known = [name for name, form in forms_of(of).items() if isinstance(form, forms)]
    if member and member not in known:
        fields.bad(key, "word.one_of", known=", ".join(f'"{word}"' for word in known) or "–")


def _last_of(fields: Fields, *, of: str) -> str:
    member = fields.text("last_of", example=of, required=False) or ""
    _check_member(fields, "last_of", member, of=of, forms=(Text, Written))
    return member


def _conditions(fields: Fields, *, of: str) -> tuple[Condition, ...]:
    part = fields.part("where", required=False)
    if part is None:
        return ()
    forms, found = forms_of(of), list[Condition]()
    for member in part.names()[:CONDITIONS_MAX]:
        if member not in forms:
            part.raw(member)
            part.bad(member, "word.one_of", known=", ".join(f'"{word}"' for word in forms))
            continue
        found.append(_condition(part, member, form=forms[member]))
    if len(part.names()) > CONDITIONS_MAX:
        part.bad(part.names()[CONDITIONS_MAX], "word.whole", low=0, high=CONDITIONS_MAX)
        part.allow(*part.names())
    part.close()
    return tuple(sorted(found, key=lambda each: each.member))


def _condition(part: Fields, member: str, *, form: Form) -> Condition:
    if isinstance(part.raw(member), dict):
        ends = part.part(member)
        assert ends is not None
        low, high = (ends.text(name, example=TODAY, required=False) or "" for name in ("from", "to"))
        for name, value in (("from", low), ("to", high)):
            if value and not _is_end(value, form=form):
                ends.bad(name, "word.programme.end")
        if not low and not high:
            part.bad(member, "word.programme.end")
        ends.close()
        return Condition(member=member, low=low, high=high)
    among = part.texts(member, required=True, length_max=500)
    if not among or len(among) > VALUES_MAX or not all(_is_value(value, form=form) for value in among):
        part.bad(member, "word.programme.values", number=VALUES_MAX)
    return Condition(member=member, among=tuple(sorted(among)))


def _is_end(value: str, *, form: Form) -> bool:
    match form:
        case Day():
            return value == TODAY or _is_day(value)
        case Count() | Amount():
            return re.fullmatch("0|[1-9][0-9]{0,18}", value) is not None
        case _:
            return False


def _is_value(value: str, *, form: Form) -> bool:
    match form:
        case Text():
            return re.fullmatch(form.pattern, value) is not None
        case Several():
            return re.fullmatch(form.of.pattern, value) is not None
        case Day():
            return _is_day(value)
        case Count() | Amount():
            return re.fullmatch("0|[1-9][0-9]{0,18}", value) is not None
        case _:
            return True


def _is_day(value: str) -> bool:
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False
