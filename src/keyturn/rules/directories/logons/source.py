"""Where bad logons come from, and how an agent tells the server.

    {"since": ms, "logs": {"dc1…": "", "dc2…": "none"},
     "counters": [{"controller": "dc1…", "count": 3, "at": ms}],
     "sources": [{"kind": "phone", "client": "192.0.2.7", …}]}

What an agent tells is its word: `decode` believes nothing to be of the right type or length.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final

from keyturn.rules.directories.logons.logon import LONGEST, Way

#: sources that are told; controllers that are; those that are named with a source
SOURCES_MAX, CONTROLLERS_MAX, NAMED_MAX = 8, 50, 8
_INT64: Final = 1 << 63


class Kind(StrEnum):
    """What a source most likely is."""

    GUESSING = "guessing"  # many names from one place
    SERVICE = "service"  # a service, a scheduled task, a program on a computer, by the clock
    PHONE = "phone"  # a phone's mail, or another program off the domain, by the clock
    TOLERATED = "tolerated"  # NTLM with the old password, which worked for the first hour
    TYPED = "typed"  # somebody at a keyboard
    SAVED = "saved"  # a computer: a mapped drive, saved credentials, a session left open
    PROGRAM = "program"  # something at an address, no more known
    UNSEEN = "unseen"  # a controller has counted what no log that was read tells of


@dataclass(frozen=True, slots=True)
class Counter:
    """What one controller counts by itself: badPwdCount and badPasswordTime (not replicated).

    Attributes:
        at: of the last bad logon, ms since the epoch; None: never.
    """

    controller: str
    count: int
    at: int | None


@dataclass(frozen=True, slots=True)
class Source:
    """One place that bad logons of an account come from.

    Attributes:
        client: the computer's name, else its address, else "".
        address, workstation, service: as the logs have them, "" where they do not.
        ways: how it tried, in order of their names.
        controllers: where, in order of their names, at most `NAMED_MAX`.
        count: bad logons, those during a lock included.
        every_ms: it tries by the clock, so often; None: it does not.
        names: how many accounts were tried from there in the last hour that it was active.
        since_change: it began after the password was changed.
        locked: a controller names it as what has locked the account (Windows, 4740).
        strength: 0 to 100, as in rules/diagnosis/cause.py.
    """

    kind: Kind
    client: str
    address: str
    workstation: str
    service: str
    ways: tuple[Way, ...]
    controllers: tuple[str, ...]
    count: int
    first_at: int
    last_at: int
    every_ms: int | None
    names: int
    since_change: bool
    locked: bool
    strength: int


@dataclass(frozen=True, slots=True)
class Found:
    """What was found.

    Attributes:
        since: from when on the logs were read, ms since the epoch.
        logs: by controller: "" if its log was read, else why not ("none": no log of it is named
            in agent.toml; "missing", "denied", "unreadable").
        sources: the likeliest first.
    """

    since: int
    logs: Mapping[str, str]
    counters: tuple[Counter, ...]
    sources: tuple[Source, ...]


def encode(found: Found) -> dict[str, Any]:
    """As plain data for JSON, bounded."""
    logs = sorted(found.logs.items())[:CONTROLLERS_MAX]
    return {
        "since": found.since,
        "logs": dict(logs),
        "counters": [asdict(one) for one in found.counters[:CONTROLLERS_MAX]],
        "sources": [asdict(one) for one in found.sources[:SOURCES_MAX]],
    }


def decode(told: object) -> Found | None:
    """Out of what JSON gave; None if it is no such thing."""
    try:
        return _found(told)
    except (KeyError, TypeError, ValueError):
        return None


def _found(told: Any) -> Found:
    logs = {_text(host): _text(why) for host, why in dict(told["logs"]).items()}
    counters = _list(told["counters"], CONTROLLERS_MAX)
    if len(logs) > CONTROLLERS_MAX:
        raise ValueError
    return Found(
        _number(told["since"]), logs,
        tuple(Counter(_text(c["controller"]), _number(c["count"]), _maybe(c["at"]))
              for c in counters),
        tuple(map(_source, _list(told["sources"], SOURCES_MAX))),
    )  # fmt: skip


def _source(told: Any) -> Source:
    return Source(
        kind=Kind(told["kind"]), client=_text(told["client"]), address=_text(told["address"]),
        workstation=_text(told["workstation"]), service=_text(told["service"]),
        ways=tuple(Way(way) for way in _list(told["ways"], len(Way))),
        controllers=tuple(_text(c) for c in _list(told["controllers"], NAMED_MAX)),
        count=_number(told["count"]), first_at=_number(told["first_at"]),
        last_at=_number(told["last_at"]), every_ms=_maybe(told["every_ms"]),
        names=_number(told["names"]), since_change=told["since_change"] is True,
        locked=told["locked"] is True, strength=min(100, _number(told["strength"])),
    )  # fmt: skip


def _text(value: object) -> str:
    """Names of controllers are longer than what clients may call themselves (RFC 1035)."""
    if not isinstance(value, str) or len(value) > max(LONGEST, 253) or not value.isprintable():
        raise ValueError
    return value


def _number(value: object) -> int:
    if type(value) is not int or not 0 <= value < _INT64:
        raise ValueError
    return value


def _maybe(value: object) -> int | None:
    return None if value is None else _number(value)


def _list(value: object, most: int) -> Sequence[Any]:
    if not isinstance(value, list) or len(value) > most:
        raise ValueError
    return value
