"""Whose accounts are: what is still to be settled of each, and how a link came about.

Everybody is read once more, so that each account's address is known before anybody is linked
by it.

Revision ID: 0008
Revises: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

#: indexes on some accounts: their last column, and which accounts
SOME = {
    "ix_entries_owed": ("id", "owing IN ('due', 'sure')"),
    "ix_entries_held": ("gone_at", "owing = 'held'"),
    "ix_entries_unclear": ("id", "unclear <> ''"),
}

#: table, index, rows, and how many have the same first column, first two, … (see 0003)
GROWN = """
entries ix_entries_directory_id_mail 100000 5000 2
entries ix_entries_owed 100 50 1
entries ix_entries_held 100 50 1
entries ix_entries_unclear 100 50 1
"""


def upgrade() -> None:
    """Add what is new."""
    op.add_column("linked_accounts", _text("how", 5, "staff"))
    op.add_column("linked_accounts", _text("stopped", 10, ""))
    for name, length, first in (("owing", 7, "due"), ("unclear", 8, ""), ("mail", 254, "")):
        op.add_column("entries", _text(name, length, first))
    op.create_index("ix_entries_directory_id_mail", "entries", ["directory_id", "mail"])
    for name, (last, those) in SOME.items():
        op.create_index(
            name, "entries", ["directory_id", last], sqlite_where=sa.text(those),
            postgresql_where=sa.text(those),
        )  # fmt: skip
    op.execute("UPDATE syncs SET phase = 'due'")
    if op.get_context().dialect.name == "sqlite":
        _tell_the_planner()


def _text(name: str, length: int, first: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(length), nullable=False, server_default=first or sa.text("''"))


def _tell_the_planner() -> None:
    statistics = sa.table("sqlite_stat1", sa.column("tbl"), sa.column("idx"), sa.column("stat"))
    rows = (line.split(maxsplit=2) for line in GROWN.strip().splitlines())
    op.bulk_insert(statistics, [{"tbl": row[0], "idx": row[1], "stat": row[2]} for row in rows])
