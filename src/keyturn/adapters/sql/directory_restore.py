"""What a restore voids of directories, agents and jobs; see restore.py.

A backup does not know what agents have done since.  What had no permit then and was not said
to be done is not done; what had one is unsettled, and an agent settles it by reading the
directory, which was not restored.  Directories are read anew.  No envelope, no token, no lease
and no try of then is good any more, and who was revoked since the backup stays revoked.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, delete, select, update

from keyturn.adapters.sql.directory_tables import agents, enrolments, jobs, leases
from keyturn.adapters.sql.signin_tables import tries
from keyturn.adapters.sql.sync_tables import syncs
from keyturn.rules.directories.resets import JobState
from keyturn.rules.directories.syncs import Phase
from keyturn.rules.directories.things import AgentState

#: why a job that was under way is not done
REASON = "restored"
_WAITING = (str(JobState.CHOOSING), str(JobState.QUEUED))


def revoked(connection: Connection) -> Sequence[str]:
    """Agents that are not listened to any more, by id."""
    wanted = select(agents.c.id).where(agents.c.state == str(AgentState.REVOKED))
    return connection.execute(wanted).scalars().all()


def void(connection: Connection, taken_at: int, now: int, gone: Sequence[str]) -> None:
    """Void what could be used twice or was taken back since the backup.

    Args:
        taken_at: the backup's moment, ms; `now`: this one.
        gone: agents that were revoked before the restore.
    """
    connection.execute(delete(leases))
    good = enrolments.c.expires_at > taken_at
    connection.execute(update(enrolments).where(good).values(expires_at=taken_at))
    _agents(connection, now, gone)
    _jobs(connection, now)
    connection.execute(update(syncs).values(phase=str(Phase.DUE), number=syncs.c.number + 1))
    connection.execute(delete(tries))


def _agents(connection: Connection, now: int, gone: Sequence[str]) -> None:
    blank = dict.fromkeys(("run_id", "machine", "place", "since", "seen_at"))
    connection.execute(update(agents).values(**blank))
    listened = agents.c.state != str(AgentState.REVOKED)
    change = {"state": str(AgentState.REVOKED), "revoked_at": now, "bequest": None}
    for agent_id in gone:
        connection.execute(update(agents).where(agents.c.id == agent_id, listened).values(change))


def _jobs(connection: Connection, now: int) -> None:
    connection.execute(update(jobs).values(envelopes="[]"))
    over = {"state": str(JobState.NOT_DONE), "reason": REASON, "finished_at": now, "due_at": None}
    connection.execute(update(jobs).where(jobs.c.state.in_(_WAITING)).values(over))
    permitted = jobs.c.state == str(JobState.PERMITTED)
    unsettled = {"state": str(JobState.UNSETTLED), "due_at": None}
    connection.execute(update(jobs).where(permitted).values(unsettled))
