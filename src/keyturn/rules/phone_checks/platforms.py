"""Which system and browser a phone says it has, and in which version.

Client hints first (User-Agent Client Hints, W3C draft; Chromium 89 and later).  The user agent is
the last resort, and freezes what it tells: Chrome 110 and later say "Android 10; K" on every
Android, iPads call themselves Macintosh, and Safari 26 keeps "OS 18_6".  So a version is either
known or None, and Android 10 from a user agent is None.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from keyturn.rules.phone_checks.seen import Seen

Version = tuple[int, int]


class System(StrEnum):
    """What a mend depends on."""

    ANDROID = "android"
    IOS = "ios"  # iPadOS too
    OTHER = "other"  # a desk, or nobody knows


#: how a phone's system is called beside what its checks said, as stored
STORED_AS: Final = "platform"
#: older ones cannot run the app, whatever the browser
SYSTEM_FLOOR: Final = {System.ANDROID: (7, 0), System.IOS: (16, 4)}
#: Chromium, for its last release on Android 7
CHROMIUM_FLOOR: Final = (119, 0)

_ANDROID: Final = re.compile(r"\bAndroid ([0-9]{1,3})(?:\.([0-9]{1,3}))?")
_IOS: Final = re.compile(r"\b(?:iPhone|iPad|iPod)\b[^)]*? OS ([0-9]{1,3})(?:_([0-9]{1,3}))?")
_SAFARI: Final = re.compile(r"\bVersion/([0-9]{1,3})(?:\.([0-9]{1,3}))?")
_CHROMIUM: Final = re.compile(r"\bChrom(?:e|ium)/([0-9]{1,4})(?:\.([0-9]{1,4}))?")
_NUMBERS: Final = re.compile(r"([0-9]{1,4})(?:\.([0-9]{1,4}))?(?:\.[0-9.]*)?")
_FROZEN: Final = (10, 0)


@dataclass(frozen=True, slots=True)
class Platform:
    """Attributes:
    system: by hints or user agent.
    version: of the system; chromium: of the browser's engine. None: not known, or another.
    within: the page runs inside of another app (a WebView), not in a browser.
    """

    system: System
    version: Version | None
    chromium: Version | None
    within: bool


def platform(seen: Seen) -> Platform:
    """What the phone says of itself."""
    agent = seen.agent or ""
    system, version = _hinted(seen) or _told(agent, seen.touch or 0)
    engine = _version(_NUMBERS.fullmatch(seen.chromium or "")) or _version(_CHROMIUM.search(agent))
    within = system is System.ANDROID and "; wv)" in agent
    return Platform(system, version, None if system is System.IOS else engine, within)


def _hinted(seen: Seen) -> tuple[System, Version | None] | None:
    """By client hints; None: the browser gives none. No iOS browser does."""
    if not seen.platform:
        return None
    if seen.platform != "Android":
        return System.OTHER, None
    return System.ANDROID, _version(_NUMBERS.fullmatch(seen.platform_version or ""))


def _told(agent: str, touch: int) -> tuple[System, Version | None]:
    """By the user agent."""
    android, ios = _ANDROID.search(agent), _IOS.search(agent)
    if android:
        version = _version(android)
        return System.ANDROID, None if version == _FROZEN else version
    if ios:
        return System.IOS, _version(ios)
    if "Macintosh" in agent and touch > 1:  # no Mac has a touch screen
        return System.IOS, _version(_SAFARI.search(agent))
    if re.search(r"\b(?:iPhone|iPad|iPod)\b", agent):
        return System.IOS, None
    return (System.ANDROID if "Android" in agent else System.OTHER), None


def _version(found: re.Match[str] | None) -> Version | None:
    return (int(found[1]), int(found[2] or 0)) if found else None
