"""Reading a JSON request, strictly, before anything else sees of it.

What json.loads would forgive is refused here: another content type, a query string, a name
twice in one object (RFC 8259 §4: what such a document means is anybody's guess), NaN, a header
twice of which only one can count.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from keyturn.web import parsing
from keyturn.web.refusals import Refusal

JSON = "application/json"


def invalid(pointer: str, code: str) -> Refusal:
    """A body whose field at `pointer` (RFC 6901) is not what it should be."""
    return Refusal(422, "invalid", {"errors": [{"pointer": pointer, "code": code}]})


def head(scope: Mapping[str, Any], once: frozenset[bytes]) -> None:
    """What may not come beside a body. Raises Refusal.

    Args:
        once: headers that would be ambiguous twice: which one counts?
    """
    seen: set[bytes] = set()
    for name, _ in scope["headers"]:
        if name in seen and name in once:
            raise Refusal(400, "repeated-header", {"header": name.decode()})
        seen.add(name)
    if scope["query_string"]:
        raise Refusal(400, "unexpected-query")


def read_object(scope: Mapping[str, Any], raw: bytes) -> Mapping[str, object]:
    """The object that a body holds. Raises Refusal 415, 400 or 422."""
    kind = parsing.media_type(scope)
    coding = parsing.header(scope, b"content-encoding") or "identity"
    if kind != JSON or coding.lower() != "identity":
        raise Refusal(415, "content-type", {"expected": JSON})
    value = _value(raw)
    if not isinstance(value, dict):
        raise invalid("", "not-an-object")
    return value


def _value(raw: bytes) -> object:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refusal(400, "not-utf-8") from error
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:  # not JSON, an endless number, a pit of brackets
        raise Refusal(400, "not-json") from error


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise invalid("", "repeated-field")
    return found


def _no_constant(_name: str) -> object:
    raise ValueError
