"""Which operating-system process serves a cluster: found, awaited, stopped.

postmaster.pid outlives a crash and its number may since belong to anything, so a process counts as
the server only by the cluster's name on its own command line and the account it runs as.
"""

from __future__ import annotations

import hashlib
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from hub.domain.errors import ServerUnavailable

_POLL_S = 0.02
_QUIT_GRACE_S = 10.0
_STATUS_LINE = 7  # line 8 of postmaster.pid: "starting", "ready", "stopping"


def cluster_name(cluster: Path) -> str:
    """A name for the cluster's processes that shows nothing of its path."""
    return "hub-" + hashlib.sha256(os.fsencode(cluster)).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Postmaster:
    """A live server process of the cluster."""

    cluster: Path
    pid: int

    def is_alive(self) -> bool:
        return _serves(self.pid, self.cluster)

    def is_ready(self) -> bool:
        lines = _pid_file_lines(self.cluster)
        return len(lines) > _STATUS_LINE and lines[_STATUS_LINE].strip() == "ready"

    def wait_ready(self, timeout_s: float) -> bool:
        """Whether it accepts connections within the time; a crash is followed by a recovery."""
        ends = time.monotonic() + timeout_s
        while time.monotonic() < ends and self.is_alive():
            if self.is_ready():
                return True
            time.sleep(_POLL_S)
        return False

    def end(self, how: signal.Signals, timeout_s: float) -> None:
        """Ask it to end: SIGINT breaks off transactions and writes a checkpoint, SIGQUIT only quits.

        A server that has not ended in time is told SIGQUIT; what it had committed is recovered at
        the next start.
        """
        for ask, patience_s in ((how, timeout_s), (signal.SIGQUIT, _QUIT_GRACE_S)):
            try:
                os.kill(self.pid, ask)
            except ProcessLookupError:
                return
            if self._wait_gone(patience_s):
                return
        raise ServerUnavailable(f"the server (process {self.pid}) does not stop")

    def _wait_gone(self, timeout_s: float) -> bool:
        ends = time.monotonic() + timeout_s
        while self.is_alive():
            if time.monotonic() >= ends:
                return False
            time.sleep(_POLL_S)
        return True


def find_postmaster(cluster: Path) -> Postmaster | None:
    """The live server of the cluster, ready or still starting."""
    pid = _noted_pid(cluster)
    if pid is None or not _serves(pid, cluster):
        return None
    return Postmaster(cluster, pid)


def clear_after_crash(cluster: Path, timeout_s: float = 10.0) -> None:
    """Make way for a start where no server lives: wait out its orphans, drop a misleading pid file.

    Orphans end by themselves once they notice; starting beside them could harm the files. The pid
    file itself is left to PostgreSQL, except when its number now belongs to another process:
    PostgreSQL would take that one for a running server.
    """
    pid = _noted_pid(cluster)
    if pid is None:
        return
    ends = time.monotonic() + timeout_s
    while orphans := _orphans(cluster):
        if time.monotonic() >= ends:
            pids = ", ".join(str(orphan) for orphan in orphans)
            raise ServerUnavailable(f"processes of a crashed server are still running: {pids}")
        time.sleep(0.1)
    if psutil.pid_exists(pid):
        (cluster / "postmaster.pid").unlink(missing_ok=True)


def _serves(pid: int, cluster: Path) -> bool:
    try:
        process = psutil.Process(pid)
        mine = process.uids().effective == cluster.stat().st_uid
        return mine and f"cluster_name={cluster_name(cluster)}" in process.cmdline()
    except (psutil.Error, OSError):
        return False


def _orphans(cluster: Path) -> list[int]:
    title = f"postgres: {cluster_name(cluster)}:"
    return [
        process.pid
        for process in psutil.process_iter(["cmdline"])
        if " ".join(process.info["cmdline"] or ()).startswith(title)
    ]


def _noted_pid(cluster: Path) -> int | None:
    lines = _pid_file_lines(cluster)
    return int(lines[0]) if lines and lines[0].strip().isdigit() else None


def _pid_file_lines(cluster: Path) -> list[str]:
    try:
        return (
            (cluster / "postmaster.pid").read_text(encoding="utf-8", errors="replace").split("\n")
        )
    except OSError:
        return []
