"""What waits for a second person.

Revision ID: 0013
Revises: 0012
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

ID, MS, DIGEST = sa.String(26), sa.BigInteger, sa.String(43)

#: table, index, rows, and how many have the same first column, first two, … (see 0003)
GROWN = """
countersigns ix_countersigns_tenant_id_id 1000 100 1
countersigns ix_countersigns_user_id 1000 2
countersigns sqlite_autoindex_countersigns_1 1000 1
"""


def upgrade() -> None:
    """Add what is new."""
    op.create_table(
        "countersigns",
        sa.Column("id", ID, nullable=False),
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("action", sa.String(20), nullable=False),
        sa.Column("detail", sa.String(26), nullable=False),
        sa.Column("asked_by", ID, nullable=False),
        sa.Column("browser", DIGEST, nullable=False),
        sa.Column("made_at", MS, nullable=False),
        sa.Column("expires_at", MS, nullable=False),
        sa.Column("state", sa.String(9), nullable=False),
        sa.Column("decided_by", ID),
        sa.Column("decided_at", MS),
        sa.PrimaryKeyConstraint("id", name="pk_countersigns"),
    )
    op.create_index("ix_countersigns_user_id", "countersigns", ["user_id"])
    op.create_index("ix_countersigns_tenant_id_id", "countersigns", ["tenant_id", "id"])
    if op.get_context().dialect.name == "sqlite":
        _tell_the_planner()


def _tell_the_planner() -> None:
    statistics = sa.table("sqlite_stat1", sa.column("tbl"), sa.column("idx"), sa.column("stat"))
    rows = (line.split(maxsplit=2) for line in GROWN.strip().splitlines())
    op.bulk_insert(statistics, [{"tbl": row[0], "idx": row[1], "stat": row[2]} for row in rows])
