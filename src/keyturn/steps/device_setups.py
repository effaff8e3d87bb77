"""Devices being set up: what is still missing, and the end, whoever brought it about.

The person (flows/pairing.py) and the device (flows/device_beats.py) each bring their part, in any
order; whoever brings the last one ends it, in the transaction that holds the user's row and then
the device's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from keyturn.ports.devices import Secret
from keyturn.ports.parts import Parts
from keyturn.ports.store import Tx
from keyturn.rules import networks, pairing
from keyturn.rules.accounts import User
from keyturn.rules.devices import Device, Pairing, label_digest
from keyturn.rules.events import Event
from keyturn.rules.networks import Judged, Seen
from keyturn.rules.pairing import OPEN, Ended, Missing, Setup, State
from keyturn.steps.acts import Act, record
from keyturn.steps.notices import tell

#: purpose of the digest that stands for a label (ports.secrets.Sealer.digest)
PURPOSE: Final = "device-label"


@dataclass(frozen=True, slots=True)
class Held:
    """A setup with what it hangs on, held.

    Attributes:
        active: the device's pairing, if it is somebody's.
    """

    setup: Setup
    user: User
    device: Device
    active: Pairing | None

    def another(self) -> bool:
        """Whether the device is somebody else's."""
        return self.active is not None and self.active.user_id != self.user.id


def stored_label(parts: Parts, tenant_id: str, digest: str) -> str:
    """What stands for a label in the store. digest: as rules.devices.label_digest."""
    return parts.sealer.digest(PURPOSE, f"{tenant_id}|{digest}")


def labelled(tx: Tx, act: Act, letters: str) -> Device | None:
    """The device of this tenant that bears this label."""
    label = stored_label(act.parts, act.tenant.id, label_digest(letters))
    return tx.devices.labelled(act.tenant.id, label)


def name_of(device: Device) -> str:
    """A device as people tell it from others."""
    return f"{device.model} ({device.serial})"


def hold(tx: Tx, act: Act, setup: Setup) -> Held | None:
    """A setup as it is now that the rows are held; None: the account or the device is gone."""
    user = tx.users.lock(act.tenant.id, setup.user_id)
    device = tx.devices.lock(act.tenant.id, setup.device_id)
    fresh = tx.devices.setup(act.tenant.id, setup.id)
    if user is None or device is None or fresh is None:
        return None
    active = tx.devices.active(act.tenant.id, [device.id]).get(device.id)
    return Held(pairing.shown(fresh, act.now), user, device, active)


def seen(parts: Parts, ip: str) -> Seen:
    """Where an address is, as far as the range file knows."""
    return Seen(ip, parts.networks.find(ip))


def judged(parts: Parts, setup: Setup) -> Judged | None:
    """What the two addresses tell; None before the device has spoken."""
    if setup.state is State.WAITING or not setup.key:
        return None
    return networks.judge(seen(parts, setup.owner_ip), seen(parts, setup.device_ip))


def missing(parts: Parts, setup: Setup, active: Pairing | None) -> Sequence[Missing]:
    """What is still to come."""
    return pairing.missing(setup, active, judged(parts, setup))


def settle(tx: Tx, act: Act, held: Held) -> Setup:
    """Store a setup; end it if nothing is missing any more. The setup as stored."""
    setup = held.setup
    if setup.state in OPEN and not pairing.fit(setup, held.user):
        setup = pairing.ended(setup, Ended.USER, act.now)
    elif setup.state is State.MET and not missing(act.parts, setup, held.active):
        setup = _finish(tx, act, replace(held, setup=setup))
    tx.devices.save_setup(setup)
    return setup


def _finish(tx: Tx, act: Act, held: Held) -> Setup:
    done = pairing.finish(held.setup, held.active, act.id(), act.now)
    if done.before is not None:
        tx.devices.save_pairing(done.before)
    secret = act.parts.otp.new_secret()
    tx.devices.pair(done.pairing, Secret(seal(act, done.pairing, secret)))
    name = name_of(held.device)
    facts = {"device": held.device.id, "pairing": done.pairing.id, "name": name}
    by_owner = replace(act, caller=replace(act.caller, ip=held.setup.owner_ip))
    record(tx, by_owner, Event.DEVICE_PAIRED, held.user, facts)
    tell(tx, by_owner, "device_changed", held.user, what="paired", device=name)
    if held.another() and done.before is not None:
        _tell_former(tx, act, done.before, name)
    return done.setup


def _tell_former(tx: Tx, act: Act, before: Pairing, name: str) -> None:
    """The owner until now hears of it, and nothing of who has it now."""
    former = tx.users.get(act.tenant.id, before.user_id)
    if former is None:
        return
    blank = replace(act, caller=replace(act.caller, ip="", client_name=""))
    facts = {"device": before.device_id, "pairing": before.id, "name": name}
    record(tx, blank, Event.DEVICE_PASSED, former, facts)
    tell(tx, blank, "device_changed", former, what="passed", device=name)


# -- the secret of the rotating codes


def _context(pairing_id: str) -> str:
    return f"device|{pairing_id}"


def seal(act: Act, one: Pairing, secret: str) -> str:
    """A secret as it is stored."""
    return act.parts.sealer.seal(secret.encode(), _context(one.id))


def opened(act: Act, one: Pairing, secret: Secret) -> str:
    """A secret in base32; "" where the pairing is gone."""
    if not secret.sealed:
        return ""
    return act.parts.sealer.open(secret.sealed, _context(one.id)).decode()
