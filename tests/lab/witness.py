"""What the directory itself remembers: which passwords each account has had, in their order.

A controller keeps the NT hashes of an account's last passwords (`ntPwdHistory`, the newest
first) beside the metadata of the present one.  Looked at often enough, they tell every
change that was ever made, whoever made it and whatever anybody says of it.
"""

from __future__ import annotations

import base64
import json
import re
import struct
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from keyturn.lab.commands import run
from keyturn.lab.controllers import Controller
from keyturn.lab.people import STAFF, Person, quoted

UNICODE_PWD, HASH = 0x9005A, 16
#: one attribute's metadata: its id, version, time in seconds since 1601, origin, two numbers
_ENTRY, _HEAD = struct.Struct("<IIQ16sQQ"), struct.Struct("<IIII")
_SINCE_1601_S = 11_644_473_600
SYSTEM_PYTHON = "/usr/bin/python3"
_HASHES = """
import json, sys
from samba.credentials import Credentials
def hashed(password):
    known = Credentials()
    known.set_password(password)
    return bytes(known.get_nt_hash()).hex()
print(json.dumps([hashed(password) for password in json.load(sys.stdin)]))
"""


class Missed(Exception):
    """More changes between two looks than the directory remembers."""


@dataclass(frozen=True, slots=True)
class Change:
    """A password that was set.

    Attributes:
        digest: its NT hash, hex. at: when, ms, to the second; None if it was not the last one
            when it was looked at.
    """

    digest: str
    at: int | None


@dataclass(slots=True)
class _Known:
    version: int
    changes: list[Change] = field(default_factory=list)


class Witness:
    """Looks at one controller's own copy, at the accounts whose names begin so."""

    def __init__(self, controller: Controller, start: str) -> None:
        self._controller = controller
        self._filter = f"(&(objectClass=user)(sAMAccountName={start}*))"
        self._known: dict[str, _Known] = {}
        self._turn = threading.Lock()
        self.guids: dict[str, str] = {}

    def changes(self, account: Person) -> Sequence[Change]:
        """What was set since the first look, the oldest first."""
        return tuple(self._known[account.name].changes)

    def rises(self, account: Person) -> int:
        """By how much the version of `unicodePwd` has risen since the first look."""
        return len(self._known[account.name].changes)

    def look(self) -> None:
        """Note what is new. Raises Missed."""
        with self._turn:
            said = self._controller.ldb(
                "ldbsearch", "-b", STAFF, self._filter, "sAMAccountName", "objectGUID",
                "ntPwdHistory", "replPropertyMetaData",
            )  # fmt: skip
            for record in re.sub(r"\n ", "", said).split("\n\n"):
                values = dict(re.findall(r"^(\w+)::? (.*)$", record, re.MULTILINE))
                if "sAMAccountName" in values:
                    self._note(values)

    def _note(self, values: dict[str, str]) -> None:
        name = values["sAMAccountName"]
        self.guids[name] = values["objectGUID"]
        version, at = _stamp(base64.b64decode(values["replPropertyMetaData"]))
        known = self._known.setdefault(name, _Known(version))
        new, known.version = version - known.version, version
        raw = base64.b64decode(values["ntPwdHistory"])
        digests = [raw[at : at + HASH].hex() for at in range(0, len(raw), HASH)]
        if new > len(digests):
            raise Missed(name, new)
        newest = [Change(digests[n], at if n == 0 else None) for n in range(new)]
        known.changes.extend(reversed(newest))


def _stamp(blob: bytes) -> tuple[int, int]:
    """Version and time (ms) of `unicodePwd` (MS-DRSR 5.166 as Samba stores it)."""
    for attribute, version, at, *_ in _ENTRY.iter_unpack(blob[_HEAD.size :]):
        if attribute == UNICODE_PWD:
            return version, (at - _SINCE_1601_S) * 1000
    raise LookupError("unicodePwd")


def nt_hashes(passwords: Iterable[str]) -> dict[str, str]:
    """The NT hash of each, hex, by Samba's own code."""
    every = list(passwords)
    digests = json.loads(run(SYSTEM_PYTHON, "-c", _HASHES, given=json.dumps(every)))
    return dict(zip(every, digests, strict=True))


def crowd(start: str, count: int) -> list[Person]:
    """So many people of OU Staff who are not there yet."""
    return [
        Person(f"{start}{n:02}", f"Staffer {start.title()} {n:02}", f"First-Words-Of-{n:02}-Zq")
        for n in range(count)
    ]


def additions(people: Iterable[Person]) -> str:
    """Them as LDIF."""
    return "\n".join(
        f"dn: {each.dn}\nchangetype: add\nobjectClass: user\nsAMAccountName: {each.name}\n"
        f"userPrincipalName: {each.upn}\ndisplayName: {each.display}\n"
        f"userAccountControl: {each.control}\nunicodePwd:: {quoted(each.password)}\n"
        for each in people
    )
