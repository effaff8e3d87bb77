"""Made-up contexts for questions to a phone; see preview_samples.py."""

from __future__ import annotations

from typing import Any

from keyturn.flows.verifying import PhoneOf
from keyturn.rules.lockout import DAY, MINUTE, SECOND
from keyturn.rules.phone_app import Phone, Push, PushState

NOW = 1_767_965_460_000
NAME = "Chrome on Android (Pixel 8)"
WAY = {"path": "/signin/second/phone", "back": "/signin/second", "fields": {"trust": "1"}}


def asked(state: str, **fields: Any) -> dict[str, Any]:
    """A question as the page that asked it shows it."""
    plain = {
        "state": state, "number": "42", "until": NOW + 47 * SECOND, "left": 3, "wrong": 0,
        "phone": NAME,
    }  # fmt: skip
    watch = "/job/events" if state == "waiting" else ""
    return {"a": {**plain, **fields}, "way": WAY, "watch": watch}


def held(push: PushState = PushState.WORKS, proved_until: int | None = None) -> PhoneOf:
    """A phone as staff see it."""
    phone = Phone("p1", "t1", "u1", "", NAME, NOW - 40 * DAY, Push(push, NOW - 3 * DAY))
    return PhoneOf(phone, NOW - 12 * MINUTE, proved_until)


def verification(state: str, **fields: Any) -> dict[str, Any]:
    """A verification as its technician sees it."""
    plain = {
        "id": "01kdvdna00000000000000000v", "state": state, "number": "42",
        "until": NOW + 47 * SECOND, "wrong": 0, "left": 3, "phone": NAME,
        "words": "falcon teapot", "push": "works", "proved_until": None, "asked_at": NOW - MINUTE,
    }  # fmt: skip
    return {"v": {**plain, **fields}, "refused": None}


def not_asked(why: str, until: int | None = None) -> dict[str, Any]:
    """A verification that was not begun."""
    return {"v": None, "refused": {"why": why, "until": until}}


PERSON: dict[str, tuple[str, dict[str, Any]]] = {
    "second-phone-waiting": ("second_phone.html", asked("waiting")),
    "second-phone-wrong": ("second_phone.html", asked("waiting", wrong=2, left=1)),
    "second-phone-approved": ("second_phone.html", asked("approved")),
    "second-phone-denied": ("second_phone.html", asked("denied")),
    "second-phone-silent": ("second_phone.html", asked("expired")),
    "second-phone-number": ("second_phone.html", asked("number")),
    "second-phone-newer": ("second_phone.html", asked("newer")),
    "second-phone-reset": ("second_phone.html", asked("reset")),
    "second-push": ("second.html", {"methods": ["push"], "trust_offered": True}),
    "second-push-and-all": (
        "second.html",
        {"methods": ["passkey", "push", "recovery", "totp"], "trust_offered": True},
    ),
    "second-push-often": (
        "second.html",
        {"methods": ["push", "totp"], "trust_offered": True,
         "problem": {"code": "phone_often", "until": NOW + 9 * MINUTE}},
    ),
    "second-push-busy": (
        "second.html",
        {"methods": ["push", "totp"], "trust_offered": True,
         "problem": {"code": "phone_busy", "until": NOW + 40 * SECOND}},
    ),
    "second-push-locked": (
        "second.html",
        {"methods": ["push", "totp"], "trust_offered": True,
         "problem": {"code": "locked", "until": NOW + 6 * MINUTE}},
    ),
    "recover-second-push": ("recover_second.html", {"methods": ["push"]}),
}  # fmt: skip
STAFF: dict[str, dict[str, Any]] = {
    "console-verify-waiting": verification("waiting"),
    "console-verify-silent-phone": verification("waiting", push="dead", wrong=1, left=2),
    "console-verify-done": verification("used", proved_until=NOW + 9 * MINUTE),
    "console-verify-earlier": verification("used", proved_until=NOW - MINUTE),
    "console-verify-denied": verification("denied"),
    "console-verify-no-answer": verification("expired"),
    "console-verify-wrong": verification("number"),
    "console-verify-newer": verification("newer"),
    "console-verify-reset": verification("reset"),
    "console-verify-no-phone": not_asked("no-phone"),
    "console-verify-often": not_asked("often", NOW + 9 * MINUTE),
    "console-verify-busy": not_asked("busy", NOW + 40 * SECOND),
}
