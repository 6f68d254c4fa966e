"""The log as JSON lines, for an auditor: a header, every checkpoint, then a row for each number.

Each line is canonical JSON (RFC 8785), so a line altered in any byte is another line or none. What the
lines mean is written down once more, for readers without this code, in consent/log/verify.py.
"""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any, Final

from consent.log.checkpoint import Note
from consent.log.entry import Entry

FORMAT: Final = "constituent-hub/log-export/1"

_ENCODE: Final = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), sort_keys=True, allow_nan=False
).encode


def header_line(origin: str) -> bytes:
    """The first line: format and the log's name."""
    return canonical({"export": FORMAT, "origin": origin}) + b"\n"


def checkpoint_line(note: Note | str) -> bytes:
    """A checkpoint, signatures and all, as it rests. All stand before the first row, in any order."""
    return canonical({"checkpoint": str(note)}) + b"\n"


def row_line(number: int | None, leaf: bytes | None, entry: Entry | None) -> bytes:
    """One row of the full outer join of leaves and entries, in the order of their numbers.

    An entry without a leaf has no number, and stands last; entries still pending are not exported.
    """
    parts: dict[str, Any] = {"number": number}
    if leaf is not None:
        parts["leaf"] = _base64(leaf)
    if entry is not None:
        parts |= entry_parts(entry)
    return canonical(parts) + b"\n"


def entry_parts(entry: Entry) -> dict[str, str]:
    """An entry as it stands in a row, and in a proof's extra line: erased ones with the digest alone.

    Account and subject stand as texts, not as objects: what is read is then the very bytes hashed.
    """
    parts = {"account": entry.account.decode("utf-8")}
    if entry.subject is None or entry.nonce is None:
        return parts | {"subject_digest": _base64(entry.subject_digest)}
    return parts | {"nonce": _base64(entry.nonce), "subject": entry.subject.decode("utf-8")}


def canonical(value: object) -> bytes:
    """RFC 8785 bytes of strings, whole numbers, lists, null, and objects with ASCII names."""
    return _ENCODE(value).encode("utf-8")


def _base64(content: bytes) -> str:
    return b64encode(content).decode("ascii")
