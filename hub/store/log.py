"""The tree over the disclosures: pending leaves numbered, complete nodes kept, checkpoints, and all of it read.

Nothing pending is ever read by `id > cursor`: a transaction with a smaller id may commit later (decision
0009). Numbers are given by `sequence` alone. What an entry says and what a checkpoint may state is not known here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any, Final

from sqlalchemy import Connection, func, insert, select

from consent.log.tree import ReadNode, RightEdge, leaf_hash
from hub.domain.errors import LogBroken
from hub.store.database import LOCK_LOG, driver, int_array, lock_in_transaction
from hub.store.tables import Leaf, LogCheckpoint, PendingLeaf

#: What one transaction of the sequencer numbers at most: well under a second's work.
SEQUENCE_BATCH: Final = 10_000

_FETCHED: Final = 1_000


@dataclass(frozen=True, slots=True)
class StoredCheckpoint:
    """A signed note as it rests; `size` as it says."""

    size: int
    note: str
    signed_at: datetime


@dataclass(frozen=True, slots=True)
class LogRow:
    """A row of the full outer join of leaves and entries; a leaf without its entry has no account.

    wrapped_key: of the entry's subject, None where there is none, or none any more.
    """

    number: int | None
    leaf: bytes | None
    account: bytes | None
    subject_digest: bytes | None
    sealed_subject: bytes | None
    subject_hash: bytes | None
    wrapped_key: bytes | None

    @property
    def is_erased(self) -> bool:
        """Whether the subject part is gone, or the only key that opens it."""
        is_keyless = self.subject_hash is not None and self.wrapped_key is None
        return self.account is not None and (self.sealed_subject is None or is_keyless)


def lock(connection: Connection) -> None:
    """Keep the tree from growing until the transaction ends. A statement before the one that reads it."""
    lock_in_transaction(connection, LOCK_LOG)


def sequence(connection: Connection, batch: int = SEQUENCE_BATCH) -> int:
    """Give the oldest committed pending entries, at most `batch`, their places at the tree's end; how many.

    To be called in a transaction of its own (READ COMMITTED), committed at once: others who would number
    wait until it ends. Raises LogBroken.
    """
    lock(connection)
    raw = driver(connection)
    taken: Any = raw.execute(_TAKE, (batch,), prepare=True, binary=True).fetchall()
    if not taken:
        return 0
    taken.sort()
    edge = right_edge(connection)
    grown, nodes = edge.extended(leaf_hash(leaf) for _, leaf in taken)
    raw.execute(
        _LEAVES,
        {
            "numbers": int_array(range(edge.size, grown.size)),
            "ids": int_array(id_ for id_, _ in taken),
            "leaves": [leaf for _, leaf in taken],
        },
        prepare=True,
    )
    raw.execute(
        _NODES,
        {
            "levels": int_array(node.level for node in nodes),
            "positions": int_array(node.index for node in nodes),
            "hashes": [node.hash for node in nodes],
        },
        prepare=True,
    )
    return len(taken)


_TAKE: Final = """
    DELETE FROM log_pending
    WHERE disclosure_id = ANY (
        ARRAY(SELECT disclosure_id FROM log_pending ORDER BY disclosure_id LIMIT %s)
    )
    RETURNING disclosure_id, leaf
"""

_LEAVES: Final = """
    INSERT INTO log_leaves (number, disclosure_id, leaf)
    SELECT * FROM unnest(%(numbers)s::bigint[], %(ids)s::bigint[], %(leaves)b::bytea[])
"""

_NODES: Final = """
    INSERT INTO log_nodes (level, position, hash)
    SELECT * FROM unnest(%(levels)s::smallint[], %(positions)s::bigint[], %(hashes)b::bytea[])
