"""The connection to PostgreSQL: one engine, transactions, and the checks made before the first of them.

Decides nothing about rows. Journeys open a transaction here and hand its connection to the other
modules of this package.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from psycopg import Connection as DriverConnection
from psycopg.pq import PipelineStatus
from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    any_,
    bindparam,
    create_engine,
    insert,
    inspect,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.pool import NullPool

from hub.domain.errors import DatabaseUnreachable, MigrationBehind
from hub.store.tables import Installation

#: The newest migration; tests/architecture holds it equal to the newest file.
SCHEMA_HEAD = "0009"

#: Advisory lock numbers, one per thing that must happen once at a time (docs/architecture.md).
LOCK_LINK = 0x4855_4201
LOCK_LOAD = 0x4855_4202
LOCK_PARTITION = 0x4855_4203
LOCK_EVENTS = 0x4855_4204
LOCK_POLICY = 0x4855_4205
LOCK_SUBJECT = 0x4855_4206
LOCK_LOG = 0x4855_4207
LOCK_AGENCY_FEED = 0x4855_4208
LOCK_JOBS = 0x4855_4209

_COPY_HEADER_BYTES = 19
_PATIENCE_STEP_S = 0.02
_COPY_TRAILER_BYTES = 2


def connect(url: str, *, pool_size: int = 4) -> Engine:
    """An engine on `url`; nothing is sent before the first transaction. pool_size 0 keeps no connection.

    Statement logging stays off: SQLAlchemy would echo parameters, and parameters are people.
    """
    pool: dict[str, Any] = {"pool_size": pool_size} if pool_size else {"poolclass": NullPool}
    return create_engine(url, hide_parameters=True, connect_args={"connect_timeout": 10}, **pool)


def _connected(engine: Engine) -> Connection:
    try:
        return engine.connect()
    except OperationalError as error:
        # Only where, never the whole URL: its query part may hold a password too.
        url = engine.url
        place = url.host or url.query.get("host") or "the local socket"
        raise DatabaseUnreachable(
            f"PostgreSQL does not answer at {place}, database {url.database}"
        ) from error


@contextmanager
def transaction(engine: Engine) -> Iterator[Connection]:
    """One transaction: committed when the block ends, rolled back when it raises.

    Raises DatabaseUnreachable when no connection can be had.
    """
    with _connected(engine) as connection, connection.begin():
        yield connection


@contextmanager
def open_transaction(engine: Engine) -> Iterator[Connection]:
    """As `transaction`, but `begin` is to be sent first of all, and `commit` may be sent last.

    Each travels with statements of the caller's then, where otherwise it takes a round trip of its own.
    """
    with _connected(engine) as connection:
        raw = driver(connection)
        # Else psycopg would send BEGIN for itself, and wait for its answer.
        raw.autocommit = True
        try:
            with connection.begin():
                yield connection
        finally:
            if not raw.closed:
                raw.autocommit = False


@contextmanager
def each_alone(engine: Engine) -> Iterator[Connection]:
    """A connection whose every statement is a transaction of its own: for a single one, a round trip instead of three."""
    with _connected(engine) as connection:
        raw = driver(connection)
        raw.autocommit = True
        try:
            yield connection
        finally:
            if not raw.closed:
                raw.autocommit = False


def begin(connection: Connection) -> None:
    """Begin the transaction of an `open_transaction`, with whatever else the pipeline sends."""
    _BEGIN.send(connection)


def commit(connection: Connection) -> None:
    """Commit with the pipeline's last statements; where one of them fails, nothing is committed."""
    _COMMIT.send(connection)


@contextmanager
def snapshot(engine: Engine, shared: str | None = None) -> Iterator[Connection]:
    """A read-only transaction that sees one moment: of its own, or the one another has shared.

    shared: what `share_snapshot` gave, while that transaction is open.
    """
    with _connected(engine) as raw:
        connection = raw.execution_options(isolation_level="REPEATABLE READ")
        with connection.begin():
            connection.execute(text("SET TRANSACTION READ ONLY"))
            if shared is not None:
                # A snapshot's name is no value a parameter may stand for; it is PostgreSQL's own.
                connection.execute(text(f"SET TRANSACTION SNAPSHOT '{shared}'"))
            yield connection


@contextmanager
def alone_in_a_snapshot(engine: Engine, lock: int) -> Iterator[Connection]:
    """A transaction all of which sees one moment, under an advisory lock that was taken before that moment.

    A lock taken inside would come too late: the snapshot would be of before the wait. Raises psycopg's
    SerializationFailure, bare or as SQLAlchemy's, where it writes what others wrote since: do it over.
    """
    with _connected(engine) as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.execute(text("SELECT pg_advisory_lock(:lock, 0)"), {"lock": lock})
        connection.commit()
        try:
            connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                yield connection
        finally:
            if not driver(connection).closed:
                connection.execution_options(isolation_level="AUTOCOMMIT")
                connection.execute(text("SELECT pg_advisory_unlock(:lock, 0)"), {"lock": lock})


