"""Attributes as text and numbers."""

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
