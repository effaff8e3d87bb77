"""Tables of directory sign-in; see directory_tables.py, with which they are loaded."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, PrimaryKeyConstraint, String, Table, Text, text

from keyturn.adapters.sql.schema import ID, MS, metadata, partial

#: what names a streak: "g:" and a guid, or "n:" and a digest
LANE = String(64)

tries = Table(
    "directory_tries",
    metadata,
    Column("id", ID, primary_key=True),
    Column("tenant_id", ID, nullable=False),
    Column("directory_id", ID, nullable=False),
    Column("state", String(8), nullable=False),
    Column("created_at", MS, nullable=False),
    Column("expires_at", MS, nullable=False),
    Column("guid", String(32), nullable=False),
    Column("user_id", ID),
    Column("lane", LANE, nullable=False),
    Column("asked_at", MS),
    Column("deadline", MS),
    Column("envelopes", Text, nullable=False),
    Column("agent_id", ID, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("until", MS),
    Column("bind", String(6)),
    Column("reason", Text, nullable=False),
    Column("answered_at", MS),
    Column("rest_ms", MS),
    Index(None, "user_id"),
)
QUEUED = text("state = 'queued'")
# by deadline: what nobody took in time stays queued until retention takes it, and is not gone
# through again and again for that
partial("ix_directory_tries_queued", tries.c.deadline, where=QUEUED)

streaks = Table(
    "directory_streaks",
    metadata,
    Column("directory_id", ID, nullable=False),
    Column("lane", LANE, nullable=False),
    Column("tenant_id", ID, nullable=False),
    Column("count", Integer, nullable=False),
    Column("last_at", MS, nullable=False),
    Column("holder", ID, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("until", MS, nullable=False),
    PrimaryKeyConstraint("directory_id", "lane"),
)
