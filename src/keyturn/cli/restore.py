"""`keyturn restore`: a backup takes the place of what is there."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from keyturn import backups
from keyturn.backups import Manifest, Refused, Restored
from keyturn.cli.backup import not_done, progress, told
from keyturn.cli.failures import NotDone
from keyturn.cli.opened import who
from keyturn.cli.options import CONFIG, JSON
from keyturn.cli.terminal import OUT, as_json, moment
from keyturn.settings import load

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def restore(
    source: Annotated[Path, typer.Argument(metavar="FILE", help="A file of `keyturn backup`.")],
    check: Annotated[bool, typer.Option("--check", help="Only verify it; change nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    config: CONFIG = None,
    json: JSON = False,
) -> None:
    """Put a backup in the place of everything that is in the database.

    The whole backup is verified first. Servers may run: they wait meanwhile. Everybody is
    signed out, and every code and link sent before is void; locks stay as they were.
    """
    settings = load(config)
    try:
        manifest = backups.verify(settings, source, progress("checked"))
        if check:
            _say_good(source, manifest, json=json)
            return
        _ask(manifest, yes=yes)
        restored = backups.restore(settings, source, manifest, who(), progress("restored"))
    except Refused as refused:
        raise not_done(refused) from refused
    if json:
        as_json({
            "file": str(source), "generation": restored.generation, "unsent": restored.unsent,
            "erased_again": restored.erased, **told(manifest),
        })  # fmt: skip
    else:
        _say(manifest, restored)


def _ask(manifest: Manifest, *, yes: bool) -> None:
    when = moment(manifest.head.taken_at)
    question = f"Replace EVERYTHING in the database by its state of {when}?"
    if not yes and not typer.confirm(question):
        raise NotDone("Nothing was changed.")


def _say_good(source: Path, manifest: Manifest, *, json: bool) -> None:
    if json:
        as_json({"file": str(source), **told(manifest)})
        return
    when = moment(manifest.head.taken_at)
    OUT.print(f"{source} is whole: {manifest.rows:,} rows, as of {when}. Nothing was changed.")


def _say(manifest: Manifest, restored: Restored) -> None:
    when = moment(manifest.head.taken_at)
    OUT.print(Text(f"Restored to the state of {when}: {manifest.rows:,} rows.", "bold"))
    OUT.print("Everybody is signed out; codes and links sent before are void; locks are as then.")
    OUT.print(f"{restored.unsent} mails and texts that waited then are not sent any more.")
    if restored.erased:
        OUT.print(f"{restored.erased} accounts erased since then are erased again.")
    OUT.print()
    OUT.print(Text("What changed since then is undone.", "bold yellow"))
    OUT.print(
        "A password that was changed is the old one again, a recovery code that was used works "
        "again, an account that was disabled may be active: docs/operations.md says how to look."
    )
