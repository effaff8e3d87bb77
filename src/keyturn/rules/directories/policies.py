"""The directory's password policy, and a password judged by it as it is typed.

The browser has a copy of `judge` in script; both are held to tests/vectors (vectors.py).
The directory has the last word: what it knows and nobody else can (history, a password
filter of its own) it says by refusing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from keyturn.rules.passwords import SpaceWarning, spaces

#: characters, whatever the policy says (MS-SAMR 3.1.1.7.2, "maximum password length")
LENGTH_MAX = 256
#: of the five kinds of character
_KINDS_MIN = 3
#: shorter names and parts of names are not looked for
_PART_MIN = 3
#: what parts a display name (MS-SAMR 3.1.1.7.2): , . - _ space # tab
_DELIMITERS = re.compile(r"[,.\-_ #\t]+")
#: Windows' own list; neither a space nor a currency sign is on it
_SIGNS = frozenset("~!@#$%^&*_-+=`|\\(){}[]:;\"'<>,.?/")


class Fault(StrEnum):
    """Why the directory will refuse a password."""

    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    TOO_SIMPLE = "too_simple"  # fewer than three kinds of character
    HAS_NAME = "has_name"  # the account's name, or a part of the person's, is in it
    NOT_TEXT = "not_text"  # a NUL or half a surrogate pair: no keyboard types it at a logon


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


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing that is wrong with a password.

    Attributes:
        limit: TOO_SHORT and TOO_LONG: characters; TOO_SIMPLE: how many kinds it must have.
        found: TOO_SIMPLE: how many kinds it has.
        word: HAS_NAME: the name or part that is in it, as the directory writes it.
    """

    fault: Fault
    limit: int = 0
    found: int = 0
    word: str = ""


def judge(policy: Policy, password: str, name: str, display: str) -> tuple[Complaint, ...]:
    """What the directory will say against a new password; () when it should take it.

    Length counts UTF-16 code units, as Windows and Samba do: a character outside the basic
    plane (an emoji) is two. An empty password is always too short, because a bind with one
    proves nothing.

    Args:
        policy: that binds the account.
        password: exactly as typed; nothing is normalised or trimmed.
        name: sAMAccountName. display: displayName, "" for none.
    """
    if not _is_text(password):
        return (Complaint(Fault.NOT_TEXT),)
    found = [*_wrong_length(password, policy.min_length)]
    if policy.complexity:
        found += [*_too_simple(password), *_has_name(password, name, display)]
    return tuple(found)


def warnings(password: str) -> tuple[SpaceWarning, ...]:
    """What to ask about before it is set, though the directory takes it: white space at either
    end, non-breaking spaces, line ends.
    """
    return spaces(password)


def length(password: str) -> int:
    """How long the directory counts it: UTF-16 code units (MS-SAMR 3.1.1.7.2)."""
    return len(password.encode("utf-16-le")) // 2


def _wrong_length(password: str, minimum: int) -> Iterable[Complaint]:
    if length(password) < max(minimum, 1):
        yield Complaint(Fault.TOO_SHORT, limit=max(minimum, 1))
    if length(password) > LENGTH_MAX:
        yield Complaint(Fault.TOO_LONG, limit=LENGTH_MAX)


def _too_simple(password: str) -> Iterable[Complaint]:
    kinds = {kind for c in password if (kind := _kind(c))}
    if len(kinds) < _KINDS_MIN:
        yield Complaint(Fault.TOO_SIMPLE, limit=_KINDS_MIN, found=len(kinds))


def _kind(character: str) -> str:
    """Upper case, lower case, 0 to 9, sign, other letter; "" for what counts as none of them."""
    if character in _SIGNS:
        return "sign"
    if "0" <= character <= "9":
        return "digit"
    category = unicodedata.category(character)
    if category in {"Lu", "Ll"}:
        return category
    return "letter" if category.startswith("L") else ""


def _has_name(password: str, name: str, display: str) -> Iterable[Complaint]:
    parts: dict[str, str] = {}
    for part in (name, *_DELIMITERS.split(display)):
        parts.setdefault(part.lower(), part)
    for folded, part in parts.items():
        if length(part) >= _PART_MIN and folded in password.lower():
            yield Complaint(Fault.HAS_NAME, word=part)


def typable(password: str) -> bool:
    """Whether it can be typed at a logon: not empty (which some directories let in without a look),
    no NUL (which Samba takes without a word), no half a surrogate pair (which has neither UTF-16
    nor UTF-8).
    """
    return bool(password) and _is_text(password)


def _is_text(password: str) -> bool:
    return not any(c == "\0" or unicodedata.category(c) == "Cs" for c in password)
