"""Sources: registered at their first load, and where a load of each stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.postgresql import insert

from hub.store.database import among
from hub.store.tables import Source


@dataclass(frozen=True, slots=True)
class SourceState:
    """A registered source: its number, what it declared, and the sealed positions of its loads."""

    id: int
    name: str
    agency: str
    label: str
    kind: str
    is_duplicate_free: bool
    is_sensitive: bool
    custom: Mapping[str, str]
    authority: Mapping[str, int]
    may_match: bool
    cursor: bytes | None
    watermark: bytes | None


_COLUMNS = (
    Source.id,
    Source.name,
    Source.agency,
    Source.label,
    Source.kind,
    Source.is_duplicate_free,
    Source.is_sensitive,
    Source.custom,
    Source.authority,
    Source.may_match,
    Source.cursor,
    Source.watermark,
)


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """What a source's YAML says that the store keeps, and whether its records may be linked."""

    name: str
    agency: str
    label: str
    kind: str
    is_duplicate_free: bool
    is_sensitive: bool
    custom: Mapping[str, str]
    authority: Mapping[str, int]
    may_match: bool
    fingerprint: bytes


def register(connection: Connection, facts: SourceFacts) -> SourceState:
    """Insert or bring up to date, and answer where its loads stand.

    A changed fingerprint forgets where loads stood: what was read then meant something else.
    """
    values = {
        "agency": facts.agency,
        "label": facts.label,
        "kind": facts.kind,
        "is_duplicate_free": facts.is_duplicate_free,
        "is_sensitive": facts.is_sensitive,
        "custom": dict(facts.custom),
        "authority": dict(facts.authority),
        "may_match": facts.may_match,
        "fingerprint": facts.fingerprint,
    }
    known = connection.execute(
        select(Source.id, Source.fingerprint).where(Source.name == facts.name)
    ).one_or_none()
    if known is not None and known.fingerprint != facts.fingerprint:
        values |= {"cursor": None, "watermark": None}
    connection.execute(
        insert(Source)
        .values(name=facts.name, **values)
        .on_conflict_do_update(index_elements=[Source.name], set_=values)
    )
    state = find(connection, facts.name)
    if state is None:
        raise LookupError("the source just written is not there")
    return state


def find(connection: Connection, name: str) -> SourceState | None:
    """The source of that name, None when it was never loaded."""
    row = connection.execute(select(*_COLUMNS).where(Source.name == name)).one_or_none()
    return None if row is None else SourceState(*row)


def every(connection: Connection) -> list[SourceState]:
    """All registered sources by name."""
    return [
        SourceState(*row)
        for row in connection.execute(select(*_COLUMNS).order_by(Source.name)).all()
    ]


def page(
    connection: Connection, after: str | None, limit: int, agency: str | None = None
) -> list[SourceState]:
    """So many registered sources by name, of one agency or all; after: those behind that name."""
    statement = select(*_COLUMNS).order_by(Source.name).limit(limit)
    if agency is not None:
        statement = statement.where(Source.agency == agency)
    if after is not None:
        statement = statement.where(Source.name > after)
    return [SourceState(*row) for row in connection.execute(statement).all()]


def set_positions(
    connection: Connection, source_id: int, *, cursor: bytes | None, watermark: bytes | None
) -> None:
    """Write where the running load stands and where the last finished one ended (both sealed)."""
    connection.execute(
        update(Source).where(Source.id == source_id).values(cursor=cursor, watermark=watermark)
    )


def set_may_match(connection: Connection, names: Sequence[str], *, is_allowed: bool) -> None:
    """Write whether the records of those sources may be linked. Under the policy's lock."""
    connection.execute(update(Source).where(among(Source.name, names)).values(may_match=is_allowed))
