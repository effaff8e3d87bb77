"""Waiting for one's turn on a lane, within this process."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Protocol


class Turn(Protocol):
    """The head of a lane's queue."""

    async def wait(self, at_most: int) -> None:
        """Until a try of this process on this lane was settled, or `at_most` milliseconds
        (a try of another process may be settled at any time). Raises secrets.Busy when
        this caller has waited long enough in all.
        """
        ...


class Turns(Protocol):
    """A queue for each lane: callers hold neither thread nor connection while they wait."""

    def turn(self, lane: str) -> AbstractAsyncContextManager[Turn]:
        """Wait to be the head of the lane's queue. Raises secrets.Busy if it is full."""
        ...

    def settled(self, lane: str) -> None:
        """A try on this lane was settled: whoever is the head may ask again."""
        ...
