"""The phone app: activation links, codes to scan, phones, what they are asked; and the language
that a person chose.

Revision ID: 0010
Revises: 0009
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

ID, MS, DIGEST = sa.String(26), sa.BigInteger, sa.String(43)

#: table, index, rows, and how many have the same first column, first two, … (see 0003)
GROWN = """
activation_links ix_activation_links_due 1000 500 1
activation_links ix_activation_links_tenant_id_digest 100000 100000 1
activation_links ix_activation_links_user_id_number 100000 2 1
activation_links sqlite_autoindex_activation_links_1 100000 1
approvals ix_approvals_tenant_id_subject 100000 100000 1
approvals ix_approvals_user_id_made_at 100000 20 1
approvals ix_approvals_waiting 100 1 1
approvals sqlite_autoindex_approvals_1 100000 1
phones ix_phones_user_id 100000 2
phones sqlite_autoindex_phones_1 100000 1
phones uq_phones_active 100000 1
scan_codes ix_scan_codes_flow_id 10000 2
scan_codes ix_scan_codes_user_id 10000 2
scan_codes ix_scan_codes_open 100 100 1
scan_codes sqlite_autoindex_scan_codes_1 10000 1
"""


def upgrade() -> None:
    """Add what is new."""
    op.add_column(
        "users", sa.Column("language", sa.String(8), nullable=False, server_default=sa.text("''"))
    )  # fmt: skip
    _links()
    _codes()
    _phones()
    _approvals()
    if op.get_context().dialect.name == "sqlite":
        _tell_the_planner()


def _links() -> None:
    op.create_table(
        "activation_links",
        sa.Column("id", ID, nullable=False),
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("digest", DIGEST, nullable=False),
        sa.Column("made_at", MS, nullable=False),
        sa.Column("expires_at", MS, nullable=False),
        sa.Column("used_at", MS),
        sa.Column("withdrawn_at", MS),
        sa.Column("reminded", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_activation_links"),
    )
    _index("ix_activation_links_user_id_number", "activation_links", ["user_id", "number"],
           unique=True)  # fmt: skip
    _index("ix_activation_links_tenant_id_digest", "activation_links", ["tenant_id", "digest"],
           unique=True)  # fmt: skip
    _index("ix_activation_links_due", "activation_links", ["reminded", "expires_at"],
           where="used_at IS NULL AND withdrawn_at IS NULL")  # fmt: skip


def _codes() -> None:
    op.create_table(
        "scan_codes",
        sa.Column("id", ID, nullable=False),
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("flow_id", ID, nullable=False),
        sa.Column("link", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("digest", DIGEST, nullable=False),
        sa.Column("name", sa.String(4), nullable=False),
        sa.Column("typed", DIGEST, nullable=False),
        sa.Column("number", sa.String(2), nullable=False),
        sa.Column("made_at", MS, nullable=False),
        sa.Column("expires_at", MS, nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("scanned_at", MS),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("wrong", sa.Integer(), nullable=False),
        sa.Column("phone_id", ID, nullable=False),
        sa.Column("ended", sa.String(8)),
        sa.Column("ended_at", MS),
        sa.PrimaryKeyConstraint("id", name="pk_scan_codes"),
    )
    _index("ix_scan_codes_user_id", "scan_codes", ["user_id"])
    _index("ix_scan_codes_flow_id", "scan_codes", ["flow_id"])
    _index("ix_scan_codes_open", "scan_codes", ["tenant_id", "name"],
           where="state IN ('waiting', 'scanned')")  # fmt: skip


def _phones() -> None:
    op.create_table(
        "phones",
        sa.Column("id", ID, nullable=False),
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("bound_at", MS, nullable=False),
        sa.Column("push_state", sa.String(8), nullable=False),
        sa.Column("push_since", MS, nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("ended_at", MS),
        sa.Column("sequence", MS, nullable=False),
        sa.Column("seen_at", MS),
        sa.Column("checks", sa.Text()),
        sa.Column("checks_at", MS),
        sa.Column("subscription", sa.Text()),
        sa.Column("pin", sa.Text(), nullable=False),
        sa.Column("offline", sa.Text(), nullable=False),
        sa.Column("offline_used", MS),
        sa.PrimaryKeyConstraint("id", name="pk_phones"),
    )
    _index("ix_phones_user_id", "phones", ["user_id"])
    _index("uq_phones_active", "phones", ["user_id"], unique=True, where="state = 'active'")


def _approvals() -> None:
    op.create_table(
        "approvals",
        sa.Column("id", ID, nullable=False),
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("phone_id", ID, nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("asker", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("number", sa.String(2), nullable=False),
        sa.Column("made_at", MS, nullable=False),
        sa.Column("expires_at", MS, nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("wrong", sa.Integer(), nullable=False),
        sa.Column("answered_at", MS),
        sa.Column("used_at", MS),
        sa.Column("ended", sa.String(8)),
        sa.Column("ended_at", MS),
        sa.PrimaryKeyConstraint("id", name="pk_approvals"),
    )
    _index("ix_approvals_user_id_made_at", "approvals", ["user_id", "made_at"])
    _index("ix_approvals_tenant_id_subject", "approvals", ["tenant_id", "subject"])
    _index("ix_approvals_waiting", "approvals", ["phone_id", "expires_at"],
           where="state = 'waiting'")  # fmt: skip


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
