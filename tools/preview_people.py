"""Made-up contexts for the people of a directory in the console; see preview_samples.py."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from keyturn.flows.whose import Doubt, Doubts, Gone, People, Row
from keyturn.ports.syncing import Held
from keyturn.rules.accounts import User, UserState
from keyturn.rules.directories.entries import Entry
from keyturn.rules.directories.known import LEFT, Known
from keyturn.rules.directories.things import Directory, How, LinkedAccount
from keyturn.rules.lockout import DAY, HOUR, MINUTE

NOW = 1_767_965_460_000
DOMAIN = "corp.northwind.test"
CORP = Directory("d1", "t1", DOMAIN, b"i" * 32, "{}", NOW - 4 * MINUTE, NOW - 40 * DAY)
NOBODY = Held()
MAY = {"directories", "link_account", "read"}


def known(number: int, display: str, **fields: Any) -> Known:
    """An account as it was read."""
    name = display.lower().replace(" ", ".")
    unclear = fields.pop("unclear", "")
    plain = Entry(
        id=f"{number:032x}", name=name, upn=f"{name}@{DOMAIN}", display=display,
        mail=f"{name}@example.com", phone="", unit="OU=Staff,DC=corp,DC=northwind,DC=test",
        disabled=False, must_change=False, locked_at=None, locked_until=None,
        password_set_at=NOW - 30 * DAY, password_expires_at=NOW + 12 * DAY, expires_at=None,
        groups=(),
    )  # fmt: skip
    return Known(replace(plain, **fields), NOW, unclear=unclear)


def theirs(one: Known, user: User, stopped: str = "") -> Row:
    """An account that is somebody's."""
    entry = one.entry
    link = LinkedAccount(
        "t1", "d1", user.id, entry.id, entry.name, entry.upn, NOW, How.MADE, stopped
    )
    return Row(one, user, link)


def people_pages(ann: User, other: User) -> dict[str, tuple[str, dict[str, Any]]]:
    """The pages by name."""
    off = replace(other, state=UserState.DISABLED)
    rows = (
        theirs(known(1, "Ann Lindqvist"), ann),
        theirs(known(2, "Bea Ito", disabled=True), off, "active"),
        Row(known(3, "Carl Young", locked_at=NOW, locked_until=NOW + HOUR, unclear="shared"), None,
            None),
        Row(known(4, "Shared Mailbox With A Very Long Name Indeed", must_change=True, mail="",
                  unclear=LEFT), None, None),
        Row(known(5, "Dee Oduya", password_expires_at=NOW - DAY, upn=""), None, None),
        Row(known(6, "Eli Past", expires_at=NOW - DAY, password_expires_at=None), None, None),
    )  # fmt: skip
    doubts = (
        Doubt(rows[2].known, ann, rows[0].link, (rows[4],)),
        Doubt(rows[3].known, None, None, ()),
        Doubt(known(7, "Flo Staff", unclear="staff"), ann, None, ()),
    )
    many = Held(37, NOW - 20 * MINUTE)
    return {
        "people": ("people", {"page": People(CORP, rows, rows[5].known.entry.id, 1, NOBODY),
                              "query": ""}),
        "people-held": ("people", {"page": People(CORP, rows[:2], None, 0, many), "query": "a"}),
        "people-none": ("people", {"page": People(CORP, (), None, 0, NOBODY), "query": "zz"}),
        "doubts": ("doubts", {"page": Doubts(CORP, doubts, doubts[2].known.entry.id), "can": MAY}),
        "doubts-none": ("doubts", {"page": Doubts(CORP, (), None), "can": MAY}),
        "gone": ("gone", {"page": Gone(CORP, many, rows)}),
        "gone-none": ("gone", {"page": Gone(CORP, NOBODY, ())}),
    }  # fmt: skip
