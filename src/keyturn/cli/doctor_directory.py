"""`keyturn doctor --directory D`: how one directory is, the one true cause first."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import typer

from keyturn import __version__
from keyturn.cli.directory_found import directory_of
from keyturn.cli.failures import NotDone
from keyturn.cli.findings import STATUS, show
from keyturn.cli.opened import desk
from keyturn.cli.terminal import OUT, as_json, iso
from keyturn.flows import directory_health as flow
from keyturn.rules.directories.health.catalogue import CATALOGUE
from keyturn.rules.directories.health.spoken import document, headline, untold
from keyturn.rules.health.report import worst


def examine(
    typed: str, tenant: str | None, config: Path | None, *, evidence: bool, json: bool
) -> None:
    """Print it and end with its exit status (findings.STATUS).

    Args:
        typed: the directory's name or id.

    Raises NotDone, typer.Exit.
    """
    with desk(config, tenant) as at:
        found = directory_of(at, typed)
        health = at.run(flow.look(at.house.parts, at.staff, found.id, __version__))
    if health is None:
        raise NotDone("That directory is gone.")
    report = health.report
    if json:
        told = document(report, health.memory, lambda ms: iso(ms) or "")
        as_json({"directory": found.name, **told})
    else:
        show(CATALOGUE, report, headline(report), evidence=evidence)
        _say_untold(untold(report))
    raise typer.Exit(STATUS[worst(CATALOGUE, report)])


def _say_untold(checks: Sequence[str]) -> None:
    if checks:
        titles = ", ".join(CATALOGUE.checks[check].title for check in checks)
        OUT.print(f"Not looked at, because no agent of this directory tells of it: {titles}.")
        OUT.print()
