"""What follows a right password: a session, or what is still pending.

The same for a password of ours and for one that a directory has found right.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from keyturn.ports.store import Tx
from keyturn.rules.accounts import Client, FactorKind, User, UserState
from keyturn.rules.events import Event
from keyturn.rules.lockout import MINUTE
from keyturn.steps import openings, sessions, verification
from keyturn.steps.acts import Act, record
from keyturn.steps.sessions import SignedIn
from keyturn.steps.texted import Texted

#: the flow in which the second step is waited for (flows/signin.py)
KIND: Final = "signin"
SECOND_STEP_MS: Final = 10 * MINUTE
#: a right password of anybody else is answered as a wrong one
WELCOME: Final = frozenset({UserState.ACTIVE, UserState.UNVERIFIED})


@dataclass(frozen=True, slots=True)
class SecondPending:
    """The password was right; the second step is asked for in this browser."""

    methods: tuple[FactorKind, ...]
    expires_at: int
    texted: Texted | None = None


@dataclass(frozen=True, slots=True)
class AddressPending:
    """The password was right, the address was never confirmed: a new code is on its way."""

    email: str


def enter(
    tx: Tx, act: Act, user: User, client: Client | None, factors: AbstractSet[FactorKind], *,
    staff: bool, by: str = "password",
) -> SignedIn | SecondPending | AddressPending:  # fmt: skip
    """Go on after a right password of somebody who is WELCOME.

    Args:
        client: the known client of theirs that this browser is, or None.
        factors: the second steps they have.
        staff: they have a role somewhere: a trusted client is no second step then.
        by: as steps.sessions.enter.
    """
    if user.state is UserState.UNVERIFIED:
        record(tx, act, Event.SIGNIN_UNVERIFIED, user)
        verification.begin_signup_code(tx, act, user)
        return AddressPending(email=user.email)
    trusted = client is not None and client.trusted
    if factors and (staff or not trusted):
        return _second_pending(tx, act, user, client, factors, by)
    return sessions.enter(tx, act, user, client, level=1, trusted=False, by=by)


def _second_pending(
    tx: Tx, act: Act, user: User, client: Client | None, factors: AbstractSet[FactorKind], by: str
) -> SecondPending:
    data = {"epoch": user.epoch, "client": client.id if client else None, "by": by}
    flow = openings.start(tx, act, KIND, "second", user.id, data, SECOND_STEP_MS)
    record(tx, act, Event.SECOND_PENDING, user)
    return SecondPending(methods=tuple(sorted(factors)), expires_at=flow.expires_at)
