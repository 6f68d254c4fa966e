"""Records rest sealed; only keyed hashes, tags and terms of holdings are in the clear.

What it changes: records, their keys, tags, holdings and relationships; numbers for first inserts.
Why it is safe beside the previous release: new tables only.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    # A migration that must wait for a lock gives up instead of stopping the service behind it.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "records",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("source_id", sa.SmallInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("is_poor", sa.Boolean(), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("core", sa.LargeBinary(), nullable=False),
        sa.Column("contact", sa.LargeBinary(), nullable=True),
        sa.Column("sensitive", sa.LargeBinary(), nullable=True),
        sa.Column("match", sa.LargeBinary(), nullable=False),
        sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="records_pkey"),
    )
    op.create_index(
        "records_key_hash_present_idx",
        "records",
        ["key_hash"],
        unique=True,
        postgresql_where=sa.text("removed_at IS NULL"),
    )
    op.create_index("records_source_id_idx", "records", ["source_id"], unique=False)
    op.create_table(
        "record_keys",
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("record_id", name="record_keys_pkey"),
    )
    op.create_table(
        "tags",
        sa.Column("tag", sa.BigInteger(), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("rule", sa.SmallInteger(), nullable=False),
    )
    op.create_index("tags_record_id_idx", "tags", ["record_id"], unique=False)
    op.create_index(
        "tags_tag_idx", "tags", ["tag"], unique=False, postgresql_include=["record_id", "rule"]
    )
    op.create_table(
        "holdings",
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("record_id", "position", name="holdings_pkey"),
    )
    op.create_index(
        "holdings_type_valid_until_idx", "holdings", ["type", "valid_until"], unique=False
    )
    op.create_table(
        "relationships",
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("other_key_hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("record_id", "position", name="relationships_pkey"),
    )
    op.create_index(
        "relationships_other_key_hash_idx", "relationships", ["other_key_hash"], unique=False
    )
    op.execute("CREATE SEQUENCE record_numbers AS bigint")
    op.execute("GRANT SELECT, INSERT, UPDATE ON records TO hub_app")
    op.execute(
        "GRANT SELECT, INSERT, DELETE ON record_keys, tags, holdings, relationships TO hub_app"
    )
    op.execute("GRANT USAGE ON SEQUENCE record_numbers TO hub_app")
