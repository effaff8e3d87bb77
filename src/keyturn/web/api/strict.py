"""Reading a JSON request, strictly, before FastAPI sees any of it.

What FastAPI and json.loads would forgive is refused here: another content type, a query
string, a body where none belongs, more than 64 KB, a name twice in one object (RFC 8259
§4: what such a document means is anybody's guess), NaN.  What is wrong with the fields
themselves is for the models to say (`fields.py`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.routing import APIRoute

from keyturn.web import parsing
from keyturn.web.api.fields import faults
from keyturn.web.refusals import Refusal

JSON = "application/json"
#: headers that would be ambiguous twice: which one counts?
ONCE = frozenset({b"authorization", b"content-type", b"keyturn-browser", b"keyturn-client"})

Handle = Callable[[Request], Coroutine[Any, Any, Response]]


def invalid(pointer: str, code: str) -> Refusal:
    """A body whose field at `pointer` (RFC 6901) is not what it should be."""
    return Refusal(422, "invalid", {"errors": [{"pointer": pointer, "code": code}]})


class Parsed(Request):
    """A request whose body was read and parsed already."""

    def __init__(self, request: Request, raw: bytes, value: Mapping[str, object] | None) -> None:
        super().__init__(request.scope, request.receive)
        self._raw = raw
        self._value = value

    async def body(self) -> bytes:
        """The bytes."""
        return self._raw

    async def json(self) -> Any:
        """The object."""
        return self._value


class StrictRoute(APIRoute):
    """An operation that gets exactly what it declares, or nothing."""

    def get_route_handler(self) -> Handle:
        """FastAPI's handler behind the reading above."""
        handle = super().get_route_handler()
        takes_body = self.body_field is not None

        async def strict(request: Request) -> Response:
            _head(request.scope)
            raw = await parsing.body(request.scope, request.receive)
            if raw and not takes_body:
                raise Refusal(400, "unexpected-body")
            value = _object(request.scope, raw) if takes_body else None
            try:
                return await handle(Parsed(request, raw, value))
            except RequestValidationError as error:
                raise Refusal(422, "invalid", {"errors": faults(error.errors())}) from None

        return strict


def _head(scope: Mapping[str, Any]) -> None:
    """What may not come beside a body. Raises Refusal."""
    seen: set[bytes] = set()
    for name, _ in scope["headers"]:
        if name in seen and name in ONCE:
            raise Refusal(400, "repeated-header", {"header": name.decode()})
        seen.add(name)
    if scope["query_string"]:
        raise Refusal(400, "unexpected-query")


def _object(scope: Mapping[str, Any], raw: bytes) -> Mapping[str, object]:
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
