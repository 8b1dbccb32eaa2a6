"""Bugs planted in the kernel, one at a time, are each caught by a test: the suite is worth something."""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.mutation.mutants import MUTANTS, Mutant
from tests.mutation.run import caught_by


@pytest.fixture(scope="module")
def found(request: pytest.FixtureRequest) -> dict[str, str]:
    """By mutant, the test that caught it; all that are asked for, as many at once as there are processors."""
    wanted = [
        item.callspec.params["mutant"] for item in request.session.items if item.module is request.module and hasattr(item, "callspec")
    ]
    with ThreadPoolExecutor(max_workers=max(2, os.cpu_count() or 1)) as pool:
        return dict(zip([mutant.name for mutant in wanted], pool.map(caught_by, wanted), strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_planted_bug_is_caught(mutant: Mutant, found: dict[str, str]) -> None:
    assert found[mutant.name], f"survives: {mutant.name}"


def test_there_are_at_least_twenty_and_no_two_are_the_same() -> None:
    assert len(MUTANTS) >= 20
    assert len({mutant.name for mutant in MUTANTS}) == len({(m.file, m.old, m.new) for m in MUTANTS}) == len(MUTANTS)
