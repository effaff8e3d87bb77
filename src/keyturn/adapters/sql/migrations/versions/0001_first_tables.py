"""The tables of the first release.

Revision ID: 0001
Revises:
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

ID = sa.String(26)
DIGEST = sa.String(43)
MS = sa.BigInteger()


def upgrade() -> None:
    """Make every table and index."""
    _audit()
    _budgets()
    _cases()
    _clients()
    _codes()
    _factors()
    _facts()
    _flows()
    _identifiers()
    _lanes()
    _messages()
    _roles()
    _sessions()
    _tenants()
    _users()


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("id", ID, nullable=False),
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("at", MS, nullable=False),
        sa.Column("event", sa.String(24), nullable=False),
        sa.Column("user_id", ID, nullable=True),
        sa.Column("actor_id", ID, nullable=True),
        sa.Column("ip", sa.String(45), nullable=False),
        sa.Column("client", sa.String(60), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    op.create_index("ix_audit_tenant_id_id", "audit", ["tenant_id", "id"], unique=False)
    op.create_index("ix_audit_user_id_id", "audit", ["user_id", "id"], unique=False)


def _budgets() -> None:
    op.create_table(
        "budgets",
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("key", sa.String(100), nullable=False),
        sa.Column("start", MS, nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("until", MS, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "key", name="pk_budgets"),
    )


def _cases() -> None:
    op.create_table(
        "cases",
        sa.Column("id", ID, nullable=False),
        sa.Column("ref", sa.String(12), nullable=False),
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=True),
        sa.Column("identifier", sa.String(254), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("contact", sa.String(254), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("created_at", MS, nullable=False),
        sa.Column("closed_at", MS, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_cases"),
    )
    op.create_index("ix_cases_tenant_id_ref", "cases", ["tenant_id", "ref"], unique=True)
    op.create_index("ix_cases_user_id", "cases", ["user_id"], unique=False)


def _clients() -> None:
    op.create_table(
        "clients",
        sa.Column("id", ID, nullable=False),
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("digest", DIGEST, nullable=False),
        sa.Column("previous", DIGEST, nullable=True),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("ip", sa.String(45), nullable=False),
        sa.Column("created_at", MS, nullable=False),
        sa.Column("seen_at", MS, nullable=False),
        sa.Column("trusted", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_clients"),
    )
    op.create_index("ix_clients_user_id", "clients", ["user_id"], unique=False)


def _codes() -> None:
    op.create_table(
        "codes",
        sa.Column("id", ID, nullable=False),
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("flow_id", ID, nullable=False),
        sa.Column("channel", sa.String(4), nullable=False),
        sa.Column("digest", DIGEST, nullable=True),
        sa.Column("link", DIGEST, nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("sent_at", MS, nullable=False),
        sa.Column("expires_at", MS, nullable=False),
        sa.Column("used_at", MS, nullable=True),
        sa.Column("replaced_at", MS, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_codes"),
        sa.UniqueConstraint("link", name="uq_codes_link"),
    )
    op.create_index("ix_codes_flow_id", "codes", ["flow_id"], unique=False)


def _factors() -> None:
    op.create_table(
        "factors",
        sa.Column("id", ID, nullable=False),
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("used", MS, nullable=True),
        sa.Column("created_at", MS, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_factors"),
    )
    op.create_index("ix_factors_user_id", "factors", ["user_id"], unique=False)


def _facts() -> None:
    op.create_table(
        "facts",
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_facts"),
    )


def _flows() -> None:
    op.create_table(
        "flows",
        sa.Column("id", ID, nullable=False),
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("browser", DIGEST, nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("step", sa.String(12), nullable=False),
        sa.Column("user_id", ID, nullable=True),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("created_at", MS, nullable=False),
        sa.Column("expires_at", MS, nullable=False),
        sa.Column("closed_at", MS, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_flows"),
    )
    op.create_index("ix_flows_user_id", "flows", ["user_id"], unique=False)
    op.create_index(
        "uq_flows_open",
        "flows",
        ["tenant_id", "browser", "kind"],
        unique=True,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )


def _identifiers() -> None:
    op.create_table(
        "identifiers",
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("canonical", sa.String(254), nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "canonical", name="pk_identifiers"),
    )
    op.create_index("ix_identifiers_user_id", "identifiers", ["user_id"], unique=False)


def _lanes() -> None:
    op.create_table(
        "lanes",
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("key", sa.String(50), nullable=False),
        sa.Column("user_id", ID, nullable=True),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("locked_until", MS, nullable=False),
        sa.Column("last_failed", MS, nullable=False),
        sa.Column("closed", sa.Boolean(), nullable=False),
        sa.Column("reservations", sa.Text(), nullable=False),
        sa.Column("lease_until", MS, nullable=True),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("touched_at", MS, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "key", name="pk_lanes"),
    )
    op.create_index(
        "ix_lanes_lease",
        "lanes",
        ["lease_until"],
        unique=False,
        sqlite_where=sa.text("lease_until IS NOT NULL"),
        postgresql_where=sa.text("lease_until IS NOT NULL"),
    )
    op.create_index("ix_lanes_user_id", "lanes", ["user_id"], unique=False)


def _messages() -> None:
    op.create_table(
        "messages",
        sa.Column("id", ID, nullable=False),
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=True),
        sa.Column("channel", sa.String(4), nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("address", sa.String(254), nullable=True),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("run_at", MS, nullable=False),
        sa.Column("expires_at", MS, nullable=False),
        sa.Column("reference", sa.String(200), nullable=True),
        sa.Column("detail", sa.String(300), nullable=False),
        sa.Column("created_at", MS, nullable=False),
        sa.Column("updated_at", MS, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_messages"),
    )
    op.create_index(
        "ix_messages_due",
        "messages",
        ["run_at"],
        unique=False,
        sqlite_where=sa.text("state IN ('queued', 'sending')"),
        postgresql_where=sa.text("state IN ('queued', 'sending')"),
    )
    op.create_index("ix_messages_tenant_id_id", "messages", ["tenant_id", "id"], unique=False)
    op.create_index("ix_messages_user_id", "messages", ["user_id"], unique=False)


def _roles() -> None:
    op.create_table(
        "roles",
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("role", sa.String(10), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "tenant_id", name="pk_roles"),
    )


def _sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("digest", DIGEST, nullable=False),
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("client_id", ID, nullable=True),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("ip", sa.String(45), nullable=False),
        sa.Column("client_name", sa.String(60), nullable=False),
        sa.Column("created_at", MS, nullable=False),
        sa.Column("seen_at", MS, nullable=False),
        sa.Column("expires_at", MS, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_sessions"),
    )
    op.create_index("ix_sessions_user_id", "sessions", ["user_id"], unique=False)


def _tenants() -> None:
    op.create_table(
        "tenants",
        sa.Column("id", ID, nullable=False),
        sa.Column("slug", sa.String(40), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("host", sa.String(253), nullable=True),
        sa.Column("sender", sa.String(254), nullable=False),
        sa.Column("accent", sa.String(7), nullable=False),
        sa.Column("timezone", sa.String(64), nullable=False),
        sa.Column("context", sa.Text(), nullable=False),
        sa.Column("support", sa.Text(), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("created_at", MS, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_tenants"),
        sa.UniqueConstraint("host", name="uq_tenants_host"),
        sa.UniqueConstraint("slug", name="uq_tenants_slug"),
    )


def _users() -> None:
    op.create_table(
        "users",
        sa.Column("id", ID, nullable=False),
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("username", sa.String(64), nullable=True),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("phone", sa.String(16), nullable=True),
        sa.Column("phone_verified_at", MS, nullable=True),
        sa.Column("password_hash", sa.String(255), nullable=True),
        sa.Column("password_set_at", MS, nullable=True),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("frozen_at", MS, nullable=True),
        sa.Column("timezone", sa.String(64), nullable=True),
        sa.Column("created_at", MS, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
    )
    op.create_index("ix_users_tenant_id_email", "users", ["tenant_id", "email"], unique=False)
    op.create_index("ix_users_tenant_id_id", "users", ["tenant_id", "id"], unique=False)
    op.create_index(
        "uq_users_phone",
        "users",
        ["tenant_id", "phone"],
        unique=True,
        sqlite_where=sa.text("phone IS NOT NULL"),
        postgresql_where=sa.text("phone IS NOT NULL"),
    )
