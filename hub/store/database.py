"""The connection to PostgreSQL: one engine, transactions, and the checks made before the first of them.

Decides nothing about rows. Journeys open a transaction here and hand its connection to the other
modules of this package.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from psycopg import Connection as DriverConnection
from sqlalchemy import Connection, Engine, create_engine, insert, inspect, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from hub.domain.errors import DatabaseUnreachable, MigrationBehind
from hub.store.tables import Installation

#: The newest migration; tests/architecture holds it equal to the newest file.
SCHEMA_HEAD = "0003"

#: Advisory lock numbers, one per thing that must happen once at a time (docs/architecture.md).
LOCK_LINK = 0x4855_4201
LOCK_LOAD = 0x4855_4202
LOCK_PARTITION = 0x4855_4203


def connect(url: str, *, pool_size: int = 4) -> Engine:
    """An engine on `url`; nothing is sent before the first transaction. pool_size 0 keeps no connection.

    Statement logging stays off: SQLAlchemy would echo parameters, and parameters are people.
    """
    pool: dict[str, Any] = {"pool_size": pool_size} if pool_size else {"poolclass": NullPool}
    return create_engine(url, hide_parameters=True, connect_args={"connect_timeout": 10}, **pool)


@contextmanager
def transaction(engine: Engine) -> Iterator[Connection]:
    """One transaction: committed when the block ends, rolled back when it raises.

    Raises DatabaseUnreachable when no connection can be had.
    """
    try:
        connection = engine.connect()
    except OperationalError as error:
        raise DatabaseUnreachable(
            f"PostgreSQL does not answer at {engine.url.render_as_string(hide_password=True)}"
        ) from error
    with connection, connection.begin():
        yield connection


def driver(connection: Connection) -> DriverConnection[tuple[object, ...]]:
    """The psycopg connection below `connection`, for COPY inside the same transaction."""
    raw = connection.connection.driver_connection
    if not isinstance(raw, DriverConnection):
        raise TypeError("the engine is not one of psycopg's")
    return raw


def require_schema(engine: Engine) -> None:
    """Raise MigrationBehind unless the database stands at this release's newest migration."""
    with transaction(engine) as connection:
        has_versions = inspect(connection).has_table("alembic_version")
        version = (
            connection.scalar(text("SELECT version_num FROM alembic_version"))
            if has_versions
            else None
        )
    if version != SCHEMA_HEAD:
        raise MigrationBehind(
            f"the database stands at migration {version or 'none'}, this release needs {SCHEMA_HEAD}: "
            "run `hub migrate`"
        )


def installed_fingerprint(connection: Connection) -> bytes | None:
    """The fingerprint of the root key this database was sealed with; None before `hub init`."""
    return connection.scalar(select(Installation.key_fingerprint))


def install(connection: Connection, fingerprint: bytes, at: datetime) -> None:
    """Tie this database to the root key with that fingerprint, once."""
    connection.execute(
        insert(Installation).values(id=1, key_fingerprint=fingerprint, created_at=at)
    )


def lock_in_transaction(connection: Connection, lock: int, key: int = 0) -> None:
    """Take an advisory lock until the transaction ends, waiting for it."""
    connection.execute(
        text("SELECT pg_advisory_xact_lock(:lock, :key)"), {"lock": lock, "key": key}
    )


@contextmanager
def held_lock(engine: Engine, lock: int, key: int = 0) -> Iterator[bool]:
    """Hold a session's advisory lock over several transactions; False when another session has it."""
    with engine.connect() as raw:
        connection = raw.execution_options(isolation_level="AUTOCOMMIT")
        parameters = {"lock": lock, "key": key}
        got = connection.scalar(text("SELECT pg_try_advisory_lock(:lock, :key)"), parameters)
        try:
            yield bool(got)
        finally:
            if got:
                connection.execute(text("SELECT pg_advisory_unlock(:lock, :key)"), parameters)
