"""Phone numbers that are unique over a provider's tenants.

No tenant is in a ring yet, so the index is empty, and made in the time that it takes to read the
users once.

Revision ID: 0015
Revises: 0014
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

ID = sa.String(26)
ONLY = sa.text("phone_ring IS NOT NULL")
#: what the planner is told, as in 0003
GROWN = {"tbl": "users", "idx": "uq_users_phone_ring", "stat": "50000 25000 1"}


def upgrade() -> None:
    """Add what is new."""
    for table in ("tenants", "users"):
        op.add_column(table, sa.Column("phone_ring", ID, nullable=True))
    op.create_index(
        "uq_users_phone_ring", "users", ["phone_ring", "phone"], unique=True,
        sqlite_where=ONLY, postgresql_where=ONLY,
    )  # fmt: skip
    if op.get_context().dialect.name == "sqlite":
        statistics = sa.table("sqlite_stat1", sa.column("tbl"), sa.column("idx"), sa.column("stat"))
        op.bulk_insert(statistics, [GROWN])
