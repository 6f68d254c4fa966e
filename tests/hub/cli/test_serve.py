"""`hub serve` as processes: it starts, answers, survives, tells its measures, ends, and refuses what is unfit."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from joserfc.jwk import ECKey

from hub import wiring
from hub.domain.errors import SettingsInvalid
from hub.settings import Settings
from tests.api.serving import Serving, serving
from tests.conftest import Server
from tests.hub.cli.test_commands import Line, line_for


@pytest.fixture
def line(server: Server, tmp_path: Path) -> Line:
    """A hub that is ready and empty."""
    made = line_for(tmp_path, server.fresh())
    made("init").answered("hub ready")
    return made


def folders_of_measures(line: Line) -> list[Path]:
    return list((line.folder / "hub").glob("measures-*"))


def ask_both(running: Serving, folder: Path) -> int:
    """Ask, each time on a connection of its own, until two processes have answered; how often that took."""
    for calls in range(1, 1_000):
        assert running.get("/health/live").json() == {"is_live": True}
        if sum(b"/health/live" in one.read_bytes() for one in folder.glob("histogram_*.db")) == 2:
            return calls
    raise AssertionError("only one process answers")


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("processes", [1, 2])
def test_it_starts_answers_and_ends_when_told(line: Line, by: int, processes: int) -> None:
    with serving(line.folder, line.settings, processes=processes) as running:
        running.await_ready()
        assert running.get("/health/live").json() == {"is_live": True}
        assert running.get("/health/ready").json() == {
            "is_ready": True,
            "failing": [],
            "identity_mode": "embedded",
        }
        assert running.end(by) == 0, running.told.read_text()
    assert "Traceback" not in running.told.read_text()
    assert folders_of_measures(line) == []


def test_killed_processes_are_followed_by_others_and_what_they_counted_stays(line: Line) -> None:
    counted = 'hub_http_request_seconds_count{method="GET",route="/health/live",status="200"}'
    with serving(line.folder, line.settings, processes=2) as running:
        running.await_ready()
        [folder] = folders_of_measures(line)
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        calls = ask_both(running, folder)
        assert running.measures()[counted] == calls, "the sum of both"
        first = running.await_workers(2)
        first[0].kill()
        second = running.await_workers(2, other_than=first[:1])
        assert set(second) - set(first), "another one was started"
        first[1].kill()  # only one that was started after can answer now
        running.await_ready()
        running.await_workers(2, other_than=first)
        assert running.measures()[counted] == calls, "what the killed ones counted is not forgotten"
        assert "hub_log_entries_total" in running.measures(), "the sealing beside them is told too"
        assert running.end() == 0


def test_a_port_in_use_is_refused_and_the_one_who_has_it_goes_on(line: Line) -> None:
    with serving(line.folder, line.settings) as running:
        running.await_ready()
        port = running.url.rpartition(":")[2]
        done = serve(line, HUB_PORT=port)
        assert done.returncode == 1
        assert f"refused: 127.0.0.1:{port} cannot be listened on: Address already in use" in (
            done.stderr
        )
        metrics_port = httpx.URL(running.metrics_url).port
        done = serve(line, HUB_PORT="0", HUB_METRICS_PORT=str(metrics_port))
        assert done.returncode == 1
        assert f"refused: 127.0.0.1:{metrics_port} cannot be listened on" in done.stderr
        assert "HUB_METRICS_PORT" in done.stderr
        assert running.is_ready()


def test_a_process_that_cannot_start_ends_it_with_a_sentence(line: Line) -> None:
    """The processes read the environment again: one that is another than their parent's is met by them alone."""
    program = (
        "import os, sys; from api import server; from hub.cli import main\n"
        "before = server.config\n"
        "def config(app, *, processes):\n"
        "    os.environ['HUB_PORT'] = 'none'\n"
        "    return before(app, processes=processes)\n"
        "server.config = config; sys.argv = ['hub', 'serve']\n"
        "if __name__ == '__main__': main()\n"
    )
    file = line.folder / "started.py"
    file.write_text(program)
    for processes in ("1", "2"):
        done = serve(line, str(file), HUB_PORT="0", HUB_PROCESSES=processes)
        assert done.returncode == 1, done.stderr
        assert "refused: HUB_PORT: " in done.stderr
        assert "refused: a process that answers could not be started" in done.stderr
        assert "Traceback" not in done.stderr


