"""Passkeys, erasing on request, messages by the gateway's reference.

Everything is added and nothing changed, so that servers of the release before go on while
they are replaced one by one.

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

ID = sa.String(26)
MS = sa.BigInteger()
_REFERENCE = (
    "CREATE INDEX CONCURRENTLY ix_messages_reference ON messages (reference) "
    "WHERE reference IS NOT NULL"
)
#: see `beforehand.py`
BEFOREHAND = (("ix_messages_reference", _REFERENCE),)


def upgrade() -> None:
    """Add what is new."""
    _passkeys()
    op.add_column("users", sa.Column("erase_at", MS, nullable=True))
    _index_where_set("ix_users_erase", "users", "erase_at")
    _index_where_set("ix_messages_reference", "messages", "reference")


def _passkeys() -> None:
    op.create_table(
        "passkeys",
        sa.Column("id", ID, nullable=False),
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("credential_id", sa.Text(), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("aaguid", sa.String(36), nullable=False),
        sa.Column("transports", sa.String(60), nullable=False),
        sa.Column("synced", sa.Boolean(), nullable=False),
        sa.Column("created_at", MS, nullable=False),
        sa.Column("used_at", MS, nullable=True),
        sa.Column("cloned_at", MS, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_passkeys"),
    )
    op.create_index("ix_passkeys_user_id", "passkeys", ["user_id"], unique=False)
    op.create_index(
        "ix_passkeys_tenant_id_credential_id",
        "passkeys",
        ["tenant_id", "credential_id"],
        unique=True,
    )


def _index_where_set(name: str, table: str, column: str) -> None:
    there = sa.text(f"{column} IS NOT NULL")
    op.create_index(
        name, table, [column], if_not_exists=True, sqlite_where=there, postgresql_where=there
    )
