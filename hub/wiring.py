"""Settings -> an open hub: the only place that chooses implementations.

Embedded server or the operator's, key file, clock and randomness are decided here and handed to the
journeys.
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

from pydantic import SecretStr
from sqlalchemy import Engine, make_url, text
from sqlalchemy.exc import ArgumentError

from connectors.contract import Reader
from connectors.evaluation import Evaluation
from connectors.opening import open_reader
from connectors.readers.sampled import SampledReader
from connectors.source import Source, load_source
from hub import provision
from hub.access.issuers import Trusted, read_issuers
from hub.domain.errors import SettingsInvalid, SourceInvalid
from hub.embedded import ensure, stop, throwaway
from hub.journeys.context import AccessSettings, Hub, Limits, LogSettings
from hub.journeys.pool import look_for_cycles_seldom
from hub.journeys.pushing import require_pushable
from hub.settings import Settings, secret
from hub.store import constituents, database, jobs, runs
from hub.vault import keyring
from hub.vault.keyring import RootKey
from hub.vault.signing import CertificateKey

_PASSWORDS_FILE: Final = "roles.json"
_DRIVER: Final = "postgresql+psycopg"


@dataclass(frozen=True, slots=True)
class InitReport:
    """What `hub init` found or made."""

    data_dir: Path
    root_key_path: Path
    is_new_key: bool
    is_embedded: bool


def utc_now() -> datetime:
    """The clock of a running hub."""
    return datetime.now(UTC)


def public_id() -> UUID:
    """A constituent's public id: random, so that it tells neither age nor order."""
    return uuid4()


def limits(settings: Settings) -> Limits:
    """The bounds journeys work within."""
    return Limits(
        workers=settings.workers,
        chunk_rows=settings.chunk_rows,
        matching_memory_mb=settings.matching_memory_mb,
        tag_records_max=settings.tag_records_max,
        training_pairs_max=settings.training_pairs_max,
        consent_age_min=settings.consent_age_min,
        key_backup_days=settings.key_backup_days,
        time_zone=settings.time_zone,
        log_lag_max_s=settings.log_lag_max_s,
        look_ups_distinct_per_day=settings.look_ups_distinct_per_day,
    )


def log_settings(settings: Settings) -> LogSettings:
    """How the disclosure log is sealed."""
    return LogSettings(
        origin=settings.log_origin,
        checkpoint_every_s=settings.checkpoint_every_s,
        checkpoint_dir=settings.checkpoint_dir,
    )


def require_fit(settings: Settings) -> None:
    """In `prod`, refuse what is only fit for one machine or a trial. Raises SettingsInvalid naming each."""
    if settings.env != "prod":
        return
    unfit = [rule for rule, is_unfit in _SHORTCUTS.items() if is_unfit(settings)]
    if unfit:
        raise SettingsInvalid("HUB_ENV=prod refuses: " + "; ".join(unfit))


_SHORTCUTS: Final[dict[str, Callable[[Settings], bool]]] = {
    "embedded_database (set HUB_DATABASE_URL)": lambda one: one.database_url is None,
    "shared_database_role (set HUB_OWNER_DATABASE_URL, as another role)": lambda one: (
        one.database_url is not None and (one.owner_database_url is None or _same_role(one))
    ),
    "root_key_in_data_dir (set HUB_ROOT_KEY_FILE outside of HUB_DATA_DIR)": lambda one: (
        one.root_key_path.absolute().is_relative_to(one.data_dir.absolute())
    ),
    "embedded_issuer (set HUB_ISSUERS_FILE, with an issuer of access tokens)": lambda one: (
        access_settings(one).is_embedded
    ),
    "plain_http (set HUB_PUBLIC_URL to an https:// address)": lambda one: (
        not one.public_url.startswith("https://")
    ),
}


def _same_role(settings: Settings) -> bool:
    urls = _given_urls(settings)
    return urls is not None and make_url(urls.owner).username == make_url(urls.application).username


def access_settings(settings: Settings) -> AccessSettings:
    """Who may call over HTTP. Raises IssuersInvalid."""
    trusted = Trusted({}, {})
    if settings.issuers_file is not None:
        trusted = read_issuers(settings.issuers_file)
    return AccessSettings(
        public_url=settings.public_url,
        token_lasts_s=settings.token_lasts_s,
        calls_per_second=settings.calls_per_second,
        trusted=trusted,
    )


