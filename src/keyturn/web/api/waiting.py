"""Answers that wait for something to change (RFC 7240 §4.3): `Prefer: wait=20`.

What is waited for stands in the database, because whoever brings it about may be connected to
another server: it is looked at twice a second, as pages that watch do (web/streams.py).  A wish to
wait is only that: it is cut to LONGEST_S, and where too many wait already, or this server leaves,
the answer comes at once.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeVar

from keyturn.leaving import LEAVING
from keyturn.web.streams import PACE_S

if TYPE_CHECKING:
    from starlette.requests import Request

T = TypeVar("T")
LONGEST_S: Final = 25
#: answers of one key, or person, that wait in this process
MOST: Final = 32
_WAIT: Final = re.compile(r'(?i)(?:^|[,;])\s*wait\s*=\s*"?([0-9]{1,9})"?\s*(?=$|[,;])')
WAITING: MutableMapping[str, int] = {}


def seconds(prefer: str) -> int:
    """How long a request would wait; 0 for not at all."""
    found = _WAIT.search(prefer)
    return min(int(found[1]), LONGEST_S) if found else 0


async def until(
    look: Callable[[], Awaitable[T]], over: Callable[[T], bool], request: Request, who: str,
    wait_s: int, pace_s: float = PACE_S,
) -> T:  # fmt: skip
    """What `look` sees when it is over, or after the wait.

    Args:
        who: of whom no more than MOST wait here.
        wait_s: the longest wait, by looks and not by any clock.
    """
    seen = await look()
    if over(seen) or not wait_s or WAITING.get(who, 0) >= MOST:
        return seen
    leaving = request.scope.get(LEAVING, _staying)
    gone = asyncio.ensure_future(_left(request.receive))
    with _seat(who):
        try:
            for _ in range(int(wait_s / pace_s)):
                await asyncio.wait({gone}, timeout=pace_s)
                seen = await look()
                if over(seen) or gone.done() or leaving():
                    break
        finally:
            gone.cancel()
    return seen


@contextmanager
def _seat(who: str) -> Iterator[None]:
    WAITING[who] = WAITING.get(who, 0) + 1
    try:
        yield
    finally:
        WAITING[who] -= 1
        if not WAITING[who]:
            del WAITING[who]


def _staying() -> bool:
    return False


async def _left(receive: Callable[[], Awaitable[Any]]) -> None:
    """Ends when whoever asked goes."""
    while (await receive())["type"] != "http.disconnect":
        pass
