"""A source of files: one, or all that match a pattern, in the order of their names.

Decides which files there are, that they fit together, and what a cursor into them means. How rows
stand in one file is the format's.
"""

from __future__ import annotations

import glob
import hashlib
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import fsspec

from connectors.contract import BATCH_ROWS, Batch, Cursor, CursorStale, SourceSchema
from connectors.readers.formats import Format, Head, OpenFile, Position
from hub.domain.errors import SourceUnreadable

SIGNS = re.compile(r"\[[*?\[]\]|([*?\[])")
"""The signs of a pattern, as group 1; [*] [?] [[] are how glob.escape writes them as plain text."""


@dataclass(frozen=True, slots=True)
class _File:
    """One file: where it is, what messages call it, its size and age as text."""

    system: fsspec.AbstractFileSystem
    path: str
    location: str
    stamp: str


class FilesReader:
    """Rows of files, read as streams. `path` is absolute, or a URL fsspec knows, or (is_pattern)
    a pattern of these.

    A cursor names a file and the position in it, with a digest of the size and age of that file and
    all before it: files that sort after it may be added, anything else makes it stale.
    """

    def __init__(
        self,
        source: str,
        path: str,
        file_format: Format,
        batch_rows: int = BATCH_ROWS,
        *,
        is_pattern: bool = False,
    ) -> None:
        self._source = source
        self._path = path
        self._is_pattern = is_pattern
        self._format = file_format
        self._batch_rows = batch_rows

    def describe(self) -> SourceSchema:
        """The columns all files share, and notes on files without rows."""
        files = self._list()
        heads = [self._head(file) for file in files]
        for file, head in zip(files, heads, strict=True):
            self._check_same(heads[0], head, file)
        notes = tuple(
            f"{file.location}: no rows"
            for file, head in zip(files, heads, strict=True)
            if not head.has_rows
        )
        return SourceSchema(heads[0].columns, self._format.is_complete, notes)

    def read(self, since: Cursor | None) -> Iterator[Batch]:
        """Batches of one file after the other; no batch spans two."""
        files = self._list()
        if since is None:
            return self._batches(files, 0, None)
        index, position = self._find(files, since)
        return self._batches(files, index, position)

    def _batches(
        self, files: list[_File], index: int, position: Position | None
    ) -> Iterator[Batch]:
        first = self._head(files[0])
        columns = self._format.row_columns(first.columns)
        for number in range(index, len(files)):
            file = files[number]
            head = self._head(file)
            self._check_same(first, head, file)
            digest = _digest(files[: number + 1])
            start = head.start if position is None else position
            position = None
            with self._open(file) as opened:
                for chunk in self._format.chunks(opened, columns, start, self._batch_rows):
                    cursor: Cursor = {
                        "files": digest,
                        "file": file.location,
                        "position": chunk.position,
                    }
                    yield Batch(
                        columns,
                        chunk.rows,
                        chunk.row_numbers,
                        file.location,
                        cursor,
                        chunk.rejected,
                    )

    def _list(self) -> list[_File]:
        with self._translated(self._path_name):
            system, path = self._connect()
            found = sorted(system.glob(path)) if self._is_pattern else [path]
            root = _fixed_folder(path) if self._is_pattern else path[: path.rfind("/") + 1]
            files = []
            for one in found:
                info = system.info(one)
                if info["type"] == "file":
                    age = info.get("mtime") or info.get("LastModified") or info.get("ETag")
                    location, stamp = one.removeprefix(root), f"{info['size']} {age}"
                    files.append(_File(system, one, location, stamp))
        if not files:
            raise SourceUnreadable(self._source, "not_found", self._path_name)
        return files

    def _connect(self) -> tuple[fsspec.AbstractFileSystem, str]:
        try:
            system, path = fsspec.core.url_to_fs(self._path)
        except (ImportError, ValueError) as error:
            # fsspec knows no such protocol, or its driver is not installed.
            raise SourceUnreadable(self._source, "driver_missing", self._path_name) from error
        return system, path

    @property
    def _path_name(self) -> str:
        """The last part of the path, for messages: a URL's host and user are nobody's business."""
        return self._path.rpartition("/")[2]

    def _head(self, file: _File) -> Head:
        with self._open(file) as opened:
            return self._format.head(opened)

    def _check_same(self, first: Head, head: Head, file: _File) -> None:
        if self._format.is_complete and head.columns != first.columns:
            raise SourceUnreadable(self._source, "columns_differ", file.location)

    def _find(self, files: list[_File], since: Cursor) -> tuple[int, Position]:
        names = [file.location for file in files]
        name, position = since.get("file"), since.get("position")
        if name not in names or not isinstance(position, dict):
            raise CursorStale(self._source, "its file is gone")
        index = names.index(str(name))
        if since.get("files") != _digest(files[: index + 1]):
            raise CursorStale(self._source, f"{name}, or a file before it, has changed")
        return index, position

    @contextmanager
    def _open(self, file: _File) -> Iterator[OpenFile]:
        with self._translated(file.location):
            compression = "gzip" if file.path.lower().endswith(".gz") else None
            with file.system.open(file.path, "rb", compression=compression) as stream:
                yield OpenFile(stream, self._source, file.location)

    @contextmanager
    def _translated(self, location: str) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError:
            raise SourceUnreadable(self._source, "not_found", location) from None
        except (OSError, EOFError, zlib.error) as error:
            detail = f"{location}: {type(error).__name__}"
            raise SourceUnreadable(self._source, "read_failed", detail) from error


def is_pattern(path: str) -> bool:
    """Whether the path names files by a pattern."""
    return any(sign[1] for sign in SIGNS.finditer(path))


def local_or_url(path: str, base_folder: Path) -> str:
    """A path beside the YAML as an absolute one; a URL as it is."""
    if "://" in path:
        return path
    folder = str(base_folder.absolute())
    # The folder's own name is never part of the pattern.
    return str(Path(glob.escape(folder) if is_pattern(path) else folder) / path)


def _fixed_folder(pattern: str) -> str:
    """The folder before the pattern's first sign, as a plain path."""
    first = next(sign.start() for sign in SIGNS.finditer(pattern) if sign[1])
    folder = pattern[: pattern.rfind("/", 0, first) + 1]
    return SIGNS.sub(lambda escaped: escaped[0][1], folder)


def _digest(files: list[_File]) -> str:
    text = "\n".join(f"{file.location} {file.stamp}" for file in files)
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
