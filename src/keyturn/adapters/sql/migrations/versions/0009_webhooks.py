"""Tenants' addresses for alarms.

Revision ID: 0009
Revises: 0008
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

#: table, index, rows, and how many have the same first column, first two, … (see 0003)
GROWN = "webhooks sqlite_autoindex_webhooks_1 100 1"


def upgrade() -> None:
    """Add what is new."""
    op.create_table(
        "webhooks",
        sa.Column("tenant_id", sa.String(26), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", name="pk_webhooks"),
    )
    if op.get_context().dialect.name == "sqlite":
        _tell_the_planner()


def _tell_the_planner() -> None:
    statistics = sa.table("sqlite_stat1", sa.column("tbl"), sa.column("idx"), sa.column("stat"))
    table, index, figures = GROWN.split(maxsplit=2)
    op.bulk_insert(statistics, [{"tbl": table, "idx": index, "stat": figures}])
