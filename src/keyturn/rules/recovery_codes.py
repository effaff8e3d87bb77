"""Saved recovery codes: a second step on paper.

Ten codes of sixteen letters (80 bits each, SPEC §2), shown once in four groups of four,
each good for one use.  Only a digest of the canonical spelling is stored.
"""

from __future__ import annotations

from keyturn.rules.crockford import drawn, fold

COUNT = 10
LENGTH = 16
_GROUP = 4


def shown(letters: str) -> str:
    """Sixteen drawn letters in groups of four. Raises ValueError for anything else."""
    code = drawn(letters, LENGTH)
    return "-".join(code[at : at + _GROUP] for at in range(0, LENGTH, _GROUP))


def canonical(typed: str) -> str | None:
    """The sixteen letters meant; case, spaces and dashes ignored, O read as 0, I and L as
    1. None if it cannot be a recovery code.
    """
    letters = fold(typed)
    return letters if letters is not None and len(letters) == LENGTH else None
