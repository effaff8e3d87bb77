"""Attributes as text and numbers, and what a password may be made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Entry = Mapping[str, Sequence[bytes]]


def text(entry: Entry, name: str) -> str:
    """The first value; "" if there is none or it cannot be read."""
    return next(iter(texts(entry, name)), "")


def texts(entry: Entry, name: str) -> tuple[str, ...]:
    """All values, as text."""
    return tuple(value.decode("utf-8", "replace") for value in entry.get(name, ()))


def number(entry: Entry, name: str) -> int | None:
    """A whole number; None if there is none."""
    value = text(entry, name)
    return int(value) if value else None


def typable(password: str | None) -> bool:
    """What can be typed at a logon: not empty, no NUL (which Samba takes without a word), no half
    a surrogate pair (which has neither UTF-16 nor UTF-8). None: there is none to judge.
    """
    if password is None:
        return True
    return bool(password) and not any(c == "\0" or "\ud800" <= c <= "\udfff" for c in password)
