"""An example of each response whose form no model declares, for the OpenAPI document; a test compares them with real ones."""

from collections.abc import Mapping
from typing import Final, cast

from amana.web.examples_of_consultations import CONSULTATION, PLAN_COMMENT
from amana.web.examples_of_registers import AI_SYSTEMS, PRIVACY, PROGRAMME, USES

LATER = "2031-01-01T00:00:00+00:00"
NOW = "2030-06-01T09:00:00+00:00"
Example = Mapping[str, object]


def _list(*items: Example) -> Example:
    return {"items": list(items), "next": None}


REVIEW: Final[Example] = {"id": "r-75c35c41769b", "reviewer": "u-5717245864cb", "version": 1, "verdict": "approve", "reasons": "clear"}
DECISION: Final[Example] = {"version": 1, "event": "approve", "reasons": "useful", "decided_at": NOW}
PROJECT: Final[Example] = {
    "id": "p-51dbe5481a9f", "version": 1, "state": "active", "title": {"en": "Visits and seasons"},
    "lay_summary": {"en": "We count visits to clinics by month."}, "purposes": ["HMB"], "datasets": ["clinic"], "ends_on": LATER,
    "ethics_reference": "CERB-2026-17",
    "answers": [{"dataset": "clinic", "question": {"en": "Who will read the answers?"}, "answer": "The three of us."}],
    "applicant": "u-9229cf555121", "organisation": "o-9649fe08",
    "members": ["u-9229cf555121", "u-ec26dd686862"], "decisions": [DECISION], "reviews": [REVIEW],
    "may": ["see_project", "add_output"],
}  # fmt: skip
COMMENT: Final[Example] = {
    "id": "c-0a1b2c3d4e5f", "person": "u-5717245864cb", "part": "reviewer", "words": "Which months do you need?", "written_at": NOW,
}  # fmt: skip
MATCH: Final[Example] = {
    "outcome": "allowed",
    "reasons": [{"code": "purpose.covered", "term": "HMB", "parameters": {"by": "GRU"}, "outcome": "allowed"}],
}
PERMIT: Final[Example] = {
    "id": "m-b9ce12104e36", "project": "p-51dbe5481a9f", "project_version": 1, "dataset": "clinic", "population": "residents",
    "custodian": "o-fee752e5", "state": "active", "share_asked": "1/20", "share_granted": 0.05,
    "cap_nrho": 100_000_000, "cap_delta_units": 922_337_203, "valid_until": LATER, "granted_by": "u-bdd82073f3e9",
    "reasons": "", "match": MATCH, "may": ["ask", "see_project", "see_permit"],
}  # fmt: skip
LEFT: Final[Example] = {"cap_nrho": 100_000_000, "spent_nrho": 31_000_000, "cap_delta_units": 922_337_203, "spent_delta_units": 0}
PERMIT_BUDGET: Final[Example] = {
    "permit": "m-b9ce12104e36", "project": "p-51dbe5481a9f", "dataset": "clinic", **LEFT,
    "allowance": {**LEFT, "cap_nrho": 10_000_000, "spent_nrho": 52_000, "cap_delta_units": 92_233_720},
}  # fmt: skip
OUTPUT: Final[Example] = {
    "id": "x-fca108c115e8", "project": "p-51dbe5481a9f", "kind": "text", "author": "u-ec26dd686862", "title": "Visits fall in August",
    "body": "Visits fell by a tenth.", "digest": "23519a43c66b4c342f25b32e09797ec5", "state": "checking", "round": 1, "votes": [],
    "may": ["see_output"],
}  # fmt: skip
CARD: Final[Example] = {
    "name": {"en": "Return visits"},
    "purpose": {"en": "Plans follow-up calls after a stay in hospital."},
    "decides": {"en": "Whom a nurse calls first."},
    "weighed": {"en": "More people are called in time; a mistake costs one call."},
    "oversight": {"en": "A nurse decides on every call."},
    "objection": {"en": "Write to the clinic; a doctor answers within ten days."},
    "limits": {"en": "Not for children, and not for deciding on treatment."},
    "legal_basis": {"en": "Health act, article 12"},
    "category": "impactful",
    "provider": "University",
    "contact": "ai@clinic.example",
    "deployer": "Ministry of Health",
    "assessment": "",
    "website": "",
}
MODEL: Final[Example] = {
    "id": "s-3c5d0f61a2b7", "project": "p-51dbe5481a9f", "permit": "m-b9ce12104e36", "dataset": "clinic",
    "version": "fd4c334ed77eae8ddd522f26ab07a423", "custodian": "Ministry of Health", "state": "assessed", "public": False,
    "described_by": "u-ec26dd686862", "assessed_by": "u-bdd82073f3e9", "made_at": NOW, "since": NOW, "reasons": "",
    "facts": {
        "learner": "linear", "specification": "{}", "task": "classification", "target": "readmitted", "features": ["age", "stay"],
        "unit": "patient", "rows_kept": 1, "cost_nrho": 25_000_000, "cost_delta": 0, "trained_at": NOW, "entry": 4700,
        "quality": [{"name": "auc", "value": 0.87, "low": 0.85, "high": 0.89, "column": "", "group": "", "steps": 0}],
        "groups": [{"name": "auc", "value": 0.86, "low": 0.82, "high": 0.9, "column": "sex", "group": "women", "steps": 0}],
        "receipt": "3b4d4fbb52a8d6f2cb8c5a4a9f5c9a1e", "energy_wh": 3.5, "carbon_g": 1.9,
        "audit": {
            "attack": "likelihood ratio", "claimed": 1.0, "lower_bound": 0.71, "delta": 1e-05, "confidence": 0.95, "control_caught": True,
        },
        "attacks": [
            {
                "attack": "membership", "excess": -0.02, "excess_low": -0.05, "excess_high": 0.01, "control_low": 0.35,
                "control_caught": True, "leaked": False,
            },
        ],
    },
    "card": CARD, "may": ["see_model", "register_model", "retire_model"],
}  # fmt: skip
ACCREDITATION: Final[Example] = {
    "id": "a-c627d70f6871", "granted_by": "u-31c6c16bdce1", "valid_from": NOW, "valid_until": LATER, "revoked_at": None,
}  # fmt: skip
SHORT: Final[Example] = {
    "id": "u-ec26dd686862", "name": "Amal", "organisation": "o-9649fe08", "language": "ar", "roles": ["researcher"], "disabled_at": None,
}  # fmt: skip
PERSON: Final[Example] = {**SHORT, "accreditations": [ACCREDITATION]}
ORGANISATION: Final[Example] = {"id": "o-9649fe08", "name": "University", "kind": "research"}
TOKEN: Final[Example] = {
    "id": "4e4e10eef2924843e32f7a4d84ffc233", "label": "laptop", "scopes": ["read", "ask"], "allowance": None, "created_at": NOW,
    "expires_at": LATER, "revoked_at": None,
}  # fmt: skip
CHALLENGE: Final[Example] = {"options": '{"challenge": "i4VZGIGGc8iT…", "rpId": "node.example"}', "secret": "4A1qS-urJGIa…"}
PROFILE: Final[Example] = {
    "dataset": "clinic",
    "tables": [
        {
            "table": "visits", "units": 934.0, "rows": 2741.0, "units_interval": [921.3, 946.7], "rows_interval": [2713.6, 2768.4],
            "rows_per_unit": [{"share": 0.5, "value": 3.0, "low": 3.0, "high": 3.0, "half_width": 0.0}],
            "groups_per_unit": [],
            "columns": [
                {
                    "name": "region", "low": 0, "width": 1, "counts": [333.0, 301.0, 305.0], "missing": 0.0, "kind": "choice",
                    "decimals": 0, "missing_share": {"value": 0.0, "low": 0.0, "high": 0.0}, "quantiles": [],
                    "members": [{"value": "Atlas", "share": {"value": 0.355, "low": 0.348, "high": 0.361}}],
                }
            ],
        }
    ],
}  # fmt: skip
DOMAIN: Final[Example] = {"kind": "number", "nullable": True, "low": 0.0, "high": 100.0, "step": 0.1}
TITLE: Final[Example] = {"en": "Clinic visits", "fr": "Visites en clinique", "ar": "زيارات العيادات", "zgh": "ⵜⵉⵔⵣⴰⴼ ⵖⵔ ⵜⴰⵙⴳⵏⴰⴼⵜ"}
DATASET: Final[Example] = {
    "name": "clinic", "title": TITLE, "custodian": "Ministry of Health",
    "controller": "Ministry of Health, 1 Cedar Street", "legal_basis": "Law 09-08, art. 21", "purposes": ["GRU"], "retention": "2049-12-31",
    "checklist": [{"en": "Who will read the answers?"}], "version": "fd4c334ed77eae8ddd522f26ab07a423",
    "promise": {
        "population": "residents", "unit": "patient", "period": "life", "cap_nrho": 2_000_000_000, "cap_delta_units": 18_446_744_073,
        "epsilon": 11.69, "delta": 1e-06,
    },
    "tables": [
        {
            "name": "visits", "private": True, "title": TITLE, "key": [], "parent": None, "rows_per_unit_max": 20, "multiplicity": None,
            "columns": [{"name": "cost", "domain": DOMAIN, "source": "Tariff"}], "source": "",
        }
    ],
}  # fmt: skip
RECORD: Final[Example] = {
    "format": "amana processing record 1",
    "made_at": NOW,
    "datasets": {"clinic": {"GDPR": {"30(1)(b) purposes": ["GRU: general research use (DUO:0000042)"]}}},
}
REGISTER: Final[Example] = {
    "format": "amana public register 1",
    "made_at": NOW,
    "datasets": {"clinic": {"EHDS": {"58(1)(a) legal basis": ["Law 09-08, art. 21"]}}},
}
ME: Final[Example] = {
    **SHORT, "organisation_name": "University", "accreditations": [ACCREDITATION], "signed_in_by": "token", "scopes": ["read", "ask"],
    "assistant": {"allowance": "1/10", "rows_max": 200, "expires_at": LATER}, "stepped_up": False,
    "may": ["see_public", "dry_run", "preview", "create_project"],
}  # fmt: skip
NOTE: Final[Example] = {
    "id": "00000000006248b7db94f653", "at": NOW, "actor": "u-ec26dd686862", "action": "add", "thing": "output",
    "subject": "x-fca108c115e8", "was": "", "now_is": "released",
}  # fmt: skip

