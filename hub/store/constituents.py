"""Issued ids and what they mean: links, homes, aliases. Each change ends a row and adds one.

Nothing here decides who is who; hub.domain.identity does, and journeys hand its answer over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, func, select, text

from hub.domain.records import ConstituentKind
from hub.store.copy_format import LINKS_COLUMNS, framed, link_row, microseconds
from hub.store.database import Statement, driver, int_array, read_fixed
from hub.store.tables import Alias, Constituent, Home, Link, Record, Review


@dataclass(frozen=True, slots=True)
class AliasOf:
    """What an id that is not current resolves to; `current_id` None for a tombstone.

    `follows_id`: the living id it was retired into, None while it has home records of its own.
    """

    current_id: int | None
    follows_id: int | None = None


def take_number(connection: Connection) -> int:
    """The age number the next id gets; one not used is never used again."""
    row: Any = driver(connection).execute("SELECT nextval('constituent_numbers')").fetchone()
    return int(row[0])


def next_number(connection: Connection) -> int:
    """The first age number never taken, for whoever publishes alone and then tells `numbers_taken`."""
    found: int = connection.execute(
        text(
            "SELECT CASE WHEN is_called THEN last_value + 1 ELSE last_value END FROM constituent_numbers"
        )
    ).scalar_one()
    return found


def numbers_taken(connection: Connection, next_free: int) -> None:
    """Go on after the numbers given out since `next_number`."""
    connection.execute(
        text("SELECT setval('constituent_numbers', :next_free, false)"), {"next_free": next_free}
    )


def _current(connection: Connection, table: type[Link] | type[Home], kind: str) -> dict[int, int]:
    query = (
        f"SELECT record_id, constituent_id FROM {table.__tablename__} t "  # noqa: S608 (names of our own)
        f"JOIN constituents c ON c.id = t.constituent_id AND c.kind = '{ConstituentKind(kind)}' "
        "WHERE t.recorded_until IS NULL"
    )
    columns = read_fixed(connection, query, ["record:i8", "constituent:i8"])
    return dict(zip(columns["record"].tolist(), columns["constituent"].tolist(), strict=True))


def current_links(connection: Connection, kind: str) -> dict[int, int]:
    """Each linked record of that kind -> the id it is linked to now."""
    return _current(connection, Link, kind)


def current_homes(connection: Connection, kind: str) -> dict[int, int]:
    """Each record of that kind that has a home -> the home."""
    return _current(connection, Home, kind)


def public_ids(connection: Connection, numbers: Sequence[int]) -> dict[int, UUID]:
    """The public id of each age number."""
    rows: Any = (
        driver(connection)
        .execute("SELECT id, public_id FROM constituents WHERE id = ANY(%s)", (list(numbers),))
        .fetchall()
    )
    return {row[0]: row[1] for row in rows}


def latest_change(connection: Connection, kind: str) -> datetime | None:
    """When the latest standing link of a kind was recorded."""
    return connection.scalar(
        select(func.max(Link.recorded_from))
        .join(Constituent, Constituent.id == Link.constituent_id)
        .where(Link.recorded_until.is_(None), Constituent.kind == kind)
    )


def current_aliases(connection: Connection, kind: str) -> dict[int, AliasOf]:
    """Ids of that kind that are not current, and what each resolves to."""
    statement = (
        select(Alias.constituent_id, Alias.current_id, Alias.follows_id)
        .join(Constituent, Constituent.id == Alias.constituent_id)
        .where(Alias.recorded_until.is_(None), Constituent.kind == kind)
    )
    return {row[0]: AliasOf(row[1], row[2]) for row in connection.execute(statement).all()}


Assignment = tuple[int, int]
"""A record and an id."""


@dataclass(frozen=True, slots=True)
class PlacementRows:
    """The rows a placement ends, by record or id, and those it begins.

    issued: new ids, each an age number and the public id that stands for it.
    """

    issued: Sequence[tuple[int, UUID]]
    links_ended: Sequence[int]
    links_begun: Sequence[Assignment]
    homes_ended: Sequence[int]
    homes_begun: Sequence[Assignment]
    aliases_ended: Sequence[int]
    aliases_begun: Mapping[int, AliasOf]


def write_many(
    connection: Connection, rows: PlacementRows, kind: str, run_id: int, at: datetime
) -> None:
    """Write what a batch has placed."""
    _issue_many(connection, rows.issued, kind, run_id, at)
    _end(connection, rows, at)
    stamp = microseconds(at)
    for table, begun in (("links", rows.links_begun), ("homes", rows.homes_begun)):
        stream = framed(link_row(record, number, stamp) for record, number in begun)
        with (
            driver(connection).cursor() as cursor,
            cursor.copy(f"COPY {table} ({LINKS_COLUMNS}) FROM STDIN (FORMAT binary)") as copy,
        ):
            copy.write(stream)
    _begin_aliases(connection, rows.aliases_begun, at)


def write_few(
    connection: Connection,
    rows: PlacementRows,
    labels: Sequence[tuple[int, int, int]],
    arrived: Sequence[int],
    kind: str,
    at: datetime,
) -> None:
    """Write what a single change has placed. Waits for no answer.

    labels: (record, component, version) to be written with it. arrived: records that a batch under way
    must look at again, because this transaction resolved, removed, judged or set them apart.
    """
    _end(connection, rows, at)
    _BEGIN.send(
        connection,
        {
            "at": at,
            "kind": kind,
            "issued": int_array(number for number, _ in rows.issued),
            "public_ids": [public_id for _, public_id in rows.issued],
            "link_records": int_array(record for record, _ in rows.links_begun),
            "link_ids": int_array(number for _, number in rows.links_begun),
            "home_records": int_array(record for record, _ in rows.homes_begun),
            "home_ids": int_array(number for _, number in rows.homes_begun),
            "labelled": int_array(record for record, _, _ in labels),
            "labels": int_array(label for _, label, _ in labels),
            "versions": int_array(version for _, _, version in labels),
            "arrived": int_array(arrived),
        },
    )
    _begin_aliases(connection, rows.aliases_begun, at)


# Sent as one statement, since each costs as much as its rows.
_BEGIN: Final = Statement("""
    WITH issued AS (
        INSERT INTO constituents (id, public_id, kind, issued_at)
        SELECT *, %(kind)s, %(at)s
        FROM unnest(%(issued)s::bigint[], %(public_ids)s::uuid[])
    ),
    linked AS (
        INSERT INTO links (recorded_from, record_id, constituent_id)
        SELECT %(at)s, * FROM unnest(%(link_records)s::bigint[], %(link_ids)s::bigint[])
    ),
    homed AS (
        INSERT INTO homes (recorded_from, record_id, constituent_id)
        SELECT %(at)s, * FROM unnest(%(home_records)s::bigint[], %(home_ids)s::bigint[])
    ),
    labelled AS (
        INSERT INTO components (record_id, component_id, version)
        SELECT * FROM unnest(%(labelled)s::bigint[], %(labels)s::bigint[], %(versions)s::bigint[])
        ON CONFLICT (record_id) DO UPDATE
        SET component_id = excluded.component_id, version = excluded.version
    )
    INSERT INTO arrivals (record_id) SELECT unnest(%(arrived)s::bigint[])
