"""What somebody has, as the store has it: read from beside, by nobody's page."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_USER = "select id, email, phone, state, password_hash from users where email = ?"
_NAMES: Final = ("the account", "the address", "the number", "the state", "a password")
#: what an impostor could have got, and where it would stand
_ROWS: Final = {
    "a session": "select count(*) from sessions where user_id = ?",
    "a phone": "select count(*) from phones where user_id = ?",
    "a link for a phone": "select count(*) from activation_links where user_id = ?",
    "a directory job": "select count(*) from jobs where user_id = ?",
    "a second step": "select count(*) from factors where user_id = ?",
    "a passkey": "select count(*) from passkeys where user_id = ?",
    "a device": "select count(*) from device_pairings where user_id = ?",
    "a new phone that is open": (
        "select count(*) from recoveries where user_id = ? and state in ('waiting', 'sent')"
    ),
    "a grant": (
        "select count(*) from case_log join cases on cases.id = case_log.case_id "
        "where cases.user_id = ? and case_log.kind = 'granted'"
    ),
}


@dataclass(frozen=True, slots=True)
class Standing:
    """How somebody's account stood at one moment."""

    row: tuple[object, ...]
    counts: dict[str, int]


class Ledger:
    """The demo's database, read alone."""

    def __init__(self, folder: Path) -> None:
        self._address = f"file:{folder / 'keyturn.db'}?mode=ro"

    def of(self, email: str) -> Standing:
        """How an account stands. Raises LookupError for nobody."""
        with closing(sqlite3.connect(self._address, uri=True)) as store:
            row = store.execute(_USER, (email,)).fetchone()
            if row is None:
                raise LookupError(email)
            counts = {
                name: int(store.execute(query, (row[0],)).fetchone()[0])
                for name, query in _ROWS.items()
            }
        return Standing(tuple(row), counts)

    def gained(self, email: str, before: Standing) -> list[str]:
        """What there is that was not there before, or is another."""
        now = self.of(email)
        more = [name for name, count in now.counts.items() if count > before.counts[name]]
        cells = zip(_NAMES, before.row, now.row, strict=True)
        # a password that is gone lets nobody in: whoever says “this wasn't me” ends it
        return more + [name for name, old, new in cells if new not in {old, None}]
