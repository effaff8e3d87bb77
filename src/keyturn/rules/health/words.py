"""Templates of the health catalogue, filled in.

`{name}` is a fact as it is, `{name:time}` a moment, `{name:span}` milliseconds,
`{name:size}` bytes, `{name:percent}` a share in thousandths.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from keyturn.rules.health.verdicts import Value

SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
#: facts that only fill in words, or that the words say whole
HIDDEN: Final = frozenset({"suggested", "zone_line", "beside", "reverse"})
PLACE: Final = re.compile(r"\{([a-z_]+)(?::(time|span|size|percent))?\}")


def fill(text: str, facts: Mapping[str, Value], moment: Callable[[int], str]) -> str:
    """A template filled in; what is missing is "not known".

    Args:
        moment: milliseconds since the epoch to words in the reader's zone.

    Returns: plain text. Facts may be a far side's words: escape the whole for HTML, and
    strip control characters for a terminal.
    """

    def put(found: re.Match[str]) -> str:
        value = facts.get(found[1])
        if found[2] and isinstance(value, int):
            return moment(value) if found[2] == "time" else _FORMATS[found[2]](value)
        return said(value)

    return PLACE.sub(put, text)


def said(value: Value) -> str:
    """A fact for people."""
    if value is None:
        return "not known"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def span(ms: int) -> str:
    """A length of time in one unit, rounded to the nearest: "6 minutes"."""
    length = abs(ms)
    for unit, size in (("day", DAY), ("hour", HOUR), ("minute", MINUTE), ("second", SECOND)):
        if length >= size:
            return counted((length + size // 2) // size, unit)
    return counted(length, "millisecond")


def counted(number: int, one: str) -> str:
    """A number with its noun: "1 day", "3 days"."""
    return f"{number} {one}{'' if number == 1 else 's'}"


def size(octets: int) -> str:
    """Bytes in decimal units: "12.3 GB"."""
    for unit, scale in (("TB", 10**12), ("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if octets >= scale:
            return f"{octets / scale:.1f} {unit}"
    return counted(octets, "byte")


def percent(thousandths: int) -> str:
    """A share: "12 %"."""
    return f"{thousandths / 10:g} %"


_FORMATS: Final[Mapping[str, Callable[[int], str]]] = {
    "span": span,
    "size": size,
    "percent": percent,
}


def evidence(
    templates: Iterable[str], facts: Mapping[str, Value], moment: Callable[[int], str]
) -> Mapping[str, str]:
    """What was seen, as people write it: each fact in the format that the words use for it.

    Args:
        templates: the words that the facts belong to.
    """
    forms = {found[1]: found[2] for text in templates for found in PLACE.finditer(text) if found[2]}
    return {
        name: fill(f"{{{name}:{forms[name]}}}" if name in forms else f"{{{name}}}", facts, moment)
        for name, value in facts.items()
        if name not in HIDDEN and value not in (None, "")
    }
