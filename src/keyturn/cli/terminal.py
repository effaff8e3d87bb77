"""What commands print: consoles, times, JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime

from rich.console import Console
from rich.text import Text

from keyturn.rules import trail_formats

OUT = Console(highlight=False, soft_wrap=True)
ERR = Console(stderr=True, highlight=False, soft_wrap=True)


def moment(ms: int | None) -> str:
    """A time for people, in this terminal's own zone; "never" for None."""
    if ms is None:
        return "never"
    return f"{datetime.fromtimestamp(ms / 1000, UTC).astimezone():%Y-%m-%d %H:%M:%S}"


def iso(ms: int | None) -> str | None:
    """A time for programs: RFC 3339, UTC, milliseconds."""
    return None if ms is None else trail_formats.iso(ms)


def as_json(document: object) -> None:
    """One document on one line of standard output, whatever the terminal's width."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False, default=str) + "\n")
    sys.stdout.flush()


def pairs(values: Mapping[str, object]) -> str:
    """A small mapping as "name=value name=value"."""
    return " ".join(f"{name}={value}" for name, value in values.items())


def indented(text: Text, by: int) -> Text:
    """`text` wrapped to this terminal's width, every line moved to the right."""
    lines = text.wrap(OUT, max(OUT.width - by, 30))
    return Text("\n").join(Text(" " * by) + line for line in lines)


def clean(text: str) -> str:
    """Text that strangers chose, without what a terminal would obey."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
