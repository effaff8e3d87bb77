"""The table of what waits for a second person; loaded when somebody comes to it."""

from __future__ import annotations

from sqlalchemy import Column, Index, String, Table

from keyturn.adapters.sql.schema import DIGEST, ID, MS, metadata

countersigns = Table(
    "countersigns",
    metadata,
    Column("id", ID, primary_key=True),
    Column("tenant_id", ID, nullable=False),
    Column("user_id", ID, nullable=False),
    Column("action", String(20), nullable=False),
    Column("detail", String(26), nullable=False),
    Column("asked_by", ID, nullable=False),
    Column("browser", DIGEST, nullable=False),
    Column("made_at", MS, nullable=False),
    Column("expires_at", MS, nullable=False),
    Column("state", String(9), nullable=False),
    Column("decided_by", ID),
    Column("decided_at", MS),
    Index(None, "user_id"),
    Index(None, "tenant_id", "id"),
)
