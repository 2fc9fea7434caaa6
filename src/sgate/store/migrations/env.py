"""Alembic's entry point: run the migrations on the connection passed in by `sgate.store.migrate`."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], target_metadata=None)
with context.begin_transaction():
    context.run_migrations()
