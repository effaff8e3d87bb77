"""What a restore voids of links, codes to scan, phones and questions, and of people who were
being invited; see restore.py.

A backup does not know what was sent, scanned or answered since.  No link, code or question of
then is good any more: people ask for a new link.  Phones stay bound, so that nobody has to
enrol again; those that were taken away since stay away, and no request that was heard since is
heard again.  What phones' own locks have signed since is not known, nor which of them were
turned off: PINs alone open the app, until owners turn them on again.  A list of people that was
being invited is stopped: who was sent a link since is not known any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, Table, bindparam, select, update

from keyturn.adapters.sql.batch_tables import batches
from keyturn.adapters.sql.phone_tables import approvals, codes, links, phones
from keyturn.rules.approvals import State
from keyturn.rules.batches import BatchState, Stop
from keyturn.rules.enrolment import OPEN, CodeState
from keyturn.rules.matching import Ended
from keyturn.rules.phone_app import PhoneState

_ASKED = (str(State.WAITING), str(State.APPROVED))
_SHOWN = tuple(map(str, OPEN))


@dataclass(frozen=True, slots=True)
class Heard:
    """What was known of a phone.

    Attributes:
        sequence: number of the last request that was heard.
    """

    state: PhoneState
    sequence: int


def heard(connection: Connection) -> Mapping[str, Heard]:
    """Of every phone, by id."""
    rows = connection.execute(select(phones.c.id, phones.c.state, phones.c.sequence))
    return {row[0]: Heard(PhoneState(row[1]), row[2]) for row in rows}


def void(connection: Connection, taken_at: int, now: int, before: Mapping[str, Heard]) -> None:
    """Void what could be used twice or was taken back since the backup.

    Args:
        taken_at: the backup's moment, ms; `now`: this one.
        before: as `heard` told before the restore.
    """
    good = links.c.expires_at > taken_at
    connection.execute(update(links).where(good).values(expires_at=taken_at))
    _end(connection, codes, _SHOWN, str(CodeState.OVER), now)
    _end(connection, approvals, _ASKED, str(State.OVER), now)
    _batches(connection, now)
    _phones(connection, now, before)


def _end(
    connection: Connection, table: Table, states: tuple[str, ...], over: str, now: int
) -> None:  # fmt: skip
    gone = {"state": over, "ended": str(Ended.EXPIRED), "ended_at": now}
    connection.execute(update(table).where(table.c.state.in_(states)).values(gone))


def _batches(connection: Connection, now: int) -> None:
    going_on = batches.c.state == str(BatchState.SENDING)
    stopped = {"state": str(BatchState.STOPPED), "stop": str(Stop.RESTORED), "ended_at": now,
               "expires_at": now}  # fmt: skip
    connection.execute(update(batches).where(going_on).values(stopped))


def _phones(connection: Connection, now: int, before: Mapping[str, Heard]) -> None:
    this = phones.c.id == bindparam("phone")
    later = this, phones.c.sequence < bindparam("number")
    connection.execute(update(phones).where(phones.c.lock_key.is_not(None)).values(lock_key=None))
    rose = [{"phone": name, "number": one.sequence} for name, one in before.items()]
    if rose:
        connection.execute(update(phones).where(*later).values(sequence=bindparam("number")), rose)
    gone = [{"phone": name, "was": str(one.state)} for name, one in before.items()
            if one.state is not PhoneState.ACTIVE]  # fmt: skip
    if gone:
        bound = this, phones.c.state == str(PhoneState.ACTIVE)
        over = {"state": bindparam("was"), "ended_at": now}
        connection.execute(update(phones).where(*bound).values(over), gone)
