"""Reading the fields of a body: exactly those that an operation takes, each as it must be."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from keyturn.steps.phone_door import Refused, Why

#: a value as JSON has it to a value that a flow takes; raises ValueError
Read = Callable[[object], Any]


@dataclass(frozen=True, slots=True)
class Field:
    """How a field is read, and whether it may be left out (then it is None)."""

    read: Read
    needed: bool = True


def read(body: Mapping[str, object], takes: Mapping[str, Field]) -> dict[str, Any] | Refused:
    """What a body says; the first field that is wrong, where one is."""
    for name in sorted(body):
        if name not in takes:
            return Refused(Why.BODY, {"field": name[:40].encode("ascii", "replace").decode()})
    found: dict[str, Any] = {}
    for name, field in takes.items():
        if name not in body and field.needed:
            return Refused(Why.BODY, {"field": name})
        try:
            found[name] = field.read(body[name]) if name in body else None
        except ValueError:
            return Refused(Why.BODY, {"field": name})
    return found


def text(most: int) -> Field:
    """A text of at most `most` characters, none of them a control or half of one."""

    def one(value: object) -> str:
        if not isinstance(value, str) or len(value) > most or any(map(_strange, value)):
            raise ValueError
        return value

    return Field(one)


def _strange(letter: str) -> bool:
    return letter < " " or letter == "\x7f" or "\ud800" <= letter <= "\udfff"


def shaped(pattern: str, *, needed: bool = True) -> Field:
    """A text that is all of this pattern."""
    whole = re.compile(pattern, re.ASCII)

    def one(value: object) -> str:
        if not isinstance(value, str) or not whole.fullmatch(value):
            raise ValueError
        return value

    return Field(one, needed)


def _truth(value: object) -> bool:
    if value is not True and value is not False:
        raise ValueError
    return value


ID: Final = shaped(r"[0-9a-z]{26}")
TRUTH: Final = Field(_truth)
