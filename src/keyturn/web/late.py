"""Rooms that are loaded when somebody first comes to them.

What most visitors never see, and what takes longest to load, costs a server neither time
at its start nor memory.  The first visitor waits a third of a second longer; everybody
else does not, because it is loaded in a thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from starlette.routing import BaseRoute, Match, Router

from keyturn.web.refusals import Refusal


class Late(BaseRoute):
    """All paths from `prefix` down.

    Args:
        load: imports the room and makes its routes; called once in a process.
    """

    def __init__(self, prefix: str, load: Callable[[], list[BaseRoute]]) -> None:
        self._prefix = prefix
        self._load = load
        self._router: Router | None = None
        self._loading = asyncio.Lock()

    def matches(self, scope: Any) -> tuple[Match, Any]:
        """See starlette.routing.BaseRoute."""
        path = scope["path"]
        ours = path == self._prefix or path.startswith(self._prefix + "/")
        return (Match.FULL if ours else Match.NONE), {}

    async def handle(self, scope: Any, receive: Any, send: Any) -> None:
        """See starlette.routing.BaseRoute."""
        async with self._loading:
            if self._router is None:
                self._router = await asyncio.to_thread(self._open)
        await self._router(scope, receive, send)

    def _open(self) -> Router:
        return Router(self._load(), redirect_slashes=False, default=nowhere)


async def nowhere(_scope: Any, _receive: Any, _send: Any) -> None:
    """What stands at every path that is no door. Raises Refusal 404."""
    raise Refusal(404, "no-such-page")
