"""Runs the migrations on the connection handed in by hub.wiring, as the owner of the tables."""

from alembic import context

from hub.store.tables import Base

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    transaction_per_migration=True,
    compare_server_default=True,
)
with context.begin_transaction():
    context.run_migrations()
