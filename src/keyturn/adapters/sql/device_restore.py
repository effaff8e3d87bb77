"""What a restore voids of devices; see restore.py.

A backup does not know what was pressed or shown since.  No setup and no question of then is good
any more.  Devices stay whose they were; those that were released, passed on or stopped since stay
so, no request that was heard since is heard again, and no code that was shown by now is right.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, bindparam, func, select, update

from keyturn.adapters.sql.device_tables import challenges, pairings, setups
from keyturn.rules.devices import Held
from keyturn.rules.lockout import SECOND
from keyturn.rules.pairing import OPEN, Ended, State
from keyturn.rules.presence import Ended as Unanswered
from keyturn.rules.presence import State as Answered

#: RFC 6238: the time step of rotating codes
STEP_MS: Final = 30 * SECOND


@dataclass(frozen=True, slots=True)
class Spoke:
    """What was known of a pairing. sequence: number of the last request that was heard."""

    state: Held
    sequence: int


def spoke(connection: Connection) -> Mapping[str, Spoke]:
    """Of every pairing, by id."""
    rows = connection.execute(select(pairings.c.id, pairings.c.state, pairings.c.sequence))
    return {row[0]: Spoke(Held(row[1]), row[2]) for row in rows}


def void(connection: Connection, now: int, before: Mapping[str, Spoke]) -> None:
    """Void what could be used twice or was taken back since the backup.

    Args:
        before: as `spoke` told before the restore.
    """
    begun = setups.c.state.in_(sorted(map(str, OPEN)))
    gone = {"state": str(State.OVER), "ended": str(Ended.EXPIRED), "ended_at": now}
    connection.execute(update(setups).where(begun).values(gone))
    asked = challenges.c.state.in_([str(Answered.WAITING), str(Answered.GIVEN)])
    old = {"state": str(Answered.OVER), "ended": str(Unanswered.EXPIRED)}
    connection.execute(update(challenges).where(asked).values(old))
    step = now // STEP_MS + 1
    older = func.coalesce(pairings.c.secret_used, 0) < step
    connection.execute(update(pairings).where(older).values(secret_used=step))
    _pairings(connection, now, before)


def _pairings(connection: Connection, now: int, before: Mapping[str, Spoke]) -> None:
    this = pairings.c.id == bindparam("pairing")
    rose = [{"pairing": name, "number": one.sequence} for name, one in before.items()]
    if rose:
        later = this, pairings.c.sequence < bindparam("number")
        change = update(pairings).where(*later).values(sequence=bindparam("number"))
        connection.execute(change, rose)
    gone = [{"pairing": name, "was": str(one.state)} for name, one in before.items()
            if one.state is not Held.ACTIVE]  # fmt: skip
    if gone:
        held = this, pairings.c.state == str(Held.ACTIVE)
        over = {"state": bindparam("was"), "ended_at": now}
        connection.execute(update(pairings).where(*held).values(over), gone)
