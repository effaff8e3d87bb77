"""What an administrator does by hand at one controller, and what can be read there.

Changes are made in the controller's own copy, with the rights of the system, so that they
originate there and need no network.  They pass through the same rules as any other change
(policy, history, metadata) and are replicated.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping

from keyturn.lab.commands import attempt, until
from keyturn.lab.controllers import BASE, READ_ROOT, Controller
from keyturn.lab.people import (
    DOMAIN_POLICY,
    Person,
    PolicySet,
    apply,
    delegation,
    grant,
    policy_ldif,
    quoted,
    read,
)  # fmt: skip

RIGHT = "right"
WRONG = "52e"
LOCKED = "775"
ARRIVAL_S = 120
SYSTEM_PYTHON = "/usr/bin/python3"
"""Samba's own modules are only there."""
_HASH = """
import sys
from samba.credentials import Credentials
known = Credentials()
known.set_password(sys.stdin.read())
print(bytes(known.get_nt_hash()).hex())
"""
_DELETED_OBJECTS = "O:SYG:SYD:PAI(A;;RPWPCCDCLCRCWOWDSDSW;;;SY)(A;;RPLC;;;BA)"
"""Who may see what was deleted, as a domain is made."""
_STAMP = re.compile(
    r"attid\s+: DRSUAPI_ATTID_(?P<name>\w+).*?version\s+: 0x(?P<version>[0-9a-f]+)"
    r".*?originating_invocation_id: (?P<origin>[0-9a-f-]+)",
    re.DOTALL,
)


