"""A table or query of a database, streamed in the order of its key.

Decides order, resumption and how a foreign database is touched: read-only, one statement, a
server-side cursor. Drivers' messages quote rows and URLs, so none is passed on, not even as cause.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.exc import NoSuchModuleError, SQLAlchemyError

from connectors.connection import SqlConnection
from connectors.contract import BATCH_ROWS, Batch, Cursor, CursorStale, Row, SourceSchema
from connectors.readers.progress import Progress
from hub.domain.errors import SourceUnreadable

T = TypeVar("T")

CONNECT_TIMEOUT_S = 10
"""An agency's database that takes longer to answer is down, for a load's purposes."""

TIMEOUT_DIALECTS = ("postgresql", "mysql", "mariadb")
READ_ONLY_DIALECTS = ("mysql", "mariadb")
READ_ONLY_STATEMENT = "SET SESSION TRANSACTION READ ONLY"


class SqlReader:
    """Rows of one table or query.

    order: the key's columns, preceded by the cursor column of an incremental source. Rows where one
    of these is null come last; an incremental source gives them on every run, for nothing tells
    whether they are new. url: resolved, with its password.
    """

    def __init__(
        self,
        source: str,
        url: sa.URL,
        connection: SqlConnection,
        key: Sequence[str],
        batch_rows: int = BATCH_ROWS,
    ) -> None:
        self._source = source
        self._url = url
        self._origin = _origin(connection)
        self._location = connection.table or "query"
        self._follows = connection.cursor is not None
        self._order = [*([connection.cursor] if connection.cursor else []), *key]
        self._batch_rows = batch_rows

    def describe(self) -> SourceSchema:
        """The columns, without reading a row."""
        with closing(self._connect()) as connection:
            return SourceSchema(self._columns(connection))

    def read(self, since: Cursor | None) -> Iterator[Batch]:
        """Batches in the order of the key, as one snapshot where the database can."""
        return self._batches(Progress(self._order) if since is None else self._resume(since))

    def _resume(self, since: Cursor) -> Progress:
        progress = Progress.from_cursor(since)
        if progress is None or progress.order != self._order:
            raise CursorStale(self._source, "its key or cursor column is another now")
        return progress

    def _batches(self, progress: Progress) -> Iterator[Batch]:
        with closing(self._connect()) as connection:
            columns = self._columns(connection)
            for name in self._order:
                if name not in columns:
                    raise SourceUnreadable(self._source, "missing_column", name)
            positions = [columns.index(name) for name in self._order]
            if not progress.nulls:
                for fetched in self._fetch(connection, self._ordered(progress), 0):
                    rows = progress.without_seen(fetched, positions)
                    if rows:
                        # Before trimming: a cursor must compare as the database's own value does.
                        progress.advance(rows, positions)
                        yield self._batch(columns, rows, progress)
            for rows in self._fetch(connection, self._unordered(), progress.nulls):
                progress.row += len(rows)
                progress.nulls += 0 if self._follows else len(rows)
                yield self._batch(columns, rows, progress)

    def _batch(self, columns: tuple[str, ...], rows: list[Row], progress: Progress) -> Batch:
        numbers = range(progress.row - len(rows) + 1, progress.row + 1)
        cursor = self._attempt("read_failed", progress.cursor)
        return Batch(columns, [_trimmed(row) for row in rows], numbers, self._location, cursor)

    def _fetch(
        self,
        connection: sa.Connection,
        statement: sa.Select[Any],
        skip: int,
    ) -> Iterator[list[Row]]:
        """The statement's rows by batches, as they are, without the first `skip`."""
        streamed = connection.execution_options(yield_per=self._batch_rows)
        result = self._attempt("read_failed", lambda: streamed.execute(statement))
        with closing(result):
            partitions = result.partitions()
            while part := self._attempt("read_failed", lambda: next(partitions, None)):
                rows = [tuple(row) for row in part[skip:]]
                skip = max(0, skip - len(part))
                if rows:
                    yield rows

    def _ordered(self, progress: Progress) -> sa.Select[Any]:
        columns = self._order_columns()
        statement = self._select().where(*[column.is_not(None) for column in columns])
        if progress.after is not None:
            statement = statement.where(_not_before(columns, progress.after))
        return statement.order_by(*columns)

    def _unordered(self) -> sa.Select[Any]:
        columns = self._order_columns()
        # Rows without a key cannot be told apart: an interrupted load may reject one of them twice.
        return self._select().where(sa.or_(*[column.is_(None) for column in columns]))

    def _select(self) -> sa.Select[Any]:
        return sa.select(sa.text("*")).select_from(self._origin)

    def _order_columns(self) -> list[sa.ColumnClause[object]]:
        return [sa.column(name) for name in self._order]

    def _columns(self, connection: sa.Connection) -> tuple[str, ...]:
        statement = self._select().where(sa.false())
        names = self._attempt("query_refused", lambda: tuple(connection.execute(statement).keys()))
        for name in names:
            if names.count(name) > 1:
                raise SourceUnreadable(self._source, "duplicate_column", name)
        return names

    def _connect(self) -> sa.Connection:
        engine = self._attempt("driver_missing", self._engine)
        return self._attempt("unreachable", lambda: _read_only(engine.connect()))

    def _engine(self) -> sa.Engine:
        dialect = self._url.get_backend_name()
        arguments: dict[str, object] = {}
        if dialect in TIMEOUT_DIALECTS and "connect_timeout" not in self._url.query:
            arguments["connect_timeout"] = CONNECT_TIMEOUT_S
        return sa.create_engine(
            self._url, hide_parameters=True, poolclass=sa.NullPool, connect_args=arguments
        )

    def _attempt(self, rule: str, call: Callable[[], T]) -> T:
        """Run the call; a driver's error becomes SourceUnreadable with the rule and its class name."""
        try:
            return call()
        except (NoSuchModuleError, ImportError) as error:
            rule, kind = "driver_missing", type(error).__name__
        except (SQLAlchemyError, ValueError, TypeError, OverflowError, OSError) as error:
            kind = type(error).__name__
        # Outside the except blocks, so that the driver's error is not even the context of this one.
        raise SourceUnreadable(self._source, rule, f"{_place(self._url)}: {kind}")


