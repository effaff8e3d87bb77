"""Directories, agents, jobs.

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

ID, MS = sa.String(26), sa.BigInteger
DIGEST, GUID, HOST = sa.String(43), sa.String(32), sa.String(253)

#: table, index, rows, and how many have the same first column, first two, … (see 0003)
GROWN = """
directories ix_directories_tenant_id_name 20 2 1
directories sqlite_autoindex_directories_1 20 1
enrolments ix_enrolments_directory_id 100 5
enrolments sqlite_autoindex_enrolments_1 100 1
leases sqlite_autoindex_leases_1 20 1
linked_accounts ix_linked_accounts_directory_id_guid 100000 5000 1
linked_accounts ix_linked_accounts_user_id 100000 1
linked_accounts sqlite_autoindex_linked_accounts_1 100000 5000 1
agents ix_agents_cloned 10 1
agents ix_agents_directory_id 5000 250
agents ix_agents_revoked 100 1
agents ix_agents_waiting 10 2 1
agents sqlite_autoindex_agents_1 5000 1
agents uq_agents_name 5000 250 1
sequences sqlite_autoindex_sequences_1 15000 3 1
jobs ix_jobs_directory_id_id 100000 5000 1
jobs ix_jobs_due 100 2
jobs ix_jobs_open 100 5 1
jobs ix_jobs_tenant_id_id 100000 50000 1
jobs ix_jobs_user_id_id 100000 2 1
jobs ix_jobs_watched 100 5 1
jobs sqlite_autoindex_jobs_1 100000 1
jobs uq_jobs_permit 10 2 1
looks ix_looks_directory_id_guid_id 100000 5000 2 1
looks ix_looks_unanswered 10 2 1
looks ix_looks_user_id 100000 2
looks sqlite_autoindex_looks_1 100000 1
proofs sqlite_autoindex_proofs_1 300000 3 1
"""


def upgrade() -> None:
    """Add what is new."""
    _directories()
    _agents()
    _jobs()
    _looks()
    if op.get_context().dialect.name == "sqlite":
        _tell_the_planner()


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _id(name: str = "id", *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, ID, nullable=nullable)


def _ms(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, MS, nullable=nullable)


def _index(name: str, table: str, *columns: str, where: str = "", unique: bool = False) -> None:
    only: Any = sa.text(where) if where else None
    op.create_index(
        name, table, list(columns), unique=unique, sqlite_where=only, postgresql_where=only
    )


def _directories() -> None:
    op.create_table(
        "directories",
        _id(), _id("tenant_id"), sa.Column("name", HOST, nullable=False),
        _text("identity", nullable=True), _text("topology"), _text("reachable"),
        _ms("topology_at", nullable=True), _ms("created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_directories"),
    )  # fmt: skip
    _index("ix_directories_tenant_id_name", "directories", "tenant_id", "name", unique=True)
    op.create_table(
        "enrolments",
        sa.Column("digest", DIGEST, nullable=False), _id("tenant_id"), _id("directory_id"),
        sa.Column("role", sa.String(9), nullable=False), _id("made_by"), _ms("expires_at"),
        _ms("used_at", nullable=True),
        sa.PrimaryKeyConstraint("digest", name="pk_enrolments"),
    )  # fmt: skip
    _index("ix_enrolments_directory_id", "enrolments", "directory_id")
    op.create_table(
        "leases",
        _id("directory_id"), _id("tenant_id"), _id("agent_id"), _text("run_id"),
        _ms("generation"), _ms("number"), _ms("until"),
        sa.PrimaryKeyConstraint("directory_id", name="pk_leases"),
    )  # fmt: skip
    op.create_table(
        "linked_accounts",
        _id("directory_id"), _id("user_id"), _id("tenant_id"),
        sa.Column("guid", GUID, nullable=False), _text("name"), _text("upn"), _ms("linked_at"),
        sa.PrimaryKeyConstraint("directory_id", "user_id", name="pk_linked_accounts"),
    )  # fmt: skip
    of_guid = "ix_linked_accounts_directory_id_guid"
    _index(of_guid, "linked_accounts", "directory_id", "guid", unique=True)
    _index("ix_linked_accounts_user_id", "linked_accounts", "user_id")


def _agents() -> None:
    op.create_table(
        "agents",
        _id(), _id("tenant_id"), _id("directory_id"), _text("name"),
        sa.Column("role", sa.String(9), nullable=False),
        sa.Column("state", sa.String(7), nullable=False),
        _text("controller"), _text("signing_key"), _text("sealing_key"),
        _text("certificate", nullable=True), _text("bequest", nullable=True),
        _text("run_id", nullable=True), _text("machine", nullable=True),
        _text("place", nullable=True), _ms("since", nullable=True), _ms("seen_at", nullable=True),
        _text("version"), _text("facts"), _ms("enrolled_at"), _id("approved_by", nullable=True),
        _ms("revoked_at", nullable=True), _ms("clone_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_agents"),
    )  # fmt: skip
    _index("ix_agents_directory_id", "agents", "directory_id")
    _index(
        "uq_agents_name", "agents", "directory_id", "name", unique=True,
        where="state <> 'revoked'",
    )  # fmt: skip
    _index("ix_agents_revoked", "agents", "revoked_at", where="revoked_at IS NOT NULL")
    _index("ix_agents_cloned", "agents", "clone_at", where="clone_at IS NOT NULL")
    _index("ix_agents_waiting", "agents", "directory_id", "id", where="state = 'waiting'")
    op.create_table(
        "sequences",
        _id("agent_id"), sa.Column("lane", sa.String(40), nullable=False), _id("tenant_id"),
        _ms("number"),
        sa.PrimaryKeyConstraint("agent_id", "lane", name="pk_sequences"),
    )  # fmt: skip


def _jobs() -> None:
    op.create_table(
        "jobs",
        _id(), _id("tenant_id"), _id("directory_id"), _id("user_id"),
        sa.Column("guid", GUID, nullable=False),
        sa.Column("kind", sa.String(14), nullable=False),
        sa.Column("state", sa.String(9), nullable=False), _id("started_by", nullable=True),
        sa.Column("must_change", sa.Boolean(), nullable=False),
        sa.Column("unlock", sa.Boolean(), nullable=False),
        _ms("created_at"), _ms("expires_at"), _ms("deadline", nullable=True),
        _text("envelopes"), _text("permit", nullable=True), _text("reason"), _text("detail"),
        _text("after", nullable=True), _ms("finished_at", nullable=True),
        _ms("everywhere_at", nullable=True), _ms("due_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
    )  # fmt: skip
    for column in ("tenant_id", "directory_id", "user_id"):
        _index(f"ix_jobs_{column}_id", "jobs", column, "id")
    is_open = "state IN ('choosing', 'queued', 'permitted', 'unsettled')"
    watched = "state = 'done' AND (everywhere_at IS NULL OR envelopes <> '[]') AND reason = ''"
    permitted = "state IN ('permitted', 'unsettled')"
    _index("ix_jobs_open", "jobs", "directory_id", "guid", where=is_open)
    _index("ix_jobs_watched", "jobs", "directory_id", "id", where=watched)
    _index("ix_jobs_due", "jobs", "due_at", where="due_at IS NOT NULL")
    _index("uq_jobs_permit", "jobs", "directory_id", "guid", where=permitted, unique=True)


def _looks() -> None:
    op.create_table(
        "proofs",
        _id("job_id"), sa.Column("controller", HOST, nullable=False), _id("tenant_id"),
        _text("site"), sa.Column("state", sa.String(11), nullable=False), _ms("at"),
        _ms("delay_ms", nullable=True),
        sa.PrimaryKeyConstraint("job_id", "controller", name="pk_proofs"),
    )  # fmt: skip
    op.create_table(
        "looks",
        _id(), _id("tenant_id"), _id("directory_id"), _id("user_id", nullable=True),
        sa.Column("guid", GUID, nullable=False), _text("name"), _id("asked_by"),
        _ms("asked_at"), _ms("expires_at"), _text("view"), _text("cause"),
        _ms("answered_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_looks"),
    )  # fmt: skip
    _index("ix_looks_directory_id_guid_id", "looks", "directory_id", "guid", "id")
    _index("ix_looks_user_id", "looks", "user_id")
    _index("ix_looks_unanswered", "looks", "directory_id", "id", where="answered_at IS NULL")


def _tell_the_planner() -> None:
    statistics = sa.table("sqlite_stat1", sa.column("tbl"), sa.column("idx"), sa.column("stat"))
    rows = (line.split(maxsplit=2) for line in GROWN.strip().splitlines())
    op.bulk_insert(statistics, [{"tbl": row[0], "idx": row[1], "stat": row[2]} for row in rows])
