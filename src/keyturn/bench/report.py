"""What a measurement found, for people and for programs."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from keyturn import __version__


@dataclass(frozen=True, slots=True)
class Check:
    """A bound and whether it held.

    Attributes:
        what: the figure's name.
        where: the engine, or "" for both.
        bound: as people read it, e.g. "≤ 4".
    """

    what: str
    where: str
    value: object
    bound: str
    ok: bool


@dataclass(slots=True)
class Findings:
    """Everything one measurement found.

    Attributes:
        figures: by engine, then by name.
        notes: sentences that a reader needs to judge the figures.
    """

    name: str
    figures: dict[str, dict[str, Any]] = field(default_factory=dict)
    checks: list[Check] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether every bound held."""
        return all(check.ok for check in self.checks)

    def equal(self, what: str, where: str, value: object, wanted: object) -> None:
        """A figure that must be exactly this."""
        self.checks.append(Check(what, where, value, f"= {wanted}", value == wanted))

    def most(self, what: str, where: str, value: float, bound: float, unit: str = "") -> None:
        """A figure that may be at most this."""
        text = f"≤ {bound}{' ' + unit if unit else ''}"
        self.checks.append(Check(what, where, value, text, value <= bound))

    def unable(self, what: str, where: str, bound: str, why: str) -> None:
        """A figure that could not be measured here, which is no better than a broken bound."""
        self.checks.append(Check(what, where, f"failed to run: {why}", bound, ok=False))

    def within(self, what: str, where: str, value: float, low: float, high: float) -> None:
        """A figure that must lie in between."""
        self.checks.append(Check(what, where, value, f"{low} to {high}", low <= value <= high))


class Reporter:
    """Speaks while a measurement runs and when it is done."""

    def __init__(self, *, as_json: bool) -> None:
        self._json = as_json
        self._aside = Console(stderr=True, highlight=False)

    def say(self, text: str) -> None:
        """What begins now; to standard error."""
        self._aside.print(f"[dim]·[/] {text}")

    def progress(self) -> Progress:
        """A bar for long work, on a terminal only; to standard error."""
        return Progress(
            TextColumn("  {task.description}"), BarColumn(), MofNCompleteColumn(),
            TimeElapsedColumn(), console=self._aside, transient=True,
            disable=not self._aside.is_terminal,
        )  # fmt: skip

    def show(self, found: Findings) -> None:
        """Print everything."""
        if self._json:
            print(json.dumps(document(found), indent=2, ensure_ascii=False))  # noqa: T201  output
        else:
            _tables(found)


def document(found: Findings) -> dict[str, Any]:
    """The JSON document."""
    return {
        "bench": found.name,
        "ok": found.ok,
        "version": __version__,
        "machine": machine(),
        "engines": found.figures,
        "checks": [asdict(check) for check in found.checks],
        "notes": found.notes,
    }


def machine() -> dict[str, Any]:
    """Where it was measured, and how busy that was."""
    return {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
        "load_1min": round(os.getloadavg()[0], 2),
    }


def _tables(found: Findings) -> None:
    console = Console(highlight=False)
    for engine, figures in found.figures.items():
        table = Table("figure", "value", title=f"{found.name} · {engine}", title_justify="left")
        for name, value in flat(figures):
            table.add_row(name, value)
        console.print(table)
    verdicts = Table("verdict", "figure", "where", "value", "bound")
    for check in found.checks:
        mark = "[green]✓ held[/]" if check.ok else "[bold red]✗ broken[/]"
        verdicts.add_row(mark, check.what, check.where, str(check.value), check.bound)
    console.print(verdicts)
    for note in found.notes:
        console.print(f"[dim]{note}[/]")
    broken = sum(not check.ok for check in found.checks)
    held = f"[green]✓ every bound held[/] ({len(found.checks)})"
    console.print(f"[bold red]✗ {broken} of {len(found.checks)} broken[/]" if broken else held)


def flat(figures: Mapping[str, Any], above: str = "") -> list[tuple[str, str]]:
    """Nested figures as dotted names and texts."""
    rows: list[tuple[str, str]] = []
    for name, value in figures.items():
        if isinstance(value, Mapping):
            rows += flat(value, f"{above}{name}.")
        else:
            rows.append((above + name, str(value)))
    return rows
