"""The causes of *Check my phone* in the person's words: what is the case, and what to do about it.

Paths are those of current systems; where an older one differs much, both stand there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from keyturn.rules.phone_checks.checks import Check
from keyturn.rules.phone_checks.platforms import System


@dataclass(frozen=True, slots=True)
class Mend:
    """One cause of a check. system: None for all of them."""

    check: Check
    cause: str
    system: System | None
    title: str
    what: str
    do: str


_ANDROID, _IOS, _OTHER = System
_NEWER_PHONE = "If none is offered, use a newer phone."
_LETTERS = "Or type the ten letters that stand below the code."
_AGAIN = "Then open the app again."

_CLOCK_SET = {
    _ANDROID: "Open Settings, System, Date and time, and turn on “Set time automatically”.",
    _IOS: "Open Settings, General, Date & Time, and turn on “Set Automatically”.",
    _OTHER: "Let the system set its clock by itself, in its settings for date and time.",
}
_CAMERA_ON = {
    _ANDROID: "Tap the sign left of the address, Permissions, and allow the camera. If it is not "
    "there: Settings, Apps, your browser, Permissions, Camera.",
    _IOS: "Open Settings, Apps, Safari, Camera, and choose Ask or Allow (before iOS 18: Settings, "
    "Safari, Camera).",
    _OTHER: "Allow the camera for this page, in the browser's settings for sites.",
}
_NOTIFICATIONS_ON = {
    _ANDROID: "Open Settings, Apps, your browser, Notifications, and turn them on. Then, in the "
    "browser: tap the sign left of the address, Permissions, Notifications, Allow.",
    _IOS: "Open Settings, Notifications, find the app by its name, and turn on Allow "
    "Notifications. If it is not listed, remove it from the home screen and add it again.",
    _OTHER: "Allow notifications for this page, in the browser's settings for sites, and for the "
    "browser, in the system's.",
}

_ABLE: tuple[Mend, ...] = (
    Mend(
        Check.SYSTEM, "old", _ANDROID, "The phone's system is too old",
        "The app needs Android 7 or newer, and this phone has an older one.",
        f"Look for an update: Settings, System, Software update. {_NEWER_PHONE}",
    ),
    Mend(
        Check.SYSTEM, "old", _IOS, "The phone's system is too old",
        "The app needs iOS 16.4 or newer, and this phone has an older one.",
        f"Look for an update: Settings, General, Software Update. {_NEWER_PHONE}",
    ),
    Mend(
        Check.BROWSER, "old", None, "The browser is too old",
        "This browser is too old for the app.",
        "Update it, on Android in the Play Store: Chrome 119 or newer is needed. "
        "Then open the page again.",
    ),
    Mend(
        Check.BROWSER, "within", None, "The page is open inside of another app",
        "The page is open inside of another app, where it can neither keep a key nor show a "
        "message.",
        "Choose “Open in browser” in that app's menu (⋮), and go on in the browser.",
    ),
    Mend(
        Check.BROWSER, "unable", _ANDROID, "The browser lacks something that the app needs",
        "This browser is new enough, but something that the app needs is switched off in it.",
        "Leave private browsing, and open the page in Chrome itself.",
    ),
    Mend(
        Check.BROWSER, "unable", _IOS, "The browser lacks something that the app needs",
        "The system is new enough, but keeps something from the app that it needs.",
        "If Lockdown Mode is on, leave it for this page: Settings, Privacy & Security, Lockdown "
        "Mode. Else remove the app from the home screen and add it again, from Safari.",
    ),
    Mend(
        Check.BROWSER, "unable", _OTHER, "The browser lacks something that the app needs",
        "This browser is new enough, but something that the app needs is switched off in it.",
        "Leave private browsing, or use another browser.",
    ),
    Mend(
        Check.HOME, "not-added", _IOS, "The app is not on the home screen",
        "On an iPhone or iPad the app works only from the home screen.",
        "In Safari tap Share, then “Add to Home Screen”. Then open the app from there.",
    ),
    Mend(
        Check.STORAGE, "off", None, "The browser keeps nothing",
        "The browser does not keep what the app stores, so the key would be lost.",
        f"Leave private browsing, and allow the page to store data. {_AGAIN}",
    ),
    Mend(
        Check.STORAGE, "full", None, "The phone's storage is full",
        "The phone has no room left for the app.",
        f"Free some storage, at least 5 MB. {_AGAIN}",
    ),
    Mend(
        Check.NETWORK, "offline", None, "The phone is offline",
        "The phone does not reach Keyturn.",
        "Turn flight mode off, and try both Wi-Fi and mobile data. A code from the app works "
        "without a network, too.",
    ),
)  # fmt: skip
_CLOCK: tuple[Mend, ...] = tuple(
    Mend(
        Check.CLOCK, cause, system, f"The phone's clock is {words}",
        f"The phone's clock is {words}, so its codes are not accepted.", do,
    )
    for cause, words in (("ahead", "ahead"), ("behind", "behind"))
    for system, do in _CLOCK_SET.items()
)  # fmt: skip
_ALLOWED: tuple[Mend, ...] = (
    *(
        Mend(
            Check.CAMERA, "refused", system, "The camera is not allowed",
            "The app may not use the camera.", f"{do} {_LETTERS}",
        )
        for system, do in _CAMERA_ON.items()
    ),
    Mend(
        Check.CAMERA, "absent", None, "There is no camera",
        "No camera was found.",
        "Type the ten letters that stand below the code.",
    ),
    Mend(
        Check.CAMERA, "busy", None, "The camera is in use",
        "Another app is using the camera.",
        f"Close that app, and try again. {_LETTERS}",
    ),
    *(
        Mend(
            Check.NOTIFICATIONS, "denied", system, "Notifications are off",
            "Notifications are turned off for the app, so it cannot tell you that somebody asks.",
            f"{do} {_AGAIN}",
        )
        for system, do in _NOTIFICATIONS_ON.items()
    ),
    Mend(
        Check.NOTIFICATIONS, "dismissed", None, "The question about notifications was not answered",
        "You were asked whether the app may show notifications, and did not answer.",
        "Tap “Allow notifications” once more, and answer with Allow.",
    ),
    Mend(
        Check.NOTIFICATIONS, "unasked", None, "Notifications are not allowed yet",
        "The app may not show notifications yet.",
        "Tap “Allow notifications”, and answer with Allow.",
    ),
    Mend(
        Check.PUSH, "dead", None, "The phone's address for messages is dead",
        "Messages no longer reach this phone: its address at the push service has died.",
        "Open the app once, with a network: it makes a new one by itself. Until then open the app "
        "to see who asks.",
    ),
    Mend(
        Check.PUSH, "none", None, "The phone has no address for messages",
        "Notifications are allowed, but the phone has no address for messages yet.",
        "Open the app once, with a network, and choose “Check my phone” again.",
    ),
    Mend(
        Check.PUSH, "lost", None, "The test message did not arrive",
        "A message was sent to this phone, and it did not arrive.",
        "Turn off battery saving and “Do not disturb” for your browser or the app, and try again. "
        "Until then open the app to see who asks.",
    ),
)  # fmt: skip

MENDS: Final = (*_ABLE, *_CLOCK, *_ALLOWED)
