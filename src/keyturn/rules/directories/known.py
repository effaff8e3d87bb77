"""Accounts as the server keeps them, and what a report makes of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise
from typing import Any, Final

from keyturn.rules.directories.comings import Happened, happened, remind_at
from keyturn.rules.directories.entries import Entry
from keyturn.rules.directories.owners import mail_of

#: longest id (a SID of 15 sub-authorities, MS-DTYP §2.4.2.2, has 136 digits) and shortest
ID_MOST, ID_LEAST = 136, 2
#: the last second of the year 9999
LATEST: Final = 253_402_300_799_000
#: fields of an entry that are moments
MOMENTS: Final = (
    "locked_at", "locked_until", "password_set_at", "password_expires_at", "expires_at",
)  # fmt: skip
#: what of an account matters to whose it is, and to the user it belongs to
MATTERS: Final = frozenset(
    {
        Happened.CAME, Happened.GONE, Happened.DISABLED, Happened.ENABLED, Happened.RENAMED,
        Happened.CONTACT,
    }
)  # fmt: skip
#: a person has said that the account is nobody's here
LEFT: Final = "left"


class Owing(StrEnum):
    """What is still to be done about an account.

        DUE --settled--> NOTHING
         +--so many are gone--> HELD --"they are gone"--> SURE --settled--> DECIDED
                                 +-----"wrong scope"------------------------^

    Whatever happens to it makes it DUE again.
    """

    NOTHING = ""
    DUE = "due"  # it came, went or changed: whose is it, and what follows?
    HELD = "held"  # it went with so many others that a person is asked first
    SURE = "sure"  # it went, and a person has said that it did
    DECIDED = "decided"  # it went, and a person has said what that means


@dataclass(frozen=True, slots=True)
class Known:
    """One account.

    Attributes:
        entry: as it was last read.
        seen_at: when the server was last told of it.
        gone_at: since when it is not there, or not in scope, any more; None: it is there.
        told: days before its password's end for which its owner was reminded, of this very end.
        unclear: why nobody knows whose it is (comings.Unclear.why), or LEFT; "": somebody does,
            or nobody has asked yet.
    """

    entry: Entry
    seen_at: int
    gone_at: int | None = None
    told: tuple[int, ...] = ()
    owing: Owing = Owing.DUE
    unclear: str = ""

    @property
    def mail(self) -> str:
        """Its address as identifiers are spelled; "" where it has none that can be one."""
        return mail_of(self.entry)

    @property
    def remind_at(self) -> int | None:
        """When its owner is next to be reminded; None for never."""
        return remind_at(self.entry, self.told) if self.gone_at is None else None


@dataclass(frozen=True, slots=True)
class Turn:
    """What a report says of one account.

    Attributes:
        known: as it is to be kept.
        happened: since the server last heard of it, in order; () if it only came again.
    """

    known: Known
    happened: tuple[Happened, ...]


def turned(
    known: Sequence[Known], entries: Sequence[Entry], gone: Collection[str], now: int
) -> tuple[Turn, ...]:
    """What is to be kept of a report, ascending by id.

    Args:
        known: what is kept of the accounts that it speaks of.
        entries: as they are now; gone: ids of those that are not there. Which of them were never
            known is no news, nor that somebody gone is still gone.
    """
    before = {one.entry.id: one for one in known}
    turns = {one.id: _turn(before.get(one.id), one, now) for one in entries}
    for one in before.values():
        if one.entry.id in gone and one.gone_at is None and one.entry.id not in turns:
            left = replace(one, gone_at=now, owing=Owing.DUE)
            turns[one.entry.id] = Turn(left, happened(one.entry, None))
    return tuple(turns[id_] for id_ in sorted(turns))


def _turn(before: Known | None, entry: Entry, now: int) -> Turn:
    there = before is not None and before.gone_at is None
    was = before.entry if before is not None and there else None
    kept = dated(entry)
    same = was is not None and was.password_expires_at == kept.password_expires_at
    told = before.told if before is not None and same else ()
    changed = happened(was, kept)
    owing = before.owing if before is not None and MATTERS.isdisjoint(changed) else Owing.DUE
    unclear = before.unclear if before is not None else ""
    return Turn(Known(kept, now, None, told, owing, unclear), changed)


def dated(entry: Entry) -> Entry:
    """The same with moments that can be shown: a directory may hold any number, and what lies
    beyond the year 9999 is as good as its end.
    """
    shown: dict[str, Any] = {name: _shown(getattr(entry, name)) for name in MOMENTS}
    return replace(entry, **shown)


def _shown(moment: int | None) -> int | None:
    return None if moment is None else min(max(moment, 0), LATEST)


def sound_page(after: str, upto: str | None, ids: Sequence[str], most: int) -> bool:
    """Whether these can be the ids of a page: ascending, each once, after the one, and not
    beyond the other (None for the last page).
    """
    if not sound_ids(ids, most) or (upto is not None and not sound_ids((upto,), 1)):
        return False
    return not ids or (ids[0] > after and (upto is None or ids[-1] <= upto))


def sound_ids(ids: Sequence[str], most: int) -> bool:
    """Whether these can be ids: so many at most, bytes in lower-case hex, ascending, each once."""
    fit = all(ID_LEAST <= len(id_) <= ID_MOST and len(id_) % 2 == 0 for id_ in ids)
    plain = all(_HEX.issuperset(id_) for id_ in ids)
    return len(ids) <= most and fit and plain and all(a < b for a, b in pairwise(ids))


_HEX = frozenset("0123456789abcdef")
