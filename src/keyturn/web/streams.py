"""Server-sent events (HTML Living Standard §9.2): a page that watches something go on.

    event: shown     a piece of the page, each time it is another than before
    event: end       nothing more will come
    event: pause     there may be more later; this connection is over

What is watched stands in the database, because whoever brings it about may be connected to
another server: it is looked at twice a second, by one connection for at most two minutes.
A server that leaves (leaving.py) lets go at once, and browsers come back to another by themselves.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from keyturn.leaving import LEAVING
from keyturn.web.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keyturn.ports.system import Clock

#: between two looks, in seconds
PACE_S: Final = 0.5
#: the longest connection; a page that is still open comes back
LONGEST_MS: Final = 120_000
#: connections of one person to this process: a few tabs and a phone
MOST: Final = 6
#: a line that nobody reads, so that proxies do not take a quiet connection for a dead one
_ALIVE = b":\n\n"
_ALIVE_MS = 15_000


@dataclass(frozen=True, slots=True)
class Sight:
    """What there is to see now. `last`: it will not change any more."""

    text: str
    last: bool


@dataclass(slots=True)
class Watchers:
    """Who watches in this process, and how often."""

    by_user: Counter[str] = field(default_factory=Counter)

    @contextmanager
    def seat(self, user_id: str) -> Iterator[None]:
        """A place for one connection. Raises Refusal 429 if somebody has too many."""
        if self.by_user[user_id] >= MOST:
            raise Refusal(429, "too-many-watchers", {"most": MOST}, {"retry-after": "60"})
        self.by_user[user_id] += 1
        try:
            yield
        finally:
            self.by_user[user_id] -= 1
            if not self.by_user[user_id]:
                del self.by_user[user_id]


@dataclass(slots=True)
class Stream:
    """The ASGI answer.

    Attributes:
        look: what there is to see; None: whoever watches may not any more (signed out).
    """

    watchers: Watchers
    user_id: str
    clock: Clock
    look: Callable[[], Awaitable[Sight | None]]
    pace_s: float = PACE_S

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One connection, to its end."""
        with self.watchers.seat(self.user_id):
            headers = [(b"content-type", b"text/event-stream"), (b"x-accel-buffering", b"no")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            if scope["method"] == "GET":
                await self._show(receive, send, scope.get(LEAVING, _staying))
            await send({"type": "http.response.body", "body": b""})

    async def _show(self, receive: Any, send: Any, leaving: Callable[[], bool]) -> None:
        gone = asyncio.ensure_future(_left(receive))
        try:
            await self._go_on(lambda: gone.done() or leaving(), gone, send)
        finally:
            gone.cancel()

    async def _go_on(self, over: Callable[[], bool], gone: asyncio.Future[None], send: Any) -> None:
        end = self.clock.now() + LONGEST_MS
        shown: str | None = None
        spoke_at = self.clock.now()
        while not over():
            sight = await self.look()
            now = self.clock.now()
            if sight is not None and sight.text != shown:
                shown, spoke_at = sight.text, now
                await _say(send, event("shown", sight.text))
            if sight is None or sight.last or now >= end:
                last = sight is not None and sight.last
                await _say(send, event("end" if last else "pause", ""))
                return
            if now - spoke_at >= _ALIVE_MS:
                spoke_at = now
                await _say(send, _ALIVE)
            await asyncio.wait({gone}, timeout=self.pace_s)


def _staying() -> bool:
    return False


async def _left(receive: Any) -> None:
    """Ends when the browser goes."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _say(send: Any, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})


def event(name: str, text: str) -> bytes:
    """One event; each line of `text` is a line of data."""
    lines = "".join(f"data: {line}\n" for line in re.split("\r\n|\r|\n", text))
    return f"event: {name}\n{lines}\n".encode()
