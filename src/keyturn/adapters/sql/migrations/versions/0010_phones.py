"""The phone app: activation links, codes to scan, phones, what they are asked; the language that a
person chose; people who are invited together; keys of programs that verify callers, and
verifications.

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
api_keys ix_api_keys_tenant_id_digest 100 10 1
api_keys sqlite_autoindex_api_keys_1 100 1
api_keys uq_api_keys_name 100 10 1
approvals ix_approvals_tenant_id_subject 100000 100000 1
approvals ix_approvals_user_id_made_at 100000 20 1
approvals ix_approvals_waiting 100 1 1
approvals sqlite_autoindex_approvals_1 100000 1
batch_rows ix_batch_rows_user_id 100000 2
batch_rows ix_batch_rows_waiting 1000 500 1
batch_rows sqlite_autoindex_batch_rows_1 100000 1000 1
batches ix_batches_sending 10 1
batches ix_batches_tenant_id_id 1000 100 1
batches sqlite_autoindex_batches_1 1000 1
phones ix_phones_user_id 100000 2
phones sqlite_autoindex_phones_1 100000 1
phones uq_phones_active 100000 1
scan_codes ix_scan_codes_flow_id 10000 2
scan_codes ix_scan_codes_user_id 10000 2
scan_codes ix_scan_codes_open 100 100 1
scan_codes sqlite_autoindex_scan_codes_1 10000 1
verifications ix_verifications_key_id_request 100000 5000 1
verifications ix_verifications_unsettled 10 1
verifications ix_verifications_user_id_id 100000 20 1
verifications sqlite_autoindex_verifications_1 100000 1
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
    _batches()
    _keys()
    _verifications()
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
        sa.Column("lock_key", sa.Text()),
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


def _batches() -> None:
    op.create_table(
        "batches",
        sa.Column("id", ID, nullable=False),
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("source", sa.String(6), nullable=False),
        sa.Column("label", sa.String(200), nullable=False),
        sa.Column("directory_id", ID),
        sa.Column("state", sa.String(7), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("made_by", sa.String(26), nullable=False),
        sa.Column("made_at", MS, nullable=False),
        sa.Column("begun_by", sa.String(26)),
        sa.Column("begun_at", MS),
        sa.Column("ended_at", MS),
        sa.Column("stop", sa.String(8)),
        sa.Column("expires_at", MS),
        sa.Column("act", sa.String(8), nullable=False, server_default="invite"),
        sa.PrimaryKeyConstraint("id", name="pk_batches"),
    )
    _index("ix_batches_tenant_id_id", "batches", ["tenant_id", "id"])
    _index("ix_batches_sending", "batches", ["id"], where="state = 'sending'")
    op.create_table(
        "batch_rows",
        sa.Column("batch_id", ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("phone", sa.String(16), nullable=False),
        sa.Column("account", sa.String(254), nullable=False),
        sa.Column("user_id", ID),
        sa.Column("means", sa.String(16), nullable=False),
        sa.Column("about", sa.String(26), nullable=False),
        sa.Column("state", sa.String(7), nullable=False),
        sa.Column("done_at", MS),
        sa.PrimaryKeyConstraint("batch_id", "number", name="pk_batch_rows"),
    )
    _index("ix_batch_rows_user_id", "batch_rows", ["user_id"])
    _index("ix_batch_rows_waiting", "batch_rows", ["batch_id", "number"],
           where="state = 'waiting'")  # fmt: skip


def _keys() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", ID, nullable=False),
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("hint", sa.String(10), nullable=False),
        sa.Column("digest", DIGEST, nullable=False),
        sa.Column("made_at", MS, nullable=False),
        sa.Column("used_at", MS),
        sa.Column("revoked_at", MS),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
    )
    _index("ix_api_keys_tenant_id_digest", "api_keys", ["tenant_id", "digest"], unique=True)
    _index("uq_api_keys_name", "api_keys", ["tenant_id", "name"], unique=True,
           where="revoked_at IS NULL")  # fmt: skip


def _verifications() -> None:
    op.create_table(
        "verifications",
        sa.Column("id", ID, nullable=False),
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("key_id", ID),
        sa.Column("request", sa.String(64)),
        sa.Column("ticket", sa.String(40), nullable=False),
        sa.Column("asker", sa.Text(), nullable=False),
        sa.Column("made_at", MS, nullable=False),
        sa.Column("outcome", sa.String(12)),
        sa.Column("reason", sa.String(10)),
        sa.Column("settled_at", MS),
        sa.PrimaryKeyConstraint("id", name="pk_verifications"),
    )
    _index("ix_verifications_key_id_request", "verifications", ["key_id", "request"],
           unique=True)  # fmt: skip
    _index("ix_verifications_user_id_id", "verifications", ["user_id", "id"])
    _index("ix_verifications_unsettled", "verifications", ["made_at"], where="outcome IS NULL")


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
