"""What a user keeps of an answer: for what, under which permit, of which version, by which mechanism, at what cost."""

from collections.abc import Mapping
from types import MappingProxyType

from amana.client.cost import Cost


def receipt_of(cost: Cost, *, version: str, digest: str, more: Mapping[str, object]) -> Mapping[str, object]:
    """The receipt that an answer itself can give; `more` is what the node adds, and wins."""
    paid = {"loss_nrho": cost.loss_nrho, "delta_units": cost.delta_units, "recalled": cost.recalled}
    return MappingProxyType({"version": version, "digest": digest, "cost": paid, **more})
