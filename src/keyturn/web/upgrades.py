"""How a WebSocket is opened, or refused before it is open: then with an HTTP answer (ASGI's
extension "websocket.http.response").

Whoever asked may be gone by then. That is no fault of ours (an OSError, says ASGI); the next
`receive` says so too.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from keyturn.web.refusals import Refusal, problem


async def accept(send: Any) -> None:
    """Open it."""
    with suppress(OSError):
        await send({"type": "websocket.accept"})


async def refuse(send: Any, status: int, headers: Mapping[str, str], body: bytes) -> None:
    """Answer instead of opening."""
    head = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    with suppress(OSError):
        await send({"type": "websocket.http.response.start", "status": status, "headers": head})
        await send({"type": "websocket.http.response.body", "body": body})


async def answer(send: Any, refusal: Refusal) -> None:
    """A problem document (RFC 9457)."""
    kind = {"content-type": "application/problem+json", "cache-control": "no-store"}
    await refuse(send, refusal.status, {**kind, **refusal.headers}, problem(refusal))
