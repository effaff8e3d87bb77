"""An owner or manager looks at the console as somebody of a lower role sees it.

It can only take away: what is shown is what that role is shown, and nothing at all is done until
it is over (`rules.access.hindrance`). It hangs on the browser and the person, for an hour.
"""

from __future__ import annotations

from dataclasses import dataclass

from keyturn.ports.parts import Parts
from keyturn.ports.store import Tx
from keyturn.rules.access import Action, Staff, Why, hindrance, rank
from keyturn.rules.accounts import Role
from keyturn.rules.events import Event
from keyturn.steps import openings, seeing
from keyturn.steps.acts import begin, record


@dataclass(frozen=True, slots=True)
class NotAllowed:
    """They may not; nothing was changed."""

    why: Why


@dataclass(frozen=True, slots=True)
class Seeing:
    """From the next request on."""

    role: Role


@dataclass(frozen=True, slots=True)
class Ended:
    """They are themselves again, and may have been before."""


def lower(staff: Staff) -> tuple[Role, ...]:
    """The roles that somebody may look as, the highest first."""
    if hindrance(staff, Action.SEE_AS, None, 0) is not None:
        return ()
    below = (role for role in Role if rank(role) < rank(staff.role))
    return tuple(sorted(below, key=rank, reverse=True))


async def start(parts: Parts, staff: Staff, role: Role) -> Seeing | NotAllowed:
    """Look as `role`, which is lower than one's own."""
    if (why := hindrance(staff, Action.SEE_AS, None, 0)) is not None or staff.user is None:
        return NotAllowed(why or Why.NO_ROLE)
    if role not in lower(staff):
        return NotAllowed(Why.RANK)
    me = staff.user

    def step(tx: Tx) -> Seeing:
        act = begin(parts, staff.caller, me)
        openings.start(tx, act, seeing.KIND, "open", me.id, {"role": str(role)}, seeing.LIFE_MS)
        record(tx, act, Event.SEE_AS_BEGUN, me, {"role": str(role)})
        return Seeing(role)

    return await parts.store.write(step)


async def end(parts: Parts, staff: Staff) -> Ended:
    """Be oneself again. Doing so twice is doing it once."""

    def step(tx: Tx) -> Ended:
        act = begin(parts, staff.caller, staff.user)
        if staff.user is not None and seeing.role_of(tx, act, staff.user.id) is not None:
            openings.give_up(tx, act, seeing.KIND, staff.user.id)
            record(tx, act, Event.SEE_AS_ENDED, staff.user)
        return Ended()

    return await parts.store.write(step)
