"""A hub with a steward at work: records pushed one by one, asked about by key, and every table dumped."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypedDict
from uuid import UUID

from sqlalchemy import text

from hub.domain.reviews import ReviewReason, Verdict
from hub.journeys.acts import Judged
from hub.journeys.context import Hub
from hub.journeys.judge import judge, split
from hub.journeys.profile import show_profile
from hub.journeys.review_queue import ReviewLine, list_reviews
from hub.store import database
from hub.vault.tags import Hasher
from tests.journeys.live import Live, Row

SAME, DIFFERENT = Verdict.SAME, Verdict.DIFFERENT

MARIA: Row = {
    "given": "Maria",
    "family": "Okafor",
    "born": "1984-03-09",
    "email": "maria@example.org",
    "ssn": "219-09-9041",
    "street": "418 Heron Ln",
    "zip": "69407",
}
BIRK: Row = {
    "given": "Birk",
    "family": "Lindqvist",
    "born": "1961-12-30",
    "email": "birk@example.org",
    "ssn": "318-44-2107",
    "street": "7 Alder St",
    "zip": "69411",
}
NOOR: Row = {
    "given": "Noor",
    "family": "Haddad",
    "born": "1999-07-21",
    "email": "noor@example.org",
    "ssn": "411-07-3315",
    "street": "90 Quarry Rd",
    "zip": "69433",
}
#: Enough like Maria to ask, too little to link.
PERHAPS_MARIA: Row = {
    "given": "Mary",
    "family": "Okafor",
    "born": "1984-03-10",
    "email": "mo@example.org",
    "street": "418 Heron Ln",
    "zip": "69407",
}


class Who(TypedDict):
    author: str
    reason: str


WHO: Who = {"author": "ines", "reason": "Ottilie Quist showed her passport"}


@dataclass
class Desk:
    """What a steward sees and does. Record `cards:1` is the row 1 of the source `cards`."""

    hub: Hub
    live: Live = field(init=False)

    def __post_init__(self) -> None:
        self.live = Live(self.hub)

    def push(self, key: str, row: Row, **changed: str) -> str:
        source, _, local_id = key.partition(":")
        self.live.push(source, local_id, {**row, **changed})
        return key

    def remove(self, key: str) -> None:
        source, _, local_id = key.partition(":")
        self.live.remove(source, local_id)

    def same(self, left: str, right: str, seen: str | None = None) -> Judged:
        return judge(self.hub, SAME, left, right, seen=seen, **WHO)

    def different(self, left: str, right: str) -> Judged:
        return judge(self.hub, DIFFERENT, left, right, **WHO)

    def split(self, constituent: str, *keys: str) -> Judged:
        return split(self.hub, constituent, keys, **WHO)

    def id_of(self, reference: str) -> UUID:
        return show_profile(self.hub, reference).id

    def together(self, *keys: str) -> bool:
        return len({self.id_of(key) for key in keys}) == 1

    def reviews(self, reason: ReviewReason | None = None) -> list[ReviewLine]:
        return list_reviews(self.hub, reason=reason)

    def dump(self) -> dict[str, list[str]]:
        """Every row of every table, as text."""
        with database.transaction(self.hub.engine) as connection:
            tables = connection.scalars(
                text("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
            ).all()
            return {
                table: sorted(connection.scalars(text(f"SELECT t::text FROM {table} t")))
                for table in tables
                if table != "alembic_version"
            }

    def rests_in_the_clear(self, *secrets: str) -> list[str]:
        """Those of the secrets that any table holds as text or as bytes."""
        stored = str(self.dump()).lower()
        return [
            secret
            for secret in secrets
            if secret.lower() in stored or secret.encode().hex() in stored
        ]

    def key_hash(self, key: str) -> bytes:
        return Hasher(self.hub.keys).key(key)
