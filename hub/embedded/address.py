"""How a server is reached, and what stands in a data folder."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlencode


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """Where the server answers and as whom to enter; the password never shows in a repr."""

    socket_dir: Path
    port: int
    superuser: str
    password: str = field(repr=False)

    def url(
        self,
        database: str = "postgres",
        *,
        user: str | None = None,
        password: str | None = None,
        scheme: str = "postgresql",
    ) -> str:
        """A libpq URL, or SQLAlchemy's with scheme `postgresql+psycopg`. Holds the password: never log it."""
        name = quote(user or self.superuser, safe="")
        secret = quote(password or self.password, safe="")
        place = urlencode({"host": str(self.socket_dir), "port": self.port})
        return f"{scheme}://{name}:{secret}@/{quote(database, safe='')}?{place}"


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """What stands in a data folder; `pid` and `socket_dir` only while a server runs."""

    is_initialised: bool
    pid: int | None
    socket_dir: Path | None

    @property
    def is_running(self) -> bool:
        return self.pid is not None
