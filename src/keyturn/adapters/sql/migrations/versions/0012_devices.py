"""Devices: what is registered, whose it is, setups, questions of presence.

Revision ID: 0012
Revises: 0011
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

ID, MS, DIGEST = sa.String(26), sa.BigInteger, sa.String(43)

#: table, index, rows, and how many have the same first column, first two, … (see 0003)
GROWN = """
device_pairings ix_device_pairings_former 100000 1000
device_pairings ix_device_pairings_user_id 100000 2
device_pairings sqlite_autoindex_device_pairings_1 100000 1
device_pairings uq_device_pairings_active 100000 1
device_setups ix_device_setups_open 100 1
device_setups ix_device_setups_user_id 10000 2
device_setups sqlite_autoindex_device_setups_1 10000 1
devices ix_devices_tenant_id_id 100000 10000 1
devices ix_devices_tenant_id_label 100000 10000 1
devices ix_devices_tenant_id_model_serial 100000 10000 1000 1
devices sqlite_autoindex_devices_1 100000 1
presence_challenges ix_presence_challenges_user_id_id 10000 20 1
presence_challenges ix_presence_challenges_waiting 100 1 1
presence_challenges sqlite_autoindex_presence_challenges_1 10000 1
"""


def upgrade() -> None:
    """Add what is new."""
    _devices()
    _pairings()
    _setups()
    _challenges()
    if op.get_context().dialect.name == "sqlite":
        _tell_the_planner()


def _devices() -> None:
    op.create_table(
        "devices",
        sa.Column("id", ID, nullable=False),
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("model", sa.String(60), nullable=False),
        sa.Column("serial", sa.String(60), nullable=False),
        sa.Column("label", DIGEST, nullable=False),
        sa.Column("registered_at", MS, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_devices"),
    )
    _index("ix_devices_tenant_id_label", "devices", ["tenant_id", "label"], unique=True)
    _index("ix_devices_tenant_id_model_serial", "devices", ["tenant_id", "model", "serial"],
           unique=True)  # fmt: skip
    _index("ix_devices_tenant_id_id", "devices", ["tenant_id", "id"])


def _pairings() -> None:
    op.create_table(
        "device_pairings",
        sa.Column("id", ID, nullable=False),
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("device_id", ID, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("paired_at", MS, nullable=False),
        sa.Column("former", ID, nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("ended_at", MS),
        sa.Column("sequence", MS, nullable=False),
        sa.Column("seen_at", MS),
        sa.Column("ip", sa.String(45), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("secret_used", MS),
        sa.Column("secret_told", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_device_pairings"),
    )
    _index("ix_device_pairings_user_id", "device_pairings", ["user_id"])
    _index("ix_device_pairings_former", "device_pairings", ["former"])
    _index("uq_device_pairings_active", "device_pairings", ["device_id"], unique=True,
           where="state = 'active'")  # fmt: skip


def _setups() -> None:
    op.create_table(
        "device_setups",
        sa.Column("id", ID, nullable=False),
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("device_id", ID, nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("owner_ip", sa.String(45), nullable=False),
        sa.Column("digits", sa.String(6), nullable=False),
        sa.Column("made_at", MS, nullable=False),
        sa.Column("expires_at", MS, nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("device_ip", sa.String(45), nullable=False),
        sa.Column("pressed_at", MS),
        sa.Column("long", sa.Boolean(), nullable=False),
        sa.Column("typed", sa.Boolean(), nullable=False),
        sa.Column("wrong", sa.Integer(), nullable=False),
        sa.Column("pairing_id", ID, nullable=False),
        sa.Column("ended", sa.String(8)),
        sa.Column("ended_at", MS),
        sa.PrimaryKeyConstraint("id", name="pk_device_setups"),
    )
    _index("ix_device_setups_user_id", "device_setups", ["user_id"])
    _index("ix_device_setups_open", "device_setups", ["device_id"],
           where="state IN ('waiting', 'met')")  # fmt: skip


def _challenges() -> None:
    op.create_table(
        "presence_challenges",
        sa.Column("id", ID, nullable=False),
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("pairing_id", ID, nullable=False),
        sa.Column("method", sa.String(8), nullable=False),
        sa.Column("subject", ID, nullable=False),
        sa.Column("case", sa.String(12), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("made_at", MS, nullable=False),
        sa.Column("expires_at", MS, nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("answered_at", MS),
        sa.Column("ended", sa.String(8)),
        sa.PrimaryKeyConstraint("id", name="pk_presence_challenges"),
    )
    _index("ix_presence_challenges_user_id_id", "presence_challenges", ["user_id", "id"])
    _index("ix_presence_challenges_waiting", "presence_challenges", ["pairing_id", "expires_at"],
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
