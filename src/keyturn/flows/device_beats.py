"""What a device says: hello and its press before it is paired; beats and presses ever after.

    hello --label right, somebody sets it up--> met --press--> paired
    beat --> a press is wanted?   pressed --> presence

The door has verified the signature: by the key that the body brings, or by the one of the pairing.
Whether the number is new is judged here, in the transaction that does what was asked.  A key that
is used in two places shows: of the two, one is always behind the other's numbers.  Two slips an
hour are forgiven to what delivers; then the device speaks for nobody, and its owner hears of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from keyturn.ports.parts import Parts
from keyturn.ports.store import Tx
from keyturn.rules import devices, pairing, presence
from keyturn.rules.accounts import User
from keyturn.rules.budgets import DEVICE_SLIPS
from keyturn.rules.callers import Caller
from keyturn.rules.devices import Device, Held, Pairing, label_letters
from keyturn.rules.events import Event
from keyturn.rules.pairing import OPEN, Missing, No, Setup, State
from keyturn.rules.presence import Challenge, Method
from keyturn.steps import casework, device_ends, device_setups
from keyturn.steps.acts import Act, begin, record
from keyturn.steps.phone_door import Refused, Said, Why

__all__ = [
    "Beat", "Claim", "Met", "PairedTo", "Pressed", "Refused", "Said", "Waiting", "beat", "hello",
    "key_of", "press", "pressed", "wanted",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Claim:
    """What a device says of itself before it is paired.

    Attributes:
        label: the code of its label, as it stands in its memory.
    """

    key: str
    label: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """Nobody sets it up at this moment."""


@dataclass(frozen=True, slots=True)
class Met:
    """Somebody does.

    Attributes:
        digits: what it is to show. missing: what is still to come.
    """

    setup_id: str
    digits: str
    missing: Sequence[Missing]
    ends_at: int


@dataclass(frozen=True, slots=True)
class PairedTo:
    """It is paired, and speaks as `pairing_id` from now on."""

    pairing_id: str
    paired_at: int


@dataclass(frozen=True, slots=True)
class Beat:
    """What there is for a paired device.

    Attributes:
        asks: a press is wanted, for this; None: none is.
        secret: what it makes its codes of, until it has said that it has it.
        proves_from: from when it proves anything.
    """

    asks: Challenge | None
    secret: str | None
    proves_from: int


@dataclass(frozen=True, slots=True)
class Pressed:
    """The press counts."""


async def key_of(parts: Parts, tenant_id: str, pairing_id: str) -> str | None:
    """The key of a pairing in whatever state; None: there is none of this id here."""
    found = await parts.store.read(lambda tx: tx.devices.pairing(tenant_id, pairing_id))
    return found.key if found is not None else None


# -- before it is paired


async def hello(
    parts: Parts, caller: Caller, claim: Claim
) -> Waiting | Met | PairedTo | Refused:  # fmt: skip
    """The device is there. Said again by the same device it is the same."""

    def step(tx: Tx) -> Waiting | Met | PairedTo | Refused:
        act = begin(parts, caller)
        device = _claimed(tx, act, claim)
        if device is None:
            return Refused(Why.UNKNOWN)
        setup = _open(tx, act, device)
        if setup is None:
            return _nobody(tx, act, device, claim)
        held = device_setups.hold(tx, act, setup)
        return Waiting() if held is None else _met(tx, act, held, claim)

    return await parts.store.write(step)


def _claimed(tx: Tx, act: Act, claim: Claim) -> Device | None:
    """The device that it says it is."""
    letters = label_letters(claim.label)
    return device_setups.labelled(tx, act, letters) if letters is not None else None


def _open(tx: Tx, act: Act, device: Device) -> Setup | None:
    found = (pairing.shown(one, act.now) for one in tx.devices.setups(act.tenant.id, device.id))
    return next((one for one in found if one.state in OPEN), None)


def _nobody(tx: Tx, act: Act, device: Device, claim: Claim) -> Waiting | PairedTo:
    """Nobody sets it up: perhaps because it is done."""
    active = tx.devices.active(act.tenant.id, [device.id]).get(device.id)
    if active is not None and active.key == claim.key:
        return PairedTo(active.id, active.paired_at)
    return Waiting()


def _met(
    tx: Tx, act: Act, held: device_setups.Held, claim: Claim
) -> Met | PairedTo | Waiting | Refused:  # fmt: skip
    after, why = pairing.hello(held.setup, held.active, claim.key, act.caller.ip, act.now)
    if why is No.KEY:
        facts = {"why": "key", "device": held.device.id}
        record(tx, act, Event.DEVICE_REFUSED, held.user, facts)
        return Refused(Why.TAKEN)
    return _told(tx, act, replace(held, setup=after))


def _told(tx: Tx, act: Act, held: device_setups.Held) -> Met | PairedTo | Waiting:
    """Store it, and say how it stands."""
    setup = device_setups.settle(tx, act, held)
    if setup.state is State.DONE:
        return PairedTo(setup.pairing_id, act.now)
    if setup.state not in OPEN:
        return Waiting()
    left = device_setups.missing(act.parts, setup, held.active)
    return Met(setup.id, setup.digits, left, setup.expires_at)


async def press(
    parts: Parts, caller: Caller, claim: Claim, setup_id: str, *, long: bool
) -> Met | PairedTo | Waiting | Refused:  # fmt: skip
    """The button was pressed while it is being set up.

    Args:
        setup_id: as `hello` told: a press of another setup presses nothing.
        long: for ten seconds.
    """

    def step(tx: Tx) -> Met | PairedTo | Waiting | Refused:
        act = begin(parts, caller)
        device = _claimed(tx, act, claim)
        setup = _open(tx, act, device) if device is not None else None
        if device is None:
            return Refused(Why.UNKNOWN)
        if setup is None or setup.id != setup_id:
            done = _nobody(tx, act, device, claim)
            return done if isinstance(done, PairedTo) else Refused(Why.OVER)
        held = device_setups.hold(tx, act, setup)
        return Refused(Why.OVER) if held is None else _press(tx, act, held, claim, long=long)

    return await parts.store.write(step)


def _press(
    tx: Tx, act: Act, held: device_setups.Held, claim: Claim, *, long: bool
) -> Met | PairedTo | Waiting | Refused:  # fmt: skip
    after, why = pairing.press(held.setup, claim.key, act.now, long=long)
    if why is not None:
        return Refused(Why.TAKEN if why is No.KEY else Why.OVER)
    return _told(tx, act, replace(held, setup=after))


# -- once it is paired


@dataclass(frozen=True, slots=True)
class _Heard:
    """A device that is heard, and for whom."""

    pairing: Pairing
    user: User


def _heard(tx: Tx, act: Act, said: Said, *, hold: bool = False) -> _Heard | Refused:
    """Whose request it is, if it is heard. hold: something of it is to change."""
    before = tx.devices.pairing(act.tenant.id, said.phone_id)
    if before is None:
        return Refused(Why.SIGNATURE)  # erased since the signature was verified
    take = tx.users.lock if hold else tx.users.get
    user = take(act.tenant.id, before.user_id)
    if not tx.devices.rise(act.tenant.id, before.id, said.sequence, act.caller.ip, act.now):
        return _slip(tx, act, before)
    found = tx.devices.pairing(act.tenant.id, before.id)
    if found is None or user is None:
        return Refused(Why.SIGNATURE)
    return _Heard(found, user) if found.state is Held.ACTIVE else _unbound(found)


def _slip(tx: Tx, act: Act, one: Pairing) -> Refused:
    if one.state is not Held.ACTIVE:
        return _unbound(one)
    spent = tx.budgets.spend(act.tenant.id, one.id, act.now, DEVICE_SLIPS)
    if DEVICE_SLIPS.allows(spent):
        return Refused(Why.SEQUENCE)
    stopped = device_ends.end(tx, act, one.id, Held.STOPPED)
    return _unbound(stopped or one)


def _unbound(one: Pairing) -> Refused:
    """What a device hears that is nobody's any more, and nothing of who has it now."""
    return Refused(Why.UNBOUND, {"why": str(one.state), "at": one.ended_at})