class Hand:
    """An administrator who may do everything, at whichever controller."""

    def __init__(self, controllers: Mapping[str, Controller], ca: str) -> None:
        self._controllers = controllers
        self._ca = ca

    # --- accounts

    def set_password(
        self, at: str, person: Person, password: str, *, must_change: bool = False
    ) -> None:
        """Set it, as in "Active Directory Users and Computers". Raises CommandFailed."""
        lines = [f"replace: unicodePwd\nunicodePwd:: {quoted(password)}\n-\n"]
        if must_change:
            lines.append("replace: pwdLastSet\npwdLastSet: 0\n-\n")
        self.modify(at, person.dn, "".join(lines))

    def unlock(self, at: str, person: Person) -> None:
        """Clear the lockout."""
        self.replace(at, person.dn, "lockoutTime", "0")

    def replace(self, at: str, dn: str, name: str, *values: str) -> None:
        """Give an attribute these values alone; none removes it."""
        lines = "".join(f"{name}: {value}\n" for value in values)
        self.modify(at, dn, f"replace: {name}\n{lines}-\n")

    def modify(self, at: str, dn: str, lines: str) -> None:
        """Make one modify; `lines` as in LDIF (RFC 2849)."""
        self.change(at, f"dn: {dn}\nchangetype: modify\n{lines}")

    def change(self, at: str, ldif: str) -> None:
        """Make the changes of an LDIF file in one transaction. Raises CommandFailed."""
        apply(self._controllers[at], ldif)

    def add_policy(self, at: str, name: str, policy: PolicySet, applies_to: str) -> None:
        """A fine-grained policy that binds one account or group (a DN), before all others."""
        self.change(at, policy_ldif(name, policy, applies_to, 1))

    # --- rights

    def access(self, at: str, dn: str) -> str:
        """Its security descriptor, as SDDL."""
        return read(self._controllers[at], dn, "nTSecurityDescriptor")["nTSecurityDescriptor"][0]

    def set_access(self, at: str, dn: str, sddl: str) -> None:
        """Give it this security descriptor."""
        self.replace(at, dn, "nTSecurityDescriptor", sddl)

    def without(self, at: str, dn: str, person: Person) -> str:
        """Take away every entry of an account in an object's access list, and let the object
        inherit none; the security descriptor of before, for `set_access`.
        """
        before, sid = self.access(at, dn), self.sid(at, person)
        owner, found, entries = before.partition("D:")
        kept = re.sub(rf"\([^()]*;{re.escape(sid)}\)", "", entries.partition("S:")[0])
        flags, mark, rest = kept.partition("(")
        closed = flags if "P" in flags else f"P{flags}"
        self.set_access(at, dn, f"{owner}{found}{closed}{mark}{rest}")
        return before

    def delegate(self, at: str, dn: str, person: Person) -> None:
        """Let an account reset, unlock and require a change for users below an OU."""
        grant(self._controllers[at], dn, delegation(self.sid(at, person)))

    def sid(self, at: str, person: Person) -> str:
        """An account's objectSid."""
        return read(self._controllers[at], person.dn, "objectSid")["objectSid"][0]

    def show_deleted(self, at: str, person: Person) -> None:
        """Let an account see what was deleted, as `dsacls … /G account:LCRP` does on Windows."""
        show_deleted(self._controllers[at], person)

    # --- logons

    def try_password(self, at: str, person: Person, password: str) -> str:
        """One logon over LDAPS: RIGHT, or the directory's code, e.g. "52e"; "" without an answer.

        A wrong one costs the account a try, as everywhere.
        """
        controller = self._controllers[at]
        status, _, said = attempt(
            *READ_ROOT, "-o", "nettimeout=5", "-H", f"ldaps://{controller.ip}", "-D", person.upn,
            "-y", "/dev/stdin", "(objectClass=*)", "1.1", given=password, patience_s=15,
            environment={"LDAPTLS_CACERT": self._ca},
        )  # fmt: skip
        if not status:
            return RIGHT
        found = re.search(r"data ([0-9a-f]+)", said)
        return found[1] if found else ""

    def lock(self, at: str, person: Person, times: int = DOMAIN_POLICY.threshold) -> None:
        """Lock an account by logging on wrongly. Raises InVain if it does not lock."""
        for _ in range(times):
            self.try_password(at, person, "Wrong-Wrong-Wrong-0")
        until(lambda: self.locked(at, person), 5, f"{person.name} to be locked at {at}")

    # --- reading: this controller's own copy

    def read(self, at: str, dn: str, *attributes: str) -> dict[str, list[str]]:
        """Attributes of one object as this controller has them; nothing is asked of others."""
        return read(self._controllers[at], dn, *attributes)

    def number(self, at: str, person: Person, attribute: str) -> int:
        """A numeric attribute; 0 if it has no value."""
        return int(self.read(at, person.dn, attribute).get(attribute, ["0"])[0])

    def bad_count(self, at: str, person: Person) -> int:
        """badPwdCount, which each controller counts for itself."""
        return self.number(at, person, "badPwdCount")

    def locked(self, at: str, person: Person) -> bool:
        """Whether this controller holds a lockout of the account."""
        return self.number(at, person, "lockoutTime") != 0

    def stamp(self, at: str, person: Person, attribute: str = "unicodePwd") -> tuple[int, str]:
        """Version and originating invocationId of an attribute's last write; (0, "") if none."""
        said = self._controllers[at].ldb(
            "ldbsearch", "--show-binary", "--scope=base",
            "-b", person.dn, "(objectClass=*)", "replPropertyMetaData",
        )  # fmt: skip
        for found in _STAMP.finditer(said):
            if found["name"] == attribute:
                return int(found["version"], 16), found["origin"]
        return 0, ""

    def holds(self, at: str, person: Person, password: str) -> bool:
        """Whether this controller's copy holds this very password. Costs the account no try."""
        known = self._controllers[at].tool(SYSTEM_PYTHON, "-c", _HASH, given=password)
        return known.strip() == self.password_digest(at, person)

    def password_digest(self, at: str, person: Person) -> str:
        """The NT hash this controller holds, hex: equal where the password is."""
        said = self._controllers[at].ldb(
            "ldbsearch", "--scope=base",
            "-b", person.dn, "(objectClass=*)", "unicodePwd",
        )  # fmt: skip
        return _hex_of(said)

    def arrived(self, at: str, person: Person, password: str, seconds: float = ARRIVAL_S) -> float:
        """Wait until a password is there; the seconds that took. Raises InVain. Costs no try."""
        wanted = self._controllers[at].tool(SYSTEM_PYTHON, "-c", _HASH, given=password).strip()
        return until(
            lambda: self.password_digest(at, person) == wanted, seconds,
            f"the new password of {person.name} to arrive at {at}",
        )  # fmt: skip


def show_deleted(controller: Controller, person: Person) -> None:
    """As in Hand; the controller need not run."""
    sid = read(controller, person.dn, "objectSid")["objectSid"][0]
    controller.ldb(
        "ldbmodify",
        "--controls=show_deleted:1",
        given=f"dn: CN=Deleted Objects,{BASE}\nchangetype: modify\nreplace: nTSecurityDescriptor\n"
        f"nTSecurityDescriptor: {_DELETED_OBJECTS}(A;;LCRP;;;{sid})\n",
    )


def _hex_of(said: str) -> str:

    found = re.search(r"^unicodePwd:: (\S+)$", said, re.MULTILINE)
    return base64.b64decode(found[1]).hex() if found else ""
