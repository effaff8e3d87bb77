"""Directory sign-in: tries, and their streaks.

Revision ID: 0007
Revises: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

ID, MS, LANE = sa.String(26), sa.BigInteger, sa.String(64)

#: table, index, rows, and how many have the same first column, first two, … (see 0003)
GROWN = """
directory_tries ix_directory_tries_queued 100 1
directory_tries ix_directory_tries_user_id 10000 2
directory_tries sqlite_autoindex_directory_tries_1 10000 1
directory_streaks sqlite_autoindex_directory_streaks_1 10000 500 1
"""


def upgrade() -> None:
    """Add what is new."""
    op.create_table(
        "directory_tries",
        sa.Column("id", ID, nullable=False),
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("directory_id", ID, nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("created_at", MS, nullable=False),
        sa.Column("expires_at", MS, nullable=False),
        sa.Column("guid", sa.String(32), nullable=False),
        sa.Column("user_id", ID),
        sa.Column("lane", LANE, nullable=False),
        sa.Column("asked_at", MS),
        sa.Column("deadline", MS),
        sa.Column("envelopes", sa.Text(), nullable=False),
        sa.Column("agent_id", ID, nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("until", MS),
        sa.Column("bind", sa.String(6)),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("answered_at", MS),
        sa.Column("rest_ms", MS),
        sa.PrimaryKeyConstraint("id", name="pk_directory_tries"),
    )
    op.create_index("ix_directory_tries_user_id", "directory_tries", ["user_id"])
    queued = sa.text("state = 'queued'")
    op.create_index(
        "ix_directory_tries_queued", "directory_tries", ["deadline"],
        sqlite_where=queued, postgresql_where=queued,
    )  # fmt: skip
    op.create_table(
        "directory_streaks",
        sa.Column("directory_id", ID, nullable=False),
        sa.Column("lane", LANE, nullable=False),
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("last_at", MS, nullable=False),
        sa.Column("holder", ID, nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("until", MS, nullable=False),
        sa.PrimaryKeyConstraint("directory_id", "lane", name="pk_directory_streaks"),
    )
    if op.get_context().dialect.name == "sqlite":
        _tell_the_planner()


def _tell_the_planner() -> None:
    statistics = sa.table("sqlite_stat1", sa.column("tbl"), sa.column("idx"), sa.column("stat"))
    rows = (line.split(maxsplit=2) for line in GROWN.strip().splitlines())
    op.bulk_insert(statistics, [{"tbl": row[0], "idx": row[1], "stat": row[2]} for row in rows])
