"""Whether somebody who is signed in may change their account right now."""

from __future__ import annotations

from dataclasses import dataclass

from keyturn.ports.store import Tx
from keyturn.rules.accounts import User, UserState
from keyturn.steps.acts import Act


@dataclass(frozen=True, slots=True)
class Frozen:
    """The owner said "this wasn't me" at `since`; until support has looked nothing changes."""

    since: int


@dataclass(frozen=True, slots=True)
class SignedOut:
    """The session ended meanwhile: a new password, an objection, a disabling."""


def hold(tx: Tx, act: Act, user: User) -> User | SignedOut:
    """The user as stored now, held until this transaction ends.

    Args:
        user: as at the beginning of the request; every end of all sessions since then
            shows as another epoch.
    """
    fresh = tx.users.lock(act.tenant.id, user.id)
    if fresh is None or fresh.state is not UserState.ACTIVE or fresh.epoch != user.epoch:
        return SignedOut()
    return fresh


def may_change(tx: Tx, act: Act, user: User) -> User | Frozen | SignedOut:
    """As `hold`, for changes that a freeze forbids."""
    fresh = hold(tx, act, user)
    if isinstance(fresh, User) and fresh.frozen_at is not None:
        return Frozen(since=fresh.frozen_at)
    return fresh
