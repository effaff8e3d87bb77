"""Tables of keys of tenants' programs, and of verifications; loaded when somebody comes to them."""

from __future__ import annotations

from sqlalchemy import Column, Index, String, Table, Text, text

from keyturn.adapters.sql.schema import DIGEST, ID, MS, metadata, partial

#: SQLite uses a partial index only where a query says its condition in the same words
LIVE = text("revoked_at IS NULL")
UNSETTLED = text("outcome IS NULL")

keys = Table(
    "api_keys",
    metadata,
    Column("id", ID, primary_key=True),
    Column("tenant_id", ID, nullable=False),
    Column("name", String(40), nullable=False),
    Column("hint", String(10), nullable=False),
    Column("digest", DIGEST, nullable=False),
    Column("made_at", MS, nullable=False),
    Column("used_at", MS),
    Column("revoked_at", MS),
    Index(None, "tenant_id", "digest", unique=True),
)
# one live key of a tenant's has a name
partial("uq_api_keys_name", keys.c.tenant_id, keys.c.name, unique=True, where=LIVE)

verifications = Table(
    "verifications",
    metadata,
    Column("id", ID, primary_key=True),
    Column("tenant_id", ID, nullable=False),
    Column("user_id", ID, nullable=False),
    Column("key_id", ID),
    Column("request", String(64)),
    Column("ticket", String(40), nullable=False),
    Column("asker", Text, nullable=False),
    Column("made_at", MS, nullable=False),
    Column("outcome", String(12)),
    Column("reason", String(10)),
    Column("settled_at", MS),
    Index(None, "key_id", "request", unique=True),
    Index(None, "user_id", "id"),
)
partial("ix_verifications_unsettled", verifications.c.made_at, where=UNSETTLED)
