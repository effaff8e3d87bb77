"""What agent and server say: frozen values; `codec.py` turns them into JSON and back.

All times that travel are *remaining milliseconds*, never a clock's reading: the receiver
counts from the moment it sent its request (CLOCK_BOOTTIME on the agent), so that neither
clock needs to be right and a slow answer only ever shortens what it grants.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from keyturn.rules.directories.entries import DirectoryKind, Entry, Scope
from keyturn.rules.directories.proofs import ProofState, Stamp
from keyturn.rules.directories.resets import JobKind
from keyturn.rules.directories.syncs import Phase
from keyturn.rules.directories.things import AgentRole, Epoch

#: raised when either side could misread the other
PROTOCOL = 1

#: the run of a command line beside the running agent (`keyturn agent approve`): it shares the
#: key and its sequences, may Approve and Fetch (and is told of applicants only), never act
COMMAND = "command"

# --- becoming an agent


@dataclass(frozen=True, slots=True)
class Enrol:
    """First request, signed by the key it brings (its sender has no id yet: "new").

    The same token with the same signing key gets the same answer again, so that an answer
    that is lost costs nothing.

    Attributes:
        kind: of directory that the agent is set up for; of any other it is refused.
    """

    token: str
    name: str
    controller: str
    signing_key: bytes
    sealing_key: bytes
    machine: str
    place: str
    version: str
    kind: DirectoryKind


@dataclass(frozen=True, slots=True)
class Enrolled:
    """Attributes:
    server_key: Ed25519; signs every answer, this one too, and is pinned from now on.
    identity: the directory's identity key; None while it has none, and the agent founds one.
    """

    agent_id: str
    directory_id: str
    directory: str
    role: AgentRole
    server_key: bytes
    identity: bytes | None
    approved: bool


@dataclass(frozen=True, slots=True)
class Found:
    """A candidate offers an identity to a directory that has none. Answer: Begun.

    It has the key on its disk before it says so, and only now, because a certificate names
    ids that enrolment gives. The server takes the first identity whose certificate verifies,
    and its agent is approved by it; every later one is told which counts, throws its own away
    and waits for approval. To say it again with the identity that counts is no error.

    Attributes:
        identity: Ed25519 public.
        certificate: over the sender's sealing key, by that identity.
    """

    identity: bytes
    certificate: bytes


@dataclass(frozen=True, slots=True)
class Applicant:
    """An agent that waits for approval, as an approved one is told of it."""

    agent_id: str
    name: str
    controller: str
    role: AgentRole
    signing_key: bytes
    sealing_key: bytes
    place: str


@dataclass(frozen=True, slots=True)
class Approve:
    """An approved agent vouches for another.

    Attributes:
        certificate: over the applicant's sealing key, by the directory's identity.
        bequest: the directory's identity key sealed to the applicant; None for a listener.
    """

    agent_id: str
    certificate: bytes
    bequest: bytes | None


@dataclass(frozen=True, slots=True)
class Renew:
    """A fresh certificate over this agent's own sealing key."""

    sealing_key: bytes
    certificate: bytes


@dataclass(frozen=True, slots=True)
class Begin:
    """A process begins its run.

    Attributes:
        replaces: the run before it on this very machine, when it is certain to be dead (its
            lock on the state folder is free, and the machine has not booted since); else "".
    """

    run_id: str
    replaces: str
    machine: str
    place: str
    controller: str
    version: str


@dataclass(frozen=True, slots=True)
class Begun:
    """Attributes:
    approved: False while it waits. certificate, bequest: what an approval left for it.
    identity: the directory's; None while it has none.
    """

    approved: bool
    certificate: bytes | None
    bequest: bytes | None
    identity: bytes | None


# --- the lease


@dataclass(frozen=True, slots=True)
class Beat:
    """Every 15 s, by the bell's socket or by POST.

    Attributes:
        wants_lease: stands by as primary, or is it.
        health: "" or what is wrong here, as a JSON object of short facts.
    """

    run_id: str
    wants_lease: bool
    health: str


@dataclass(frozen=True, slots=True)
class Holder:
    """Who is primary, for whoever is not."""

    name: str
    place: str
    for_ms: int
    ends_in_ms: int


@dataclass(frozen=True, slots=True)
class Beaten:
    """Attributes:
    epoch, lease_ms: this agent's lease, None and 0 without one.
    holder: who has it otherwise. work: there is something to fetch.
    """

    epoch: Epoch | None
    lease_ms: int
    holder: Holder | None
    work: bool


@dataclass(frozen=True, slots=True)
class Release:
    """The run ends in good order; its lease is free at once."""

    run_id: str


# --- the bell, where sockets are blocked


@dataclass(frozen=True, slots=True)
class Wait:
    """A long-poll: answered at once if there is work, else when there is, or after `for_ms`."""

    run_id: str
    for_ms: int


@dataclass(frozen=True, slots=True)
class Rung:
    """Answer to Wait, and what the socket brings unasked: whether there is work."""

    work: bool


# --- work


@dataclass(frozen=True, slots=True)
class Fetch:
    """What is there to do? Answer: Work."""

    run_id: str


