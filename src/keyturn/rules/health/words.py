"""Templates of the health catalogue, filled in.

`{name}` is a fact as it is, `{name:time}` a moment, `{name:span}` milliseconds,
`{name:size}` bytes, `{name:percent}` a share in thousandths.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from keyturn.rules.health.verdicts import Value

SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
#: facts that only fill in words, or that the words say whole
HIDDEN: Final = frozenset({"suggested", "zone_line", "beside", "reverse"})
#: what a fact is that is no text, and the nouns of numbers
UNKNOWN, YES, NO = "not known", "yes", "no"
NOUNS: Final = ("day", "hour", "minute", "second", "millisecond", "byte")
#: a list names so many, and says how it goes on
_NAMED: Final = 6
AND_MORE: Final = "and {more} more"
PLACE: Final = re.compile(r"\{([a-z_]+)(?::(time|span|size|percent))?\}")


@dataclass(frozen=True, slots=True)
class Manner:
    """How a language says the catalogue, and what fills it.

    Attributes:
        say: a text of ours to the same in that language; what is not ours stays.
        point: between whole numbers and tenths.
    """

    say: Callable[[str], str] = str
    point: str = "."


ENGLISH: Final = Manner()


def fill(
    text: str, facts: Mapping[str, Value], moment: Callable[[int], str], manner: Manner = ENGLISH
) -> str:
    """A template filled in; what is missing is "not known".

    Args:
        moment: milliseconds since the epoch to words in the reader's zone.
        manner: of the reader's language.

    Returns: plain text. Facts may be a far side's words: escape the whole for HTML, and
    strip control characters for a terminal.
    """

    def put(found: re.Match[str]) -> str:
        value = facts.get(found[1])
        if found[2] and isinstance(value, int):
            return moment(value) if found[2] == "time" else _FORMATS[found[2]](value, manner)
        return said(value, manner)

    return PLACE.sub(put, manner.say(text))


def utc(ms: int) -> str:
    """A moment in a mail. In UTC: its readers live in many places."""
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%Y-%m-%d %H:%M} UTC"


def said(value: Value, manner: Manner = ENGLISH) -> str:
    """A fact for people. A text may be a word of ours ("behind")."""
    if value is None:
        return manner.say(UNKNOWN)
    if isinstance(value, bool):
        return manner.say(YES if value else NO)
    return manner.say(value) if isinstance(value, str) else str(value)


def span(ms: int, manner: Manner = ENGLISH) -> str:
    """A length of time in one unit, rounded to the nearest: "6 minutes"."""
    length = abs(ms)
    for unit, size in (("day", DAY), ("hour", HOUR), ("minute", MINUTE), ("second", SECOND)):
        if length >= size:
            return counted((length + size // 2) // size, unit, manner)
    return counted(length, "millisecond", manner)


def counted(number: int, one: str, manner: Manner = ENGLISH) -> str:
    """A number with its noun: "1 day", "3 days"."""
    if number == 1:
        return manner.say(f"1 {one}")
    return manner.say(f"{{number}} {one}s").format(number=number)


def size(octets: int, manner: Manner = ENGLISH) -> str:
    """Bytes in decimal units: "12.3 GB"."""
    for unit, scale in (("TB", 10**12), ("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if octets >= scale:
            return f"{octets / scale:.1f} {unit}".replace(".", manner.point)
    return counted(octets, "byte", manner)


def percent(thousandths: int, manner: Manner = ENGLISH) -> str:
    """A share: "12 %"."""
    return f"{thousandths / 10:g} %".replace(".", manner.point)


def place(title: str, subject: str, say: Callable[[str], str] = str) -> str:
    """A check with where it is: "TLS version (dc2.corp.example.test)", "Primary"."""
    return f"{say(title)} ({subject})" if subject else say(title)


def listed(names: Sequence[str], say: Callable[[str], str] = str) -> str:
    """Some names: "a, b and 7 more". `say`: as Manner has it."""
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" {say(AND_MORE).format(more=more)}" if more > 0 else "")


_FORMATS: Final[Mapping[str, Callable[[int, Manner], str]]] = {
    "span": span,
    "size": size,
    "percent": percent,
}


def evidence(
    templates: Iterable[str],
    facts: Mapping[str, Value],
    moment: Callable[[int], str],
    manner: Manner = ENGLISH,
) -> Mapping[str, str]:
    """What was seen, as people write it: each fact in the format that the words use for it.

    Args:
        templates: the words that the facts belong to.
    """
    forms = {found[1]: found[2] for text in templates for found in PLACE.finditer(text) if found[2]}
    return {
        name: fill(
            f"{{{name}:{forms[name]}}}" if name in forms else f"{{{name}}}", facts, moment, manner
        )
        for name, value in facts.items()
        if name not in HIDDEN and value not in (None, "")
    }
