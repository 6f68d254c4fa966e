"""The partition as it stands: each record's component, and what arrived while a batch was under way.

A component is written here and read beside its records in surroundings.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection

from hub.store.copy_format import COMPONENTS_COLUMNS, component_row, framed
from hub.store.database import driver, read_fixed

Ints = npt.NDArray[np.int64]

_LABEL: Final = """
    INSERT INTO components (record_id, component_id, version)
    SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[])
    ON CONFLICT (record_id) DO UPDATE
    SET component_id = excluded.component_id, version = excluded.version
"""


def label(connection: Connection, rows: Sequence[tuple[int, int, int]]) -> None:
    """Put records in components: (record, component, version)."""
    if rows:
        driver(connection).execute(_LABEL, [list(column) for column in zip(*rows, strict=True)])


def leave(connection: Connection, record_ids: Sequence[int]) -> None:
    """Take records out of the partition."""
    if record_ids:
        driver(connection).execute(
            "DELETE FROM components WHERE record_id = ANY(%s::bigint[])", (list(record_ids),)
        )


def current(connection: Connection, source_ids: Sequence[int]) -> dict[str, Ints]:
    """All rows of those sources as columns record, component, version."""
    query = (
        "SELECT c.record_id, c.component_id, c.version FROM components c "
        f"JOIN records r ON r.id = c.record_id WHERE r.source_id IN ({_listed(source_ids)})"
    )
    return read_fixed(connection, query, ["record:i8", "component:i8", "version:i8"])


def replace(
    connection: Connection,
    before: Mapping[str, Ints],
    records: Ints,
    components: Ints,
    versions: Ints,
    kept: Sequence[int],
) -> None:
    """Make the rows be these, touching only those that differ; `before` is what `current` gave.

    records: ascending. kept: records not among them whose rows stay as they are.
    """
    gone = before["record"][~np.isin(before["record"], records)]
    leave(connection, gone[~np.isin(gone, list(kept))].tolist())
    is_changed = np.ones(len(records), np.bool_)
    at = np.searchsorted(records, before["record"])
    held = at < len(records)
    held[held] = records[at[held]] == before["record"][held]
    is_equal = components[at[held]] == before["component"][held]
    is_equal &= versions[at[held]] == before["version"][held]
    is_changed[at[held]] = ~is_equal
    chosen = np.flatnonzero(is_changed)
    columns = (records[chosen].tolist(), components[chosen].tolist(), versions[chosen].tolist())
    raw = driver(connection)
    raw.execute("CREATE TEMP TABLE labelled (LIKE components) ON COMMIT DROP")
    with raw.cursor() as cursor, cursor.copy(_COPY_LABELLED) as copy:
        copy.write(framed(map(component_row, *columns)))
    raw.execute(_MERGE_LABELLED)
    raw.execute("DROP TABLE labelled")


_COPY_LABELLED: Final = f"COPY labelled ({COMPONENTS_COLUMNS}) FROM STDIN (FORMAT binary)"
_MERGE_LABELLED: Final = """
    INSERT INTO components (record_id, component_id, version)
    SELECT record_id, component_id, version FROM labelled
    ON CONFLICT (record_id) DO UPDATE
    SET component_id = excluded.component_id, version = excluded.version
"""


#: Whether the partition has not seen record r as it is now, component row c at hand.
_IS_PENDING: Final = """
    CASE WHEN r.removed_at IS NULL THEN c.version IS DISTINCT FROM r.version
    ELSE c.record_id IS NOT NULL END
"""


def pending(connection: Connection, source_ids: Sequence[int], limit: int) -> list[int]:
    """Records that the partition has not seen as they are now, the oldest first; removed ones too."""
    rows = driver(connection).execute(
        f"""
        SELECT r.id FROM records r LEFT JOIN components c ON c.record_id = r.id
        WHERE r.source_id = ANY(%s) AND {_IS_PENDING}
        ORDER BY r.id LIMIT %s
        """,
        (list(source_ids), limit),
    )
    return [row[0] for row in rows.fetchall()]  # type: ignore[misc]


def counts(connection: Connection, source_ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    """The present records of each of those sources, and the pending ones; reads every record of theirs."""
    rows: Any = driver(connection).execute(
        f"""
        SELECT r.source_id, count(*) FILTER (WHERE r.removed_at IS NULL),
            count(*) FILTER (WHERE {_IS_PENDING})
        FROM records r LEFT JOIN components c ON c.record_id = r.id
        WHERE r.source_id = ANY(%s) GROUP BY r.source_id
        """,
        (list(source_ids),),
    )
    return {row[0]: (row[1], row[2]) for row in rows.fetchall()}


# --- what arrived while a batch was under way --------------------------------------------------


def moment(connection: Connection) -> str:
    """Which transactions this one sees, as PostgreSQL writes it."""
    row: Any = driver(connection).execute("SELECT pg_current_snapshot()::text").fetchone()
    return str(row[0])


def arrived_since(connection: Connection, moment: str, source_ids: Sequence[int]) -> list[int]:
    """Records of those sources noted by transactions that `moment` does not see."""
    rows = driver(connection).execute(
        """
        SELECT DISTINCT a.record_id FROM arrivals a JOIN records r ON r.id = a.record_id
        WHERE NOT pg_visible_in_snapshot(a.arrived_in, %s::pg_snapshot) AND r.source_id = ANY(%s)
        ORDER BY a.record_id
        """,
        (moment, list(source_ids)),
    )
    return [row[0] for row in rows.fetchall()]  # type: ignore[misc]


def forget_arrivals(connection: Connection, moment: str) -> None:
    """Drop the notes that a batch which began at `moment` has seen for itself."""
    driver(connection).execute(
        "DELETE FROM arrivals WHERE pg_visible_in_snapshot(arrived_in, %s::pg_snapshot)", (moment,)
    )


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, map(int, numbers))) or "NULL"
