"""What a learner of counts is shown of a table that a test invents: its plans are checked, bounded and priced as the kernel does it,
counted by the reference's meaning of expressions, and given Gaussian noise of the priced scale from a seed."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction

import numpy as np

from amana.catalog.domains import Domain, KeyDomain
from amana.catalog.schema import Column, Schema, Table
from amana.engines.reference_values import Value, value_of
from amana.learn.synthetic import Synthesiser
from amana.learn.synthetic_values import Value as Shown
from amana.privacy.bound import Choice, bound
from amana.privacy.loss import NO_DELTA
from amana.privacy.price import Aim, RhoCap, price
from amana.privacy.rounds import Measured, Rounds
from amana.query.check import check
from amana.query.plan import Project, PublicKeys

Rows = Mapping[str, Sequence[Shown]]
GROUPS_MAX = 100_000


def schema_of(domains: Mapping[str, Domain]) -> Schema:
    """One private table of these columns, one row for each unit."""
    columns = (Column(name="who", domain=KeyDomain()), *(Column(name=name, domain=domain) for name, domain in domains.items()))
    return Schema(unit="person", tables=(Table(name="people", private=True, unit_column="who", columns=columns),))


def counted(learner: Synthesiser, schema: Schema, rows: Rows, *, seed: int = 0, noise: float = 1.0) -> Rounds:
    """The rounds of a learner over these rows. `noise`: a factor on the noise, which says that it is whole."""
    chance, done = np.random.default_rng(seed), ()
    while len(done) < len(learner.course.rounds):
        cap, measured = learner.course.rounds[len(done)], []
        cells: dict[str, list[int]] = {}
        for wanted in learner.propose(done):
            plan = check(wanted.plan, schema, nodes_max=cap.nodes_max)
            bounded = bound(plan, schema, choice=Choice(keep=(("t", 1),)), groups_max=GROUPS_MAX)
            private = price(bounded, RhoCap(nano_rho=wanted.nano_rho), aim=Aim(weights=(), half_widths=()), threshold_delta=NO_DELTA)
            assert isinstance(bounded.keys, PublicKeys) and isinstance(plan.source, Project)
            cells = cells or _cells(plan.source, rows)
            keys = [cells[name] for name, _ in plan.keys]
            held: dict[tuple[int, ...], int] = {}
            for key in zip(*keys, strict=True):
                held[key] = held.get(key, 0) + 1
            assert set(held) <= set(bounded.keys.combinations), "every row has a public key"
            exact = np.array([held.get(key, 0) for key in bounded.keys.combinations], dtype=float)  # type: ignore[arg-type]
            noisy = exact + noise * private.scales[0] * chance.standard_normal(len(exact))
            measured.append(Measured(private=private, cells=(tuple(noisy.tolist()),)))
        assert sum(one.private.nano_rho for one in measured) <= cap.nano_rho
        assert sum(len(one.cells[0]) for one in measured) <= cap.cells_max
        done = (*done, tuple(measured))
    return done


def _cells(source: Project, rows: Rows) -> dict[str, list[int]]:
    """The cell of each row in each projected column. Every such column hangs on one column of the table."""
    found: dict[str, list[int]] = {}
    for (name, expr), (column, values) in zip(source.columns, rows.items(), strict=True):
        known: dict[Shown, int] = {}
        for value in dict.fromkeys(values):
            cell = value_of(expr, {f"t.{column}": _given(value)})
            assert isinstance(cell, Fraction) and cell.denominator == 1
            known[value] = int(cell)
        found[name] = [known[value] for value in values]
    return found


def _given(value: Shown) -> Value:
    match value:
        case None | bool() | str() | date():
            return value
        case int() | Decimal():
            return Fraction(value)
