"""Every setting, and the only reader of the environment.

`HUB_<NAME>` in the environment wins over the default. Each field says its unit and limit;
docs/running.md lists them all.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfoNotFoundError

import psutil
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from hub.domain.calendar import zone_of
from hub.domain.errors import SettingsInvalid

_MEBIBYTE = 1024 * 1024
_KEY_NAME = re.compile(r"[^\s+]+")


def _half_the_memory_mb() -> int:
    return max(512, int(psutil.virtual_memory().total / _MEBIBYTE / 2))


def _quarter_of_the_memory_mb() -> int:
    """What PostgreSQL's own documentation advises, up to where two cores no longer fill it."""
    quarter = int(psutil.virtual_memory().total / _MEBIBYTE / 4)
    return min(max(128, quarter), 4_096)


def _address(stated: dict[str, Any]) -> str:
    """Where `hub serve` itself listens."""
    return f"http://{stated['host']}:{stated['port']}"


class Settings(BaseSettings):
    """What an operator may set."""

    model_config = SettingsConfigDict(env_prefix="HUB_", extra="ignore")

    data_dir: Path = Field(
        default=Path("var/hub"),
        description="Folder of the embedded database, the root key file and the logs; made 0700.",
    )
    database_url: SecretStr | None = Field(
        default=None,
        description="PostgreSQL 15 or newer as the application role; unset means the embedded server.",
    )
    owner_database_url: SecretStr | None = Field(
        default=None,
        description="The same database as the owner of the tables; `hub migrate` and `hub init` need it.",
    )
    root_key_file: Path | None = Field(
        default=None, description="The root key, 0600; default: root.key in the data folder."
    )
    workers: int = Field(
        default_factory=lambda: min(os.cpu_count() or 1, 8),
        ge=0,
        le=64,
        description="Processes that normalise and seal, or unseal; 0 works in the process itself.",
    )
    chunk_rows: int = Field(
        default=5_000, ge=1, le=100_000, description="Rows per transaction of a load."
    )
    matching_memory_mb: int = Field(
        default_factory=_half_the_memory_mb,
        ge=64,
        description="MiB that matching may use; it fails beyond them rather than write to disk.",
    )
    tag_records_max: int = Field(
        default=400,
        ge=2,
        le=100_000,
        description="Records that may share one blocking value before a model suppresses it as too common.",
    )
    training_pairs_max: int = Field(
        default=1_000_000, ge=10_000, description="Pairs that training samples at most."
    )
    consent_age_min: int = Field(
        default=16,
        ge=13,
        le=21,
        description="Completed years from which a person consents alone: GDPR Art. 8, or national law from 13.",
    )
    time_zone: str = Field(
        default="UTC",
        description="IANA name of the zone whose calendar days agreements and consent are counted in.",
    )
    log_lag_max_s: int = Field(
        default=300,
        ge=1,
        le=86_400,
        description="Seconds that the oldest disclosure may wait for its number; past them nothing is released.",
    )
    log_origin: str = Field(
        default="",
        description=(
            "The disclosure log's name in checkpoints and proofs, never to be changed; "
            "default: constituent-hub/ and 8 digits of the root key's fingerprint."
        ),
    )
    checkpoint_every_s: int = Field(
        default=60,
        ge=1,
        le=86_400,
        description="Seconds between signed checkpoints of the disclosure log, while it grows by less than 1,000 entries.",
    )
    checkpoint_dir: Path | None = Field(
        default=None,
        description="Folder that every checkpoint is also written to, best one that keeps what is written once.",
    )
    look_ups_distinct_per_day: int = Field(
        default=10_000,
        ge=1,
        le=100_000_000,
        description="Different look-ups that one client may ask in a day; past them it is refused until the next.",
    )
    key_backup_days: int = Field(
        default=35,
        ge=0,
        le=3_650,
        description="Days that backups of record and subject keys are kept; certificates of erasure say so.",
    )
    shared_buffers_mb: int = Field(
        default_factory=_quarter_of_the_memory_mb,
        ge=16,
        description="MiB of the embedded server's buffer cache.",
    )

    env: Literal["local", "prod"] = Field(
        default="local",
        description="`prod` refuses what is only fit for one machine, naming each: docs/running.md.",
    )
    host: str = Field(default="127.0.0.1", description="Address that `hub serve` listens on.")
    port: int = Field(
        default=8080, ge=0, le=65_535, description="Port that `hub serve` listens on."
    )
    public_url: str = Field(
        default_factory=_address,
        description="Where callers reach the hub, without a path; the name of its own token issuer.",
    )
    processes: int = Field(
        default_factory=lambda: min(os.cpu_count() or 1, 8),
        ge=1,
        le=64,
        description="Processes that `hub serve` answers with.",
    )
    metrics_port: int = Field(
        default=0,
        ge=0,
        le=65_535,
        description="Port on loopback with Prometheus's measures of all processes; 0 for none.",
    )
    calls_per_second: int = Field(
        default=500,
        ge=1,
        le=100_000,
        description="Calls a second that one client may make before it is told to wait.",
    )
    token_lasts_s: int = Field(
        default=300,
        ge=30,
        le=600,
        description="Seconds that an access token of the hub's own issuer holds.",
    )
    issuers_file: Path | None = Field(
        default=None,
        description="YAML of the token issuers that are trusted: docs/access.md; unset means the hub's own.",
    )
    sources_dir: Path | None = Field(
        default=None,
        description="Folder of source YAMLs whose records agencies may push over HTTP; unset means none.",
    )

    @field_validator("public_url")
    @classmethod
    def _is_a_base(cls, url: str) -> str:
        parts = urlsplit(url)
        is_bare = not (parts.path or parts.query or parts.fragment or parts.username)
        if parts.scheme not in ("http", "https") or not parts.hostname or not is_bare:
            raise ValueError("must be http:// or https://, a host and nothing after it")
        return url

    @field_validator("time_zone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        try:
            zone_of(name)
        except (ValueError, OSError, ZoneInfoNotFoundError):
            raise ValueError(
                "must be a time zone's IANA name that this machine knows, as in Europe/Tallinn"
            ) from None
        return name

    @field_validator("log_origin")
    @classmethod
    def _is_a_key_name(cls, name: str) -> str:
        # signed-note: the name of a key holds neither white space nor a plus sign.
        if name and not (_KEY_NAME.fullmatch(name) and name.isprintable()):
            raise ValueError("must be printable, without spaces and plus signs")
        return name

    @property
    def root_key_path(self) -> Path:
        """Where the root key is."""
        return self.root_key_file or self.data_dir / "root.key"


def read_settings() -> Settings:
    """Read the environment. Raises SettingsInvalid naming each setting and rule, never a value."""
    try:
        return Settings()
    except ValidationError as error:
        problems = [f"HUB_{str(item['loc'][0]).upper()}: {item['msg']}" for item in error.errors()]
        raise SettingsInvalid("; ".join(problems)) from None


def secret(name: str) -> str | None:
    """The environment variable a source's YAML refers to as env:NAME."""
    return os.environ.get(name)