"""


def has_pending(connection: Connection) -> bool:
    """Whether any committed entry waits for its number."""
    return bool(connection.scalar(select(select(PendingLeaf.disclosure_id).exists())))


def oldest_pending(connection: Connection) -> datetime | None:
    """When the entry was written that waits longest for its number; None where none waits."""
    return connection.scalar(select(func.min(PendingLeaf.recorded_at)))


def size(connection: Connection) -> int:
    """How many leaves there are."""
    return connection.execute(select(func.coalesce(func.max(Leaf.number) + 1, 0))).scalar_one()


def right_edge(connection: Connection) -> RightEdge:
    """The tree as it stands. Raises LogBroken where a node of it is missing."""
    leaves, read = size(connection), node_reader(connection)
    start, hashes = 0, []
    for level in reversed(range(leaves.bit_length())):
        if leaves >> level & 1:
            hashes.append(read(level, start >> level))
            start += 1 << level
    return RightEdge(leaves, tuple(hashes))


def node_reader(connection: Connection) -> ReadNode:
    """Reads one node of the tree at a time. Raises LogBroken where it is missing."""
    raw = driver(connection)

    def read(level: int, index: int) -> bytes:
        found: Any = raw.execute(
            _NODE if level else _LEAF, {"level": level, "index": index}, prepare=True, binary=True
        ).fetchone()
        if found is None:
            raise LogBroken(f"the log has no node {index} of level {level}: see `hub log verify`")
        return bytes(found[0]) if level else leaf_hash(found[0])

    return read


_NODE: Final = "SELECT hash FROM log_nodes WHERE level = %(level)s AND position = %(index)s"
_LEAF: Final = "SELECT leaf FROM log_leaves WHERE number = %(index)s"


def count_erased(connection: Connection) -> int:
    """Of how many leaves the entry's subject part was dropped."""
    row: Any = (
        driver(connection)
        .execute(
            "SELECT count(*) FROM disclosures d JOIN log_leaves l ON l.disclosure_id = d.id "
            "WHERE d.sealed_subject IS NULL"
        )
        .fetchone()
    )
    return int(row[0])


def last_checkpoint(connection: Connection) -> StoredCheckpoint | None:
    """The one signed last; None before the first."""
    row = connection.execute(
        select(LogCheckpoint.size, LogCheckpoint.note, LogCheckpoint.signed_at)
        .order_by(LogCheckpoint.id.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else StoredCheckpoint(*row)


def checkpoints(connection: Connection) -> Iterator[StoredCheckpoint]:
    """Every one ever signed, in that order, read as it is asked for."""
    found = connection.execute(
        select(LogCheckpoint.size, LogCheckpoint.note, LogCheckpoint.signed_at).order_by(
            LogCheckpoint.id
        ),
        execution_options={"yield_per": _FETCHED},
    )
    for row in found:
        yield StoredCheckpoint(*row)


def add_checkpoint(connection: Connection, one: StoredCheckpoint) -> None:
    """Keep a signed checkpoint. Under `lock`, in which size and root were read."""
    connection.execute(
        insert(LogCheckpoint).values(size=one.size, note=one.note, signed_at=one.signed_at)
    )


def rows(connection: Connection, batch: int = _FETCHED) -> Iterator[list[LogRow]]:
    """Leaves and entries, a batch at a time: by number, then entries that have none and are not pending."""
    return chain(_streamed(connection, _NUMBERED, batch), _streamed(connection, _STRAY, batch))


def repeated(connection: Connection, limit: int) -> list[int]:
    """Numbers of leaves, at most `limit`, that stand at another number as well; of each the last."""
    last = func.max(Leaf.number)
    return list(
        connection.scalars(
            select(last).group_by(Leaf.leaf).having(func.count() > 1).order_by(last).limit(limit)
        )
    )


def pending_rows(connection: Connection, batch: int = _FETCHED) -> Iterator[list[LogRow]]:
    """The entries that wait for their number."""
    return _streamed(connection, _PENDING, batch)


def _streamed(connection: Connection, query: str, batch: int) -> Iterator[list[LogRow]]:
    # A cursor of the server's: the log does not fit into memory.
    with driver(connection).cursor("log", binary=True) as cursor:
        cursor.execute(query)
        while found := cursor.fetchmany(batch):
            read: list[Any] = found
            yield [LogRow(*row) for row in read]


_ENTRY: Final = "d.account, d.subject_digest, d.sealed_subject, d.subject_hash, k.wrapped_key"
_KEYS: Final = "LEFT JOIN subject_keys k ON k.subject_hash = d.subject_hash"

_NUMBERED: Final = f"""
    SELECT l.number, l.leaf, {_ENTRY}
    FROM log_leaves l LEFT JOIN disclosures d ON d.id = l.disclosure_id {_KEYS}
    ORDER BY l.number
"""

_STRAY: Final = f"""
    SELECT NULL::bigint, NULL::bytea, {_ENTRY}
    FROM disclosures d {_KEYS}
    WHERE NOT EXISTS (SELECT FROM log_leaves l WHERE l.disclosure_id = d.id)
        AND NOT EXISTS (SELECT FROM log_pending p WHERE p.disclosure_id = d.id)
    ORDER BY d.id
"""

_PENDING: Final = f"""
    SELECT NULL::bigint, p.leaf, {_ENTRY}
    FROM log_pending p JOIN disclosures d ON d.id = p.disclosure_id {_KEYS}
    ORDER BY d.id
"""
