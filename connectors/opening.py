"""From a source's YAML to its reader: the only place that chooses a transport and resolves secrets.

Decides what `env:NAME` and `file:path` stand for. Reading starts later; nothing is connected here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

import sqlalchemy as sa

from connectors.connection import FileFormat, FilesConnection, SqlConnection
from connectors.contract import BATCH_ROWS, ROW_NUMBER, Reader
from connectors.readers.delimited import Delimited
from connectors.readers.files import FilesReader, is_pattern, local_or_url
from connectors.readers.fixed_width import FixedWidth
from connectors.readers.formats import Format
from connectors.readers.jsonl import JsonLines
from connectors.readers.numbered import NumberedRows
from connectors.readers.parquet import Parquet
from connectors.readers.sql import SqlReader, resolve_sqlite
from connectors.source import SourceBody
from hub.domain.errors import SourceUnreadable

Secrets: TypeAlias = Callable[[str], str | None]
"""Gives the secret of a name, None where there is none. Wiring hands in the environment's."""


def open_reader(
    source: SourceBody, base_folder: Path, secrets: Secrets, batch_rows: int = BATCH_ROWS
) -> Reader:
    """The reader of a source; relative paths start at `base_folder`, the folder of its YAML.

    Raises SourceUnreadable (secret_missing). batch_rows: rows per batch at most.
    """
    if isinstance(source.connection, SqlConnection):
        return _sql_reader(source, source.connection, base_folder, secrets, batch_rows)
    return _files_reader(source, source.connection, base_folder, batch_rows)


def _files_reader(
    source: SourceBody, connection: FilesConnection, base_folder: Path, batch_rows: int
) -> Reader:
    path = local_or_url(connection.path, base_folder)
    file_format = FORMATS[connection.resolved_format](source, connection)
    many = is_pattern(connection.path)
    reader = FilesReader(source.id, path, file_format, batch_rows, is_pattern=many)
    return NumberedRows(reader, with_location=many) if source.numbers_rows else reader


def _sql_reader(
    source: SourceBody,
    connection: SqlConnection,
    base_folder: Path,
    secrets: Secrets,
    batch_rows: int,
) -> Reader:
    text = _resolve(source.id, connection.url, base_folder, secrets)
    try:
        url = resolve_sqlite(sa.make_url(text), base_folder)
    except (sa.exc.ArgumentError, ValueError):
        url = None
    if url is None:
        # Outside the block above: SQLAlchemy's message repeats the URL, password and all.
        raise SourceUnreadable(source.id, "unreachable", "the secret is not a database URL")
    return SqlReader(source.id, url, connection, source.key, batch_rows)


def _resolve(source: str, reference: str, base_folder: Path, secrets: Secrets) -> str:
    """The text behind env:NAME or file:path; anything else stands for itself."""
    kind, _, name = reference.partition(":")
    if kind == "env":
        secret = secrets(name)
    elif kind == "file":
        path = base_folder / name
        secret = path.read_text("utf-8").strip() if path.is_file() else None
    else:
        return reference
    if not secret:
        raise SourceUnreadable(source, "secret_missing", reference)
    return secret


def _delimited(_: SourceBody, connection: FilesConnection) -> Format:
    return Delimited(connection.delimiter, connection.quote, connection.encoding)


def _fixed_width(_: SourceBody, connection: FilesConnection) -> Format:
    return FixedWidth(connection.columns or [], connection.encoding)


def _json_lines(source: SourceBody, _: FilesConnection) -> Format:
    named = [*source.columns_used, *source.contract.columns]
    wanted = [name for name in named if name != ROW_NUMBER]
    return JsonLines(wanted, source.contract.unknown_columns == "refuse")


FORMATS: Mapping[FileFormat, Callable[[SourceBody, FilesConnection], Format]] = MappingProxyType(
    {
        FileFormat.CSV: _delimited,
        FileFormat.PARQUET: lambda _, __: Parquet(),
        FileFormat.JSONL: _json_lines,
        FileFormat.FIXED_WIDTH: _fixed_width,
    }
)
