"""Bugs planted in the kernel, by hand and by rule, one at a time, are each caught by a test: the suite is worth something."""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.mutation.generate import SOURCES, generated
from tests.mutation.mutants import MUTANTS, Mutant
from tests.mutation.run import caught_by, seen
from tests.mutation.survivors import SURVIVORS

GENERATED = generated()
SEEN = tuple(mutant for mutant in GENERATED if mutant.name not in SURVIVORS)
SAMPLE = SEEN[12::40]
"""Of those made by rule every fortieth runs here; `make mutants` runs them all."""


@pytest.fixture(scope="module")
def found(request: pytest.FixtureRequest) -> dict[str, str]:
    """By mutant, the test that caught it; all that are asked for, as many at once as there are processors."""
    wanted = [
        item.callspec.params["mutant"] for item in request.session.items if item.module is request.module and hasattr(item, "callspec")
    ]
    with ThreadPoolExecutor(max_workers=max(2, os.cpu_count() or 1)) as pool:
        return dict(
            zip(
                [mutant.name for mutant in wanted],
                pool.map(lambda mutant: (seen if mutant in SAMPLE else caught_by)(mutant), wanted),
                strict=True,
            )
        )


@pytest.mark.slow
@pytest.mark.parametrize("mutant", [*MUTANTS, *SAMPLE], ids=lambda mutant: mutant.name)
def test_a_planted_bug_is_caught(mutant: Mutant, found: dict[str, str]) -> None:
    assert found[mutant.name], f"survives: {mutant.name}"


def test_there_are_at_least_twenty_and_no_two_are_the_same() -> None:
    assert len(MUTANTS) >= 20
    assert len({mutant.name for mutant in MUTANTS}) == len({(m.file, m.old, m.new) for m in MUTANTS}) == len(MUTANTS)


def test_at_least_two_hundred_are_made_by_rule_and_at_most_one_in_twenty_is_seen_by_no_test() -> None:
    assert len(GENERATED) >= 200
    assert len({mutant.name for mutant in GENERATED}) == len(GENERATED)
    assert len(SURVIVORS) <= len(GENERATED) / 20


def test_every_survivor_is_one_of_them_and_has_its_reason() -> None:
    assert set(SURVIVORS) <= {mutant.name for mutant in GENERATED}
    assert all(len(reason) > 10 for reason in SURVIVORS.values())


def test_each_made_by_rule_is_one_change_of_a_file_that_still_compiles() -> None:
    for mutant in GENERATED:
        text = (SOURCES / mutant.file).read_text(encoding="utf-8")
        assert text.count(mutant.old) == 1 and mutant.old != mutant.new, mutant.name
        compile(text.replace(mutant.old, mutant.new), mutant.file, "exec")
