"""Words of RO-Crate and of its profiles: what they are called, and how one entity points at another."""

from collections.abc import Mapping
from typing import TypeAlias

METADATA, ROOT, WORKFLOW = "ro-crate-metadata.json", "./", "workflow/"
RO_CRATE = ("https://w3id.org/ro/crate/1.1", "https://w3id.org/ro/crate/1.2")
"""What is asked for is 1.1; the profile demands 1.2 or later. The crate says and holds to both."""
FIVE_SAFES = "https://w3id.org/5s-crate/0.4"
WORKFLOW_CRATE = "https://w3id.org/workflowhub/workflow-ro-crate/1.0"
CHECK_VALUE, SIGN_OFF, DISCLOSURE, GENERATE = (
    f"https://w3id.org/shp#{word}" for word in ("CheckValue", "SignOff", "DisclosureCheck", "GenerateCheckValue")
)
POTENTIAL, ACTIVE, COMPLETED, FAILED = (f"http://schema.org/{word}ActionStatus" for word in ("Potential", "Active", "Completed", "Failed"))

Node: TypeAlias = Mapping[str, object]


def ref(name: str) -> Node:
    """One entity as another points at it."""
    return {"@id": name}


def term(name: str, *, called: str) -> Node:
    """A word of somebody's vocabulary."""
    return {"@id": name, "@type": "DefinedTerm", "name": called}


def contexts() -> list[str]:
    """By address, as the specification wants them."""
    return [f"{each}/context" for each in RO_CRATE]