@dataclass(frozen=True, slots=True)
class Sealed:
    """An envelope for this agent."""

    enc: bytes
    ciphertext: bytes


@dataclass(frozen=True, slots=True)
class Task:
    """A job that waits for a permit.

    Attributes:
        sealed: None for an unlock and a required change.
        sealed_ms: how long the sealing is good; its absolute expiry is in `expires_at`, which
            is only ever compared with what the seal binds.
        left_ms: to the deadline.
    """

    job_id: str
    kind: JobKind
    user_id: str
    guid: str
    must_change: bool
    unlock: bool
    sealed: Sealed | None
    expires_at: int
    left_ms: int


@dataclass(frozen=True, slots=True)
class Unsettled:
    """A permitted job without an answer, to be settled by reading the directory.

    Attributes:
        run_id: the run that was permitted: an agent whose journal shows that this run of its own
            asked, and never got further, knows that nothing was sent.
        before, controller: what the permit was asked with.
        sealed: for this agent, if the browser sealed to it too.
        held_ms: since the permit ended (an agent that acts in time has ended by then).
    """

    job_id: str
    kind: JobKind
    user_id: str
    guid: str
    run_id: str
    before: Stamp
    controller: str
    sealed: Sealed | None
    expires_at: int
    held_ms: int


@dataclass(frozen=True, slots=True)
class Watch:
    """A done job that is not everywhere yet.

    Attributes:
        attribute: whose metadata shows it: "unicodePwd", "lockoutTime" or "pwdLastSet".
        after: the stamp of our write. since_ms: since it was made.
        waiting: controllers (DNS names) not yet seen.
        sealed: for the agent that may try the password; None for whom metadata is all.
    """

    job_id: str
    user_id: str
    guid: str
    attribute: str
    after: Stamp
    since_ms: int
    waiting: tuple[str, ...]
    sealed: Sealed | None
    expires_at: int


@dataclass(frozen=True, slots=True)
class Look:
    """A question about one account. One of `guid` and `name` is "".

    Attributes:
        sources: tell also where its bad logons come from (rules/directories/logons/source.py).
    """

    look_id: str
    guid: str
    name: str
    left_ms: int
    sources: bool = False


@dataclass(frozen=True, slots=True)
class Syncing:
    """Where the reading of a directory stands, for its primary; and the answer to all that is
    said of it: to go on from there, whatever was sent.

    Attributes:
        at: names this very place; every report says which it goes on from, and counts only
            if that is the place still (rules/directories/syncs.place).
        after: id of the last account that was taken of this read.
        cursor: what `changes` go on from.
    """

    scope: Scope
    phase: Phase
    at: str
    after: str
    cursor: bytes


@dataclass(frozen=True, slots=True)
class Guess:
    """A password to be tried once, if the account bears it (rules/directories/signins).

    Attributes:
        guid: "" for a name that nobody has: it goes the same way, and nothing can be right.
        lane: of those with the same one at a time, whether anybody has the name or not.
        left_ms: to ask for leave.
    """

    try_id: str
    guid: str
    lane: str
    sealed: Sealed
    expires_at: int
    left_ms: int


@dataclass(frozen=True, slots=True)
class Work:
    """What there is to do for this agent, now. Asking again gives the same, until reported.

    Attributes:
        sync: None for whoever is not primary, and while nobody wants the directory to be read.
    """

    tasks: tuple[Task, ...]
    unsettled: tuple[Unsettled, ...]
    watches: tuple[Watch, ...]
    looks: tuple[Look, ...]
    applicants: tuple[Applicant, ...]
    sync: Syncing | None = None
    guesses: tuple[Guess, ...] = ()


@dataclass(frozen=True, slots=True)
class AskTry:
    """Leave to try a password once. Answer: Permitted ("busy": another try of the account has
    leave, ask again).

    Attributes:
        threshold, window_ms: how the account's directory counts (0: it never locks).
        readable: False if that could not be read; then there is no leave.
        needs_ms: the longest that reading the controller's count and one bind can take.
    """

    try_id: str
    run_id: str
    threshold: int
    window_ms: int
    readable: bool
    needs_ms: int


@dataclass(frozen=True, slots=True)
class Guessed:
    """What came of a try.

    Attributes:
        bind: "right", "wrong", "silent" (rules/directories/proofs.Bind); "" if none was sent.
        reason: a word of BIND_REASONS, or of signins/answers.UNTRIED or TROUBLES.
    """

    try_id: str
    run_id: str
    bind: str
    reason: str


@dataclass(frozen=True, slots=True)
class AskPermit:
    """Leave to act once, with what the directory showed beforehand.

    Attributes:
        needs_ms: the longest the change can take; no permit is given for less.
    """

    job_id: str
    run_id: str
    epoch: Epoch
    before: Stamp
    controller: str
    needs_ms: int


@dataclass(frozen=True, slots=True)
class Permitted:
    """Attributes:
    left_ms: to act and be answered; 0 with `why` ("late", "lease", "busy", "superseded",
    "settled", "gone") when there is no permit.
    """

    left_ms: int
    why: str


