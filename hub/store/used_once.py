"""What may be used only once, and whether it was: one round trip, without waiting for a disk.

The table is unlogged: a crash of the server, a failover or a restored backup empties it. Then its mark is gone too, and
whatever was made before a new mark, and a little after, cannot be told from a repeat: it is refused, and made anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, delete

from hub.store.database import Statement
from hub.store.tables import UsedOnce


@dataclass(frozen=True, slots=True)
class Use:
    """is_first: it was not used before. complete_since: what was made before that may have been, for all we know.

    is_admitted, distinct_per_day: of the client, None where it is none of ours.
    """

    is_first: bool
    complete_since: datetime
    is_admitted: bool | None = None
    distinct_per_day: int | None = None


def use(connection: Connection, digest: bytes, expires_at: datetime, client: str | None) -> Use:
    """Note a use, and answer whether it is the first, and how the client stands.

    To be sent in a transaction of its own: whoever comes with the same thing waits for its end. expires_at: until
    when to remember it.
    """
    row = _USE.send(connection, (digest, expires_at, client)).fetchone()
    if row[1] is None:
        _MARK.send(connection)
        row = _SINCE.send(connection).fetchone()
        return Use(False, row[0])
    return Use(bool(row[0]), *row[1:])


# Nothing is noted while the mark is missing: it would look like all there ever was.
_USE: Final = Statement("""
    WITH mark AS (SELECT complete_since FROM used_once_mark),
    used AS (
        INSERT INTO used_once (digest, expires_at)
        SELECT %s::bytea, %s::timestamptz FROM mark
        ON CONFLICT DO NOTHING RETURNING 1
    )
    SELECT (SELECT count(*) FROM used), (SELECT complete_since FROM mark),
        clients.ended_at IS NULL AND clients.id IS NOT NULL, clients.distinct_per_day
    FROM (SELECT 1) AS always LEFT JOIN clients ON clients.id = %s::text
""")
_MARK: Final = Statement(
    "INSERT INTO used_once_mark VALUES (1, clock_timestamp()) ON CONFLICT DO NOTHING"
)
_SINCE: Final = Statement("SELECT complete_since FROM used_once_mark")


def forget(connection: Connection, at: datetime) -> int:
    """Remove what nobody would take any more; how many."""
    return connection.execute(delete(UsedOnce).where(UsedOnce.expires_at < at)).rowcount
