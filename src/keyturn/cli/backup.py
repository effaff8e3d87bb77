"""`keyturn backup`: everything in one file, while the server runs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from keyturn import backups
from keyturn.backups import Made, Manifest, Progress, Refused
from keyturn.cli.failures import NotDone
from keyturn.cli.opened import caller
from keyturn.cli.options import CONFIG, JSON
from keyturn.cli.terminal import ERR, OUT, as_json, iso, moment
from keyturn.settings import Settings, load

app = typer.Typer(add_completion=False, rich_markup_mode=None)

#: why nothing was done, and what to do about it
_WORDS: Mapping[str, tuple[str, str]] = {
    "no-keys": ("There is no key ring at {}.",
                "Put the installation's own keys.json there first; a new one opens nothing."),
    "bad-keys": ("The key ring cannot be used: {}.", "keys.json must belong to its user alone."),
    "empty": ("The database is empty: there is nothing to back up.", ""),
    "newer": ("The tables are of a newer release of Keyturn ({}).", "Use that release for it."),
    "strangers": ("The database holds tables that Keyturn did not make: {}.",
                  "Restore into a database of its own (store.url)."),
    "taken": ("{} is there already, and was left as it is.", ""),
    "file": ("The file cannot be used: {}.", ""),
    "not-ours": ("This is not a backup made by Keyturn.", ""),
    "format": ("This backup was made by a later release of Keyturn.", "Use that release for it."),
    "cut": ("This backup ends before its end: it was not copied whole.", "Take another one."),
    "altered": ("This backup is damaged or was altered: {}.", "Take another one."),
    "keys": ("This backup was made under another key ring than the one here, or was altered.",
             "Put the keys.json that belongs to it into store.data_dir."),
}  # fmt: skip


@app.command()
def backup(
    target: Annotated[
        Path, typer.Argument(metavar="FILE|DIR", help="A new file, or a folder to put it in.")
    ],
    seal: Annotated[
        bool, typer.Option("--seal", help="Seal it: nobody reads it without the key ring.")
    ] = False,
    config: CONFIG = None,
    json: JSON = False,
) -> None:
    """Put everything in the database into one file, as of this moment; the server goes on.

    The key ring (keys.json) is not in it, on purpose: whoever has the backup alone can
    open no secret in it. Keep a copy of the key ring somewhere else.
    """
    settings = load(config)
    try:
        made = backups.make(settings, target, caller, progress("read"), seal=seal)
    except Refused as refused:
        raise not_done(refused) from refused
    if json:
        as_json({"file": str(made.path), "sealed": seal, **told(made.manifest)})
    else:
        _say(made, settings, seal=seal)


def not_done(refused: Refused) -> NotDone:
    """Why nothing was done, in words."""
    what, remedy = _WORDS[refused.cause]
    return NotDone(what.format(refused.detail or "as a whole"), remedy)


def told(manifest: Manifest) -> dict[str, object]:
    """A manifest for programs."""
    head = manifest.head
    return {
        "release": head.release, "revision": head.revision, "taken_at": iso(head.taken_at),
        "engine": head.engine, "rows": manifest.rows,
        "tables": {t.table: {"rows": t.rows, "sha256": t.sha256} for t in manifest.tables},
    }  # fmt: skip


def progress(done: str) -> Progress:
    """Tells on a terminal how far it is; into a file or a pipe nothing."""

    def tell(table: str, rows: int) -> None:
        if ERR.is_terminal:
            ERR.print(f"{done} {table}: {rows:,} rows", style="dim")

    return tell


def _say(made: Made, settings: Settings, *, seal: bool) -> None:
    head, manifest = made.manifest.head, made.manifest
    OUT.print(Text.assemble(("Backed up to ", "bold"), (str(made.path), "bold cyan")))
    OUT.print(
        f"{manifest.rows:,} rows of {len(manifest.tables)} tables ({head.engine}, tables "
        f"{head.revision}), as of {moment(head.taken_at)}."
    )
    OUT.print()
    OUT.print(Text("The key ring is NOT in it.", "bold yellow"))
    OUT.print(
        f"Without {backups.key_file(settings)} nobody can restore this backup or open a secret "
        "in it. Keep a copy of that file, in another place than the backups."
    )
    if not seal:
        OUT.print("Names, addresses and password hashes can be read in it; --seal closes it.")
