"""What a process makes once and keeps: shared by its threads, made by whoever comes first."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

Value = TypeVar("Value")


class Kept:
    """Values by key. What a key's value is, its maker says; one that could not be made is tried again."""

    def __init__(self) -> None:
        # One maker may need what another makes.
        self._lock = threading.RLock()
        self._values: dict[Hashable, Any] = {}

    def get(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """The value kept under a key, made now if there is none."""
        if key not in self._values:
            with self._lock:
                if key not in self._values:
                    self._values[key] = make()
        kept: Value = self._values[key]
        return kept
