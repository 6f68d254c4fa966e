"""Sources, runs and what they set aside.

What it changes: the tables a load keeps its place in.
Why it is safe beside the previous release: there is none.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None


def upgrade() -> None:
    # A migration that must wait for a lock gives up instead of stopping the service behind it.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "installation",
        sa.Column("id", sa.SmallInteger(), nullable=False),
        sa.Column("key_fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("id = 1", name="installation_one_row_check"),
        sa.PrimaryKeyConstraint("id", name="installation_pkey"),
    )
    op.create_table(
        "sources",
        sa.Column("id", sa.SmallInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("is_duplicate_free", sa.Boolean(), nullable=False),
        sa.Column("is_sensitive", sa.Boolean(), nullable=False),
        sa.Column("custom", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("cursor", sa.LargeBinary(), nullable=True),
        sa.Column("watermark", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="sources_pkey"),
        sa.UniqueConstraint("name", name="sources_name_key"),
    )
    op.create_table(
        "runs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("source_id", sa.SmallInteger(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("counts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name="runs_source_id_fkey"),
        sa.PrimaryKeyConstraint("id", name="runs_pkey"),
    )
    op.create_table(
        "seen",
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "record_id", name="seen_pkey"),
    )
    op.create_table(
        "quarantine",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("source_id", sa.SmallInteger(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("row_number", sa.BigInteger(), nullable=False),
        sa.Column("location", sa.Text(), nullable=True),
        sa.Column("field", sa.Text(), nullable=True),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(), nullable=True),
        sa.Column("sealed_row", sa.LargeBinary(), nullable=True),
        sa.Column("quarantined_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="quarantine_run_id_fkey"),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name="quarantine_source_id_fkey"),
        sa.PrimaryKeyConstraint("id", name="quarantine_pkey"),
        sa.UniqueConstraint(
            "source_id", "content_hash", name="quarantine_source_id_content_hash_key"
        ),
    )
    op.create_index(
        "quarantine_open_idx",
        "quarantine",
        ["source_id"],
        unique=False,
        postgresql_where=sa.text("resolved_at IS NULL"),
    )
    op.execute("GRANT SELECT ON alembic_version TO hub_app")
    op.execute("GRANT SELECT, INSERT ON installation TO hub_app")
    op.execute("GRANT SELECT, INSERT, UPDATE ON sources, runs, quarantine TO hub_app")
    op.execute("GRANT SELECT, INSERT, DELETE ON seen TO hub_app")
