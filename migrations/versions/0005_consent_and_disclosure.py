"""Policy, consent, representations, restrictions, the disclosure log, and what subject rights need.

What it changes: what a decision rests on, what was disclosed and the tree that proves it, what recipients
are told, what agencies are asked to correct, and which keys never come in again.
Why it is safe beside the previous release: new tables, and a column with a default. While no policy was
loaded everything may be matched, as before.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"

_NOW = sa.DateTime(timezone=True)


def upgrade() -> None:
    # A migration that must wait for a lock gives up instead of stopping the service behind it.
    op.execute("SET LOCAL lock_timeout = '5s'")
    _policy()
    _subjects()
    _disclosures()
    _rights()
    _grants()


def _number() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False)


def _policy() -> None:
    op.add_column(
        "sources",
        sa.Column("may_match", sa.Boolean(), nullable=False, server_default=sa.text("true")),
    )
    op.create_table(
        "policies",
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("stated_at", _NOW, nullable=False),
        sa.PrimaryKeyConstraint("version", name="policies_pkey"),
    )
    op.create_table(
        "agreement_proposals",
        _number(),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("proposed_by", sa.Text(), nullable=False),
        sa.Column("proposed_at", _NOW, nullable=False),
        sa.Column("closed_at", _NOW, nullable=True),
        sa.Column("closed_by", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="agreement_proposals_pkey"),
    )
    op.create_table(
        "agreement_approvals",
        sa.Column("proposal_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("officer", sa.Text(), nullable=False),
        sa.Column("approved_at", _NOW, nullable=False),
        sa.ForeignKeyConstraint(
            ["proposal_id"],
            ["agreement_proposals.id"],
            name="agreement_approvals_proposal_id_fkey",
        ),
        sa.PrimaryKeyConstraint("proposal_id", "officer", name="agreement_approvals_pkey"),
    )


def _subjects() -> None:
    op.create_table(
        "subjects",
        sa.Column("subject_hash", sa.LargeBinary(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("erased_at", _NOW, nullable=True),
        sa.PrimaryKeyConstraint("subject_hash", name="subjects_pkey"),
    )
    op.create_table(
        "subject_keys",
        sa.Column("subject_hash", sa.LargeBinary(), nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("subject_hash", name="subject_keys_pkey"),
    )
    op.create_table(
        "consent_events",
        _number(),
        sa.Column("subject_hash", sa.LargeBinary(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("agreement", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("categories", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("given_on", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("representation_id", sa.BigInteger(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_at", _NOW, nullable=False),
        sa.PrimaryKeyConstraint("id", name="consent_events_pkey"),
    )
    op.create_index(
        "consent_events_subject_hash_idx", "consent_events", ["subject_hash"], unique=False
    )
    for table in ("representations", "restrictions"):
        op.create_table(
            table,
            _number(),
            sa.Column("subject_hash", sa.LargeBinary(), nullable=False),
            sa.Column("epoch", sa.BigInteger(), nullable=False),
            sa.Column("sealed", sa.LargeBinary(), nullable=False),
            sa.Column("recorded_at", _NOW, nullable=False),
            sa.Column("ended_epoch", sa.BigInteger(), nullable=True),
            sa.Column("ended_at", _NOW, nullable=True),
            sa.Column("sealed_end", sa.LargeBinary(), nullable=True),
            sa.PrimaryKeyConstraint("id", name=f"{table}_pkey"),
        )
        op.create_index(f"{table}_subject_hash_idx", table, ["subject_hash"], unique=False)


def _disclosures() -> None:
    op.create_table(
        "disclosures",
        _number(),
        sa.Column("account", sa.LargeBinary(), nullable=False),
        sa.Column("subject_digest", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_subject", sa.LargeBinary(), nullable=True),
        sa.Column("subject_hash", sa.LargeBinary(), nullable=True),
        sa.Column("recorded_at", _NOW, nullable=False),
        sa.PrimaryKeyConstraint("id", name="disclosures_pkey"),
    )
    op.create_index(
        "disclosures_subject_hash_idx",
        "disclosures",
        ["subject_hash"],
        unique=False,
        postgresql_where=sa.text("subject_hash IS NOT NULL"),
    )
    op.create_index(
        "disclosures_erased_idx",
        "disclosures",
        ["id"],
        unique=False,
        postgresql_where=sa.text("sealed_subject IS NULL"),
    )
    op.create_table(
        "log_pending",
        sa.Column("disclosure_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_at", _NOW, nullable=False),
        sa.PrimaryKeyConstraint("disclosure_id", name="log_pending_pkey"),
    )
    op.create_table(
        "log_leaves",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("disclosure_id", sa.BigInteger(), nullable=False),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="log_leaves_pkey"),
        sa.UniqueConstraint("disclosure_id", name="log_leaves_disclosure_id_key"),
    )
    op.create_table(
        "log_nodes",
        sa.Column("level", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("level", "position", name="log_nodes_pkey"),
    )
    op.create_table(
        "log_checkpoints",
        _number(),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("signed_at", _NOW, nullable=False),
        sa.PrimaryKeyConstraint("id", name="log_checkpoints_pkey"),
    )
    op.execute(
        """
        CREATE FUNCTION refuse_all_but_erasure() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF NEW.sealed_subject IS NOT NULL OR NEW.subject_hash IS NOT NULL
                OR (NEW.id, NEW.account, NEW.subject_digest, NEW.recorded_at)
                    IS DISTINCT FROM (OLD.id, OLD.account, OLD.subject_digest, OLD.recorded_at)
            THEN
                RAISE EXCEPTION '% on % is refused: all it may do is erase', TG_OP, TG_TABLE_NAME;
            END IF;
            RETURN NEW;
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER disclosures_only_erased BEFORE UPDATE ON disclosures "
        "FOR EACH ROW EXECUTE FUNCTION refuse_all_but_erasure()"
    )


