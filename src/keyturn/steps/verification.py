"""Confirming the address of a new account: the flow "signup" and its code."""

from __future__ import annotations

from keyturn.ports.store import Tx
from keyturn.rules.accounts import Flow, User
from keyturn.rules.lockout import HOUR
from keyturn.steps import codes, lanes
from keyturn.steps.acts import Act

KIND = "signup"
LIFE_MS = HOUR


def begin_signup_code(tx: Tx, act: Act, user: User) -> codes.Sent:
    """Open (or open again) a sign-up at its code, in this browser, and mail the code.

    Budget: the account's own lane.
    """
    flow = open_flow(tx, act, user, user.email)
    return send(tx, act, flow, user)


def open_flow(tx: Tx, act: Act, user: User | None, email: str) -> Flow:
    """The sign-up of this browser. `user` None: the address belongs to somebody already;
    the page looks the same and its code can never be right."""
    flow = Flow(
        id=act.id(),
        tenant_id=act.tenant.id,
        browser=act.caller.browser,
        kind=KIND,
        step="code",
        user_id=user.id if user else None,
        data={"email": email},
        created_at=act.now,
        expires_at=act.now + LIFE_MS,
        closed_at=None,
    )
    tx.flows.add(flow)
    return flow


def send(tx: Tx, act: Act, flow: Flow, user: User) -> codes.Sent:
    """Mail the code of a sign-up."""
    kinds = ("verify_email", "verify_email")
    return codes.mail(
        tx, act, flow, kinds, user=user, address=user.email, lane=lanes.unknown_key(user)
    )
