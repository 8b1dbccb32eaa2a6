"""PRIVACY 21: the whole door, from files to released sums, on two databases that differ in one person's rows. The judge is the
parametric (Gaussian) bound: an answer of loss rho tells the two apart no better than N(0, 1) from N(sqrt(2 rho), 1). Each audit has a
control with the noise halved that the same test must catch; else it is no evidence. All judges share a chance of 1e-4 to be wrong.
"""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from math import sqrt

import pytest

from amana.node.ask import Open, open_node
from amana.node.wiring import publish
from amana.privacy import noise
from amana.privacy.bound import Choice
from amana.privacy.kernel import Asking
from amana.privacy.loss import NANO
from amana.privacy.price import Aim, RhoCap
from amana.privacy.release import answer
from amana.query.parse import parse
from amana.query.plan import Plan
from amana.query.released import NoiseKind
from amana.terms.ids import NanoRho
from tests.noise.testers import ALPHA, EACH, separation_at_least
from tests.parts import FakeClock, FakeLog, leave, ledger_at
from tests.property.test_rule_10_digests import RULES, csv

RUNS = 1000
RHO = 0.5
MU = sqrt(2 * RHO)
ANN = [("Ann", "100000", "eye" if i < 2 else "heart", f"only Ann {i}") for i in range(5)]
"""One person at every end: as many rows as the cap allows, of the largest amount."""
OTHERS = [(f"p{i // 3}", str(i % 500), "eye" if i % 2 else "heart", "flu") for i in range(240)]
AUDITS = {
    "a count of few rows kept": ("SELECT COUNT(*) AS n FROM visits v", Choice(keep=(("v", 2),))),
    "a sum": ("SELECT SUM(cost) AS s FROM visits v", Choice()),
    "a clamped sum by key": ("SELECT ward, SUM(cost) AS s FROM visits v GROUP BY ward", Choice(clamps=((0, 30_000_000),))),
    "a sum over units": ("SELECT SUM(t) AS s FROM (SELECT patient, SUM(cost) AS t FROM visits v GROUP BY patient) AS q", Choice()),
}


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Open, Open]]:
    """D, and D without Ann published again from its file under the same secret keys; both as one node would serve them."""
    folder = tmp_path_factory.mktemp("audit")
    nodes = []
    for place, rows in (("with", [*ANN, *OTHERS]), ("without", OTHERS)):
        (folder / place).mkdir()
        if place == "without":
            shutil.copytree(folder / "with" / "keys", folder / place / "keys", ignore=shutil.ignore_patterns("log.*"))
        (folder / "visits.csv").write_text(csv(rows), "utf-8")
        publish(folder / place, [folder / "visits.csv"], RULES)
        nodes.append(open_node(folder / place))
    one, other = (node._wired.opened()[0] for node in nodes)
    yield one, other
    for node in nodes:
        node.close()


def total(opened: Open, plan: Plan, choice: Choice) -> float:
    """The sum of all released cells, from a node that was never asked before; at a time that nobody waits for."""
    version = opened.version
    version = replace(version, dataset=replace(version.dataset, population=replace(version.dataset.population, cap_nrho=NanoRho(2**60))))
    aim = Aim(weights=((1.0,),), half_widths=(1.0,))
    with ledger_at(":memory:", version) as ledger:
        kernel = replace(opened.kernel, ledger=ledger, log=FakeLog(), clock=FakeClock())
        target = RhoCap(nano_rho=NanoRho(int(RHO * NANO)))
        asked = Asking(permit=leave(version), version=version, plan=plan, choice=choice, target=target, aim=aim)
        done = answer(asked, kernel)
    assert not done.recalled and 0.999 * RHO * NANO < done.cost_nrho <= RHO * NANO
    return sum(row[0] for row in done.released.cells)  # type: ignore[misc]


def exact(opened: Open, plan: Plan, choice: Choice) -> float:
    """The same without noise, to put the cut in the middle: an attacker may know everything but whether Ann is there."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(noise, "add_noise", lambda exact, *, kind, scale: list(exact))
        return total(opened, plan, choice)


def halve(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: a build that charges the price of the whole noise and draws half of it."""
    real: Callable[..., list[int]] = noise.add_noise

    def half(exact: list[int], *, kind: NoiseKind, scale: float) -> list[int]:
        return real(exact, kind=kind, scale=scale / 2)

    monkeypatch.setattr(noise, "add_noise", half)


@pytest.mark.slow
@pytest.mark.parametrize("name", AUDITS)
def test_published_and_asked_neighbours_are_told_apart_no_better_than_was_paid_and_half_the_noise_is_seen(
    name: str, doors: tuple[Open, Open], monkeypatch: pytest.MonkeyPatch
) -> None:
    sql, choice = AUDITS[name]
    plan = parse(sql, doors[0].version.dataset.schema)
    most, least = (exact(door, plan, choice) for door in doors)
    assert most > least, "Ann makes a difference"

    def draw(with_ann: bool) -> float:
        return total(doors[0 if with_ann else 1], plan, choice)

    assert separation_at_least(draw, cut=(most + least) / 2, runs=RUNS) <= MU
    halve(monkeypatch)
    assert separation_at_least(draw, cut=(most + least) / 2, runs=RUNS) > MU, "the control was missed: this audit is no evidence"


def test_the_judges_share_the_chance_that_a_sound_build_fails() -> None:
    assert ALPHA == 1e-4 and len(AUDITS) * EACH <= ALPHA / 2
    assert separation_at_least(lambda there: float(there), cut=0.5, runs=RUNS) > MU, "this judge can tell neighbours apart"
    assert separation_at_least(lambda there: 0.0, cut=0.5, runs=RUNS) <= 0, "and finds nothing where there is nothing"
