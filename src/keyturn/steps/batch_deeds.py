"""What is done with many users who are here: unlocked, signed out, disabled, enabled.

Of each it is told first what it would do, and why somebody is left out.  Staff are: whoever changes
a colleague's account does it on that colleague's page, with what is asked there; so is whoever
does it.  A row is done as one user alone would be (steps.deeds).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from keyturn.ports.store import Tx
from keyturn.rules import batches
from keyturn.rules.accounts import User, UserState
from keyturn.rules.batches import Act as Kind
from keyturn.rules.batches import Batch, Means, Row, RowState
from keyturn.steps import deeds
from keyturn.steps.acts import Act
from keyturn.steps.meanings import portions


def judged(tx: Tx, act: Act, kind: Kind, rows: Sequence[Row]) -> tuple[Row, ...]:
    """The rows with what it means for each; their users are held when writing."""
    found: list[Row] = []
    for some in portions(rows):
        ids = sorted({row.user_id for row in some if row.user_id})
        users = {user.id: user for user in tx.users.some(act.tenant.id, ids)}
        staff = tx.roles.of_users(ids)
        locked = tx.lanes.locked(act.tenant.id, ids, act.now) if kind is Kind.UNLOCK else {}
        for row in some:
            user = users.get(row.user_id or "")
            means = _means(kind, user, staff=row.user_id in staff, locked=row.user_id in locked)
            found.append(batches.judged(row, means))
    return tuple(found)


def _means(kind: Kind, user: User | None, *, staff: bool, locked: bool) -> Means:
    if user is None:  # gone since it was found: erased
        return Means.UNCLEAR
    if staff:
        return Means.STAFF
    if kind is Kind.UNLOCK:
        return Means.DO if locked else Means.NOT_LOCKED
    disabled = user.state is UserState.DISABLED
    if kind is Kind.ENABLE:
        return Means.DO if disabled else Means.ENABLED
    return Means.DISABLED if disabled else Means.DO


def done(tx: Tx, act: Act, batch: Batch, row: Row) -> Row:
    """Do it to the row's user, if it still can be."""
    [found] = judged(tx, act, batch.act, [row])
    if found.state is RowState.LEFT:
        return found
    for user in tx.users.some(act.tenant.id, [found.user_id or ""]):
        deeds.CHANGES[batch.needs](tx, act, user, "")
    return replace(found, state=RowState.SENT)
