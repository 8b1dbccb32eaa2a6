"""Who is in the matrix of roles and routes, and what a refused request must leave as it is."""

from amana.policy.people import Role

PEOPLE: dict[str, tuple[str, Role]] = {
    "applicant": ("University", Role.RESEARCHER),
    "member": ("University", Role.RESEARCHER),
    "lapsed": ("University", Role.RESEARCHER),
    "gone": ("University", Role.RESEARCHER),
    "outsider": ("University", Role.RESEARCHER),
    "unaccredited": ("University", Role.RESEARCHER),
    "reviewer": ("University", Role.REVIEWER),
    "second": ("Ministry", Role.REVIEWER),
    "decider": ("Ministry", Role.DECIDER),
    "deputy": ("Ministry", Role.DECIDER),
    "custodian": ("Tests", Role.CUSTODIAN),
    "elsewhere": ("University", Role.CUSTODIAN),
    "operator": ("Centre", Role.OPERATOR),
    "auditor": ("Ministry", Role.AUDITOR),
    "planner": ("University", Role.PLANNER),
    "planning elsewhere": ("Inspectorate", Role.PLANNER),
    "verifier": ("Inspectorate", Role.VERIFIER),
    "insider": ("University", Role.VERIFIER),
}
"""`lapsed`: a member whose accreditation is over; `gone`: a member who is disabled; `member` is a plan owner, too; `insider` verifies in
the house of those who promised. The rest are as their names."""
SIGNED = frozenset(PEOPLE) - {"gone"}
STATE = (
    "SELECT id, state, version, title FROM project ORDER BY id", "SELECT project, person, left_at FROM project_member ORDER BY project, person",
    "SELECT id, state, cap_nrho FROM permit ORDER BY id", "SELECT id, state, round, title FROM output ORDER BY id",
    "SELECT output, voter FROM vote ORDER BY output, voter", "SELECT id FROM review ORDER BY id", "SELECT id FROM organisation ORDER BY id",
    "SELECT id, disabled_at FROM person ORDER BY id", "SELECT person, role FROM person_role ORDER BY person, role",
    "SELECT id, revoked_at FROM accreditation ORDER BY id", "SELECT id, revoked_at FROM token ORDER BY id", "SELECT id FROM audit ORDER BY id",
    "SELECT id FROM charge ORDER BY id", "SELECT id, state FROM job ORDER BY id", "SELECT id FROM comment ORDER BY id",
    "SELECT project, dataset, place FROM checklist_answer ORDER BY project, dataset, place", "SELECT id, read_at FROM notice ORDER BY id",
    "SELECT person, address, confirmed_at FROM contact ORDER BY person", "SELECT hash FROM feed ORDER BY hash",
    "SELECT id, state, outcome FROM plan_comment ORDER BY id",
    "SELECT id, language FROM person ORDER BY id", "SELECT id, state, revision, card FROM model ORDER BY id",
    "SELECT id, verdict FROM evidence ORDER BY id", "SELECT plan, version, state FROM plan_version ORDER BY plan, version",
    "SELECT commitment FROM commitment_dropped ORDER BY commitment", "SELECT plan, indicator FROM standing_question ORDER BY indicator",
)  # fmt: skip
