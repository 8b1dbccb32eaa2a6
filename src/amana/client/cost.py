"""What an answer took, and the remarks that come with it."""

from dataclasses import dataclass
from typing import TypeAlias, final

from amana.client.odds import epsilon_of, odds_percent

Note: TypeAlias = tuple[str, tuple[tuple[str, str | int], ...]]
"""The code of a remark and its parameters, translated by the reader's door."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one answer took from the lifetime budget of its people. `recalled`: asked before, so nothing was taken.

    Units: losses in nano-ρ (zero-concentrated differential privacy), `delta_units` in 2**-64.
    """

    loss_nrho: int
    cap_nrho: int
    spent_nrho: int
    delta_units: int
    recalled: bool

    @property
    def share(self) -> float:
        """The part of the lifetime budget that this answer took, 0 to 1."""
        return self.loss_nrho / self.cap_nrho if self.cap_nrho else 0.0

    @property
    def share_spent(self) -> float:
        """The part of the lifetime budget that all answers together took, 0 to 1."""
        return self.spent_nrho / self.cap_nrho if self.cap_nrho else 0.0

    @property
    def odds_percent(self) -> float:
        """Even odds about one unit's presence become at most this through this answer. Units: per cent."""
        return odds_percent(epsilon_of(self.loss_nrho))
