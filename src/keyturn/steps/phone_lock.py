"""The app lock: a PIN that never leaves the phone stands behind what is approved or changed, or the
phone's own lock does (steps/app_keys.py).

What comes is a secret that the app has made of the PIN and of the phone's id; the row keeps an HMAC
of it.  Tries are counted as passwords are (rules/lockout.py: five, then ten minutes), in a lane
of the phone's own, which is no lane of the account: it locks nobody out anywhere else.  Locks are
of guesses: the phone's own lock opens while the PIN is locked out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final, TypeVar

from keyturn.ports.parts import Parts
from keyturn.ports.phones import Kept
from keyturn.ports.store import Tx
from keyturn.rules import lockout
from keyturn.rules.app_lock import Doing, Proof
from keyturn.rules.callers import Caller
from keyturn.rules.events import Event
from keyturn.rules.lockout import Lane, Passed, Reserved
from keyturn.rules.passkeys import Assertion
from keyturn.rules.phone_app import Phone
from keyturn.steps import app_keys
from keyturn.steps.acts import Act, begin, record
from keyturn.steps.phone_door import Heard, Refused, Said, Why, changing

#: purpose of the digest (ports.secrets.Sealer.digest)
T = TypeVar("T")
PURPOSE: Final = "phone-pin"


def lane_key(phone: Phone) -> str:
    """The lane of guesses at a phone's PIN."""
    return "p:" + phone.id


async def ready(parts: Parts, proof: Proof | None) -> None:
    """Load what judges the proof, outside of any transaction."""
    if isinstance(proof, Assertion):
        await parts.passkeys.ready()


def proved(
    tx: Tx, act: Act, said: Said, doing: Doing, proof: Proof | None
) -> Heard | Refused:  # fmt: skip
    """Whose request it is, held, if it may change something and the lock opens."""
    found = changing(tx, act, said)
    if isinstance(found, Refused):
        return found
    return prove(tx, act, found, doing, proof) or found


async def opened(
    parts: Parts, caller: Caller, said: Said, doing: Doing, proof: Proof | None,
    do: Callable[[Tx, Act, Heard], T],
) -> T | Refused:  # fmt: skip
    """Do it, in one transaction with the lock's opening for it."""
    await ready(parts, proof)

    def step(tx: Tx) -> T | Refused:
        act = begin(parts, caller)
        found = proved(tx, act, said, doing, proof)
        return found if isinstance(found, Refused) else do(tx, act, found)

    return await parts.store.write(step)


def prove(
    tx: Tx, act: Act, found: Heard, doing: Doing, proof: Proof | None
) -> Refused | None:  # fmt: skip
    """Whether the person who holds the phone is its owner; None if so.

    Args:
        found: held, so that of two tries one is second.
        doing: what is to be done.
        proof: None: nobody was asked.
    """
    if isinstance(proof, Assertion):
        return _by_key(tx, act, found, doing, proof)
    return _by_pin(tx, act, found, proof)


def _by_key(tx: Tx, act: Act, found: Heard, doing: Doing, given: Assertion) -> Refused | None:
    if app_keys.opens(tx, act, found, doing, given):
        return None
    facts = {"phone": found.phone.id, "does": str(doing.does)}
    record(tx, act, Event.APP_LOCK_FAILED, found.user, facts)
    return _by_pin(tx, act, found, None)


def _by_pin(tx: Tx, act: Act, found: Heard, pin: str | None) -> Refused | None:
    phone = found.phone
    kept = tx.phones.kept(act.tenant.id, phone.id) or Kept()
    lane, _ = lockout.observe(_lane(tx, act, phone), act.now)
    if not kept.pin or pin is None:
        return _refused(kept, lane)
    taken, slot, _ = lockout.reserve(lane, act.now, act.id())
    if not isinstance(slot, Reserved):
        return _refused(kept, lane)
    right = act.parts.sealer.matches(PURPOSE, _value(phone, pin), kept.pin)
    after, verdict, _ = lockout.settle(taken, act.now, slot.id, right)
    tx.lanes.save(act.tenant.id, lane_key(phone), after, None)
    if isinstance(verdict, Passed):
        return None
    facts = {"phone": phone.id, "until": after.locked_until or None, "closed": after.closed}
    record(tx, act, Event.APP_PIN_FAILED, found.user, facts)
    return _refused(kept, after)


def choose(tx: Tx, act: Act, found: Heard, pin: str) -> None:
    """The phone's PIN from now on; guesses at the one before are forgotten with it."""
    phone = found.phone
    kept = tx.phones.kept(act.tenant.id, phone.id) or Kept()
    digest = act.parts.sealer.digest(PURPOSE, _value(phone, pin))
    tx.phones.keep(act.tenant.id, phone.id, replace(kept, pin=digest))
    tx.lanes.save(act.tenant.id, lane_key(phone), Lane(), None)
    record(tx, act, Event.APP_PIN, found.user, {"phone": phone.id, "changed": bool(kept.pin)})


def standing(tx: Tx, act: Act, phone: Phone) -> tuple[bool, int | None]:
    """Whether a PIN is set, and until when no try is taken, if none is."""
    kept = tx.phones.kept(act.tenant.id, phone.id)
    lane = tx.lanes.get(act.tenant.id, lane_key(phone)) or Lane()
    seen, _ = lockout.observe(lane, act.now)
    return kept is not None and bool(kept.pin), seen.locked_until or None


def _lane(tx: Tx, act: Act, phone: Phone) -> Lane:
    return tx.lanes.lock(act.tenant.id, lane_key(phone), act.now)


def _value(phone: Phone, pin: str) -> str:
    return f"{phone.id}|{pin}"


def _refused(kept: Kept, lane: Lane) -> Refused:
    """What the app needs to ask for the PIN, or to have one chosen."""
    shut = lane.locked_until or lane.closed
    left = 0 if shut else lockout.DEFAULT.limit - lane.failed
    data = {"set": bool(kept.pin), "until": lane.locked_until or None, "closed": lane.closed}
    return Refused(Why.LOCK, {**data, "left": left, "key": kept.key is not None})
