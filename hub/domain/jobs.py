"""The names of what is done in the background, and what a job may be told: numbers, ids, kinds; nobody's value.

What each does is a journey's; when it runs, and how often it is tried, is hub.worker's.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TypeAlias
from uuid import UUID


class Job(StrEnum):
    """RESOLVE_PENDING: link what loads stored. REMATCH: link anew what may be matched otherwise than before.

    SEQUENCE: number the event feed. HOUSEKEEPING: end and remove what has expired.
    """

    RESOLVE_PENDING = "resolve_pending"
    REMATCH = "rematch"
    SEQUENCE = "sequence"
    HOUSEKEEPING = "housekeeping"


JobArgument: TypeAlias = int | UUID | StrEnum
"""What rests in the queue in the clear. A plain string could be anybody's name, so it is none."""
