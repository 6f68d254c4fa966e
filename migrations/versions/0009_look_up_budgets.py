"""What each client asks in a day, the brake on it, and the alarms its days raise.

What it changes: counters by client and day, keyed hashes of what was asked that day, and alarms.
Why it is safe beside the previous release: new tables alone, which it neither reads nor writes.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    # A migration that must wait for a lock gives up instead of stopping the service behind it.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "look_up_budgets",
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("asked", sa.BigInteger(), nullable=False),
        sa.Column("asked_distinct", sa.BigInteger(), nullable=False),
        sa.Column("missed", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("client", "day", name="look_up_budgets_pkey"),
    )
    # One row is written hundreds of times a second: with room in its page, no index is written with it.
    op.execute("ALTER TABLE look_up_budgets SET (fillfactor = 20)")
    op.create_table(
        "look_up_questions",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("question_hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("day", "question_hash", name="look_up_questions_pkey"),
    )
    op.create_table(
        "alarms",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("asked", sa.BigInteger(), nullable=False),
        sa.Column("asked_distinct", sa.BigInteger(), nullable=False),
        sa.Column("missed", sa.BigInteger(), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="alarms_pkey"),
        sa.UniqueConstraint("client", "rule", "day", name="alarms_client_rule_day_key"),
    )
    op.execute(
        "GRANT SELECT, INSERT, UPDATE (asked, asked_distinct, missed), DELETE "
        "ON look_up_budgets TO hub_app"
    )
    op.execute("GRANT SELECT, INSERT, DELETE ON look_up_questions TO hub_app")
    op.execute("GRANT SELECT, INSERT ON alarms TO hub_app")
    op.execute(
        "CREATE TRIGGER alarms_kept_as_written BEFORE UPDATE OR DELETE OR TRUNCATE ON alarms "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
