"""How much memory a step needs: this process and its workers together, looked at twenty times a second.

The database server is not counted: it is shared, and its cache has a setting of its own.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

import psutil

_INTERVAL_S: Final = 0.05
_MEBIBYTE: Final = 1024 * 1024


class MemoryWatch:
    """Watches while its block runs; `peak_mb` is the highest resident size seen, in MiB."""

    def __init__(self) -> None:
        self.peak_mb = 0
        self._process = psutil.Process()
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._look()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._look()
        self._is_over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._is_over.wait(_INTERVAL_S):
            self._look()

    def _look(self) -> None:
        total = 0
        for process in (self._process, *self._process.children(recursive=True)):
            # A worker may end between being listed and being asked.
            with suppress(psutil.Error):
                total += process.memory_info().rss
        self.peak_mb = max(self.peak_mb, round(total / _MEBIBYTE))
