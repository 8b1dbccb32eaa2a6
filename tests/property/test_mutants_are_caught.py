"""Bugs planted in the kernel, one at a time, are each caught by a test: the suite is worth something."""

import pytest

from tests.mutation.mutants import MUTANTS, Mutant
from tests.mutation.run import caught_by


@pytest.mark.slow
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_planted_bug_is_caught(mutant: Mutant) -> None:
    assert caught_by(mutant), f"survives: {mutant.name}"


def test_there_are_at_least_twenty_and_no_two_are_the_same() -> None:
    assert len(MUTANTS) >= 20
    assert len({mutant.name for mutant in MUTANTS}) == len({(m.file, m.old, m.new) for m in MUTANTS}) == len(MUTANTS)
