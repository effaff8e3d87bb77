"""The help desk: logs of cases, lost phones, by what users are sorted, daily counts for charts.

Revision ID: 0011
Revises: 0010
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

ID, MS = sa.String(26), sa.BigInteger

#: table, index, rows, and how many have the same first column, first two, … (see 0003)
GROWN = """
clients ix_clients_seen 100000 100000 2 1
users ix_users_name 100000 100000 3 1
case_log ix_case_log_case_id_number 100000 10 1
case_log ix_case_log_tenant_id_about 100000 100000 2
case_log sqlite_autoindex_case_log_1 100000 1
recoveries ix_recoveries_case_id 10000 1
recoveries ix_recoveries_due 100 1
recoveries ix_recoveries_user_id 10000 2
recoveries sqlite_autoindex_recoveries_1 10000 1
recoveries uq_recoveries_waiting 100 1
tallies sqlite_autoindex_tallies_1 1000000 10000 50 1
tally_marks sqlite_autoindex_tally_marks_1 100 1
"""


#: on tables that there were before: name, table, columns
SORTED = (
    ("ix_users_name", "users", ("tenant_id", "name", "id")),
    ("ix_clients_seen", "clients", ("tenant_id", "seen_at", "user_id")),
)
#: see `beforehand.py`
BEFOREHAND = tuple(
    (name, f"CREATE INDEX CONCURRENTLY {name} ON {table} ({', '.join(columns)})")
    for name, table, columns in SORTED
)


def upgrade() -> None:
    """Add what is new."""
    for name, table, columns in SORTED:
        op.create_index(name, table, list(columns), if_not_exists=True)
    op.create_table(
        "case_log",
        sa.Column("id", ID, nullable=False),
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("at", MS, nullable=False),
        sa.Column("actor_id", ID),
        sa.Column("about", ID, nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_case_log"),
    )
    _index("ix_case_log_case_id_number", "case_log", ["case_id", "number"], unique=True)
    _index("ix_case_log_tenant_id_about", "case_log", ["tenant_id", "about"])
    op.create_table(
        "recoveries",
        sa.Column("id", ID, nullable=False),
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("ref", sa.String(12), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("by", ID, nullable=False),
        sa.Column("made_at", MS, nullable=False),
        sa.Column("due_at", MS, nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("sent_at", MS),
        sa.Column("link_number", sa.Integer(), nullable=False),
        sa.Column("ended_at", MS),
        sa.Column("why", sa.String(12)),
        sa.PrimaryKeyConstraint("id", name="pk_recoveries"),
    )
    _index("ix_recoveries_user_id", "recoveries", ["user_id"])
    _index("ix_recoveries_case_id", "recoveries", ["case_id"])
    waiting = "state = 'waiting'"
    _index("uq_recoveries_waiting", "recoveries", ["user_id"], unique=True, where=waiting)
    _index("ix_recoveries_due", "recoveries", ["due_at"], where=waiting)
    _counts()
    if op.get_context().dialect.name == "sqlite":
        _tell_the_planner()


def _counts() -> None:
    op.create_table(
        "tallies",
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "day", "name", name="pk_tallies"),
    )
    op.create_table(
        "tally_marks",
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("until", MS, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", name="pk_tally_marks"),
    )


def _index(
    name: str, table: str, columns: list[str], *, unique: bool = False, where: str = ""
) -> None:
    only = sa.text(where) if where else None
    op.create_index(
        name, table, columns, unique=unique, sqlite_where=only, postgresql_where=only
    )  # fmt: skip


def _tell_the_planner() -> None:
    statistics = sa.table("sqlite_stat1", sa.column("tbl"), sa.column("idx"), sa.column("stat"))
    rows = (line.split(maxsplit=2) for line in GROWN.strip().splitlines())
    op.bulk_insert(statistics, [{"tbl": row[0], "idx": row[1], "stat": row[2]} for row in rows])
