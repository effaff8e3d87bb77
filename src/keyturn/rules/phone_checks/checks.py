"""The checks of a phone in their order, each a function of what was seen.

    check           asks                                         may cause
    -------------   ------------------------------------------   -----------------------------------
    system          is Android or iOS new enough?                browser, home, notifications, push
    browser         can this browser do what the app needs?      notifications, push
    home            iOS: does it run from the home screen?       notifications, push
    storage         does a key stay where it is put?
    network         does an answer come?                         clock, push
    clock           is it right, by a signed answer?
    camera          may the app look at a code?
    notifications   may the app show a message?                  push
    push            does a message arrive?

Features come first: a phone on which everything that is needed was tried and works is able,
whatever it says of its versions.  Only where something is missing is a version asked why; and
where nobody knows it, the answer is "cannot tell", which is no cause.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from keyturn.rules.lockout import SECOND
from keyturn.rules.phone_checks.platforms import (
    CHROMIUM_FLOOR,
    SYSTEM_FLOOR,
    Platform,
    System,
    platform,
)
from keyturn.rules.phone_checks.seen import Seen

#: how far the phone's clock may be off: one step of its offline codes (RFC 6238 §5.2)
CLOCK_MS: Final = 30 * SECOND
#: the app, its keys and what it keeps offline
ROOM_BYTES: Final = 5_000_000


class Check(StrEnum):
    """See the table above; in this order."""

    SYSTEM = "system"
    BROWSER = "browser"
    HOME = "home"
    STORAGE = "storage"
    NETWORK = "network"
    CLOCK = "clock"
    CAMERA = "camera"
    NOTIFICATIONS = "notifications"
    PUSH = "push"


class Verdict(StrEnum):
    """What came of a check."""

    WELL = "well"
    CAUSE = "cause"
    UNTOLD = "untold"  # it cannot be told from here


#: the causes of each check, by the words that facts and pages use
CAUSES: Final[Mapping[Check, tuple[str, ...]]] = MappingProxyType({
    Check.SYSTEM: ("old",),
    Check.BROWSER: ("old", "within", "unable"),
    Check.HOME: ("not-added",),
    Check.STORAGE: ("off", "full"),
    Check.NETWORK: ("offline",),
    Check.CLOCK: ("ahead", "behind"),
    Check.CAMERA: ("refused", "absent", "busy"),
    Check.NOTIFICATIONS: ("denied", "dismissed", "unasked"),
    Check.PUSH: ("dead", "none", "lost"),
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one check. `cause` is one of CAUSES[check], or ""."""

    check: Check
    verdict: Verdict
    cause: str = ""


Answer = tuple[Verdict, str]
_WELL: Final[Answer] = (Verdict.WELL, "")
_UNTOLD: Final[Answer] = (Verdict.UNTOLD, "")


def results(seen: Seen) -> tuple[Result, ...]:
    """Every check, in order."""
    on = platform(seen)
    return tuple(Result(check, *judge(seen, on)) for check, judge in _JUDGES.items())


def first(found: tuple[Result, ...]) -> Result | None:
    """What is to be mended first: what comes later may come of it. None: nothing was found."""
    return next((one for one in found if one.verdict is Verdict.CAUSE), None)


def able(seen: Seen) -> bool:
    """Whether all that the app needs of a browser was tried, and works."""
    return all((seen.worker, seen.push, seen.notices, seen.database, seen.keys))


def _lacks(seen: Seen) -> bool:
    """Whether a feature is known to be missing; storage has a check of its own."""
    return False in {seen.worker, seen.push, seen.notices, seen.keys}


def _cause(word: str) -> Answer:
    return Verdict.CAUSE, word


def _system(seen: Seen, on: Platform) -> Answer:
    if able(seen):
        return _WELL
    floor = SYSTEM_FLOOR.get(on.system)
    if floor is None or on.version is None:
        return _UNTOLD
    return _cause("old") if on.version < floor else _WELL


def _browser(seen: Seen, on: Platform) -> Answer:
    if able(seen):
        return _WELL
    if not _lacks(seen):
        return _WELL if seen.worker and seen.push and seen.notices and seen.keys else _UNTOLD
    if on.system is System.IOS:
        return _ios_browser(seen, on)
    if on.within:
        return _cause("within")
    if on.chromium is not None and on.chromium < CHROMIUM_FLOOR:
        return _cause("old")
    return _UNTOLD if on.chromium is None else _cause("unable")


def _ios_browser(seen: Seen, on: Platform) -> Answer:
    """On iOS every browser is the system's, and has no push but on the home screen."""
    if on.version is None:
        return _UNTOLD
    new = on.version >= SYSTEM_FLOOR[System.IOS]
    return _cause("unable") if new and seen.home else _WELL


def _home(seen: Seen, on: Platform) -> Answer:
    if on.system is not System.IOS:
        return _WELL
    if seen.home is None:
        return _UNTOLD
    return _WELL if seen.home else _cause("not-added")


def _storage(seen: Seen, _on: Platform) -> Answer:
    if seen.database is None:
        return _UNTOLD
    if seen.free_bytes is not None and seen.free_bytes < ROOM_BYTES:
        return _cause("full")
    return _WELL if seen.database else _cause("off")


def _network(seen: Seen, _on: Platform) -> Answer:
    if seen.online is None:
        return _UNTOLD
    return _WELL if seen.online else _cause("offline")


def _clock(seen: Seen, _on: Platform) -> Answer:
    """The answer may have been signed anywhere within the trip: half of it is doubt."""
    if seen.ahead_ms is None or seen.trip_ms is None:
        return _UNTOLD
    off, doubt = abs(seen.ahead_ms), abs(seen.trip_ms) // 2
    if off - doubt > CLOCK_MS:
        return _cause("ahead" if seen.ahead_ms > 0 else "behind")
    return _WELL if off + doubt <= CLOCK_MS else _UNTOLD


def _camera(seen: Seen, _on: Platform) -> Answer:
    if seen.camera is None:
        return _UNTOLD
    return _WELL if seen.camera == "works" else _cause(seen.camera)


def _notifications(seen: Seen, _on: Platform) -> Answer:
    if seen.permission == "granted":
        return _WELL
    if seen.permission == "denied":
        return _cause("denied")
    if seen.permission is None or seen.asked is None:
        return _UNTOLD
    return _cause("dismissed" if seen.asked else "unasked")


def _push(seen: Seen, _on: Platform) -> Answer:
    if seen.test == "arrived":
        return _WELL
    if seen.subscription in {"dead", "none"}:
        return _cause(seen.subscription)
    return _cause("lost") if seen.test == "lost" else _UNTOLD


_JUDGES: Final[Mapping[Check, Callable[[Seen, Platform], Answer]]] = MappingProxyType({
    Check.SYSTEM: _system,
    Check.BROWSER: _browser,
    Check.HOME: _home,
    Check.STORAGE: _storage,
    Check.NETWORK: _network,
    Check.CLOCK: _clock,
    Check.CAMERA: _camera,
    Check.NOTIFICATIONS: _notifications,
    Check.PUSH: _push,
})  # fmt: skip
