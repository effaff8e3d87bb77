"""`keyturn doctor`: what is wrong with the installation, why, and how to mend it.

Exit status: 0 nothing is wrong, 1 something is, 2 something could not be looked at.
Opens nothing and changes nothing: it runs beside a server and without one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated

import typer
from rich.text import Text

from keyturn import wiring
from keyturn.cli.failures import WrongUse
from keyturn.cli.options import CONFIG, JSON, TENANT
from keyturn.cli.terminal import OUT, as_json, clean, indented, iso, moment
from keyturn.flows.doctor import examine
from keyturn.ports.health import Probes
from keyturn.rules.health.catalogue import CATALOGUE, chosen
from keyturn.rules.health.records import document, seen
from keyturn.rules.health.report import Report, Root, headline, worst
from keyturn.rules.health.verdicts import Copy, Finding, State
from keyturn.rules.health.words import fill
from keyturn.settings import Settings, load

app = typer.Typer(add_completion=False, rich_markup_mode=None)
STATUS: Mapping[State, int] = {State.OK: 0, State.WARN: 0, State.FAIL: 1, State.UNKNOWN: 2}
MARKS: Mapping[State, tuple[str, str]] = {
    State.FAIL: ("✗ wrong", "red"),
    State.WARN: ("! better", "yellow"),
    State.UNKNOWN: ("? cannot tell", "cyan"),
    State.OK: ("✓", "green"),
}
TITLES: Mapping[State, str] = {
    State.FAIL: "What is wrong",
    State.WARN: "What could be better",
    State.UNKNOWN: "What could not be looked at",
}
COPIES: Mapping[str, str] = {"dns": "DNS", "command": "Run", "setting": "keyturn.toml"}


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
    tenant: TENANT = None,
    config: CONFIG = None,
    json: JSON = False,
) -> None:
    """Look at mail, texts, clock, disk, database and settings: what is wrong, and the mend.

    Nothing is sent and nothing is changed. Exit status: 0 nothing is wrong, 1 something is,
    2 something could not be looked at.
    """
    wanted = _wanted(only)
    report = asyncio.run(_look(Probing.probes(load(config)), tenant, wanted))
    if json:
        as_json(document(CATALOGUE, report, lambda ms: iso(ms) or ""))
    else:
        _show(report, evidence=evidence)
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


def _show(report: Report, *, evidence: bool) -> None:
    OUT.print()
    OUT.print(Text(clean(headline(CATALOGUE, report)), "bold"))
    OUT.print(Text(f"Looked at {moment(report.at)}.", "dim"))
    for state in TITLES:
        roots = [r for r in report.roots if CATALOGUE.state(r.finding) is state]
        _section(TITLES[state], state, roots, evidence=evidence)
    if report.fine:
        OUT.print()
        OUT.print(Text("What is fine", "bold"))
    width = max((len(_title(finding)) for finding in report.fine), default=0)
    for finding in report.fine:
        name = f"{_title(finding):{width}}  "
        OUT.print(Text.assemble("  ", MARKS[State.OK], "  ", (name, "dim"), clean(_what(finding))))
    OUT.print()


def _section(title: str, state: State, roots: Sequence[Root], *, evidence: bool) -> None:
    if not roots:
        return
    OUT.print()
    OUT.print(Text(title, "bold"))
    for root in roots:
        OUT.print()
        _root(root, state, evidence=evidence)


def _root(root: Root, state: State, *, evidence: bool) -> None:
    finding, cause = root.finding, CATALOGUE.causes[root.finding.cause]
    head = (_title(finding), "bold")
    OUT.print(Text.assemble("  ", MARKS[state], "  ", head, (f"  [{cause.id}]", "dim")))
    OUT.print(indented(Text(clean(_what(finding))), 4))
    if cause.mend:
        OUT.print(indented(Text("→ " + clean(fill(cause.mend, finding.facts, moment))), 4))
    for copy in cause.copies:
        _copy(copy, finding)
    if evidence:
        facts = seen(CATALOGUE, finding, moment).items()
        line = ", ".join(f"{name} = {value}" for name, value in facts) or "nothing more"
        OUT.print(indented(Text(f"Seen: {clean(line)}", "dim"), 4))
    if root.consequences:
        OUT.print(Text("    because of this", "dim"))
    for consequence in root.consequences:
        mark, style = MARKS[CATALOGUE.state(consequence)]
        told = Text.assemble((mark.split(" ", 1)[0], style), " ", clean(_what(consequence)))
        OUT.print(indented(told, 6))


def _copy(copy: Copy, finding: Finding) -> None:
    """Lines to copy stand by themselves and are not wrapped."""
    OUT.print(Text(f"      {COPIES[copy.kind]}:", "dim"))
    for line in fill(copy.text, finding.facts, moment).split("\n"):
        OUT.print(Text(f"        {clean(line)}", "cyan"))


def _title(finding: Finding) -> str:
    return CATALOGUE.checks[finding.check].title


def _what(finding: Finding) -> str:
    return fill(CATALOGUE.causes[finding.cause].what, finding.facts, moment)
