"""Made-up contexts for the pages of activation and of one's own phone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from keyturn.rules.accounts import User, UserState
from keyturn.rules.lockout import DAY, HOUR, MINUTE
from keyturn.rules.matching import Ended
from keyturn.rules.phone_app import Push, PushState, bound
from keyturn.rules.phones import ABROAD, advice
from keyturn.steps.phone_proof import Clash
from keyturn.steps.showing import Capped
from keyturn.web.pages.scanning import svg

ADDRESS = (
    "https://id.northwind.test/app/#1.01KDVDNA000000000000000003."
    "AAAAAAAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAA"
)
APP = "https://id.northwind.test/app/"
Context = Callable[..., dict[str, Any]]
Pages = dict[str, tuple[str, dict[str, Any]]]


def clash_pages(user_page: Context, now: int, holder: User) -> Pages:
    """A user's page in the console, who wanted somebody's number."""
    active = Clash(at=now - 20 * MINUTE, number="+44 •••• ••0002", holder=holder, same=False)
    gone = replace(holder, state=UserState.DISABLED)
    of = {
        "active": active,
        "disabled": replace(active, holder=gone),
        "stale": replace(active, holder=gone, same=True),
        "free": replace(active, holder=None),
        "elsewhere": replace(active, holder=None, elsewhere=True),
    }
    return {
        f"console-user-clash-{name}": ("console/user.html", user_page(clash=clash))
        for name, clash in of.items()
    }


def activation_pages(always: Context, now: int) -> Pages:
    """From the link in the mail to a phone that is bound."""
    return {**_links(always, now), **_numbers(always, now), **_scans(always, now), **_ends(always)}


def _links(always: Context, now: int) -> Pages:
    common = {
        "at": None, "newer": False, "newest_at": now - HOUR, "expires_at": now + DAY,
        "account": "a••@example.com", "ways": ["go-on"], "sign_in": False, "frozen": False,
        "bound": False, "again_at": now - HOUR, "path": "/activate/x", "problem": None,
    }  # fmt: skip
    of: dict[str, dict[str, Any]] = {
        "open": {},
        "signin": {"sign_in": True},
        "used": {"kind": "used", "at": now - HOUR, "ways": ["app", "ask"], "bound": True},
        "unbound": {"kind": "used", "at": now - DAY, "ways": ["newest", "again", "ask"],
                    "newer": True},
        "added": {"ways": ["app", "ask"], "bound": True},
        "replaced": {"kind": "replaced", "ways": ["newest", "again", "ask"], "newer": True},
        "withdrawn": {"kind": "withdrawn", "at": now - HOUR, "ways": ["ask"]},
        "expired": {"kind": "expired", "at": now - HOUR, "ways": ["again", "ask"]},
        "expired-ask": {"kind": "expired", "at": now - HOUR, "ways": ["ask"]},
        "disabled": {"ways": ["ask"]},
        "frozen": {"frozen": True, "ways": ["ask"]},
        "soon": {"kind": "replaced", "ways": ["newest", "again", "ask"], "newer": True,
                 "again_at": now + MINUTE, "problem": {"code": "link_soon", "at": now + MINUTE}},
    }  # fmt: skip
    pages = {
        f"activate-{name}": ("activate.html", always(**{**common, "kind": "open", **changes}))
        for name, changes in of.items()
    }
    return {**pages, "activate-unknown": ("activate_unknown.html", always())}


def _numbers(always: Context, now: int) -> Pages:
    common = {"required": False, "number": "", "advice": None, "problem": None}
    said = partial(advice, insisted=False, voice=False)
    landline = {"number": "020 7946 0018", "advice": said("landline")}
    taken = {"problem": {"code": "number_taken"}, "number": "07400 123456"}
    of: dict[str, dict[str, Any]] = {
        "": {},
        "-required": {"required": True},
        "-landline": landline,
        "-abroad": {"number": "+1 212 555 0123", "advice": said(ABROAD)},
        "-taken": taken,
        "-taken-required": {**taken, "required": True},
        "-capped": {"problem": {"code": "budget", "until": now + HOUR}},
    }  # fmt: skip
    return {
        f"activation-number{name}": ("activation_number.html", always(**{**common, **changes}))
        for name, changes in of.items()
    }


def _scans(always: Context, now: int) -> Pages:
    waiting = {
        "state": "waiting", "app": APP, "address": ADDRESS, "svg": svg(ADDRESS),
        "letters": "7K3Q-M2X-9RD", "number": "", "expires_at": now + 9 * MINUTE, "ended": None,
        "ended_at": None, "capped": None,
    }  # fmt: skip
    over = {**waiting, "state": "over", "ended": Ended.EXPIRED, "ended_at": now - MINUTE}
    of: dict[str, dict[str, Any]] = {
        "waiting": waiting,
        "untyped": {**waiting, "letters": ""},
        "scanned": {**waiting, "state": "scanned", "number": "47"},
        "none": {"state": "none", "app": APP, "ended": None, "capped": None},
        "none-capped": {
            "state": "none",
            "app": APP,
            "ended": None,
            "capped": Capped(now + HOUR, numbers=False),
        },
        "expired": over,
        "newer": {**over, "ended": Ended.NEWER},
        "number": {**over, "ended": Ended.NUMBER},
        "capped": {**over, "capped": Capped(now + HOUR, numbers=False)},
        "watched": {**over, "ended": Ended.NUMBER, "capped": Capped(now + DAY, numbers=True)},
    }
    return {
        f"activation-scan-{name}": (
            "activation_scan.html",
            always(s=s, root="/activation", watch="/job/events" if s["svg"] else ""),
        )
        for name, s in ((name, {"svg": "", **s}) for name, s in of.items())
    }


def own_pages(always: Context, now: int, me: User) -> Pages:
    """One's own phone, signed in."""
    phone = bound("p1", "t1", me.id, "key", "Chrome on Android (Pixel 8)", now - 9 * DAY)
    common = {"phone": phone, "seen_at": now - HOUR, "app": APP}
    of: dict[str, dict[str, Any]] = {
        "": {"phone": replace(phone, push=Push(PushState.WORKS, now))},
        "-none": {"phone": None, "seen_at": None},
        "-unasked": {},
        "-denied": {"phone": replace(phone, push=Push(PushState.DENIED, now))},
        "-dead": {"phone": replace(phone, push=Push(PushState.DEAD, now)), "seen_at": None},
        "-frozen": {"me": replace(me, frozen_at=now)},
    }
    pages = {
        f"own-phone{name}": ("own_phone.html", always(**{"me": me, **common, **changes}))
        for name, changes in of.items()
    }
    return {**pages, "own-phone-remove": ("own_phone_remove.html", always(me, phone=phone))}


def _ends(always: Context) -> Pages:
    done = {"phone": "Chrome on Android", "directories": (), "password": True, "app": APP}
    directory = {"directories": ("corp.northwind.test",), "password": False}
    return {
        "activation-done": ("activation_done.html", always(**done)),
        "activation-done-directory": ("activation_done.html", always(**{**done, **directory})),
        "activation-gone": ("activation_closed.html", always(gone=True)),
        "activation-closed": ("activation_closed.html", always(gone=False)),
    }
