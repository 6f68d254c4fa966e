"""In which calendar a moment's day is counted."""

from __future__ import annotations

from datetime import UTC, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo


@lru_cache
def zone_of(name: str) -> tzinfo:
    """The time zone of an IANA name. Raises ValueError or ZoneInfoNotFoundError for what is none."""
    # Small machines come without the zone files, and need none for UTC.
    return UTC if name == "UTC" else ZoneInfo(name)
