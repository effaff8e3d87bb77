"""Providers: links with customers, who acts there, and stays.

Revision ID: 0014
Revises: 0013
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

ID, MS, DIGEST = sa.String(26), sa.BigInteger, sa.String(43)

#: table, index, rows, and how many have the same first column, first two, … (see 0003)
GROWN = """
provider_links ix_provider_links_provider_id_id 1000 100 1
provider_links ix_provider_links_tenant_id_id 1000 2 1
provider_links sqlite_autoindex_provider_links_1 1000 1
provider_links uq_provider_links_live 1000 2 1
provider_members ix_provider_members_tenant_id_id 10000 20 1
provider_members ix_provider_members_user_id_tenant_id 10000 50 1
provider_members sqlite_autoindex_provider_members_1 10000 1
provider_members uq_provider_members_live 10000 10 1
provider_stays ix_provider_stays_session 1000 5
provider_stays ix_provider_stays_user_id 1000 5
provider_stays sqlite_autoindex_provider_stays_1 1000 1
"""
LIVE = "ended_at IS NULL"


def upgrade() -> None:
    """Add what is new."""
    _links()
    _members()
    _stays()
    if op.get_context().dialect.name == "sqlite":
        _tell_the_planner()


def _links() -> None:
    op.create_table(
        "provider_links",
        sa.Column("id", ID, nullable=False),
        sa.Column("provider_id", ID, nullable=False),
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("role", sa.String(10), nullable=False),
        sa.Column("made_by", ID),
        sa.Column("made_at", MS, nullable=False),
        sa.Column("ended_at", MS),
        sa.Column("ended_by", ID),
        sa.PrimaryKeyConstraint("id", name="pk_provider_links"),
    )
    _index("ix_provider_links_tenant_id_id", "provider_links", ["tenant_id", "id"])
    _index("ix_provider_links_provider_id_id", "provider_links", ["provider_id", "id"])
    _index("uq_provider_links_live", "provider_links", ["tenant_id", "provider_id"], live=True)


def _members() -> None:
    op.create_table(
        "provider_members",
        sa.Column("id", ID, nullable=False),
        sa.Column("link_id", ID, nullable=False),
        sa.Column("provider_id", ID, nullable=False),
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("role", sa.String(10), nullable=False),
        sa.Column("made_by", ID),
        sa.Column("made_at", MS, nullable=False),
        sa.Column("ended_at", MS),
        sa.Column("ended_by", ID),
        sa.PrimaryKeyConstraint("id", name="pk_provider_members"),
    )
    _index("ix_provider_members_user_id_tenant_id", "provider_members", ["user_id", "tenant_id"])
    _index("ix_provider_members_tenant_id_id", "provider_members", ["tenant_id", "id"])
    _index("uq_provider_members_live", "provider_members", ["link_id", "user_id"], live=True)


def _stays() -> None:
    op.create_table(
        "provider_stays",
        sa.Column("digest", DIGEST, nullable=False),
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("link_id", ID, nullable=False),
        sa.Column("provider_id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("session", DIGEST, nullable=False),
        sa.Column("browser", DIGEST, nullable=False),
        sa.Column("made_at", MS, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_provider_stays"),
    )
    _index("ix_provider_stays_session", "provider_stays", ["session"])
    _index("ix_provider_stays_user_id", "provider_stays", ["user_id"])


def _index(name: str, table: str, columns: list[str], *, live: bool = False) -> None:
    only = sa.text(LIVE) if live else None
    op.create_index(
        name, table, columns, unique=live, sqlite_where=only, postgresql_where=only
    )  # fmt: skip


def _tell_the_planner() -> None:
    statistics = sa.table("sqlite_stat1", sa.column("tbl"), sa.column("idx"), sa.column("stat"))
    rows = (line.split(maxsplit=2) for line in GROWN.strip().splitlines())
    op.bulk_insert(statistics, [{"tbl": row[0], "idx": row[1], "stat": row[2]} for row in rows])
