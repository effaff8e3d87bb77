"""What lists and searches need with a million accounts.

Servers of the release before go on meanwhile: whom they add or rename they do not file
under words (`users.filed` stays or is NULL), and a server of this release does it within a
second.  So nothing is copied here, however many accounts there are.

Indexes on tables that sign-ins write to are made beforehand on PostgreSQL, outside of any
transaction, so that nobody waits for them (see `migrate.py`).

SQLite's planner knows nothing of a table that was never analysed, and reads all of a tenant's
lanes to find one user's.  It is told what a tenant that has grown looks like; the figures are
an ANALYZE's of a hundred thousand accounts, rounded, and never change by themselves, so that
neither do plans (https://sqlite.org/optoverview.html, "Manual Control Of Query Plans Using
SQLITE_STAT Tables").

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

ID = sa.String(26)
WORD = sa.String(41).with_variant(sa.String(41, collation="C"), "postgresql")
RARE = "event NOT IN ('signin.passed', 'signin.failed', 'signin.refused')"

#: name, table, columns, which rows
INDEXES = (
    ("ix_users_state", "users", ("tenant_id", "state", "id"), None),
    ("ix_lanes_locked", "lanes", ("tenant_id", "locked_until", "user_id"), "locked_until > 0"),
    (
        "ix_messages_listed", "messages", ("tenant_id", "channel", "state", "id"),
        "address IS NOT NULL",
    ),
    ("ix_audit_ip", "audit", ("tenant_id", "ip", "id"), None),
    ("ix_audit_rare", "audit", ("tenant_id", "event", "id"), RARE),
    ("ix_cases_state", "cases", ("tenant_id", "state", "id"), None),
)  # fmt: skip


#: table, index, rows, and how many have the same first column, first two, …
GROWN = """
audit ix_audit_ip 1000000 1000000 50 1
audit ix_audit_rare 30000 30000 10000 1
audit ix_audit_tenant_id_id 1000000 1000000 1
audit ix_audit_user_id_id 1000000 10 1
audit sqlite_autoindex_audit_1 1000000 1
cases ix_cases_state 10000 10000 5000 1
cases ix_cases_tenant_id_ref 10000 10000 1
cases ix_cases_user_id 10000 1
cases sqlite_autoindex_cases_1 10000 1
clients ix_clients_user_id 100000 2
clients sqlite_autoindex_clients_1 100000 1
codes ix_codes_flow_id 100000 2
codes sqlite_autoindex_codes_1 100000 1
codes sqlite_autoindex_codes_2 100000 1
factors ix_factors_user_id 100000 10
factors sqlite_autoindex_factors_1 100000 1
flows ix_flows_user_id 100000 5
flows sqlite_autoindex_flows_1 100000 1
flows uq_flows_open 50000 50000 2 1
identifiers ix_identifiers_user_id 250000 3
identifiers sqlite_autoindex_identifiers_1 250000 250000 1
lanes ix_lanes_lease 10 2
lanes ix_lanes_locked 2000 2000 10 1
lanes ix_lanes_user_id 1000000 10
lanes sqlite_autoindex_lanes_1 1000000 1000000 1
messages ix_messages_due 100 2
messages ix_messages_listed 100000 100000 50000 20000 1
messages ix_messages_reference 100000 1
messages ix_messages_tenant_id_id 100000 100000 1
messages ix_messages_user_id 100000 5
messages sqlite_autoindex_messages_1 100000 1
passkeys ix_passkeys_tenant_id_credential_id 10000 10000 1
passkeys ix_passkeys_user_id 10000 2
passkeys sqlite_autoindex_passkeys_1 10000 1
roles sqlite_autoindex_roles_1 100 2 1
sessions ix_sessions_user_id 100000 2
sessions sqlite_autoindex_sessions_1 100000 1
users ix_users_erase 10 1
users ix_users_state 100000 100000 30000 1
users ix_users_tenant_id_email 100000 100000 1
users ix_users_tenant_id_id 100000 100000 1
users ix_users_unfiled 10 1
users sqlite_autoindex_users_1 100000 1
users uq_users_phone 50000 50000 1
words ix_words_user_id 500000 5
words words 500000 500000 2 1
"""


def _statement(name: str, table: str, columns: tuple[str, ...], where: str | None) -> str:
    only = f" WHERE {where}" if where else ""
    return f"CREATE INDEX CONCURRENTLY {name} ON {table} ({', '.join(columns)}){only}"


#: what `migrate.py` runs before the transaction of the revisions, on PostgreSQL: index, how
BEFOREHAND = tuple((row[0], _statement(*row)) for row in INDEXES)


def upgrade() -> None:
    """Add what is new."""
    op.add_column("users", sa.Column("filed", sa.Integer(), nullable=True))
    unfiled = sa.text("filed IS NULL")
    op.create_index(
        "ix_users_unfiled", "users", ["id"], sqlite_where=unfiled, postgresql_where=unfiled
    )
    op.create_table(
        "words",
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("word", WORD, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "word", "user_id", name="pk_words"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_words_user_id", "words", ["user_id"])
    for name, table, columns, where in INDEXES:
        only = None if where is None else sa.text(where)
        op.create_index(
            name, table, list(columns), if_not_exists=True, sqlite_where=only,
            postgresql_where=only,
        )  # fmt: skip
    if op.get_context().dialect.name == "sqlite":
        _tell_the_planner()


def _tell_the_planner() -> None:
    op.execute("ANALYZE sqlite_schema")  # makes the table of statistics and reads nothing
    op.execute("DELETE FROM sqlite_stat1")
    statistics = sa.table("sqlite_stat1", sa.column("tbl"), sa.column("idx"), sa.column("stat"))
    rows = (line.split(maxsplit=2) for line in GROWN.strip().splitlines())
    op.bulk_insert(statistics, [{"tbl": row[0], "idx": row[1], "stat": row[2]} for row in rows])
