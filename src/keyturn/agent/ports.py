"""What the agent needs of a directory and of its host, as Protocols."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from keyturn.rules.directories.answers import Refusal, Tried
from keyturn.rules.directories.entries import Changes, Entry, Roll, Scope
from keyturn.rules.directories.health.facts import Account, ListenerSight, Rights, Way
from keyturn.rules.directories.policies import Policy
from keyturn.rules.directories.proofs import Bind, Stamp
from keyturn.rules.directories.topology import Topology
from keyturn.wire.messages import Denied, Request

A = TypeVar("A")


class LinkDown(Exception):
    """The server could not be asked, or what answered was not it. Whether it took what was
    said is not known; every message may be said again.

    Attributes:
        cause: "name" (not resolved), "refused", "timeout", "tls_ca", "tls_name", "tls_expired",
            "tls" (other), "proxy" (it refuses), "closed", "status" (no Keyturn answers there),
            "unsigned", "signature", "message" (an answer that cannot be read).
        detail: for an administrator.
    """

    def __init__(self, cause: str, detail: str = "") -> None:
        super().__init__(cause, detail)
        self.cause = cause
        self.detail = detail


class LinkDenied(Exception):
    """The server refuses, and it was the server who said so (signed, bound to our request)."""

    def __init__(self, denied: Denied) -> None:
        super().__init__(denied.why)
        self.denied = denied


class Link(Protocol):
    """The way to the server. One request of a lane at a time; callers wait their turn."""

    async def call(self, message: Request, want: type[A]) -> A:
        """Say something and get the answer, which is a `want` (messages.ANSWERS).

        Raises LinkDown, LinkDenied. Nothing is repeated here: who calls knows whether to.
        """
        ...


class Unreachable(Exception):
    """The controller could not be asked, and nothing was sent that could change anything.

    Attributes:
        controller: DNS name.
        cause: "name" (not resolved), "refused", "timeout", "tls_old", "tls_ca", "tls_name",
            "tls_expired", "tls" (other), "credentials" (our own account), "gone".
        detail: for an administrator.
    """

    def __init__(self, controller: str, cause: str, detail: str = "") -> None:
        super().__init__(controller, cause, detail)
        self.controller = controller
        self.cause = cause
        self.detail = detail


class Refused(Exception):
    """The directory said no; nothing was changed."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal)
        self.refusal = refusal


class Uncertain(Exception):
    """The change was sent and no answer came: it may or may not have been made."""


class NotFound(Exception):
    """No such account in scope."""


@dataclass(frozen=True, slots=True)
class Change:
    """One modify, all of it or nothing.

    Attributes:
        password: the new one, or None; never printed.
        unlock: lockoutTime = 0.
        must_change: pwdLastSet = 0.
    """

    password: str | None = field(default=None, repr=False)
    unlock: bool = False
    must_change: bool = False


@dataclass(frozen=True, slots=True)
class AccountView:
    """What a look shows of one account.

    Attributes:
        guid: hex; name, upn, display: for people.
        dn: only ever used on the agent.
        locked_until: ms since the epoch, if locked now; 0: until somebody unlocks it; None: not.
        disabled, expired_account: refused at logon whatever the password.
        must_change: at next logon. password_expires_at: None for never.
        policy: what binds it, domain's or fine-grained; None if it could not be read.
        protected: why it is never set from here (rules/directories/protected.py), or "".
        must_change_binds: whether "must change at next logon" would work (else why not, as
            a word: "never_expires", "smart_card", "cannot_change"); "" where it does.
        password_stamp, lockout_stamp: metadata of unicodePwd and lockoutTime.
    """

    guid: str
    name: str
    upn: str
    display: str
    dn: str
    locked_until: int | None
    disabled: bool
    expired_account: bool
    must_change: bool
    password_expires_at: int | None
    password_set_at: int | None
    bad_count: int
    bad_at: int | None
    policy: Policy | None
    protected: str
    must_change_binds: str
    password_stamp: Stamp
    lockout_stamp: Stamp


