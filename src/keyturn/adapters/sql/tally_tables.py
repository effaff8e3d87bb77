"""Tables of daily counts; loaded when somebody comes to them."""

from __future__ import annotations

from sqlalchemy import Column, Integer, PrimaryKeyConstraint, String, Table

from keyturn.adapters.sql.schema import ID, MS, metadata

tallies = Table(
    "tallies",
    metadata,
    Column("tenant_id", ID, nullable=False),
    Column("day", Integer, nullable=False),
    Column("name", String(80), nullable=False),
    Column("count", Integer, nullable=False),
    PrimaryKeyConstraint("tenant_id", "day", "name"),
)

marks = Table(
    "tally_marks",
    metadata,
    Column("tenant_id", ID, primary_key=True),
    Column("until", MS, nullable=False),
)
