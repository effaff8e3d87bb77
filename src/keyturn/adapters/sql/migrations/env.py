"""Alembic's entry: runs the revisions on the connection that `migrate.py` holds.

There is no alembic.ini: addresses come from Keyturn's settings, and the lock, the
transaction and the connection from `migrate.upgrade`.
"""

from __future__ import annotations

from alembic import context

from keyturn.adapters.sql.schema import complete

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=complete(),
    render_as_batch=True,  # SQLite alters a table by copying it
    transactional_ddl=True,  # both databases can: all revisions or none
)
with context.begin_transaction():
    context.run_migrations()
