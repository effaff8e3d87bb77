"""`keyturn user bulk` and `keyturn user import`: one thing done with many people, by a list's
filters, or as a file has them.

It is shown first, and begun when somebody says so. The command then works at it itself, row by row
as a server does; what a running server does of it meanwhile, it need not.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.text import Text

from keyturn.cli import user_batch
from keyturn.cli import user_filter as options
from keyturn.cli.failures import NotDone, WrongUse
from keyturn.cli.opened import Desk, desk
from keyturn.cli.options import CONFIG, JSON, TENANT
from keyturn.cli.terminal import OUT, as_json
from keyturn.flows import batch_sending, batching
from keyturn.flows import bulk as bulk_flow
from keyturn.flows.bulk import Drafted
from keyturn.rules import user_lists
from keyturn.rules.batches import Act, RowState


class Deed(StrEnum):
    """What is done, as single people's commands are called."""

    UNLOCK = "unlock"
    END_SESSIONS = "end-sessions"
    DISABLE = "disable"
    ENABLE = "enable"
    INVITE = "invite"


_ACTS: Final = {
    Deed.UNLOCK: Act.UNLOCK, Deed.END_SESSIONS: Act.SESSIONS, Deed.DISABLE: Act.DISABLE,
    Deed.ENABLE: Act.ENABLE, Deed.INVITE: Act.INVITE,
}  # fmt: skip
#: the question before each; None: users as a file has them
_ASKS: Final = {
    Deed.UNLOCK: "Unlock {}?", Deed.END_SESSIONS: "Sign {} out everywhere?",
    Deed.DISABLE: "Disable {}?", Deed.ENABLE: "Enable {}?", Deed.INVITE: "Invite {}?",
    None: "Take {} over from the file?",
}  # fmt: skip
OUT_FILE = Annotated[
    Path | None,
    typer.Option("--out", metavar="FILE", help="Write what came of each to a new CSV file."),
]
FILE = Annotated[Path, typer.Argument(metavar="FILE.csv", help="Columns: name, e-mail, user name.")]


def bulk(
    deed: Annotated[Deed, typer.Argument(help="What is done with each.")],
    query: options.QUERY = "",
    state: options.STATE = None,
    locked: options.LOCKED = False,
    enrolled: options.ENROLLED = None,
    of: options.OF = None,
    everybody: Annotated[
        bool, typer.Option("--everybody", help="No filter: all people of the tenant.")
    ] = False,
    dry_run: user_batch.DRY = False,
    yes: user_batch.YES = False,
    out: OUT_FILE = None,
    tenant: TENANT = None,
    config: CONFIG = None,
    json: JSON = False,
) -> None:
    """Do one thing with many people: those whom `keyturn user list` shows with the same filters.

    Staff are left alone: a colleague's account is changed by itself.
    """
    filtered = bool(query or state or locked or enrolled or of)
    if filtered == everybody:
        raise WrongUse("Name a filter, or --everybody.", "`keyturn user list` has the filters.")
    with desk(config, tenant) as at:
        wanted = options.wanted(at, query, state, enrolled, of, locked=locked, role="")
        found = at.run(
            bulk_flow.of_list(
                at.house.parts, at.staff, _ACTS[deed], wanted, user_lists.label(wanted),
                keep=not dry_run,
            )
        )  # fmt: skip
        _go_on(at, _drafted(found), deed, dry_run=dry_run, yes=yes, out=out, json=json)


def bring(
    file: FILE,
    dry_run: user_batch.DRY = False,
    yes: user_batch.YES = False,
    out: OUT_FILE = None,
    tenant: TENANT = None,
    config: CONFIG = None,
    json: JSON = False,
) -> None:
    """Make users, and change names and user names, as a CSV file has them.

    Whoever is new gets an account without a password; nobody is mailed. No address, number,
    state or role comes of a file, and staff are left alone.
    """
    with desk(config, tenant) as at:
        raw = user_batch.read_file(file)
        found = at.run(
            bulk_flow.of_file(at.house.parts, at.staff, file.name, raw, keep=not dry_run)
        )
        _go_on(at, _drafted(found), None, dry_run=dry_run, yes=yes, out=out, json=json)


def _drafted(answer: object) -> Drafted:
    """Raises NotDone."""
    if isinstance(answer, Drafted):
        return answer
    raise user_batch.refused(answer)


def _go_on(
    at: Desk, found: Drafted, deed: Deed | None, *, dry_run: bool, yes: bool, out: Path | None,
    json: bool,
) -> None:  # fmt: skip
    """Show it, ask, and do it. Raises NotDone."""
    user_batch.show(found, json=json)
    if dry_run:
        return
    parts, staff, batch = at.house.parts, at.staff, found.batch.id
    count = sum(row.state is RowState.WAITING for row in found.rows)
    people = "1 person" if count == 1 else f"{count} people"
    if not count or not (yes or typer.confirm(_ASKS[deed].format(people), err=True)):
        at.run(batching.stop(parts, staff, batch))
        raise NotDone("Nothing was done." if count else "There is nothing to do with anybody.")
    at.run(batching.start(parts, staff, batch))
    _work(at, batch, count, quiet=json)
    _tell(at, batch, out, json=json)


def _work(at: Desk, batch: str, count: int, *, quiet: bool) -> None:
    """Work at it until nothing moves any more: it is over, or mails have to leave first."""
    stream = typer.get_text_stream("stderr")
    with typer.progressbar(length=count, label="Done", file=stream, hidden=quiet) as bar:
        left = count
        while at.run(batch_sending.advance(at.house.parts)):
            now = _waiting(at, batch)
            bar.update(left - now)
            left = now


def _waiting(at: Desk, batch: str) -> int:
    """How many rows are yet to be done."""
    found = at.run(batching.show(at.house.parts, at.staff, batch))
    tally = found.tally if isinstance(found, batching.Shown) else {}
    return sum(count for (state, _), count in tally.items() if state is RowState.WAITING)


def _tell(at: Desk, batch: str, out: Path | None, *, json: bool) -> None:
    found = at.run(batching.outcome(at.house.parts, at.staff, batch))
    if not isinstance(found, batching.Drafted):
        raise NotDone("The batch is gone.")
    if out is not None:
        user_batch.write(out, found)
    if json:
        as_json(user_batch.standing(found))
        return
    OUT.print(Text(user_batch.sentence(found)))
    if any(row.state is RowState.WAITING for row in found.rows):
        OUT.print(Text("The rest goes on as mails leave; a running server does it.", "dim"))
        OUT.print(Text(f"`keyturn user batch {batch}` shows how far it is.", "dim"))
