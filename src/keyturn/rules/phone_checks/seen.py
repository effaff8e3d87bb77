"""What the app's script found out on a phone, read strictly.

Everything may be missing (None): not tried, or not to be tried there.  Nothing of it is trusted:
it decides which advice somebody reads, and never what they may do.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Final

#: longest text of a phone that is read: user agents stay under 400 characters
TEXT_MAX: Final = 512
#: as JavaScript's Number.MAX_SAFE_INTEGER
COUNT_MAX: Final = 2**53 - 1
_LINE: Final = re.compile(r"[\x20-\x7e]*")

#: words that a fact may have
WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "camera": ("works", "refused", "absent", "busy"),
    "permission": ("granted", "denied", "default"),
    "subscription": ("lives", "none", "dead"),
    "test": ("arrived", "lost"),
}
FLAGS: Final = ("worker", "push", "notices", "database", "keys", "home", "online", "asked")
COUNTS: Final = ("ahead_ms", "trip_ms", "free_bytes", "touch")
TEXTS: Final = ("agent", "platform", "platform_version", "chromium")


@dataclass(frozen=True, slots=True)
class Seen:
    """Attributes, features first:
    worker, push, notices: service workers, PushManager and Notification are there.
    database: something was written to IndexedDB and read again.
    keys: a P-256 key was made that cannot be exported, and signed.
    home: runs from the home screen (display-mode: standalone).
    online: an answer came from Keyturn.
    ahead_ms: phone's clock minus the signed answer's, halfway through the trip.
    trip_ms: how long request and answer took.
    free_bytes: what is left of the storage's quota.
    camera: how getUserMedia went; permission: Notification.permission.
    asked: the phone's owner was asked for notifications, in this visit or before.
    subscription: of push, as the app and Keyturn know it.
    test: what became of a push sent for this check.
    platform, platform_version: client hints Sec-CH-UA-Platform, …-Platform-Version.
    chromium: version of "Chromium" in Sec-CH-UA-Full-Version-List, or in Sec-CH-UA.
    agent: navigator.userAgent; touch: navigator.maxTouchPoints.
    """

    worker: bool | None = None
    push: bool | None = None
    notices: bool | None = None
    database: bool | None = None
    keys: bool | None = None
    home: bool | None = None
    online: bool | None = None
    ahead_ms: int | None = None
    trip_ms: int | None = None
    free_bytes: int | None = None
    camera: str | None = None
    permission: str | None = None
    asked: bool | None = None
    subscription: str | None = None
    test: str | None = None
    platform: str | None = None
    platform_version: str | None = None
    chromium: str | None = None
    agent: str | None = None
    touch: int | None = None


NAMES: Final = tuple(field.name for field in fields(Seen))


def read(data: Mapping[str, object]) -> Seen | None:
    """What a phone says; None if it says anything that it has no word for."""
    if not set(data) <= set(NAMES) or not all(_fits(*item) for item in data.items()):
        return None
    return Seen(**data)  # type: ignore[arg-type]  # each was looked at just now


def _fits(name: str, value: object) -> bool:
    if value is None:
        return True
    if name in FLAGS:
        return isinstance(value, bool)
    if name in COUNTS:
        number = isinstance(value, int) and not isinstance(value, bool)
        return number and abs(int(str(value))) <= COUNT_MAX
    if not isinstance(value, str):
        return False
    if name in WORDS:
        return value in WORDS[name]
    return len(value) <= TEXT_MAX and bool(_LINE.fullmatch(value))
