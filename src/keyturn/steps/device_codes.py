"""The rotating code of a device: TOTP (RFC 6238), a secret of its own, each step of it once.

Tries are counted as passwords are (rules/lockout.py: five in a row, then ten minutes), in a lane of
the pairing's own: it locks this method, and nobody out of anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from keyturn.ports.devices import Secret
from keyturn.ports.store import Tx
from keyturn.rules import lockout
from keyturn.rules.devices import Pairing
from keyturn.rules.lockout import Lane, Passed, Reserved
from keyturn.steps import device_setups
from keyturn.steps.acts import Act
from keyturn.steps.naming import digits_of


@dataclass(frozen=True, slots=True)
class Right:
    """It is what the device shows, and is used up."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """It is not, or it was used before. left: tries before the method is locked."""

    left: int


@dataclass(frozen=True, slots=True)
class Locked:
    """No code is taken. until: None: not before the device is paired anew."""

    until: int | None


def lane_key(one: Pairing) -> str:
    """The lane of codes that were wrong."""
    return "d:" + one.id


def locked(tx: Tx, act: Act, one: Pairing) -> Locked | None:
    """Whether codes of this pairing are taken now; None: they are."""
    lane = tx.lanes.get(act.tenant.id, lane_key(one)) or Lane()
    seen, _ = lockout.observe(lane, act.now)
    return _shut(seen)


def _shut(lane: Lane) -> Locked | None:
    if lane.closed:
        return Locked(None)
    return Locked(lane.locked_until) if lane.locked_until else None


def enter(tx: Tx, act: Act, one: Pairing, typed: str) -> Right | Wrong | Locked:
    """A code, as it was read out; the caller holds the user's row."""
    lane, _ = lockout.observe(tx.lanes.lock(act.tenant.id, lane_key(one), act.now), act.now)
    taken, slot, _ = lockout.reserve(lane, act.now, act.id())
    if not isinstance(slot, Reserved):  # tries are settled at once, so it is shut
        return _shut(lane) or Locked(None)
    after, verdict, _ = lockout.settle(taken, act.now, slot.id, _right(tx, act, one, typed))
    tx.lanes.save(act.tenant.id, lane_key(one), after, None)
    if isinstance(verdict, Passed):
        return Right()
    return _shut(after) or Wrong(lockout.DEFAULT.limit - after.failed)


def _right(tx: Tx, act: Act, one: Pairing, typed: str) -> bool:
    secret = tx.devices.secret(act.tenant.id, one.id) or Secret("")
    opened = device_setups.opened(act, one, secret)
    used = act.parts.otp.verify(opened, digits_of(typed), act.now, secret.used)
    if used is not None:
        tx.devices.keep(act.tenant.id, one.id, replace(secret, used=used))
    return used is not None
