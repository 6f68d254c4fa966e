"""Create a cluster: initdb with our choices, whole or not at all.

The password is the superuser's and random; every way in asks for it (scram).
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hub.domain.errors import ServerUnavailable
from hub.embedded.account import Account
from hub.embedded.binaries import reachable_binaries
from hub.embedded.places import Places, last_lines, write_private

SUPERUSER = "postgres"
INITDB_TIMEOUT_S = 180.0


def initialise(places: Places, account: Account, *, is_durable: bool) -> None:
    """Create the cluster beside its place and move it there when whole, so that none is ever half made."""
    building = places.root / "cluster.new"
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(mode=0o700)
    account.own(building)
    password = secrets.token_urlsafe(32)
    write_private(places.password_file, password + "\n")
    with _readable(places.password_file, account) as (password_file, inherited):
        command: list[str | Path] = [
            reachable_binaries(account).program("initdb"),
            f"--pgdata={account.working_directory}",
            f"--username={SUPERUSER}",
            f"--pwfile={password_file}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            # PostgreSQL's own collation: the same on every machine, whatever its C library.
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--data-checksums",
            "--no-instructions",
            *([] if is_durable else ["--no-sync"]),
        ]
        _run_initdb(command, building, account, inherited)
    building.rename(places.cluster)


@contextmanager
def _readable(password_file: Path, account: Account) -> Iterator[tuple[Path, tuple[int, ...]]]:
    """A path under which the server's account can read the password, and the handles it inherits for it.

    Another account may reach no folder of the caller's, so it gets a file that lies in none.
    """
    if not account.is_other:
        yield password_file.absolute(), ()
        return
    handle = os.memfd_create("password")
    try:
        os.write(handle, password_file.read_bytes())
        os.fchown(handle, account.uid, account.gid)
        yield Path(f"/proc/self/fd/{handle}"), (handle,)
    finally:
        os.close(handle)


def _run_initdb(
    command: list[str | Path], building: Path, account: Account, inherited: tuple[int, ...]
) -> None:
    try:
        done = account.run(command, cwd=building, timeout_s=INITDB_TIMEOUT_S, inherited=inherited)
    except subprocess.TimeoutExpired as cause:
        raise ServerUnavailable(
            f"initdb in {building} took over {INITDB_TIMEOUT_S:.0f} s"
        ) from cause
    if done.returncode != 0:
        # initdb has seen no data yet: its words are paths and reasons.
        told = last_lines(done.stdout.decode(errors="replace"))
        raise ServerUnavailable(f"initdb in {building} failed: {told}")
