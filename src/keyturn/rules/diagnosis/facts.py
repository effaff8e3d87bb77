"""Facts: what diagnosis may know, and how to read it without stumbling.

A snapshot (`Facts`) holds the values somebody could look at.  Three states are told
apart for every name of the vocabulary:

    known, with a value      looked at, and this was there
    known, None              looked at, and there was nothing (never locked, no mail)
    not known                not looked at: a cause that needs it "cannot be told"

Reading never raises: a name that is missing, or whose value has the wrong type (an old
snapshot, a hand-made one), counts as not known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from keyturn.rules.diagnosis.vocabulary import VOCABULARY, Audience

Value = bool | int | str | None
_NOT_KNOWN: Final = object()


class Blind(StrEnum):
    """Why a fact could not be looked at."""

    NOT_LOOKED_AT = "not-looked-at"
    NOT_KEPT = "not-kept"
    TOO_OLD = "too-old"
    NO_RECEIPTS = "no-receipts"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class Unseen:
    """A fact that could not be looked at, and why."""

    name: str
    why: Blind


@dataclass(frozen=True, slots=True)
class Facts:
    """A snapshot.

    Attributes:
        known: values by name. Names outside the vocabulary and values of the wrong type
            are never read.
        cannot_see: what the collector tried to look at in vain.
    """

    known: Mapping[str, object]
    cannot_see: tuple[Unseen, ...] = ()

    def seen(self, name: str) -> bool:
        """Whether the fact was looked at (its value may still be None)."""
        return self._raw(name) is not _NOT_KNOWN

    def value(self, name: str) -> Value:
        """The value, or None if there is none or it was not looked at."""
        raw = self._raw(name)
        return raw if isinstance(raw, bool | int | str) else None

    def flag(self, name: str) -> bool:
        """A FLAG; False if not known."""
        return self.value(name) is True

    def count(self, name: str) -> int:
        """A COUNT; 0 if not known."""
        value = self.value(name)
        return value if isinstance(value, int) else 0

    def time(self, name: str) -> int | None:
        """A TIME in milliseconds since the epoch; None if there is none or not known."""
        value = self.value(name)
        return value if isinstance(value, int) else None

    def word(self, name: str) -> str:
        """A WORD or TEXT; "" if not known."""
        value = self.value(name)
        return value if isinstance(value, str) else ""

    def ahead(self, name: str, now: int) -> bool:
        """Whether the time lies after `now` (a lock still runs, a code still lives)."""
        at = self.time(name)
        return at is not None and at > now

    def reached(self, name: str, now: int) -> bool:
        """Whether the time is known and not after `now`."""
        at = self.time(name)
        return at is not None and at <= now

    def later(self, name: str, other: str) -> bool:
        """Whether `name` happened, and after `other` (or `other` never happened)."""
        at, before = self.time(name), self.time(other)
        return at is not None and (before is None or at > before)

    def some(self, names: Iterable[str]) -> Facts:
        """The same snapshot with only these names."""
        wanted = frozenset(names)
        return Facts(
            {name: value for name, value in self.known.items() if name in wanted},
            tuple(u for u in self.cannot_see if u.name in wanted),
        )

    def public(self) -> Facts:
        """What a stranger in that browser may know: facts that are the same for a name
        that exists and for one that does not.
        """
        return self.some(f.name for f in VOCABULARY.values() if f.audience is Audience.PUBLIC)

    def stored(self) -> dict[str, object]:
        """As plain data, for an audit entry or a case; see `restored`."""
        return {
            "known": {name: self.value(name) for name in self.known if self.seen(name)},
            "cannot_see": [[u.name, u.why.value] for u in self.cannot_see],
        }

    def _raw(self, name: str) -> object:
        fact = VOCABULARY.get(name)
        if fact is None or name not in self.known:
            return _NOT_KNOWN
        value = self.known[name]
        return value if fact.fits(value) else _NOT_KNOWN


def restored(data: Mapping[str, object]) -> Facts:
    """A snapshot from `Facts.stored()`; parts that cannot be understood are left out."""
    known, blind = data.get("known"), data.get("cannot_see")
    return Facts(
        dict(known) if isinstance(known, Mapping) else {},
        tuple(u for pair in blind if (u := _unseen(pair))) if isinstance(blind, list) else (),
    )


def _unseen(pair: object) -> Unseen | None:
    match pair:
        case [str(name), str(why)] if why in set(Blind):
            return Unseen(name, Blind(why))
    return None
