"""PRIVACY 1: one ledger for all versions and datasets over the same people; caps are for life."""

from dataclasses import replace

import pytest

from amana.privacy.release import answer
from amana.terms.ids import NanoRho, VersionId
from amana.terms.refusal import Refusal
from tests.parts import FakeEngine, asking, kernel, leave, ledger_at, version


def test_every_version_and_every_dataset_over_the_same_people_spends_one_budget() -> None:
    of = version(cap_nrho=2_500_000)
    later = replace(of, id=VersionId("another version"))
    derived = replace(of, id=VersionId("a third"), dataset=replace(of.dataset, name="clinic by month"))
    with ledger_at(":memory:", of) as ledger:
        ledger.open_permit(leave(derived))
        for each in (of, later):
            assert not answer(asking(each), kernel(ledger, FakeEngine(cells={(): (5,)}))).recalled, "a new version is a new question"
        with pytest.raises(Refusal, match="population_exhausted"):
            answer(asking(derived), kernel(ledger, FakeEngine(cells={(): (5,)})))


def test_a_new_version_cannot_bring_a_new_cap() -> None:
    of = version(cap_nrho=100)
    with ledger_at(":memory:", of) as ledger:
        richer = replace(of.dataset.population, cap_nrho=NanoRho(10**9))
        with pytest.raises(Refusal, match="cap_changed"):
            ledger.open_population(richer)
