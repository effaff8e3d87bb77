"""The link in a notice with which an owner objects: "this wasn't me"."""

from __future__ import annotations

from keyturn.ports.store import Tx
from keyturn.rules.accounts import User
from keyturn.rules.lockout import DAY
from keyturn.steps import links
from keyturn.steps.acts import Act

KIND = "notme"
LIFE_MS = 7 * DAY


def objection(tx: Tx, act: Act, user: User, *, email: str | None = None) -> str:
    """A fresh link; opening it changes nothing, confirming it ends all sessions.

    It belongs to no browser: the mail may be read on any device.

    Args:
        email: the address that the account had before, which it gets back.
    """
    token = links.mint(tx, act, KIND, user, {"email": email}, LIFE_MS)
    return act.parts.link(act.tenant, f"/notme/{token}")
