"""Days, hours and other facts as pages write them. Digits are 0 to 9 in all four languages, days as 2027-12-31 (`client/figures.py`)."""

from datetime import UTC, datetime
from pathlib import Path


def day_of(at: datetime) -> str:
    """Such as 2027-12-31, in UTC."""
    return at.astimezone(UTC).date().isoformat()


def hour_of(at: datetime) -> str:
    """Such as 2027-12-31 14:05 UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def written_at(file: Path) -> datetime:
    """When a file was written last. Errors: OSError."""
    return datetime.fromtimestamp(file.stat().st_mtime, UTC)


def days_between(since: datetime, until: datetime) -> int:
    """Whole days."""
    return max(0, (until - since).days)
