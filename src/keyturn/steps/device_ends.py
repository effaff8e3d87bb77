"""A device is nobody's any more: released, stopped, given up by an objection."""

from __future__ import annotations

from keyturn.ports.store import Tx
from keyturn.rules import devices
from keyturn.rules.accounts import User
from keyturn.rules.devices import Held, Pairing
from keyturn.rules.events import Event
from keyturn.steps.acts import Act, record
from keyturn.steps.device_setups import name_of
from keyturn.steps.notices import tell

_EVENTS = {
    Held.RELEASED: Event.DEVICE_RELEASED,
    Held.STOPPED: Event.DEVICE_STOPPED,
    Held.OBJECTED: Event.DEVICE_OBJECTED,
}


def end(tx: Tx, act: Act, pairing_id: str, state: Held) -> Pairing | None:
    """End an active pairing; its owner hears of it. None: there is none (any more).

    Args:
        state: RELEASED, STOPPED or OBJECTED.
    """
    before = tx.devices.pairing(act.tenant.id, pairing_id)
    user = tx.users.lock(act.tenant.id, before.user_id) if before is not None else None
    device = tx.devices.lock(act.tenant.id, before.device_id) if before is not None else None
    fresh = tx.devices.pairing(act.tenant.id, pairing_id)
    if user is None or device is None or fresh is None or fresh.state is not Held.ACTIVE:
        return None
    after = devices.over(fresh, state, act.now)
    tx.devices.save_pairing(after)
    name = name_of(device)
    record(tx, act, _EVENTS[state], user, {"device": device.id, "pairing": after.id, "name": name})
    tell(tx, act, "device_changed", user, what=str(state), device=name)
    return after


def objected(tx: Tx, act: Act, user: User) -> int:
    """An owner says "this wasn't me": devices that somebody else has taken over from them within
    the last day are nobody's until they are paired anew. How many there were.
    """
    taken = tx.devices.taken_from(act.tenant.id, user.id)
    young = [one for one in taken if act.now < devices.proves_from(one)]
    return sum(end(tx, act, one.id, Held.OBJECTED) is not None for one in young)
