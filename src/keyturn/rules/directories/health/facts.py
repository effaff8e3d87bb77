"""What the checks read, by who saw it: the server, the primary, those beside each controller.

Host names are lower case.  What an agent sends has no moments in it, because its clock may be
what is wrong: lengths of time instead, and the server adds when it took them.  Times are
integer milliseconds since the epoch by the server's clock, `ahead_ms` is how far a clock is
ahead (negative: behind) of that of whoever looked.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from keyturn.rules.directories.things import AgentRole, AgentState
from keyturn.rules.directories.topology import Topology

LDAPS: Final = 636
#: as many parts of a program, and as large a disk, as an agent is believed to have
_PARTS: Final = 20
_DISK: Final = 10**14


# -- the server


@dataclass(frozen=True, slots=True)
class Told:
    """What an agent's beats say of its own machine; only what is wrong is told.

    Attributes:
        disk_free: bytes, where too few are left to journal; None: enough.
        journal_lost: what the journal knew is gone, and read in the directory instead.
        stopped: parts of the agent's program that do not run, by name.
    """

    disk_free: int | None = None
    journal_lost: bool = False
    stopped: tuple[str, ...] = ()


def hear(health: str) -> Told:
    """The health of a beat (things.Agent.facts). What is not understood is left out: a newer
    agent may say more.
    """
    try:
        told = json.loads(health or "{}")
    except (ValueError, RecursionError):
        return Told()
    if not isinstance(told, dict):
        return Told()
    free, stopped = told.get("disk_free"), told.get("stopped")
    names = stopped[:_PARTS] if isinstance(stopped, list) else ()
    return Told(
        disk_free=free if type(free) is int and 0 <= free < _DISK else None,
        journal_lost=told.get("journal") == "lost",
        stopped=tuple(name for name in names if isinstance(name, str)),
    )


@dataclass(frozen=True, slots=True)
class AgentSight:
    """An agent as the server knows it (things.Agent, and its requests).

    Attributes:
        name: unique among agents that are not revoked.
        controller: that it stands beside. place: its machine, for people: "dc1 (192.0.2.10)".
        heard_at: None: never.
        ahead_ms: its clock, by its last request; None: not known.
        cloned_at: when its key was last seen in two places; both are stopped then.
        second_at, second_place: when another machine last wanted to be this agent and was
            refused because this one lives, and where that is.
        runs: it has not said that it ends.
    """

    name: str
    controller: str
    role: AgentRole
    state: AgentState
    place: str
    heard_at: int | None
    version: str
    ahead_ms: int | None
    told: Told = Told()
    cloned_at: int | None = None
    second_at: int | None = None
    second_place: str = ""
    runs: bool = True


@dataclass(frozen=True, slots=True)
class ServerSight:
    """What the server knows.

    Attributes:
        name: the directory's, as it was typed when it was connected.
        version: the server's own.
        primary: name of the agent that holds the lease now, "" for nobody.
    """

    name: str
    version: str
    agents: tuple[AgentSight, ...]
    primary: str


# -- the primary


@dataclass(frozen=True, slots=True)
class Probe:
    """What one controller's LDAPS port offers, asked without trusting it.

    Attributes:
        oldest, newest: TLS versions that it agrees to ("SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2",
            "TLSv1.3"); "" for none.
        trusted: whether the chain leads to one of our authorities, leaving its end aside.
        named: whether the certificate is for the controller's DNS name. Both None: not seen.
        issuer, names: of the certificate, for people; ends_at: its notAfter, None: not seen.
    """

    oldest: str
    newest: str
    trusted: bool | None
    named: bool | None
    issuer: str
    names: tuple[str, ...]
    ends_at: int | None
    port: int = LDAPS


@dataclass(frozen=True, slots=True)
class Way:
    """The primary's way to one controller.

    Attributes:
        cause: "" if it answered as it must, else agent/ports.Unreachable.cause.
        detail: of that, for an administrator.
        answers: other ports that took a connection (389, 88, 445): it lives, whatever 636 says.
        ahead_ms: the controller's clock (currentTime of the rootDSE), seen by the primary.
    """

    host: str
    cause: str
    detail: str = ""
    answers: tuple[int, ...] = ()
    probe: Probe | None = None
    ahead_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Rights:
    """What the agent's account may do to accounts in one OU.

    Attributes:
        unit: distinguished name. there: it was found.
        reset: the control-access right Reset Password; lockout: writing lockoutTime;
            last_set: writing pwdLastSet.
    """

    unit: str
    there: bool
    reset: bool
    lockout: bool
    last_set: bool


@dataclass(frozen=True, slots=True)
class Account:
    """The agent's own account; expires_at: its password's end, None for never."""

    name: str
    expires_at: int | None


@dataclass(frozen=True, slots=True)
class PrimarySight:
    """The directory as the primary sees it.

    Attributes:
        topology: the last one it could read.
        ways: to every real controller.
        rights: for each OU in scope; None: could not be looked at.
        policy: whether the domain's policy can be read; None: could not be looked at.
        unreadable: names of fine-grained policies that cannot be read; None: as above.
        account: None: could not be looked at.
    """

    topology: Topology
    ways: tuple[Way, ...]
    rights: tuple[Rights, ...] | None
    policy: bool | None
    unreadable: tuple[str, ...] | None
    account: Account | None


# -- whoever stands beside a controller


@dataclass(frozen=True, slots=True)
class Partner:
    """One that a controller takes changes from (MS-ADTS 3.1.1.1.13, repsFrom).

    Attributes:
        silent_ms: since the last success; None: there never was one.
        failures: in a row. error: the last one's Windows error code, 0 for none.
        lag_ms: how old the newest change of the partner is that has not come yet, as a changed
            attribute or the vectors of USNs show it; 0: nothing is missing; None: not known.
    """

    host: str
    silent_ms: int | None
    failures: int
    error: int
    lag_ms: int | None


@dataclass(frozen=True, slots=True)
class ListenerSight:
    """A controller as the agent beside it sees it, the primary's own too.

    Attributes:
        cause: as Way.cause. ahead_ms: the controller's clock, seen by this agent.
        partners: None: could not be read.
    """

    controller: str
    cause: str
    ahead_ms: int | None
    partners: tuple[Partner, ...] | None


# -- together


@dataclass(frozen=True, slots=True)
class Heard:
    """What an agent said of its controller, and when the server took it."""

    agent: str
    at: int
    sight: ListenerSight


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that is known of one directory.

    Attributes:
        at: now. primary_at: when the server took what the last primary saw; None: never.
    """

    at: int
    server: ServerSight
    primary: PrimarySight | None = None
    primary_at: int | None = None
    beside: tuple[Heard, ...] = ()
