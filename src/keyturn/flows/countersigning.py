"""The second person: what waits for one, and saying yes or no to it.

Whatever is agreed to is done in the transaction that says so, which holds the tenant's row, then
the user's: of two who answer at the same moment one is heard. Both of the two are judged anew,
and so is what is to be done: a day may lie between.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from keyturn.ports.parts import Parts
from keyturn.ports.store import Tx
from keyturn.rules import countersigns as rules
from keyturn.rules.access import Staff, Why, hindrance, lacking
from keyturn.rules.accounts import User
from keyturn.rules.countersigns import Countersign, State
from keyturn.rules.events import Event
from keyturn.steps import colleagues, deeds
from keyturn.steps import countersigns as steps
from keyturn.steps.acts import Act, begin, record
from keyturn.steps.deeds import LastOwner, NotFound
from keyturn.steps.invitations import NotSent
from keyturn.steps.naming import is_id

__all__ = [
    "Agreed", "Ended", "LastOwner", "NotAllowed", "NotFound", "NotSent", "Over", "View", "agree",
    "decline", "everyone", "one", "withdraw",
]  # fmt: skip

T = TypeVar("T")
#: how many are listed
MOST: Final = 100


@dataclass(frozen=True, slots=True)
class NotAllowed:
    """They may not do that; nothing was done."""

    why: Why


@dataclass(frozen=True, slots=True)
class Over:
    """It waits no more: decided, too old, or void. Nothing was done now."""


@dataclass(frozen=True, slots=True)
class Agreed:
    """It is done."""

    one: Countersign


@dataclass(frozen=True, slots=True)
class Ended:
    """It was declined or withdrawn; nothing was done."""

    one: Countersign


@dataclass(frozen=True, slots=True)
class View:
    """One, as staff see it.

    Attributes:
        user, asker, second: to whom, who asked, who decided; None where they are gone, or nobody
            has decided.
        open: it waits.
        can: of "agree", "decline" and "withdraw", what whoever looks may do.
    """

    one: Countersign
    user: User | None
    asker: User | None
    second: User | None
    open: bool
    can: frozenset[str]


async def everyone(parts: Parts, staff: Staff) -> tuple[View, ...]:
    """The newest ones of the tenant."""

    def step(tx: Tx) -> tuple[View, ...]:
        act = _act(parts, staff)
        found = tx.countersigns.recent(act.tenant.id, MOST)
        return tuple(_view(tx, act, staff, one) for one in found)

    return await parts.store.read(step)


async def one(parts: Parts, staff: Staff, countersign_id: str) -> View | NotFound:
    """One of the tenant's."""

    def step(tx: Tx) -> View | NotFound:
        act = _act(parts, staff)
        found = tx.countersigns.get(act.tenant.id, countersign_id)
        return _view(tx, act, staff, found) if found else NotFound()

    return await parts.store.read(step)


def _view(tx: Tx, act: Act, staff: Staff, one: Countersign) -> View:
    user = tx.users.get(act.tenant.id, one.user_id)
    asker, second = (
        colleagues.known(tx, act.tenant.id, who or "") for who in (one.asked_by, one.decided_by)
    )
    waits = user is not None and rules.is_open(one, act.now)
    can = _can(tx, staff, one, user, asker) if user is not None and waits else frozenset[str]()
    return View(one, user, asker, second, waits, can)


def _can(
    tx: Tx, staff: Staff, one: Countersign, user: User, asker: User | None
) -> frozenset[str]:  # fmt: skip
    if staff.user is not None and staff.user.id == one.asked_by:
        return frozenset({"withdraw"})
    theirs = steps.at_stake(tx, user, one.action, one.detail)
    barred = rules.barred(one, staff, asker, user) or lacking(staff, one.action, user, theirs)
    return frozenset[str]() if barred else frozenset({"agree", "decline"})


