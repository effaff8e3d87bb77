"""Made-up contexts of the help desk's cases; see preview_samples.py."""

from __future__ import annotations

from types import SimpleNamespace as Row
from typing import Any

from keyturn.flows.casework import Capable, Entry, Proved, Running
from keyturn.rules.accounts import Case, User
from keyturn.rules.caselog import Kind
from keyturn.rules.caselog import Row as Logged
from keyturn.rules.codes import RESEND_MS
from keyturn.rules.grants import Missing
from keyturn.rules.lockout import DAY, HOUR, MINUTE, SECOND
from keyturn.rules.proofs import Method
from keyturn.rules.recoveries import Recovery, State, Stop
from keyturn.steps.proving import Bar, Way

Pages = dict[str, tuple[str, dict[str, Any]]]
COLLEAGUES = (Capable("01k0002", "Mia Okafor"), Capable("01k0003", "Max Oduya"))
MAY = {"close_case", "verify", "reset_user", "invite"}
PHONE, NUMBER, MAIL = "Chrome on Android (Pixel 8)", "+44 •••• ••0001", "a•••@e•••.com"
WAYS = (
    Way(Method.PUSH, None, PHONE), Way(Method.OFFLINE, None, PHONE), Way(Method.TEXT, None, NUMBER),
    Way(Method.MAIL, None, MAIL), Way(Method.APPROVAL, None),
)  # fmt: skip
POOR = (
    Way(Method.PUSH, Bar.NONE), Way(Method.OFFLINE, Bar.NEW, PHONE),
    Way(Method.TEXT, Bar.SPENT, NUMBER), Way(Method.MAIL, Bar.NEW, MAIL),
    Way(Method.APPROVAL, None),
)  # fmt: skip
FREE = ("unlock", "end-sessions", "resend", "start-reset")


def deeds(lost: tuple[Missing, ...], *, link: bool = False, bound: bool = False) -> list[Any]:
    """What is permitted; `lost`: what a new phone still asks for."""
    plain = [{"deed": deed, "missing": (), "bound": False} for deed in FREE]
    return [
        *plain,
        {"deed": "resend-link", "missing": () if link else (Missing.PROOF,), "bound": False},
        {"deed": "lost-phone", "missing": lost, "bound": bound},
        {
            "deed": "release-number",
            "bound": bound,
            "missing": () if bound else lost or (Missing.BOUND,),
        },
        {
            "deed": "temporary-password",
            "bound": bound,
            "missing": () if bound else lost or (Missing.BOUND,),
        },
    ]


def log(now: int) -> tuple[Entry, ...]:
    """What may happen in a case."""
    said: tuple[tuple[Kind, str, str, dict[str, object]], ...] = (
        (Kind.OPENED, "Tom", "", {}),
        (Kind.TAKEN, "Tom", "Tom", {}),
        (
            Kind.NOTE,
            "Tom",
            "",
            {"text": "Calls from a number that we do not know.\nIs in a hurry."},
        ),
        (Kind.ASKED, "Tom", "", {"method": "push"}),
        (Kind.FAILED, "", "", {"method": "push", "outcome": "no-answer"}),
        (Kind.ASKED, "Tom", "Mia Okafor", {"method": "approval"}),
        (Kind.PROVED, "Mia Okafor", "", {"method": "approval"}),
        (Kind.FAILED, "Tom", "", {"method": "text", "outcome": "wrong"}),
        (Kind.PROVED, "Tom", "", {"method": "text"}),
        (Kind.GRANTED, "Tom", "", {"deed": "lost-phone"}),
        (Kind.USED, "Tom", "", {}),
        (Kind.STOPPED, "Mia Okafor", "", {"why": "staff"}),
        (Kind.HANDED, "Tom", "Mia Okafor", {}),
    )
    return tuple(
        Entry(Logged(f"l{n}", "t1", "k1", n, kind, now - (20 - n) * MINUTE, None, "", facts),
              actor, about)
        for n, (kind, actor, about, facts) in enumerate(said, 1)
    )  # fmt: skip


def recovery(now: int, state: State, **more: Any) -> Recovery:
    """A new phone that was asked for."""
    return Recovery(
        "r1", "t1", "01K0001", "k1", "KT-7F3K-2M", 1, "01k0002", now - HOUR, now - HOUR + DAY,
        state, **more,
    )  # fmt: skip


