"""Directory sign-in, for people: for how long nothing more is tried after a last one.

Revision ID: 0010
Revises: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0007"


def upgrade() -> None:
    """Add what is new."""
    op.add_column("directory_tries", sa.Column("rest_ms", sa.BigInteger()))
