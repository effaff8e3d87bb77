"""Reminders of activation links that die soon: 24 and 4 hours before, each at most once.

The token is in the link's own mail alone, so a reminder says which mail to look for.  Who has a
phone by now, or could not go on, hears nothing; the reminder counts as sent all the same.
"""

from __future__ import annotations

from typing import Final

from keyturn.ports.parts import Parts
from keyturn.ports.store import Tx
from keyturn.rules import activation
from keyturn.rules.accounts import User
from keyturn.rules.activation import Link
from keyturn.rules.callers import Caller
from keyturn.rules.events import Event
from keyturn.rules.lockout import HOUR
from keyturn.steps import invitations
from keyturn.steps.acts import Act, record
from keyturn.steps.outbox import enqueue

#: links seen to in one transaction
LIMIT: Final = 50
#: what stands for the client where somebody was reminded
CLIENT: Final = "reminders"


async def remind(parts: Parts, limit: int = LIMIT) -> int:
    """Remind of links that die soon, of all tenants; how many there were to look at.

    Raises StoreUnavailable.
    """
    now = parts.clock.now()
    if not await parts.store.glance(lambda tx: tx.phones.to_remind(now, 1)):
        return 0
    return await parts.store.write(lambda tx: _remind(tx, parts, limit))


def _remind(tx: Tx, parts: Parts, limit: int) -> int:
    now = parts.clock.now()
    due = tx.phones.to_remind(now, limit)
    for link in due:
        newest = tx.phones.newest(link.tenant_id, [link.user_id])[link.user_id]
        after, left = activation.remind(link, newest.number, now)
        tx.phones.mark(after)
        tenant, user = tx.tenants.get(link.tenant_id), _reader(tx, link)
        if tenant is not None and user is not None and left is not None:
            act = Act(parts, Caller(tenant, "", (), "", CLIENT), now)
            _tell(tx, act, link, user, left)
    return len(due)


def _reader(tx: Tx, link: Link) -> User | None:
    """Who is reminded of a link, if anybody is."""
    user = tx.users.get(link.tenant_id, link.user_id)
    bound = link.user_id in tx.phones.active(link.tenant_id, [link.user_id])
    barred = user is None or invitations.bar_to_invite(user, bound=bound) is not None
    return None if barred else user


def _tell(tx: Tx, act: Act, link: Link, user: User, left: int) -> None:
    """Args: left: for how long the link still lives, ms."""
    values = {"ends": link.expires_at, "sent": link.made_at, "hours": -(-left // HOUR)}
    enqueue(
        tx, act, "mail", "activation_soon", user=user, address=user.email, values=values,
        life_ms=left,
    )  # fmt: skip
    facts = {"link": link.number, "until": link.expires_at}
    record(tx, act, Event.ACTIVATION_REMINDED, user, facts)
