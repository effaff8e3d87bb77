"""What a controller answers, as one reason each."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the directory said no.

    Attributes:
        reason: the word for it, e.g. "too_short", "too_simple", "used_before", "too_young",
            "no_right", "protected", "gone", "unwilling".
        data: numbers that belong to it, e.g. {"minimum": 15}.
        diagnostic: the directory's own words, for an administrator.
    """

    reason: str
    data: dict[str, int | str] = field(default_factory=dict)
    diagnostic: str = ""