def _rights() -> None:
    op.create_table(
        "notices",
        _number(),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", _NOW, nullable=False),
        sa.Column("taken_at", _NOW, nullable=True),
        sa.PrimaryKeyConstraint("id", name="notices_pkey"),
    )
    op.create_index(
        "notices_open_idx",
        "notices",
        ["agency", "id"],
        unique=False,
        postgresql_where=sa.text("taken_at IS NULL"),
    )
    op.create_table(
        "corrections",
        _number(),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("subject_hash", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", _NOW, nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("sealed_note", sa.LargeBinary(), nullable=True),
        sa.Column("answered_by", sa.Text(), nullable=True),
        sa.Column("answered_at", _NOW, nullable=True),
        sa.PrimaryKeyConstraint("id", name="corrections_pkey"),
    )
    op.create_index("corrections_subject_hash_idx", "corrections", ["subject_hash"], unique=False)
    op.create_table(
        "suppressions",
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("erased_at", _NOW, nullable=False),
        sa.PrimaryKeyConstraint("key_hash", name="suppressions_pkey"),
    )


_KEPT_AS_WRITTEN = ("policies", "consent_events", "log_leaves", "log_nodes", "log_checkpoints")


def _grants() -> None:
    for table in _KEPT_AS_WRITTEN:
        op.execute(f"GRANT SELECT, INSERT ON {table} TO hub_app")
        op.execute(
            f"CREATE TRIGGER {table}_kept_as_written BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    for table in ("disclosures", "suppressions"):
        op.execute(
            f"CREATE TRIGGER {table}_kept BEFORE DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    op.execute(
        "GRANT SELECT, INSERT, UPDATE (sealed_subject, subject_hash) ON disclosures TO hub_app"
    )
    op.execute("GRANT SELECT, INSERT ON suppressions, agreement_approvals TO hub_app")
    op.execute("GRANT SELECT, INSERT, UPDATE (epoch, erased_at) ON subjects TO hub_app")
    op.execute("GRANT SELECT, INSERT, DELETE ON subject_keys, log_pending TO hub_app")
    op.execute(
        "GRANT SELECT, INSERT, UPDATE (ended_epoch, ended_at, sealed_end) "
        "ON representations, restrictions TO hub_app"
    )
    op.execute(
        "GRANT SELECT, INSERT, UPDATE (closed_at, closed_by, outcome) ON agreement_proposals TO hub_app"
    )
    op.execute("GRANT SELECT, INSERT, UPDATE (taken_at) ON notices TO hub_app")
    op.execute(
        "GRANT SELECT, INSERT, UPDATE (sealed, answer, sealed_note, answered_by, answered_at) "
        "ON corrections TO hub_app"
    )
    # What is sealed is bound to its row's number, so numbers are taken before rows are written.
    op.execute(
        "GRANT USAGE ON SEQUENCE consent_events_id_seq, representations_id_seq, "
        "restrictions_id_seq, corrections_id_seq, notices_id_seq TO hub_app"
    )
    # Erasure empties what stewards wrote of her; who did what and when stays.
    op.execute("GRANT UPDATE (sealed_reason) ON judgements, objections, pins TO hub_app")
