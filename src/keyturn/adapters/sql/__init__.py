"""The store on SQLite and PostgreSQL, with the same statements."""

from keyturn.adapters.sql.store import SqlStore, open_store

__all__ = ["SqlStore", "open_store"]
