"""Made-up contexts for the pages of devices, and of presence in the console."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from keyturn.flows.presence import Locked, Theirs
from keyturn.rules.accounts import User
from keyturn.rules.devices import Device, Pairing
from keyturn.rules.lockout import DAY, HOUR, MINUTE
from keyturn.rules.presence import Method, Proof

Context = Callable[..., dict[str, Any]]
Pages = dict[str, tuple[str, dict[str, Any]]]
MODEL, SERIAL = "Camera C2", "C2-0042"


def own_pages(always: Context, now: int, me: User) -> Pages:
    """One's devices, and setting one up."""
    one = {
        "id": "01kdvdna000000000000000009", "model": MODEL, "serial": SERIAL,
        "paired_at": now - 9 * DAY, "seen_at": now - MINUTE, "silent": False,
        "proves_from": now - 8 * DAY,
    }  # fmt: skip
    young = {**one, "model": "Doorbell D1", "serial": "D1-7", "proves_from": now + HOUR,
             "paired_at": now - 23 * HOUR}  # fmt: skip
    silent = {**one, "silent": True, "seen_at": now - HOUR}
    pages: Pages = {
        "devices": ("devices.html", always(me=me, devices=[one, young])),
        "devices-none": ("devices.html", always(me=me, devices=[])),
        "devices-silent": ("devices.html", always(me=me, devices=[silent, young])),
        "device-release": ("device_release.html", always(me=me, d=one)),
    }
    return {**pages, **_adding(always, now, me), **_setting_up(always, now, me)}


def setup(now: int, **changes: Any) -> dict[str, Any]:
    """As pages/devices.setup_shown."""
    return {
        "state": "met", "ended": "", "model": MODEL, "serial": SERIAL, "until": now + 9 * MINUTE,
        "another": False, "verdict": "same", "network": "", "kind": "", "missing": ["press"],
        "wrong": 0, "left": 3, "typed": False, "pressed": False, **changes,
    }  # fmt: skip


def _adding(always: Context, now: int, me: User) -> Pages:
    ended = {name: setup(now, state="over", ended=name, missing=[])
             for name in ("expired", "digits", "user")}  # fmt: skip
    of: dict[str, dict[str, Any]] = {
        "": {},
        "-label": {"problem": {"code": "label"}, "typed": "ABCD"},
        "-unknown": {"problem": {"code": "unknown"}, "typed": "ABCD-EFGH-JKMN-PQRS"},
        "-vpn": {"problem": {"code": "vpn", "network": "Example VPN", "kind": "vpn"}},
        "-hosting": {"problem": {"code": "vpn", "network": "", "kind": "hosting"}},
        "-busy": {"problem": {"code": "busy", "until": now + 8 * MINUTE}},
        "-too-many": {"problem": {"code": "too_many", "until": now + HOUR}},
        "-done": {"last": setup(now, state="done", missing=[])},
        **{f"-{name}": {"last": last} for name, last in ended.items()},
    }
    plain = {"last": None, "problem": None, "typed": ""}
    return {
        f"device-add{name}": ("device_add.html", always(me=me, **{**plain, **changes}))
        for name, changes in of.items()
    }


def _setting_up(always: Context, now: int, me: User) -> Pages:
    far = {"verdict": "different", "missing": ["press", "digits"]}
    of: dict[str, tuple[dict[str, Any], str]] = {
        "hello": ({"state": "waiting", "verdict": "", "missing": ["hello"]}, ""),
        "press": ({}, ""),
        "another": ({"another": True, "missing": ["press", "long"]}, ""),
        "vpn": ({"verdict": "vpn", "network": "Example VPN", "kind": "vpn",
                 "missing": ["vpn", "press", "digits"]}, ""),
        "different": (far, ""),
        "different-wrong": ({**far, "wrong": 2, "left": 1}, ""),
        "different-no-digits": (far, "digits"),
        "families": ({**far, "verdict": "families"}, ""),
        "digits": ({**far, "missing": ["digits"], "pressed": True}, ""),
    }  # fmt: skip
    return {
        f"device-setup-{name}": (
            "device_setup.html",
            always(me=me, d=setup(now, **changes), watch="/job/events", mistake=mistake),
        )
        for name, (changes, mistake) in of.items()
    }


def theirs(now: int, tenant_id: str, user_id: str, **changes: Any) -> Theirs:
    """A device, as staff see it."""
    pairing = Pairing(
        "01kdvdna000000000000000009", tenant_id, user_id, "01kdvdna000000000000000008", "key",
        now - 9 * DAY,
    )  # fmt: skip
    device = Device(pairing.device_id, tenant_id, MODEL, SERIAL, "", now - 90 * DAY)
    plain: dict[str, Any] = {
        "pairing": pairing, "device": device, "seen_at": now - MINUTE, "silent": False,
        "proves_from": now - 8 * DAY, "locked": None,
    }  # fmt: skip
    return Theirs(**{**plain, **changes})


def proof(now: int, tenant_id: str, user_id: str) -> Proof:
    """What a press has shown."""
    return Proof(
        "c", tenant_id, user_id, 0, "p", Method.BUTTON, "s", "", now - MINUTE, now + 9 * MINUTE,
        relayed=False,
    )  # fmt: skip


def console_pages(staff: Context, user_page: Context, now: int, user: User) -> Pages:
    """A user's page with devices, and asking whether they are beside one."""
    where = now, user.tenant_id, user.id
    every = [
        theirs(*where),
        theirs(*where, silent=True, seen_at=None, proves_from=now + HOUR),
        theirs(*where, locked=Locked(now + 8 * MINUTE)),
    ]
    asked = {
        "id": "c", "method": "button", "state": "waiting", "until": now + 40_000,
        "asked_at": now - 20_000, "pairing": "p", "model": MODEL, "serial": SERIAL,
        "silent": False, "seen_at": now - MINUTE, "locked": None, "left": None,
        "proved_until": None, "case": "",
    }  # fmt: skip
    of: dict[str, dict[str, Any]] = {
        "waiting": {},
        "silent": {"silent": True, "seen_at": now - HOUR},
        "code": {"method": "code"},
        "code-wrong": {"method": "code", "left": 3},
        "pressed": {"state": "given", "proved_until": now + 9 * MINUTE, "case": "KT-7F3K-2M"},
        "read": {"state": "given", "method": "code", "proved_until": now + 9 * MINUTE},
        "earlier": {"state": "given"},
        **{name: {"state": name} for name in ("expired", "newer", "pairing", "user")},
        "wrong": {"state": "wrong", "method": "code"},
    }
    pages: Pages = {
        f"console-presence-{name}": (
            "console/presence.html", staff(user=user, p={**asked, **changes}, refused=None),
        )
        for name, changes in of.items()
    }  # fmt: skip
    until = {"fresh": now + HOUR, "often": now + MINUTE, "locked": now + 8 * MINUTE}
    for why in ("fresh", "often", "locked", "pairing", "user"):
        refused = {"why": why, "until": until.get(why)}
        pages[f"console-presence-not-{why}"] = (
            "console/presence.html", staff(user=user, p=None, refused=refused),
        )  # fmt: skip
    pages["console-device-release"] = (
        "console/device_release.html", staff(user=user, d=every[0]),
    )  # fmt: skip
    pages["console-user-devices"] = (
        "console/user.html", user_page(devices=every, present=[proof(*where)]),
    )  # fmt: skip
    return pages
