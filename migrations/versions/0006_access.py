"""Who may call: clients with their keys, codes to enrol a key with, what was used once, and answers to repeats.

What it changes: the tables of the HTTP interface's callers.
Why it is safe beside the previous release: new tables only.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"

_NOW = sa.DateTime(timezone=True)
_TEXTS = postgresql.ARRAY(sa.Text())


def upgrade() -> None:
    # A migration that must wait for a lock gives up instead of stopping the service behind it.
    op.execute("SET LOCAL lock_timeout = '5s'")
    _clients()
    _used()
    _grants()


def _clients() -> None:
    op.create_table(
        "clients",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("agency", sa.Text(), nullable=True),
        sa.Column("scopes", _TEXTS, nullable=False),
        sa.Column("purposes", _TEXTS, nullable=False),
        sa.Column("roles", _TEXTS, nullable=False),
        sa.Column("distinct_per_day", sa.BigInteger(), nullable=True),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", _NOW, nullable=False),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.Column("ended_at", _NOW, nullable=True),
        sa.PrimaryKeyConstraint("id", name="clients_pkey"),
    )
    op.create_table(
        "client_keys",
        sa.Column("thumbprint", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("members", postgresql.JSONB(), nullable=False),
        sa.Column("enrolled_at", _NOW, nullable=False),
        sa.Column("revoked_by", sa.Text(), nullable=True),
        sa.Column("revoked_at", _NOW, nullable=True),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name="client_keys_client_id_fkey"),
        sa.PrimaryKeyConstraint("thumbprint", name="client_keys_pkey"),
    )
    op.create_index("client_keys_client_id_idx", "client_keys", ["client_id"], unique=False)
    op.create_table(
        "enrolments",
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("made_at", _NOW, nullable=False),
        sa.Column("expires_at", _NOW, nullable=False),
        sa.Column("used_at", _NOW, nullable=True),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name="enrolments_client_id_fkey"),
        sa.PrimaryKeyConstraint("code_hash", name="enrolments_pkey"),
    )


def _used() -> None:
    # Unlogged: a row for every request, of use for a minute, and no wait for the disk. A crash empties the
    # table; that shows by the missing mark, and hub/store/used_once.py answers for it.
    op.create_table(
        "used_once",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", _NOW, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="used_once_pkey"),
        prefixes=["UNLOGGED"],
    )
    op.create_index("used_once_expires_at_idx", "used_once", ["expires_at"], unique=False)
    op.create_table(
        "used_once_mark",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("complete_since", _NOW, nullable=False),
        sa.PrimaryKeyConstraint("id", name="used_once_mark_pkey"),
        prefixes=["UNLOGGED"],
    )
    op.execute("INSERT INTO used_once_mark VALUES (1, '2000-01-01Z')")
    op.create_table(
        "repeatable_requests",
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.Column("begun_at", _NOW, nullable=False),
        sa.Column("status", sa.BigInteger(), nullable=True),
        sa.Column("sealed_answer", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("client_id", "key_hash", name="repeatable_requests_pkey"),
    )
    op.create_index(
        "repeatable_requests_begun_at_idx", "repeatable_requests", ["begun_at"], unique=False
    )


def _grants() -> None:
    op.execute(
        "GRANT SELECT, INSERT, UPDATE (scopes, purposes, roles, distinct_per_day, ended_by, ended_at) "
        "ON clients TO hub_app"
    )
    op.execute("GRANT SELECT, INSERT, UPDATE (revoked_by, revoked_at) ON client_keys TO hub_app")
    op.execute("GRANT SELECT, INSERT, UPDATE (used_at), DELETE ON enrolments TO hub_app")
    op.execute("GRANT SELECT, INSERT, DELETE ON used_once TO hub_app")
    op.execute("GRANT SELECT, INSERT ON used_once_mark TO hub_app")
    op.execute(
        "GRANT SELECT, INSERT, DELETE, UPDATE (status, sealed_answer) ON repeatable_requests TO hub_app"
    )
