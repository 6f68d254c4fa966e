"""Roles, database and schema: closed to everybody else, whole after a crash, clear when something is missing."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from hub import provision
from hub.domain.errors import DatabaseUnreachable, ServerUnavailable
from hub.embedded import throwaway
from hub.provision import SchemaRefused
from tests.conftest import PASSWORDS, Server

STRANGER = "stranger"


@contextmanager
def administering(server: Server, database: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(server.address.url(database), autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def stranger(server: Server) -> str:
    """A role of the server that is none of the hub's."""
    with administering(server, "postgres") as connection:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(STRANGER)))
    return STRANGER


def may_connect(server: Server, role: str, database: str) -> bool:
    with administering(server, "postgres") as connection:
        row = connection.execute(
            "SELECT has_database_privilege(%s, %s, 'CONNECT')", (role, database)
        ).fetchone()
    assert row is not None
    return bool(row[0])


def test_only_the_hubs_roles_may_connect_also_where_a_crash_left_the_database_open(
    server: Server, stranger: str
) -> None:
    name = "left_open"
    with administering(server, "postgres") as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER {}").format(
                sql.Identifier(name), sql.Identifier(provision.OWNER)
            )
        )
    assert may_connect(server, stranger, name)

    provision.create_database(server.address, name)
    assert not may_connect(server, stranger, name)
    assert may_connect(server, provision.APPLICATION, name)
    assert may_connect(server, provision.OWNER, name)


def test_passwords_are_private_and_never_replaced(tmp_path: Path) -> None:
    file = tmp_path / "roles.json"
    provision.save_passwords(file, PASSWORDS)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with pytest.raises(FileExistsError):
        provision.save_passwords(file, {"hub_owner": "another"})
    assert provision.read_passwords(file) == PASSWORDS
    assert list(tmp_path.iterdir()) == [file]


def test_passwords_that_cannot_be_written_leave_no_file_behind(tmp_path: Path) -> None:
    file = tmp_path / "roles.json"
    broken: dict[str, str] = {"hub_owner": "first", "hub_app": object()}  # type: ignore[dict-item]
    with pytest.raises(TypeError):
        provision.save_passwords(file, broken)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ServerUnavailable, match="hub init"):
        provision.read_passwords(file)


def test_a_server_without_the_applications_role_is_told_before_anything_is_made() -> None:
    with throwaway(shared_buffers_mb=16) as address:
        with pytest.raises(SchemaRefused, match="no role hub_app: create it"):
            provision.migrate(address.url(scheme="postgresql+psycopg"))
        with psycopg.connect(address.url()) as connection:
            tables = connection.execute(
                "SELECT 1 FROM pg_tables WHERE schemaname = 'public'"
            ).fetchall()
    assert tables == []


def test_a_role_that_may_not_make_tables_is_told_whose_right_is_missing(server: Server) -> None:
    urls = server.fresh(template=None)
    with pytest.raises(SchemaRefused, match="HUB_OWNER_DATABASE_URL must name the role that owns"):
        provision.migrate(urls.application)


def test_a_table_held_by_another_session_is_no_unreachable_database(server: Server) -> None:
    name = server.create(template=None)
    owner = server.urls(name).owner
    provision.migrate(owner, "0001")
    with psycopg.connect(server.address.url(name)) as holder:
        # Every migration notes its number there; reading it stays possible.
        holder.execute("LOCK TABLE alembic_version IN SHARE MODE")
        with pytest.raises(SchemaRefused, match="another session holds a table"):
            provision.migrate(owner)
    provision.migrate(owner)


def test_a_database_that_is_not_there_does_not_answer(server: Server) -> None:
    with pytest.raises(DatabaseUnreachable, match="does not answer the owner role"):
        provision.migrate(server.urls("nowhere").owner)
