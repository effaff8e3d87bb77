"""`keyturn user invite` and `keyturn user batch`: one person invited, or many together."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from keyturn.cli import user_phone
from keyturn.cli.directory_found import directory_of
from keyturn.cli.failures import NotDone, WrongUse
from keyturn.cli.opened import Desk, desk
from keyturn.cli.options import CONFIG, JSON, TENANT
from keyturn.cli.terminal import OUT, as_json, clean, iso
from keyturn.flows import batching, bulk
from keyturn.flows.batching import BadFile, Drafted, Nobody, NoSuchPlace, NotRead
from keyturn.rules import sheets
from keyturn.rules.batches import Act, Batch, BatchState, Row, RowState, Source, Stop
from keyturn.rules.people_csv import MOST_BYTES, Fault

WHO = Annotated[
    str | None, typer.Argument(metavar="[USER]", help="Any of the person's names, or the id.")
]
CSV = Annotated[
    Path | None,
    typer.Option("--csv", metavar="FILE", help="The people in this file: name, e-mail, …"),
]
OU = Annotated[
    str | None, typer.Option("--ou", metavar="DN", help="The accounts in or below this OU.")
]
GROUP = Annotated[
    str | None, typer.Option("--group", metavar="NAME", help="The accounts in this group.")
]
OF = Annotated[
    str | None, typer.Option("--directory", metavar="NAME", help="Whose OU or group it is.")
]
DRY = Annotated[bool, typer.Option("--dry-run", help="Show what it means; do nothing.")]
YES = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
BATCH = Annotated[str, typer.Argument(metavar="BATCH", help="Its id.")]
#: rows that are shown; --json has them all
SHOWN = 20
_FILES = {
    Fault.EMPTY: "there is nobody in it",
    Fault.TOO_LONG: "it is larger than 1 MB",
    Fault.TOO_MANY: "there are more than 10,000 people in it",
    Fault.ENCODING: "it is not in UTF-8",
    Fault.CONTROL: "there is a character in it that no list of people has",
    Fault.LINE_END: "a cell has several lines, or a quotation mark that does not end",
    Fault.QUOTES: "a quotation mark does not end, or text goes on after it",
    Fault.CELLS: "a line has more cells than the first one",
    Fault.NO_COLUMN: "the first line names no such column",
    Fault.TWICE: "two columns mean the same",
    Fault.FORMULA: "a cell begins as a formula does",
}
_STOPS = {
    Stop.STAFF: "somebody stopped it",
    Stop.RIGHTS: "whoever began it may not invite people any more",
    Stop.RESTORED: "a backup was restored meanwhile",
}


def invite(
    who: WHO = None,
    csv: CSV = None,
    ou: OU = None,
    group: GROUP = None,
    directory: OF = None,
    dry_run: DRY = False,
    yes: YES = False,
    tenant: TENANT = None,
    config: CONFIG = None,
    json: JSON = False,
) -> None:
    """Mail a person without a phone a link to set it up; or many, from a file or a directory.

    A link works for 48 hours. Many are shown first; a running server sends them.
    """
    ways = [way for way in (who, csv, ou, group) if way is not None]
    if len(ways) != 1:
        raise WrongUse("Name one: a person, --csv, --ou or --group.")
    if (directory is None) == (ou is not None or group is not None):
        raise WrongUse("--directory goes with --ou or --group, and they with it.")
    if who is not None:
        if dry_run:
            raise WrongUse("--dry-run is for many: --csv, --ou or --group.")
        user_phone.invite(who, tenant, config, json)
        return
    with desk(config, tenant) as at:
        found = _found(at, csv, ou, group, directory, keep=not dry_run)
        show(found, json=json)
        if not dry_run:
            _begin(at, found, yes=yes, json=json)


def _found(
    at: Desk, csv: Path | None, ou: str | None, group: str | None, directory: str | None,
    *, keep: bool,
) -> Drafted:  # fmt: skip
    """What it means for each. Raises NotDone."""
    parts, staff = at.house.parts, at.staff
    if csv is not None:
        answer: object = at.run(
            batching.from_file(parts, staff, csv.name, read_file(csv), keep=keep)
        )
    else:
        source = Source.UNIT if ou is not None else Source.GROUP
        whose = directory_of(at, directory or "").id
        answer = at.run(
            batching.from_directory(parts, staff, whose, source, ou or group or "", keep=keep)
        )
    if isinstance(answer, Drafted):
        return answer
    raise refused(answer)


def read_file(path: Path) -> bytes:
    """What is in it, as far as a list of people may be long. Raises NotDone."""
    try:
        with path.open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except OSError as error:
        raise NotDone(f"{path} cannot be read: {error.strerror}.") from error


def refused(answer: object) -> NotDone:
    """Why there is no list of people to show."""
    match answer:
        case BadFile(fault=fault, line=line, about=about):
            where = f", line {line}" if line else ""
            column = f" ({about})" if about else ""
            return NotDone(f"Not taken: {_FILES[fault]}{column}{where}. Nothing was stored.")
        case NoSuchPlace(known=known):
            names = "\n".join(f"{clean(place.name)} ({place.people})" for place in known)
            return NotDone("No such OU or group is read.", f"There is:\n{names}" if known else "")
        case NotRead(directory=directory):
            remedy = f"`keyturn directory sync {directory.name}` says how it stands."
            return NotDone(f"Who is in {directory.name} is not known yet.", remedy)
        case Nobody(many=True) | bulk.Nobody(many=True):
            return NotDone("There are more than 10,000 people in it.", "Choose fewer.")
        case _:
            return NotDone("There is nobody in it.")


def show(found: Drafted | bulk.Drafted, *, json: bool) -> None:
    """What it means for each, before anything is done."""
    if json:
        for row in found.rows:
            as_json(document(row))
        return
    counted = Counter(row.means for row in found.rows)
    for means, count in sorted(counted.items()):
        OUT.print(Text(f"{count:6}  {means}"))
    left = [row for row in found.rows if row.state is not RowState.WAITING]
    for row in left[:SHOWN]:
        about = f" ({clean(row.about)})" if row.about else ""
        OUT.print(Text(f"{row.number:6}  {clean(row.email)}: {row.means}{about}", "dim"))
    if len(left) > SHOWN:
        OUT.print(f"… and {len(left) - SHOWN} more; --json has them all.", style="dim")


def document(row: Row) -> dict[str, object]:
    """A row for programs."""
    return {
        "line": row.number, "name": row.name, "email": row.email, "phone": row.phone,
        "account": row.account, "user": row.user_id, "state": row.state, "means": row.means,
        "about": row.about, "done_at": iso(row.done_at),
    }  # fmt: skip


def _begin(at: Desk, found: Drafted, *, yes: bool, json: bool) -> None:
    """Ask, and begin. Raises NotDone."""
    count = sum(row.state is RowState.WAITING for row in found.rows)
    parts, staff, batch = at.house.parts, at.staff, found.batch.id
    people = "1 person" if count == 1 else f"{count} people"
    if not count or not (yes or typer.confirm(f"Invite {people}?", err=True)):
        at.run(batching.stop(parts, staff, batch))
        raise NotDone("Nobody was invited." if count else "There is nobody to invite.")
    at.run(batching.start(parts, staff, batch))
    if json:
        as_json({"batch": batch, "waiting": count})
        return
    OUT.print(Text(f"{people} will be invited by the running server, as mails leave."))
    OUT.print(Text(f"`keyturn user batch {batch}` shows how far it is.", "dim"))


def batch(
    name: BATCH,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Write what came of each to a new CSV file."),
    ] = None,
    stop: Annotated[bool, typer.Option("--stop", help="Send no more of it.")] = False,
    tenant: TENANT = None,
    config: CONFIG = None,
    json: JSON = False,
) -> None:
    """How far something begun with many is, and what came of it."""
    with desk(config, tenant) as at:
        if stop:
            at.run(batching.stop(at.house.parts, at.staff, name))
        answer = at.run(batching.outcome(at.house.parts, at.staff, name))
    if not isinstance(answer, Drafted):
        raise NotDone(f"There is no batch `{clean(name)[:40]}`.")
    if out is not None:
        write(out, answer)
    if json:
        as_json(standing(answer))
    else:
        OUT.print(Text(sentence(answer)))


def write(out: Path, found: Drafted) -> None:
    """Write what came of each to a new file of one's own. Raises NotDone."""
    columns = tuple(document(found.rows[0]))
    rows = ([str(cell or "") for cell in document(row).values()] for row in found.rows)
    try:
        out.touch(0o600, exist_ok=False)
        text = sheets.MARK + sheets.rows([columns, *rows])
        out.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise NotDone(f"{out} cannot be written: {error.strerror}.") from error


def _counts(found: Drafted) -> dict[str, int]:
    counted = Counter(row.state for row in found.rows)
    return {str(state): counted[state] for state in RowState}


def standing(found: Drafted) -> dict[str, object]:
    """How far it is, for programs."""
    one = found.batch
    return {
        "batch": one.id, "source": one.source, "label": one.label, "state": one.state,
        "stop": one.stop, "made_at": iso(one.made_at), "begun_at": iso(one.begun_at),
        "ended_at": iso(one.ended_at), **_counts(found),
    }  # fmt: skip


def sentence(found: Drafted) -> str:
    """How far it is."""
    counts = _counts(found)
    done = "sent" if found.batch.act is Act.INVITE else "done"
    told = f"{counts['sent']} {done}, {counts['waiting']} waiting, {counts['left']} left alone"
    return f"{_state(found.batch)}: {told}."


def _state(one: Batch) -> str:
    if one.stop is not None:
        return f"Stopped ({_STOPS[one.stop]})"
    words = {BatchState.DRAFT: "Not begun", BatchState.SENDING: "Going on"}
    return words.get(one.state, "Done")
