"""Issued ids and what they mean: links, homes, aliases, reviews. Each change ends a row and adds one.

Nothing here decides who is who; hub.domain.identity does, and journeys hand its answer over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, func, insert, select, text, update

from hub.domain.records import ConstituentKind
from hub.store.copy_format import LINKS_COLUMNS, framed, link_row, microseconds
from hub.store.database import among, driver, read_fixed
from hub.store.tables import Alias, Constituent, Home, Link, Record, Review


@dataclass(frozen=True, slots=True)
class AliasOf:
    """What an id that is not current resolves to; `current_id` None for a tombstone.

    `follows_id`: the living id it was retired into, None while it has home records of its own.
    """

    current_id: int | None
    follows_id: int | None = None


def next_number(connection: Connection) -> int:
    """The age number the next id gets; unique under the lock of the journey that issues."""
    return connection.execute(select(func.coalesce(func.max(Constituent.id), 0) + 1)).scalar_one()


def issue(
    connection: Connection,
    ids: Iterable[tuple[int, UUID]],
    kind: str,
    run_id: int,
    at: datetime,
) -> None:
    """Insert newly issued ids, each an age number and the public id that stands for it."""
    with (
        driver(connection).cursor() as cursor,
        cursor.copy(
            "COPY constituents (id, public_id, kind, issued_at, run_id) FROM STDIN (FORMAT binary)"
        ) as copy,
    ):
        copy.set_types(["int8", "uuid", "text", "timestamptz", "int8"])
        for number, public_id in ids:
            copy.write_row((number, public_id, kind, at, run_id))


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


def current_aliases(connection: Connection, kind: str) -> dict[int, AliasOf]:
    """Ids of that kind that are not current, and what each resolves to."""
    statement = (
        select(Alias.constituent_id, Alias.current_id, Alias.follows_id)
        .join(Constituent, Constituent.id == Alias.constituent_id)
        .where(Alias.recorded_until.is_(None), Constituent.kind == kind)
    )
    return {row[0]: AliasOf(row[1], row[2]) for row in connection.execute(statement).all()}


def _rewrite(
    connection: Connection,
    table: type[Link] | type[Home],
    ended: Sequence[int],
    begun: Iterable[tuple[int, int]],
    at: datetime,
) -> None:
    name = table.__tablename__
    if ended:
        connection.execute(
            text(
                f"UPDATE {name} SET recorded_until = :at "  # noqa: S608 (a table's own name)
                "WHERE recorded_until IS NULL AND record_id = ANY(:ended)"
            ),
            {"at": at, "ended": list(ended)},
        )
    stamp = microseconds(at)
    stream = framed(link_row(record, constituent, stamp) for record, constituent in begun)
    with (
        driver(connection).cursor() as cursor,
        cursor.copy(f"COPY {name} ({LINKS_COLUMNS}) FROM STDIN (FORMAT binary)") as copy,
    ):
        copy.write(stream)


def rewrite_links(
    connection: Connection, ended: Sequence[int], begun: Iterable[tuple[int, int]], at: datetime
) -> None:
    """End the links of the records in `ended`; begin those of `begun` (record, constituent)."""
    _rewrite(connection, Link, ended, begun, at)


def rewrite_homes(
    connection: Connection, ended: Sequence[int], begun: Iterable[tuple[int, int]], at: datetime
) -> None:
    """End the homes of the records in `ended`; begin those of `begun` (record, constituent)."""
    _rewrite(connection, Home, ended, begun, at)


def rewrite_aliases(
    connection: Connection,
    ended: Sequence[int],
    begun: Mapping[int, AliasOf],
    at: datetime,
) -> None:
    """End what the ids in `ended` resolved to; begin what those of `begun` do."""
    if ended:
        connection.execute(
            update(Alias)
            .where(Alias.recorded_until.is_(None), among(Alias.constituent_id, ended))
            .values(recorded_until=at)
        )
    if begun:
        connection.execute(
            insert(Alias),
            [
                {
                    "constituent_id": number,
                    "current_id": alias.current_id,
                    "follows_id": alias.follows_id,
                    "recorded_from": at,
                }
                for number, alias in begun.items()
            ],
        )


def replace_reviews(
    connection: Connection,
    kind: str,
    wanted: Mapping[tuple[int, int], tuple[str, int]],
    model_id: int,
    at: datetime,
) -> None:
    """Make the open reviews of a kind be `wanted`: (left, right) -> (reason, weight_microbits).

    A question still open keeps its row and its opening time, and says what this model says of it.
    """
    standing = {
        (row.left_record_id, row.right_record_id): row
        for row in connection.execute(
            select(
                Review.id,
                Review.left_record_id,
                Review.right_record_id,
                Review.reason,
                Review.weight_microbits,
            ).where(Review.closed_at.is_(None), Review.kind == kind)
        ).all()
    }
    closed = [row.id for pair, row in standing.items() if pair not in wanted]
    if closed:
        connection.execute(update(Review).where(among(Review.id, closed)).values(closed_at=at))
    changed = [
        {"id": row.id, "reason": reason, "weight_microbits": weight, "model_id": model_id}
        for pair, (reason, weight) in wanted.items()
        if (row := standing.get(pair)) and (row.reason, row.weight_microbits) != (reason, weight)
    ]
    if changed:
        connection.execute(update(Review), changed)
    opened = [
        {
            "kind": kind,
            "reason": reason,
            "left_record_id": pair[0],
            "right_record_id": pair[1],
            "weight_microbits": weight,
            "model_id": model_id,
            "opened_at": at,
        }
        for pair, (reason, weight) in wanted.items()
        if pair not in standing
    ]
    if opened:
        connection.execute(insert(Review), opened)


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


def count_reviews_of(connection: Connection, record_ids: Sequence[int]) -> int:
    """Open questions that touch any of those records."""
    touches = among(Review.left_record_id, record_ids) | among(Review.right_record_id, record_ids)
    return connection.execute(
        select(func.count()).where(Review.closed_at.is_(None), touches)
    ).scalar_one()


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
