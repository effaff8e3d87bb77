"""What can go wrong at a pretend controller."""

from __future__ import annotations

from dataclasses import dataclass

from keyturn.rules.directories.answers import Refusal


@dataclass(frozen=True, slots=True)
class Fault:
    """What a controller does instead of its work, until it is taken away.

    Attributes:
        unreachable: the cause with which every call fails (Unreachable.cause), or "".
        refusal: with which every change is refused.
        unanswered: changes are sent and never answered (Uncertain).
        landed: whether an unanswered change was made all the same.
        once: the first change that meets it takes it away.
    """

    unreachable: str = ""
    refusal: Refusal | None = None
    unanswered: bool = False
    landed: bool = False
    once: bool = False
