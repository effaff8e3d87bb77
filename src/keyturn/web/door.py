"""A door: one path of the site, and what each method does there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from keyturn.web.refusals import Refusal
from keyturn.web.site import Site
from keyturn.web.visit import Visit

Handler = Callable[[Visit], Awaitable[Response]]


class Door:
    """The ASGI application behind one path."""

    def __init__(self, site: Site, get: Handler | None, post: Handler | None) -> None:
        self._site = site
        self._handlers = {"GET": get, "HEAD": get, "POST": post}
        self._allow = ", ".join(m for m, h in self._handlers.items() if h is not None)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One request."""
        handler = self._handlers.get(scope["method"])
        if handler is None:
            raise Refusal(405, "method", headers={"allow": self._allow})
        scope["keyturn.shown"] = self._handlers["GET"] is not None
        response = await handler(Visit(self._site, scope, receive))
        await response(scope, receive, send)


def door(
    site: Site, path: str, *, get: Handler | None = None, post: Handler | None = None
) -> Route:
    """A route to a door."""
    return Route(path, Door(site, get, post))
