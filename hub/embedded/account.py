"""Which operating-system account runs the server, and whether it can run a program.

PostgreSQL refuses root. Run by root, the server gets an ordinary account that exists already, and
that account owns the cluster and the socket folder and nothing else.
"""

from __future__ import annotations

import os
import pwd
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from hub.domain.errors import ServerUnavailable

_PREFERRED = ("postgres", "nobody")

# Nothing of the caller's environment reaches the server: a stray PGDATA or LD_PRELOAD would change
# what runs, and variables may hold secrets. TZ spares initdb its search for the machine's zone.
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


@dataclass(frozen=True, slots=True)
class Account:
    """The account the server's programs run as; `is_other` when it is not the caller's own."""

    uid: int
    gid: int
    is_other: bool

    def own(self, path: Path) -> None:
        """Hand one folder just created by us to the server; never a folder found."""
        if self.is_other:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def run(
        self,
        command: Sequence[str | Path],
        *,
        cwd: Path,
        output: int | IO[bytes] = subprocess.PIPE,
        timeout_s: float | None,
        inherited: Sequence[int] = (),
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a program as this account; both output streams go to `output`; it inherits those handles.

        The child enters `cwd` before it gives up root, so it needs no way through the parents.
        """
        return subprocess.run(  # noqa: S603 - programs of ours, no shell
            [str(part) for part in command],
            cwd=cwd,
            env=_ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            timeout=timeout_s,
            check=False,
            user=self.uid if self.is_other else None,
            group=self.gid if self.is_other else None,
            extra_groups=[] if self.is_other else None,
            pass_fds=inherited,
        )

    @property
    def working_directory(self) -> str:
        """How the server's programs, started inside the cluster, are told their folder.

        Never by its path: pg_ctl hands that to a shell, which some characters would mislead. And
        another account usually cannot walk there, say below /root, and no parent is opened for it:
        it knows the folder as its working directory, from where PostgreSQL goes by relative paths.
        """
        return "/proc/self/cwd" if self.is_other else "."

    def can_run(self, program: Path) -> bool:
        """Whether this account can execute the program, tried and not guessed from mode bits."""
        try:
            done = self.run([program, "--version"], cwd=Path("/"), timeout_s=30)
        except (OSError, subprocess.TimeoutExpired):
            return False
        return done.returncode == 0


def choose_account(cluster: Path) -> Account:
    """The caller's own account; for root the cluster's owner, else `postgres`, else `nobody`."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid(), is_other=False)
    if cluster.exists():
        found = cluster.stat()
        if found.st_uid != 0:
            return Account(found.st_uid, found.st_gid, is_other=True)
    for name in _PREFERRED:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid, is_other=True)
    raise ServerUnavailable(
        "PostgreSQL does not run as root, and there is no account `postgres` or `nobody` to run it as"
    )
