"""Who has an account on the stand-alone machine, and what its administrator does by hand there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from keyturn.lab.commands import run
from keyturn.lab.people import (
    ALICE,
    BOB,
    CAROL,
    DAVE,
    DOMAIN_POLICY,
    ERIN,
    GRACE,
    HEIDI,
    IVAN,
    JUDY,
    LEO,
    MIA,
    SERVICE,
    Person,
)

WRAPPER: Final = "libnss_wrapper.so"
ADMINISTRATORS: Final = "S-1-5-32-544"
_USERS, _ADMINS, _HELPERS = 30_000, 30_001, 30_002
_DAY_S = 86_400

PEOPLE: Final = (
    ALICE, BOB, CAROL, DAVE, ERIN, GRACE, HEIDI, IVAN, JUDY, LEO, MIA, SERVICE,
)  # fmt: skip
"""HEIDI is an administrator, GRACE one through a group within it, IVAN is disabled, JUDY's
password never expires, LEO must change it, MIA's account has expired."""
FLAGS: Final = {IVAN: "[D]", JUDY: "[X]", SERVICE: "[X]"}
MACHINE_ACCOUNT: Final = "pc7$"


def wrapper() -> Path | None:
    """The library that shows a program another passwd file; None if it is not installed."""
    return next(iter(sorted(Path("/usr/lib").glob(f"*/{WRAPPER}"))), None)


class Hand:
    """The administrator. Methods raise CommandFailed.

    Attributes:
        environment: in which the lab's people are people of the host's.
    """

    def __init__(self, folder: Path, configuration: Path) -> None:
        self._folder = folder
        self._file = configuration
        self.environment = {
            "LD_PRELOAD": str(wrapper()),
            "NSS_WRAPPER_PASSWD": str(folder / "passwd"),
            "NSS_WRAPPER_GROUP": str(folder / "group"),
        }

    def set_password(self, person: Person, password: str) -> None:
        """On the machine itself. Raises CommandFailed."""
        self._tool("smbpasswd", "-c", self._file, "-s", person.name, given=f"{password}\n" * 2)

    def require_change(self, person: Person) -> None:
        """At the next logon."""
        self._tool("net", "sam", "set", "pwdmustchangenow", person.name, "yes")

    def set_flags(self, name: str, flags: str) -> None:
        """As pdbedit writes them: "[D]" is a disabled user."""
        self._pdbedit("-r", "-u", name, "-c", flags)

    def set_display(self, person: Person, display: str) -> None:
        """The full name."""
        self._pdbedit("-r", "-u", person.name, "-f", display)

    def add(self, person: Person) -> None:
        """An account; the person must be one of PEOPLE, so that the host knows a number."""
        given = f"{person.password}\n" * 2
        self._pdbedit("-a", "-t", "-u", person.name, "-f", person.display, given=given)

    def remove(self, person: Person) -> None:
        """The account is gone."""
        self._pdbedit("-x", "-u", person.name)

    def join_administrators(self, person: Person) -> None:
        """From now on one of them."""
        self._tool("net", "groupmap", "addmem", ADMINISTRATORS, self.sid(person))

    def leave_administrators(self, person: Person) -> None:
        """And no more."""
        self._tool("net", "groupmap", "delmem", ADMINISTRATORS, self.sid(person))

    def sid(self, person: Person) -> str:
        """Its SID, as people write it."""
        return self._field(person, "User SID")

    def bad_count(self, person: Person) -> int:
        """Bad logons that the machine counts."""
        return int(self._field(person, "Bad password count"))

    def _field(self, person: Person, name: str) -> str:
        found = re.search(rf"^{name}\s*:\s*(.*)$", self._pdbedit("-v", person.name), re.MULTILINE)
        return found[1].strip() if found else ""

    # --- making it

    def populate(self) -> None:
        """Everybody, their groups and policy. smbd does not run."""
        names = [*(person.name for person in PEOPLE), MACHINE_ACCOUNT]
        rows = [f"{name}:x:{_USERS + n}:{_USERS}::/nowhere:/bin/false" for n, name in
                enumerate(names, 1)]  # fmt: skip
        (self._folder / "passwd").write_text(
            "\n".join(
                ["root:x:0:0::/root:/bin/sh", "nobody:x:65534:65534::/:/bin/false", *rows, ""]
            )
        )
        (self._folder / "group").write_text(
            f"root:x:0:\nnogroup:x:65534:\nusers:x:{_USERS}:\nadmins:x:{_ADMINS}:\n"
            f"helpers:x:{_HELPERS}:\n"
        )
        for person in PEOPLE:
            self.add(person)
        self._pdbedit("-a", "-m", "-u", MACHINE_ACCOUNT)
        self._groups()
        self._policy()
        for person, flags in FLAGS.items():
            self.set_flags(person.name, flags)
        self._pdbedit("-r", "-u", MIA.name, "-K", "946684800")  # 2000-01-01
        self.require_change(LEO)

    def _groups(self) -> None:
        def mapped(*words: str) -> None:
            self._tool("net", "groupmap", *words)

        mapped("add", f"sid={ADMINISTRATORS}", "type=builtin", "unixgroup=admins",
               "ntgroup=Administrators")  # fmt: skip
        mapped("add", "type=local", "unixgroup=helpers", "ntgroup=Helpers")
        listed = self._tool("net", "groupmap", "list", "ntgroup=Helpers")
        helpers = re.findall(r"S-1-5-21-[\d-]+", listed)[0]
        for member in (self.sid(SERVICE), self.sid(HEIDI), helpers):
            mapped("addmem", ADMINISTRATORS, member)
        mapped("addmem", helpers, self.sid(GRACE))

    def _policy(self) -> None:
        policy = DOMAIN_POLICY
        for name, value in {
            "min password length": policy.min_length,
            "password history": policy.history,
            "minimum password age": policy.min_age_days * _DAY_S,
            "maximum password age": policy.max_age_days * _DAY_S,
            "bad lockout attempt": policy.threshold,
            "lockout duration": policy.lockout_min,
            "reset count minutes": policy.lockout_min,
        }.items():
            self._pdbedit("-P", name, "-C", str(value))

    def _pdbedit(self, *words: str, given: str = "") -> str:
        return self._tool("pdbedit", "-s", self._file, *words, given=given)

    def _tool(self, program: str, *words: str | Path, given: str = "") -> str:
        """Raises CommandFailed."""
        where = (f"--configfile={self._file}",) if program == "net" else ()
        return run(program, *words, *where, given=given, environment=self.environment)
