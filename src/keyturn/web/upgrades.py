"""A WebSocket that is refused before it is open gets an HTTP answer (ASGI's extension
"websocket.http.response").
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keyturn.web.refusals import Refusal, problem


async def refuse(send: Any, status: int, headers: Mapping[str, str], body: bytes) -> None:
    """Answer instead of opening."""
    head = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "websocket.http.response.start", "status": status, "headers": head})
    await send({"type": "websocket.http.response.body", "body": body})


async def answer(send: Any, refusal: Refusal) -> None:
    """A problem document (RFC 9457)."""
    kind = {"content-type": "application/problem+json", "cache-control": "no-store"}
    await refuse(send, refusal.status, {**kind, **refusal.headers}, problem(refusal))
