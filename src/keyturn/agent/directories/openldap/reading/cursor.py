"""How far a reader has come, as bytes that only this room reads."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from keyturn.agent.ports import CursorLost


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in what was written.

    Attributes:
        base: entryUUID of the base, which tells this directory from every other.
        place: contextCSN (one number for each provider that ever wrote, joined by ";"); where
            nobody provides, the latest entryCSN.
        groups: `Chosen.digest` then.
        ids: `digest` of all ids at that place; "" if nobody has counted.
        until, then, after: of what is told since, everything up to this id (hex) is told, and when
            all of it is, the reader goes on from this place with those ids. "": nothing is told.
    """

    base: str
    place: str
    groups: str
    ids: str
    until: str = ""
    then: str = ""
    after: str = ""

    def encoded(self) -> bytes:
        """As it is handed out."""
        return json.dumps(asdict(self), separators=(",", ":")).encode()

    @classmethod
    def decoded(cls, cursor: bytes, base: str) -> Cursor:
        """The reverse. Raises CursorLost for what is none, or another directory's."""
        try:
            found = cls(**json.loads(cursor))
            lost = found.base != base or not all(type(v) is str for v in asdict(found).values())
        except (ValueError, TypeError, RecursionError):
            raise CursorLost from None
        if lost:
            raise CursorLost
        return found


def digest(ids: Iterable[str]) -> str:
    """Of a set of ids, whatever their order."""
    return hashlib.sha256("".join(sorted(ids)).encode()).hexdigest()[:32]
