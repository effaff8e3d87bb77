"""How directories are: what agents saw, what was judged, what changed.

Revision ID: 0006
Revises: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

ID, MS = sa.String(26), sa.BigInteger

#: table, index, rows, and how many have the same first column, first two, … (see 0003)
GROWN = """
agent_notes ix_agent_notes_directory_id 5000 250
agent_notes sqlite_autoindex_agent_notes_1 5000 1
health_books sqlite_autoindex_health_books_1 20 1
health_lines ix_health_lines_directory_id_id 20000 1000 1
health_lines sqlite_autoindex_health_lines_1 20000 1
"""


def upgrade() -> None:
    """Add what is new."""
    _notes()
    _books()
    _lines()
    if op.get_context().dialect.name == "sqlite":
        _tell_the_planner()


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _id(name: str = "id") -> sa.Column[str]:
    return sa.Column(name, ID, nullable=False)


def _ms(name: str, *, nullable: bool = True) -> sa.Column[int]:
    return sa.Column(name, MS, nullable=nullable)


def _notes() -> None:
    op.create_table(
        "agent_notes",
        _id("agent_id"), _id("tenant_id"), _id("directory_id"),
        _ms("left_at"), _text("left_place"), _ms("ahead_ms"),
        _ms("second_at"), _text("second_place"), _text("beside"), _ms("beside_at"),
        sa.PrimaryKeyConstraint("agent_id", name="pk_agent_notes"),
    )  # fmt: skip
    op.create_index("ix_agent_notes_directory_id", "agent_notes", ["directory_id"])


def _books() -> None:
    op.create_table(
        "health_books",
        _id("directory_id"), _id("tenant_id"), _text("seen"), _ms("seen_at"), _text("memory"),
        _ms("judged_at"), _ms("alarmed_at"),
        sa.PrimaryKeyConstraint("directory_id", name="pk_health_books"),
    )  # fmt: skip


def _lines() -> None:
    op.create_table(
        "health_lines",
        _id(), _id("tenant_id"), _id("directory_id"), _ms("at", nullable=False),
        sa.Column("change", sa.String(8), nullable=False),
        sa.Column("cause", sa.String(40), nullable=False), _text("subject"),
        sa.Column("before", sa.String(40), nullable=False), _text("facts"),
        sa.PrimaryKeyConstraint("id", name="pk_health_lines"),
    )  # fmt: skip
    op.create_index("ix_health_lines_directory_id_id", "health_lines", ["directory_id", "id"])


def _tell_the_planner() -> None:
    statistics = sa.table("sqlite_stat1", sa.column("tbl"), sa.column("idx"), sa.column("stat"))
    rows = (line.split(maxsplit=2) for line in GROWN.strip().splitlines())
    op.bulk_insert(statistics, [{"tbl": row[0], "idx": row[1], "stat": row[2]} for row in rows])
