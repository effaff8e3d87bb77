"""Setting up a device: its owner has the label's code, the device says the same, and is pressed.

    waiting --the device says hello, with the label's code--> met --all below--> done
       |                                                       |
       +------- 10 minutes, a newer one, three wrong digits ---+--> over

    missing    until                                                     asked for
    -------    -------------------------------------------------------   ------------------
    hello      the device has spoken                                     always
    vpn        the person comes from where they are                      always
    press      the button was pressed, by the key that said hello        always
    long       it was held for ten seconds                               another's device
    digits     the person typed the six digits that the device shows     unless the two
                                                                         are near (networks)

One person at a time sets up a device: who comes second is told that it is busy, so that nobody's
press can be taken by somebody else.  A photograph of the label is not enough: the press is asked
of the device, and where the addresses do not show that the person is near it, what it shows is.
A device that belongs to somebody is taken on by its own key alone (rules/devices.py).

What is said twice is the same as said once.  Time is in milliseconds since the epoch.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from keyturn.rules.accounts import User, UserState
from keyturn.rules.devices import Held, Pairing, over
from keyturn.rules.lockout import MINUTE
from keyturn.rules.networks import Judged, Verdict

LIFE_MS: Final = 10 * MINUTE
DIGITS: Final = 6
#: wrong digits that end it
TRIES: Final = 3


class State(StrEnum):
    """See the picture above."""

    WAITING = "waiting"
    MET = "met"
    DONE = "done"
    OVER = "over"


class Ended(StrEnum):
    """Why it is over, though no device was paired."""

    EXPIRED = "expired"
    NEWER = "newer"  # the same person began anew
    DIGITS = "digits"  # three wrong
    USER = "user"  # the account has changed since: a reset, a disabling, an objection


class Missing(StrEnum):
    """What is still to come; see the table above, in whose order it is told."""

    HELLO = "hello"
    VPN = "vpn"
    PRESS = "press"
    LONG = "long"
    DIGITS = "digits"


class No(StrEnum):
    """Why something was not taken."""

    BUSY = "busy"  # somebody else sets up this device
    KEY = "key"  # another device has said hello, or the device belongs to somebody by another key
    OVER = "over"
    WRONG = "wrong"  # digits; tries are left


OPEN: Final = frozenset({State.WAITING, State.MET})


@dataclass(frozen=True, slots=True)
class Setup:
    """A device being set up, as stored.

    Attributes:
        epoch: the user's when it was begun.
        owner_ip: where the person came from when they last said something.
        digits: what the device shows.
        key, device_ip: of the device that has said hello.
        long: it was held for ten seconds.
        typed: the digits were right.
    """

    id: str
    tenant_id: str
    user_id: str
    device_id: str
    epoch: int
    owner_ip: str
    digits: str
    made_at: int
    expires_at: int
    state: State = State.WAITING
    key: str = ""
    device_ip: str = ""
    pressed_at: int | None = None
    long: bool = False
    typed: bool = False
    wrong: int = 0
    pairing_id: str = ""
    ended: Ended | None = None
    ended_at: int | None = None


def shown(setup: Setup, now: int) -> Setup:
    """The setup as it is at `now`, though nothing may have stored it yet."""
    if setup.state in OPEN and now >= setup.expires_at:
        return ended(setup, Ended.EXPIRED, setup.expires_at)
    return setup


def ended(setup: Setup, why: Ended, now: int) -> Setup:
    """The setup, over; one that has its end keeps it."""
    if setup.state not in OPEN:
        return setup
    return replace(setup, state=State.OVER, ended=why, ended_at=now)


def begin(before: Iterable[Setup], setup: Setup, now: int) -> tuple[tuple[Setup, ...], No | None]:
    """Whether a person may begin.

    Args:
        before: the setups of this device, and of this person, that may be open.

    Returns: the setups to store, the new one among them; and why it was refused.
    """
    open_ones = [one for one in (shown(each, now) for each in before) if one.state in OPEN]
    theirs = [one for one in open_ones if one.user_id == setup.user_id]
    if len(theirs) < len(open_ones):
        return (), No.BUSY
    return (*(ended(one, Ended.NEWER, now) for one in theirs), setup), None


def hello(
    setup: Setup, pairing: Pairing | None, key: str, ip: str, now: int
) -> tuple[Setup, No | None]:
    """The device has spoken, with the label's code.

    Args:
        pairing: the device's active one.
    """
    setup = shown(setup, now)
    if setup.state not in OPEN:
        return setup, No.OVER
    if setup.key not in {"", key} or (pairing is not None and pairing.key != key):
        return setup, No.KEY
    return replace(setup, state=State.MET, key=key, device_ip=ip), None


def press(setup: Setup, key: str, now: int, *, long: bool) -> tuple[Setup, No | None]:
    """The button was pressed; a press may be followed by a longer one."""
    setup = shown(setup, now)
    if setup.state is not State.MET:
        return setup, No.OVER
    if setup.key != key:
        return setup, No.KEY
    return replace(setup, pressed_at=now, long=setup.long or long), None


def type_digits(setup: Setup, typed: str, now: int) -> tuple[Setup, No | None]:
    """The person typed what the device shows. typed: six digits."""
    setup = shown(setup, now)
    if setup.state is not State.MET:
        return setup, No.OVER
    if setup.typed or typed == setup.digits:
        return replace(setup, typed=True), None
    wrong = replace(setup, wrong=setup.wrong + 1)
    if wrong.wrong < TRIES:
        return wrong, No.WRONG
    return ended(wrong, Ended.DIGITS, now), No.OVER


def missing(setup: Setup, pairing: Pairing | None, judged: Judged | None) -> Sequence[Missing]:
    """What is still to come, in order; nothing: it may be finished.

    Args:
        pairing: the device's active one.
        judged: what the two addresses tell; None before the device has spoken.
    """
    if setup.state is State.WAITING or judged is None:
        return (Missing.HELLO,)
    another = pairing is not None and pairing.user_id != setup.user_id
    wanted = (
        (Missing.VPN, judged.verdict is Verdict.VPN),
        (Missing.PRESS, setup.pressed_at is None),
        (Missing.LONG, another and not setup.long),
        (Missing.DIGITS, not judged.near and not setup.typed),
    )
    return tuple(one for one, holds in wanted if holds)


def fit(setup: Setup, user: User) -> bool:
    """Whether the account is still the one that began it."""
    good = user.state is UserState.ACTIVE and user.frozen_at is None
    return good and (user.id, user.epoch) == (setup.user_id, setup.epoch)


@dataclass(frozen=True, slots=True)
class Finished:
    """What is to be stored.

    Attributes:
        before: the pairing that it ended; None: the device was nobody's.
    """

    setup: Setup
    pairing: Pairing
    before: Pairing | None


def finish(setup: Setup, active: Pairing | None, pairing_id: str, now: int) -> Finished:
    """The device is this person's from now on; nothing is missing any more (`missing`)."""
    another = active is not None and active.user_id != setup.user_id
    pairing = Pairing(
        id=pairing_id, tenant_id=setup.tenant_id, user_id=setup.user_id,
        device_id=setup.device_id, key=setup.key, paired_at=now,
        former=active.id if active is not None and another else "",
    )  # fmt: skip
    before = over(active, Held.PASSED, now) if active is not None else None
    return Finished(replace(setup, state=State.DONE, pairing_id=pairing_id), pairing, before)


def read_digits(typed: str) -> str | None:
    """The digits meant, spaces and points between them ignored; None: that can be none, and is
    no try.
    """
    plain = "".join(typed[:40].split()).replace("-", "").replace(".", "")
    return plain if len(plain) == DIGITS and plain.isascii() and plain.isdecimal() else None