def share_snapshot(connection: Connection) -> str:
    """The name under which other transactions can see what this one sees, as long as it is open."""
    name: str = connection.execute(text("SELECT pg_export_snapshot()")).scalar_one()
    return name


def among(
    column: InstrumentedAttribute[Any] | ColumnElement[Any], values: Sequence[Any]
) -> ColumnElement[bool]:
    """`column = ANY(values)`: one array parameter. IN makes one of each value, and 65,535 are the most."""
    return column == any_(bindparam(None, list(values), type_=ARRAY(column.type)))


def read_fixed(
    connection: Connection, query: str, types: Sequence[str]
) -> dict[str, npt.NDArray[Any]]:
    """A query's columns as arrays, by the names its types have: `["tag:i8", "rule:i2"]`.

    Read as one binary COPY and laid under a numpy type, about 0.2 us a row: for millions of rows of
    fixed width without nulls. query: of our own making, without parameters.
    """
    names = [item.partition(":")[0] for item in types]
    layout = [("fields", ">i2")]
    for item in types:
        name, _, kind = item.partition(":")
        layout += [(f"length of {name}", ">i4"), (name, f">{kind}")]
    buffer = bytearray()
    with (
        driver(connection).cursor() as cursor,
        cursor.copy(f"COPY ({query}) TO STDOUT (FORMAT binary)") as copy,
    ):
        for part in copy:
            buffer += part
    body = memoryview(buffer)[_COPY_HEADER_BYTES : len(buffer) - _COPY_TRAILER_BYTES]
    rows = np.frombuffer(body, dtype=np.dtype(layout))
    return {name: rows[name].astype(rows[name].dtype.newbyteorder("=")) for name in names}


def driver(connection: Connection) -> DriverConnection[tuple[object, ...]]:
    """The psycopg connection below `connection`, for COPY inside the same transaction."""
    raw = connection.connection.driver_connection
    if not isinstance(raw, DriverConnection):
        raise TypeError("the engine is not one of psycopg's")
    return raw


class Statement:
    """SQL that a single change sends: prepared, with a cursor of its own that stays with each connection.

    To make a cursor and find out how its values are written and read costs more than a short statement
    runs. A cursor holds one answer: in a pipeline, a statement whose answer matters is sent once.
    """

    def __init__(self, sql: str) -> None:
        # psycopg knows again what it has prepared by the object it is given.
        self._sql = sql.encode()

    def send(
        self, connection: Connection, values: Sequence[Any] | Mapping[str, Any] | None = None
    ) -> Any:
        """Send it; the cursor it is answered in, in binary."""
        cursors = connection.info.setdefault(Statement, {})
        cursor = cursors.get(self)
        if cursor is None:
            cursor = cursors[self] = driver(connection).cursor(binary=True)
        return cursor.execute(self._sql, values, prepare=True)


_BEGIN: Final = Statement("BEGIN")
_COMMIT: Final = Statement("COMMIT")


@contextmanager
def pipelined(connection: Connection) -> Iterator[None]:
    """Send the block's statements without waiting for each answer; an error of any is raised at its end.

    Within another such block it is part of that one.
    """
    if is_pipelined(connection):
        # psycopg would wait here for all that is under way.
        yield
        return
    with driver(connection).pipeline():
        yield


def int_array(numbers: Iterable[int]) -> str:
    """Integers as PostgreSQL writes an array, for a parameter that the statement casts.

    psycopg looks at each element of a list to find its type, which costs more than a short statement runs.
    """
    return "{" + ",".join(map(str, numbers)) + "}"


def is_pipelined(connection: Connection) -> bool:
    """Whether a pipeline is open, in which COPY is not possible."""
    return driver(connection).pgconn.pipeline_status != PipelineStatus.OFF


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


def share_in_transaction(connection: Connection, lock: int, key: int = 0) -> bool:
    """Share an advisory lock until the transaction ends; False, at once, while a session holds it alone."""
    return bool(
        connection.scalar(
            text("SELECT pg_try_advisory_xact_lock_shared(:lock, :key)"), {"lock": lock, "key": key}
        )
    )


@contextmanager
def held_lock(
    engine: Engine, lock: int, key: int = 0, *, patience_s: float = 0.0
) -> Iterator[bool]:
    """Hold a session's advisory lock over several transactions; False when another session has it.

    patience_s: how long to ask again, where others hold it for moments only.
    """
    with _connected(engine) as raw:
        connection = raw.execution_options(isolation_level="AUTOCOMMIT")
        parameters = {"lock": lock, "key": key}
        ends = time.monotonic() + patience_s
        while True:
            got = connection.scalar(text("SELECT pg_try_advisory_lock(:lock, :key)"), parameters)
            if got or time.monotonic() >= ends:
                break
            time.sleep(_PATIENCE_STEP_S)
        try:
            yield bool(got)
        finally:
            if got:
                connection.execute(text("SELECT pg_advisory_unlock(:lock, :key)"), parameters)