async def agree(
    parts: Parts, staff: Staff, countersign_id: str
) -> Agreed | Over | LastOwner | NotSent | NotAllowed | NotFound:
    """Say yes: it is done now. What cannot be done now stays as it was, and waits on."""

    def do(
        tx: Tx, act: Act, held: Countersign, user: User
    ) -> Agreed | Over | LastOwner | NotSent | NotAllowed | NotFound:
        theirs = steps.at_stake(tx, user, held.action, held.detail)
        asker = colleagues.known(tx, act.tenant.id, held.asked_by)
        barred = rules.barred(held, staff, asker, user)
        why = barred or hindrance(staff, held.action, user, theirs)
        if why is not None or staff.user is None:
            return NotAllowed(why or Why.NO_ROLE)
        asker = steps.may(tx, act, held.asked_by, held, user)
        if asker is None:
            _decide(tx, act, held, user, State.VOID)
            return Over()
        result = deeds.do(tx, act, held.action, user, held.detail)
        if isinstance(result, LastOwner | NotSent | NotFound):
            return result
        return Agreed(_decide(tx, act, held, user, State.DONE, asker))

    return await _held(parts, staff, countersign_id, do)


async def decline(
    parts: Parts, staff: Staff, countersign_id: str
) -> Ended | Over | NotAllowed | NotFound:
    """Say no, as somebody who could say yes."""

    def do(tx: Tx, act: Act, held: Countersign, user: User) -> Ended | NotAllowed:
        theirs = steps.at_stake(tx, user, held.action, held.detail)
        asker = colleagues.known(tx, act.tenant.id, held.asked_by)
        barred = rules.barred(held, staff, asker, user)
        why = barred or lacking(staff, held.action, user, theirs)
        if why is not None:
            return NotAllowed(why)
        return Ended(_decide(tx, act, held, user, State.DECLINED, asker))

    return await _held(parts, staff, countersign_id, do)


async def withdraw(
    parts: Parts, staff: Staff, countersign_id: str
) -> Ended | Over | NotAllowed | NotFound:
    """Take back what one asked for oneself."""

    def do(tx: Tx, act: Act, held: Countersign, user: User) -> Ended | NotAllowed:
        if staff.user is None or staff.user.id != held.asked_by:
            return NotAllowed(Why.NO_ROLE)
        return Ended(_decide(tx, act, held, user, State.WITHDRAWN))

    return await _held(parts, staff, countersign_id, do)


#: what the audit trail calls each end
_EVENTS: Final = {
    State.DONE: Event.COUNTERSIGN_AGREED, State.DECLINED: Event.COUNTERSIGN_DECLINED,
    State.WITHDRAWN: Event.COUNTERSIGN_WITHDRAWN, State.VOID: Event.COUNTERSIGN_VOID,
}  # fmt: skip


def _decide(
    tx: Tx, act: Act, held: Countersign, user: User, state: State, asker: User | None = None
) -> Countersign:
    """Write down how it ended, under both names, and tell both of the two where there are two."""
    by = act.actor.id if act.actor else ""
    after = rules.decided(held, state, by, act.now)
    tx.countersigns.save(after)
    who = {"asked_by": asker.name} if asker else {}
    record(tx, act, _EVENTS[state], user, {**steps.facts(after), **who})
    if act.actor is not None and state in (State.DONE, State.DECLINED):
        steps.tell_end(tx, act, after, user, asker, act.actor)
    return after


def _act(parts: Parts, staff: Staff) -> Act:
    return begin(parts, staff.caller, staff.user)


async def _held(
    parts: Parts, staff: Staff, countersign_id: str,
    do: Callable[[Tx, Act, Countersign, User], T],
) -> T | Over | NotFound:  # fmt: skip
    """Hold what it hangs on, and do something with one that still waits."""

    def step(tx: Tx) -> T | Over | NotFound:
        act = _act(parts, staff)
        seen = tx.countersigns.get(act.tenant.id, countersign_id) if is_id(countersign_id) else None
        if seen is None:
            return NotFound()
        deeds.hold(tx, act, seen.action)
        user = tx.users.lock(act.tenant.id, seen.user_id)
        held = tx.countersigns.get(act.tenant.id, countersign_id)
        if user is None or held is None or not rules.is_open(held, act.now):
            return Over()
        return do(tx, act, held, user)

    return await parts.store.write(step)
