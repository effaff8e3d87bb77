"""Breaking the glass: an owner made by a command on the host, and nobody can miss it.

Every owner gets a mail when the link is made and another when it is used, both are in the
audit trail, and the console says so on every page for a week.
"""

from __future__ import annotations

import json

from keyturn.ports.store import Tx
from keyturn.rules.accounts import Role, User, UserState
from keyturn.rules.lockout import DAY
from keyturn.steps.acts import Act
from keyturn.steps.outbox import mail_notice

STANDS_MS = 7 * DAY


def broken(tx: Tx, act: Act, made: User | None) -> None:
    """Tell the tenant's owners, and remember it for the console.

    Args:
        made: the new owner; None while there is only a link.
    """
    tx.facts.set(_name(act.tenant.id), json.dumps({"at": act.now, "used": made is not None}))
    told = {
        "at": act.now, "client": act.caller.client_name, "ip": act.caller.ip,
        "made": made.email if made else None,
        "link": act.parts.link(act.tenant, "/console/audit"),
    }  # fmt: skip
    for home, owner_id in tx.roles.holders(act.tenant.id, Role.OWNER):
        owner = tx.users.get(home, owner_id)
        if owner is not None and owner.state is UserState.ACTIVE and owner_id != _id(made):
            mail_notice(tx, act, "break_glass", owner, told)


def _id(user: User | None) -> str | None:
    return user.id if user else None


def standing(tx: Tx, tenant_id: str, now: int) -> int | None:
    """When the glass was last broken, within the last week."""
    told = tx.facts.get(_name(tenant_id))
    at = int(json.loads(told)["at"]) if told else None
    return at if at is not None and now - at < STANDS_MS else None


def _name(tenant_id: str) -> str:
    return f"glass.{tenant_id}"
