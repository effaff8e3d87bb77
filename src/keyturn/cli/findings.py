"""A report of health, printed: what is wrong, what could be better, what is fine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.text import Text

from keyturn.cli.terminal import OUT, clean, indented, moment
from keyturn.rules.health.records import seen
from keyturn.rules.health.report import Catalogue, Report, Root
from keyturn.rules.health.verdicts import Copy, Finding, State
from keyturn.rules.health.words import fill

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


def show(catalogue: Catalogue, report: Report, headline: str, *, evidence: bool) -> None:
    """Print a report.

    Args:
        headline: the one sentence that says how things stand.
        evidence: with what was seen.
    """
    OUT.print()
    OUT.print(Text(clean(headline), "bold"))
    OUT.print(Text(f"Looked at {moment(report.at)}.", "dim"))
    for state in TITLES:
        roots = [r for r in report.roots if catalogue.state(r.finding) is state]
        _section(catalogue, state, roots, evidence=evidence)
    if report.fine:
        OUT.print()
        OUT.print(Text("What is fine", "bold"))
    width = max((len(_title(catalogue, finding)) for finding in report.fine), default=0)
    for finding in report.fine:
        name = f"{_title(catalogue, finding):{width}}  "
        OUT.print(
            Text.assemble(
                "  ", MARKS[State.OK], "  ", (name, "dim"), clean(_what(catalogue, finding))
            )
        )
    OUT.print()


def _section(catalogue: Catalogue, state: State, roots: Sequence[Root], *, evidence: bool) -> None:
    if not roots:
        return
    OUT.print()
    OUT.print(Text(TITLES[state], "bold"))
    for root in roots:
        OUT.print()
        _root(catalogue, root, state, evidence=evidence)


def _root(catalogue: Catalogue, root: Root, state: State, *, evidence: bool) -> None:
    finding, cause = root.finding, catalogue.causes[root.finding.cause]
    head = (_title(catalogue, finding), "bold")
    OUT.print(Text.assemble("  ", MARKS[state], "  ", head, (f"  [{cause.id}]", "dim")))
    OUT.print(indented(Text(clean(_what(catalogue, finding))), 4))
    if cause.mend:
        OUT.print(indented(Text("→ " + clean(fill(cause.mend, finding.facts, moment))), 4))
    for copy in cause.copies:
        _copy(copy, finding)
    if evidence:
        facts = seen(catalogue, finding, moment).items()
        line = ", ".join(f"{name} = {value}" for name, value in facts) or "nothing more"
        OUT.print(indented(Text(f"Seen: {clean(line)}", "dim"), 4))
    if root.consequences:
        OUT.print(Text("    because of this", "dim"))
    for consequence in root.consequences:
        mark, style = MARKS[catalogue.state(consequence)]
        told = Text.assemble(
            (mark.split(" ", 1)[0], style), " ", clean(_what(catalogue, consequence))
        )
        OUT.print(indented(told, 6))


def _copy(copy: Copy, finding: Finding) -> None:
    """Lines to copy stand by themselves and are not wrapped."""
    OUT.print(Text(f"      {COPIES[copy.kind]}:", "dim"))
    for line in fill(copy.text, finding.facts, moment).split("\n"):
        OUT.print(Text(f"        {clean(line)}", "cyan"))


def _title(catalogue: Catalogue, finding: Finding) -> str:
    return catalogue.checks[finding.check].title


def _what(catalogue: Catalogue, finding: Finding) -> str:
    return fill(catalogue.causes[finding.cause].what, finding.facts, moment)
