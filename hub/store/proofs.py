"""What a proof of an entry is made from: the newest checkpoint, and the nodes of the tree."""

from __future__ import annotations

from sqlalchemy import Connection, select

from consent.log.tree import ReadNode, leaf_hash
from hub.store.tables import Leaf, LogCheckpoint, LogNode


def newest_checkpoint(connection: Connection) -> str | None:
    """The note of the checkpoint signed last; None before the first."""
    return connection.scalar(select(LogCheckpoint.note).order_by(LogCheckpoint.id.desc()).limit(1))


def node_reader(connection: Connection) -> ReadNode:
    """Reads a node's hash, level 0 from the leaves. Raises LookupError for one that is not there."""

    def read(level: int, index: int) -> bytes:
        if level:
            found = connection.scalar(
                select(LogNode.hash).where(LogNode.level == level, LogNode.position == index)
            )
        else:
            leaf = connection.scalar(select(Leaf.leaf).where(Leaf.number == index))
            found = None if leaf is None else leaf_hash(leaf)
        if found is None:
            raise LookupError(f"the log has no node {index} at level {level}")
        return found

    return read
