"""The questions that are left to stewards, and the answers they can be given.

Decides the words only. Which pairs are asked about is matching.review's, what an answer does is the
journeys'.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class ReviewReason(StrEnum):
    """Why a question is asked. The first six come from the partition, and go when it no longer asks."""

    BAND = "band"  # no pair of the two constituents reaches the link bar
    AVERAGE = "average"  # a pair does, the average of all pairs does not
    SOURCE = "source"  # both hold a record of one duplicate-free source
    AMBIGUOUS = "ambiguous"  # the record fits either of two that a steward holds apart
    OVERSIZED = "oversized"  # too many different records hang together: all were left apart
    CONTRADICTION = "contradiction"  # a SAME judgement that other judgements forbid
    NOT_MINE = "not_mine"  # somebody reported that a record is not hers
    FACTS_CHANGED = "facts_changed"  # a judged record says something else since


STANDING_REASONS: Final = frozenset({ReviewReason.NOT_MINE, ReviewReason.FACTS_CHANGED})
"""Questions that only an answer closes."""


class Verdict(StrEnum):
    """A steward's word on two records."""

    SAME = "same"
    DIFFERENT = "different"


class Outcome(StrEnum):
    """How a review was answered. DISMISSED is for reports and changed facts only: nothing is judged."""

    SAME = "same"
    DIFFERENT = "different"
    DISMISSED = "dismissed"
