"""The memory of `settled` as JSON, the form in which the server keeps it for each directory."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from keyturn.rules.directories.health.catalogue import CATALOGUE
from keyturn.rules.directories.health.codec import decode, encode
from keyturn.rules.directories.health.forest import Key
from keyturn.rules.directories.health.settled import Kept, Memory
from keyturn.rules.directories.topology import Unreadable

#: our own words, bounded by what agents may say (codec.MOST controllers with a row for each check)
_ROWS: Final = 10**6


@dataclass(frozen=True, slots=True)
class _Row:
    check: str
    subject: str
    kept: Kept


@dataclass(frozen=True, slots=True)
class _Book:
    rows: tuple[_Row, ...]


def store(memory: Memory) -> str:
    """To be kept."""
    return encode(_Book(tuple(_Row(*place, kept) for place, kept in memory.items())))


def recall(text: str) -> dict[Key, Kept]:
    """The reverse of `store`. {} for "" and for what another release wrote in another way: then
    everything has to be seen twice again. What this release has no words for is left out.
    """
    try:
        book = decode(_Book, text, _ROWS)
    except Unreadable:
        return {}
    return {(row.check, row.subject): row.kept for row in book.rows if _known(row.kept)}


def _known(kept: Kept) -> bool:
    return all(cause in CATALOGUE.causes for cause in _causes(kept))


def _causes(kept: Kept) -> Iterable[str]:
    if kept.held is not None:
        yield kept.held.cause
    if kept.coming is not None:
        yield kept.coming.finding.cause