def desk(now: int) -> dict[str, Any]:
    """What every page of a case has."""
    return {
        "holder": "Tom", "mine": True, "proofs": (), "running": (), "ways": WAYS,
        "deeds": deeds((Missing.PROOF,)), "colleagues": COLLEAGUES, "asks_me": None,
        "recovery": None, "can": MAY, "entries": log(now)[:3], "wrong": {},
        "accounts": (Row(account=Row(directory_id="d1"), directory="corp.example.com"),),
    }  # fmt: skip


def kinds(now: int) -> dict[str, dict[str, Any]]:
    """What a case's page can show, by name."""
    push = Proved(Method.PUSH, now + 8 * MINUTE, "")
    word = Proved(Method.APPROVAL, now + 6 * MINUTE, "Mia Okafor")
    asked = (
        Running(Method.PUSH, "01kdvdna00000000000000000v", now + 40 * SECOND, ""),
        Running(Method.TEXT, "f1", now + 8 * MINUTE, ""),
        Running(Method.APPROVAL, "a1", now + 9 * MINUTE, "Mia Okafor"),
    )
    whole = log(now)
    return {
        "free": {"holder": "", "mine": False, "entries": ()},
        "other": {"mine": False, "proofs": (push,)},
        "proved": {"proofs": (push,), "deeds": deeds((Missing.ANOTHER,), link=True),
                   "entries": whole[:9]},
        "permits": {"proofs": (push, word), "deeds": deeds((), link=True, bound=True)},
        "day": {"proofs": (word,), "deeds": deeds((), link=True), "running": asked},
        "staff": {"ways": POOR, "deeds": deeds((Missing.UNRELAYED, Missing.SECOND))},
        "asks-me": {"mine": False, "asks_me": now + 7 * MINUTE, "holder": "Mia Okafor"},
        "held-back": {"wrong": {"note": "password"}, "entries": whole},
        "often": {"wrong": {"colleague": "capped"}},
        "waits": {"recovery": recovery(now, State.WAITING), "entries": whole[:11]},
        "sent": {"recovery": recovery(now, State.SENT, sent_at=now - MINUTE, link_number=2)},
        "done": {"recovery": recovery(now, State.DONE)},
        "over": {"recovery": recovery(now, State.OVER)},
        "stopped": {"recovery": recovery(now, State.STOPPED, ended_at=now, why=Stop.OBJECTION),
                    "entries": whole},
        "auditor": {"mine": False, "can": set()},
    }  # fmt: skip


def codes(user: User, now: int) -> dict[str, dict[str, Any]]:
    """The pages of codes that are read aloud."""
    sent = Row(sent_at=now - 20 * SECOND, expires_at=now + 9 * MINUTE,
               resend_at=now - 20 * SECOND + RESEND_MS)  # fmt: skip
    plain = {"ref": "KT-7F3K-2M", "user": user, "left": 5, "refused": {}}
    text = plain | {"method": "text", "to": NUMBER, "sent": sent}
    return {
        "offline": plain | {"method": "offline", "to": PHONE, "sent": None},
        "text": text | {"sent": None},
        "text-sent": text,
        "mail-sent": plain | {"method": "mail", "to": MAIL, "sent": sent},
        "wrong": text | {"left": 2, "refused": {"why": "wrong", "left": 2}},
        "late": text | {"refused": {"why": "late", "left": 5}},
        "none": text | {"sent": None, "refused": {"why": "no-code"}},
        "capped": text | {"sent": None, "refused": {"why": "capped", "until": now + HOUR}},
        "soon": text | {"refused": {"why": "soon", "until": now + 40 * SECOND}},
    }


def temporary(user: User) -> dict[str, dict[str, Any]]:
    """The page of a temporary password."""
    plain = {
        "ref": "KT-7F3K-2M", "user": user, "account": "ann.l", "domain": "corp.example.com",
        "directory": "d1", "missing": (), "policy": None, "names": {"name": "ann.l", "display": ""},
    }  # fmt: skip
    return {"": plain, "-short": plain | {"missing": (Missing.PHONE, Missing.SECOND)}}


def lists(case: Case) -> dict[str, dict[str, Any]]:
    """The pages of many cases."""
    plain = {"cases": [case], "holders": {case.id: "Tom"}, "state": None, "wrong": {}, "can": MAY}
    return {
        "": plain,
        "-mine": plain | {"state": "mine"},
        "-free": plain | {"state": "free", "holders": {}},
        "-none": plain | {"cases": [], "state": "mine", "can": set()},
        "-nobody": plain | {"wrong": {"name": "ann.lindquist"}},
        "-secret": plain | {"wrong": {"words": "code"}},
    }
