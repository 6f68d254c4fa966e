"""Opening a hub: what is wrong is said at once, in words an operator can act on."""

from __future__ import annotations

import socket
import stat
import traceback
from pathlib import Path

import pytest

from hub import provision, wiring
from hub.domain.errors import (
    DatabaseUnreachable,
    KeyFileInvalid,
    MigrationBehind,
    SettingsInvalid,
    SourceInvalid,
    WrongRootKey,
)
from hub.settings import Settings, read_settings
from hub.vault import keyring
from tests.conftest import Server
from tests.worlds import DRIVERS_YAML


def settings_for(folder: Path, urls: provision.Urls) -> Settings:
    return Settings(
        data_dir=folder / "hub", database_url=urls.application, owner_database_url=urls.owner
    )


def test_init_makes_a_private_key_file_and_a_second_init_keeps_it(
    server: Server, tmp_path: Path
) -> None:
    settings = settings_for(tmp_path, server.fresh(template=None))
    first = wiring.init(settings)
    content = first.root_key_path.read_bytes()
    second = wiring.init(settings)

    assert (first.is_new_key, second.is_new_key) == (True, False)
    assert stat.S_IMODE(first.root_key_path.stat().st_mode) == 0o600
    assert stat.S_IMODE(settings.data_dir.stat().st_mode) == 0o700
    assert first.root_key_path.read_bytes() == content
    with wiring.open_hub(settings) as hub:
        assert wiring.health(hub)["persons"] == 0


def test_a_wrong_root_key_is_told_before_anything_is_read(server: Server, tmp_path: Path) -> None:
    settings = settings_for(tmp_path, server.fresh(template=None))
    settings.root_key_path.unlink(missing_ok=True)
    report = wiring.init(settings)
    report.root_key_path.unlink()
    keyring.create(report.root_key_path)

    with pytest.raises(WrongRootKey, match="restore the key file"), wiring.open_hub(settings):
        pass
    with pytest.raises(WrongRootKey):
        wiring.init(settings)


def test_a_missing_key_file_is_told(server: Server, tmp_path: Path) -> None:
    settings = settings_for(tmp_path, server.fresh())
    with pytest.raises(KeyFileInvalid, match="cannot be read"), wiring.open_hub(settings):
        pass


def test_a_migration_behind_is_told_and_migrate_mends_it(server: Server, tmp_path: Path) -> None:
    urls = server.fresh(template=None)
    settings = settings_for(tmp_path, urls)
    settings.data_dir.mkdir()
    keyring.create(settings.root_key_path)
    provision.migrate(urls.owner, "0002")

    with pytest.raises(MigrationBehind, match=r"0002.*hub migrate"), wiring.open_hub(settings):
        pass
    wiring.migrate(settings)
    wiring.init(settings)
    with wiring.open_hub(settings):
        pass


def test_an_unreachable_database_is_told_without_its_password(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        url = f"postgresql://hub_app:s3cret-word@127.0.0.1:{port}/hub"
        settings = Settings(data_dir=tmp_path, database_url=url)
        keyring.create(settings.root_key_path)
        with pytest.raises(DatabaseUnreachable) as raised, wiring.open_hub(settings):
            pass
    assert "127.0.0.1" in str(raised.value)
    assert "s3cret-word" not in str(raised.value)


def test_a_folder_in_use_that_others_can_write_to_is_refused(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine")
    tmp_path.chmod(0o777)
    with pytest.raises(SettingsInvalid, match="chmod 700"):
        wiring.init(Settings(data_dir=tmp_path, database_url="postgresql://127.0.0.1/x"))


def test_an_empty_folder_is_made_private_and_one_in_use_keeps_its_mode(
    server: Server, tmp_path: Path
) -> None:
    settings = settings_for(tmp_path, server.fresh(template=None))
    settings.data_dir.mkdir()
    settings.data_dir.chmod(0o755)
    wiring.init(settings)
    assert stat.S_IMODE(settings.data_dir.stat().st_mode) == 0o700

    settings.data_dir.chmod(0o755)
    wiring.init(settings)
    assert stat.S_IMODE(settings.data_dir.stat().st_mode) == 0o755


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://hub_app:s3cret-word@h:5432x/hub",
        "hub_app:s3cret-word@h",
        "s3cret-word",
        "mysql://hub_app:s3cret-word@h/hub",
        "postgresql+psycopg2://hub_app:s3cret-word@h/hub",
        "postgresql://hub_app@h/hub?password=s3cret-word",
        "postgresql://hub_app@h/hub?sslpassword=s3cret-word",
    ],
)
@pytest.mark.parametrize("setting", ["database_url", "owner_database_url"])
def test_a_mistyped_database_url_is_told_by_its_setting_and_makes_nothing(
    tmp_path: Path, url: str, setting: str
) -> None:
    right = {"database_url": "postgresql://127.0.0.1/hub"}
    settings = Settings.model_validate({"data_dir": tmp_path / "hub", **right, setting: url})
    with pytest.raises(SettingsInvalid, match=f"^HUB_{setting.upper()}: ") as raised:
        wiring.init(settings)
    assert "s3cret-word" not in "".join(traceback.format_exception(raised.value))
    assert not settings.data_dir.exists()


def test_a_setting_out_of_its_limits_is_named_without_its_value(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HUB_WORKERS", "9999")
    with pytest.raises(SettingsInvalid, match="HUB_WORKERS") as raised:
        read_settings()
    assert "9999" not in str(raised.value)


def test_the_sources_that_may_be_pushed_are_those_of_their_folder(tmp_path: Path) -> None:
    assert wiring.pushed_sources(Settings()) == {}
    settings = Settings(sources_dir=tmp_path / "sources")
    with pytest.raises(SettingsInvalid, match=r"HUB_SOURCES_DIR: .* is not a folder"):
        wiring.pushed_sources(settings)

    folder = tmp_path / "sources"
    folder.mkdir()
    (folder / "notes.txt").write_text("no source", "utf-8")
    (folder / "drivers.yaml").write_text(DRIVERS_YAML, "utf-8")
    found = wiring.pushed_sources(settings)
    assert [(name, one.agency) for name, one in found.items()] == [("drivers", "vehicles")]

    (folder / "again.yaml").write_text(DRIVERS_YAML, "utf-8")
    with pytest.raises(SourceInvalid, match="another file describes source drivers too"):
        wiring.pushed_sources(settings)
    numbered = DRIVERS_YAML.replace("key: driver_no", "key: $row")
    (folder / "again.yaml").write_text(numbered, "utf-8")
    with pytest.raises(SourceInvalid, match="rows that come one by one have no"):
        wiring.pushed_sources(settings)
