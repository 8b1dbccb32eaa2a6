"""The machine's own clock, which only `node/wiring.py` hands out."""

import time
from datetime import UTC, datetime
from typing import final


@final
class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        """The time in UTC."""
        return datetime.now(UTC)

    def elapsed(self) -> float:
        """Seconds since some start; never goes back."""
        return time.monotonic()

    def sleep_until(self, elapsed: float) -> None:
        """Return when `elapsed()` has reached that."""
        time.sleep(max(0.0, elapsed - time.monotonic()))


@final
class PublishingClock:
    """For the profile: its releases are seen only when the version is published, so nobody waits for each one's time. For dry
    runs: the time of a run over invented rows tells nothing."""

    now = SystemClock.now
    elapsed = SystemClock.elapsed

    def sleep_until(self, elapsed: float) -> None:
        """Return at once."""