def resolve_sqlite(url: sa.URL, base_folder: Path) -> sa.URL:
    """An SQLite file beside the YAML, opened read-only: SQLite would create a missing one."""
    database = url.database
    if url.get_backend_name() != "sqlite" or database in (None, "", ":memory:"):
        return url
    path = quote(str((base_folder / str(database).removeprefix("file:")).absolute()))
    return url.set(database=f"file:{path}").update_query_dict({"mode": "ro", "uri": "true"})


def _origin(connection: SqlConnection) -> sa.FromClause:
    if connection.table is not None:
        schema, _, name = connection.table.rpartition(".")
        return sa.table(name, schema=schema or None)
    query = (connection.query or "").strip().rstrip(";")
    # A colon in the query is the query's own, never a parameter of ours.
    return sa.text(query.replace(":", r"\:")).columns().subquery("source_rows")


def _not_before(
    columns: list[sa.ColumnClause[object]], values: list[object]
) -> sa.ColumnElement[bool]:
    """The columns, in order, not before the values: (a, b) >= (x, y), spelled out for every dialect."""
    # NullType: a typed parameter would be cast, and a moment lose its time zone on the way.
    bound = [sa.bindparam(None, value, sa.types.NullType(), unique=True) for value in values]
    alternatives = []
    for last in range(len(columns)):
        equal = [columns[i] == bound[i] for i in range(last)]
        is_final = last == len(columns) - 1
        beyond = columns[last] >= bound[last] if is_final else columns[last] > bound[last]
        alternatives.append(sa.and_(*equal, beyond))
    return sa.and_(columns[0] >= bound[0], sa.or_(*alternatives))


def _read_only(connection: sa.Connection) -> sa.Connection:
    dialect = connection.dialect.name
    if dialect == "postgresql":
        return connection.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
    if dialect in READ_ONLY_DIALECTS:
        connection.exec_driver_sql(READ_ONLY_STATEMENT)
        connection.commit()
    return connection


def _trimmed(row: Sequence[object]) -> Row:
    return tuple([(v.strip() or None) if isinstance(v, str) else v for v in row])


def _place(url: sa.URL) -> str:
    """What may be told of a URL: no user, no password, no parameters."""
    if url.host is None:
        return url.get_backend_name()
    return f"{url.get_backend_name()} at {url.host}" + (f":{url.port}" if url.port else "")
