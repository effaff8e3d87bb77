"""The app lock: a PIN that never leaves the phone stands behind what is approved or changed.

What comes is a secret that the app has made of the PIN and of the phone's id; the row keeps an HMAC
of it.  Tries are counted as passwords are (rules/lockout.py: five, then ten minutes), in a lane
of the phone's own, which is no lane of the account: it locks nobody out anywhere else.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from keyturn.ports.phones import Kept
from keyturn.ports.store import Tx
from keyturn.rules import lockout
from keyturn.rules.events import Event
from keyturn.rules.lockout import Lane, Passed, Reserved
from keyturn.rules.phone_app import Phone
from keyturn.steps.acts import Act, record
from keyturn.steps.phone_door import Heard, Refused, Why

#: purpose of the digest (ports.secrets.Sealer.digest)
PURPOSE: Final = "phone-pin"


def lane_key(phone: Phone) -> str:
    """The lane of guesses at a phone's PIN."""
    return "p:" + phone.id


def prove(tx: Tx, act: Act, found: Heard, pin: str | None) -> Refused | None:
    """Whether the person who holds the phone is its owner; None if so.

    Args:
        found: held, so that of two tries one is second.
        pin: the secret that stands for the PIN; None: nobody was asked.
    """
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
    """The phone's PIN from now on."""
    phone = found.phone
    kept = tx.phones.kept(act.tenant.id, phone.id) or Kept()
    digest = act.parts.sealer.digest(PURPOSE, _value(phone, pin))
    tx.phones.keep(act.tenant.id, phone.id, replace(kept, pin=digest))
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
    return Refused(Why.LOCK, {**data, "left": left})
