"""A person sets up a device of theirs, sees what they have, and gives it back.

    label typed --> begun --the device says hello, is pressed--> theirs
                      |  ^ digits, where nothing shows that they are near each other
                      +--- the person comes from a VPN: refused, until they do not

What must be there is rules/pairing.py; the device's part is flows/device_beats.py.  Beginning and
giving back need a proof of just now (steps/stepup.py): a device will speak for its owner.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from keyturn.ports.parts import Parts
from keyturn.ports.store import Tx
from keyturn.rules import networks, pairing
from keyturn.rules.accounts import User
from keyturn.rules.budgets import DEVICE_LABELS
from keyturn.rules.callers import Caller
from keyturn.rules.devices import Device, Held, Pairing, label_letters
from keyturn.rules.events import Event
from keyturn.rules.lockout import HOUR
from keyturn.rules.networks import Judged, Range
from keyturn.rules.pairing import LIFE_MS, OPEN, Missing, Setup
from keyturn.steps import device_ends, device_setups, stepup
from keyturn.steps.acts import Act, begin, record
from keyturn.steps.changes import Frozen, SignedOut
from keyturn.steps.naming import is_id
from keyturn.steps.stepup import ProofNeeded, Signed

__all__ = [
    "Busy", "Frozen", "Hidden", "NoDigits", "NoLabel", "NotFound", "NothingOpen", "Own",
    "ProofNeeded", "Released", "Signed", "SignedOut", "TooMany", "Unknown", "View", "again",
    "current", "devices", "give_up", "release", "start", "type_digits",
]  # fmt: skip

#: how long a page shows what became of a setup
SHOWN_MS: Final = HOUR


@dataclass(frozen=True, slots=True)
class View:
    """A device being set up, as its page shows it.

    Attributes:
        judged: what the two addresses tell; None before the device has spoken.
        missing: what is still to come; nothing once it is over or done.
        another: the device is somebody else's until it is pressed for ten seconds.
        left: wrong digits that may still be typed.
    """

    setup: Setup
    device: Device
    judged: Judged | None
    missing: Sequence[Missing]
    another: bool
    left: int


@dataclass(frozen=True, slots=True)
class NoLabel:
    """What was typed can be no label's code; it was no try."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """No device of this tenant bears this label."""


@dataclass(frozen=True, slots=True)
class Hidden:
    """The person comes from a VPN, a proxy or a hosting company, by the operator's file."""

    found: Range


@dataclass(frozen=True, slots=True)
class Busy:
    """Somebody else sets this device up at this moment; at the latest until then."""

    until: int


@dataclass(frozen=True, slots=True)
class TooMany:
    """Too many labels were typed."""

    until: int


@dataclass(frozen=True, slots=True)
class NothingOpen:
    """Nothing is being set up."""


@dataclass(frozen=True, slots=True)
class NoDigits:
    """What was typed can be no such digits; it was no try."""


@dataclass(frozen=True, slots=True)
class NotFound:
    """No device of theirs has this id (any more)."""


@dataclass(frozen=True, slots=True)
class Released:
    """The device is nobody's."""

    pairing: Pairing


@dataclass(frozen=True, slots=True)
class Own:
    """A device of somebody's. seen_at: when it was last heard; None: never."""

    pairing: Pairing
    device: Device
    seen_at: int | None


Hurdle = ProofNeeded | Frozen | SignedOut


async def start(
    parts: Parts, caller: Caller, signed: Signed, typed: str
) -> View | NoLabel | Unknown | Hidden | Busy | TooMany | Hurdle:
    """Begin, with the code of a label as typed or scanned. Whoever comes from a VPN is told so
    before anything is looked for.
    """
    letters = label_letters(typed)

    def step(tx: Tx) -> View | NoLabel | Unknown | Hidden | Busy | TooMany | Hurdle:
        act = begin(parts, caller)
        user = stepup.proved(tx, act, signed)
        if not isinstance(user, User):
            return user
        found = parts.networks.find(caller.ip)
        if found is not None and networks.hidden(found):
            facts = {"why": "vpn", "kind": str(found.kind), "network": found.name}
            record(tx, act, Event.DEVICE_REFUSED, user, facts)
            return Hidden(found)
        return NoLabel() if letters is None else _labelled(tx, act, user, letters)

    return await parts.store.write(step)


def _labelled(
    tx: Tx, act: Act, user: User, letters: str
) -> View | Unknown | Busy | TooMany:  # fmt: skip
    spent = tx.budgets.spend(act.tenant.id, user.id, act.now, DEVICE_LABELS)
    if not DEVICE_LABELS.allows(spent):
        return TooMany(spent.start + DEVICE_LABELS.window_ms)
    device = device_setups.labelled(tx, act, letters)
    if device is None:
        record(tx, act, Event.DEVICE_REFUSED, user, {"why": "label"})
        return Unknown()
    tx.devices.lock(act.tenant.id, device.id)
    return _begun(tx, act, user, device)


