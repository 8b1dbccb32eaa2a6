"""The society of `test_policy_machine.py` can get evidence verified, and by nobody of the house that brought it."""

from tests.people import CLINIC, UNIVERSITY
from tests.property.promises import NAMES
from tests.property.test_policy_machine import Society


def test_evidence_is_verified_by_another_house_and_never_by_who_brought_it() -> None:
    world = Society()
    *_, hal, ivy = NAMES
    world.somebody_brings_evidence(hal, CLINIC)
    assert world.evidence is not None and not world.evidence.verified
    world.somebody_verifies_it(hal)
    assert not world.evidence.verified, "she brought it"
    world.somebody_goes_to_another_house(hal, UNIVERSITY)
    world.somebody_verifies_it(hal)
    assert not world.evidence.verified, "she brought it, wherever she is now"
    world.somebody_verifies_it(ivy)
    assert world.evidence.verified
