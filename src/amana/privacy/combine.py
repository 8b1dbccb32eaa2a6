"""Telling questions apart, and making one better measurement of two noisy ones."""

from dataclasses import replace
from math import sqrt

from amana.privacy.ledger import Asked, Earlier, Ledger, Pending
from amana.privacy.price import PrivatePlan, more_precise
from amana.query.plan import Plan, PublicKeys
from amana.query.released import NoiseKind, NoisyCell, NoisyTable
from amana.terms.canonical import keyed_digest
from amana.terms.ids import Digest, VersionId


def combined(earlier: NoisyTable, further: NoisyTable) -> NoisyTable:
    """The average of two independent Gaussian measurements of the same sums, each weighted by its precision 1/sigma²."""
    assert earlier.keys == further.keys
    weights = [(1 / one.scale**2 / (1 / one.scale**2 + 1 / two.scale**2)) for one, two in zip(earlier.noise, further.noise, strict=True)]
    cells = tuple(
        tuple(_mixed(a, b, weight) for a, b, weight in zip(old, new, weights, strict=True))
        for old, new in zip(earlier.cells, further.cells, strict=True)
    )
    noise = tuple(
        replace(one, scale=1 / sqrt(1 / one.scale**2 + 1 / two.scale**2)) for one, two in zip(earlier.noise, further.noise, strict=True)
    )
    return NoisyTable(keys=earlier.keys, cells=cells, noise=noise)


def _mixed(one: NoisyCell, two: NoisyCell, weight: float) -> NoisyCell:
    if isinstance(one, tuple):
        assert isinstance(two, tuple)
        return tuple(
            tuple(None if a is None or b is None else weight * a + (1 - weight) * b for a, b in zip(x, y, strict=True))
            for x, y in zip(one, two, strict=True)
        )
    assert not isinstance(two, tuple)
    return weight * one + (1 - weight) * two


def digests(plan: Plan, version: VersionId, private: PrivatePlan, *, key: bytes) -> Asked:
    """Keyed digests of the question, of the question at its precision, and of the bounds it was measured with."""
    bounded = private.bounded
    question = keyed_digest(("question", version, _measured(plan)), key=key)
    bounds = keyed_digest(("bounds", private.kind, _measured(bounded.plan), bounded.sums, bounded.keys_per_unit), key=key)
    return Asked(question=question, digest=keyed_digest(("precision", question, bounds, private.scales), key=key), bounds=bounds)


def _measured(plan: Plan) -> Plan:
    """The plan without what is done to figures once they are released: their names, ORDER BY and LIMIT."""
    keys = tuple((str(index), expr) for index, (_, expr) in enumerate(plan.keys))
    figures = tuple((str(index), figure) for index, (_, figure) in enumerate(plan.figures))
    return replace(plan, keys=keys, figures=figures, order=(), limit=None)


def last_of_same_bounds(releases: tuple[Earlier, ...], bounds: Digest) -> Earlier | None:
    """The newest release whose sums were bounded alike, so that both measure the same numbers."""
    return next((release for release in reversed(releases) if release.bounds == bounds), None)


def to_measure(private: PrivatePlan, asked: Asked, ledger: Ledger) -> tuple[Earlier | Pending | None, PrivatePlan | None]:
    """The earlier release that stands for a question or helps to answer it, and what remains to be measured: None if nothing does.

    Only Gaussian measurements of the same bounds combine (PRIVACY 11).
    """
    found = ledger.recall(asked.digest)
    if found is not None:
        return found, None
    earlier = last_of_same_bounds(ledger.earlier(asked.question), asked.bounds) if private.kind is NoiseKind.GAUSSIAN else None
    return earlier, private if earlier is None else _further(private, earlier)


def _further(private: PrivatePlan, earlier: Earlier) -> PrivatePlan | None:
    """What remains to be measured beside an earlier release; its keys are public by now, so no threshold is paid again."""
    known = replace(private.bounded, keys=PublicKeys(combinations=earlier.released.keys))
    scales = tuple(noise.scale for noise in earlier.released.noise)
    return more_precise(replace(private, bounded=known), replace(private, bounded=known, scales=scales))
