"""The files of one data folder, its lock, and a socket folder with a short private path.

cluster/      PostgreSQL's own files, 0700; for root they belong to the server's account
socket/       the socket, 0700, when the path is short enough and the account can reach it
server.json   where the socket is when it is elsewhere
password      the superuser's password, 0600
server.log    the server's log, 0600; holds no values (see options.py)
lock          held while a process starts or stops the server
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hub.domain.errors import ServerUnavailable
from hub.embedded.account import Account

PORT = 5432
"""Only names the socket file; the server listens on no network address."""

_LINES_TOLD = 5

# The kernel's limit for a socket path is 107 bytes on Linux, 103 on macOS and the BSDs.
_SOCKET_PATH_BYTES_MAX = 103
# PostgreSQL reads the setting as a comma list through a shell: a path needing quotes goes elsewhere.
_PLAIN_PATH = re.compile(r"[A-Za-z0-9_./+@-]+")


@dataclass(frozen=True, slots=True)
class Places:
    """The paths inside one data folder. Constructing it touches nothing."""

    root: Path

    @property
    def cluster(self) -> Path:
        return self.root / "cluster"

    @property
    def password_file(self) -> Path:
        return self.root / "password"

    @property
    def log_file(self) -> Path:
        return self.root / "server.log"

    @property
    def note_file(self) -> Path:
        return self.root / "server.json"

    def create(self) -> None:
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as cause:
            raise _not_writable(self.root, cause) from cause

    @contextmanager
    def locked(self, timeout_s: float) -> Iterator[None]:
        """Hold the folder's lock, so that of several processes one starts or stops the server."""
        try:
            handle = os.open(self.root / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as cause:
            raise _not_writable(self.root, cause) from cause
        try:
            if not _lock_within(handle, timeout_s):
                raise ServerUnavailable(
                    f"another process has been starting or stopping the server in {self.root} "
                    f"for {timeout_s:.0f} s"
                )
            yield
        finally:
            os.close(handle)


def resolved(data_dir: Path) -> Places:
    """The places of a data folder by its real path, so that two spellings share one server."""
    return Places(data_dir.resolve())


def write_private(path: Path, text: str) -> None:
    """Replace a file whole, readable by its owner only."""
    building = path.with_name(path.name + ".new")
    building.unlink(missing_ok=True)
    handle = os.open(building, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    building.replace(path)


def last_lines(text: str) -> str:
    """The end of a program's words, on one line, for an error."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return " | ".join(lines[-_LINES_TOLD:])


def noted_socket_dir(places: Places) -> Path | None:
    """The socket folder of the last start, unless the data folder was copied or moved since."""
    try:
        note = json.loads(places.note_file.read_text(encoding="utf-8"))
        # A copied folder carries its original's note; its socket belongs to the other server.
        return Path(note["socket_dir"]) if note["cluster"] == str(places.cluster) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def prepare_socket_dir(places: Places, account: Account) -> Path:
    """An existing 0700 folder of the account whose socket path is short enough, noted for the next."""
    inside = places.root / "socket"
    chosen = noted_socket_dir(places)
    if not account.is_other and _fits(inside):
        inside.mkdir(mode=0o700, exist_ok=True)
        chosen = inside
    if chosen is None or not _is_private(chosen, account):
        chosen = _new_socket_dir(account)
    write_private(
        places.note_file,
        json.dumps({"cluster": str(places.cluster), "socket_dir": str(chosen)}) + "\n",
    )
    return chosen


def discard_socket_dir(places: Places) -> None:
    """Remove a socket folder that lies outside the data folder, once its server has stopped."""
    noted = noted_socket_dir(places)
    if noted is not None and noted.parent != places.root:
        shutil.rmtree(noted, ignore_errors=True)


def _new_socket_dir(account: Account) -> Path:
    bases = [tempfile.gettempdir(), "/tmp"]  # noqa: S108 - mkdtemp makes it private
    if account.is_other:
        # A temp folder of the caller's own may be closed to the server's account; /tmp is not.
        bases.reverse()
    for base in dict.fromkeys(bases):
        if not _fits(Path(base) / "hub-pg-12345678"):
            continue
        try:
            folder = Path(tempfile.mkdtemp(prefix="hub-pg-", dir=base))
        except OSError:
            continue
        account.own(folder)
        return folder
    raise ServerUnavailable(
        f"no folder was found for the server's socket: its path may have {_SOCKET_PATH_BYTES_MAX} "
        "bytes, and neither the data folder nor the temp folder gives a shorter one"
    )


def _fits(folder: Path) -> bool:
    path = folder / f".s.PGSQL.{PORT}"
    short = len(os.fsencode(path)) <= _SOCKET_PATH_BYTES_MAX
    return short and _PLAIN_PATH.fullmatch(str(folder)) is not None


def _is_private(folder: Path, account: Account) -> bool:
    """After a clean-up of the temp folder, another user may have taken the name: look, then trust."""
    try:
        found = folder.lstat()
    except OSError:
        return False
    closed = not found.st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    return stat.S_ISDIR(found.st_mode) and found.st_uid == account.uid and closed


def _lock_within(handle: int, timeout_s: float) -> bool:
    ends = time.monotonic() + timeout_s
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= ends:
                return False
            time.sleep(0.05)
        else:
            return True


def _not_writable(folder: Path, cause: OSError) -> ServerUnavailable:
    return ServerUnavailable(f"the data folder {folder} cannot be used: {cause.strerror}")
