"""The queue's tables are those the installed library would make, and the application may do with them what it must."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from procrastinate.schema import SchemaManager
from psycopg import sql

from hub import provision
from tests.conftest import TEMPLATE, Server

_CATALOGUE = {
    "columns": """
        SELECT table_name, column_name, ordinal_position, data_type, udt_name, is_nullable, column_default,
            character_maximum_length, is_identity, identity_generation
        FROM information_schema.columns WHERE table_schema = 'jobs' ORDER BY 1, 3""",
    "indexes": "SELECT indexdef FROM pg_indexes WHERE schemaname = 'jobs' ORDER BY 1",
    "constraints": """
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)
        FROM pg_constraint WHERE connamespace = 'jobs'::regnamespace ORDER BY 1, 2""",
    "functions": """
        SELECT pg_get_functiondef(oid) FROM pg_proc
        WHERE pronamespace = 'jobs'::regnamespace ORDER BY 1""",
    "triggers": """
        SELECT pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
        WHERE c.relnamespace = 'jobs'::regnamespace AND NOT t.tgisinternal ORDER BY 1""",
    "types": """
        SELECT t.typname, e.enumlabel FROM pg_type t JOIN pg_enum e ON e.enumtypid = t.oid
        WHERE t.typnamespace = 'jobs'::regnamespace ORDER BY t.typname, e.enumsortorder""",
}


def plain(url: str) -> str:
    return url.replace("+psycopg", "")


def catalogue(url: str) -> dict[str, list[Any]]:
    with psycopg.connect(plain(url)) as connection:
        return {name: connection.execute(query).fetchall() for name, query in _CATALOGUE.items()}


def test_a_migrated_database_holds_what_the_installed_library_would_make(server: Server) -> None:
    bare = server.fresh(template=None)
    with psycopg.connect(plain(bare.owner)) as connection:
        connection.execute("CREATE SCHEMA jobs")
        connection.execute("SET search_path TO jobs")
        connection.execute(SchemaManager.get_schema())
    expected = catalogue(bare.owner)
    found = catalogue(server.urls(TEMPLATE).owner)
    assert all(expected.values())
    assert found == expected


def test_what_a_job_was_asked_for_cannot_be_changed_by_the_application(server: Server) -> None:
    urls = server.fresh()
    for table, column in (
        ("procrastinate_jobs", "args"),
        ("procrastinate_jobs", "task_name"),
        ("procrastinate_events", "type"),
        ("procrastinate_events", "at"),
    ):
        with (
            psycopg.connect(plain(urls.application)) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute(
                sql.SQL("UPDATE jobs.{} SET {} = NULL").format(
                    sql.Identifier(table), sql.Identifier(column)
                )
            )
    with (
        psycopg.connect(plain(urls.application)) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("CREATE TABLE jobs.of_its_own (id int)")


def test_the_owner_of_the_queue_is_the_owner_of_the_tables_and_no_superuser(
    server: Server,
) -> None:
    with psycopg.connect(plain(server.urls(TEMPLATE).owner)) as connection:
        owners = connection.execute(
            "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'jobs'"
        ).fetchall()
        is_super = connection.execute(
            "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
    assert owners == [(provision.OWNER,)]
    assert is_super == (False,)
