"""Bring the server of a data folder up, say how to reach it, and take it down.

`ensure` leaves the server running for whoever comes next; `stop` ends it.
Which account, which programs, which files: account.py, binaries.py, places.py.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

from hub.domain.errors import ServerUnavailable
from hub.embedded.account import Account, choose_account
from hub.embedded.address import ServerAddress, ServerStatus
from hub.embedded.binaries import reachable_binaries
from hub.embedded.initialise import INITDB_TIMEOUT_S, SUPERUSER, initialise
from hub.embedded.options import Tuning, command_line
from hub.embedded.places import (
    PORT,
    Places,
    discard_socket_dir,
    last_lines,
    noted_socket_dir,
    prepare_socket_dir,
    resolved,
)
from hub.embedded.process import Postmaster, clear_after_crash, cluster_name, find_postmaster

_LOG_BYTES_MAX = 5_000_000


def ensure(
    data_dir: Path,
    *,
    shared_buffers_mb: int = 256,
    max_connections: int = 60,
    max_wal_size_mb: int = 2048,
    is_durable: bool = True,
    timeout_s: float = 60.0,
) -> ServerAddress:
    """The address of the data folder's server, created and started where it is not.

    A server found running is shared as it stands: the sizes count for the process that starts it.
    Raises ServerUnavailable with the reason; the log lines it may quote hold no values.
    """
    places = resolved(data_dir)
    places.create()
    tuning = Tuning(shared_buffers_mb, max_connections, max_wal_size_mb, is_durable)
    try:
        with places.locked(timeout_s + INITDB_TIMEOUT_S):
            return _ensure_locked(places, tuning, timeout_s)
    except OSError as cause:
        raise ServerUnavailable(f"the server in {places.root}: {cause.strerror}") from cause


def stop(data_dir: Path, *, at_once: bool = False, timeout_s: float = 60.0) -> bool:
    """Stop the data folder's server, breaking off what is connected; False when none was running.

    at_once: as in a power cut, without writing a checkpoint; the next start recovers.
    """
    places = resolved(data_dir)
    if not places.cluster.is_dir():
        return False
    with places.locked(timeout_s):
        return _stop_locked(places, signal.SIGQUIT if at_once else signal.SIGINT, timeout_s)


def status(data_dir: Path) -> ServerStatus:
    """Look without starting, waiting or creating anything."""
    places = resolved(data_dir)
    found = find_postmaster(places.cluster)
    return ServerStatus(
        is_initialised=places.cluster.is_dir(),
        pid=found.pid if found else None,
        socket_dir=noted_socket_dir(places) if found else None,
    )


def _ensure_locked(places: Places, tuning: Tuning, timeout_s: float) -> ServerAddress:
    account = choose_account(places.cluster)
    if not places.cluster.exists():
        initialise(places, account, is_durable=tuning.is_durable)
    elif places.cluster.stat().st_uid != account.uid:
        raise ServerUnavailable(f"the server in {places.root} belongs to another user")
    password = _password(places)
    running = find_postmaster(places.cluster)
    if running and not _is_reachable(places, running, timeout_s):
        # Its socket folder was cleaned away from under it: nobody can connect any more.
        running.end(signal.SIGINT, timeout_s)
        running = None
    if running is None:
        _start(places, account, tuning, timeout_s)
    socket_dir = noted_socket_dir(places)
    assert socket_dir is not None, "a start notes its socket folder"
    return ServerAddress(socket_dir, PORT, SUPERUSER, password)


def _is_reachable(places: Places, running: Postmaster, timeout_s: float) -> bool:
    if not running.wait_ready(timeout_s):
        if running.is_alive():
            raise ServerUnavailable(
                f"the server in {places.root} is not ready after {timeout_s:.0f} s; it may be "
                "recovering from a crash: try again"
            )
        return False
    socket_dir = noted_socket_dir(places)
    return socket_dir is not None and (socket_dir / f".s.PGSQL.{PORT}").exists()


def _start(places: Places, account: Account, tuning: Tuning, timeout_s: float) -> None:
    clear_after_crash(places.cluster)
    socket_dir = prepare_socket_dir(places, account)
    for left in socket_dir.glob(".s.PGSQL.*"):
        left.unlink(missing_ok=True)
    options = command_line(
        tuning, name=cluster_name(places.cluster), port=PORT, socket_dir=socket_dir
    )
    command: list[str | Path] = [
        reachable_binaries(account).program("pg_ctl"),
        "start",
        "--wait",
        "--silent",
        f"--timeout={max(1, round(timeout_s))}",
        f"--pgdata={account.working_directory}",
        f"--options={options}",
    ]
    # Opened here and inherited, so that the log stays the caller's own file.
    log = os.open(_trimmed_log(places), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(log, "ab") as output:
        begins = output.seek(0, os.SEEK_END)
        # pg_ctl keeps its own time; no limit here may cut it off while the server recovers.
        done = account.run(command, cwd=places.cluster, output=output, timeout_s=None)
    if done.returncode != 0:
        text = places.log_file.read_bytes()[begins:].decode(errors="replace")
        raise ServerUnavailable(f"the server in {places.root} did not start: {last_lines(text)}")


def _stop_locked(places: Places, how: signal.Signals, timeout_s: float) -> bool:
    running = find_postmaster(places.cluster)
    if running is not None:
        running.end(how, timeout_s)
    discard_socket_dir(places)
    return running is not None


def _password(places: Places) -> str:
    try:
        return places.password_file.read_text(encoding="utf-8").strip()
    except OSError as cause:
        raise ServerUnavailable(
            f"the server's password file {places.password_file} cannot be read: {cause.strerror}"
        ) from cause


def _trimmed_log(places: Places) -> Path:
    """The log's path; one grown large is set aside first, so that two files at most exist."""
    log = places.log_file
    if log.exists() and log.stat().st_size > _LOG_BYTES_MAX:
        log.replace(log.with_name("server.log.old"))
    return log
