"""A lost or changed phone: staff begin it with what the proofs of a case permit, anybody stops it.

    begin --> waits, or is due at once --> the sweep mails a link --> a phone is bound
                 |                              |
                 +--- "this wasn't me" (flows/objection), the person, staff ---> stopped

What is due is carried out by no request: the sweep does it, under the user's row and epoch.  Who
signs in and has the phone again stops it on their account's page; and whoever holds the phone and
opens its app lock stops it there, while it waits (then that phone is bound no more).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeVar

from keyturn.ports.parts import Parts
from keyturn.ports.store import Tx
from keyturn.rules import recoveries
from keyturn.rules.access import Action, Staff
from keyturn.rules.app_lock import Does, Proof
from keyturn.rules.app_lock import Doing as Asked
from keyturn.rules.callers import Caller
from keyturn.rules.caselog import Kind
from keyturn.rules.grants import Deed, Short
from keyturn.rules.recoveries import Recovery, Stop
from keyturn.steps import casework, invitations, lost_phones, phone_lock
from keyturn.steps.acts import Act, begin
from keyturn.steps.casework import Doing, Held, NotAllowed, NotFound, NotYours, Over, Refused
from keyturn.steps.phone_door import Refused as Unheard
from keyturn.steps.phone_door import Said, Why, heard
from keyturn.steps.stepup import Signed

__all__ = [
    "Barred", "Begun", "NotAllowed", "NotFound", "NotPermitted", "NotYours", "Over", "Recovery",
    "Stopped", "Unheard", "Waits", "carry_out", "start", "stop", "stop_held", "stop_own",
]  # fmt: skip

T = TypeVar("T")
#: recoveries carried out in one look of the sweep
LIMIT: Final = 50
#: what stands for the client where nobody asked
CLIENT: Final = "lost phone"


@dataclass(frozen=True, slots=True)
class Begun:
    """It is begun, and everybody has been told."""

    recovery: Recovery


@dataclass(frozen=True, slots=True)
class NotPermitted:
    """The proofs do not permit it (yet)."""

    short: Short


@dataclass(frozen=True, slots=True)
class Waits:
    """One waits already, and a newer one must not shorten its wait."""

    recovery: Recovery


@dataclass(frozen=True, slots=True)
class Barred:
    """The account is in no state for it."""

    why: Stop


@dataclass(frozen=True, slots=True)
class Stopped:
    """It comes to nothing any more; of one that had its end already nothing changed."""


async def start(
    parts: Parts, staff: Staff, ref: str
) -> Begun | NotPermitted | Waits | Barred | Refused:
    """Begin it, in a case of one's own."""

    def do(tx: Tx, act: Act, held: Held) -> Begun | NotPermitted | Waits | Barred | NotFound:
        user = held.user
        if user is None:
            return NotFound()
        before = lost_phones.newest(tx, act, user)
        if before is not None and before.state is recoveries.State.WAITING:
            return Waits(before)
        case, holder = (held.case.id, held.case.ref), held.standing.holder
        plain = recoveries.begun(act.id(), user, case, holder, act.now, bound=False)
        bar = recoveries.bar(plain, user)
        if bar is not None or invitations.bar_to_reset(user) is not None:
            return Barred(bar or Stop.UNREACHABLE)
        grant = casework.do(tx, act, held, Deed.LOST_PHONE)
        if isinstance(grant, Short):
            return NotPermitted(grant)
        one = recoveries.begun(plain.id, user, case, holder, act.now, bound=grant.bound)
        lost_phones.begin(tx, act, one, user)
        return Begun(one)

    return await parts.store.write(lambda tx: _within(tx, parts, staff, ref, do))


def _within(tx: Tx, parts: Parts, staff: Staff, ref: str, do: Doing[T]) -> T | Refused:
    act = begin(parts, staff.caller, staff.user)
    return casework.within(tx, act, staff, ref, Action.RESET_USER, do)


async def stop(parts: Parts, staff: Staff, ref: str) -> Stopped | NotAllowed | NotFound:
    """Staff stop it, whosever the case is, and also once it is closed."""

    def step(tx: Tx) -> Stopped | NotAllowed | NotFound:
        act = begin(parts, staff.caller, staff.user)
        may = casework.open_to(tx, act, staff, ref)
        if isinstance(may, NotAllowed | NotFound):
            return may
        held = casework.hold(tx, act, ref)
        if held is None or held.user is None:
            return NotFound()
        if lost_phones.stop(tx, act, held.user, Stop.STAFF) is not None:
            casework.add(tx, act, held, Kind.STOPPED, facts={"why": str(Stop.STAFF)})
        return Stopped()

    return await parts.store.write(step)


async def stop_own(parts: Parts, caller: Caller, signed: Signed) -> Stopped:
    """The person stops it: the phone is there again, or it was somebody else."""

    def step(tx: Tx) -> Stopped:
        act = begin(parts, caller)
        lives = tx.sessions.get(act.tenant.id, signed.session.digest) is not None
        user = tx.users.lock(act.tenant.id, signed.user.id) if lives else None
        if user is not None:
            lost_phones.stop(tx, act, user, Stop.PERSON)
        return Stopped()

    return await parts.store.write(step)


async def stop_held(
    parts: Parts, caller: Caller, said: Said, recovery_id: str, proof: Proof | None
) -> bool | Unheard:
    """The phone is in its owner's hand, who opens its app lock: it is not lost. Whether that has
    stopped it; False: it had its end already. No freeze forbids it: it gives access to nobody.
    """
    await phone_lock.ready(parts, proof)

    def step(tx: Tx) -> bool | Unheard:
        act = begin(parts, caller)
        found = heard(tx, act, said, hold=True)
        if isinstance(found, Unheard):
            return found
        locked = phone_lock.prove(tx, act, found, Asked(Does.STOP_LOST, recovery_id), proof)
        if locked is not None:
            return locked
        one = tx.recoveries.newest(act.tenant.id, found.user.id)
        if one is None or one.id != recovery_id:
            return Unheard(Why.UNKNOWN)
        return lost_phones.stop(tx, act, found.user, Stop.PERSON) is not None

    return await parts.store.write(step)


async def carry_out(parts: Parts, limit: int = LIMIT) -> int:
    """Do what is due, of all tenants; how many there were. Raises StoreUnavailable."""
    now = parts.clock.now()
    due = await parts.store.glance(lambda tx: tx.recoveries.due(now, limit))
    for tenant_id, user_id, recovery_id in due:
        await parts.store.write(
            lambda tx, of=(tenant_id, user_id), one=recovery_id: _do(tx, parts, of, one)  # type: ignore[misc]
        )
    return len(due)


def _do(tx: Tx, parts: Parts, of: tuple[str, str], recovery_id: str) -> None:
    """One, if it still is: another server may have been quicker, or somebody has stopped it.

    Args:
        of: tenant and user.
    """
    tenant_id, user_id = of
    tenant, user = tx.tenants.get(tenant_id), tx.users.lock(tenant_id, user_id)
    one = tx.recoveries.get(tenant_id, recovery_id)
    if tenant is None or user is None or one is None:
        return
    act = begin(parts, Caller(tenant, "", (), "", CLIENT))
    if recoveries.is_due(one, act.now):
        lost_phones.carry_out(tx, act, one, user)
