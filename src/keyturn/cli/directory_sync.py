"""`keyturn directory sync`: whom to read in a directory, and how far that is."""

from __future__ import annotations

from typing import Annotated

import typer

from keyturn.cli.directory_found import DIRECTORY, directory_of
from keyturn.cli.failures import NotDone, WrongUse
from keyturn.cli.opened import desk
from keyturn.cli.options import CONFIG, JSON, TENANT
from keyturn.cli.terminal import OUT, as_json, clean, iso, moment
from keyturn.flows import syncing
from keyturn.flows.syncing import BadScope, Read
from keyturn.rules.directories.syncs import Phase

YES = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
_PHASES = {
    Phase.DUE: "A full read is due, and begins as soon as there is a primary agent.",
    Phase.READING: "{done} of {total} accounts are read, since {begun}.",
    Phase.FOLLOWING: "{present} accounts are known; last heard {heard}.",
}


def sync(
    directory: DIRECTORY,
    unit: Annotated[
        list[str] | None, typer.Option("--unit", help="Accounts below this OU; repeatable.")
    ] = None,
    group: Annotated[
        list[str] | None, typer.Option("--group", help="Members of this group; repeatable.")
    ] = None,
    everybody: Annotated[bool, typer.Option("--everybody", help="Read all accounts.")] = False,
    stop: Annotated[bool, typer.Option("--stop", help="Read nobody, and forget.")] = False,
    yes: YES = False,
    tenant: TENANT = None,
    config: CONFIG = None,
    json: JSON = False,
) -> None:
    """Whose accounts are read, and how far that is. OUs and groups are distinguished names."""
    if sum((bool(unit or group), everybody, stop)) > 1:
        raise WrongUse("Choose some, everybody, or nobody.")
    with desk(config, tenant) as at:
        found, parts = directory_of(at, directory), at.house.parts
        answer: object
        if stop:
            if not yes and not typer.confirm(f"Forget who is in {found.name}?", err=True):
                raise NotDone("Nothing was changed.")
            answer = at.run(syncing.end(parts, at.staff, found.id))
        elif unit or group or everybody:
            names = ("\n".join(unit or ()), "\n".join(group or ()))
            answer = at.run(syncing.choose(parts, at.staff, found.id, *names))
        else:
            answer = at.run(syncing.one(parts, at.staff, found.id))
    _shown(answer, json=json)


def _shown(answer: object, *, json: bool) -> None:
    match answer:
        case Read():
            as_json(document(answer)) if json else _told(answer)
        case BadScope(name=""):
            raise WrongUse(f"{syncing.NAMES_MOST} OUs and as many groups at most.")
        case BadScope(name=name):
            raise WrongUse(f"`{clean(name[:200])}` is no distinguished name.")
        case _:
            raise NotDone("That directory is gone.")


def document(read: Read) -> dict[str, object]:
    """For programs."""
    sync = read.sync
    plain: dict[str, object] = {"directory": read.directory.name, "read": sync is not None}
    if sync is None:
        return plain
    return {
        **plain, "units": list(sync.scope.units), "groups": list(sync.scope.groups),
        "phase": sync.phase, "done": sync.done, "total": sync.total, "present": read.present,
        "begun_at": iso(sync.begun_at), "finished_at": iso(sync.finished_at),
        "heard_at": iso(sync.heard_at), "late": read.late, "trouble": sync.trouble,
        "unclear": read.unclear, "held": read.held.count, "held_since": iso(read.held.since),
    }  # fmt: skip


def _told(read: Read) -> None:
    sync, name = read.sync, read.directory.name
    if sync is None:
        OUT.print(f"Nobody is read in {name}. `keyturn directory sync {name} --everybody` does.")
        return
    words = _PHASES[sync.phase].format(
        done=sync.done, total=sync.total, present=read.present,
        begun=moment(sync.begun_at) if sync.begun_at else "",
        heard=moment(sync.heard_at) if sync.heard_at else "",
    )  # fmt: skip
    OUT.print(words)
    if read.held.count:
        OUT.print(
            f"{read.held.count} of them went together: the directory's page in the console asks "
            "whether they are gone. Nobody was disabled."
        )
    if read.unclear:
        OUT.print(
            f"Of {read.unclear} nobody knows whose they are: the directory's page in the console "
            "shows both sides."
        )
    if sync.trouble:
        OUT.print(f"It does not go on: {clean(sync.trouble)}.")
