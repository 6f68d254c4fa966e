"""Create a cluster: initdb with our choices, whole or not at all.

The password is the superuser's and random; every way in asks for it (scram).
"""

from __future__ import annotations

import secrets
import shutil
import subprocess
import tempfile
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
    with _readable_password(password, account) as password_file:
        initdb = reachable_binaries(account).program("initdb")
        command: list[str | Path] = [
            initdb,
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
        _run_initdb(command, building, account)
    building.rename(places.cluster)


def _run_initdb(command: list[str | Path], building: Path, account: Account) -> None:
    try:
        done = account.run(command, cwd=building, timeout_s=INITDB_TIMEOUT_S)
    except subprocess.TimeoutExpired as cause:
        raise ServerUnavailable(
            f"initdb in {building} took over {INITDB_TIMEOUT_S:.0f} s"
        ) from cause
    if done.returncode != 0:
        # initdb has seen no data yet: its words are paths and reasons.
        told = last_lines(done.stdout.decode(errors="replace"))
        raise ServerUnavailable(f"initdb in {building} failed: {told}")


@contextmanager
def _readable_password(password: str, account: Account) -> Iterator[Path]:
    """The password in a short-lived private folder that the server's account can read."""
    folder = Path(tempfile.mkdtemp(prefix="hub-pw-"))
    try:
        file = folder / "password"
        write_private(file, password + "\n")
        account.own(file)
        account.own(folder)
        yield file
    finally:
        shutil.rmtree(folder, ignore_errors=True)
