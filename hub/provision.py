"""Roles, database and schema: what must stand before the first journey.

Decides who owns the tables (`hub_owner`) and who works with them (`hub_app`, never the owner). On a
server of the operator's own the roles are theirs to make (docs/running.md); the migrations are ours.
"""

from __future__ import annotations

import io
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from psycopg import sql
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.pool import NullPool

import hub
from hub.domain.errors import DatabaseUnreachable, HubError, ServerUnavailable
from hub.embedded import ServerAddress

OWNER = "hub_owner"
APPLICATION = "hub_app"
DATABASE = "hub"

_MIGRATIONS = Path(hub.__file__).parents[1] / "migrations"


class SchemaRefused(HubError):
    """The database does not let the migrations run; the sentence says what its operator must do."""


@dataclass(frozen=True, slots=True)
class Urls:
    """SQLAlchemy URLs of the two roles; both hold passwords: never log them."""

    owner: str
    application: str


def save_passwords(file: Path, passwords: dict[str, str]) -> None:
    """Write the two roles' passwords, readable by this user alone; whole, or not at all.

    Raises FileExistsError where the file exists: passwords in use are never replaced.
    """
    # mkstemp makes the file 0600. Linking it refuses a name that is taken, which renaming would not.
    handle, building = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            json.dump(passwords, out)
            out.flush()
            os.fsync(out.fileno())
        os.link(building, file)
    finally:
        Path(building).unlink()


def read_passwords(file: Path) -> dict[str, str]:
    """Read them back. Raises ServerUnavailable when `hub init` has not run."""
    try:
        passwords: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ServerUnavailable(f"{file} cannot be read: run `hub init`") from error
    return passwords


def create_roles(server: ServerAddress, passwords: dict[str, str]) -> None:
    """Create the two roles, or give them these passwords."""
    with psycopg.connect(server.url(), autocommit=True) as connection:
        for role in (OWNER, APPLICATION):
            exists = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,))
            verb = sql.SQL("ALTER" if exists.fetchone() else "CREATE")
            connection.execute(
                sql.SQL("{} ROLE {} LOGIN PASSWORD {}").format(
                    verb, sql.Identifier(role), sql.Literal(passwords[role])
                )
            )


def create_database(server: ServerAddress, name: str, template: str | None = None) -> None:
    """Create a database owned by the owner role, empty or a copy of `template`; one that exists is kept.

    Either way only the owner and the application may connect to it afterwards.
    """
    with psycopg.connect(server.url(), autocommit=True) as connection:
        exists = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,))
        if not exists.fetchone():
            statement = sql.SQL("CREATE DATABASE {} OWNER {}").format(
                sql.Identifier(name), sql.Identifier(OWNER)
            )
            if template is not None:
                statement += sql.SQL(" TEMPLATE {}").format(sql.Identifier(template))
            connection.execute(statement)
        # Any role may connect to a new database by default. Said each time: CREATE DATABASE commits
        # by itself, and a crash after it would leave the door open for ever.
        connection.execute(
            sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name))
        )
        connection.execute(
            sql.SQL("GRANT CONNECT, TEMPORARY ON DATABASE {} TO {}").format(
                sql.Identifier(name), sql.Identifier(APPLICATION)
            )
        )


def urls(server: ServerAddress, passwords: dict[str, str], database: str = DATABASE) -> Urls:
    """Where the two roles enter that database."""
    owner, application = (
        server.url(database, user=role, password=passwords[role], scheme="postgresql+psycopg")
        for role in (OWNER, APPLICATION)
    )
    return Urls(owner, application)


@contextmanager
def _owner_configuration(owner_url: str) -> Iterator[Config]:
    configuration = Config(stdout=io.StringIO())
    configuration.set_main_option("script_location", str(_MIGRATIONS))
    engine = create_engine(owner_url, poolclass=NullPool, hide_parameters=True)
    try:
        with engine.connect() as connection:
            configuration.attributes["connection"] = connection
            yield configuration
            connection.commit()
    except OperationalError as error:
        if isinstance(error.orig, psycopg.errors.LockNotAvailable):
            raise SchemaRefused(
                "another session holds a table that a migration changes: let loads and links end, then "
                "run `hub migrate` again"
            ) from error
        raise DatabaseUnreachable("the database does not answer the owner role") from error
    except ProgrammingError as error:
        if isinstance(error.orig, psycopg.errors.InsufficientPrivilege):
            raise SchemaRefused(
                "the owner role may not change the schema: HUB_OWNER_DATABASE_URL must name the role that "
                "owns the database and its tables (docs/running.md)"
            ) from error
        raise


def migrate(owner_url: str, revision: str = "head") -> None:
    """Bring the schema to `revision`, each migration in a transaction of its own.

    Raises SchemaRefused when a role or a right is missing or a table is held, DatabaseUnreachable.
    """
    with _owner_configuration(owner_url) as configuration:
        _require_application_role(configuration.attributes["connection"])
        command.upgrade(configuration, revision)


def _require_application_role(connection: Connection) -> None:
    """The migrations grant to it; said here because PostgreSQL's own error would name no remedy."""
    found = connection.scalar(
        text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": APPLICATION}
    )
    if found is None:
        raise SchemaRefused(
            f"the server has no role {APPLICATION}: create it (docs/running.md), then run `hub init`"
        )
    connection.rollback()  # each migration begins a transaction of its own


def require_models_match(owner_url: str) -> None:
    """Raise alembic's AutogenerateDiffsDetected where tables and migrations differ."""
    with _owner_configuration(owner_url) as configuration:
        command.check(configuration)
