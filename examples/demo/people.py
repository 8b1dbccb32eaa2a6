"""The people of the invented country: who they are, what they may, and a one-time link for each.

Names and organisations are invented, like everything else in it.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from amana.local.people import open_registry

ORGANISATIONS = (
    ("Invented University", "research"),
    ("Invented Data Authority", "authority"),
    ("Invented Ministry of Health", "custodian"),
    ("Invented Ministry of Education", "custodian"),
    ("Invented Electricity Utility", "custodian"),
    ("Invented Computing Centre", "operator"),
)
PEOPLE = (
    ("researcher", "Amal", "Invented University", "researcher"),
    ("reviewer", "Badr", "Invented Data Authority", "reviewer"),
    ("second-reviewer", "Chama", "Invented Data Authority", "reviewer"),
    ("decider", "Driss", "Invented Data Authority", "decider"),
    ("custodian", "Hanane", "Invented Ministry of Health", "custodian"),
    ("operator", "Farid", "Invented Computing Centre", "operator"),
    ("auditor", "Ghita", "Invented Data Authority", "auditor"),
    ("planner", "Sanae", "Invented Ministry of Health", "planner"),
    ("verifier", "Younes", "Invented Data Authority", "verifier"),
)
"""Name of the link, name, organisation, role."""

REGIONS = Path(__file__).resolve().parent.parent / "programme" / "regions.json"
"""The map of the invented country."""
SETTINGS = """# A demonstration: one-time links open whole sessions here. On a real node people sign in with passkeys.
sign_in_links = "demo"
public_url = "{address}"
programme_regions = "{regions}"
"""


def invite(folder: Path, *, address: str) -> dict[str, str]:
    """Enter the people and give each her link, which works once: by its name, also as files in `links/`."""
    (folder / "settings.toml").write_text(SETTINGS.format(address=address, regions=REGIONS.as_posix()), encoding="utf-8")
    links = folder / "links"
    links.mkdir(mode=0o700)
    made: dict[str, str] = {}
    with open_registry(folder) as registry:
        for name, kind in ORGANISATIONS:
            registry.add_organisation(name, kind=kind)
        for link, name, organisation, role in PEOPLE:
            person = registry.add_person(name, organisation=organisation, language="en")
            registry.give_role(person, role=role)
            if role == "researcher":
                registry.accredit(person, until=datetime.now(UTC) + timedelta(days=3650))
            made[link] = registry.link(person, demo=True).address
            (links / link).touch(mode=0o600)
            (links / link).write_text(made[link], encoding="utf-8")
    return made
