"""What a device can say: by whom it is signed, what is in it, and which flow does it."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from keyturn.flows import device_beats
from keyturn.flows.device_beats import Claim, Met, PairedTo, Refused, Said, Waiting
from keyturn.ports.parts import Parts
from keyturn.rules.devices import BEAT_MS
from keyturn.rules.lockout import SECOND
from keyturn.web.devices.waiting import Waiting as Line
from keyturn.web.signed import fields
from keyturn.web.signed.door import Answer, Proved
from keyturn.web.signed.fields import Field

#: longest code of a label that is worth reading
LABEL_MAX: Final = 40
#: how soon a device that is being set up says hello again
HELLO_MS: Final = 2 * SECOND
#: the longest that a device may wait for an answer to its beat
WAIT_MS: Final = 25 * SECOND


@dataclass(frozen=True, slots=True)
class Call:
    """A request whose signature was right.

    Attributes:
        server_key: the installation's, public.
        line: those who wait.
    """

    parts: Parts
    proved: Proved
    server_key: bytes
    line: Line

    @property
    def said(self) -> Said:
        """The same for a flow."""
        return Said(self.proved.spoken.keyid, self.proved.spoken.sequence)

    @property
    def claim(self) -> Claim:
        """What a device that is not paired says of itself."""
        body = self.proved.body
        return Claim(self.proved.key, body["label"])


@dataclass(frozen=True, slots=True)
class Operation:
    """One line of the table. new: the body brings the key that signs."""

    does: Callable[[Call], Awaitable[Answer]]
    takes: Mapping[str, Field] = field(default_factory=dict)
    new: bool = False
    timed: bool = True


# -- before it is paired


async def _time(call: Call) -> Answer:
    return {"installation": _plain(call.server_key)}


async def _hello(call: Call) -> Answer:
    found = await device_beats.hello(call.parts, call.proved.caller, call.claim)
    return _told(call, found)


async def _press(call: Call) -> Answer:
    body = call.proved.body
    found = await device_beats.press(
        call.parts, call.proved.caller, call.claim, body["setup"], long=body["long"]
    )
    return _told(call, found)


def _told(call: Call, found: Waiting | Met | PairedTo | Refused) -> Answer:
    shared = {"installation": _plain(call.server_key), "tenant": call.proved.caller.tenant.name}
    match found:
        case Met(setup_id=setup, digits=digits, missing=missing, ends_at=ends_at):
            return {
                **shared, "state": "met", "setup": setup, "show": digits,
                "missing": [*map(str, missing)], "ends_at": ends_at, "again_ms": HELLO_MS,
            }  # fmt: skip
        case PairedTo(pairing_id=pairing, paired_at=at):
            return {**shared, "state": "paired", "pairing": pairing, "paired_at": at}
        case Waiting():
            return {**shared, "state": "waiting", "again_ms": HELLO_MS}
        case _:
            return found


def _plain(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


# -- once it is paired


async def _beat(call: Call) -> Answer:
    """With `wait`, the answer comes when a press is wanted, at the latest after so long."""
    proved, body = call.proved, call.proved.body
    found = await device_beats.beat(
        call.parts, proved.caller, call.said, has_secret=body["has_secret"]
    )
    if isinstance(found, Refused):
        return found
    asks = found.asks
    if asks is None and found.secret is None and body["wait"]:
        await call.line.wait(call.said.phone_id, body["wait"], proved.scope)
        asks = await device_beats.wanted(call.parts, proved.caller, call.said.phone_id)
    press = None if asks is None else {"challenge": asks.id, "ends_at": asks.expires_at}
    return {
        "press": press, "secret": found.secret, "proves_from": found.proves_from,
        "tenant": proved.caller.tenant.name, "again_ms": BEAT_MS,
    }  # fmt: skip


async def _pressed(call: Call) -> Answer:
    challenge = call.proved.body["challenge"]
    found = await device_beats.pressed(call.parts, call.proved.caller, call.said, challenge)
    return found if isinstance(found, Refused) else {}


def _wait(value: object) -> int:
    """Milliseconds."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= WAIT_MS:
        raise ValueError
    return value


_KEY: Final = fields.shaped(r"[A-Za-z0-9_-]{43}")
_CLAIM: Final[Mapping[str, Field]] = {"key": _KEY, "label": fields.text(LABEL_MAX)}

OPERATIONS: Final[Mapping[str, Operation]] = {
    "time": Operation(_time, {"key": _KEY}, new=True, timed=False),
    "hello": Operation(_hello, _CLAIM, new=True),
    "press": Operation(
        _press, {**_CLAIM, "setup": fields.ID, "long": fields.TRUTH}, new=True
    ),
    "beat": Operation(_beat, {"has_secret": fields.TRUTH, "wait": Field(_wait)}),
    "pressed": Operation(_pressed, {"challenge": fields.ID}),
}  # fmt: skip
