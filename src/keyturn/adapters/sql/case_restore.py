"""What a restore voids of the help desk's work; see restore.py.

A backup does not know who has objected since.  No recovery of then comes about any more: whoever
lost a phone calls again.  Proofs and grants of then count nothing, because every user's epoch has
moved on.
"""

from __future__ import annotations

from sqlalchemy import Connection, update

from keyturn.adapters.sql.case_tables import recoveries
from keyturn.rules.recoveries import State, Stop

_OPEN = (str(State.WAITING), str(State.SENT))


def void(connection: Connection, now: int) -> None:
    """Stop what waits, and what has sent its link."""
    gone = {"state": str(State.STOPPED), "why": str(Stop.CHANGED), "ended_at": now}
    connection.execute(update(recoveries).where(recoveries.c.state.in_(_OPEN)).values(gone))
