"""The plan that ships with the project, adopted on a node, with documents, verdicts and claims for some of its indicators."""

import hashlib
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path

from amana.node.programme import Stated
from amana.node.service import Service
from amana.policy.people import Asker, OrganisationKind, Role
from amana.programme.evidence import Shown
from amana.programme.plan_file import read_plan
from amana.terms.ids import EvidenceId
from amana.terms.refusal import Refusal
from tests.doors.http_node import session_of

ROOT = Path(__file__).parent.parent
CONTENT = (ROOT / "examples" / "programme" / "plan.toml").read_bytes()
REGIONS = ROOT / "examples" / "programme" / "regions.json"
REPORT = hashlib.sha256(b"a report").hexdigest()
STATED = (
    ("teachers-trained", "1240", True, "confirm"), ("contribution-paid", "2", True, "reject"), ("site-energy", "108000", True, "confirm"),
    ("clean-share", "12", True, ""), ("funding-granted", "14", True, "confirm"), ("institute-statutes", "1", True, "confirm"),
    ("institute-people", "9", False, ""), ("farms-digital", "350", True, "confirm"), ("clinics-connected", "4", True, "confirm"),
    ("investment-recorded", "20", False, ""),
)  # fmt: skip
"""Indicator, value, whether a document shows it, and the verdict of another organisation, or none."""


def adopt_shipped(service: Service) -> dict[str, Asker]:
    """Adopt it and bring evidence; a plan owner of each organisation, by its name."""
    plan = read_plan(CONTENT)
    owners = {owner: _person(service, f"Owner {place}", owner, Role.PLANNER) for place, owner in enumerate(_owners())}
    decider = _person(service, "Decider of the plan", "Invented Cabinet", Role.DECIDER)
    verifier = _person(service, "Verifier of the plan", "Invented Inspectorate", Role.VERIFIER)
    service.programme.adopt(decider, content=CONTENT)
    commitments = {each.id: commitment for commitment, each in plan.indicators()}
    today = service.now().date()
    for place, (indicator, value, documented, verdict) in enumerate(STATED):
        owner = owners[commitments[indicator].owner]
        made = _stated(service, owner, indicator=indicator, value=value, documented=documented, on=today - timedelta(days=place))
        if verdict:
            service.programme.verify(verifier, evidence=made, verdict=verdict, reasons="I compared them.", sha256=REPORT)
    return owners


def _stated(service: Service, owner: Asker, *, indicator: str, value: str, documented: bool, on: date) -> EvidenceId:
    shown = Shown(sha256=REPORT, title="Report of the year", link="https://reports.example/2026.pdf") if documented else None
    stated = Stated(indicator=indicator, on=on, value=Fraction(value), shown=shown, note="")
    return service.programme.state(owner, stated=stated)


def _owners() -> list[str]:
    return sorted({each.owner for each in read_plan(CONTENT).commitments})


def _person(service: Service, name: str, organisation: str, role: Role) -> Asker:
    try:
        service.people.add_organisation(None, name=organisation, kind=OrganisationKind.AUTHORITY)
    except Refusal as refusal:
        if refusal.code != "node.name_taken" and "taken" not in refusal.code and "exists" not in refusal.code:
            raise
    person = service.people.add_person(None, name=name, organisation=organisation, language="en")
    service.people.give_role(None, person=person, role=role)
    return service.sign_in.by_session(session_of(service, person), now=service.now())
