"""Published models, issued ids, links, homes, aliases and reviews.

What it changes: who is who; models refuse change and issued ids refuse removal in the database itself.
Why it is safe beside the previous release: new tables only.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    # A migration that must wait for a lock gives up instead of stopping the service behind it.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "models",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("parameters", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("term_frequencies", sa.LargeBinary(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="models_pkey"),
        sa.UniqueConstraint("name", name="models_name_key"),
    )
    op.create_table(
        "active_models",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("model_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["model_id"], ["models.id"], name="active_models_model_id_fkey"),
        sa.PrimaryKeyConstraint("kind", name="active_models_pkey"),
    )
    op.create_table(
        "constituents",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="constituents_pkey"),
        sa.UniqueConstraint("public_id", name="constituents_public_id_key"),
    )
    op.create_table(
        "links",
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("recorded_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("constituent_id", sa.BigInteger(), nullable=False),
        sa.Column("recorded_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("record_id", "recorded_from", name="links_pkey"),
    )
    op.create_index(
        "links_constituent_idx",
        "links",
        ["constituent_id"],
        unique=False,
        postgresql_where=sa.text("recorded_until IS NULL"),
    )
    op.create_index(
        "links_record_current_idx",
        "links",
        ["record_id"],
        unique=True,
        postgresql_where=sa.text("recorded_until IS NULL"),
    )
    op.create_table(
        "homes",
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("recorded_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("constituent_id", sa.BigInteger(), nullable=False),
        sa.Column("recorded_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("record_id", "recorded_from", name="homes_pkey"),
    )
    op.create_index(
        "homes_constituent_idx",
        "homes",
        ["constituent_id"],
        unique=False,
        postgresql_where=sa.text("recorded_until IS NULL"),
    )
    op.create_index(
        "homes_record_current_idx",
        "homes",
        ["record_id"],
        unique=True,
        postgresql_where=sa.text("recorded_until IS NULL"),
    )
    op.create_table(
        "aliases",
        sa.Column("constituent_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("recorded_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("current_id", sa.BigInteger(), nullable=True),
        sa.Column("follows_id", sa.BigInteger(), nullable=True),
        sa.Column("recorded_until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["constituent_id"], ["constituents.id"], name="aliases_constituent_id_fkey"
        ),
        sa.PrimaryKeyConstraint("constituent_id", "recorded_from", name="aliases_pkey"),
    )
    op.create_index(
        "aliases_constituent_current_idx",
        "aliases",
        ["constituent_id"],
        unique=True,
        postgresql_where=sa.text("recorded_until IS NULL"),
    )
    op.create_index(
        "aliases_current_id_idx",
        "aliases",
        ["current_id"],
        unique=False,
        postgresql_where=sa.text("recorded_until IS NULL"),
    )
    op.create_table(
        "reviews",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("left_record_id", sa.BigInteger(), nullable=False),
        sa.Column("right_record_id", sa.BigInteger(), nullable=False),
        sa.Column("weight_microbits", sa.BigInteger(), nullable=False),
        sa.Column("model_id", sa.BigInteger(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["model_id"], ["models.id"], name="reviews_model_id_fkey"),
        sa.PrimaryKeyConstraint("id", name="reviews_pkey"),
    )
    op.create_index(
        "reviews_pair_open_idx",
        "reviews",
        ["left_record_id", "right_record_id"],
        unique=True,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index(
        "reviews_right_open_idx",
        "reviews",
        ["right_record_id"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.execute(
        """
        CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '% on % is refused: its rows are kept as written', TG_OP, TG_TABLE_NAME;
        END $$
        """
    )
    for table in ("models", "constituents"):
        op.execute(
            f"CREATE TRIGGER {table}_kept_as_written BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    op.execute("GRANT SELECT, INSERT ON models, constituents TO hub_app")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON active_models TO hub_app")
    op.execute("GRANT SELECT, INSERT, UPDATE (recorded_until) ON links, homes, aliases TO hub_app")
    op.execute(
        "GRANT SELECT, INSERT, UPDATE (reason, weight_microbits, model_id, closed_at) ON reviews TO hub_app"
    )