class Driver(Protocol):
    """A directory. Every call names the controller that it goes to; none falls back to another.

    Raises Unreachable everywhere, unless said otherwise; each call has one time-out, known as
    `timeout_ms`.
    """

    @property
    def timeout_ms(self) -> int:
        """The longest a call can take to answer or to be given up."""
        ...

    @property
    def counts_writes(self) -> bool:
        """Whether its stamps count originating writes and name their controller; else they are
        moments, without an origin (docs/design/09).
        """
        ...

    async def find(self, controller: str, name: str) -> AccountView:
        r"""By sAMAccountName, UPN or DOMAIN\name. Raises NotFound."""
        ...

    async def look(self, controller: str, guid: str) -> AccountView:
        """By objectGUID. Raises NotFound."""
        ...

    async def stamp(self, controller: str, guid: str, attribute: str) -> Stamp:
        """Metadata of one attribute ("unicodePwd", "lockoutTime", "pwdLastSet"); Stamp(0, "", 0, 0)
        if it was never written. Raises NotFound.
        """
        ...

    async def apply(self, controller: str, guid: str, change: Change) -> None:
        """Make the change. Raises Refused, NotFound, Unreachable (nothing was sent), Uncertain."""
        ...

    async def try_password(self, controller: str, guid: str, password: str) -> Bind:
        """Try a password once. An empty one is never tried (some directories take it as an
        anonymous success): WRONG.
        """
        ...

    async def tried(self, controller: str, guid: str, password: str) -> Tried:
        """As try_password, with the directory's word for what stands in the way. Raises NotFound;
        Unreachable too when it was sent and no answer came: then it may have counted.
        """
        ...

    async def topology(self, controller: str) -> Topology:
        """Sites and controllers as the directory itself lists them."""
        ...

    async def reachable(self, controllers: Sequence[str]) -> dict[str, str]:
        """For each controller "" if it answers as it must, else the cause (Unreachable.cause)."""
        ...


@dataclass(frozen=True, slots=True)
class Inside:
    """What the agent's account may see and do in a directory; None: it could not be looked at.

    Attributes: see rules/directories/health/facts.PrimarySight.
    """

    rights: tuple[Rights, ...] | None = None
    policy: bool | None = None
    unreadable: tuple[str, ...] | None = None
    account: Account | None = None


class Inspector(Protocol):
    """How a directory is, for its health (docs/health.md). Changes nothing, and raises nothing:
    what hinders is what is asked for.
    """

    async def ways(self, controllers: Sequence[str]) -> tuple[Way, ...]:
        """The way to each of them, in their order."""
        ...

    async def beside(self, controller: str) -> ListenerSight:
        """One controller, as whoever stands beside it sees it."""
        ...

    async def inside(self, controller: str, units: Sequence[str]) -> Inside:
        """What the account sees there; nothing, if it cannot be reached.

        Args:
            units: distinguished names of the OUs in scope, for its rights there.
        """
        ...


class Connected(Driver, Protocol):
    """A driver that keeps connections, and so has an end.

    Attributes:
        source: everybody in the directory.
    """

    @property
    def source(self) -> Source: ...

    def close(self) -> None:
        """Hang up everywhere; nothing is asked afterwards."""
        ...


class Source(Protocol):
    """Everybody in a directory: read once, then followed (docs/design/09).

    Every call names the server it goes to. Raises Unreachable everywhere.
    """

    async def roll(self, server: str, scope: Scope) -> Roll:
        """Ids of all accounts in scope, ascending, and a cursor taken before they were read.

        Raises ScopeGone.
        """
        ...

    async def read(self, server: str, ids: Sequence[str], scope: Scope) -> Sequence[Entry]:
        """Those of `ids` (at most 200) that exist and are in scope, ascending by id.

        Raises ScopeGone: what is out of a scope that is no more must not pass for gone.
        """
        ...

    async def changes(self, server: str, cursor: bytes, scope: Scope) -> Changes:
        """What changed since `cursor`, in parts; may repeat what was told before, never leaves
        something out. Raises CursorLost, ScopeGone.
        """
        ...

    async def noticed(self, server: str) -> None:
        """Return when something may have changed; cancelled when nobody waits any more.

        The first call returns as soon as it listens: something may have changed before.
        """
        ...


class CursorLost(Exception):
    """The directory cannot tell what changed since then (another directory, restored, too old):
    a full read is due.
    """


class ScopeGone(Exception):
    """A chosen OU or group does not exist (any more), or may not be read.

    Attributes:
        name: its distinguished name.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name
