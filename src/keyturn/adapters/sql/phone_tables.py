"""Tables of links, codes to scan, phones and questions; loaded when somebody comes to them."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, String, Table, Text, text

from keyturn.adapters.sql.schema import DIGEST, ID, MS, metadata, partial

links = Table(
    "activation_links",
    metadata,
    Column("id", ID, primary_key=True),
    Column("tenant_id", ID, nullable=False),
    Column("user_id", ID, nullable=False),
    Column("number", Integer, nullable=False),
    Column("digest", DIGEST, nullable=False),
    Column("made_at", MS, nullable=False),
    Column("expires_at", MS, nullable=False),
    Column("used_at", MS),
    Column("withdrawn_at", MS),
    Column("reminded", Integer, nullable=False),
    Index(None, "user_id", "number", unique=True),
    Index(None, "tenant_id", "digest", unique=True),
)
partial(
    "ix_activation_links_due",
    links.c.reminded,
    links.c.expires_at,
    where=links.c.used_at.is_(None) & links.c.withdrawn_at.is_(None),
)

#: SQLite uses a partial index only where a query says its condition in the same words
WAITING = text("state = 'waiting'")
OPEN = text("state IN ('waiting', 'scanned')")
ACTIVE = text("state = 'active'")

codes = Table(
    "scan_codes",
    metadata,
    Column("id", ID, primary_key=True),
    Column("tenant_id", ID, nullable=False),
    Column("user_id", ID, nullable=False),
    Column("flow_id", ID, nullable=False),
    Column("link", Integer, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("digest", DIGEST, nullable=False),
    Column("name", String(4), nullable=False),
    Column("typed", DIGEST, nullable=False),
    Column("number", String(2), nullable=False),
    Column("made_at", MS, nullable=False),
    Column("expires_at", MS, nullable=False),
    Column("state", String(8), nullable=False),
    Column("key", Text, nullable=False),
    Column("scanned_at", MS),
    Column("tries", Integer, nullable=False),
    Column("wrong", Integer, nullable=False),
    Column("phone_id", ID, nullable=False),
    Column("ended", String(8)),
    Column("ended_at", MS),
    Index(None, "user_id"),
    Index(None, "flow_id"),
)
partial("ix_scan_codes_open", codes.c.tenant_id, codes.c.name, where=OPEN)

phones = Table(
    "phones",
    metadata,
    Column("id", ID, primary_key=True),
    Column("tenant_id", ID, nullable=False),
    Column("user_id", ID, nullable=False),
    Column("key", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("bound_at", MS, nullable=False),
    Column("push_state", String(8), nullable=False),
    Column("push_since", MS, nullable=False),
    Column("state", String(8), nullable=False),
    Column("ended_at", MS),
    Column("sequence", MS, nullable=False),
    Column("seen_at", MS),
    Column("checks", Text),
    Column("checks_at", MS),
    Column("subscription", Text),
    Column("pin", Text, nullable=False),
    Column("lock_key", Text),
    Column("offline", Text, nullable=False),
    Column("offline_used", MS),
    Index(None, "user_id"),
)
# one phone of a user is active
partial("uq_phones_active", phones.c.user_id, unique=True, where=ACTIVE)

approvals = Table(
    "approvals",
    metadata,
    Column("id", ID, primary_key=True),
    Column("tenant_id", ID, nullable=False),
    Column("user_id", ID, nullable=False),
    Column("phone_id", ID, nullable=False),
    Column("kind", String(8), nullable=False),
    Column("subject", String(64), nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("asker", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("number", String(2), nullable=False),
    Column("made_at", MS, nullable=False),
    Column("expires_at", MS, nullable=False),
    Column("state", String(8), nullable=False),
    Column("wrong", Integer, nullable=False),
    Column("answered_at", MS),
    Column("used_at", MS),
    Column("ended", String(8)),
    Column("ended_at", MS),
    Index(None, "user_id", "made_at"),
    Index(None, "tenant_id", "subject"),
)
partial("ix_approvals_waiting", approvals.c.phone_id, approvals.c.expires_at, where=WAITING)
