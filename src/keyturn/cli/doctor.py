"""`keyturn doctor`: what is wrong with the installation, why, and how to mend it.

Exit status: 0 nothing is wrong, 1 something is, 2 something could not be looked at.
Opens nothing and changes nothing: it runs beside a server and without one. With
`--directory` it is about one directory, as its agents last told.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated

import typer

from keyturn import wiring
from keyturn.cli import doctor_directory
from keyturn.cli.failures import WrongUse
from keyturn.cli.findings import STATUS, show
from keyturn.cli.options import CONFIG, JSON, TENANT
from keyturn.cli.terminal import as_json, iso
from keyturn.flows.doctor import examine
from keyturn.ports.health import Probes
from keyturn.rules.health.catalogue import CATALOGUE, chosen
from keyturn.rules.health.records import document
from keyturn.rules.health.report import Report, headline, worst
from keyturn.settings import Settings, load

app = typer.Typer(add_completion=False, rich_markup_mode=None)


class Probing:
    """How the command gets its probes: tests and the lab put in their own."""

    probes: Callable[[Settings], Probes] = staticmethod(wiring.probes)


@app.command()
def doctor(
    only: Annotated[
        str, typer.Option("--only", metavar="NAME", help="One check, or an area such as mail.")
    ] = "",
    evidence: Annotated[
        bool, typer.Option("--evidence", help="What was seen, for each finding.")
    ] = False,
    directory: Annotated[
        str, typer.Option("--directory", metavar="NAME", help="One directory and its agents.")
    ] = "",
    tenant: TENANT = None,
    config: CONFIG = None,
    json: JSON = False,
) -> None:
    """Look at mail, texts, clock, disk, database and settings: what is wrong, and the mend.
    With --directory: at that directory, its controllers and agents, and nothing else.

    Nothing is sent and nothing is changed. Exit status: 0 nothing is wrong, 1 something is,
    2 something could not be looked at.
    """
    if directory:
        if only:
            raise WrongUse("`--only` chooses checks of the installation, not of a directory.")
        doctor_directory.examine(directory, tenant, config, evidence=evidence, json=json)
    wanted = _wanted(only)
    report = asyncio.run(_look(Probing.probes(load(config)), tenant, wanted))
    if json:
        as_json(document(CATALOGUE, report, lambda ms: iso(ms) or ""))
    else:
        show(CATALOGUE, report, headline(CATALOGUE, report), evidence=evidence)
    raise typer.Exit(STATUS[worst(CATALOGUE, report)])


def _wanted(only: str) -> frozenset[str]:
    found = chosen(only)
    if only and not found:
        names = ", ".join(CATALOGUE.checks)
        raise WrongUse(f"There is no check `{only[:40]}`.", f"There are: {names}.")
    return found


async def _look(probes: Probes, slug: str | None, only: frozenset[str]) -> Report:
    if slug is None:
        return await examine(probes, only=only)
    sight = await probes.database.look(probes.clock.now())
    for tenant in sight.tenants:
        if tenant.slug == slug:
            return await examine(probes, tenant_id=tenant.id, only=only)
    if sight.reached == "yes":
        names = ", ".join(t.slug for t in sight.tenants)
        raise WrongUse(f"There is no tenant `{slug[:40]}`.", f"There is: {names}.")
    return await examine(probes, tenant_id="", only=only)