SHA256: Final = "9b1e7a6c0d3f4852a1b6c7d8e9f00112233445566778899aabbccddeeff00112"
ADOPTING: Final[Example] = {"plan": 'plan = "national-ai"\nversion = 1\n…'}
STATED: Final[Example] = {
    "indicator": "people-trained", "on": "2026-11-30", "value": "12",
    "document": {"sha256": SHA256, "title": "Report on the first courses", "link": "https://ministry.example/report.pdf"},
    "note": "Two courses, in Ifrane and in Tiznit.",
}  # fmt: skip
CLAIM: Final[Example] = {"indicator": "people-trained", "on": "2026-11-30", "value": "12"}
MEASURING: Final[Example] = {"indicator": "people-seen", "permit": "m-b9ce12104e36"}
JUDGING: Final[Example] = {"verdict": "confirm", "reasons": "The list on page 4 names twelve people.", "sha256": SHA256}
DROPPING: Final[Example] = {"reasons": "The law it rested on was repealed."}
ADOPTED: Final[Example] = {
    "plan": "national-ai", "version": 1, "title": {"en": "National plan for AI"}, "digest": SHA256, "commitments": 14, "indicators": 16,
}  # fmt: skip
EVIDENCE: Final[Example] = {
    "id": "e-4f0a1b2c3d5e", "plan": "national-ai", "version": 1, "commitment": "young-people", "indicator": "people-trained",
    "on": "2026-11-30", "basis": "E3", "organisation": "Ministry of Education", "value": "12", "low": None, "high": None,
    "document": {"sha256": SHA256, "title": "Report on the first courses", "link": "https://ministry.example/report.pdf"},
    "note": "Two courses, in Ifrane and in Tiznit.", "digest": "5d41402abc4b2a76b9719d911017c592aabbccddeeff00112233445566778899",
    "entry": 812, "verdict": None, "verifier": "", "reasons": "", "verdict_entry": None, "against": "unverified",
}  # fmt: skip
STANDING: Final[Example] = {"id": "young-people", "status": "dropped", "dropped": 815}
ANSWERED: Final[Example] = {"secret": "4A1qS-urJGIa…", "answer": '{"id": "AbC1…", "type": "public-key", "response": {}}'}
REQUESTS: Final[Mapping[str, Example]] = {
    "post-permits": {"project": "p-51dbe5481a9f", "dataset": "clinic", "share": "5%", "valid_until": LATER},
    "post-sign-in-passkey-finish": ANSWERED,
    "post-sign-in-step-up-finish": ANSWERED,
    "post-passkeys": {**ANSWERED, "label": "phone"},
}
"""Requests whose fields have no examples of their own, by the name of the operation."""
AI_SYSTEM: Final[Example] = {"format": AI_SYSTEMS["format"], "system": cast("list[Example]", AI_SYSTEMS["systems"])[0]}
RESPONSES: Final[Mapping[str, Example]] = {
    "get-datasets-name": DATASET,
    "get-datasets-name-profile": PROFILE,
    "get-datasets-name-privacy-json": PRIVACY,
    "get-uses-json": USES,
    "get-ai-systems-json": AI_SYSTEMS,
    "get-ai-systems-model": AI_SYSTEM,
    "get-programme": PROGRAMME,
    "get-models": _list(MODEL),
    "post-programme-plan": ADOPTED,
    "get-programme-evidence": _list(EVIDENCE),
    "get-projects": _list(PROJECT),
    "get-permits": _list(PERMIT),
    "get-permits-permit-budget": PERMIT_BUDGET,
    "get-projects-project-comments": _list(COMMENT),
    "get-projects-project-outputs": _list(OUTPUT),
    "post-projects-project-outputs": OUTPUT,
    "get-me": ME,
    "get-organisations": _list(ORGANISATION),
    "post-organisations": ORGANISATION,
    "get-people": _list(SHORT),
    "post-people": SHORT,
    "get-audit": {"items": [NOTE], "next": "MjAyNi0xMS0yNFQyMTo1OTozMS42MTc4NzkrMDA6MDA"},
    "get-exports-record": RECORD,
    "get-exports-public-register": REGISTER,
    "post-sign-in-link": {"token": "amana_sBq4ppHfCTFj…", "expires_at": LATER},
    "post-sign-in-open": {"kind": "enrol"},
    "get-sign-in": {"identity_provider": False, "secure": True, "state": "signed-in", "name": "Amal", "language": "ar"},
    "post-sign-in-passkey-begin": CHALLENGE,
    "post-sign-in-step-up-begin": CHALLENGE,
    "post-passkeys-begin": CHALLENGE,
    "get-passkeys": _list({"id": "k-19ac", "label": "phone", "created_at": NOW, "used_at": None}),
    "post-passkeys": {"id": "k-19ac"},
    "post-sign-in-oidc": {"address": "https://identity.example/authorize?client_id=amana&state=9f2c…"},
    "get-tokens": _list(TOKEN),
    "post-tokens": {**TOKEN, "token": "amana_sBq4ppHfCTFj…"},
    "get-openapi-json": {"openapi": "3.1.0", "info": {"title": "Amana", "version": "1"}},
    "get-healthz": {"state": "serving"},
    "get-programme-consultations": _list(CONSULTATION),
    "get-programme-consultations-plan-version-comments": _list(PLAN_COMMENT),
    "get-programme-comments": _list(PLAN_COMMENT),
}
"""By the name of the operation."""
KINDS: Final = (
    ("-programme-evidence", EVIDENCE), ("-programme-measurements", EVIDENCE), ("-programme-commitments", STANDING),
    ("-projects-project", PROJECT), ("-permits", PERMIT), ("-projects", PROJECT), ("-outputs-output", OUTPUT),
    ("-models-model", MODEL), ("-people-person", PERSON), ("-programme-consultations", CONSULTATION),
    ("-programme-comments", PLAN_COMMENT),
)  # fmt: skip
"""What the other operations on a thing give back: the thing."""


def response_example(name: str) -> Example | None:
    """The example of a response whose schema tells nothing of its form."""
    if name in RESPONSES:
        return RESPONSES[name]
    path = name.partition("-")[2]
    return next((example for kind, example in KINDS if f"-{path}".startswith(kind)), None)
