"""Cases: the reference read out on the phone, and texts that hold a secret.

A reference is six letters of Crockford's alphabet (30 bits), shown as "KT-7F3K-2M".
It finds a case, it opens nothing: who knows it is still to be verified.
"""

from __future__ import annotations

import re
from enum import StrEnum

from keyturn.rules.crockford import drawn, fold

LENGTH = 6
_PREFIX = "KT"


class SecretKind(StrEnum):
    """What a text seems to give away."""

    CODE = "code"
    PASSWORD = "password"  # noqa: S105  the kind's name, not a secret
    RECOVERY_CODE = "recovery-code"


#: a run of digits and what people put between them
_RUN = re.compile(r"[+(]?\d(?:[ ()./-]{0,2}\d)*")
#: six digits, whole or in two threes, that are not part of more of them
_CODE = re.compile(r"(?<!\d)\d{6}(?!\d)|(?<!\d)(?<!\d[ -])\d{3}[ -]\d{3}(?![ -]?\d)")
_PHONE_DIGITS = 9
_RECOVERY = re.compile(r"(?<![0-9A-Z])(?:[0-9A-Z]{4}[ -]){3}[0-9A-Z]{4}(?![0-9A-Z])")

_NAMED = re.compile(
    r"\b(?:pass(?:word|wort|phrase|code|wd)?|pwd|pw|pin|kennwort|mot de passe|"
    r"contrase(?:ñ|n)a|wachtwoord)\b[\"']?\s*"
    r"(?:(?P<sign>[:=]|->)|\b(?:is|was|ist|est|es)\b)\s*(?P<value>\S+)",
    re.IGNORECASE,
)
#: "the password is wrong" says nothing that is secret
_HARMLESS = frozenset(
    [
        "a", "again", "also", "always", "being", "blocked", "case", "correct", "different",
        "expired", "failing", "fine", "forgotten", "gone", "good", "invalid", "in", "incorrect",
        "it", "just", "known", "locked", "lost", "my", "never", "new", "no", "not", "now", "ok",
        "old", "only", "out", "refused", "rejected", "right", "so", "still", "that", "the", "there",
        "too", "unknown", "valid", "what", "working", "wrong", "changed", "set", "reset", "sent",
        "asked", "accepted", "needed", "required", "missing", "stuck",
    ]
)  # fmt: skip


def reference(letters: str) -> str:
    """Six drawn letters as people read them. Raises ValueError for anything else."""
    letters = drawn(letters, LENGTH)
    return f"{_PREFIX}-{letters[:4]}-{letters[4:]}"


def parse_reference(text: str) -> str | None:
    """The reference meant, as `reference` writes it; None if it cannot be one.

    Case and punctuation are ignored, "KT" may be left out, O is read as 0, I and L as 1.
    """
    letters = fold(text)
    if letters is None:
        return None
    if len(letters) == LENGTH + len(_PREFIX):
        letters = letters.removeprefix(_PREFIX)
    return reference(letters) if len(letters) == LENGTH else None


def looks_like_secret(text: str) -> SecretKind | None:
    """What secret a note seems to hold, or None. Such a note is held back and explained.

    A nudge for honest people, not a wall: it errs towards holding back, and knows phone
    numbers and "the password is wrong" as harmless.
    """
    if any(_tells(found) for found in _NAMED.finditer(text)):
        return SecretKind.PASSWORD
    if any(set("0123456789") & set(found.group()) for found in _RECOVERY.finditer(text.upper())):
        return SecretKind.RECOVERY_CODE
    if any(_CODE.search(run.group()) for run in _RUN.finditer(text) if not _dialled(run.group())):
        return SecretKind.CODE
    return None


def _tells(found: re.Match[str]) -> bool:
    """Whether what follows "password is" is a value and not a complaint."""
    value = found["value"].strip(".,;!?\"'").casefold()
    return bool(value) and value not in _HARMLESS


def _dialled(run: str) -> bool:
    """Whether a run of digits is written like a phone number."""
    digits = sum(character.isdigit() for character in run)
    return digits >= _PHONE_DIGITS and run.startswith(("+", "(", "0"))
