"""The closed list of terms that say what data may be used for: GA4GH's Data Use Ontology (DUO) and W3C's Data Privacy Vocabulary (DPV).

Sources: DUO, https://github.com/EBISPOT/DUO (Lawson et al. 2021, doi:10.1016/j.xgen.2021.100028); DPV 2, https://w3id.org/dpv.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from re import fullmatch
from types import MappingProxyType
from typing import final


class TermKind(Enum):
    """A permission says what for; a modifier says under which condition."""

    PERMISSION = "permission"
    MODIFIER = "modifier"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """`broader`: the terms that this one is a part of."""

    code: str
    kind: TermKind
    about: str
    broader: tuple[str, ...] = ()


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class UseTerm:
    """A term as somebody uses it. `parameter`: the disease of DS, the months of TS, a name for COL, US, PS, IS."""

    code: str
    parameter: str | None = None

    def __str__(self) -> str:
        return self.code if self.parameter is None else f"{self.code}:{self.parameter}"

    @property
    def closed(self) -> str:
        """As the public log tells it: without a parameter that somebody wrote freely, which may name a person."""
        return str(self) if self.code in _CLOSED else self.code


def _permission(code: str, about: str, *broader: str) -> Term:
    return Term(code=code, kind=TermKind.PERMISSION, about=about, broader=broader)


def _modifier(code: str, about: str, *broader: str) -> Term:
    return Term(code=code, kind=TermKind.MODIFIER, about=about, broader=broader)


_ALL = (
    _permission("NRES", "no restriction (DUO:0000004)"),
    _permission("GRU", "general research use (DUO:0000042)", "NRES"),
    _permission("HMB", "health, medical or biomedical research (DUO:0000006)", "GRU"),
    _permission("DS", "research on one disease (DUO:0000007)", "HMB"),
    _permission("POA", "research on population origins or ancestry only (DUO:0000011)", "GRU"),
    _modifier("NPU", "by not-for-profit organisations only (DUO:0000045)"),
    _modifier("NCU", "for non-commercial use only (DUO:0000046)"),
    _modifier("NPUNCU", "by not-for-profit organisations, for non-commercial use only (DUO:0000018)", "NPU", "NCU"),
    _modifier("GSO", "genetic studies only (DUO:0000016)"),
    _modifier("IRB", "ethics approval required (DUO:0000021)"),
    _modifier("COL", "collaboration with the primary investigators required (DUO:0000020)"),
    _modifier("PUB", "publication of the results required (DUO:0000019)"),
    _modifier("US", "by approved users only (DUO:0000026)"),
    _modifier("PS", "within approved projects only (DUO:0000027)"),
    _modifier("IS", "within approved institutions only (DUO:0000028)"),
    _modifier("TS", "for a number of months (DUO:0000025)"),
    _modifier("RTN", "derived data are returned (DUO:0000029)"),
    _modifier("NMDS", "no general methods research (DUO:0000015)"),
    _permission("dpv:ResearchAndDevelopment", "research and development (DPV)", "NRES"),
    _permission("dpv:ScientificResearch", "scientific research (DPV)", "dpv:ResearchAndDevelopment", "GRU"),
    _permission("dpv:AcademicResearch", "academic research (DPV)", "dpv:ResearchAndDevelopment", "GRU"),
    _permission("dpv:NonCommercialResearch", "research without commercial purpose (DPV)", "dpv:ResearchAndDevelopment", "GRU"),
    _permission("dpv:CommercialResearch", "research with a commercial purpose (DPV)", "dpv:ResearchAndDevelopment", "GRU"),
    _permission("dpv:PublicBenefit", "for the benefit of the public (DPV)", "NRES"),
    _permission("dpv:ProvideOfficialStatistics", "official statistics (DPV)", "dpv:PublicBenefit"),
    _permission("dpv:ImproveHealthcare", "better health care (DPV)", "dpv:PublicBenefit"),
    _permission("dpv:ImprovePublicServices", "better public services (DPV)", "dpv:PublicBenefit"),
    _permission("dpv:PublicPolicyMaking", "the making of public policy (DPV)", "dpv:PublicBenefit"),
    _permission("dpv:CombatClimateChange", "work against climate change (DPV)", "dpv:PublicBenefit"),
    _permission("dpv:ServiceProvision", "to provide a service (DPV)", "NRES"),
)

TERMS: Mapping[str, Term] = MappingProxyType({term.code: term for term in _ALL})

_PARAMETERS: Mapping[str, str] = MappingProxyType(
    {"DS": r"[A-Z]{1,16}:[0-9]{1,12}", "TS": r"[1-9][0-9]{0,2}"} | dict.fromkeys(("COL", "US", "PS", "IS"), r"[^\s:][^:]{0,79}")
)
"""The form of a parameter. DS and TS say nothing without one; for the others it is optional."""

_CLOSED = frozenset({"DS", "TS"})
"""Whose parameter is an identifier or a number."""


def read_term(text: str) -> UseTerm | None:
    """The term in `HMB`, `DS:MONDO:0005148` or `dpv:AcademicResearch`; None for anything that is not in the list.

    >>> read_term("DS:MONDO:0005148")
    UseTerm(code='DS', parameter='MONDO:0005148')
    """
    if text in TERMS:
        return None if text in {"DS", "TS"} else UseTerm(code=text)
    code, _, parameter = text.partition(":")
    form = _PARAMETERS.get(code)
    return UseTerm(code=code, parameter=parameter) if form is not None and fullmatch(form, parameter) else None
