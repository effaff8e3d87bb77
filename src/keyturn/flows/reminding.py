"""Reminders before a directory password ends, to people whose account it is.

Which days, and who is not reminded, stand in `rules.directories.comings`.  Who has no user
here, or is disabled here, hears nothing; the day counts as told all the same.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from keyturn.ports.parts import Parts
from keyturn.ports.store import Tx
from keyturn.rules.accounts import User, UserState
from keyturn.rules.callers import Caller
from keyturn.rules.directories.comings import REMIND_DAYS, reminder
from keyturn.rules.directories.known import Known
from keyturn.rules.events import Event
from keyturn.rules.lockout import DAY
from keyturn.steps.acts import Act, record
from keyturn.steps.outbox import mail_notice

#: accounts seen to in one transaction
LIMIT: Final = 50
#: what stands for the client where somebody was reminded
CLIENT: Final = "reminders"


async def remind(parts: Parts, limit: int = LIMIT) -> int:
    """Remind whose day has come, of all tenants; how many accounts there were to look at.

    Raises StoreUnavailable.
    """
    now = parts.clock.now()
    if not await parts.store.glance(lambda tx: tx.syncs.to_remind(now, 1)):
        return 0
    return await parts.store.write(lambda tx: _remind(tx, parts, limit))


def _remind(tx: Tx, parts: Parts, limit: int) -> int:
    now = parts.clock.now()
    due = tx.syncs.to_remind(now, limit)
    # held in one order, and looked at again: another server may have been quicker
    for tenant_id, directory_id in sorted({(tenant, directory) for tenant, directory, _ in due}):
        tx.syncs.lock(tenant_id, directory_id)
        here = (tenant_id, directory_id)
        ids = [known.entry.id for tenant, place, known in due if (tenant, place) == here]
        for known in tx.syncs.known(tenant_id, directory_id, ids):
            at = known.remind_at
            if at is not None and at <= now:
                _one(tx, parts, (tenant_id, directory_id), known, now)
    return len(due)


def _one(tx: Tx, parts: Parts, place: tuple[str, str], known: Known, now: int) -> None:
    day = reminder(known.entry, known.told, now)
    if day is not None:
        _tell(tx, parts, place, known, now)
    # too late for any of them: none is due any more
    told = (*known.told, day if day is not None else min(REMIND_DAYS))
    tx.syncs.keep(*place, [replace(known, told=told)])


def _tell(tx: Tx, parts: Parts, place: tuple[str, str], known: Known, now: int) -> None:
    tenant, directory = tx.tenants.get(place[0]), tx.directories.get(*place)
    user = _owner(tx, place, known)
    if tenant is None or directory is None or user is None:
        return
    entry, act = known.entry, Act(parts, Caller(tenant, "", (), "", CLIENT), now)
    ends = entry.password_expires_at or now
    account = entry.upn or entry.name
    days = -((now - ends) // DAY)
    values = {"directory": directory.name, "account": account, "ends": ends, "days": days}
    mail_notice(tx, act, "password_ends", user, values)
    record(tx, act, Event.ACCOUNT_REMINDED, user, {"account": account, "until": ends})


def _owner(tx: Tx, place: tuple[str, str], known: Known) -> User | None:
    """Who is reminded of an account, if anybody is."""
    holder = tx.directories.holder(*place, known.entry.id)
    user = tx.users.get(place[0], holder.user_id) if holder is not None else None
    return user if user is not None and user.state is UserState.ACTIVE else None
