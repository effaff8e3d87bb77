"""The machine's domains, policy and accounts, as one call sees them; blocking.

A machine has two domains: one under its own name, with the accounts, and Builtin, with the
aliases that carry rights (MS-SAMR 1.3).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from keyturn.agent.directories.workgroup.ndr import Malformed
from keyturn.agent.directories.workgroup.records import User
from keyturn.agent.directories.workgroup.samr import USER_READ, Said, Sam
from keyturn.agent.directories.workgroup.values import below, sid, text
from keyturn.rules.directories.policies import Policy
from keyturn.rules.directories.protected import Standing
from keyturn.rules.directories.workgroup import NORMAL, lasting, standing

_BUILTIN: Final = "builtin"
#: in whose name, too, somebody acts who logs on: Everyone, Network, Interactive, Authenticated
#: Users, Local account (MS-DTYP 2.4.2.4)
_EVERYONE: Final = tuple(map(sid, ("S-1-1-0", "S-1-5-2", "S-1-5-4", "S-1-5-11", "S-1-5-113")))


@dataclass(frozen=True, slots=True)
class Seen:
    """An account and what decides about it."""

    id: str
    user: User
    standing: Standing


class Machine:
    """One machine for the length of one call. Methods raise Said and what the client raises.

    Attributes:
        name: its own (NetBIOS) name. sid: of its accounts' domain.
        clock_ms: the machine's clock, not fast, ms since the epoch.
    """

    def __init__(self, sam: Sam, account: str, clock_ms: Callable[[], int]) -> None:
        r"""Args:
        account: that Keyturn signs in with, as `name` or `MACHINE\name`.
        """
        self.sam = sam
        self.clock_ms = clock_ms
        self.name = _own_name(sam.domains())
        self.sid = sam.lookup_domain(self.name)
        self._domain = sam.open_domain(self.sid)
        self._account = account

    # --- accounts

    def named(self, name: str) -> int | None:
        """The relative identifier of a user's account; None if there is none."""
        return self.sam.lookup_user(self._domain, name)

    def everybody(self) -> list[int]:
        """Relative identifiers of all ordinary accounts."""
        return self.sam.users(self._domain, NORMAL)

    def open(self, rid: int, access: int = USER_READ) -> bytes | None:
        """A handle; None if there is no such account."""
        return self.sam.open_user(self._domain, rid, access)

    def user(self, rid: int) -> User | None:
        """None if there is none."""
        handle = self.open(rid)
        if handle is None:
            return None
        found = self.sam.user(handle)
        self.sam.close(handle)
        return found

    def seen(self, rid: int) -> Seen | None:
        """With its groups; None if there is no such account."""
        handle = self.open(rid)
        if handle is None:
            return None
        user = self.sam.user(handle)
        groups = self._groups(handle, rid)
        self.sam.close(handle)
        account = below(self.sid, rid)
        own = self._own()
        stands = standing(
            text(account), user.name, user.flags, groups, own=own is None or own == rid
        )
        return Seen(account.hex(), user, stands)

    def _own(self) -> int | None:
        """Who may not be found counts as anybody: nobody is set then."""
        return self.named(self._account.rpartition("\\")[2])

    def _groups(self, handle: bytes, rid: int) -> frozenset[str] | None:
        """All of them, through aliases within aliases; None if they cannot be read."""
        try:
            held = [below(self.sid, group) for group in self.sam.groups_of(handle)]
            held = [below(self.sid, rid), *held, *_EVERYONE]
            held += [below(self.sid, a) for a in self.sam.aliases_of(self._domain, held)]
            builtin = self.sam.lookup_domain(_BUILTIN)
            domain = self.sam.open_domain(builtin)
            held += [below(builtin, alias) for alias in self.sam.aliases_of(domain, held)]
            self.sam.close(domain)
        except Said:
            return None
        return frozenset(map(text, held))

    # --- policy

    def policy(self) -> Policy | None:
        """What binds every account; None if it cannot be read."""
        try:
            password = self.sam.password_policy(self._domain)
            lockout = self.sam.lockout_policy(self._domain)
        except Said:
            return None
        return Policy(
            source="domain",
            min_length=password.min_length,
            complexity=password.complexity,
            history=password.history,
            history_on_reset=False,
            min_age_ms=lasting(password.min_age),
            max_age_ms=lasting(password.max_age),
            lockout_threshold=lockout.threshold,
            lockout_ms=lasting(lockout.duration),
            observation_ms=lasting(lockout.window),
        )


def _own_name(domains: Sequence[str]) -> str:
    for name in domains:
        if name.lower() != _BUILTIN:
            return name
    raise Malformed