def serve(line: Line, *program: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *(program or ("-m", "hub.cli", "serve"))],
        env=os.environ | line.settings | settings,
        cwd=line.folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


# --- HUB_ENV=prod ----------------------------------------------------------------------------


def fit(folder: Path, application: str, owner: str) -> dict[str, str]:
    """Settings that `prod` takes: another's issuer, https, two roles, the key elsewhere."""
    key = ECKey.generate_key("P-256", private=True).as_dict(private=False)
    (folder / "idp.json").write_text(json.dumps({"keys": [{**key, "kid": "1"}]}))
    (folder / "issuers.yaml").write_text(
        "schema: hub/issuers@1\n"
        "access:\n"
        "  - {issuer: https://idp.example, audience: https://hub.example, keys: idp.json}\n"
    )
    return {
        "HUB_ENV": "prod",
        "HUB_DATA_DIR": str(folder / "hub"),
        "HUB_DATABASE_URL": application,
        "HUB_OWNER_DATABASE_URL": owner,
        "HUB_ROOT_KEY_FILE": str(folder / "root.key"),
        "HUB_ISSUERS_FILE": str(folder / "issuers.yaml"),
        "HUB_PUBLIC_URL": "https://hub.example",
    }


UNFIT: dict[str, dict[str, str | None]] = {
    "embedded_database": {"HUB_DATABASE_URL": None},
    "shared_database_role": {"HUB_OWNER_DATABASE_URL": None},
    "root_key_in_data_dir": {"HUB_ROOT_KEY_FILE": None},
    "embedded_issuer": {"HUB_ISSUERS_FILE": None},
    "plain_http": {"HUB_PUBLIC_URL": "http://hub.example"},
}


def settings_of(variables: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return Settings()


def test_every_shortcut_is_documented() -> None:
    running = (Path(__file__).parents[3] / "docs" / "running.md").read_text()
    assert [one for one in UNFIT if f"`{one}`" not in running] == []


@pytest.mark.parametrize("shortcut", UNFIT)
def test_prod_refuses_each_shortcut_by_its_name(
    shortcut: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, owner = "postgresql://hub_app:x@db/hub", "postgresql://hub_owner:x@db/hub"
    good = fit(tmp_path, app, owner)
    changed = {name: UNFIT[shortcut].get(name, value) for name, value in good.items()}
    variables = {name: value for name, value in changed.items() if value is not None}
    settings = settings_of(variables, monkeypatch)
    with pytest.raises(SettingsInvalid) as refused:
        wiring.require_fit(settings)
    named = {one.split()[0] for one in str(refused.value).partition(": ")[2].split("; ")}
    assert named == {shortcut}
    wiring.require_fit(settings.model_copy(update={"env": "local"}))


def test_the_table_names_every_shortcut_and_one_role_for_both_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of({"HUB_ENV": "prod"}, monkeypatch)
    with pytest.raises(SettingsInvalid) as refused:
        wiring.require_fit(settings)
    told = str(refused.value)
    # Without a database of the operator's, whose role it is cannot be asked.
    assert [one for one in UNFIT if one not in told] == ["shared_database_role"]
    one_role = "postgresql://hub:x@db/hub"
    settings = settings_of(fit(tmp_path, one_role, one_role), monkeypatch)
    with pytest.raises(SettingsInvalid, match="shared_database_role"):
        wiring.require_fit(settings)


def test_prod_serves_where_all_is_as_it_should_be(server: Server, tmp_path: Path) -> None:
    urls = server.fresh()
    with serving(
        tmp_path, {"HUB_WORKERS": "0", **fit(tmp_path, urls.application, urls.owner)}
    ) as running:
        running.await_ready()
        assert running.get("/health/ready").json()["identity_mode"] == "external"
        assert running.end() == 0
