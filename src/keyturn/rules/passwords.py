"""What a new password must be: long enough, not common, not built from known words.

No composition rules (NIST SP 800-63B-4 §3.1.1.2).  A password is taken exactly as
typed, in NFC so that two keyboards agree; it is never trimmed.  What a person may have
pasted without seeing it (a space at the end) is not refused: `spaces` names it, the
page asks.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

LENGTH_MAX = 256
#: NFC joins at most four code points into one, so longer input cannot fit
_RAW_MAX = 4 * LENGTH_MAX
#: shorter context words are everywhere ("it", "al") and prove nothing
_WORD_MIN = 3
#: a unit this short adds nothing however often it is repeated
_UNIT_MAX = 3

_WORDS = re.compile(r"[^\W_]+")
_LINE_ENDS = frozenset("\n\r\v\f\x85\u2028\u2029")
_NO_BREAK = frozenset("\xa0\u2007\u202f\u2060\ufeff")
#: digits and signs that people put for letters: "N0rthw1nd" is "northwind"
_LEET = str.maketrans("4@01!|35$7", "aaoiiiesst")


class PasswordFault(StrEnum):
    """What is wrong with a password."""

    TOO_SHORT = "too-short"
    TOO_LONG = "too-long"
    COMMON = "common"
    CONTEXT = "context"
    NOT_TEXT = "not-text"


@dataclass(frozen=True, slots=True)
class PasswordProblem:
    """Why a password is refused.

    Attributes:
        limit: TOO_SHORT and TOO_LONG: the number of characters that is allowed.
        word: CONTEXT: the known word it is built from.
    """

    fault: PasswordFault
    limit: int = 0
    word: str = ""


class SpaceWarning(StrEnum):
    """White space that somebody may not have meant to type."""

    STARTS = "starts-with-space"
    ENDS = "ends-with-space"
    NO_BREAK = "no-break-space"
    LINE_END = "line-end"


def normalised(password: str) -> str:
    """The form that is hashed and compared: NFC, otherwise exactly as typed."""
    return unicodedata.normalize("NFC", password)


def check(
    password: str, *, minimum: int, context: Sequence[str], is_common: Callable[[str], bool]
) -> tuple[PasswordProblem, ...]:
    """Every reason to refuse a new password; () when it may be used.

    Args:
        password: as typed.
        minimum: fewest characters (code points in NFC).
        context: names that an attacker would try first: the person's name, the part of
            the e-mail address before the @, the tenant, the product. A password may
            hold such a word; the word just does not count as length, and what remains
            must not be common either.
        is_common: whether a case-folded password is on the list of common ones.
    """
    if len(password) > _RAW_MAX:
        return (PasswordProblem(PasswordFault.TOO_LONG, limit=LENGTH_MAX),)
    password = normalised(password)
    if any(c == "\0" or unicodedata.category(c) == "Cs" for c in password):
        return (PasswordProblem(PasswordFault.NOT_TEXT),)
    return (
        *_wrong_length(password, minimum),
        *_guessable(password.casefold(), minimum, context, is_common),
    )


def _wrong_length(password: str, minimum: int) -> Iterable[PasswordProblem]:
    if len(password) < minimum:
        yield PasswordProblem(PasswordFault.TOO_SHORT, limit=minimum)
    if len(password) > LENGTH_MAX:
        yield PasswordProblem(PasswordFault.TOO_LONG, limit=LENGTH_MAX)


def _guessable(
    folded: str, minimum: int, context: Sequence[str], is_common: Callable[[str], bool]
) -> Iterable[PasswordProblem]:
    if _common(folded, is_common):
        yield PasswordProblem(PasswordFault.COMMON)
    word, rest = _without(folded, context)
    if word and (len(rest) < minimum or _common(rest, is_common)):
        yield PasswordProblem(PasswordFault.CONTEXT, word=word)


def _common(folded: str, is_common: Callable[[str], bool]) -> bool:
    """On the list: as it is, without the signs around it, or only repeating what is."""
    unit = folded[: (folded + folded).find(folded, 1)] if folded else ""
    if len(unit) <= _UNIT_MAX and len(unit) < len(folded):
        return True
    return any(is_common(form) for form in {folded, unit, _core(folded)})


def _core(folded: str) -> str:
    """`folded` without the signs and spaces before and after it."""
    first, last = 0, len(folded)
    while first < last and not folded[first].isalnum():
        first += 1
    while last > first and not folded[last - 1].isalnum():
        last -= 1
    return folded[first:last]


def _without(folded: str, context: Sequence[str]) -> tuple[str, str]:
    """The first context word found (longest first) and what is left without all of them."""
    found = ""
    plain = folded.translate(_LEET)
    for word in _words(context):
        unleeted = word.translate(_LEET)
        at = plain.find(unleeted)
        while at >= 0:
            found = found or word
            folded = folded[:at] + folded[at + len(word) :]
            plain = folded.translate(_LEET)
            at = plain.find(unleeted)
    return found, folded


def _words(context: Sequence[str]) -> list[str]:
    """The words worth looking for, case folded, longest first."""
    words = {word for text in context for word in _WORDS.findall(normalised(text).casefold())}
    return sorted((w for w in words if len(w) >= _WORD_MIN), key=lambda w: (-len(w), w))


def spaces(password: str) -> tuple[SpaceWarning, ...]:
    """White space to ask about before the password is set; it is not refused."""
    found = {
        SpaceWarning.STARTS: password[:1].isspace(),
        SpaceWarning.ENDS: password[-1:].isspace(),
        SpaceWarning.NO_BREAK: any(c in _NO_BREAK for c in password),
        SpaceWarning.LINE_END: any(c in _LINE_ENDS for c in password),
    }
    return tuple(warning for warning, seen in found.items() if seen)
