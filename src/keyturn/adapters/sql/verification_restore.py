"""What a restore voids of keys of programs; see restore.py.

Keys that were revoked since the backup stay revoked.  The questions of verifications that waited
are over (phone_restore.py), and the sweep tells how those ended.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select, update

from keyturn.adapters.sql.verification_tables import LIVE, keys


def revoked(connection: Connection) -> Sequence[str]:
    """Keys that open nothing any more, by id."""
    wanted = select(keys.c.id).where(keys.c.revoked_at.is_not(None))
    return connection.execute(wanted).scalars().all()


def void(connection: Connection, now: int, gone: Sequence[str]) -> None:
    """Void what was taken back since the backup.

    Args:
        gone: keys that were revoked before the restore.
    """
    for key_id in gone:
        this = keys.c.id == key_id, LIVE
        connection.execute(update(keys).where(*this).values(revoked_at=now))
