"""What a directory is, and everybody in it.

Servers of the release before go on meanwhile: what they add is an Active Directory, for
they know no other.

Revision ID: 0005
Revises: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

ID, MS = sa.String(26), sa.BigInteger

#: indexes on some jobs: whose state is one of these; whether they are alone there
JOBS = {
    "ix_jobs_open": ("'choosing', 'queued', 'permitted', 'unsettled'", False),
    "uq_jobs_permit": ("'permitted', 'unsettled'", True),
}

#: table, index, rows, and how many have the same first column, first two, … (see 0003)
GROWN = """
entries ix_entries_directory_id_word_id 100000 5000 1 1
entries ix_entries_gone 1000 50 1
entries ix_entries_remind_at 100000 2
entries sqlite_autoindex_entries_1 100000 5000 1
syncs ix_syncs_due 2 1 1
syncs sqlite_autoindex_syncs_1 20 1
"""


def upgrade() -> None:
    """Add what is new."""
    kind = sa.Column("kind", sa.String(16), nullable=False, server_default="active_directory")
    op.add_column("directories", kind)
    _longer_ids()
    _syncs()
    _entries()
    if op.get_context().dialect.name == "sqlite":
        _tell_the_planner()


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _id(name: str) -> sa.Column[str]:
    return sa.Column(name, ID, nullable=False)


def _ms(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, MS, nullable=nullable)


def _binary(name: str, length: int) -> sa.Column[str]:
    """Ordered by its bytes on both databases."""
    kept = sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")
    return sa.Column(name, kept, nullable=False)


def _longer_ids() -> None:
    """An account of a workgroup has a SID, which is longer than a GUID. SQLite does not mind."""
    if op.get_context().dialect.name != "postgresql":
        return
    # with these on it PostgreSQL would write their conditions anew, in other words
    for name in JOBS:
        op.drop_index(name, "jobs")
    for table in ("linked_accounts", "jobs", "looks"):
        op.alter_column(table, "guid", type_=sa.String(136), existing_nullable=False)
    for name, (states, unique) in JOBS.items():
        op.create_index(
            name, "jobs", ["directory_id", "guid"], unique=unique,
            postgresql_where=sa.text(f"state IN ({states})"),
        )  # fmt: skip


def _syncs() -> None:
    op.create_table(
        "syncs",
        _id("directory_id"), _id("tenant_id"), _text("scope"), _ms("number"),
        sa.Column("phase", sa.String(9), nullable=False),
        sa.Column("after", sa.String(136), nullable=False), _ms("total"), _ms("done"),
        _text("cursor"), _ms("begun_at", nullable=True), _ms("finished_at", nullable=True),
        _ms("heard_at", nullable=True), _text("trouble"),
        sa.PrimaryKeyConstraint("directory_id", name="pk_syncs"),
    )  # fmt: skip
    due = sa.text("phase = 'due'")
    op.create_index(
        "ix_syncs_due", "syncs", ["directory_id", "number"], sqlite_where=due,
        postgresql_where=due,
    )  # fmt: skip


def _entries() -> None:
    op.create_table(
        "entries",
        _id("directory_id"), _binary("id", 136), _id("tenant_id"), _binary("word", 64),
        _text("entry"), _ms("seen_at"), _ms("gone_at", nullable=True), _text("told"),
        _ms("remind_at", nullable=True),
        sa.PrimaryKeyConstraint("directory_id", "id", name="pk_entries"),
    )  # fmt: skip
    by_word = "ix_entries_directory_id_word_id"
    op.create_index(by_word, "entries", ["directory_id", "word", "id"])
    gone = sa.text("gone_at IS NOT NULL")
    op.create_index(
        "ix_entries_gone", "entries", ["directory_id", "gone_at"],
        sqlite_where=gone, postgresql_where=gone,
    )  # fmt: skip
    reminded = sa.text("remind_at IS NOT NULL")
    op.create_index(
        "ix_entries_remind_at", "entries", ["remind_at"], sqlite_where=reminded,
        postgresql_where=reminded,
    )  # fmt: skip


def _tell_the_planner() -> None:
    statistics = sa.table("sqlite_stat1", sa.column("tbl"), sa.column("idx"), sa.column("stat"))
    rows = (line.split(maxsplit=2) for line in GROWN.strip().splitlines())
    op.bulk_insert(statistics, [{"tbl": row[0], "idx": row[1], "stat": row[2]} for row in rows])
