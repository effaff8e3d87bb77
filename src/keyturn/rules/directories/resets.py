"""One job on one directory account: a reset, an unlock, a required change."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from keyturn.rules.directories.proofs import ProofState, Stamp
from keyturn.rules.directories.things import Epoch

#: from the moment the sealed password is handed in to "set and proved on one controller" (SPEC §9)
DEADLINE_MS = 60_000
#: how long the page may stand open before a password is chosen
CHOOSE_MS = 15 * 60_000


class JobKind(StrEnum):
    """What is asked of the directory."""

    RESET = "reset"  # a new password; clears the lockout too, unless the policy says no
    UNLOCK = "unlock"
    REQUIRE_CHANGE = "require_change"  # at next logon


class JobState(StrEnum):
    """Where a job stands; the last three are final and never change again."""

    CHOOSING = "choosing"  # a page is open, or a technician has started it: no password yet
    QUEUED = "queued"
    PERMITTED = "permitted"  # one agent may act, until the permit ends
    UNSETTLED = "unsettled"  # the permit ended without an answer: the directory is read
    DONE = "done"
    NOT_DONE = "not_done"
    CHANGED = "changed"  # changed since by someone else


@dataclass(frozen=True, slots=True)
class Permit:
    """One agent's leave to act once.

    Attributes:
        before: the account's stamp that the agent saw and reported, before it acted.
        controller: DNS name of the controller it acts on.
        until: the last moment for the directory's answer.
    """

    agent_id: str
    run_id: str
    epoch: Epoch
    before: Stamp
    controller: str
    given_at: int
    until: int


@dataclass(frozen=True, slots=True)
class Envelope:
    """A new password sealed to one agent (HPKE, RFC 9180); opaque here."""

    agent_id: str
    enc: bytes
    ciphertext: bytes


@dataclass(frozen=True, slots=True)
class Proof:
    """What is known of one controller.

    Attributes:
        controller: DNS name.
        at: when that was seen.
        delay_ms: from the set to its arrival there, by the watcher's clock; None before.
    """

    controller: str
    site: str
    state: ProofState
    at: int
    delay_ms: int | None


@dataclass(frozen=True, slots=True)
class Job:
    """One job, with its final answer when it has one.

    Attributes:
        guid: of the account, hex.
        started_by: the staff member who started it; None for the person themselves.
        must_change: the password must be changed at next logon.
        unlock: a reset clears the directory's lockout too.
        expires_at: until when a password may be chosen (CHOOSING) and the sealing is good.
        deadline: last moment for "done"; None while CHOOSING.
        envelopes: gone once no agent can need them.
        reason, detail: why not done: a Reason (answers.py) or a cause of ours, and its data as
            JSON; "" if there is none.
        after: the stamp of our own write, once known.
        everywhere_at: since when every writable controller has it; None before.
    """

    id: str
    tenant_id: str
    directory_id: str
    user_id: str
    guid: str
    kind: JobKind
    state: JobState
    started_by: str | None
    must_change: bool
    unlock: bool
    created_at: int
    expires_at: int
    deadline: int | None
    envelopes: tuple[Envelope, ...]
    permit: Permit | None
    reason: str
    detail: str
    after: Stamp | None
    finished_at: int | None
    everywhere_at: int | None