@dataclass(frozen=True, slots=True)
class Report:
    """How a job ended, or was settled.

    Attributes:
        outcome: "done", "not_done", "changed", or "untried": one write that fits ours is there, and
            this agent has no password to try (rules/directories/resets.Outcome).
        reason, data, diagnostic: as in rules/directories/answers.py, for "not_done".
        after: the stamp of our own write, for "done".
        bound: the password itself was tried and is right, for "done".
    """

    job_id: str
    run_id: str
    epoch: Epoch
    outcome: str
    reason: str
    data: dict[str, int | str]
    diagnostic: str
    after: Stamp | None
    bound: bool


@dataclass(frozen=True, slots=True)
class Seen:
    """What a watch saw on one controller."""

    job_id: str
    controller: str
    site: str
    state: ProofState
    delay_ms: int | None


@dataclass(frozen=True, slots=True)
class Looked:
    """The answer to a look: `view` is a JSON object (agent/views.py), or "" with a cause."""

    look_id: str
    view: str
    cause: str


@dataclass(frozen=True, slots=True)
class Charted:
    """The topology as the primary sees it: JSON of rules/directories/topology.py, and for each
    controller "" or why it cannot be reached.
    """

    topology: str
    reachable: dict[str, str]


# --- everybody in a directory; what an account's moments are, the directory's own clock says


@dataclass(frozen=True, slots=True)
class SyncBegun:
    """A full read begins, whatever went on before.

    Attributes:
        cursor, total: of its roll.
    """

    at: str
    cursor: bytes
    total: int


@dataclass(frozen=True, slots=True)
class SyncPage:
    """A page of a full read: these accounts, and no others, after the place's and up to `upto`.

    Attributes:
        upto: id; with `last` the page speaks of all that are left, and it is "".
        entries: at most 200 (rules/directories/entries.PAGE), ascending by id.
    """

    at: str
    upto: str
    entries: tuple[Entry, ...]
    last: bool


@dataclass(frozen=True, slots=True)
class SyncChanges:
    """What changed, or that nothing did. Of what does not fit into one message a part is told
    with the cursor as it was.

    Attributes:
        entries, gone: at most 200 each, ascending; gone: ids.
        whole: everything has to be read again.
    """

    at: str
    entries: tuple[Entry, ...]
    gone: tuple[str, ...]
    cursor: bytes
    whole: bool


@dataclass(frozen=True, slots=True)
class SyncLost:
    """The directory cannot tell what changed since the cursor: everything is to be read again."""

    at: str


@dataclass(frozen=True, slots=True)
class SyncStuck:
    """The reading cannot go on for now, and is tried again by itself.

    Attributes:
        cause: "scope" (an OU or group does not exist, or may not be read), "size" (an account fits
            into no message), or as agent/ports.Unreachable has it.
        name: of what it is about: a distinguished name, a controller; "" for none.
    """

    at: str
    cause: str
    name: str


@dataclass(frozen=True, slots=True)
class Surveyed:
    """How the directory is, every minute, from every approved agent: of its own controller, and
    from the primary of all of them. JSON of rules/directories/health/facts.py.

    Attributes:
        clock_ms: this agent's own clock, ms since the epoch. The one reading of a clock that
            travels, because nothing is asked of it but how far it is off.
        beside: a ListenerSight.
        seen: a PrimarySight; "" from whoever is not primary.
    """

    run_id: str
    clock_ms: int
    beside: str
    seen: str


@dataclass(frozen=True, slots=True)
class Taken:
    """The server has it; nothing else to say."""


@dataclass(frozen=True, slots=True)
class Denied:
    """The request is refused.

    Attributes:
        why: "token", "signature", "sequence", "revoked", "waiting", "cloned", "run", "epoch",
            "protocol", "name", "message", "certificate" (it vouches for something else),
            "role" (a listener founds no directory), "later" (too many wrong tokens from this
            network), "kind" (the directory is of another one than the agent), "unsynced" (nobody
            wants the directory to be read).
        holder: for "run": who lives under this key already.
    """

    why: str
    holder: Holder | None


#: what an agent may say, and what it gets for it (or Denied)
ANSWERS: Mapping[type, type] = {
    Enrol: Enrolled,
    Found: Begun,
    Approve: Taken,
    Renew: Taken,
    Begin: Begun,
    Beat: Beaten,
    Release: Taken,
    Wait: Rung,
    Fetch: Work,
    AskPermit: Permitted,
    AskTry: Permitted,
    Guessed: Taken,
    Report: Taken,
    Seen: Taken,
    Looked: Taken,
    Charted: Taken,
    SyncBegun: Syncing,
    SyncPage: Syncing,
    SyncChanges: Syncing,
    SyncLost: Syncing,
    SyncStuck: Syncing,
    Surveyed: Taken,
}

Request = (
    Enrol | Found | Approve | Renew | Begin | Beat | Release | Wait | Fetch | AskPermit
    | Report | Seen | Looked | Charted | SyncBegun | SyncPage | SyncChanges | SyncLost
    | SyncStuck | Surveyed | AskTry | Guessed
)  # fmt: skip
Answer = Enrolled | Begun | Taken | Beaten | Rung | Work | Permitted | Syncing | Denied
