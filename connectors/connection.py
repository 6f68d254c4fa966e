"""Where a source's rows are: the YAML under `connection`.

Decides which files and databases can be named, and that no password stands in a document. Connecting
is opening.py's and the readers'.
"""

from __future__ import annotations

import codecs
from enum import StrEnum
from typing import Annotated, Literal, TypeAlias
from urllib.parse import urlsplit

import sqlalchemy
from pydantic import AfterValidator, Discriminator, Field, Tag, field_validator, model_validator

from connectors.steps import ColumnName, Strict

CREDENTIALS_FOUND = "holds a password: refer to the whole URL as env:NAME or file:path"
SECRET_WORDS = ("password", "passwd", "pwd", "secret", "token")


class FileFormat(StrEnum):
    """How rows stand in a file."""

    CSV = "csv"
    PARQUET = "parquet"
    JSONL = "jsonl"
    FIXED_WIDTH = "fixed_width"


EXTENSIONS = {
    ".csv": FileFormat.CSV,
    ".txt": FileFormat.CSV,
    ".tsv": FileFormat.CSV,
    ".parquet": FileFormat.PARQUET,
    ".pq": FileFormat.PARQUET,
    ".jsonl": FileFormat.JSONL,
    ".ndjson": FileFormat.JSONL,
}


class FixedColumn(Strict):
    """A column of a fixed-width file: `start` counts characters from 1."""

    name: ColumnName
    start: Annotated[int, Field(ge=1)]
    width: Annotated[int, Field(ge=1)]


def _without_password(text: str) -> str:
    """Refuse a URL that carries a secret. Never repeats the URL."""
    try:
        parts = urlsplit(text)
        secret = bool(parts.password) or any(
            f"{word}=" in parts.query.lower() for word in SECRET_WORDS
        )
    except ValueError:
        raise ValueError("not a URL or path") from None
    if secret:
        raise ValueError(CREDENTIALS_FOUND)
    return text


def _database_url(text: str) -> str:
    if text.startswith(("env:", "file:")):
        if not text.partition(":")[2]:
            raise ValueError("names no secret after the colon")
        return text
    try:
        password: object = sqlalchemy.make_url(text).password
    except (sqlalchemy.exc.ArgumentError, ValueError):
        raise ValueError("not a database URL, env:NAME or file:path") from None
    if password is not None:
        raise ValueError(CREDENTIALS_FOUND)
    return _without_password(text)


class FilesConnection(Strict):
    """One file, or all that match a pattern; relative to the folder of the YAML."""

    type: Literal["files"]
    path: Annotated[str, Field(min_length=1), AfterValidator(_without_password)]
    format: FileFormat | None = None
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    quote: Annotated[str, Field(min_length=1, max_length=1)] | None = '"'
    encoding: str = "utf-8"
    columns: Annotated[list[FixedColumn], Field(min_length=1)] | None = None

    @field_validator("encoding")
    @classmethod
    def _ascii_compatible(cls, name: str) -> str:
        # Lines are found as bytes, so that a cursor can be a byte offset: UTF-16 cannot be read so.
        signs = "\n\r,;|\t\"'0aZ"
        try:
            encoded = codecs.lookup(name).encode(signs)[0]
        except (LookupError, TypeError, ValueError):
            encoded = b""
        if encoded not in (signs.encode("ascii"), codecs.BOM_UTF8 + signs.encode("ascii")):
            raise ValueError("unknown, or not an encoding that extends ASCII")
        return name

    @model_validator(mode="after")
    def _fits_format(self) -> FilesConnection:
        if (self.columns is not None) != (self.resolved_format is FileFormat.FIXED_WIDTH):
            raise ValueError(
                "columns with start and width go with format: fixed_width, and only there"
            )
        if self.delimiter == self.quote:
            raise ValueError("delimiter and quote must differ")
        return self

    @property
    def resolved_format(self) -> FileFormat:
        """The format stated, or the one the file's extension stands for."""
        if self.format is not None:
            return self.format
        name = self.path.lower().removesuffix(".gz")
        found = next((kind for end, kind in EXTENSIONS.items() if name.endswith(end)), None)
        if found is None:
            raise ValueError("the extension does not tell the format: state `format`")
        return found


class SqlConnection(Strict):
    """A table or a query of a database, read in the order of its key."""

    type: Literal["sql"]
    url: Annotated[str, AfterValidator(_database_url)]
    table: ColumnName | None = None
    query: ColumnName | None = None
    cursor: ColumnName | None = None

    @model_validator(mode="after")
    def _one_origin(self) -> SqlConnection:
        if (self.table is None) == (self.query is None):
            raise ValueError("needs exactly one of table and query")
        return self


def _connection_tag(value: object) -> str | None:
    if isinstance(value, FilesConnection | SqlConnection):
        return f"<{value.type}>"
    kind = value.get("type") if isinstance(value, dict) else None
    return f"<{kind}>" if kind in ("files", "sql") else None


Connection: TypeAlias = Annotated[
    Annotated[FilesConnection, Tag("<files>")] | Annotated[SqlConnection, Tag("<sql>")],
    Discriminator(
        _connection_tag,
        custom_error_type="unknown_type",
        custom_error_message="needs a type: files or sql",
    ),
]
