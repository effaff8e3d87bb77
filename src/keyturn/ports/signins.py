"""What directory sign-in stores: tries, and for each account the streak of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from keyturn.rules.directories.signins.budget import Streak
from keyturn.rules.directories.signins.tries import Try, TryState
from keyturn.rules.directories.things import LinkedAccount


class Signins(Protocol):
    """Tries of directory passwords, and their streaks."""

    def called(
        self, tenant_id: str, directory_id: str, name: str, upn: str
    ) -> Sequence[LinkedAccount]:
        """The linked accounts of that account name or that UPN, whatever their capitals, at most
        two. "" is nobody's. Takes the same time whether there is one or not.
        """
        ...

    def add(self, one: Try) -> None: ...
    def get(self, tenant_id: str, try_id: str) -> Try | None: ...
    def lock(self, tenant_id: str, try_id: str) -> Try | None:
        """As get, but nobody else changes the try until this transaction ends."""
        ...

    def save(self, one: Try, was: TryState) -> bool:
        """Store it if its state is still `was`."""
        ...

    def queued(self, tenant_id: str, directory_id: str, now: int, limit: int) -> Sequence[Try]:
        """Those that wait for an agent and whose deadline has not come, the oldest first."""
        ...

    def waiting(self, tenant_id: str, directory_id: str, now: int) -> int:
        """How many those are."""
        ...

    def streak(self, tenant_id: str, directory_id: str, lane: str) -> Streak:
        """That of a lane, held until this transaction ends, whether or not there was one."""
        ...

    def keep(self, tenant_id: str, directory_id: str, lane: str, streak: Streak) -> None:
        """Store what `streak` has held."""
        ...
