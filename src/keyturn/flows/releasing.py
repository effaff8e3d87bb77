"""A phone number that somebody else holds: what staff see of it, and releasing it.

    held by               how it becomes free
    -------------------   ------------------------------------------------------------------
    a disabled user       staff release it: one step, which the audit trail keeps
    the same person       Reset User of the newer account (a stale registration)
    an active user        that user takes it off their account, after a proof: staff ask them;
                          or, where they cannot, in a case of theirs (rules/grants.py)

The number of an active account is never taken by staff because somebody else wants it: whoever
talks the help desk round would read the codes that go there.  What staff can do is ask its holder,
who learns nothing of whom it is for, and of whom the one who wants it learns nothing; and where
the holder calls and is proved, by something bound among others, take it off for them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from keyturn.ports.parts import Parts
from keyturn.ports.store import Tx
from keyturn.rules.access import Action, Staff, Why, hindrance
from keyturn.rules.accounts import User, UserState
from keyturn.rules.budgets import Budget
from keyturn.rules.events import Event
from keyturn.rules.grants import Deed, Short
from keyturn.rules.lockout import DAY
from keyturn.steps import casework, phone_proof, views
from keyturn.steps.acts import Act, begin, record
from keyturn.steps.naming import is_id
from keyturn.steps.outbox import mail_notice
from keyturn.steps.phone_proof import Clash

__all__ = [
    "Asked", "Barred", "Clash", "Held", "NotAllowed", "NotAsked", "NotFound", "NotPermitted",
    "Released", "ask_holder", "clash_of", "release", "release_in_case",
]  # fmt: skip

#: a holder is asked once a day at most, whoever wants the number
ASKS: Final = Budget("number-asks", 1, DAY)


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
class NotPermitted:
    """The proofs of the case do not permit it (yet)."""

    short: Short


@dataclass(frozen=True, slots=True)
class Barred:
    """Changes to the account are frozen."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A mail to the holder is on its way."""

    holder: User


@dataclass(frozen=True, slots=True)
class NotAsked:
    """There is nobody to ask: no active holder, no address; or they were asked within a day."""


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


async def release_in_case(
    parts: Parts, staff: Staff, ref: str
) -> Released | NotPermitted | Barred | casework.Refused:
    """Take the number off the account of whom the case concerns, as its proofs permit. They hear
    of it at once, at their address and at the number, with "this wasn't me". The right to it is
    that of Reset User: it does not come back by itself.
    """

    def do(
        tx: Tx, act: Act, held: casework.Held
    ) -> Released | NotPermitted | Barred | casework.NotFound:
        user = held.user
        if user is None or user.phone is None:
            return casework.NotFound()
        if user.frozen_at is not None:
            return Barred()
        found = casework.do(tx, act, held, Deed.RELEASE_NUMBER)
        if isinstance(found, Short):
            return NotPermitted(found)
        facts: dict[str, object] = {"ref": held.case.ref}
        return Released(phone_proof.drop(tx, act, user, Event.PHONE_RELEASED, facts))

    def step(tx: Tx) -> Released | NotPermitted | Barred | casework.Refused:
        act = begin(parts, staff.caller, staff.user)
        return casework.within(tx, act, staff, ref, Action.RESET_USER, do)

    return await parts.store.write(step)


async def ask_holder(
    parts: Parts, staff: Staff, user_id: str
) -> Asked | NotAsked | NotAllowed | NotFound:
    """Ask the active holder of the number that a user could not have whether it is still theirs.
    If it is not, they take it off their account; nothing changes otherwise.
    """

    def step(tx: Tx) -> Asked | NotAsked | NotAllowed | NotFound:
        act = begin(parts, staff.caller, staff.user)
        real = is_id(user_id) and user_id != act.tenant.id
        user = tx.users.get(act.tenant.id, user_id) if real else None
        if user is None:
            return NotFound()
        theirs = views.highest_rank(tx, user)
        if (why := hindrance(staff, Action.RELEASE_NUMBER, user, theirs)) is not None:
            return NotAllowed(why)
        return _ask(tx, act, user, phone_proof.clash(tx, act, user))

    return await parts.store.write(step)


def _ask(tx: Tx, act: Act, user: User, found: Clash | None) -> Asked | NotAsked:
    holder = found.holder if found else None
    if holder is None or holder.state is not UserState.ACTIVE:
        return NotAsked()
    if not holder.email or holder.phone is None:
        return NotAsked()
    spent = tx.budgets.spend(act.tenant.id, holder.id, act.now, ASKS)
    if not ASKS.allows(spent):
        return NotAsked()
    record(tx, act, Event.PHONE_ASKED, holder, {"for": user.id})
    values = {
        "ending": holder.phone[-phone_proof.ENDING:], "at": act.now,
        "link": act.parts.link(act.tenant, "/account"),
    }  # fmt: skip
    mail_notice(tx, act, "number_wanted", holder, values)
    return Asked(holder)
