"""What the console's addresses and forms may carry."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date

from keyturn.rules import calendar
from keyturn.rules.user_lists import Filter, Sort
from keyturn.web.refusals import Refusal

#: longest search, and longest name of a state, channel or event
QUERY_MAX, WORD_MAX = 120, 40
PLACE_MAX = 26 + 100
ID_LENGTH = 26
_ID = re.compile(r"[0-9a-hjkmnp-tv-z]{26}")
_PLACE = re.compile(_ID.pattern + r"[^\x00-\x20]{0,41}")
#: where a list goes on that is sorted by a time, or by name
_TIMED = re.compile(_ID.pattern + "[0-9]{0,15}")
_NAMED = re.compile(_ID.pattern + r"[^\x00-\x1f]{1,100}")
#: years that a moment in milliseconds has room for, in every zone
_DAY = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}")
_EVENT = re.compile(r"[a-z]+\.[a-z_]*")


def row_id(text: str) -> str:
    """A row's id from an address. Raises Refusal 404: nothing is called like that."""
    if not _ID.fullmatch(text):
        raise Refusal(404, "no-such-page")
    return text


def cursor(field: str, text: str) -> str | None:
    """Where a page of rows begins; None for the first. Raises Refusal 422."""
    if not text:
        return None
    if not _ID.fullmatch(text):
        raise Refusal(422, "not-a-value", {"field": field})
    return text


def place(field: str, text: str) -> str | None:
    """Where a page of a search begins: a row's id and perhaps a word. None for the first.
    Raises Refusal 422.
    """
    if not text:
        return None
    if not _PLACE.fullmatch(text):
        raise Refusal(422, "not-a-value", {"field": field})
    return text


def list_place(field: str, text: str, wanted: Filter) -> str | None:
    """Where a page of a list of users begins. None for the first. Raises Refusal 422."""
    if wanted.plain:
        return place(field, text)
    shape = _NAMED if wanted.sort is Sort.NAME else _TIMED
    if text and not shape.fullmatch(text):
        raise Refusal(422, "not-a-value", {"field": field})
    return text or None


def choice(field: str, text: str, allowed: Collection[str]) -> str | None:
    """One of a closed set; None for none chosen. Raises Refusal 422."""
    if not text:
        return None
    if text not in allowed:
        raise Refusal(422, "not-a-value", {"field": field})
    return text


def event(field: str, text: str) -> str:
    """An event's name or the beginning of some, "signin."; "" for all. Raises Refusal 422."""
    if text and not _EVENT.fullmatch(text):
        raise Refusal(422, "not-a-value", {"field": field})
    return text


def day(field: str, text: str) -> int | None:
    """A day (rules/calendar.py) as "2026-03-14"; None for none. Raises Refusal 422."""
    if not text:
        return None
    try:
        found = calendar.number(date.fromisoformat(text)) if _DAY.fullmatch(text) else None
    except ValueError:
        found = None
    if found is None:
        raise Refusal(422, "not-a-value", {"field": field})
    return found
