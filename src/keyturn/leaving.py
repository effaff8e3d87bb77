"""How a server takes its leave: balancers hear of it before it stops, and nobody is let into
the line who will not be served.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEALTH = "/healthz"
"""Where balancers ask."""
LEAVING = "keyturn.leaving"
"""In a request's scope: tells whether the server leaves, for answers that take long."""
LEFT = "keyturn.left"
"""In a connection's scope: an event that is set when it begins to, for those that stay open."""

#: Linux, include/uapi/asm-generic/socket.h
_SO_ATTACH_FILTER = 26
#: Classic BPF (linux/filter.h), as code, jump if true, jump if false, operand: a segment that
#: has SYN and not ACK (byte 13 of the TCP header, RFC 9293 §3.1) is dropped, others pass.
_NO_SYN = (
    (0x30, 0, 0, 13),
    (0x54, 0, 0, 0x12),
    (0x15, 0, 1, 0x02),
    (0x06, 0, 0, 0),
    (0x06, 0, 0, 0xFFFFFFFF),
)


def close_the_line(listener: socket.socket) -> None:
    """From now on nobody new stands in line; whoever does may be let in.

    A listening socket that is closed hangs up on all who stand in line, and some of them
    have sent a form already, which their proxy must not send twice.  So the kernel drops
    what would begin a connection (SYN), the line empties, and then the socket is closed; who
    was dropped knocks again a second later and is refused, which every proxy takes for what
    it is.  Where the kernel cannot do that, nothing is changed.
    """
    program = b"".join(struct.pack("@HBBI", *step) for step in _NO_SYN)
    steps = ctypes.create_string_buffer(program, len(program))
    what = struct.pack("@HP", len(_NO_SYN), ctypes.addressof(steps))
    with contextlib.suppress(OSError):
        listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, what)


class Door:
    """The app, which takes its leave of balancers before it stops."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._left = asyncio.Event()

    @property
    def leaving(self) -> bool:
        """Whether it takes its leave."""
        return self._left.is_set()

    def leave(self) -> None:
        """From now on it does."""
        self._left.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[LEAVING] = lambda: self.leaving
        scope[LEFT] = self._left
        if not self.leaving or scope["type"] != "http":
            await self._app(scope, receive, send)
        elif scope["path"] == HEALTH:
            await self._say_so(_last(send))
        else:
            await self._app(scope, receive, _last(send))

    async def _say_so(self, send: Send) -> None:
        body = b"leaving\n"
        kind, length = (b"content-type", b"text/plain"), (b"content-length", b"%d" % len(body))
        await send({"type": "http.response.start", "status": 503, "headers": [kind, length]})
        await send({"type": "http.response.body", "body": body})


def _last(send: Send) -> Send:
    """`send` for the last answer on a connection."""

    async def last(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), (b"connection", b"close")]
        await send(message)

    return last


@dataclass(slots=True)
class Leave:
    """How a worker goes: it leaves, and after a while it stops."""

    door: Door
    stop: Callable[[], None]
    leave_s: float

    def begin(self) -> None:
        """Told to stop, once or again."""
        self.door.leave()
        asyncio.get_running_loop().call_later(self.leave_s, self.stop)
