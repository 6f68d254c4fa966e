"""A server for one block of code: fresh, fast, forgetful, and gone at the end, even after a kill."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hub.domain.errors import ServerUnavailable
from hub.embedded.address import ServerAddress
from hub.embedded.server import ensure, stop

_PREFIX = "hub-throwaway-"


@contextmanager
def throwaway(
    *, parent: Path | None = None, shared_buffers_mb: int = 128, max_connections: int = 100
) -> Iterator[ServerAddress]:
    """A fresh server that forgets its durability for speed and is deleted at the end.

    One whose process was killed is found and deleted by the next throw-away server in that folder.
    """
    base = Path(tempfile.gettempdir()) if parent is None else parent
    _sweep(base)
    folder, claim = _claimed_folder(base)
    try:
        yield ensure(
            folder,
            shared_buffers_mb=shared_buffers_mb,
            max_connections=max_connections,
            is_durable=False,
        )
    finally:
        _delete(folder)
        os.close(claim)


def _claimed_folder(base: Path) -> tuple[Path, int]:
    """A new folder and its held claim; it gets the name that `_sweep` looks at once the claim is held."""
    building = Path(tempfile.mkdtemp(prefix="hub-new-", dir=base))
    claim = os.open(building / "claim", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(claim, fcntl.LOCK_EX)
    return building.rename(base / building.name.replace("hub-new-", _PREFIX)), claim


def _sweep(base: Path) -> None:
    """Delete throw-away servers whose makers are gone: a maker holds its claim as long as it lives."""
    for folder in base.glob(f"{_PREFIX}*"):
        with suppress(OSError, ServerUnavailable):
            claim = os.open(folder / "claim", os.O_RDWR | os.O_CLOEXEC)
            try:
                fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _delete(folder)
            finally:
                os.close(claim)


def _delete(folder: Path) -> None:
    stop(folder, at_once=True)
    shutil.rmtree(folder, ignore_errors=True)
