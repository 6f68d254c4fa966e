"""The feed of each agency, and what it was told last of each of its records.

What it changes: what happened to an agency's own records is told to it in a feed of its own; how far the hub's
feed was told to agencies is one cursor more.
Why it is safe beside the previous release: new tables, and a cursor under a name no consumer can have.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_NOW = sa.DateTime(timezone=True)


def upgrade() -> None:
    # A migration that must wait for a lock gives up instead of stopping the service behind it.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "agency_events",
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("shown_id", sa.BigInteger(), nullable=False),
        sa.Column("other_id", sa.BigInteger(), nullable=True),
        sa.Column("is_own", sa.Boolean(), nullable=False),
        sa.Column("told_at", _NOW, nullable=False),
        sa.PrimaryKeyConstraint("agency", "position", name="agency_events_pkey"),
    )
    op.create_table(
        "told_records",
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("shown_id", sa.BigInteger(), nullable=False),
        sa.Column("constituent_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("record_id", name="told_records_pkey"),
    )
    op.create_index(
        "told_records_constituent_id_idx", "told_records", ["constituent_id"], unique=False
    )
    op.execute(
        "INSERT INTO event_cursors (consumer, position, moved_at) VALUES ('agency feed', 0, now())"
    )
    op.execute("GRANT SELECT, INSERT ON agency_events TO hub_app")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON told_records TO hub_app")
    op.execute(
        "CREATE TRIGGER agency_events_kept_as_written BEFORE UPDATE OR DELETE OR TRUNCATE "
        "ON agency_events FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
