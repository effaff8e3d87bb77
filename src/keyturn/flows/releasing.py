"""A phone number that somebody else holds: what staff see of it, and releasing it.

    held by               how it becomes free
    -------------------   ------------------------------------------------------------------
    a disabled user       staff release it: one step, which the audit trail keeps
    the same person       Reset User of the newer account (a stale registration)
    an active user        that user takes it off their account, after a proof; or a case

The number of an active account is never taken by staff: whoever talks the help desk round would
read the codes that go there.
"""

from __future__ import annotations

from dataclasses import dataclass

from keyturn.ports.parts import Parts
from keyturn.ports.store import Tx
from keyturn.rules.access import Action, Staff, Why, hindrance
from keyturn.rules.accounts import User, UserState
from keyturn.rules.events import Event
from keyturn.steps import phone_proof, views
from keyturn.steps.acts import begin
from keyturn.steps.naming import is_id
from keyturn.steps.phone_proof import Clash

__all__ = ["Clash", "Held", "NotAllowed", "NotFound", "Released", "clash_of", "release"]


@dataclass(frozen=True, slots=True)
class NotAllowed:
    """Staff may not do that; nothing was done."""

    why: Why


@dataclass(frozen=True, slots=True)
class NotFound:
    """Nobody of that id in this tenant."""


@dataclass(frozen=True, slots=True)
class Held:
    """The account is not disabled: its number is not staff's to give away."""


@dataclass(frozen=True, slots=True)
class Released:
    """The user as stored, without a number."""

    user: User


async def clash_of(parts: Parts, staff: Staff, user_id: str) -> Clash | None:
    """The last number that a user could not have, and who holds it; None: none is waited for."""

    def step(tx: Tx) -> Clash | None:
        act = begin(parts, staff.caller, staff.user)
        user = tx.users.get(act.tenant.id, user_id) if is_id(user_id) else None
        return phone_proof.clash(tx, act, user) if user is not None else None

    return await parts.store.read(step)


async def release(
    parts: Parts, staff: Staff, user_id: str
) -> Released | Held | NotAllowed | NotFound:
    """Take a disabled user's number away, so that another can prove it. Enabling the account
    brings it not back.
    """

    def step(tx: Tx) -> Released | Held | NotAllowed | NotFound:
        act = begin(parts, staff.caller, staff.user)
        real = is_id(user_id) and user_id != act.tenant.id
        user = tx.users.lock(act.tenant.id, user_id) if real else None
        if user is None:
            return NotFound()
        why = hindrance(staff, Action.RELEASE_NUMBER, user, views.highest_rank(tx, user))
        if why is not None:
            return NotAllowed(why)
        if user.state is not UserState.DISABLED:
            return Held()
        return Released(phone_proof.drop(tx, act, user, Event.PHONE_RELEASED, {}))

    return await parts.store.write(step)
