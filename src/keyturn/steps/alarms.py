"""Alarms: one mail to each of the tenant's owners, a call of its own address if it has one, a row
of the audit trail, a line in the console.

Whatever sounds one may do so as often as it likes: of each kind one an hour is heard.  It
is the same for names that exist and names that do not; callers see to that.  Whoever counts by
itself what was told already tells it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from keyturn.ports.store import Tx
from keyturn.rules.accounts import Role, UserState
from keyturn.rules.alarms import ONCE, Alarm
from keyturn.rules.events import Event
from keyturn.rules.lockout import DAY
from keyturn.steps import webhooks
from keyturn.steps.acts import Act, record
from keyturn.steps.outbox import mail_notice

#: how long an alarm stands in the console, and how many rows are looked through
STANDS_MS, MOST = DAY, 50
#: the fact that says which alarm it was
KIND = "alarm"


@dataclass(frozen=True, slots=True)
class Standing:
    """An alarm of the last day. `facts` are those it was last sounded with."""

    kind: str
    at: int
    facts: Mapping[str, object]


def sound(tx: Tx, act: Act, kind: Alarm, facts: Mapping[str, object]) -> bool:
    """Sound an alarm; whether it was heard (the first of its kind within the hour).

    Args:
        facts: what letters/alarm.txt says of this kind; small, and never a secret.
    """
    if not ONCE.allows(tx.budgets.spend(act.tenant.id, str(kind), act.now, ONCE)):
        return False
    tell(tx, act, kind, facts, {"link": act.parts.link(act.tenant, "/console/messages")})
    return True


def tell(
    tx: Tx,
    act: Act,
    kind: Alarm,
    facts: Mapping[str, object],
    words: Mapping[str, object],
    mailed: Mapping[str, object] = MappingProxyType({}),
) -> None:
    """As `sound`, whatever was heard before.

    Args:
        words: what the mail has besides, above all `link`: where it leads.
        mailed: what of all this the mail has in another form, to say it in its reader's language.
    """
    record(tx, act, Event.ALARM_RAISED, None, {KIND: str(kind), **facts})
    told = {KIND: str(kind), "at": act.now, **facts, **words}
    webhooks.tell(tx, act, "alarm", told)
    for home, owner_id in tx.roles.holders(act.tenant.id, Role.OWNER):
        owner = tx.users.get(home, owner_id)
        if owner is not None and owner.state is UserState.ACTIVE:
            mail_notice(tx, act, "alarm", owner, {**told, **mailed})


def standing(tx: Tx, act: Act) -> tuple[Standing, ...]:
    """The alarms of the last day, of each kind the newest, newest first."""
    found: dict[str, Standing] = {}
    for entry in tx.audit.search(act.tenant.id, (Event.ALARM_RAISED,), "", None, MOST):
        kind = str(entry.facts.get(KIND, ""))
        if act.now - entry.at < STANDS_MS:
            found.setdefault(kind, Standing(kind, entry.at, entry.facts))
    return tuple(found.values())
