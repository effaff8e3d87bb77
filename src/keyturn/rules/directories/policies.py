"""The directory's password policy, and a password judged by it as it is typed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Policy:
    """What binds one account.

    Attributes:
        source: "domain", or the name of the fine-grained policy (PSO).
        min_length: characters.
        complexity: three of five kinds of character, and no part of the name (MS-SAMR 3.1.1.7.2).
        history: how many old ones the directory remembers.
        history_on_reset: whether a reset is held to it here (policy hints are supported).
        min_age_ms, max_age_ms: 0 for none. Minimum age binds a change, not a reset.
        lockout_threshold: wrong ones until locked, 0 for never.
        lockout_ms: how long; 0 until somebody unlocks it. observation_ms: the count's window.
    """

    source: str
    min_length: int
    complexity: bool
    history: int
    history_on_reset: bool
    min_age_ms: int
    max_age_ms: int
    lockout_threshold: int
    lockout_ms: int
    observation_ms: int
