"""One account as one pretend controller holds it: values, and a stamp for each attribute."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from keyturn.rules.directories.policies import Policy
from keyturn.rules.directories.proofs import Stamp

NEVER = Stamp(0, "", 0, 0)
"""The stamp of an attribute that was never written."""

PASSWORD, LAST_SET, LOCKED, CONTROL = "unicodePwd", "pwdLastSet", "lockoutTime", "control"


@dataclass(frozen=True, slots=True)
class Held:
    """An account. What identifies it never changes; `values` are by attribute.

    Attributes:
        guid: hex. name: sAMAccountName.
        protected: a word of rules/directories/protected.py, or "".
        policy: what binds it; None if the delegated account may not read it.
        must_change_binds: as in AccountView.
        stamps: of every attribute that was ever written.
        mail, phone: "" for none.
    """

    guid: str
    name: str
    upn: str
    display: str
    dn: str
    protected: str
    policy: Policy | None
    must_change_binds: str
    values: Mapping[str, Any] = field(repr=False)
    stamps: Mapping[str, Stamp]
    mail: str = ""
    phone: str = ""

    def stamp(self, attribute: str) -> Stamp:
        """Metadata of one attribute; `NEVER` if it was never written."""
        return self.stamps.get(attribute, NEVER)

    def written(self, changes: Mapping[str, Any], origin: str, at: int, usn: int) -> Held:
        """After one originating write.

        A value that is as it was leaves its stamp as it is, but for a password: that is
        written every time (as Samba's repl_meta_data and Windows do it).
        """
        real = {
            name: value
            for name, value in changes.items()
            if name == PASSWORD or value != self.values.get(name)
        }
        raised = {name: Stamp(self.stamp(name).version + 1, origin, at, usn) for name in real}
        return self._with(real, raised)

    def merged(self, other: Held) -> Held:
        """After what another controller holds has arrived: the higher stamp wins, attribute by
        attribute (MS-ADTS 3.1.1.1.9: version, then time, then originating controller).
        """
        newer = {
            name: stamp
            for name, stamp in other.stamps.items()
            if _rank(stamp) > _rank(self.stamp(name))
        }
        return self._with({name: other.values[name] for name in newer}, newer)

    def _with(self, values: Mapping[str, Any], stamps: Mapping[str, Stamp]) -> Held:
        return replace(self, values={**self.values, **values}, stamps={**self.stamps, **stamps})


def _rank(stamp: Stamp) -> tuple[int, int, str]:
    return stamp.version, stamp.at, stamp.origin
