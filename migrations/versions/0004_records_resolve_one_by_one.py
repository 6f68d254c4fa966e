"""Components, judgements, objections, pins, the event feed and pairwise ids.

What it changes: what resolving one record needs to know of the partition, what stewards decide, and
what is told of it; reviews can be claimed, decided, and be about one record; models keep a canary.
Why it is safe beside the previous release: new tables, and columns that are nullable or have a default.
A model published before has no canary: batch linking goes on with it, resolving one record asks for
`hub link --retrain` first.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"

_NOW = sa.DateTime(timezone=True)
_CURRENT = sa.text("withdrawn_at IS NULL")
_OPEN = sa.text("closed_at IS NULL")


def upgrade() -> None:
    # A migration that must wait for a lock gives up instead of stopping the service behind it.
    op.execute("SET LOCAL lock_timeout = '5s'")
    _partition()
    _stewardship()
    _reviews()
    _events()
    _grants()


def _partition() -> None:
    op.add_column(
        "models",
        sa.Column(
            "canary",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            server_default=sa.text("'[]'::jsonb"),
        ),
    )
    op.alter_column("constituents", "run_id", nullable=True)
    op.execute("CREATE SEQUENCE constituent_numbers AS bigint")
    op.execute(
        "SELECT setval('constituent_numbers', (SELECT coalesce(max(id), 0) + 1 FROM constituents), false)"
    )
    # Whose tag it is decides whether a second-tier tag counts: the index must answer that alone.
    op.add_column(
        "tags", sa.Column("is_poor", sa.Boolean(), nullable=False, server_default=sa.text("false"))
    )
    op.execute(
        "UPDATE tags SET is_poor = true FROM records WHERE records.id = tags.record_id AND records.is_poor"
    )
    op.drop_index("tags_tag_idx", table_name="tags")
    op.create_index(
        "tags_tag_idx",
        "tags",
        ["tag"],
        unique=False,
        postgresql_include=["record_id", "rule", "is_poor"],
    )
    op.add_column(
        "sources",
        sa.Column(
            "authority",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            server_default=sa.text("'{}'::jsonb"),
        ),
    )
    op.create_table(
        "components",
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("component_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("record_id", name="components_pkey"),
    )
    op.create_index("components_component_id_idx", "components", ["component_id"], unique=False)
    op.execute(
        "CREATE TABLE arrivals (record_id bigint NOT NULL, "
        "arrived_in xid8 NOT NULL DEFAULT pg_current_xact_id())"
    )
    for table, column in (
        ("links", "constituent_id"),
        ("homes", "constituent_id"),
        ("aliases", "current_id"),
    ):
        op.create_index(
            f"{table}_{column.removesuffix('_id')}_ended_idx",
            table,
            [column],
            unique=False,
            postgresql_where=sa.text("recorded_until IS NOT NULL"),
        )
    op.create_table(
        "pairwise_ids",
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("constituent_id", sa.BigInteger(), nullable=False),
        sa.Column("pairwise_id", sa.Uuid(), nullable=False),
        sa.Column("shown_at", _NOW, nullable=False),
        sa.ForeignKeyConstraint(
            ["constituent_id"], ["constituents.id"], name="pairwise_ids_constituent_id_fkey"
        ),
        sa.PrimaryKeyConstraint("agency", "constituent_id", name="pairwise_ids_pkey"),
        sa.UniqueConstraint("pairwise_id", name="pairwise_ids_pairwise_id_key"),
    )


def _stewardship() -> None:
    op.create_table(
        "judgements",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("act_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("left_key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("right_key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("left_content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("right_content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("sealed_reason", sa.LargeBinary(), nullable=False),
        sa.Column("judged_at", _NOW, nullable=False),
        sa.Column("withdrawn_by", sa.Text(), nullable=True),
        sa.Column("withdrawn_at", _NOW, nullable=True),
        sa.CheckConstraint("verdict IN ('same', 'different')", name="judgements_verdict_check"),
        sa.CheckConstraint("left_key_hash < right_key_hash", name="judgements_order_check"),
        sa.PrimaryKeyConstraint("id", name="judgements_pkey"),
    )
    op.create_index(
        "judgements_pair_idx",
        "judgements",
        ["left_key_hash", "right_key_hash"],
        unique=True,
        postgresql_where=_CURRENT,
    )
    op.create_index(
        "judgements_right_key_hash_idx",
        "judgements",
        ["right_key_hash"],
        unique=False,
        postgresql_where=_CURRENT,
    )
    op.create_index("judgements_act_id_idx", "judgements", ["act_id"], unique=False)
    for table, added in (
        ("objections", [sa.Column("act_id", sa.Uuid(), nullable=False)]),
        (
            "pins",
            [
                sa.Column("attribute", sa.Text(), nullable=False),
                sa.Column("value_hash", sa.LargeBinary(), nullable=False),
            ],
        ),
    ):
        op.create_table(
            table,
            sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
            sa.Column("key_hash", sa.LargeBinary(), nullable=False),
            *added,
            sa.Column("author", sa.Text(), nullable=False),
            sa.Column("sealed_reason", sa.LargeBinary(), nullable=False),
            sa.Column("made_at", _NOW, nullable=False),
            sa.Column("withdrawn_by", sa.Text(), nullable=True),
            sa.Column("withdrawn_at", _NOW, nullable=True),
            sa.PrimaryKeyConstraint("id", name=f"{table}_pkey"),
        )
    op.create_index("objections_act_id_idx", "objections", ["act_id"], unique=False)
    op.create_index(
        "objections_key_hash_idx",
        "objections",
        ["key_hash"],
        unique=True,
        postgresql_where=_CURRENT,
    )
    op.create_index(
        "pins_key_hash_idx",
        "pins",
        ["key_hash", "attribute"],
        unique=True,
        postgresql_where=_CURRENT,
    )


def _reviews() -> None:
    op.alter_column("reviews", "right_record_id", nullable=True)
    op.alter_column("reviews", "weight_microbits", nullable=True)
    op.alter_column("reviews", "model_id", nullable=True)
    op.add_column("reviews", sa.Column("judgement_id", sa.BigInteger(), nullable=True))
    op.add_column("reviews", sa.Column("claimed_by", sa.Text(), nullable=True))
    op.add_column("reviews", sa.Column("claimed_at", _NOW, nullable=True))
    op.add_column("reviews", sa.Column("closed_by", sa.Text(), nullable=True))
    op.add_column("reviews", sa.Column("outcome", sa.Text(), nullable=True))
    op.create_foreign_key(
        "reviews_judgement_id_fkey", "reviews", "judgements", ["judgement_id"], ["id"]
    )
    # One question of each reason about a pair: a report or a changed judgement stands beside a doubt.
    op.drop_index("reviews_pair_open_idx", table_name="reviews")
    op.create_index(
        "reviews_subject_open_idx",
        "reviews",
        ["left_record_id", "right_record_id", "reason"],
        unique=True,
        postgresql_where=_OPEN,
        postgresql_nulls_not_distinct=True,
    )


def _told() -> list[sa.Column[Any]]:
    return [
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("constituent", sa.Uuid(), nullable=True),
        sa.Column("others", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("review_id", sa.BigInteger(), nullable=True),
        sa.Column("occurred_at", _NOW, nullable=False),
    ]


def _events() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        *_told(),
        sa.PrimaryKeyConstraint("id", name="outbox_pkey"),
    )
    op.create_table(
        "events",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        *_told(),
        sa.PrimaryKeyConstraint("position", name="events_pkey"),
    )
    op.create_index("events_constituent_idx", "events", ["constituent"], unique=False)
    op.create_table(
        "event_cursors",
        sa.Column("consumer", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("moved_at", _NOW, nullable=False),
        sa.PrimaryKeyConstraint("consumer", name="event_cursors_pkey"),
    )


def _grants() -> None:
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON components TO hub_app")
    op.execute("GRANT USAGE, SELECT, UPDATE ON SEQUENCE constituent_numbers TO hub_app")
    op.execute("GRANT SELECT, INSERT, DELETE ON arrivals, outbox TO hub_app")
    op.execute("GRANT SELECT, INSERT ON events, pairwise_ids TO hub_app")
    op.execute("GRANT SELECT, INSERT, UPDATE ON event_cursors TO hub_app")
    op.execute(
        "GRANT SELECT, INSERT, UPDATE (withdrawn_by, withdrawn_at) "
        "ON judgements, objections, pins TO hub_app"
    )
    op.execute("GRANT UPDATE (claimed_by, claimed_at, closed_by, outcome) ON reviews TO hub_app")
    for table in ("events", "pairwise_ids"):
        op.execute(
            f"CREATE TRIGGER {table}_kept_as_written BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