def init(settings: Settings) -> InitReport:
    """Make the data folder, the root key, the database and its schema; what exists is kept.

    Raises WrongRootKey when the database was sealed under another key than the key file's.
    """
    _given_urls(settings)  # before anything is made: a mistyped URL leaves no key file behind
    _make_private(settings.data_dir)
    is_new_key = not settings.root_key_path.exists()
    keys = (
        keyring.create(settings.root_key_path)
        if is_new_key
        else keyring.load(settings.root_key_path)
    )
    if settings.database_url is None:
        _provision_embedded(settings)
    urls = _urls(settings)
    provision.migrate(urls.owner)
    engine = database.connect(urls.application)
    try:
        _tie(engine, keys)
    finally:
        engine.dispose()
    return InitReport(
        settings.data_dir, settings.root_key_path, is_new_key, settings.database_url is None
    )


def migrate(settings: Settings) -> None:
    """Bring the schema to this release's newest migration."""
    provision.migrate(_urls(settings).owner)


def certificate_key(settings: Settings) -> CertificateKey:
    """The key that certificates and exports are signed with; no database is asked."""
    return CertificateKey(keyring.load(settings.root_key_path))


@contextmanager
def open_hub(settings: Settings, pool_size: int = 4) -> Iterator[Hub]:
    """The hub these settings describe, checked: reachable, migrated, sealed with this root key.

    pool_size: connections that are kept open.
    """
    keys = keyring.load(settings.root_key_path)
    urls = _urls(settings)
    with _opened(
        urls.application,
        keys,
        limits(settings),
        log_settings(settings),
        access_settings(settings),
        pool_size,
    ) as hub:
        yield hub


@contextmanager
def throwaway_hub(bounds: Limits) -> Iterator[Hub]:
    """A hub with a server and a key of its own that is gone when the block ends."""
    passwords = _new_passwords()
    with throwaway(shared_buffers_mb=256) as server:
        provision.create_roles(server, passwords)
        provision.create_database(server, provision.DATABASE)
        urls = provision.urls(server, passwords)
        provision.migrate(urls.owner)
        keys = keyring.generate()
        engine = database.connect(urls.application)
        try:
            _tie(engine, keys)
        finally:
            engine.dispose()
        with _opened(urls.application, keys, bounds) as hub:
            yield hub


@contextmanager
def hub_in(folder: Path, bounds: Limits) -> Iterator[Hub]:
    """A hub with its embedded server in a folder: made there or found again, and stopped with the block."""
    settings = Settings(data_dir=folder, database_url=None, root_key_file=None)
    init(settings)
    try:
        with _opened(
            _urls(settings).application, keyring.load(settings.root_key_path), bounds
        ) as hub:
            yield hub
    finally:
        stop_server(settings)


def health(hub: Hub) -> dict[str, object]:
    """Facts an operator looks at first: the server, the schema, and how much it holds."""
    with database.transaction(hub.engine) as connection:
        version = connection.scalar(text("SHOW server_version"))
        held = constituents.count(connection)
        waiting = runs.count_quarantine(connection)
        queue = jobs.facts(connection)
    return {
        "database": f"PostgreSQL {version}",
        "schema": database.SCHEMA_HEAD,
        "persons": held.get("person", 0),
        "organizations": held.get("organization", 0),
        "open reviews": held["reviews"],
        "open quarantine": waiting,
        "jobs waiting": queue.waiting,
        "oldest job waits": f"{queue.oldest_s:.0f} s",
        "jobs failed": queue.failed,
    }


def stop_server(settings: Settings) -> bool:
    """Stop the embedded server; False when none was running."""
    return stop(settings.data_dir)


def read_sources(files: Sequence[Path], batch_rows: int) -> list[tuple[Source, Reader]]:
    """Each source YAML with the reader it asks for; secrets come from the environment."""
    sources = [(file, load_source(file)) for file in files]
    names = [source.id for _, source in sources]
    for name in names:
        if names.count(name) > 1:
            raise SourceInvalid(name, ["two of the files describe a source of this id"])
    return [
        (source, open_reader(source, file.parent, secret, batch_rows)) for file, source in sources
    ]


def pushed_sources(settings: Settings) -> dict[str, Source]:
    """The sources of HUB_SOURCES_DIR, by id. Raises SourceInvalid, SettingsInvalid where it is no folder."""
    folder = settings.sources_dir
    if folder is None:
        return {}
    if not folder.is_dir():
        raise SettingsInvalid(f"HUB_SOURCES_DIR: {folder} is not a folder")
    found: dict[str, Source] = {}
    for file in sorted(folder.glob("*.yaml")):
        source = load_source(file)
        require_pushable(source)
        if source.id in found:
            raise SourceInvalid(file.name, [f"id: another file describes source {source.id} too"])
        found[source.id] = source
    return found


