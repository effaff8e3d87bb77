"""What a measurement is given."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from keyturn.bench.places import Databases
from keyturn.bench.report import Reporter


@dataclass(frozen=True, slots=True)
class Task:
    """One call of the command.

    Attributes:
        folder: gone afterwards.
        numbers: rounds and the like, by the name of their option.
    """

    engines: list[str]
    databases: Databases
    folder: Path
    reporter: Reporter
    quick: bool
    numbers: dict[str, int]
