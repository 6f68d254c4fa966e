"""What every journey works with: the database, the keys, the clock, and the limits. Made by hub.wiring."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from uuid import UUID

from sqlalchemy import Engine

from connectors.source import Source
from hub.access.issuers import Trusted
from hub.domain.calendar import zone_of
from hub.journeys.kept import Kept
from hub.vault.keyring import RootKey


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds an operator set: see hub.settings for units and reasons."""

    workers: int
    chunk_rows: int
    matching_memory_mb: int
    tag_records_max: int
    training_pairs_max: int
    consent_age_min: int
    time_zone: str = "UTC"
    log_lag_max_s: int = 300
    key_backup_days: int = 35
    look_ups_distinct_per_day: int = 10_000


@dataclass(frozen=True, slots=True)
class LogSettings:
    """How the disclosure log is sealed: see hub.settings. origin: empty for the one that the root key gives."""

    origin: str = ""
    checkpoint_every_s: int = 60
    checkpoint_dir: Path | None = None


@dataclass(frozen=True, slots=True)
class AccessSettings:
    """Who may call over HTTP: see hub.settings. public_url: where callers reach the hub, and its issuer's name.

    trusted: issuers of others; while there is one of access tokens, the hub's own issues none.
    """

    public_url: str = "http://127.0.0.1:8080"
    token_lasts_s: int = 300
    calls_per_second: int = 500
    trusted: Trusted = field(default_factory=lambda: Trusted({}, {}))

    @property
    def is_embedded(self) -> bool:
        """Whether the hub's own issuer issues tokens."""
        return not self.trusted.access


@dataclass(frozen=True, slots=True)
class Hub:
    """An open hub. `url` is the application role's, for worker processes that connect themselves.

    Time and randomness are handed in here and nowhere else: `now` gives aware UTC times,
    `new_public_id` the ids constituents are known by. `kept`: what this process makes once, such as
    the code of a model. `sources`: by id, those whose rows agencies may push over HTTP.
    """

    engine: Engine
    url: str
    keys: RootKey
    now: Callable[[], datetime]
    new_public_id: Callable[[], UUID]
    limits: Limits
    kept: Kept = field(default_factory=Kept, compare=False, repr=False)
    log: LogSettings = field(default_factory=LogSettings)
    access: AccessSettings = field(default_factory=AccessSettings)
    sources: Mapping[str, Source] = field(default_factory=dict)

    def day_of(self, at: datetime) -> date:
        """The day of a moment where the law of this hub applies."""
        return at.astimezone(zone_of(self.limits.time_zone)).date()
