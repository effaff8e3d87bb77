"""Tables of providers: links, memberships, stays; see rules/providers.py.

`tenant_id` is the customer everywhere.
"""

from __future__ import annotations

from sqlalchemy import Column, Index, String, Table, text

from keyturn.adapters.sql.schema import DIGEST, ID, MS, metadata, partial

#: SQLite uses a partial index only where a query says its condition in the same words
LIVE = text("ended_at IS NULL")

links = Table(
    "provider_links",
    metadata,
    Column("id", ID, primary_key=True),
    Column("provider_id", ID, nullable=False),
    Column("tenant_id", ID, nullable=False),
    Column("role", String(10), nullable=False),
    Column("made_by", ID),
    Column("made_at", MS, nullable=False),
    Column("ended_at", MS),
    Column("ended_by", ID),
    Index(None, "tenant_id", "id"),
    Index(None, "provider_id", "id"),
)
# a customer has one link with a provider
partial("uq_provider_links_live", links.c.tenant_id, links.c.provider_id, unique=True, where=LIVE)

members = Table(
    "provider_members",
    metadata,
    Column("id", ID, primary_key=True),
    Column("link_id", ID, nullable=False),
    Column("provider_id", ID, nullable=False),
    Column("tenant_id", ID, nullable=False),
    Column("user_id", ID, nullable=False),
    Column("role", String(10), nullable=False),
    Column("made_by", ID),
    Column("made_at", MS, nullable=False),
    Column("ended_at", MS),
    Column("ended_by", ID),
    Index(None, "user_id", "tenant_id"),
    Index(None, "tenant_id", "id"),
)
# … and somebody acts there as one thing
partial("uq_provider_members_live", members.c.link_id, members.c.user_id, unique=True, where=LIVE)

stays = Table(
    "provider_stays",
    metadata,
    Column("digest", DIGEST, primary_key=True),
    Column("tenant_id", ID, nullable=False),
    Column("link_id", ID, nullable=False),
    Column("provider_id", ID, nullable=False),
    Column("user_id", ID, nullable=False),
    Column("session", DIGEST, nullable=False),
    Column("browser", DIGEST, nullable=False),
    Column("made_at", MS, nullable=False),
    Index(None, "session"),
    Index(None, "user_id"),
)
