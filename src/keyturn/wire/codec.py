"""Messages as JSON, strictly both ways.

    {"keyturn": 1, "type": "Beat", "body": {"run_id": "…", "wants_lease": true, "health": ""}}

`body` has exactly the fields of the message's class, each of exactly its type: one missing,
unknown, doubled or of another type refuses the whole. Bytes are base64url without padding
(RFC 4648 §5), tuples are lists, enumerations their values, int is 64 bits, never a float.
How a field is read follows from its annotation; no message has a mapping of its own.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Final, TypeVar, Union, get_args, get_origin, get_type_hints

from keyturn.wire import messages
from keyturn.wire.messages import PROTOCOL, Answer, Request

#: of a message as it travels, bytes; a directory of some 700 controllers fits
MAX_SIZE: Final = 256 * 1024

_INT64 = 1 << 63
_HEAD = frozenset({"keyturn", "type", "body"})
_REPLACED = "\N{REPLACEMENT CHARACTER}"

T = TypeVar("T")
Read = Callable[[object, str], Any]


class Unreadable(Exception):
    """What came is no message that may come here.

    Attributes:
        why: "size", "text" (not UTF-8, or what JSON cannot say), "json", "duplicate" (a key
            twice), "protocol" (another version), "type" (unknown, or not expected here),
            "missing", "unknown" (a field), "value" (of another type, or out of range).
        where: the field, as a path: "tasks.0.sealed.enc"; "" for the whole.
    """

    def __init__(self, why: str, where: str = "") -> None:
        super().__init__(why, where)
        self.why = why
        self.where = where


class Oversize(Exception):
    """A message of ours is too large to be said.

    Attributes:
        size: bytes it would have.
    """

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.size = size


# --- out


def encode(message: Request | Answer) -> bytes:
    """A message as it travels.

    What strings hold and no text can (NUL, lone surrogates: directories' diagnostics do end in
    NUL) becomes U+FFFD. Raises Oversize.
    """
    document = {"keyturn": PROTOCOL, "type": type(message).__name__, "body": _plain(message)}
    data = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    if len(data) > MAX_SIZE:
        raise Oversize(len(data))
    return data


def _plain(value: Any) -> object:
    if is_dataclass(value):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, bytes):
        return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str):
        return _sayable(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {_sayable(key): _plain(item) for key, item in value.items()}
    return value


def _sayable(text: str) -> str:
    if text.isascii() and "\0" not in text:
        return text
    return "".join(_REPLACED if c == "\0" or "\ud800" <= c <= "\udfff" else c for c in text)


# --- in


def decode_request(data: bytes) -> Request:
    """What an agent says. Raises Unreadable, and nothing else, whatever the bytes."""
    return _decode(data, _REQUESTS)  # type: ignore[no-any-return]


def decode_answer(data: bytes) -> Answer:
    """What a server says. Raises Unreadable, and nothing else, whatever the bytes."""
    return _decode(data, _ANSWERS)  # type: ignore[no-any-return]


_REQUESTS: Mapping[str, type] = {kind.__name__: kind for kind in messages.ANSWERS}
_ANSWERS: Mapping[str, type] = {
    kind.__name__: kind for kind in (*messages.ANSWERS.values(), messages.Denied)
}


def _decode(data: bytes, kinds: Mapping[str, type]) -> Any:
    document = _document(data)
    if not isinstance(document, dict) or "keyturn" not in document:
        raise Unreadable("type")
    version = document["keyturn"]
    if type(version) is not int or version != PROTOCOL:
        raise Unreadable("protocol")
    name = document.get("type")
    if not isinstance(name, str) or name not in kinds or document.keys() != _HEAD:
        raise Unreadable("type")
    return _reader(kinds[name])(document["body"], "")


def _document(data: bytes) -> object:
    if len(data) > MAX_SIZE:
        raise Unreadable("size")
    try:
        return json.loads(
            data.decode(), object_pairs_hook=_once, parse_float=_refused, parse_constant=_refused
        )
    except UnicodeDecodeError:
        raise Unreadable("text") from None
    except (ValueError, RecursionError):  # too deep, too long a number: no message is
        raise Unreadable("json") from None


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Unreadable("duplicate")
    return found


def _refused(_text: str) -> object:
    raise Unreadable("value")


# --- how a value of each type is read


@cache
def _reader(kind: Any) -> Read:
    origin, args = get_origin(kind), get_args(kind)
    if origin in {Union, UnionType}:
        return _choice(tuple(_reader(arg) for arg in args))
    if origin is tuple:
        return _many(_reader(args[0]))
    if origin is dict:
        return _table(_reader(args[1]))
    if isinstance(kind, type) and is_dataclass(kind):
        return _record(kind)
    if issubclass(kind, Enum):
        return _word(kind)
    return _SIMPLE[kind]


def _record(kind: type) -> Read:
    hints = get_type_hints(kind)
    readers = {field.name: _reader(hints[field.name]) for field in fields(kind)}

    def read(value: object, where: str) -> object:
        if not isinstance(value, dict):
            raise Unreadable("value", where)
        if value.keys() - readers.keys():
            # the name is a stranger's: it is not repeated
            raise Unreadable("unknown", where)
        for name in readers.keys() - value.keys():
            raise Unreadable("missing", _below(where, name))
        return kind(**{n: reads(value[n], _below(where, n)) for n, reads in readers.items()})

    return read


def _choice(readers: tuple[Read, ...]) -> Read:
    def read(value: object, where: str) -> object:
        refusal = Unreadable("value", where)
        for reads in readers:
            try:
                return reads(value, where)
            except Unreadable as refused:
                # what is wrong inside says more than "none of these"
                refusal = refused if len(refused.where) > len(refusal.where) else refusal
        raise refusal

    return read


def _many(reads: Read) -> Read:
    def read(value: object, where: str) -> object:
        if not isinstance(value, list):
            raise Unreadable("value", where)
        return tuple(reads(item, _below(where, str(n))) for n, item in enumerate(value))

    return read


def _table(reads: Read) -> Read:
    def read(value: object, where: str) -> object:
        if not isinstance(value, dict):
            raise Unreadable("value", where)
        return {_text(key, where): reads(item, where) for key, item in value.items()}

    return read


def _word(kind: type[Enum]) -> Read:
    words = {word.value: word for word in kind}

    def read(value: object, where: str) -> object:
        if not isinstance(value, str) or value not in words:
            raise Unreadable("value", where)
        return words[value]

    return read


def _text(value: object, where: str) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise Unreadable("value", where)
    try:
        value.encode()
    except UnicodeEncodeError:
        raise Unreadable("text", where) from None
    return value


def _number(value: object, where: str) -> int:
    if type(value) is not int or not -_INT64 <= value < _INT64:
        raise Unreadable("value", where)
    return value


def _flag(value: object, where: str) -> bool:
    if not isinstance(value, bool):
        raise Unreadable("value", where)
    return value


def _octets(value: object, where: str) -> bytes:
    text = _text(value, where)
    try:
        octets = base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
    except (ValueError, binascii.Error):
        raise Unreadable("value", where) from None
    if base64.urlsafe_b64encode(octets).rstrip(b"=").decode() != text:
        raise Unreadable("value", where)  # one spelling of each value, no more
    return octets


def _nothing(value: object, where: str) -> None:
    if value is not None:
        raise Unreadable("value", where)


_SIMPLE: Mapping[type, Read] = {
    str: _text,
    int: _number,
    bool: _flag,
    bytes: _octets,
    NoneType: _nothing,
}


def _below(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name
