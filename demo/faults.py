"""Rows that are broken on purpose, so that a quarantine has something to hold.

Decides where they stand and of which kind: one after every FAULT_EVERY rows, the kinds in turn. How
a kind looks in a format is each agency's.
"""

from __future__ import annotations

from enum import StrEnum

FAULT_EVERY = 500
"""One row in five hundred: 0.2 %."""

FAULT_FIRST = 60
"""After the sixtieth row: in a smaller source one broken row would pass its contract's limit."""


class Fault(StrEnum):
    """What is wrong with a planted row. Each is a row too many: it stands beside the good ones."""

    IMPOSSIBLE_DATE = "impossible_date"
    MISSING_KEY = "missing_key"
    DUPLICATE_KEY = "duplicate_key"
    STRAY_QUOTE = "stray_quote"
    BROKEN_JSON = "broken_json"
    SHORT_LINE = "short_line"


class FaultPlan:
    """Says after each good row whether a broken one follows."""

    __slots__ = ("_kinds", "_planted", "_rows")

    def __init__(self, *kinds: Fault) -> None:
        self._kinds = kinds
        self._rows = 0
        self._planted = 0

    def after_row(self) -> Fault | None:
        """The fault to plant now that one more good row has been written."""
        self._rows += 1
        if self._rows % FAULT_EVERY != FAULT_FIRST:
            return None
        kind = self._kinds[self._planted % len(self._kinds)]
        self._planted += 1
        return kind
