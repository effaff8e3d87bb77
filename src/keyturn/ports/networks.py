"""What is known of addresses: the operator's range file, and nothing else."""

from __future__ import annotations

from typing import Protocol

from keyturn.rules.networks import Range


class Networks(Protocol):
    """The range file; see rules/range_file.py."""

    def find(self, ip: str) -> Range | None:
        """What the file says of an address; None: nothing, or there is no file."""
        ...


class NoNetworks:
    """No file: nobody is ever told to be on a VPN."""

    def find(self, ip: str) -> Range | None:  # noqa: ARG002  the port's
        """Nothing is known."""
        return None
