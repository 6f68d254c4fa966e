"""What every benchmark's hub may use, and the day its world is made for."""

from __future__ import annotations

from datetime import date
from typing import Final

from hub.journeys.context import Limits

TODAY: Final = date(2026, 11, 22)
BOUNDS: Final = Limits(
    workers=2,
    chunk_rows=5_000,
    matching_memory_mb=12_000,
    tag_records_max=400,
    training_pairs_max=1_000_000,
    consent_age_min=16,
)
