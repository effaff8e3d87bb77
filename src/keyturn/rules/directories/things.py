"""What exists around a directory. Times are integer milliseconds since the epoch."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from keyturn.rules.directories.entries import DirectoryKind


class AgentRole(StrEnum):
    """What an agent may become."""

    CANDIDATE = "candidate"  # may hold the lease: primary, or listener standing by
    LISTENER = "listener"  # only ever watches its own controller


class AgentState(StrEnum):
    """Where an agent stands. Only an active one is listened to."""

    WAITING = "waiting"  # enrolled; no agent of the directory has approved it yet
    ACTIVE = "active"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Directory:
    """A directory connected to a tenant.

    Attributes:
        name: the domain's DNS name, lower case, e.g. "corp.example.test".
        identity: the directory's identity key, Ed25519, 32 bytes; None until the first agent
            has made it. The private half was never here.
        topology: the primary's last report (rules/directories/topology.py), as JSON; "" before.
        reachable: with it, for each controller's DNS name "" or why the primary cannot reach it,
            as a JSON object; "" before.
        kind: what it is; its agents are of the same kind.
    """

    id: str
    tenant_id: str
    name: str
    identity: bytes | None
    topology: str
    topology_at: int | None
    created_at: int
    reachable: str = ""
    kind: DirectoryKind = DirectoryKind.ACTIVE_DIRECTORY


@dataclass(frozen=True, slots=True)
class EnrolmentToken:
    """Lets one agent in, once.

    Attributes:
        digest: HMAC of the token under a key outside the database.
        made_by: the staff member who asked for it.
    """

    digest: str
    tenant_id: str
    directory_id: str
    role: AgentRole
    made_by: str
    expires_at: int
    used_at: int | None


@dataclass(frozen=True, slots=True)
class Run:
    """One life of an agent's process.

    Attributes:
        id: random, made at each start.
        machine: a digest of what tells machines apart (machine-id), so that a copied key is seen.
        place: host name and address, for people: "dc1 (192.0.2.10)".
        since, seen_at: when it began and when it was last heard.
    """

    id: str
    machine: str
    place: str
    since: int
    seen_at: int


@dataclass(frozen=True, slots=True)
class Agent:
    """The program beside a controller.

    Attributes:
        name: unique in the directory among agents that are not revoked.
        controller: DNS name of the controller it stands beside, lower case.
        signing_key: Ed25519 public, 32 bytes: signs its requests.
        sealing_key: X25519 public, 32 bytes: new passwords are sealed to it.
        certificate: the directory's signature over the sealing key (wire/certificates.py);
            None while it waits for approval.
        bequest: the directory's identity key, sealed to this agent by the one that approved it;
            None once fetched.
        run: its present run, None before the first.
        sequences: the highest number seen in each lane of requests (wire/signatures.py).
        version: of the program.
        facts: what it last said of itself (its own doctor), as JSON; "" before.
        clone_at: when its key was last seen in two places, or None.
    """

    id: str
    tenant_id: str
    directory_id: str
    name: str
    role: AgentRole
    state: AgentState
    controller: str
    signing_key: bytes
    sealing_key: bytes
    certificate: bytes | None
    bequest: bytes | None
    run: Run | None
    sequences: dict[str, int]
    version: str
    facts: str
    enrolled_at: int
    approved_by: str | None
    revoked_at: int | None
    clone_at: int | None


@dataclass(frozen=True, slots=True, order=True)
class Epoch:
    """Counts the changes of primary. Compared first by generation, which a restore raises."""

    generation: int
    number: int


@dataclass(frozen=True, slots=True)
class Lease:
    """Who is primary: this key *and* this run, until then.

    Attributes:
        until: from when on somebody else may have it. A released lease ends at once.
    """

    directory_id: str
    agent_id: str
    run_id: str
    epoch: Epoch
    until: int


class How(StrEnum):
    """How an account came to be somebody's. What an account says of itself proves nothing of a
    person: a link by MAIL lets its user reset the account, and its password lets nobody in here.
    """

    STAFF = "staff"  # a person said so
    MAIL = "mail"  # its user had proved its mail address
    MADE = "made"  # its user was made for it


@dataclass(frozen=True, slots=True)
class LinkedAccount:
    """A user's account in a directory.

    Attributes:
        guid: objectGUID, 16 bytes as the directory stores them, hex. What counts.
        name, upn: sAMAccountName and userPrincipalName as last seen; for people and for look-up.
        stopped: the directory disabled the user by it: the state they had before; "": it did not.
    """

    tenant_id: str
    directory_id: str
    user_id: str
    guid: str
    name: str
    upn: str
    linked_at: int
    how: How = How.STAFF
    stopped: str = ""

    @property
    def opens(self) -> bool:
        """Whether the account's password may let its user in: whoever writes addresses into a
        directory must not come into somebody else's account here by it.
        """
        return self.how is not How.MAIL
