"""Erasing accounts whose wait is over: nothing personal stays, what happened does.

First the audit rows of the account lose names and addresses, some hundred at a time; when
none is left, all else goes in one transaction, which looks once more whether it is still
wanted.  Whoever is interrupted is gone on with, by any server.
"""

from __future__ import annotations

from keyturn.ports.parts import Parts
from keyturn.ports.store import Tx
from keyturn.rules.callers import Caller
from keyturn.rules.events import Event
from keyturn.steps.acts import begin, record
from keyturn.steps.erasure import KEPT

#: accounts in one look, audit rows in one transaction
LIMIT, ROWS = 5, 200
#: what stands for the client where an account was erased
CLIENT = "retention"
#: an erased account's address becomes this and so many characters of its HMAC: rows from
#: one address still show that they belong together
MARK, LENGTH = "~", 12
PURPOSE = "erased-address"


async def erase_due(parts: Parts) -> bool:
    """Do the next piece of work; whether there is more."""
    now = parts.clock.now()
    due = await parts.store.read(lambda tx: tx.upkeep.due_erasures(now, LIMIT))
    for tenant_id, user_id in due:
        if not await _blurred(parts, tenant_id, user_id):
            return True
        await _erase(parts, tenant_id, user_id)
    return len(due) == LIMIT


async def erase_one(parts: Parts, tenant_id: str, user_id: str) -> None:
    """Erase an account whose time has come, to the end."""
    while not await _blurred(parts, tenant_id, user_id):
        pass
    await _erase(parts, tenant_id, user_id)


async def _blurred(parts: Parts, tenant_id: str, user_id: str) -> bool:
    """Blur some audit rows; whether none is left."""

    def address(ip: str) -> str:
        return MARK + parts.sealer.digest(PURPOSE, ip)[:LENGTH]

    done = await parts.store.write(
        lambda tx: tx.upkeep.blur(tenant_id, user_id, ROWS, address, KEPT)
    )
    return done < ROWS


async def _erase(parts: Parts, tenant_id: str, user_id: str) -> None:
    def step(tx: Tx) -> None:
        tenant = tx.tenants.get(tenant_id)
        user = tx.users.lock(tenant_id, user_id)
        if tenant is None or user is None:
            return
        act = begin(parts, Caller(tenant, "", (), "", CLIENT))
        if user.erase_at is None or user.erase_at > act.now:
            return  # called off at the last moment
        tx.upkeep.erase(tenant_id, user_id)
        record(tx, act, Event.USER_ERASED, user, {"asked_at": user.erase_at})

    await parts.store.write(step)
