"""The table of tenants' addresses for alarms."""

from __future__ import annotations

from sqlalchemy import Column, Table, Text

from keyturn.adapters.sql.schema import ID, MS, metadata

webhooks = Table(
    "webhooks",
    metadata,
    Column("tenant_id", ID, primary_key=True),
    Column("host", Text, nullable=False),
    Column("sealed", Text, nullable=False),
    Column("made_at", MS, nullable=False),
)
