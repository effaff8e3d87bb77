"""How staff find people: by the beginning of any word of theirs.

A person is filed under *words*: each part of the name, the user name, the address and its
parts, the domain, the phone number from its beginning and, turned round, from its end.  A
query is cut into *terms*; a person is found if each term begins one of their words.  So
"love", "ADA LOVE", "ada@", "lovelace-b", "northwind.test", "+44 7700" and "0123" (the last
digits of a number) find Ada Lovelace-Byron, case and accents do not matter, and a database
finds the words in its index however many people there are.

A word that begins another word of the same person is left out: whatever begins it begins
the other one too.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from keyturn.rules.accounts import User

#: longer words are filed and looked up by so many characters
WORD_MAX = 40
#: further terms of a query are not looked at
TERMS_MAX = 4
#: what a phone number begins with that is read from its end
TURNED = "<"
#: sorts behind whatever a word may hold
LAST = "\U0010ffff"

_PIECE = re.compile(r"[^\W_]+")
_NUMBER = re.compile(r"\+?[0-9 ()./\u2010\u2013-]{3,}")
_DIGITS = re.compile(r"[0-9]+")
_NOT_DIGIT = re.compile(r"[^0-9]")


@dataclass(frozen=True, slots=True)
class Term:
    """One thing that is looked for: a word that begins with any of `starts` will do."""

    starts: tuple[str, ...]

    def begins(self, words: Iterable[str]) -> bool:
        """Whether it begins any of these words."""
        return any(word.startswith(self.starts) for word in words)


def words(user: User) -> frozenset[str]:
    """What a person is filed under."""
    every = {word[:WORD_MAX] for word in _every(user) if word}
    ordered = sorted(every)
    longest = [
        word
        for word, following in zip(ordered, [*ordered[1:], ""], strict=True)
        if not following.startswith(word)
    ]
    return frozenset(longest)


def _every(user: User) -> Iterator[str]:
    for chunk in (*_folded(user.name).split(), _folded(user.username or "")):
        yield chunk
        yield from _PIECE.findall(chunk)
    address = _folded(user.email)
    local, _, domain = address.rpartition("@")
    yield from (address, domain, *_PIECE.findall(local))
    digits = _NOT_DIGIT.sub("", user.phone or "")
    if digits:
        yield from (digits, TURNED + digits[::-1])


def terms(query: str) -> tuple[Term, ...]:
    """What a query looks for; empty for a query that is empty or holds only separators."""
    folded = _folded(query).strip()
    if _NUMBER.fullmatch(folded):
        folded = _NOT_DIGIT.sub("", folded)
    chunks = dict.fromkeys(chunk.strip(",;\"'()") for chunk in folded.split())
    return tuple(_term(chunk[: WORD_MAX - 1]) for chunk in chunks if chunk)[:TERMS_MAX]


def _term(chunk: str) -> Term:
    """Digits may be the last ones of a number."""
    return Term((chunk, TURNED + chunk[::-1])) if _DIGITS.fullmatch(chunk) else Term((chunk,))


def found(wanted: Iterable[Term], user: User) -> bool:
    """Whether a query finds this person."""
    filed = words(user)
    return all(term.begins(filed) for term in wanted)


def _folded(text: str) -> str:
    """Case and accents off; compatibility forms (full width, ligatures) as usual ones."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return "".join(c for c in plain if unicodedata.category(c) != "Mn")