def evaluation_readers(evaluation: Evaluation, file: Path, batch_rows: int) -> list[Reader]:
    """A reader for each source of an evaluation, in their order; its paths start at the file's folder."""
    readers: list[Reader] = []
    for source in evaluation.sources:
        reader = open_reader(source, file.parent, secret, batch_rows)
        readers.append(reader if source.sample is None else SampledReader(reader, source.sample))
    return readers


@contextmanager
def _opened(
    url: str,
    keys: RootKey,
    bounds: Limits,
    log: LogSettings | None = None,
    access: AccessSettings | None = None,
    pool_size: int = 4,
) -> Iterator[Hub]:
    engine = database.connect(url, pool_size=pool_size)
    try:
        database.require_schema(engine)
        with database.transaction(engine) as connection:
            fingerprint = database.installed_fingerprint(connection)
        if fingerprint is None:
            raise SettingsInvalid("the database is not tied to a root key yet: run `hub init`")
        keys.check(fingerprint)
        look_for_cycles_seldom()
        yield Hub(
            engine,
            url,
            keys,
            utc_now,
            public_id,
            bounds,
            log=log or LogSettings(),
            access=access or AccessSettings(),
        )
    finally:
        engine.dispose()


def _tie(engine: Engine, keys: RootKey) -> None:
    with database.transaction(engine) as connection:
        fingerprint = database.installed_fingerprint(connection)
        if fingerprint is None:
            database.install(connection, keys.fingerprint(), utc_now())
        else:
            keys.check(fingerprint)


def _urls(settings: Settings) -> provision.Urls:
    given = _given_urls(settings)
    if given is not None:
        return given
    server = ensure(settings.data_dir, shared_buffers_mb=settings.shared_buffers_mb)
    passwords = provision.read_passwords(settings.data_dir / _PASSWORDS_FILE)
    return provision.urls(server, passwords)


def _given_urls(settings: Settings) -> provision.Urls | None:
    """The URLs of the operator's own server, checked; None where the embedded one is used."""
    if settings.database_url is None:
        return None
    application = _checked_url("HUB_DATABASE_URL", settings.database_url)
    if settings.owner_database_url is None:
        return provision.Urls(application, application)
    owner = _checked_url("HUB_OWNER_DATABASE_URL", settings.owner_database_url)
    return provision.Urls(owner, application)


def _checked_url(setting: str, given: SecretStr) -> str:
    """The URL with our driver named. Raises SettingsInvalid naming the setting, never its value."""
    url = given.get_secret_value()
    for scheme in ("postgres://", "postgresql://"):
        if url.startswith(scheme):
            url = f"{_DRIVER}://" + url.removeprefix(scheme)
    try:
        parts = make_url(url)
    except (ArgumentError, ValueError):
        parts = None
    if parts is None or parts.drivername != _DRIVER:
        # Raised outside the handler: what make_url says quotes the URL's port, and may quote more.
        raise SettingsInvalid(
            f"{setting}: it is not a URL of the form postgresql://user:password@host:port/database"
        )
    if any("password" in name.lower() for name in parts.query):
        # Whoever prints a URL hides the password before the host, and shows the query as it is.
        raise SettingsInvalid(
            f"{setting}: a password may not stand in the URL's query, where messages would show it; "
            "write it before the host, user:password@host"
        )
    return url


def _provision_embedded(settings: Settings) -> None:
    server = ensure(settings.data_dir, shared_buffers_mb=settings.shared_buffers_mb)
    file = settings.data_dir / _PASSWORDS_FILE
    if not file.exists():
        with suppress(FileExistsError):  # another process was quicker: its passwords are the hub's
            provision.save_passwords(file, _new_passwords())
    provision.create_roles(server, provision.read_passwords(file))
    provision.create_database(server, provision.DATABASE)


def _new_passwords() -> dict[str, str]:
    return {role: secrets.token_urlsafe(24) for role in (provision.OWNER, provision.APPLICATION)}


def _make_private(folder: Path) -> None:
    """Make the data folder 0700: a new one, or an empty one of this user's.

    One that holds something keeps its mode, for its files may be meant for others to read; it is
    refused when others can write to it.
    """
    try:
        folder.mkdir(parents=True, mode=0o700, exist_ok=True)
        if folder.stat().st_uid == os.geteuid() and not any(folder.iterdir()):
            folder.chmod(0o700)
        mode = folder.stat().st_mode
    except OSError as error:
        raise SettingsInvalid(f"HUB_DATA_DIR: {folder} cannot be made: {error.strerror}") from error
    if mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise SettingsInvalid(
            f"HUB_DATA_DIR: other users can write to {folder}; run: chmod 700 {folder}"
        )
    if not os.access(folder, os.W_OK):
        raise SettingsInvalid(f"HUB_DATA_DIR: {folder} cannot be written to")
