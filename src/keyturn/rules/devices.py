"""A device, and whose it is.

A device is registered by its tenant: model, serial number, and the digest of the code on its label.
Whose it is, and with which key it speaks, is its *pairing*; a device has one at a time, and the
user's row of it goes with the user.

    active --its owner, or staff, releases it-----------------> released
       |----it is paired anew, by the same owner or another---> passed
       |----its key is used in two places---------------------> stopped
       +----the owner before it objects within a day----------> objected

The key is made on the device and stays there.  While a pairing is active only that key may go on
to the next one: whoever has a picture of the label, and a program that speaks like the device,
moves nothing that belongs to anybody.  After a release, or a stop, any key will do.

A label's code is sixteen letters of Crockford's alphabet (80 bits, rules/crockford.py).

Time is in milliseconds since the epoch.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from keyturn.rules import crockford
from keyturn.rules.lockout import DAY, MINUTE, SECOND

LETTERS: Final = 16
GROUP: Final = 4
#: longest model, and longest serial number
MODEL_MAX: Final = 60
SERIAL_MAX: Final = 60
#: how often a device speaks when nothing happens
BEAT_MS: Final = 60 * SECOND
#: a device that was not heard for so long is told as silent
SILENT_MS: Final = 3 * MINUTE
#: how long a pairing proves nothing yet, and the owner before it may object
WAIT_MS: Final = DAY

_MAGIC: Final = b"keyturn-label-v1\0"


class Held(StrEnum):
    """See the picture above."""

    ACTIVE = "active"
    RELEASED = "released"
    PASSED = "passed"
    STOPPED = "stopped"
    OBJECTED = "objected"


@dataclass(frozen=True, slots=True)
class Device:
    """A thing that the tenant has registered.

    Attributes:
        label: digest, under a key of the installation's, of `label_digest`.
    """

    id: str
    tenant_id: str
    model: str
    serial: str
    label: str
    registered_at: int


@dataclass(frozen=True, slots=True)
class Pairing:
    """Whose a device is, or was.

    Attributes:
        key: its public key (Ed25519), as wire/devices.py writes it.
        former: the pairing of another owner that this one ended; "" for none.
    """

    id: str
    tenant_id: str
    user_id: str
    device_id: str
    key: str
    paired_at: int
    former: str = ""
    state: Held = Held.ACTIVE
    ended_at: int | None = None


def over(pairing: Pairing, state: Held, now: int) -> Pairing:
    """The pairing, ended; one that has its end keeps it."""
    if pairing.state is not Held.ACTIVE:
        return pairing
    return replace(pairing, state=state, ended_at=now)


def proves_from(pairing: Pairing) -> int:
    """From when the device proves that its owner is beside it."""
    return pairing.paired_at + WAIT_MS


def silent(seen_at: int | None, now: int) -> bool:
    """Whether a device was not heard for too long."""
    return seen_at is None or now - seen_at >= SILENT_MS


def label_letters(typed: str) -> str | None:
    """The letters of a label's code as typed or scanned; None: that can be none."""
    letters = crockford.fold(typed)
    return letters if letters is not None and len(letters) == LETTERS else None


def label_shown(letters: str) -> str:
    """A label's code as it is printed: four groups of four."""
    return "-".join(letters[at : at + GROUP] for at in range(0, LETTERS, GROUP))


def label_digest(letters: str) -> str:
    """What the maker hands in for a label: SHA-256 of `keyturn-label-v1`, a zero byte and the
    sixteen letters, in hexadecimal. The code itself stays with the label.
    """
    return hashlib.sha256(_MAGIC + letters.encode()).hexdigest()
