"""What it costs to read everybody out of a directory, and to follow (real Samba controller).

The agent's half: what an agent does until a page is handed to the server.  Beside it, in turn and
for the same attributes, python-ldap alone reads page by page (bare.py).  A file takes the server's
place (sync_book.py); readers are processes of their own (sync_reader.py).

    read     roll and entries, over the bare read; the process's memory
    change   from before a write over LDAP until the changed entry is there, among all of them
    crash    a reader killed after each tenth of the way, resumed from what is stored, while people
             come, go and are written
"""

from __future__ import annotations

from keyturn.bench.report import Findings
from keyturn.bench.task import Task
from keyturn.lab.commands import CommandFailed, InVain
from keyturn.lab.domain import Unable


async def measure(task: Task) -> Findings:
    """See the module's text; a machine on which no controller runs has failed to."""
    found = Findings("sync")
    try:
        from keyturn.bench import sync_rounds  # noqa: PLC0415  python-ldap comes with keyturn[agent]

        with sync_rounds.prepared(task) as field:
            found.figures[sync_rounds.SAMBA] = {"users": field.users}
            for part in (sync_rounds.read, sync_rounds.change, sync_rounds.crash):
                await part(task, field, found)
    except (ImportError, Unable, CommandFailed, InVain) as reason:
        found.unable("everything", "samba", "", f"{type(reason).__name__}: {reason}")
    found.notes.append(
        "The controller, the readers and this program share the machine. Samba tells at once what "
        "is written over LDAP; what comes by another way it tells within five seconds."
    )
    return found