async def beat(parts: Parts, caller: Caller, said: Said, *, has_secret: bool) -> Beat | Refused:
    """The device is there, and asks what there is.

    Args:
        has_secret: it keeps what it makes its codes of: that is not told again.
    """

    def step(tx: Tx) -> Beat | Refused:
        act = begin(parts, caller)
        found = _heard(tx, act, said)
        if isinstance(found, Refused):
            return found
        secret = _secret(tx, act, found.pairing, has_secret=has_secret)
        return Beat(_asks(tx, act, found.pairing.id), secret, _proves_from(found.pairing))

    return await parts.store.write(step)


def _proves_from(one: Pairing) -> int:
    return devices.proves_from(one)


def _secret(tx: Tx, act: Act, one: Pairing, *, has_secret: bool) -> str | None:
    kept = tx.devices.secret(act.tenant.id, one.id)
    if kept is None or kept.told:
        return None
    if has_secret:
        tx.devices.keep(act.tenant.id, one.id, replace(kept, told=True))
        return None
    return device_setups.opened(act, one, kept)


def _asks(tx: Tx, act: Act, pairing_id: str) -> Challenge | None:
    every = tx.devices.waiting(act.tenant.id, pairing_id, act.now)
    return next((one for one in every if one.method is Method.BUTTON), None)


async def wanted(parts: Parts, caller: Caller, pairing_id: str) -> Challenge | None:
    """Whether a press is wanted of a device that has just been heard and waits."""
    return await parts.store.read(lambda tx: _asks(tx, begin(parts, caller), pairing_id))


async def pressed(
    parts: Parts, caller: Caller, said: Said, challenge_id: str
) -> Pressed | Refused:  # fmt: skip
    """The button was pressed for what the device was shown."""

    def step(tx: Tx) -> Pressed | Refused:
        act = begin(parts, caller)
        found = _heard(tx, act, said, hold=True)
        return found if isinstance(found, Refused) else _given(tx, act, found, challenge_id)

    return await parts.store.write(step)


def _given(tx: Tx, act: Act, found: _Heard, challenge_id: str) -> Pressed | Refused:
    tx.devices.lock(act.tenant.id, found.pairing.device_id)
    one = tx.devices.challenge(act.tenant.id, challenge_id)
    if one is None or one.pairing_id != found.pairing.id:
        return Refused(Why.UNKNOWN)  # a neighbour's is as one that nobody has
    after, given = presence.answer(one, found.pairing, found.user, Method.BUTTON, act.now)
    if after != one:
        tx.devices.save_challenge(after)
    if not given:
        return Refused(Why.OVER, {"why": str(after.ended or after.state)})
    facts = {"challenge": one.id, "method": str(one.method), "by": one.subject}
    record(tx, act, Event.PRESENCE_PROVED, found.user, facts)
    casework.came(tx, act, one.id, None, found.pairing.paired_at)
    return Pressed()
