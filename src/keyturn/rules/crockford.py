"""Letters that people read out and type: Crockford's base32 alphabet.

Thirty-two digits and capitals, without I, L, O and U; what is mistaken for another is
folded onto it when typed.
"""

from __future__ import annotations

import unicodedata

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

#: the longest text worth reading; everything shown is far shorter
_TYPED_MAX = 100
_SEPARATORS = dict.fromkeys(map(ord, " \t\r\n-.,:;/_'\"()#\u2010\u2011\u2012\u2013\u2014"))
_MISTAKEN = str.maketrans("OIL", "011")


def fold(typed: str) -> str | None:
    """`typed` in the alphabet: case, white space and punctuation ignored, O read as 0,
    I and L as 1. None if anything else is in it, or if nothing is.
    """
    if len(typed) > _TYPED_MAX:
        return None
    plain = unicodedata.normalize("NFKC", typed).translate(_SEPARATORS).upper()
    letters = plain.translate(_MISTAKEN)
    return letters if letters and set(letters) <= set(ALPHABET) else None


def drawn(letters: str, count: int) -> str:
    """`letters`, if they are `count` letters of the alphabet. Raises ValueError."""
    if len(letters) != count or not set(letters) <= set(ALPHABET):
        msg = f"{count} letters of Crockford's alphabet are needed"
        raise ValueError(msg)
    return letters
