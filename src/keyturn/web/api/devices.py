"""One's own devices: which there are, setting one up, giving one back."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from keyturn.flows import pairing
from keyturn.flows.pairing import (
    Busy,
    Frozen,
    Hidden,
    NoDigits,
    NoLabel,
    NotFound,
    NothingOpen,
    Own,
    ProofNeeded,
    Released,
    SignedOut,
    TooMany,
    Unknown,
    View,
)
from keyturn.rules.devices import proves_from, silent
from keyturn.web.api import problems
from keyturn.web.api.account import Handle
from keyturn.web.api.call import Call, Owner, Reply
from keyturn.web.api.factors import refused
from keyturn.web.api.fields import Fields, Line
from keyturn.web.api.operations import operation, room
from keyturn.web.api.pending import Ms, Nothing, Out
from keyturn.web.strict_json import invalid

ROOM = room("devices")
#: of rules.pairing and rules.networks, by value
SetupState = Literal["waiting", "met", "done", "over"]
SetupEnd = Literal["expired", "newer", "digits", "user"]
Step = Literal["hello", "vpn", "press", "long", "digits"]
Near = Literal["vpn", "same", "carrier", "families", "private", "different"]
_CHANGES = (problems.PROOF_NEEDED, problems.FROZEN)


class Label(Fields):
    """The code on a device's label."""

    label: Annotated[
        Line, Field(min_length=1, max_length=60, description="As typed or scanned: sixteen letters "
                    "and digits; dashes and spaces do not matter."),
    ]  # fmt: skip


class Digits(Fields):
    """What the device shows."""

    digits: Annotated[Line, Field(min_length=1, max_length=40, description="Six digits.")]


class DeviceItem(Out):
    """A device. `silent`: it was not heard for so long that a press would not arrive.
    `proves_from`: from then on it can show that somebody is beside it.
    """

    id: str
    model: str
    serial: str
    paired_at: Ms
    seen_at: Ms | None
    silent: bool
    proves_from: Ms


class DevicesReply(Reply):
    """One's own devices, the newest first."""

    devices: list[DeviceItem]


class SetupItem(Out):
    """A device being set up. `missing`: what is still to come. `verdict`: what the addresses of
    person and device tell of each other. `another`: it is somebody else's until its button is held
    for ten seconds. `left`: wrong digits that may still be typed. `ended`: why it is over.
    """

    state: SetupState
    model: str
    serial: str
    missing: list[Step]
    verdict: Near | None
    network: str | None
    another: bool
    left: int
    ended: SetupEnd | None
    ends_at: Ms


class SetupReply(Reply):
    """What is being set up, or what became of it within the last hour; null for nothing."""

    setup: SetupItem | None


def _setup(call: Call, view: View | None) -> SetupReply:
    if view is None:
        return SetupReply(**call.reply(Nothing(), setup=None))
    judged = view.judged
    item: dict[str, object] = {
        "state": str(view.setup.state), "model": view.device.model, "serial": view.device.serial,
        "missing": [*map(str, view.missing)], "verdict": str(judged.verdict) if judged else None,
        "network": judged.owner.name if judged and judged.owner else None,
        "another": view.another, "left": view.left, "ends_at": view.setup.expires_at,
        "ended": str(view.setup.ended) if view.setup.ended else None,
    }  # fmt: skip
    return SetupReply(**call.reply(Nothing(), setup=SetupItem.model_validate(item)))


def _item(one: Own, now: int) -> DeviceItem:
    return DeviceItem(
        id=one.pairing.id, model=one.device.model, serial=one.device.serial,
        paired_at=one.pairing.paired_at, seen_at=one.seen_at, silent=silent(one.seen_at, now),
        proves_from=proves_from(one.pairing),
    )  # fmt: skip


@ROOM.get("/account/devices", **operation(DevicesReply, signed=True))
async def list_devices(owner: Owner) -> DevicesReply:
    """List one's own devices."""
    call = owner.call
    own = await pairing.devices(call.parts, call.caller, owner.me)
    return DevicesReply(**call.reply(Nothing(), devices=[_item(one, call.now) for one in own]))


