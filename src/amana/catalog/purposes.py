"""The closed public list of terms that say what a dataset may be used for, and under which conditions.

Source: the Data Use Ontology (DUO) of GA4GH, and the purposes of the Data Privacy Vocabulary (DPV) of W3C. `broader` is the order of
this house: whoever permits a term permits every narrower one.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import final

PARAMETER = re.compile(r"[A-Za-z][A-Za-z0-9]{0,19}:[A-Za-z0-9_.-]{1,40}")
"""A disease as a vocabulary and an identifier in it, such as MONDO:0005148."""


class Kind(Enum):
    """A permission opens a use; a modifier narrows every permission beside it."""

    PERMISSION = "permission"
    MODIFIER = "modifier"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One term. `broader`: the terms just above it. `takes_disease`: written with a disease, as `DS:MONDO:0005148`."""

    code: str
    kind: Kind
    about: str
    broader: tuple[str, ...] = ()
    takes_disease: bool = False


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """A term as rules and applications write it. `parameter` is the disease, empty for a term that takes none."""

    term: Term
    parameter: str = ""

    def __str__(self) -> str:
        return f"{self.term.code}:{self.parameter}" if self.parameter else self.term.code


def _permission(code: str, about: str, *broader: str) -> Term:
    return Term(code=code, kind=Kind.PERMISSION, about=about, broader=broader)


def _modifier(code: str, about: str) -> Term:
    return Term(code=code, kind=Kind.MODIFIER, about=about)


_LISTED = (
    # GA4GH DUO
    _permission("NRES", "no restriction on the purpose"),
    _permission("GRU", "general research use", "NRES"),
    _permission("HMB", "health, medical and biomedical research", "GRU"),
    Term(code="DS", kind=Kind.PERMISSION, about="research on the named disease", broader=("HMB",), takes_disease=True),
    _permission("POA", "research on the origins or ancestry of populations", "GRU"),
    _modifier("NPU", "for organisations that make no profit"),
    _modifier("NPUNCU", "for organisations that make no profit, in uses that are not commercial"),
    _modifier("NCU", "for uses that are not commercial"),
    _modifier("GSO", "for studies of genetics only"),
    _modifier("IRB", "with the approval of an ethics committee"),
    _modifier("COL", "in collaboration with the custodian"),
    _modifier("PUB", "with an obligation to publish what is found"),
    _modifier("US", "for users who are named in the permit"),
    _modifier("PS", "for a project that is named in the permit"),
    _modifier("IS", "for institutions that are named in the permit"),
    _modifier("TS", "for a limited time"),
    _modifier("RTN", "with what is derived given back to the custodian"),
    _modifier("NMDS", "not for the development of general methods"),
    # W3C DPV
    _permission("dpv:ResearchAndDevelopment", "research and development of any kind", "NRES"),
    _permission("dpv:ScientificResearch", "scientific research", "dpv:ResearchAndDevelopment"),
    _permission("dpv:AcademicResearch", "research at universities and like institutions", "dpv:ScientificResearch"),
    _permission("dpv:NonCommercialResearch", "research without a commercial aim", "dpv:ResearchAndDevelopment"),
    _permission("dpv:CommercialResearch", "research with a commercial aim", "dpv:ResearchAndDevelopment"),
    _permission("dpv:PublicBenefit", "the benefit of the public", "NRES"),
    _permission("dpv:ProvideOfficialStatistics", "official statistics", "dpv:PublicBenefit"),
    _permission("dpv:ImproveHealthcare", "better health care", "dpv:PublicBenefit"),
    _permission("dpv:ImprovePublicServices", "better public services", "dpv:PublicBenefit"),
    _permission("dpv:PublicPolicyMaking", "the making of public policy", "dpv:PublicBenefit"),
    _permission("dpv:CombatClimateChange", "work against climate change", "dpv:PublicBenefit"),
    _permission("dpv:ServiceProvision", "the provision of a service", "NRES"),
)
TERMS: Mapping[str, Term] = MappingProxyType({term.code: term for term in _LISTED})


def read_term(text: str) -> Use | None:
    """The term that the text writes, with its disease if it takes one; None for any other text.

    >>> str(read_term("DS:MONDO:0005148"))
    'DS:MONDO:0005148'
    """
    code, _, parameter = text.partition(":")
    plain, named = TERMS.get(text), TERMS.get(code)
    if plain is not None and not plain.takes_disease:
        return Use(term=plain)
    if named is not None and named.takes_disease and PARAMETER.fullmatch(parameter):
        return Use(term=named, parameter=parameter)
    return None


def above(code: str) -> frozenset[str]:
    """That code and every code that is broader, however far up: permitting any of them permits it. Errors: KeyError."""
    found = {code}
    for broader in TERMS[code].broader:
        found |= above(broader)
    return frozenset(found)
