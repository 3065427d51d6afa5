"""Alembic's way in: runs the migrations on the connection that `affetto.store.engine` hands over."""

from alembic import context

from affetto.store.tables import Base

context.configure(connection=context.config.attributes["connection"], target_metadata=Base.metadata)
with context.begin_transaction():
    context.run_migrations()
