"""Tables.

Times are BIGINT milliseconds, ids are 26-character ULIDs, JSON is text (it is never
searched).  Uniqueness is an index, not a look.  `audit` is append-only and has the
indexes that its readers need and no more: sign-ins, by far the most of it, stand in three.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    event,
    text,
)

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = MetaData(naming_convention=NAMES)

#: indexes on some of the rows: naming such a thing to SQLAlchemy loads PostgreSQL's dialect,
#: some 40 ms that a start on SQLite need not pay; see `complete`
_PARTIAL: list[Callable[[], object]] = []


def partial(name: str, *columns: ColumnElement[Any], where: Any, unique: bool = False) -> None:
    """An index on the rows that `where` holds for, on both databases."""
    said = {"sqlite_where": where, "postgresql_where": where}
    _PARTIAL.append(lambda: Index(name, *columns, unique=unique, **said))


def whole() -> MetaData:
    """All tables, those too that are only loaded when somebody comes to them."""
    for rooms in (
        "directory_tables",
        "sync_tables",
        "health_tables",
        "signin_tables",
        "webhook_tables",
        "phone_tables",
        "case_tables",
        "batch_tables",
        "verification_tables",
        "device_tables",
        "tally_tables",
        "countersign_tables",
        "provider_tables",
    ):
        import_module(f"keyturn.adapters.sql.{rooms}")
    return metadata


def complete() -> MetaData:
    """The tables with all of their indexes: for whoever makes or compares them."""
    whole()
    while _PARTIAL:
        _PARTIAL.pop(0)()
    return metadata


@event.listens_for(metadata, "before_create")
def _before_create(*_tables: object, **_how: object) -> None:
    complete()


ID = String(26)
DIGEST = String(43)
MS = BigInteger

tenants = Table(
    "tenants",
    metadata,
    Column("id", ID, primary_key=True),
    Column("slug", String(40), nullable=False, unique=True),
    Column("name", String(100), nullable=False),
    Column("host", String(253), unique=True),
    Column("sender", String(254), nullable=False),
    Column("accent", String(7), nullable=False),
    Column("timezone", String(64), nullable=False),
    Column("context", Text, nullable=False),
    Column("support", Text, nullable=False),
    Column("policy", Text, nullable=False),
    Column("created_at", MS, nullable=False),
)

#: Each tenant has a decoy user whose id is the tenant's: names that nobody has are
#: looked up as the decoy, so that they cost the same rows and statements.
users = Table(
    "users",
    metadata,
    Column("id", ID, primary_key=True),
    Column("tenant_id", ID, nullable=False),
    Column("state", String(10), nullable=False),
    Column("name", String(100), nullable=False),
    Column("username", String(64)),
    Column("email", String(254), nullable=False),
    Column("phone", String(16)),
    Column("phone_verified_at", MS),
    Column("password_hash", String(255)),
    Column("password_set_at", MS),
    Column("epoch", Integer, nullable=False),
    Column("frozen_at", MS),
    Column("timezone", String(64)),
    Column("created_at", MS, nullable=False),
    Column("erase_at", MS),
    Column("language", String(8), nullable=False, server_default=text("''")),
    Column("filed", Integer),  # which rule filed it under `words`; NULL: it is yet to be
    Index(None, "tenant_id", "email"),
    Index(None, "tenant_id", "id"),
    Index("ix_users_state", "tenant_id", "state", "id"),
    Index("ix_users_name", "tenant_id", "name", "id"),
)
partial(
    "uq_users_phone",
    users.c.tenant_id,
    users.c.phone,
    unique=True,
    where=users.c.phone.is_not(None),
)

partial(
    "ix_users_erase",
    users.c.erase_at,
    where=users.c.erase_at.is_not(None),
)

partial(
    "ix_users_unfiled",
    users.c.id,
    where=users.c.filed.is_(None),
)

#: what staff find people by, see rules.search; kept in step by the delivery loop
words = Table(
    "words",
    metadata,
    Column("tenant_id", ID, nullable=False),
    # in the order of code points, so that what begins alike stands together
    Column(
        "word",
        String(41).with_variant(String(41, collation="C"), "postgresql"),
        nullable=False,
    ),
    Column("user_id", ID, nullable=False),
    PrimaryKeyConstraint("tenant_id", "word", "user_id"),
    Index(None, "user_id"),
    sqlite_with_rowid=False,
)

identifiers = Table(
    "identifiers",
    metadata,
    Column("tenant_id", ID, nullable=False),
    Column("canonical", String(254), nullable=False),
    Column("user_id", ID, nullable=False),
    PrimaryKeyConstraint("tenant_id", "canonical"),
    Index(None, "user_id"),
)

lanes = Table(
    "lanes",
    metadata,
    Column("tenant_id", ID, nullable=False),
    Column("key", String(50), nullable=False),
    Column("user_id", ID),
    Column("failed", Integer, nullable=False),
    Column("total", Integer, nullable=False),
    Column("locked_until", MS, nullable=False),
    Column("last_failed", MS, nullable=False),
    Column("closed", Boolean, nullable=False),
    Column("reservations", Text, nullable=False),
    Column("lease_until", MS),
    Column("refused", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    Column("touched_at", MS, nullable=False),
    PrimaryKeyConstraint("tenant_id", "key"),
    Index(None, "user_id"),
)
#: SQLite uses a partial index only where a query says its condition in the same words
LOCKED_ONCE = text("locked_until > 0")
partial(
    "ix_lanes_locked",
    lanes.c.tenant_id,
    lanes.c.locked_until,
    lanes.c.user_id,  # who is locked now is told by the index alone
    where=LOCKED_ONCE,
)
partial(
    "ix_lanes_lease",
    lanes.c.lease_until,
    where=lanes.c.lease_until.is_not(None),
)

clients = Table(
    "clients",
    metadata,
    Column("id", ID, primary_key=True),
    Column("tenant_id", ID, nullable=False),
    Column("user_id", ID, nullable=False),
    Column("digest", DIGEST, nullable=False),
    Column("previous", DIGEST),
    Column("name", String(60), nullable=False),
    Column("ip", String(45), nullable=False),
    Column("created_at", MS, nullable=False),
    Column("seen_at", MS, nullable=False),
    Column("trusted", Boolean, nullable=False),
    Index(None, "user_id"),
    Index("ix_clients_seen", "tenant_id", "seen_at", "user_id"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("digest", DIGEST, primary_key=True),
    Column("tenant_id", ID, nullable=False),
    Column("user_id", ID, nullable=False),
    Column("client_id", ID),
    Column("level", Integer, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("ip", String(45), nullable=False),
    Column("client_name", String(60), nullable=False),
    Column("created_at", MS, nullable=False),
    Column("seen_at", MS, nullable=False),
    Column("expires_at", MS, nullable=False),
    Index(None, "user_id"),
)

flows = Table(
    "flows",
    metadata,
    Column("id", ID, primary_key=True),
    Column("tenant_id", ID, nullable=False),
    Column("browser", DIGEST, nullable=False),
    Column("kind", String(12), nullable=False),
    Column("step", String(12), nullable=False),
    Column("user_id", ID),
    Column("data", Text, nullable=False),
    Column("created_at", MS, nullable=False),
    Column("expires_at", MS, nullable=False),
    Column("closed_at", MS),
    Index(None, "user_id"),
)
partial(
    "uq_flows_open",
    flows.c.tenant_id,
    flows.c.browser,
    flows.c.kind,
    unique=True,
    where=flows.c.closed_at.is_(None),
)

codes = Table(
    "codes",
    metadata,
    Column("id", ID, primary_key=True),
    Column("tenant_id", ID, nullable=False),
    Column("flow_id", ID, nullable=False),
    Column("channel", String(4), nullable=False),
    Column("digest", DIGEST),
    Column("link", DIGEST, unique=True),
    Column("tries", Integer, nullable=False),
    Column("sent_at", MS, nullable=False),
    Column("expires_at", MS, nullable=False),
    Column("used_at", MS),
    Column("replaced_at", MS),
    Index(None, "flow_id"),
)

factors = Table(
    "factors",
    metadata,
    Column("id", ID, primary_key=True),
    Column("tenant_id", ID, nullable=False),
    Column("user_id", ID, nullable=False),
    Column("kind", String(8), nullable=False),
    Column("secret", Text, nullable=False),
    Column("used", MS),
    Column("created_at", MS, nullable=False),
    Index(None, "user_id"),
)

passkeys = Table(
    "passkeys",
    metadata,
    Column("id", ID, primary_key=True),
    Column("tenant_id", ID, nullable=False),
    Column("user_id", ID, nullable=False),
    Column("credential_id", Text, nullable=False),
    Column("public_key", Text, nullable=False),
    Column("sign_count", BigInteger, nullable=False),
    Column("name", String(60), nullable=False),
    Column("aaguid", String(36), nullable=False),
    Column("transports", String(60), nullable=False),
    Column("synced", Boolean, nullable=False),
    Column("created_at", MS, nullable=False),
    Column("used_at", MS),
    Column("cloned_at", MS),
    Index(None, "user_id"),
    Index(None, "tenant_id", "credential_id", unique=True),
)

roles = Table(
    "roles",
    metadata,
    Column("tenant_id", ID, nullable=False),
    Column("user_id", ID, nullable=False),
    Column("role", String(10), nullable=False),
    PrimaryKeyConstraint("user_id", "tenant_id"),
)

budgets = Table(
    "budgets",
    metadata,
    Column("tenant_id", ID, nullable=False),
    Column("key", String(100), nullable=False),
    Column("start", MS, nullable=False),
    Column("count", Integer, nullable=False),
    Column("until", MS, nullable=False),
    PrimaryKeyConstraint("tenant_id", "key"),
)

messages = Table(
    "messages",
    metadata,
    Column("id", ID, primary_key=True),
    Column("tenant_id", ID, nullable=False),
    Column("user_id", ID),
    Column("channel", String(4), nullable=False),
    Column("kind", String(24), nullable=False),
    Column("address", String(254)),
    Column("sealed", Text, nullable=False),
    Column("state", String(10), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("run_at", MS, nullable=False),
    Column("expires_at", MS, nullable=False),
    Column("reference", String(200)),
    Column("detail", String(300), nullable=False),
    Column("created_at", MS, nullable=False),
    Column("updated_at", MS, nullable=False),
    Index(None, "user_id"),
    Index(None, "tenant_id", "id"),
)
partial(
    "ix_messages_listed",
    messages.c.tenant_id,
    messages.c.channel,
    messages.c.state,
    messages.c.id,
    where=messages.c.address.is_not(None),
)
PENDING = text("state IN ('queued', 'sending')")
partial("ix_messages_due", messages.c.run_at, where=PENDING)

partial(
    "ix_messages_reference",
    messages.c.reference,
    where=messages.c.reference.is_not(None),
)

audit = Table(
    "audit",
    metadata,
    Column("id", ID, primary_key=True),
    Column("tenant_id", ID, nullable=False),
    Column("at", MS, nullable=False),
    Column("event", String(24), nullable=False),
    Column("user_id", ID),
    Column("actor_id", ID),
    Column("ip", String(45), nullable=False),
    Column("client", String(60), nullable=False),
    Column("facts", Text, nullable=False),
    Index(None, "tenant_id", "id"),
    Index(None, "user_id", "id"),
    Index("ix_audit_ip", "tenant_id", "ip", "id"),
)
#: events of which there are so many that the newest ones are always near the end
COMMON = ("signin.passed", "signin.failed", "signin.refused")
RARE = text("event NOT IN ('signin.passed', 'signin.failed', 'signin.refused')")
partial(
    "ix_audit_rare",
    audit.c.tenant_id,
    audit.c.event,
    audit.c.id,
    where=RARE,
)

cases = Table(
    "cases",
    metadata,
    Column("id", ID, primary_key=True),
    Column("ref", String(12), nullable=False),
    Column("tenant_id", ID, nullable=False),
    Column("user_id", ID),
    Column("identifier", String(254), nullable=False),
    Column("state", String(8), nullable=False),
    Column("contact", String(254), nullable=False),
    Column("note", Text, nullable=False),
    Column("facts", Text, nullable=False),
    Column("created_at", MS, nullable=False),
    Column("closed_at", MS),
    Index(None, "tenant_id", "ref", unique=True),
    Index(None, "user_id"),
    Index("ix_cases_state", "tenant_id", "state", "id"),
)

#: what the installation itself remembers: e.g. that it is a demo
facts = Table(
    "facts",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("value", Text, nullable=False),
)
