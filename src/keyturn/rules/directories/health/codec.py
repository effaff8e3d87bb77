"""Facts as JSON: the form in which agents send them and the server stores them.

Reading is strict: every field, of its type, and no other; bounded; and no text that a database
would refuse (NUL, half a surrogate pair).  An agent is believed about its directory, but not
trusted with the server.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from enum import StrEnum
from functools import cache
from types import UnionType
from typing import Any, Final, TypeVar, get_args, get_origin, get_type_hints

from keyturn.rules.directories.topology import Unreadable

T = TypeVar("T")

#: characters of one text, and members of one list
LONGEST: Final = 4096
MOST: Final = 1000
#: every number can be shown as a moment: of the years 69 to 8941
LEAST: Final = -60_000_000_000_000
BEYOND: Final = 220_000_000_000_000


def encode(value: Any) -> str:
    """A dataclass of facts.py (or of settled.py) as JSON."""
    return json.dumps(asdict(value), ensure_ascii=False, separators=(",", ":"))


def decode(kind: type[T], text: str, most: int = MOST) -> T:
    """The reverse of `encode`.

    Args:
        most: members of one list.

    Raises topology.Unreadable.
    """
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unreadable from error
    found: T = _read(kind, values, most)
    return found


def _read(kind: Any, value: object, most: int) -> Any:
    if is_dataclass(kind):
        return _object(kind, value, most)
    origin, inner = get_origin(kind), get_args(kind)
    if origin is UnionType:
        return _one_of(inner, value, most)
    if origin is tuple and isinstance(value, list) and len(value) <= most:
        return tuple(_read(inner[0], one, most) for one in value)
    if origin is Mapping and isinstance(value, dict) and len(value) <= most:
        return {_text(name): _read(inner[1], one, most) for name, one in value.items()}
    if origin is not None:
        raise Unreadable
    return _plain(kind, value)


def _object(kind: Any, value: object, most: int) -> Any:
    wanted = _fields(kind)
    if not isinstance(value, dict) or value.keys() != wanted.keys():
        raise Unreadable
    return kind(**{name: _read(of, value[name], most) for name, of in wanted.items()})


@cache
def _fields(kind: Any) -> Mapping[str, Any]:
    return get_type_hints(kind)


def _one_of(kinds: tuple[Any, ...], value: object, most: int) -> Any:
    for kind in kinds:
        try:
            return _read(kind, value, most)
        except Unreadable:
            continue
    raise Unreadable


def _plain(kind: Any, value: object) -> Any:
    if issubclass(kind, StrEnum):
        try:
            return kind(_text(value))
        except ValueError:
            raise Unreadable from None
    if kind is str:
        return _text(value)
    if type(value) is not kind or (type(value) is int and not LEAST <= value < BEYOND):
        raise Unreadable
    return value


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > LONGEST or "\0" in value:
        raise Unreadable
    if any("\ud800" <= c <= "\udfff" for c in value):
        raise Unreadable
    return value
