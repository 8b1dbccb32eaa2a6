"""Comparing what a project wants with what a dataset may be used for, by the Data Use Ontology."""

import re

import pytest

from amana.catalog.purposes import TERMS, TermKind, read_term
from amana.client.text import load
from amana.policy.people import OrganisationKind
from amana.policy.purposes import Intent, Match, Outcome, match

ALLOWED, PERSON, FORBIDDEN = Outcome.ALLOWED, Outcome.NEEDS_A_PERSON, Outcome.FORBIDDEN


def compare(asked: str, allowed: str, *, kind: OrganisationKind = OrganisationKind.RESEARCH, ethics: str = "") -> Match:
    wanted = tuple(term for text in asked.split() if (term := read_term(text)) is not None)
    terms = tuple(term for text in allowed.split() if (term := read_term(text)) is not None)
    assert (len(wanted), len(terms)) == (len(asked.split()), len(allowed.split()))
    return match(Intent(terms=wanted, organisation=kind, ethics_reference=ethics), allowed=terms)


@pytest.mark.parametrize(
    ("asked", "allowed", "outcome"),
    [
        ("DS:MONDO:0005148", "HMB", ALLOWED),
        ("DS:MONDO:0005148", "DS:MONDO:0005148", ALLOWED),
        ("DS:MONDO:0005148", "DS:MONDO:0004979", FORBIDDEN),
        ("DS:MONDO:0005148", "DS:MONDO:0004979 DS:MONDO:0005148", ALLOWED),
        ("HMB", "DS:MONDO:0005148", FORBIDDEN),
        ("HMB", "GRU", ALLOWED),
        ("GRU", "HMB", FORBIDDEN),
        ("GRU", "NRES", ALLOWED),
        ("POA", "GRU", ALLOWED),
        ("POA", "HMB", FORBIDDEN),
        ("HMB", "POA", FORBIDDEN),
        ("HMB POA", "HMB", FORBIDDEN),
        ("dpv:AcademicResearch", "dpv:ResearchAndDevelopment", ALLOWED),
        ("dpv:ResearchAndDevelopment", "dpv:AcademicResearch", FORBIDDEN),
        ("dpv:CommercialResearch", "dpv:NonCommercialResearch", FORBIDDEN),
        ("dpv:AcademicResearch", "GRU", ALLOWED),
        ("dpv:AcademicResearch", "HMB", PERSON),
        ("dpv:ServiceProvision", "GRU", PERSON),
        ("DS:MONDO:0005148 dpv:AcademicResearch", "HMB dpv:AcademicResearch", ALLOWED),
        ("DS:MONDO:0005148 dpv:AcademicResearch", "HMB", ALLOWED),
        ("HMB", "HMB dpv:AcademicResearch", PERSON),
        ("dpv:ServiceProvision", "NRES", ALLOWED),
        ("", "GRU", FORBIDDEN),
        ("HMB", "", FORBIDDEN),
        ("HMB", "NCU", FORBIDDEN),
    ],
)
def test_a_purpose_is_allowed_where_a_term_of_the_dataset_covers_it(asked: str, allowed: str, outcome: Outcome) -> None:
    assert compare(asked, allowed).outcome is outcome


@pytest.mark.parametrize(
    ("condition", "kind", "outcome"),
    [
        ("NPU", OrganisationKind.COMPANY, FORBIDDEN),
        ("NCU", OrganisationKind.COMPANY, FORBIDDEN),
        ("NPUNCU", OrganisationKind.COMPANY, FORBIDDEN),
        ("NPU", OrganisationKind.OPERATOR, PERSON),
        ("NPU", OrganisationKind.RESEARCH, ALLOWED),
        ("NCU", OrganisationKind.AUTHORITY, ALLOWED),
        ("NPUNCU", OrganisationKind.CUSTODIAN, ALLOWED),
    ],
)
def test_profit_and_commerce_are_kept_out_where_the_dataset_says_so(condition: str, kind: OrganisationKind, outcome: Outcome) -> None:
    assert compare("HMB", f"HMB {condition}", kind=kind).outcome is outcome


def test_a_commercial_purpose_is_commercial_whoever_has_it() -> None:
    assert compare("dpv:CommercialResearch", "GRU NCU").outcome is FORBIDDEN
    assert compare("dpv:CommercialResearch", "GRU NPU").outcome is ALLOWED


def test_an_ethics_approval_is_asked_for_by_its_reference() -> None:
    missing = compare("HMB", "HMB IRB")
    assert (missing.outcome, missing.reasons[-1].code) == (PERSON, "purpose.ethics_needed")
    given = compare("HMB", "HMB IRB", ethics="CERB 12/26")
    assert given.outcome is ALLOWED
    assert given.reasons[-1].parameters == (("reference", "CERB 12/26"),)


@pytest.mark.parametrize("condition", ["PUB", "COL:Institute", "RTN", "TS:24", "GSO", "NMDS"])
def test_a_condition_that_the_applicant_accepts_by_name_needs_no_person(condition: str) -> None:
    assert compare("HMB", f"HMB {condition}").outcome is PERSON
    assert compare(f"HMB {condition}", f"HMB {condition}").outcome is ALLOWED


def test_accepting_another_parameter_is_not_accepting() -> None:
    assert compare("HMB TS:36", "HMB TS:24").outcome is PERSON


@pytest.mark.parametrize("condition", ["US", "PS", "IS:Clinic"])
def test_approved_users_projects_and_institutions_are_for_a_person_to_judge(condition: str) -> None:
    assert compare(f"HMB {condition}", f"HMB {condition}").outcome is PERSON


def test_the_outcome_is_that_of_the_worst_reason_and_every_term_has_one() -> None:
    found = compare("DS:MONDO:0005148", "HMB PUB NCU", kind=OrganisationKind.COMPANY)
    assert [(reason.term, reason.outcome) for reason in found.reasons] == [
        ("DS:MONDO:0005148", ALLOWED),
        ("PUB", PERSON),
        ("NCU", FORBIDDEN),
    ]
    assert found.outcome is FORBIDDEN


@pytest.mark.parametrize("text", ["", "XYZ", "DS", "DS:", "DS:diabetes", "TS", "TS:0", "HMB:x", "dpv:Marketing", "dpv:", "hmb", "NCU:x"])
def test_what_is_not_in_the_list_is_no_term(text: str) -> None:
    assert read_term(text) is None


def test_every_broader_term_is_in_the_list_and_of_the_same_kind() -> None:
    assert [(term.code, code) for term in TERMS.values() for code in term.broader if TERMS[code].kind is not term.kind] == []


def test_a_reason_fills_the_whole_of_its_message_in_every_language() -> None:
    permissions = [code for code, term in TERMS.items() if term.kind is TermKind.PERMISSION and code != "DS"]
    conditions = [f"HMB {code}" for code, term in TERMS.items() if term.kind is TermKind.MODIFIER and code != "TS"]
    reasons = {
        reason
        for asked in ("", "HMB", "HMB PUB", "dpv:CommercialResearch")
        for allowed in ("", *permissions, *conditions)
        for kind in OrganisationKind
        for ethics in ("", "CERB 12/26")
        for reason in compare(asked, allowed, kind=kind, ethics=ethics).reasons
    }
    assert {reason.code for reason in reasons} == {code for code in load("en").messages if code.startswith("purpose.")}
    for language in ("en", "fr", "ar", "zgh"):
        for reason in reasons:
            assert not re.search(r"\{\w+\}", load(language).say(reason.code, term=reason.term, **dict(reason.parameters)))
