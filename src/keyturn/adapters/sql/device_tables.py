"""Tables of devices and what hangs on them; loaded when somebody comes to them."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, Integer, String, Table, Text, text

from keyturn.adapters.sql.schema import DIGEST, ID, MS, metadata, partial

devices = Table(
    "devices",
    metadata,
    Column("id", ID, primary_key=True),
    Column("tenant_id", ID, nullable=False),
    Column("model", String(60), nullable=False),
    Column("serial", String(60), nullable=False),
    Column("label", DIGEST, nullable=False),
    Column("registered_at", MS, nullable=False),
    Index(None, "tenant_id", "label", unique=True),
    Index(None, "tenant_id", "model", "serial", unique=True),
    Index(None, "tenant_id", "id"),
)

#: SQLite uses a partial index only where a query says its condition in the same words
ACTIVE = text("state = 'active'")
OPEN = text("state IN ('waiting', 'met')")
WAITING = text("state = 'waiting'")

pairings = Table(
    "device_pairings",
    metadata,
    Column("id", ID, primary_key=True),
    Column("tenant_id", ID, nullable=False),
    Column("user_id", ID, nullable=False),
    Column("device_id", ID, nullable=False),
    Column("key", Text, nullable=False),
    Column("paired_at", MS, nullable=False),
    Column("former", ID, nullable=False),
    Column("state", String(8), nullable=False),
    Column("ended_at", MS),
    Column("sequence", MS, nullable=False),
    Column("seen_at", MS),
    Column("ip", String(45), nullable=False),
    Column("secret", Text, nullable=False),
    Column("secret_used", MS),
    Column("secret_told", Boolean, nullable=False),
    Index(None, "user_id"),
    Index(None, "former"),
)
partial("uq_device_pairings_active", pairings.c.device_id, where=ACTIVE, unique=True)

setups = Table(
    "device_setups",
    metadata,
    Column("id", ID, primary_key=True),
    Column("tenant_id", ID, nullable=False),
    Column("user_id", ID, nullable=False),
    Column("device_id", ID, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("owner_ip", String(45), nullable=False),
    Column("digits", String(6), nullable=False),
    Column("made_at", MS, nullable=False),
    Column("expires_at", MS, nullable=False),
    Column("state", String(8), nullable=False),
    Column("key", Text, nullable=False),
    Column("device_ip", String(45), nullable=False),
    Column("pressed_at", MS),
    Column("long", Boolean, nullable=False),
    Column("typed", Boolean, nullable=False),
    Column("wrong", Integer, nullable=False),
    Column("pairing_id", ID, nullable=False),
    Column("ended", String(8)),
    Column("ended_at", MS),
    Index(None, "user_id"),
)
partial("ix_device_setups_open", setups.c.device_id, where=OPEN)

challenges = Table(
    "presence_challenges",
    metadata,
    Column("id", ID, primary_key=True),
    Column("tenant_id", ID, nullable=False),
    Column("user_id", ID, nullable=False),
    Column("pairing_id", ID, nullable=False),
    Column("method", String(8), nullable=False),
    Column("subject", ID, nullable=False),
    Column("case", String(12), nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("made_at", MS, nullable=False),
    Column("expires_at", MS, nullable=False),
    Column("state", String(8), nullable=False),
    Column("answered_at", MS),
    Column("ended", String(8)),
    Index(None, "user_id", "id"),
)
partial(
    "ix_presence_challenges_waiting",
    challenges.c.pairing_id,
    challenges.c.expires_at,
    where=WAITING,
)