""")


def _issue_many(
    connection: Connection,
    issued: Sequence[tuple[int, UUID]],
    kind: str,
    run_id: int,
    at: datetime,
) -> None:
    with (
        driver(connection).cursor() as cursor,
        cursor.copy(
            "COPY constituents (id, public_id, kind, issued_at, run_id) FROM STDIN (FORMAT binary)"
        ) as copy,
    ):
        copy.set_types(["int8", "uuid", "text", "timestamptz", "int8"])
        for number, public_id in issued:
            copy.write_row((number, public_id, kind, at, run_id))


def _end(connection: Connection, rows: PlacementRows, at: datetime) -> None:
    for statement, ended in (
        (_END_LINKS, rows.links_ended),
        (_END_HOMES, rows.homes_ended),
        (_END_ALIASES, rows.aliases_ended),
    ):
        if ended:
            statement.send(connection, (at, int_array(ended)))


_END_LINKS: Final = Statement(
    "UPDATE links SET recorded_until = %s "
    "WHERE recorded_until IS NULL AND record_id = ANY(%s::bigint[])"
)
_END_HOMES: Final = Statement(
    "UPDATE homes SET recorded_until = %s "
    "WHERE recorded_until IS NULL AND record_id = ANY(%s::bigint[])"
)
_END_ALIASES: Final = Statement(
    "UPDATE aliases SET recorded_until = %s "
    "WHERE recorded_until IS NULL AND constituent_id = ANY(%s::bigint[])"
)


def _begin_aliases(connection: Connection, begun: Mapping[int, AliasOf], at: datetime) -> None:
    if begun:
        driver(connection).execute(
            "INSERT INTO aliases (recorded_from, constituent_id, current_id, follows_id) "
            "SELECT %s, * FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[])",
            (
                at,
                list(begun),
                [alias.current_id for alias in begun.values()],
                [alias.follows_id for alias in begun.values()],
            ),
        )


def find(connection: Connection, public_id: UUID) -> tuple[int, UUID] | None:
    """The id a public id resolves to now, in one hop: age number and public id.

    None for a tombstone; raises LookupError for an id never issued.
    """
    number = connection.scalar(select(Constituent.id).where(Constituent.public_id == public_id))
    if number is None:
        raise LookupError("never issued")
    alias = connection.execute(
        select(Alias.current_id).where(
            Alias.constituent_id == number, Alias.recorded_until.is_(None)
        )
    ).one_or_none()
    if alias is None:
        return number, public_id
    if alias.current_id is None:
        return None
    current = connection.execute(
        select(Constituent.id, Constituent.public_id).where(Constituent.id == alias.current_id)
    ).one()
    return current.id, current.public_id


def of_record(connection: Connection, record_id: int) -> tuple[int, UUID] | None:
    """The id a record is linked to now; None when it was loaded after the last link run."""
    row = connection.execute(
        select(Constituent.id, Constituent.public_id)
        .join(Link, Link.constituent_id == Constituent.id)
        .where(Link.record_id == record_id, Link.recorded_until.is_(None))
    ).one_or_none()
    return None if row is None else (row.id, row.public_id)


def members(connection: Connection, number: int) -> list[int]:
    """The present records linked to an id now, oldest first.

    A record removed since the last link run is not among them, though its link still stands.
    """
    return list(
        connection.scalars(
            select(Link.record_id)
            .join(Record, Record.id == Link.record_id)
            .where(
                Link.constituent_id == number,
                Link.recorded_until.is_(None),
                Record.removed_at.is_(None),
            )
            .order_by(Link.record_id)
        )
    )


def kind_of(connection: Connection, number: int) -> str:
    """Person or organization."""
    return connection.execute(select(Constituent.kind).where(Constituent.id == number)).scalar_one()


def alias_ids(connection: Connection, number: int) -> list[UUID]:
    """Public ids that resolve to this one, oldest first."""
    return list(
        connection.scalars(
            select(Constituent.public_id)
            .join(Alias, Alias.constituent_id == Constituent.id)
            .where(Alias.current_id == number, Alias.recorded_until.is_(None))
            .order_by(Constituent.id)
        )
    )


def count(connection: Connection) -> dict[str, int]:
    """How many constituents are current, by kind, and how many reviews are open."""
    current = connection.execute(
        select(Constituent.kind, func.count(func.distinct(Link.constituent_id)))
        .join(Link, Link.constituent_id == Constituent.id)
        .where(Link.recorded_until.is_(None))
        .group_by(Constituent.kind)
    ).all()
    waiting = connection.execute(
        select(func.count()).where(Review.closed_at.is_(None))
    ).scalar_one()
    return {row[0]: row[1] for row in current} | {"reviews": waiting}


def links_by_key(connection: Connection) -> list[tuple[bytes, int]]:
    """Every linked record's key hash, with the age number of the id it is linked to."""
    statement = (
        select(Record.key_hash, Link.constituent_id)
        .join(Link, Link.record_id == Record.id)
        .where(Link.recorded_until.is_(None), Record.removed_at.is_(None))
    )
    return [(row[0], row[1]) for row in connection.execute(statement).all()]


def membership(connection: Connection, numbers: Sequence[int]) -> list[tuple[int, int, int]]:
    """The present records linked to those ids: id, record, version, in that order."""
    rows: Any = driver(connection).execute(_MEMBERSHIP, (list(numbers),)).fetchall()
    return [(row[0], row[1], row[2]) for row in rows]


_MEMBERSHIP: Final = """
    SELECT l.constituent_id, r.id, r.version FROM links l JOIN records r ON r.id = l.record_id
    WHERE l.constituent_id = ANY(%s) AND l.recorded_until IS NULL AND r.removed_at IS NULL
    ORDER BY l.constituent_id, r.id
"""
