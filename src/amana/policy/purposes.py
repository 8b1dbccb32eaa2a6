"""Whether what a project wants to do is what a dataset may be used for, with the reason for each term.

Source: Lawson et al. 2021, "The Data Use Ontology to streamline responsible access to human biomedical datasets",
doi:10.1016/j.xgen.2021.100028, and https://github.com/EBISPOT/DUO.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import final

from amana.catalog.purposes import TERMS, TermKind, UseTerm
from amana.policy.people import OrganisationKind


class Outcome(IntEnum):
    """In the order of severity: the outcome of a match is that of its worst reason."""

    ALLOWED = 0
    NEEDS_A_PERSON = 1
    FORBIDDEN = 2


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What a project wants to do, and who it is. A modifier among `terms` is a condition that the applicant accepts."""

    terms: tuple[UseTerm, ...]
    organisation: OrganisationKind
    ethics_reference: str = ""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One step of the comparison. `code` is that of its message, which `term` and `parameters` (pairs) fill."""

    code: str
    term: str
    parameters: tuple[tuple[str, str], ...]
    outcome: Outcome


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    outcome: Outcome
    reasons: tuple[Reason, ...]


ACCEPTABLE = frozenset({"PUB", "COL", "RTN", "TS", "GSO", "NMDS"})
"""Conditions that an applicant can take upon herself by naming them. Every other condition is judged by a person."""
COMMERCIAL = frozenset({"dpv:CommercialResearch", "dpv:ServiceProvision"})


def match(asked: Intent, *, allowed: tuple[UseTerm, ...]) -> Match:
    """Compare a project's purposes with a dataset's terms: permissions first, then each condition.

    Deny by default: a purpose that no term of the dataset covers is forbidden; what cannot be compared needs a person.
    """
    wanted = tuple(term for term in asked.terms if TERMS[term.code].kind is TermKind.PERMISSION)
    permitted = tuple(term for term in allowed if TERMS[term.code].kind is TermKind.PERMISSION)
    reasons = list(_permissions(wanted, permitted))
    for condition in allowed:
        if TERMS[condition.code].kind is TermKind.MODIFIER:
            reasons += _condition(condition, asked)
    return Match(outcome=max(reason.outcome for reason in reasons), reasons=tuple(reasons))


def _permissions(wanted: tuple[UseTerm, ...], permitted: tuple[UseTerm, ...]) -> tuple[Reason, ...]:
    if not wanted:
        return (_reason("none_asked", "", Outcome.FORBIDDEN),)
    if not permitted:
        return (_reason("none_allowed", "", Outcome.FORBIDDEN),)
    reasons: list[Reason] = []
    compared: set[str] = set()
    for term in wanted:
        cover = next((other for other in permitted if _covers(other, term)), None)
        if cover is not None:
            reasons.append(_reason("covered", str(term), Outcome.ALLOWED, by=str(cover)))
            compared |= {_vocabulary(term), _vocabulary(cover)}
        elif any(_vocabulary(other) == _vocabulary(term) for other in permitted):
            reasons.append(_reason("not_covered", str(term), Outcome.FORBIDDEN, allowed=", ".join(map(str, permitted))))
            compared.add(_vocabulary(term))
    # The two vocabularies describe one purpose from two sides: each side that the dataset limits must have been compared.
    reasons += [
        _reason("not_comparable", str(other), Outcome.NEEDS_A_PERSON, asked=", ".join(map(str, wanted)))
        for other in permitted
        if _vocabulary(other) not in compared
    ]
    return tuple(reasons)


def _covers(allowed: UseTerm, wanted: UseTerm) -> bool:
    """Whether `wanted` is the allowed term or a part of it. Two diseases are compared by identifier only."""
    if allowed.code == wanted.code:
        return allowed.parameter == wanted.parameter
    return any(_covers(allowed, UseTerm(code=code)) for code in TERMS[wanted.code].broader)


def _condition(condition: UseTerm, asked: Intent) -> tuple[Reason, ...]:
    """Each condition, and the conditions it is made of (NPUNCU is NPU and NCU)."""
    parts = TERMS[condition.code].broader
    if parts:
        return tuple(reason for part in parts for reason in _condition(UseTerm(code=part), asked))
    name, kind = str(condition), asked.organisation
    if condition.code == "NPU":
        if kind is OrganisationKind.OPERATOR:
            return (_reason("profit_unclear", name, Outcome.NEEDS_A_PERSON),)
        return (_met(name) if kind is not OrganisationKind.COMPANY else _reason("for_profit", name, Outcome.FORBIDDEN),)
    if condition.code == "NCU":
        commercial = kind is OrganisationKind.COMPANY or any(term.code in COMMERCIAL for term in asked.terms)
        return (_reason("commercial", name, Outcome.FORBIDDEN) if commercial else _met(name),)
    if condition.code == "IRB":
        if asked.ethics_reference:
            return (_reason("ethics_given", name, Outcome.ALLOWED, reference=asked.ethics_reference),)
        return (_reason("ethics_needed", name, Outcome.NEEDS_A_PERSON),)
    if condition in asked.terms and condition.code in ACCEPTABLE:
        return (_reason("accepted", name, Outcome.ALLOWED),)
    return (_reason("obligation", name, Outcome.NEEDS_A_PERSON),)


def _met(term: str) -> Reason:
    return _reason("met", term, Outcome.ALLOWED)


def _reason(name: str, term: str, outcome: Outcome, **parameters: str) -> Reason:
    return Reason(code=f"purpose.{name}", term=term, parameters=tuple(parameters.items()), outcome=outcome)


def _vocabulary(term: UseTerm) -> str:
    return "dpv" if term.code.startswith("dpv:") else "duo"
