"""Reading a JSON request, strictly, before FastAPI sees any of it.

What FastAPI would forgive is refused here (see web/strict_json.py), and so is a body where none
belongs, or more than 64 KB.  What is wrong with the fields themselves is for the models to say
(`fields.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.routing import APIRoute

from keyturn.web import parsing, strict_json
from keyturn.web.api.fields import faults
from keyturn.web.refusals import Refusal

#: headers that would be ambiguous twice: which one counts?
ONCE = frozenset({
    b"authorization", b"content-type", b"keyturn-browser", b"keyturn-client", b"keyturn-technician",
})  # fmt: skip

Handle = Callable[[Request], Coroutine[Any, Any, Response]]


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
            strict_json.head(request.scope, ONCE)
            raw = await parsing.body(request.scope, request.receive)
            if raw and not takes_body:
                raise Refusal(400, "unexpected-body")
            value = strict_json.read_object(request.scope, raw) if takes_body else None
            try:
                return await handle(Parsed(request, raw, value))
            except RequestValidationError as error:
                raise Refusal(422, "invalid", {"errors": faults(error.errors())}) from None

        return strict
