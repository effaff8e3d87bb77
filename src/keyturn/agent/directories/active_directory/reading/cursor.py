"""How far a reader has come, as bytes that only this module reads."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Final

from keyturn.agent.ports import CursorLost

#: what was deleted is forgotten after `tombstoneLifetime`, of 60 days or more as it is delivered
#: (MS-ADTS 3.1.1.1.15); a reader that was away for longer than this reads everything again
OLDEST_MS: Final = 14 * 86_400_000


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in what was written.

    Attributes:
        domain: objectGUID of the domain, hex. at: when the cookie was given, ms since the epoch.
        groups: `Chosen.digest` then.
        cookie: DirSync's, hex: everything before it is told.
        until, after: of what is told since, everything up to this id (hex) is told, and when all
            of it is, the reader goes on from this cookie. "": nothing of it is told yet.
    """

    domain: str
    at: int
    groups: str
    cookie: str
    until: str = ""
    after: str = ""

    def encoded(self) -> bytes:
        """As it is handed out."""
        return json.dumps(asdict(self), separators=(",", ":")).encode()

    @classmethod
    def decoded(cls, cursor: bytes, domain: str, now: int) -> Cursor:
        """The reverse. Raises CursorLost for what is none, another domain's, or too old."""
        try:
            found = cls(**json.loads(cursor))
            bytes.fromhex(found.cookie + found.until + found.after)
            # another agent's clock gave it, which may be a little before or behind ours
            lost = found.domain != domain or abs(now - found.at) >= OLDEST_MS
        except (ValueError, TypeError, RecursionError):
            raise CursorLost from None
        if lost:
            raise CursorLost
        return found
