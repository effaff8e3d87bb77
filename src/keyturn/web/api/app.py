"""The API, put together once for all tenants and all requests of a process.

It is FastAPI's router without FastAPI's application: the application would answer faults
before the gate does, and its telemetry would see bodies that hold passwords.  It is built
at import, and imported when its first caller comes (web/late.py); the OpenAPI document is
made when somebody asks for it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from fastapi import APIRouter
from fastapi.middleware.asyncexitstack import AsyncExitStackMiddleware
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Mount, Route

from keyturn.web.api import (
    account,
    address,
    asking,
    cases,
    casework,
    devices,
    directory,
    directory_signin,
    document,
    factors,
    own_passkeys,
    passkeys,
    phone,
    proof,
    recovery,
    signin,
    signup,
    support,
    texting,
    verifications,
)
from keyturn.web.api.call import SITE
from keyturn.web.door import door
from keyturn.web.refusals import Refusal
from keyturn.web.site import Site
from keyturn.web.visit import Visit

PREFIX = "/api/v1"
ROOMS = (
    signin.ROOM, signup.ROOM, recovery.ROOM, account.ROOM, address.ROOM, phone.ROOM,
    factors.ROOM, passkeys.ROOM, own_passkeys.ROOM, proof.ROOM, support.ROOM, texting.ROOM,
    directory.ROOM, directory_signin.ROOM, asking.ROOM,
    verifications.ROOM, devices.ROOM, cases.ROOM, casework.ROOM,
)  # fmt: skip


def _router() -> APIRouter:
    router = APIRouter(redirect_slashes=False)
    for room in ROOMS:
        router.routes.extend(room.routes)
    return router


ROUTER = _router()


@lru_cache(maxsize=1)
def openapi() -> bytes:
    """The OpenAPI document, as it is served and as it is committed (docs/openapi.json)."""
    return document.write(ROUTER.routes)


class Api:
    """The ASGI application behind /api/v1."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._app = AsyncExitStackMiddleware(ROUTER)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One request. Raises Refusal, which the gate answers."""
        inner = {**scope, SITE: self._site, "app": self}
        try:
            await self._app(inner, receive, send)
        except HTTPException as error:
            raise _refusal(error, inner) from error


def _refusal(error: HTTPException, scope: Any) -> Refusal:
    """What a router's own error means: there is no such path, or no such method."""
    if error.status_code == 405:  # noqa: PLR2004  HTTP
        return Refusal(405, "method", headers={"allow": ", ".join(_allowed(scope))})
    return Refusal(404, "no-such-page")


def _allowed(scope: Any) -> list[str]:
    """Every method that the path takes, over all its operations."""
    found: set[str] = set()
    for route in ROUTER.routes:
        if isinstance(route, Route) and route.matches(scope)[0] is not Match.NONE:
            found |= route.methods or set()
    return sorted(found)


async def describe(_visit: Visit) -> Response:
    """The OpenAPI document; the same for every tenant and browser."""
    return Response(openapi(), media_type="application/json")


def routes(site: Site) -> list[BaseRoute]:
    """The doors of this room."""
    return [door(site, f"{PREFIX}/openapi.json", get=describe), Mount(PREFIX, Api(site))]
