"""The queue of background work, in the schema `jobs`.

What it changes: a schema of its own, with the tables and functions of the queue library as they ship.
Why it is safe beside the previous release: nothing in it is known to that release.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic import op

revision = "0008"
down_revision = "0007"

_SCHEMA_SQL = Path(__file__).parents[1] / "sql" / "procrastinate_3_10.sql"


def upgrade() -> None:
    # A migration that must wait for a lock gives up instead of stopping the service behind it.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("CREATE SCHEMA jobs")
    _put_in(_SCHEMA_SQL.read_text(encoding="utf-8"))
    _grants()


def _put_in(script: str) -> None:
    """Run the library's script with `jobs` as the schema that names without one are made in."""
    connection = op.get_bind()
    path = connection.exec_driver_sql("SHOW search_path").scalar_one()
    connection.exec_driver_sql("SELECT set_config('search_path', 'jobs', true)")
    # Below SQLAlchemy: a script of many statements, whose percent signs and colons are its own.
    driver: Any = connection.connection.driver_connection
    driver.execute(script)
    connection.exec_driver_sql("SELECT set_config('search_path', %s, true)", (path,))


def _grants() -> None:
    op.execute("GRANT USAGE ON SCHEMA jobs TO hub_app")
    # What was asked for stays as it was asked: a job's name and arguments are never changed.
    op.execute(
        "GRANT SELECT, INSERT, DELETE, UPDATE (status, attempts, scheduled_at, worker_id, "
        "abort_requested, priority, queue_name, lock) ON jobs.procrastinate_jobs TO hub_app"
    )
    # Events go with their job: that deletion is the table owner's.
    op.execute("GRANT SELECT, INSERT ON jobs.procrastinate_events TO hub_app")
    op.execute(
        "GRANT SELECT, INSERT, DELETE, UPDATE (job_id) ON jobs.procrastinate_periodic_defers "
        "TO hub_app"
    )
    op.execute(
        "GRANT SELECT, INSERT, DELETE, UPDATE (last_heartbeat) ON jobs.procrastinate_workers "
        "TO hub_app"
    )
    op.execute(
        "GRANT USAGE ON SEQUENCE jobs.procrastinate_jobs_id_seq, jobs.procrastinate_events_id_seq, "
        "jobs.procrastinate_periodic_defers_id_seq TO hub_app"
    )
