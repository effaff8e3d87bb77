"""What is kept, for how long, and in which order it goes.

A *round* goes through the kinds one after the other, window by window, each window a small
transaction; where it stands is stored after each, so that any server can go on with it.
Then it rests.  What goes:

    kind      what                                               age counts from
    --------  -------------------------------------------------  ----------------
    codes     one-time codes and long links                      sent
    flows     what browsers had begun                            begun
    sessions  sessions that are over                             their end
    budgets   counters whose window is over                      its end
    absent    attempts on names that nobody has                  the last attempt
    messages  mails and texts that are not on their way          queued
    clients   known clients that were not seen again             last seen
    cases     closed cases                                       closed
    audit     the audit trail, but for what says that rows went  happened
    looks     questions about a directory account                their end
    enrolments  tokens that let an agent in                      their end
    proofs    what each controller showed of a job               seen
    jobs      resets, unlocks, required changes that are over    their end
    gone      accounts that a directory does not have any more   seen to be gone
    health    what changed in how directories are                happened
    tries     tries of a directory password                      the seal's end
    streaks   how often an account was tried, 90 days later      the last try
    activations  activation links                                their end
    scans     codes for a phone to scan                          their end
    questions  what a phone was asked                            their end
    phones    phones that are not bound any more                 unbound
    case_log  what happened in cases that are gone                happened
    recoveries  of lost phones, that do not wait                 due
    batches   lists of people who were invited together          their end
    batched   the people of lists that have gone                 (at once)
    verifications  of callers                                    their beginning
    setups    devices that were being set up                     their end
    presences  what devices were asked                           their end
    pairings  whose a device was, and is not any more            its end
    tallies   daily counts of the audit trail                     their day
    countersigns  what waited for a second person                its end
    stays     in whose browsers a provider's people came in       a console's longest session
    memberships  of a provider's people who act here no more      its end
    links     with providers that are let in no more              its end
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from keyturn.rules.lockout import DAY, HOUR, SECOND

#: rows looked at in one transaction
WINDOW = 500
#: between two transactions of a round, and between two rounds
PAUSE_MS = SECOND
#: after a kind of which nothing went
BREATH_MS = 50
REST_MS = HOUR
#: a server that does not go on for so long gives the round up to another
LEASE_MS = 60 * SECOND


class Kind(StrEnum):
    """See the table above; a round goes through them in this order."""

    CODES = "codes"
    FLOWS = "flows"
    SESSIONS = "sessions"
    BUDGETS = "budgets"
    ABSENT = "absent"
    MESSAGES = "messages"
    CLIENTS = "clients"
    CASES = "cases"
    AUDIT = "audit"
    # new ones at the end: a round that an older release began goes on where it stands
    LOOKS = "looks"
    ENROLMENTS = "enrolments"
    PROOFS = "proofs"
    JOBS = "jobs"
    GONE = "gone"
    HEALTH = "health"
    TRIES = "tries"
    STREAKS = "streaks"
    ACTIVATIONS = "activations"
    SCANS = "scans"
    QUESTIONS = "questions"
    PHONES = "phones"
    CASE_LOG = "case_log"
    RECOVERIES = "recoveries"
    BATCHES = "batches"
    BATCHED = "batched"
    VERIFICATIONS = "verifications"
    SETUPS = "setups"
    PRESENCES = "presences"
    PAIRINGS = "pairings"
    TALLIES = "tallies"
    COUNTERSIGNS = "countersigns"
    STAYS = "stays"
    MEMBERSHIPS = "memberships"
    LINKS = "links"


ORDER = tuple(Kind)
Keep = Mapping[Kind, int]
"""How many days each kind is kept; a kind that is missing goes as soon as it is over."""


@dataclass(frozen=True, slots=True)
class Round:
    """Where a round stands.

    Attributes:
        holder, until: which server goes on with it, and until when it has the right to.
        due_at: when its next step, or the next round, is due.
        kind: the place in ORDER.
        after: the key of the last row looked at, () at the beginning of a kind.
        removed: rows by tenant and kind.
    """

    holder: str = ""
    until: int = 0
    due_at: int = 0
    kind: int = 0
    after: tuple[str, ...] = ()
    removed: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


def may_step(at: Round, holder: str, now: int) -> bool:
    """Whether `holder` may do the next step now. A moment far off (the clock was set back)
    does not hold it up.
    """
    free = at.holder in ("", holder) or now >= at.until or at.until > now + 2 * LEASE_MS
    return free and (now >= at.due_at or at.due_at > now + 2 * REST_MS)


def before(keep: Keep, kind: Kind, now: int) -> int:
    """Rows of a kind older than this go."""
    return now - keep.get(kind, 0) * DAY


def stepped(
    at: Round, holder: str, now: int, removed: Mapping[str, int], after: tuple[str, ...]
) -> Round:
    """The round after a step. What found nothing of its kind needs no long pause: nobody has
    waited for it.

    Args:
        removed: rows by tenant.
        after: the key of the last row looked at, () if the kind has come to its end.
    """
    kind = at.kind if after else at.kind + 1
    over = kind == len(ORDER)
    pause = PAUSE_MS if removed or after else BREATH_MS
    return Round(
        holder=holder, until=now + LEASE_MS, due_at=now + (REST_MS if over else pause),
        kind=0 if over else kind, after=after, removed=_added(at, removed),
    )  # fmt: skip


def _added(at: Round, removed: Mapping[str, int]) -> Mapping[str, Mapping[str, int]]:
    name = str(ORDER[at.kind])
    total = {tenant: dict(kinds) for tenant, kinds in at.removed.items()}
    for tenant, count in removed.items():
        kinds = total.setdefault(tenant, {})
        kinds[name] = kinds.get(name, 0) + count
    return total


def is_over(at: Round) -> bool:
    """Whether a step has just ended the round."""
    return at.kind == 0 and not at.after