def _begun(tx: Tx, act: Act, user: User, device: Device) -> View | Busy:
    theirs = tx.devices.setups_of(act.tenant.id, user.id, 1)
    at_device = tx.devices.setups(act.tenant.id, device.id)
    before = {one.id: one for one in (*theirs, *at_device)}
    setup = Setup(
        id=act.id(), tenant_id=act.tenant.id, user_id=user.id, device_id=device.id,
        epoch=user.epoch, owner_ip=act.caller.ip, digits=act.parts.random.digits(pairing.DIGITS),
        made_at=act.now, expires_at=act.now + LIFE_MS,
    )  # fmt: skip
    facts = {"device": device.id, "name": device_setups.name_of(device)}
    stored, why = pairing.begin(before.values(), setup, act.now)
    if why is not None:
        record(tx, act, Event.DEVICE_REFUSED, user, {**facts, "why": str(why)})
        return Busy(max(one.expires_at for one in at_device))
    for one in stored[:-1]:
        tx.devices.save_setup(one)
    tx.devices.add_setup(setup)
    record(tx, act, Event.DEVICE_SETUP, user, facts)
    return _view(tx, act, setup, device)


def _view(tx: Tx, act: Act, setup: Setup, device: Device) -> View:
    active = tx.devices.active(act.tenant.id, [device.id]).get(device.id)
    is_open = setup.state in OPEN
    return View(
        setup=setup, device=device, judged=device_setups.judged(act.parts, setup),
        missing=device_setups.missing(act.parts, setup, active) if is_open else (),
        another=is_open and active is not None and active.user_id != setup.user_id,
        left=pairing.TRIES - setup.wrong,
    )  # fmt: skip


async def current(parts: Parts, caller: Caller, signed: Signed) -> View | NothingOpen:
    """What is being set up, or what became of it within the last hour; nothing once the session
    has ended.
    """

    def step(tx: Tx) -> View | NothingOpen:
        act = begin(parts, caller)
        lives = tx.sessions.get(act.tenant.id, signed.session.digest) is not None
        found = _newest(tx, act, signed.user.id) if lives else None
        return NothingOpen() if found is None else _view(tx, act, *found)

    return await parts.store.read(step)


def _newest(tx: Tx, act: Act, user_id: str) -> tuple[Setup, Device] | None:
    found = next(iter(tx.devices.setups_of(act.tenant.id, user_id, 1)), None)
    device = tx.devices.get(act.tenant.id, found.device_id) if found is not None else None
    if found is None or device is None:
        return None
    setup = pairing.shown(found, act.now)
    recent = act.now < setup.expires_at + SHOWN_MS
    return (setup, device) if recent else None


async def again(parts: Parts, caller: Caller, signed: Signed) -> View | NothingOpen | Hurdle:
    """Look once more where the person comes from: they have left the VPN, or joined the Wi-Fi."""
    return await _change(parts, caller, signed, lambda setup, _now: setup)


async def type_digits(
    parts: Parts, caller: Caller, signed: Signed, typed: str
) -> View | NoDigits | NothingOpen | Hurdle:
    """The digits that the device shows."""
    digits = pairing.read_digits(typed)
    if digits is None:
        return NoDigits()

    def change(setup: Setup, now: int) -> Setup:
        after, _ = pairing.type_digits(setup, digits, now)
        return after

    return await _change(parts, caller, signed, change)


async def give_up(parts: Parts, caller: Caller, signed: Signed) -> View | NothingOpen | Hurdle:
    """The person sets nothing up after all."""

    def change(setup: Setup, now: int) -> Setup:
        return pairing.ended(setup, pairing.Ended.NEWER, now)

    return await _change(parts, caller, signed, change)


async def _change(
    parts: Parts, caller: Caller, signed: Signed, change: Callable[[Setup, int], Setup]
) -> View | NothingOpen | Hurdle:
    """Whoever began goes on, in a session that is alive; the proof was at the beginning."""

    def step(tx: Tx) -> View | NothingOpen | Hurdle:
        act = begin(parts, caller)
        user = stepup.held(tx, act, signed)
        if not isinstance(user, User):
            return user
        found = _newest(tx, act, user.id)
        held = device_setups.hold(tx, act, found[0]) if found is not None else None
        if held is None or held.setup.state not in OPEN:
            return NothingOpen()
        after = change(replace(held.setup, owner_ip=caller.ip), act.now)
        stored = device_setups.settle(tx, act, replace(held, setup=after))
        return _view(tx, act, stored, held.device)

    return await parts.store.write(step)


async def devices(parts: Parts, caller: Caller, signed: Signed) -> Sequence[Own]:
    """The person's devices, the newest first."""

    def step(tx: Tx) -> Sequence[Own]:
        return _own(tx, caller.tenant.id, signed.user.id)

    return await parts.store.read(step)


def _own(tx: Tx, tenant_id: str, user_id: str) -> Sequence[Own]:
    held = [one for one in tx.devices.of_user(tenant_id, user_id) if one.state is Held.ACTIVE]
    found = ((one, tx.devices.get(tenant_id, one.device_id)) for one in held)
    return [
        Own(one, device, tx.devices.last(tenant_id, one.id).seen_at)
        for one, device in found
        if device is not None
    ]


async def release(
    parts: Parts, caller: Caller, signed: Signed, pairing_id: str
) -> Released | NotFound | Hurdle:
    """Give a device back: whoever has it may set it up."""

    def step(tx: Tx) -> Released | NotFound | Hurdle:
        act = begin(parts, caller)
        user = stepup.proved(tx, act, signed)
        if not isinstance(user, User):
            return user
        own = [one.id for one in tx.devices.of_user(act.tenant.id, user.id)]
        mine = is_id(pairing_id) and pairing_id in own
        ended = device_ends.end(tx, act, pairing_id, Held.RELEASED) if mine else None
        return NotFound() if ended is None else Released(ended)

    return await parts.store.write(step)