@ROOM.post(
    "/account/devices/setup",
    **operation(
        SetupReply, problems.UNKNOWN_LABEL, problems.HIDDEN_NETWORK, problems.DEVICE_BUSY,
        problems.TOO_MANY, *_CHANGES, signed=True, body=True,
        about="Begins to set a device up, for ten minutes: it speaks up, its button is pressed, "
        "and where nothing shows that it is near, the digits that it shows are typed. Whoever "
        "comes from a VPN is refused with that reason, and only here.",
    ),
)  # fmt: skip
async def set_up_device(owner: Owner, given: Label) -> SetupReply:
    """Begin to set a device up."""
    call = owner.call
    answer = await pairing.start(call.parts, call.caller, owner.me, given.label)
    match answer:
        case View():
            return _setup(call, answer)
        case NoLabel():
            raise invalid("/label", "unfit")
        case Unknown():
            raise call.refusal(problems.UNKNOWN_LABEL, Nothing())
        case Hidden(found=found):
            of, network = str(found.kind), found.name
            raise call.refusal(problems.HIDDEN_NETWORK, Nothing(), of=of, network=network)
        case Busy(until=until):
            raise call.later(problems.DEVICE_BUSY, Nothing(), until)
        case TooMany(until=until):
            raise call.later(problems.TOO_MANY, Nothing(), until)
        case _:
            raise refused(call, answer, Nothing())


@ROOM.get("/account/devices/setup", **operation(SetupReply, signed=True))
async def show_setup(owner: Owner) -> SetupReply:
    """Say what is being set up."""
    call = owner.call
    found = await pairing.current(call.parts, call.caller, owner.me)
    return _setup(call, found if isinstance(found, View) else None)


@ROOM.post(
    "/account/devices/setup/again",
    **operation(
        SetupReply, problems.NOTHING_PENDING, problems.FROZEN, signed=True,
        about="Looks once more where the person comes from: they left the VPN, or joined the Wi-Fi "
        "that the device is in.",
    ),
)  # fmt: skip
async def look_again(owner: Owner) -> SetupReply:
    """Look at the networks once more."""
    call = owner.call
    return _gone_on(call, await pairing.again(call.parts, call.caller, owner.me))


@ROOM.post(
    "/account/devices/setup/digits",
    **operation(
        SetupReply, problems.NOTHING_PENDING, problems.FROZEN, signed=True, body=True,
        about="What the device shows. Three wrong ones end it; `left` says how many may follow.",
    ),
)  # fmt: skip
async def type_digits(owner: Owner, given: Digits) -> SetupReply:
    """Type the digits that the device shows."""
    call = owner.call
    answer = await pairing.type_digits(call.parts, call.caller, owner.me, given.digits)
    if isinstance(answer, NoDigits):
        raise invalid("/digits", "unfit")
    return _gone_on(call, answer)


@ROOM.delete(
    "/account/devices/setup",
    **operation(SetupReply, problems.NOTHING_PENDING, problems.FROZEN, signed=True),
)
async def give_up_setup(owner: Owner) -> SetupReply:
    """Set nothing up after all."""
    call = owner.call
    return _gone_on(call, await pairing.give_up(call.parts, call.caller, owner.me))


def _gone_on(
    call: Call, answer: View | NothingOpen | ProofNeeded | Frozen | SignedOut
) -> SetupReply:
    match answer:
        case View():
            return _setup(call, answer)
        case NothingOpen():
            raise call.refusal(problems.NOTHING_PENDING, Nothing())
        case _:
            raise refused(call, answer, Nothing())


@ROOM.delete(
    "/account/devices/{device}",
    **operation(
        DevicesReply, problems.NOT_FOUND, problems.INVALID, *_CHANGES, signed=True,
        about="Gives a device back, lost, sold or handed over: it speaks for nobody, and whoever "
        "has it may set it up. Its next owner sees nothing of what it was.",
    ),
)  # fmt: skip
async def release_device(owner: Owner, device: Handle) -> DevicesReply:
    """Give a device back."""
    call = owner.call
    answer = await pairing.release(call.parts, call.caller, owner.me, device)
    match answer:
        case Released():
            return await list_devices(owner)
        case NotFound():
            raise call.refusal(problems.NOT_FOUND, Nothing())
        case _:
            raise refused(call, answer, Nothing())
