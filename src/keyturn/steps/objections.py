"""The link in a notice with which an owner objects: "this wasn't me"."""

from __future__ import annotations

from keyturn.ports.store import Tx
from keyturn.rules.accounts import Flow, User
from keyturn.rules.codes import Code
from keyturn.rules.lockout import DAY
from keyturn.steps.acts import Act

KIND = "notme"
LIFE_MS = 7 * DAY


def objection(tx: Tx, act: Act, user: User, *, email: str | None = None) -> str:
    """A fresh link; opening it changes nothing, confirming it ends all sessions.

    It belongs to no browser: the mail may be read on any device.

    Args:
        email: the address that the account had before, which it gets back.
    """
    token = act.parts.random.token()
    flow_id = act.id()
    tx.flows.add(
        Flow(
            id=flow_id,
            tenant_id=act.tenant.id,
            browser=act.parts.sealer.digest(KIND, token),
            kind=KIND,
            step="open",
            user_id=user.id,
            data={"email": email},
            created_at=act.now,
            expires_at=act.now + LIFE_MS,
            closed_at=None,
        )
    )
    tx.codes.add(
        Code(
            id=act.id(),
            tenant_id=act.tenant.id,
            flow_id=flow_id,
            channel="mail",
            digest=None,
            link=act.parts.sealer.digest("link", token),
            tries=0,
            sent_at=act.now,
            expires_at=act.now + LIFE_MS,
            used_at=None,
            replaced_at=None,
        )
    )
    return act.parts.link(act.tenant, f"/notme/{token}")
