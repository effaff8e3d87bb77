"""What other machines said, made fit to be kept and shown."""

from __future__ import annotations

import re

LONGEST = 300


def one_line(text: str) -> str:
    """`text` as one printable line of at most 300 characters."""
    printable = "".join(c if c.isprintable() else " " for c in text)
    return re.sub(r" +", " ", printable).strip()[:LONGEST]
