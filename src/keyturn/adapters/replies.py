"""What other machines said, made fit to be kept and shown."""

from __future__ import annotations

from keyturn.rules.messages import one_line

__all__ = ["one_line"]
