"""One primary for a directory.

Several agents may stand by for one directory; only one of them may begin to change anything.
It holds a lease for its key *and* its run, because two processes may have one key, and a
number that rises with every change of holder (the epoch), because a process that was asleep
does not know that it lost.  The holder counts its lease from before it asked, the server
from after: the holder always believes it ends earlier than it does.

A key belongs in one place.  While a run lives under it no other begins, unless it can show
that its forerunner on the same machine is dead.  A run that was followed by another and then
speaks again is alive after all: the key is in two places.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from keyturn.rules.directories.things import Epoch, Lease, Run

#: how long a lease lasts, and how often its holder beats (SPEC §9)
LEASE_MS: Final = 45_000
BEAT_MS: Final = 15_000
#: a run that was not heard for so long is dead, or cut off for longer than its lease
ALIVE_MS: Final = LEASE_MS


@dataclass(frozen=True, slots=True)
class Other:
    """Somebody else is primary.

    Attributes:
        lease: theirs. Whoever stands by asks again at `lease.until`.
    """

    lease: Lease


def decide(
    lease: Lease | None, directory_id: str, agent_id: str, run_id: str, now: int, *,
    wants: bool, generation: int,
) -> Lease | Other | None:  # fmt: skip
    """What a beat makes of a directory's lease.

    Args:
        lease: as stored, None if there never was one.
        wants: it stands by as primary, or is it; only an active candidate may.
        generation: the installation's, which a restore raises: every lease of before is void.

    Returns: the lease to store, if it is this run's now; Other, if a living one is somebody
    else's; None, if there is no living one and this run does not want it. A run that is
    primary and does not want to be any more calls `release`.
    """
    current = lease if lease is not None and lease.epoch.generation >= generation else None
    if current is not None and held_by(current, agent_id, run_id):
        return replace(current, until=now + LEASE_MS) if wants else None
    if current is not None and now < current.until:
        return Other(current)
    if not wants:
        return None
    number = lease.epoch.number + 1 if lease is not None else 1
    return Lease(
        directory_id=directory_id, agent_id=agent_id, run_id=run_id,
        epoch=Epoch(max(generation, lease.epoch.generation if lease else 0), number),
        until=now + LEASE_MS,
    )  # fmt: skip


def held_by(lease: Lease, agent_id: str, run_id: str) -> bool:
    """Whether it is this run's, over or not."""
    return (lease.agent_id, lease.run_id) == (agent_id, run_id)


def leads(lease: Lease | None, agent_id: str, run_id: str, now: int) -> bool:
    """Whether this run is primary at `now`."""
    return lease is not None and held_by(lease, agent_id, run_id) and now < lease.until


def release(lease: Lease | None, agent_id: str, run_id: str, now: int) -> Lease | None:
    """The lease to store when a run ends in good order, or is known to be dead; None: it had
    none. The epoch stays: the next holder raises it.
    """
    if lease is None or not held_by(lease, agent_id, run_id):
        return None
    return replace(lease, until=min(lease.until, now))


# -- a key belongs in one place


def alive(run: Run | None, now: int) -> bool:
    """Whether a run may still be there."""
    return run is not None and now < run.seen_at + ALIVE_MS


def may_begin(present: Run | None, run_id: str, replaces: str, machine: str, now: int) -> bool:
    """Whether a run may begin under a key.

    Args:
        present: the key's present run.
        run_id: the new one's; the present one's own, if its answer was lost.
        replaces: the run before it, if that is certain to be dead; only ever on its own
            machine: of another one nobody can know that.
        machine: where the new one is (Run.machine).
    """
    if present is None or present.id == run_id or not alive(present, now):
        return True
    return replaces == present.id and machine == present.machine


def alternates(present: Run | None, run_id: str, now: int) -> bool:
    """Whether a signed request of run `run_id`, which is no beginning, shows that its key is
    in two places: another run has followed it, and lives.

    A request of a dead forerunner may be on its way a little longer than it lived; so much
    is forgiven (and the request refused).
    """
    if present is None or present.id == run_id or not alive(present, now):
        return False
    return now >= present.since + BEAT_MS
