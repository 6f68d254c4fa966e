"""What a thief of the database and of the root key reads: all in the clear, and every blob that opens.

The contexts that blobs are bound to are written down here once more: a blob that this finds nothing in is one that
a test holds against what it found before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, text

from hub.domain.errors import SealBroken
from hub.journeys.context import Hub
from hub.store import database
from hub.vault.keyring import Purpose, RootKey
from hub.vault.sealing import RecordSealer, SubjectSealer, ValueSealer

Row = dict[str, Any]

_CLASSES: Final = ("core", "contact", "sensitive", "match")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
#: Frequencies of values among thousands are of nobody, and a published model is kept as it was.
_OF_NOBODY: Final = "models"


def everything(hub: Hub) -> bytes:
    """Every cell of every table, and after them whatever opens."""
    with database.transaction(hub.engine) as connection:
        tables = connection.scalars(
            text("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        ).all()
        rows = {table: _rows(connection, table) for table in tables if table != _OF_NOBODY}
    cells = [cell for found in rows.values() for row in found for cell in row.values()]
    clear = [cell if isinstance(cell, bytes) else str(cell).encode() for cell in cells]
    return b"\n".join([*clear, *_opened(hub.keys, rows)]).lower()


def finds(everything_: bytes, value: str) -> bool:
    """Whether a value stands there, in whatever case."""
    return value.lower().encode() in everything_


def _rows(connection: Connection, table: str) -> list[Row]:
    return [dict(row) for row in connection.execute(text(f'SELECT * FROM "{table}"')).mappings()]


def _opened(keys: RootKey, rows: dict[str, list[Row]]) -> Iterator[bytes]:
    yield from _records(keys, rows)
    yield from _values(keys, rows)
    yield from _of_subjects(keys, rows)


def _records(keys: RootKey, rows: dict[str, list[Row]]) -> Iterator[bytes]:
    sealer = RecordSealer(keys)
    wrapped = {row["record_id"]: row["wrapped_key"] for row in rows["record_keys"]}
    for row in rows["records"]:
        blobs = {name: row[name] for name in _CLASSES if row[name] is not None}
        # Where its own key is gone, each of the others is tried.
        own = wrapped.get(row["id"])
        for key in wrapped.values() if own is None else (own,):
            with suppress(SealBroken):
                yield from sealer.open(row["id"], row["version"], key, blobs).values()


def _values(keys: RootKey, rows: dict[str, list[Row]]) -> Iterator[bytes]:
    for table, column, purpose, context in (
        ("quarantine", "sealed_row", Purpose.QUARANTINE, lambda row: row["content_hash"]),
        ("sources", "cursor", Purpose.CURSOR, lambda row: row["name"].encode()),
        ("sources", "watermark", Purpose.CURSOR, lambda row: row["name"].encode()),
        (
            "judgements",
            "sealed_reason",
            Purpose.STEWARDSHIP,
            lambda row: b"judgement" + row["act_id"].bytes,
        ),
        (
            "objections",
            "sealed_reason",
            Purpose.STEWARDSHIP,
            lambda row: b"objection" + _moment(row["made_at"]),
        ),
        (
            "pins",
            "sealed_reason",
            Purpose.STEWARDSHIP,
            lambda row: b"pin" + row["key_hash"] + row["attribute"].encode(),
        ),
        ("disclosures", "sealed_subject", Purpose.DISCLOSURE, lambda row: row["subject_digest"]),
        ("notices", "sealed", Purpose.NOTICE, lambda row: b"notice" + row["id"].to_bytes(8, "big")),
    ):
        sealer = ValueSealer(keys, purpose)
        for row in rows[table]:
            yield from _tried(sealer, context(row), row[column])


def _of_subjects(keys: RootKey, rows: dict[str, list[Row]]) -> Iterator[bytes]:
    sealers = {
        row["subject_hash"]: SubjectSealer(keys, row["subject_hash"], row["wrapped_key"])
        for row in rows["subject_keys"]
    }
    for table, column, prefix in (
        ("consent_events", "sealed", b"consent"),
        ("representations", "sealed", b"representation"),
        ("restrictions", "sealed", b"restriction"),
        ("corrections", "sealed", b"correction"),
        ("corrections", "sealed_note", b"correction note"),
        ("disclosures", "sealed_subject", None),
    ):
        for row in rows[table]:
            context = (
                row["subject_digest"] if prefix is None else prefix + row["id"].to_bytes(8, "big")
            )
            for sealer in _of(sealers, row["subject_hash"]):
                yield from _tried(sealer, context, row[column])


def _of(sealers: dict[bytes, SubjectSealer], subject: bytes | None) -> Iterable[SubjectSealer]:
    """The subject's own key, or, where it is gone, each of the others."""
    return (sealers[subject],) if subject in sealers else sealers.values()


def _tried(
    sealer: ValueSealer | SubjectSealer, context: bytes, blob: bytes | None
) -> Iterator[bytes]:
    if blob:
        with suppress(SealBroken):
            yield sealer.open(context, blob)


def _moment(at: datetime) -> bytes:
    return ((at - _EPOCH) // timedelta(microseconds=1)).to_bytes(8, "big")
